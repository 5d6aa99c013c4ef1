"""What is exported: a generator as one module, from noise to samples."""

from __future__ import annotations

from torch import Tensor, nn

from sparring.model import Model
from sparring.randomness import Randomness

NOISE, CONDITION = "noise", "condition"
"""Names of its inputs."""


class Exported(nn.Module):
    """What is exported: noise, and what it is told, to samples; images from 0 to 1.

    Args:
        model: the trained game.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.game = model.game
        self.told = bool(model.condition.vector_size)
        self.scaled = model.game.data.kind.has_size

    def forward(self, noise: Tensor, condition: Tensor | None = None) -> Tensor:
        """Samples (count, *shape)."""
        told = noise.new_zeros(noise.shape[0], 0) if condition is None else condition
        made = self.game.sample(noise, told)
        low, high = self.game.value_range
        return ((made - low) / (high - low)).clamp(0, 1) if self.scaled else made

    def inputs(self, count: int, model: Model) -> dict[str, Tensor]:
        """Some inputs, by name; on the CPU."""
        found = {NOISE: self.game.latent(count, Randomness(count))}
        return found | ({CONDITION: model.told(count, None).encoded()} if self.told else {})

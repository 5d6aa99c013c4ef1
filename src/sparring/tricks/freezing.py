"""Freezing: the first layers of a critic stay as they begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from sparring.randomness import Randomness
from sparring.settings import Natural
from sparring.shown import counted
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role


class Freezing(Trick):
    """What the first layers of a critic have learnt of other data is kept where a run begins with another's
    weights (`--from`): edges and colours are the same everywhere, and few examples would spoil them.

    Frozen weights become buffers of the same name: no optimiser has them, and checkpoints hold them as ever.
    """

    source = "Mo, Cho and Shin 2020, arXiv:2002.10964"
    usual = {"freeze": 1}
    keeps_what_was_learnt = True

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of freezing."""

        freeze: Natural = 0
        """How many of the first layers of a critic stay as they begin, which is for runs that begin with the
        weights of another, `--from`."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.found: list[int] = []
        """Layers of each critic."""

    def refuses(self, game: Game) -> str | None:
        """Games without a critic, and critics without so many layers beside the last."""
        if not self.settings.freeze:
            return None
        if not self.found:
            return "no network of the role critic has a layer to freeze"
        if self.settings.freeze >= min(self.found):
            return f"a critic has {counted(min(self.found), 'layer')}, and the last at least has to learn"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A critic whose first layers are no parameters."""
        if role == "critic" and self.settings.freeze:
            layers = [part for part in network.modules() if has_weights(part)]
            self.found.append(len(layers))
            for layer in layers[: self.settings.freeze]:
                freeze(layer)
        return network


def has_weights(part: nn.Module) -> bool:
    """Whether a part of a network has weights of its own."""
    return next(part.parameters(recurse=False), None) is not None


def freeze(layer: nn.Module) -> None:
    """Make buffers of the parameters that a layer has itself."""
    for name, parameter in list(layer.named_parameters(recurse=False)):
        delattr(layer, name)
        layer.register_buffer(name, parameter.detach())

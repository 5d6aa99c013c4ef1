"""Features of a batch: the base of tricks that tell a critic how an example compares with those beside it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sparring.randomness import Randomness
from sparring.tricks.layers import weighted_layers
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role


class BatchFeatures(Trick):
    """Base of tricks that give the layer of a critic which gives its score more inputs: how an example
    compares with those that are judged with it, and are of the same kind, real or generated.

    That layer is the first with a single output, or else the last; with several processes each compares its
    share of the batch.
    """

    needed_by_critics = True
    inputs: ClassVar[str]
    """The flag that says how many inputs there are more; none where it is 0 or False."""

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.more = int(getattr(settings, self.inputs))
        self.together = int(getattr(settings, "packing", 1))
        """Examples that are judged as one."""
        self.shown = Showings()
        self.found = not self.more
        """Whether a critic has a layer that can be told."""

    @property
    def fewest(self) -> int:
        """Two, where anything is compared; two packs, where these are judged as one."""
        return 2 * self.together if self.more else 1

    @abstractmethod
    def compared(self, features: Tensor, layer: nn.Module) -> Tensor:
        """How each of some examples compares with the others, (count, self.more).

        Args:
            features: what the layer is given of examples of one kind, (count, channels, ...).
            layer: which has what `prepared` gave it.
        """

    def prepared(self, layer: nn.Linear | nn.Conv2d) -> None:
        """Give the layer what the comparison learns, if anything, before it has more inputs."""

    def refuses(self, game: Game) -> str | None:
        """Critics without a dense or convolutional layer for their score, or with one that is normalised."""
        return None if self.found else "no network of the role critic has a layer that could be told"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A critic whose score has more inputs."""
        layer = score_layer(network) if role == "critic" and self.more else None
        if layer is not None and not parametrize.is_parametrized(layer):
            self.prepared(layer)
            add_inputs(layer, self.more)
            layer.register_forward_pre_hook(self._told)
            self.found = True
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The examples themselves, which are counted: real and generated ones may be judged in one pass."""
        self.shown.add(len(examples))
        return examples, condition

    def _told(self, layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (features,) = given
        parts = features.split(self.shown.looked_at(len(features)))
        return (torch.cat([beside(part, self.compared(part, layer)) for part in parts]),)


class Showings:
    """How many examples a critic was shown of either kind, since it last looked."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def add(self, count: int) -> None:
        """So many examples of one kind were shown."""
        self.counts.append(count)

    def kinds(self, count: int) -> list[int]:
        """Of how many examples each the kinds are that make up a batch: the newest showings, if they fit."""
        taken: list[int] = []
        for size in reversed(self.counts):
            if sum(taken) >= count:
                break
            taken.insert(0, size)
        return taken if sum(taken) == count else [count]

    def looked_at(self, count: int) -> list[int]:
        """The same of a batch that a critic looks at, after which nothing has been shown."""
        kinds = self.kinds(count)
        self.counts.clear()
        return kinds


def beside(features: Tensor, more: Tensor) -> Tensor:
    """Features (count, channels, ...) with further channels (count, more) that are the same everywhere."""
    shape = (*more.shape, *[1] * (features.dim() - 2))
    wide = more.to(features.dtype).reshape(shape).expand(-1, -1, *features.shape[2:])
    return torch.cat([features, wide], 1)


def score_layer(network: nn.Module) -> nn.Linear | nn.Conv2d | None:
    """The first dense or convolutional layer with a single output, else the last; None if there is none."""
    layers = [
        layer
        for layer in weighted_layers(network)
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
    ]
    return next((layer for layer in layers if len(layer.weight) == 1), layers[-1] if layers else None)


def add_inputs(layer: nn.Linear | nn.Conv2d, more: int) -> None:
    """Give a layer more inputs, whose weights begin as large as all others."""
    old = layer.weight.detach()
    new = old.std() * torch.randn(len(old), more, *old.shape[2:], dtype=old.dtype, device=old.device)
    layer.weight = nn.Parameter(torch.cat([old, new], 1))
    if isinstance(layer, nn.Linear):
        layer.in_features += more
    else:
        layer.in_channels += more

"""Minibatch standard deviation: a critic is told how much the examples beside one differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sparring.randomness import Randomness
from sparring.tricks.layers import weighted_layers
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role

SMALLEST = 1e-8
"""Added to variances, whose root has no derivative at 0."""


class MinibatchDeviation(Trick):
    """The layer of a critic that gives its score has one more input: the standard deviation of each of its
    other inputs over the examples that are judged with it, and are of the same kind, in the mean of all.

    Samples that are all alike are thereby seen to be. That layer is the first with a single output, or else
    the last; with several processes each compares its share of the batch.
    """

    source = "Karras et al. 2018, arXiv:1710.10196, section 3, over the whole batch"
    usual = {"minibatch_deviation": True}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of minibatch standard deviation."""

        minibatch_deviation: bool = False
        """Tell critics how much the examples of a batch differ."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.shown: list[int] = []
        """How many examples each showing had, since a critic last looked."""
        self.found = not self.settings.minibatch_deviation
        """Whether a critic has a layer that can be told."""

    def refuses(self, game: Game) -> str | None:
        """Critics without a dense or convolutional layer for their score, or with one that is normalised."""
        return None if self.found else "no network of the role critic has a layer that could be told"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A critic whose score has one more input."""
        if role == "critic" and self.settings.minibatch_deviation:
            layer = score_layer(network)
            if layer is not None:
                add_input(layer)
                layer.register_forward_pre_hook(self._told)
                self.found = True
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The examples themselves, which are counted: real and generated ones may be judged in one pass."""
        self.shown.append(len(examples))
        return examples, condition

    def _told(self, layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (features,) = given
        parts = features.split(shares(self.shown, len(features)))
        self.shown.clear()
        return (torch.cat([with_deviation(part) for part in parts]),)


def shares(shown: list[int], count: int) -> list[int]:
    """Of how many examples each the kinds are that make up a batch: the newest showings, if they fit."""
    taken: list[int] = []
    for size in reversed(shown):
        if sum(taken) >= count:
            break
        taken.insert(0, size)
    return taken if sum(taken) == count else [count]


def with_deviation(features: Tensor) -> Tensor:
    """Features (count, channels, ...) with a further channel that is the same everywhere."""
    deviation = features.var(0, correction=0).add(SMALLEST).sqrt().mean()
    return torch.cat([features, deviation.to(features.dtype).expand_as(features[:, :1])], 1)


def score_layer(network: nn.Module) -> nn.Linear | nn.Conv2d | None:
    """The first dense or convolutional layer with a single output, else the last; None where its weights are
    made of others, such as normalised ones, and cannot be added to."""
    layers = [
        layer
        for layer in weighted_layers(network)
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
    ]
    chosen = next((layer for layer in layers if len(layer.weight) == 1), layers[-1] if layers else None)
    return None if chosen is None or parametrize.is_parametrized(chosen) else chosen


def add_input(layer: nn.Linear | nn.Conv2d) -> None:
    """Give a layer one more input, whose weights begin as large as all others."""
    old = layer.weight.detach()
    new = old.std() * torch.randn_like(old[:, :1])
    layer.weight = nn.Parameter(torch.cat([old, new], 1))
    if isinstance(layer, nn.Linear):
        layer.in_features += 1
    else:
        layer.in_channels += 1

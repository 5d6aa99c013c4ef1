"""Systems whose numbers break once, on purpose, and never again: to see what a run makes of it.

    sparring train reproduction/injected.py:BrokenTerm --max-steps 2000

Once is once for the whole process, however often the run goes back.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from sparring.game import Batch, Game, Number, Terms, Turn
from sparring.settings import Natural
from sparring.zoo.dcgan import DCGAN
from sparring.zoo.gan import GAN
from sparring.zoo.r3gan import R3GAN
from sparring.zoo.wgan import WGAN


class Infinite(torch.autograd.Function):
    """The identity, whose gradient is infinite."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        """The value itself."""
        return value.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Infinity everywhere."""
        return torch.full_like(gradient, math.inf)


class Injected(Game):
    """A game to which something happens once, in the last turn of a round; what, the method `broken` says."""

    due = True

    def round(self) -> list[Turn]:
        """The round of the system, whose last turn breaks when it is time."""
        *others, last = super().round()
        return [*others, self.broken(last)]

    @abstractmethod
    def broken(self, turn: Turn) -> Turn:
        """The turn, which goes wrong where `is_time` says so."""

    def is_time(self) -> bool:
        """Whether it breaks now; that is so only once."""
        now = Injected.due and self.step == self.settings.break_at  # type: ignore[attr-defined]
        Injected.due = Injected.due and not now
        return now

    def with_first_term(self, turn: Turn, change: Callable[[Tensor], Tensor]) -> Turn:
        """The turn with the first term of its loss changed when it is time."""

        def loss(*batches: Batch) -> Mapping[str, Tensor]:
            terms = turn.loss(*batches)
            if not self.is_time():
                return terms
            first = next(iter(terms))
            return Terms(**(dict(terms) | {first: change(terms[first])}))

        return replace(turn, loss=loss)


class BrokenTerm(Injected, GAN):
    """A gan one term of which is once not a number."""

    @dataclass(frozen=True)
    class Settings(GAN.Settings):
        """Settings of gan."""

        break_at: Natural = 700
        """Step at which it breaks."""

    def broken(self, turn: Turn) -> Turn:
        """The first term times NaN."""
        return self.with_first_term(turn, lambda value: value * math.nan)


class BrokenGradient(Injected, DCGAN):
    """A dcgan whose gradient is once infinite although its loss is not."""

    @dataclass(frozen=True)
    class Settings(DCGAN.Settings):
        """Settings of dcgan."""

        break_at: Natural = 700
        """Step at which it breaks."""

    def broken(self, turn: Turn) -> Turn:
        """The first term with an infinite gradient."""
        return self.with_first_term(turn, Infinite.apply)


class BrokenWeights(Injected, WGAN):
    """A wgan one weight of which is once infinite after a step."""

    @dataclass(frozen=True)
    class Settings(WGAN.Settings):
        """Settings of wgan."""

        break_at: Natural = 300
        """Step at which it breaks."""

    def broken(self, turn: Turn) -> Turn:
        """The turn, after which one weight is infinite."""

        @torch.no_grad()
        def damage(values: Mapping[str, Number]) -> None:
            if self.is_time():
                next(self.generator.parameters()).view(-1)[0] = math.inf

        return replace(turn, after=damage)


class BrokenOverflow(Injected, R3GAN):
    """An r3gan a term of which once overflows."""

    @dataclass(frozen=True)
    class Settings(R3GAN.Settings):
        """Settings of r3gan."""

        break_at: Natural = 500
        """Step at which it breaks."""

    def broken(self, turn: Turn) -> Turn:
        """The first term times a number at the end of what float32 can hold, twice."""
        return self.with_first_term(turn, lambda value: (value + 1) * 3e38 * 3e38)

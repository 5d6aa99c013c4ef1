"""The explorer: walks through the noise from which a trained game generates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.data.kinds import Kind
from sparring.errors import SettingError
from sparring.exploring.directions import find_directions
from sparring.exploring.latents import between, require_between, require_ways, spherical, truncated
from sparring.exploring.projection import Projection, project
from sparring.game import Game
from sparring.generating import generate
from sparring.noise_law import law_of
from sparring.randomness import Randomness, derived_seed
from sparring.sample_files import Samples
from sparring.settings import Count, Fraction, Natural, Positive, Range, check_value

BEGINNINGS = 8
"""Places in which the search for an example's noise begins."""
USUAL_DIRECTIONS = 5
"""Directions that are shown where nobody says how many, and noise has as many dimensions."""


Steps = Annotated[int, Range(low=2)]
"""Examples on a way, both ends among them."""


class Explorer(ABC):
    """What can be done with a trained game's noise beside drawing it.

    Args:
        game: the game with its weights.
        condition: what kind of thing it is told.
    """

    def __init__(self, game: Game, condition: Kind) -> None:
        self.game = game.eval()
        self.condition = condition

    @abstractmethod
    def told(self, count: int, label: str | int | None) -> Column:
        """What so many samples are told: a label, or all in turn."""

    def interpolate(
        self,
        ways: int = 10,
        steps: int = 8,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float = 1.0,
    ) -> Samples:
        """Generate examples along ways from one noise to another.

        Args:
            ways: how many.
            steps: examples on each, both ends among them; they stand one after the other.
            label: a class for all of them; by default all classes in turn, one for each way.
            seed: decides the noise at the ends.
            truncation: as `sample` takes it.

        Raises:
            SettingError: fewer than one way or two steps, noise that is no vector, and as `sample` does.
        """
        ways, seed = check_value("ways", ways, Count), check_value("seed", seed, Natural)
        steps = check_value("steps", steps, Steps)
        share = check_value("truncation", truncation, Fraction)
        require_between(self.game, self.condition)
        ends = truncated(self.game.latent(2 * ways, self._noise(seed, "interpolation")), self.game, share)
        latent = spherical(ends[:ways], ends[ways:], steps).flatten(0, 1)
        return self._made(latent, self._each_for(ways, steps, label))

    def directions(
        self,
        count: int | None = None,
        steps: int = 7,
        furthest: float = 3.0,
        label: str | int | None = None,
        seed: int = 0,
    ) -> Samples:
        """Generate examples along the directions in which they change most (see `find_directions`).

        Args:
            count: how many directions, that of most effect first; by default 5, or as many as there are.
            steps: examples along each; they stand one after the other, the same noise in their middle.
            furthest: how far to either side, in standard deviations of noise in N(0, I); no number of noise
                that has bounds leaves them.
            label: a class for all of them; by default the first.
            seed: decides the noise in the middle.

        Raises:
            SettingError: there are fewer directions, fewer than two steps, noise that is no vector, and as
                `sample` does.
        """
        seed, steps = check_value("seed", seed, Natural), check_value("steps", steps, Steps)
        furthest = check_value("furthest", furthest, Positive)
        require_ways(self.game, self.condition)
        latent = self.game.latent(1, self._noise(seed, "directions"))
        most = latent.shape[1]
        wanted = min(USUAL_DIRECTIONS, most) if count is None else count
        count = check_value("count", wanted, Annotated[int, Range(low=1, high=most)])
        told = Column(
            self.condition,
            self.told(1, label).values.expand(count * steps, *[-1] * len(self.condition.shape)),
        )
        found, _ = find_directions(self.game, latent, told[:1].to(latent.device).encoded())
        distances = torch.linspace(-furthest, furthest, steps, device=latent.device)
        moved = (latent + distances[None, :, None] * found[:count, None]).flatten(0, 1)
        law = law_of(self.game)
        return self._made(moved if law is None else law.nearest(moved), told)

    def project(
        self,
        example: Tensor,
        label: str | int | None = None,
        steps: int = 300,
        seed: int = 0,
        mask: Tensor | None = None,
        blur: float = 0.0,
    ) -> Projection:
        """Find the noise from which the generator makes something like an example.

        Args:
            example: stored, of the shape of the data: uint8 (channels, height, width) for images.
            label: its class; by default every class is tried.
            steps: of the search.
            seed: decides where it begins.
            mask: of an image, float (1, height, width): 1 where it counts, 0 where it is missing and is to be
                completed.
            blur: of an image that is blurred and is to be made sharp, the standard deviation in its pixels,
                at most half of its shorter side.

        Raises:
            SettingError: an example of another shape, a blur of what is no image, noise that is no vector,
                and as `sample` does.
        """
        kind, steps = self.game.data.kind, check_value("steps", steps, Count)
        wrong = kind.misfit(example[None])
        if wrong is not None:
            raise SettingError(f"The example has {wrong}: give one like those of the data, {kind.about}.")
        if blur and not kind.has_size:
            raise SettingError(
                f"Only images can be blurred, and these examples are {kind.about}: leave blur out."
            )
        most = min(kind.shape[1:]) / 2 if kind.has_size else 0.0
        blur = check_value("blur", blur, Annotated[float, Range(low=0, high=most)])
        require_ways(self.game, self.condition)
        beginnings = max(BEGINNINGS, self.condition.classes if label is None else 0)
        latent = self.game.latent(beginnings, self._noise(check_value("seed", seed, Natural), "projection"))
        told = self.told(beginnings, label)
        target = kind.encode(example[None].to(self._device))
        return project(self.game, target, told, latent, steps, None if mask is None else mask[None], blur)

    def around(
        self,
        example: Tensor,
        count: int = 100,
        label: str | int | None = None,
        seed: int = 0,
        spread: float = 0.3,
        steps: int = 300,
    ) -> Samples:
        """Generate examples like a given one: from noise around that which `project` finds for it.

        Args:
            example: as `project` takes it.
            count: how many; the first is what was found itself.
            label: its class; by default every class is tried.
            seed: decides the search, and the noise.
            spread: how far from the found noise, as a share of the way to noise drawn anew: at 0 all are the
                same, at 1 they have nothing to do with the example.
            steps: of the search.

        Raises:
            SettingError: as `project` does.
        """
        count, share = check_value("count", count, Count), check_value("spread", spread, Fraction)
        require_between(self.game, self.condition)
        found = self.project(example, label, steps, seed)
        drawn = self.game.latent(count, self._noise(seed, "around"))
        shares = torch.tensor([share], device=drawn.device)
        latent = between(found.latent.expand(count, -1), drawn, shares)[:, 0]
        latent[0] = found.latent
        return self._made(latent, found.told[torch.zeros(count, dtype=torch.int64)])

    def _each_for(self, ways: int, steps: int, label: str | int | None) -> Column:
        """The same, each for several samples."""
        told = self.told(ways, label)
        return told[torch.arange(ways).repeat_interleave(steps)]

    def _made(self, latent: Tensor, told: Column) -> Samples:
        return Samples(Column(self.game.data.kind, generate(self.game, latent, told)), told)

    def _noise(self, seed: int, purpose: str) -> Randomness:
        return Randomness(derived_seed(seed, purpose), self._device)

    @property
    def _device(self) -> torch.device:
        return next(self.game.parameters()).device

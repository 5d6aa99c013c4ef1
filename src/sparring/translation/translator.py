"""A translator: a system that makes images of images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from sparring.data.dataset import Batch, Dataset
from sparring.data.kinds import Kind
from sparring.errors import SettingError, nearest
from sparring.game import DataSpec, Figure, Game, GameSettings
from sparring.randomness import Randomness
from sparring.recommendation import Recommendation
from sparring.translation.likeness import feature_distance, psnr, shaped_like, ssim

QUICK_STEPS = 1000
"""Steps after which small networks have made something of small images."""
AT_ONCE = 2**18
"""Pixels of the images that are made at a time."""
Likeness = Callable[[Tensor, Tensor, tuple[float, float]], Tensor]


class Translator(Game):
    """Base of the systems whose generators are told an image."""

    conditional = True
    shows_real = True
    grid: ClassVar[tuple[int, int]] = (8, 4)
    directions: ClassVar[tuple[str, ...]] = ("AtoB",)
    """The ways in which it translates, the usual one first."""
    any_size: ClassVar[bool] = False
    """Whether what is made of a place depends on what is near it alone, whatever the size of the image: then
    tiles of pictures may be larger than the images that it was trained on."""
    fills: ClassVar[bool] = False
    """Whether it fills holes: the last channel of its sources then says what is known of an image."""

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The published networks for a run as long as theirs; else those of the preset `small`, if there is
        one."""
        if "small" not in cls.presets:
            return ()
        return [
            Recommendation({}, why="the run is as long as the published ones"),
            Recommendation(cls.presets["small"], why="the published networks want a longer run"),
        ]

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """Of the published networks as many as are published, of those of the preset `small` a thousand."""
        published, small = cls.Settings().flat(), cls.presets.get("small", {})
        if any(getattr(settings, name) != published[name] for name in small):
            return QUICK_STEPS
        count = max((part.count for part in data.parts.values()), default=data.count)
        epochs = (cls.length.epochs or 0) * (count // settings.batch_size)
        return max(QUICK_STEPS, cls.length.steps or epochs)

    def source_kind(self, data: DataSpec) -> Kind:
        """What images are made of."""
        return data.condition

    def kinds(self, direction: str) -> tuple[Kind, Kind]:
        """What images it takes, and makes, in a direction."""
        return self.source_kind(self.data), self.data.kind

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The sources of a batch, and what is to be made of them."""
        return batch.condition, batch.examples

    def domains(self, data: Dataset) -> tuple[Dataset, Dataset]:
        """The data that images are taken from, and that of images such as are made of them, each with the
        classes that are known."""
        return data.parts.get("A", data), data.parts.get("B", data)

    @abstractmethod
    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """Images made of others in a direction; both encoded, (count, channels, height, width)."""

    def translate(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """The same, a few at a time where nothing is learnt from it, so that memory does not grow."""
        if torch.is_grad_enabled():
            return self.make(latent, source, direction)
        count = max(1, AT_ONCE // source[0, 0].numel())
        parts = zip(latent.split(count), source.split(count), strict=True)
        return torch.cat([self.make(*part, direction) for part in parts])

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Images made of others in the first of the directions."""
        return self.translate(latent, condition, self.directions[0])

    def latent(self, count: int, random: Randomness) -> Tensor:
        """No noise: what is made depends on the source alone."""
        return torch.zeros(count, 0, device=random.device)

    @classmethod
    def check_direction(cls, direction: str | None) -> str:
        """A direction that was asked for; the usual one where none was.

        Raises:
            SettingError: it has no such direction.
        """
        if direction is None:
            return cls.directions[0]
        if direction not in cls.directions:
            raise SettingError(
                f"{cls.__name__} does not translate '{direction}'.{nearest(direction, cls.directions)} "
                f"It has: {', '.join(cls.directions)}."
            )
        return direction

    def figures(self) -> dict[str, Figure]:
        """How like its images are to the true ones, and how like the untouched sources are."""
        return {
            "PSNR": Figure(self._made(psnr), "likeness to the target in decibels; higher is better"),
            "PSNR of the input": Figure(self._untouched(psnr), "the same of the source as it is"),
            "SSIM": Figure(self._made(ssim), "structural similarity to the target; higher is better"),
            "SSIM of the input": Figure(self._untouched(ssim), "the same of the source as it is"),
            "feature distance": Figure(
                self._made(feature_distance),
                "distance to the target as random convolutions see them; lower is better",
            ),
            "feature distance of the input": Figure(
                self._untouched(feature_distance), "the same of the source as it is"
            ),
        }

    def _made(self, likeness: Likeness) -> Callable[[Batch], Tensor]:
        def measure(pairs: Batch) -> Tensor:
            source, target = self.pair(pairs)
            made = self.sample(self.latent(len(pairs), self.random), source)
            # As a picture holds it: what is brighter than white is white.
            return likeness(made.clamp(*self.value_range), target, self.value_range)

        return measure

    def _untouched(self, likeness: Likeness) -> Callable[[Batch], Tensor]:
        def measure(pairs: Batch) -> Tensor:
            source, target = self.pair(pairs)
            seen = source[:, :-1] if self.fills else source
            return likeness(shaped_like(seen, target, self.value_range), target, self.value_range)

        return measure

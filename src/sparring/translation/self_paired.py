"""A translator that makes its pairs of images alone, by taking something from each."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import torch
from torch import Tensor

from sparring.data import Column, Dataset
from sparring.data.kinds import Kind
from sparring.game import Batch, DataSpec
from sparring.randomness import Randomness
from sparring.translation.jitter import jittered
from sparring.translation.settings import Cut
from sparring.translation.translator import Translator

AT_ONCE = 500


class SelfPaired(Translator):
    """Base of the translators that learn to bring back what they took from images: any images will do.

    It is taken anew each time that an image is seen in training, and for pictures always in the same way.
    """

    @abstractmethod
    def left_of(self, whole: Tensor, random: Randomness) -> Tensor:
        """What is left of images (count, channels, height, width) when something is taken away."""

    @abstractmethod
    def shape_left(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape (channels, height, width) of what is left of an image."""

    def source_kind(self, data: DataSpec) -> Kind:
        """Images of the shape that is left."""
        return replace(data.kind, shape=self.shape_left(data.shape))  # type: ignore[type-var]

    def domains(self, data: Dataset) -> tuple[Dataset, Dataset]:
        """Both are of the same images."""
        return data, data

    def condition(self, data: Dataset) -> Column:
        """What is left of images, always the same of the same."""
        kind, random = self.source_kind(data.spec), Randomness(0)
        left = [
            kind.decode(self.left_of(part.encoded(), random))
            for part in (data.examples[start : start + AT_ONCE] for start in range(0, len(data), AT_ONCE))
        ]
        return Column(kind, torch.cat(left))

    def jittered(self, pairs: Batch) -> tuple[Tensor, Tensor]:
        """What is left of images, and the images, cut and mirrored."""
        cut: Cut = self.settings  # type: ignore[assignment]
        (whole,) = jittered(self.random, pairs.examples, enlarge=cut.jitter, flips=cut.flips)
        return self.left_of(whole, self.random), whole

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What is left of images, and the images."""
        return self.left_of(batch.examples, self.random), batch.examples

"""Image to image from pairs that are made of images alone, by taking something from each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from sparring.data import Column, Dataset
from sparring.data.kinds import Kind
from sparring.game import Batch, DataSpec, Needs
from sparring.randomness import Randomness
from sparring.translation.degradations import DEGRADATIONS
from sparring.translation.jitter import jittered
from sparring.zoo.pix2pix import Pix2Pix

AT_ONCE = 500


class Restore(Pix2Pix):
    """pix2pix that spoils images itself, anew each time that it sees one, and learns to bring them back.

    It colours, removes noise, fills holes, sharpens, or makes pictures of outlines, whatever is taken away:
    no pairs are needed. All else is as in pix2pix.
    """

    purpose = "images brought back from outlines, noise, holes, lost colour or size: any images will do"
    needs = Needs(examples=("images",), least=8)

    @dataclass(frozen=True)
    class Settings(Pix2Pix.Settings):
        """Settings of pix2pix, and what is taken from images."""

        degradation: Literal[
            "edges", "grey", "noise", "correlated noise", "salt and pepper", "hole", "small", "jpeg"
        ] = "edges"
        """What is left of images: edges (Sobel's); brightness; all, with Gaussian noise of deviation 25 of
        255, white or correlated; with a tenth of the pixels black or white; with a hole of half their sides;
        what a quarter of their size holds (bicubic); what a JPEG of quality 10 to 40 holds."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        self.degradation = DEGRADATIONS[settings.degradation]
        super().__init__(settings, data, random)

    def source_kind(self, data: DataSpec) -> Kind:
        """Images of the same size, with the channels that are left."""
        return replace(data.kind, shape=(self.degradation.channels(data.shape[0]), *data.shape[1:]))  # type: ignore[type-var]

    def condition(self, data: Dataset) -> Column:
        """What is left of images, always the same of the same."""
        kind, random = self.source_kind(data.spec), Randomness(0)
        left = [
            kind.decode(self.degradation.apply(part.encoded(), random))
            for part in (data.examples[start : start + AT_ONCE] for start in range(0, len(data), AT_ONCE))
        ]
        return Column(kind, torch.cat(left))

    def jittered(self, pairs: Batch) -> tuple[Tensor, ...]:
        """What is left of images, and the images, cut and mirrored."""
        s = self.settings
        (whole,) = jittered(self.random, pairs.examples, enlarge=s.jitter, flips=s.flips)
        return self.degradation.apply(whole, self.random), whole

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What is left of images, and the images."""
        return self.degradation.apply(batch.examples, self.random), batch.examples

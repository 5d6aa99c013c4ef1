"""Image to image from pairs that are made of images alone, by taking something from each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor

from sparring.errors import SettingError
from sparring.game import DataSpec, Needs
from sparring.randomness import Randomness
from sparring.settings import OF_THE_TASK
from sparring.translation.degradations import DEGRADATIONS
from sparring.translation.self_paired import SelfPaired
from sparring.zoo.pix2pix import Pix2Pix


class Restore(SelfPaired, Pix2Pix):
    """pix2pix that spoils images itself, anew each time that it sees one, and learns to bring them back.

    It colours, removes noise, fills holes, sharpens, or makes pictures of outlines, whatever is taken away:
    no pairs are needed. All else is as in pix2pix.
    """

    purpose = "images brought back from outlines, noise, holes, lost colour or size: any images will do"
    needs = Needs(examples=("images",), least=8)

    @dataclass(frozen=True)
    class Settings(Pix2Pix.Settings):
        """Settings of pix2pix, and what is taken from images."""

        degradation: Annotated[
            Literal["edges", "grey", "noise", "correlated noise", "salt and pepper", "hole", "small", "jpeg"],
            OF_THE_TASK,
        ] = "edges"
        """What is left of images: edges (Sobel's); brightness; all, with Gaussian noise of deviation 25 of
        255, white or correlated; with a tenth of the pixels black or white; with a hole of half their sides;
        what a quarter of their size holds (bicubic); what a JPEG of quality 10 to 40 holds."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        self.degradation = DEGRADATIONS[settings.degradation]
        if settings.degradation == "grey" and data.shape[0] == 1:
            raise SettingError(
                "These images are grey, so that `--degradation grey` takes nothing from them: choose another."
            )
        super().__init__(settings, data, random)

    def shape_left(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of the same size, with the channels that are left."""
        return (self.degradation.channels(shape[0]), *shape[1:])

    def left_of(self, whole: Tensor, random: Randomness) -> Tensor:
        """What the degradation leaves."""
        return self.degradation.apply(whole, random)

"""A filling: what a trained system makes in the holes of a picture, all of whose rest stays bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from sparring.errors import DataError, SettingError
from sparring.game import Game
from sparring.translation.pictures import alpha_of, frames_of, in_full_colours, like, opaque, upright
from sparring.translation.translation import Translation
from sparring.translation.translator import Translator


class Filling(Translation):
    """What a game that fills holes makes where a mask is white.

    Args:
        game: a trained game that fills holes.
        mask: of the size of the pictures; what is at least half as bright as white is filled, on black where
            the mask is transparent.
        direction: one of its directions; None for the usual one.
        seed: decides the noise.
        longest: the longer side in pixels to which larger images are brought first, together with the mask.
        white: the share of the range of its values that becomes white where a picture is seen, and back in
            what is filled.

    Raises:
        SettingError: as for a translation.
    """

    def __init__(
        self,
        game: Game,
        mask: Image.Image,
        direction: str | None = None,
        seed: int = 0,
        longest: int | None = None,
        white: float = 1.0,
    ) -> None:
        super().__init__(game, direction, seed, longest, white)
        self.hole = _bright(upright(mask)).point([255 * (value > 127) for value in range(256)])

    def __call__(self, image: Image.Image) -> Image.Image:
        """A picture with its holes filled: all else is as it was, and what is filled is opaque unless the
        system makes transparency of its own.

        Raises:
            DataError: the mask is of another size.
        """
        image = upright(image)
        if image.size != self.hole.size:
            raise DataError(
                f"The mask has {_size(self.hole)} pixels and the picture has {_size(image)}: give a mask of "
                "the same size, white where the picture is to be filled."
            )
        hole = self.hole
        if self.longest is not None and self.longest < max(image.size):
            # By weights above 0: what a pixel has of a hole shows in both.
            image, hole = in_full_colours(image), hole.copy()
            for each in (image, hole):
                each.thumbnail((self.longest, self.longest), Image.Resampling.HAMMING)
            hole = hole.point([255 * (value > 0) for value in range(256)])
        seen = np.asarray(self.seen(image)).reshape(image.height, image.width, -1)
        known = 255 - np.asarray(hole)
        made = Image.fromarray(self.of_pixels(np.dstack([seen, known])))
        return like(image, _pasted(image, _dimmed(made, self.white), hole))


def _bright(mask: Image.Image) -> Image.Image:
    """How bright a mask is, in mode L: where nothing was painted on a transparent layer, there is no hole."""
    if alpha_of(mask) is None:
        return opaque(mask).convert("L")
    return Image.alpha_composite(Image.new("RGBA", mask.size, "black"), mask.convert("RGBA")).convert("L")


def _pasted(image: Image.Image, made: Image.Image, hole: Image.Image) -> Image.Image:
    """What was made in the holes, the picture elsewhere: in the richer of their two modes."""
    alpha = alpha_of(image)
    coloured = opaque(image) if alpha is None else image.convert("RGBA")
    if made.mode == "RGBA" or alpha is None:
        mode = max(made.mode, coloured.mode, key=lambda mode: ("L", "RGB", "RGBA").index(mode))
        return Image.composite(made.convert(mode), coloured.convert(mode), hole)
    pasted = Image.composite(made.convert("RGB"), coloured.convert("RGB"), hole)
    pasted.putalpha(ImageChops.lighter(alpha, hole))
    return pasted


def _dimmed(made: Image.Image, white: float) -> Image.Image:
    """What was made, its colours as bright as they are around it; how opaque it is stays."""
    tables = [[round(value * white) for value in range(256)]] * min(3, len(made.getbands()))
    if made.mode == "RGBA":
        tables.append(list(range(256)))
    return made.point([value for table in tables for value in table])


def _size(image: Image.Image) -> str:
    return f"{image.width} x {image.height}"


def translation_of(
    game: Game,
    mask: Image.Image | Path | None,
    direction: str | None = None,
    seed: int = 0,
    longest: int | None = None,
    white: float = 1.0,
) -> Translation:
    """The translation of a game, which fills the holes of a mask where that is what the game does.

    What it takes is what `Filling` takes, the mask as a picture or as a file, or None where there is none.

    Raises:
        SettingError: as for a translation; or there is a mask and the game fills no holes, or the reverse.
        DataError: the mask cannot be read.
    """
    if not (isinstance(game, Translator) and game.fills):
        translation = Translation(game, direction, seed, longest, white)
        if mask is not None:
            raise SettingError(
                f"{type(game).__name__} fills no holes: leave the mask out, or use a run of inpaint."
            )
        return translation
    if mask is None:
        raise SettingError(
            f"{type(game).__name__} fills holes: give a mask of the size of the picture, white where it is "
            "to be filled (`--mask MASK.png`)."
        )
    read = frames_of(mask)[0] if isinstance(mask, Path) else mask
    return Filling(game, read, direction, seed, longest, white)

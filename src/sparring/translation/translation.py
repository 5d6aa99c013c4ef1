"""A translation: what a trained system makes of images of any size."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sparring.data.decoding import with_alpha
from sparring.errors import DataError, SettingError
from sparring.game import Game
from sparring.nn.modes import inference
from sparring.randomness import Randomness, derived_seed
from sparring.translation.pictures import eight_bits, like, upright
from sparring.translation.tiles import by_tiles, larger_tile, overlap_of
from sparring.translation.translator import Translator

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's name of pictures by their number of channels."""


class Translation:
    """What a game makes of images, always with the same noise: of equal images it makes equal ones.

    Args:
        game: a trained game.
        direction: one of its directions; None for the usual one.
        seed: decides the noise.
        longest: the longer side in pixels to which larger images are brought first; None for none.
        white: the share of the range of its values that becomes white where a picture is seen.

    Raises:
        SettingError: the game makes no images of images, or not in this direction, or they have a number of
            channels that no picture has.
    """

    def __init__(
        self,
        game: Game,
        direction: str | None = None,
        seed: int = 0,
        longest: int | None = None,
        white: float = 1.0,
    ) -> None:
        if not isinstance(game, Translator):
            raise SettingError(
                f"{type(game).__name__} makes nothing of images: it generates from noise "
                "(`sparring sample`). Train a system that translates, such as pix2pix."
            )
        self.game = game
        self.direction = game.check_direction(direction)
        self.source, self.made = game.kinds(self.direction)
        self.seen_channels = self.source.shape[0] - game.fills
        for channels in (self.seen_channels, self.made.shape[0]):
            if channels not in MODES:
                raise SettingError(
                    f"This run has images of {channels} channels and pictures have 1, 3 or 4: translate with "
                    "a run that was trained on such."
                )
        self.device = game.random.device
        self.noise = game.latent(1, Randomness(derived_seed(seed, "translation"), self.device))
        self.moment = f"translation {seed}"
        """Names the chance between the generator's layers, which begins anew for each image."""
        self.longest = longest
        self.white = white

    def __call__(self, image: Image.Image) -> Image.Image:
        """What is made of a picture: turned upright, with its transparency where the system makes none, of
        its size (or as many times larger as the system makes images)."""
        image = upright(image)
        seen = self.seen(image)
        if self.longest is not None:
            seen.thumbnail((self.longest, self.longest), Image.Resampling.LANCZOS)
        return like(image, Image.fromarray(self.of_pixels(np.asarray(seen))))

    def seen(self, image: Image.Image) -> Image.Image:
        """A picture in the mode in which the system sees it.

        Raises:
            DataError: its values are none that have a brightness.
        """
        mode = MODES[self.seen_channels]
        if mode == "RGBA":
            return with_alpha(image, self.white)
        return eight_bits(image, self.white).convert(mode)

    @torch.no_grad()
    def of_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What is made of the pixels of an image, uint8 (height, width) or (height, width, channels of the
        source)."""
        channels, *trained = self.source.shape
        tile = larger_tile(trained, pixels.shape[:2]) if self.game.any_size else (trained[0], trained[1])
        size = [side * of // one for side, of, one in zip(tile, self.made.shape[1:], trained, strict=True)]
        stored = torch.from_numpy(np.array(pixels)).reshape(*pixels.shape[:2], channels).permute(2, 0, 1)

        def translate(tiles: torch.Tensor) -> torch.Tensor:
            noise = self.noise.expand(len(tiles), *self.noise.shape[1:])
            return self.game.translate(noise, tiles.to(self.device), self.direction).float().cpu()

        with self.game.random.aside(self.moment), inference(self.game):
            shape, overlap = (self.made.shape[0], *size), overlap_of(trained, tile)
            made = by_tiles(translate, self.source.encode(stored), tile, shape, overlap)
        picture: NDArray[np.uint8] = self.made.decode(made).permute(1, 2, 0).numpy()
        return picture[..., 0] if picture.shape[2] == 1 else picture

    def of_array(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What is made of a picture (height, width), (height, width, channels), or of several of one size
        (count, height, width, channels); with 2 or 4 channels the last is transparency.

        Raises:
            DataError: the array is none of these, or not of uint8.
        """
        single = images.ndim < 4
        if (
            images.dtype != np.uint8
            or images.ndim not in (2, 3, 4)
            or (images.ndim > 2 and images.shape[-1] > 4)
        ):
            raise DataError(
                f"Images are given as {images.dtype} of shape {images.shape}: give uint8, height x width x "
                "channels with 1 to 4 of them, or several of one size, count x height x width x channels."
            )
        several = images[None] if single else images
        made = [
            np.asarray(self(Image.fromarray(each.squeeze(2) if each.shape[2:] == (1,) else each)))
            for each in several
        ]
        return made[0] if single else np.stack(made)

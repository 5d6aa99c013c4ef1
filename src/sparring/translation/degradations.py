"""Degradations: what is taken from images on purpose, so that a system learns to bring it back."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from sparring.data.colours import COLOURS, grey
from sparring.randomness import Randomness
from sparring.translation.holes import block

EDGE = 0.35
"""Slope of the brightness, of 2 between black and white, from which a pixel belongs to an edge."""
NOISE = 50 / 255
"""Standard deviation of noise, of 2 between black and white: 25 of 255."""
KERNEL = 5
"""Side in pixels of the Gaussian."""
SALT = 0.1
"""Share of the pixels that salt and pepper exchange for white or black."""
QUALITY = (10, 40)
"""Range of the quality of JPEGs, drawn evenly."""


@dataclass(frozen=True)
class Degradation:
    """What is done to images."""

    apply: Callable[[Tensor, Randomness], Tensor]
    """From images (count, channels, height, width) in [-1, 1] to images of the same size."""
    grey: bool = False
    """Whether what is left has one channel."""

    def channels(self, channels: int) -> int:
        """Channels of what is left of images that have so many."""
        return 1 if self.grey else channels


def brightness(images: Tensor, random: Randomness) -> Tensor:
    """Without colour: the luma of ITU-R BT.601, or the one channel that there is; of what is transparent, as
    it looks on white, which is how a translation sees it."""
    if images.shape[1] == 4:
        opaque = (images[:, 3:] + 1) / 2
        images = opaque * images[:, :3] + (1 - opaque)
    return grey(images)


def steepness(grey: Tensor) -> Tensor:
    """How much the brightness (count, 1, height, width) changes at each pixel (Sobel's kernels)."""
    across = grey.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
    kernels = torch.stack([across, across.T])[:, None]
    slopes: Tensor = F.conv2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), kernels).norm(dim=1, keepdim=True)
    return slopes


def edges(images: Tensor, random: Randomness) -> Tensor:
    """White lines on black where the brightness changes."""
    return (steepness(brightness(images, random)) > EDGE).to(images.dtype) * 2 - 1


def gaussian(images: Tensor) -> Tensor:
    """A Gaussian of one pixel, 5 x 5, of the type of some images; 1 in its middle."""
    places = torch.arange(KERNEL, device=images.device) - KERNEL // 2
    line = torch.exp(-places.square() / 2).to(images.dtype)
    return line[:, None] * line


def colours_alone(images: Tensor, change: Callable[[Tensor], Tensor], opaque: Tensor | None = None) -> Tensor:
    """Images whose colours are changed; where they have a fourth channel, how opaque they are stays.

    Args:
        images: (count, channels, height, width).
        change: what is done to their colours.
        opaque: (count, 1, height, width), where they become opaque.
    """
    colours, alpha = change(images[:, :COLOURS]), images[:, COLOURS:]
    if opaque is not None:
        alpha = alpha.masked_fill(opaque, 1.0)
    return torch.cat([colours, alpha], 1) if alpha.shape[1] else colours


def white_noise(images: Tensor, random: Randomness) -> Tensor:
    """Gaussian noise, of each pixel by itself."""
    return colours_alone(images, lambda colours: colours + NOISE * random.normal(*colours.shape))


def correlated_noise(images: Tensor, random: Randomness) -> Tensor:
    """Gaussian noise of the same deviation, alike in neighbours: blurred by a Gaussian of one pixel."""
    kernel = gaussian(images)
    kernel = kernel / kernel.norm()

    def noisy(colours: Tensor) -> Tensor:
        count, channels, height, width = colours.shape
        noise = random.normal(count, channels, height + KERNEL - 1, width + KERNEL - 1)
        return colours + NOISE * F.conv2d(noise, kernel.expand(channels, 1, -1, -1), groups=channels)

    return colours_alone(images, noisy)


def salt_and_pepper(images: Tensor, random: Randomness) -> Tensor:
    """Some pixels white or black, in all colours, and opaque."""
    count, _, height, width = images.shape
    chance = random.uniform(count, 1, height, width, low=0.0, high=1.0)
    black, white = chance < SALT / 2, chance > 1 - SALT / 2

    def peppered(colours: Tensor) -> Tensor:
        return torch.where(black, -1.0, torch.where(white, 1.0, colours))

    return colours_alone(images, peppered, opaque=black | white)


def hole(images: Tensor, random: Randomness) -> Tensor:
    """A rectangle, half as high and as wide, somewhere in each, that is grey, and opaque."""
    count, _, height, width = images.shape
    missing = block(count, height, width, random)
    return colours_alone(images, lambda colours: colours.masked_fill(missing, 0.0), opaque=missing)


def reduced(images: Tensor, size: Sequence[int]) -> Tensor:
    """Brought to a smaller height and width by an antialiased bicubic kernel."""
    return F.interpolate(images, list(size), mode="bicubic", align_corners=False, antialias=True)


def small(images: Tensor, random: Randomness) -> Tensor:
    """Brought to a quarter of the size by an antialiased bicubic kernel, and back by the same."""
    size = images.shape[2:]
    less = reduced(images, [max(1, side // 4) for side in size])
    return F.interpolate(less, size, mode="bicubic", align_corners=False).clamp(-1, 1)


def jpeg(images: Tensor, random: Randomness) -> Tensor:
    """What a JPEG of low quality keeps: of each channel by itself where they are neither grey nor colours."""
    if images.shape[1] not in (1, 3):
        return torch.cat([jpeg(channel, random) for channel in images.split(1, dim=1)], dim=1)
    low, high = QUALITY
    qualities = (low + random.integers(len(images), high - low + 1)).tolist()
    stored = images.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    made = []
    for pixels, quality in zip(stored, qualities, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(
            buffer, "JPEG", quality=quality
        )
        with Image.open(buffer) as image:
            made.append(np.asarray(image).reshape(pixels.shape))
    kept = torch.from_numpy(np.stack(made)).to(images.device).permute(0, 3, 1, 2)
    return kept.to(images.dtype).div(127.5).sub(1)


DEGRADATIONS = {
    "edges": Degradation(edges, grey=True),
    "grey": Degradation(brightness, grey=True),
    "noise": Degradation(white_noise),
    "correlated noise": Degradation(correlated_noise),
    "salt and pepper": Degradation(salt_and_pepper),
    "hole": Degradation(hole),
    "small": Degradation(small),
    "jpeg": Degradation(jpeg),
}
"""Every degradation by its name."""

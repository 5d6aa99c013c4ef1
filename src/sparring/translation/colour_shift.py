"""Colour shift: the brightness of images, in which each colour counts by chance."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.colours import COLOURS
from sparring.randomness import Randomness

SHIFTS = ((0.199, 0.399), (0.487, 0.687), (0.014, 0.214))
"""Ranges of the weights of red, green and blue."""


def colour_shifted(random: Randomness, *batches: Tensor) -> tuple[Tensor, ...]:
    """The brightness of batches of images (count, channels, height, width), with weights of the colours that
    are drawn for each place in a batch and the same in all (Wang and Yu 2020, section 3.3); images of less
    than three channels stay as they are."""
    count, channels = batches[0].shape[:2]
    if channels < COLOURS:
        return batches
    drawn = [random.uniform(count, 1, 1, low=low, high=high) for low, high in SHIFTS]
    weights = torch.stack(drawn, 1) / torch.stack(drawn, 1).sum(1, keepdim=True)
    return tuple((images[:, :COLOURS] * weights).sum(1, keepdim=True) for images in batches)

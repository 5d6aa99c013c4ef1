"""Images brought to another size."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from sparring.memory import require_memory

RESIZED_AT_ONCE = 2**24
"""Numbers that are floats at the same time while images are resized: 64 MiB."""


def crop_and_resize(images: Tensor, size: int | None) -> Tensor:
    """Crop to the central square and resize to `size`, bilinear with antialiasing.

    Args:
        images: uint8 (N, C, H, W).
        size: the wanted side; None, or the side the images have already, returns them untouched.
    """
    count, channels, height, width = images.shape
    if size is None or (height, width) == (size, size):
        return images
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    images = images[:, :, top : top + side, left : left + side]
    require_memory(count * channels * size**2, f"{count:,} images of {size} x {size} pixels")
    resized = torch.empty((count, channels, size, size), dtype=torch.uint8)
    at_once = max(1, RESIZED_AT_ONCE // (channels * max(side, size) ** 2))
    for start in range(0, count, at_once):
        part = images[start : start + at_once].float()
        part = functional.interpolate(
            part, (size, size), mode="bilinear", align_corners=False, antialias=True
        )
        resized[start : start + at_once] = part.round_().clamp_(0, 255)
    return resized

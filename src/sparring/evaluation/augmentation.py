"""Images made of images at random, for the training of classifiers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.randomness import Randomness


def augment(images: Tensor, randomness: Randomness) -> Tensor:
    """Rotate (up to 11 degrees), scale and stretch (up to 12 %), and shift (up to a twelfth) each image.

    Args:
        images: float32 (N, C, H, W) in -1 ... 1; what comes in from outside is -1.
        randomness: source of the transforms.
    """
    count = len(images)
    angle = randomness.uniform(count, low=-0.2, high=0.2)
    scale = randomness.uniform(count, 2, low=0.88, high=1.12)
    shift = randomness.uniform(count, 2, low=-1 / 6, high=1 / 6)  # the grid is two wide
    rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(count, 2, 2)
    transform = torch.cat([rotation * scale[:, :, None], shift[:, :, None]], 2)
    grid = F.affine_grid(transform, list(images.shape), align_corners=False)
    return F.grid_sample(images + 1, grid, align_corners=False) - 1


def outliers(images: Tensor, randomness: Randomness) -> Tensor:
    """Images of no class, one in the place of each image (N, C, H, W) in -1 ... 1, each made in a random way.

    Noise, sparse dots, one even grey, blobs, the image with its pixels shuffled, the mean of two images.
    """
    count, _, height, width = shape = images.shape
    pixels = torch.randperm(height * width, generator=randomness.generator)
    density = randomness.uniform(count, 1, 1, 1, low=0.02, high=0.5)
    made = [
        randomness.uniform(*shape),
        (randomness.uniform(*shape, low=0.0) < density).float() * 2 - 1,
        randomness.uniform(count, 1, 1, 1).expand(shape),
        F.interpolate(randomness.uniform(count, shape[1], 5, 5), (height, width), mode="bicubic").clamp(
            -1, 1
        ),
        images.flatten(2)[:, :, pixels].view(shape),
        (images + images.roll(1, 0)) / 2,
    ]
    return torch.stack(made)[randomness.integers(count, len(made)), torch.arange(count)]

"""Edge smoothing: cartoons whose lines are blurred, which a critic learns to tell from cartoons."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data.colours import grey
from sparring.translation.degradations import EDGE, KERNEL, gaussian, steepness

REACH = KERNEL // 2
"""Pixels on either side of an edge that are smoothed."""


def edge_smoothed(images: Tensor) -> Tensor:
    """Images (count, channels, height, width) in [-1, 1], blurred by a Gaussian near their edges and only
    there (Chen, Lai and Liu 2018, CartoonGAN, section 3.2.1)."""
    edge = (steepness(grey(images[:, :3])) > EDGE).to(images.dtype)
    near = F.max_pool2d(edge, KERNEL, 1, REACH) > 0
    kernel = gaussian(images)
    channels = images.shape[1]
    padded = F.pad(images, (REACH,) * 4, mode="replicate")
    blurred = F.conv2d(padded, (kernel / kernel.sum()).expand(channels, 1, -1, -1), groups=channels)
    return torch.where(near, blurred, images)

"""Smooth patches of noisy images, which show the noise alone."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.colours import coloured
from sparring.errors import DataError

QUIETEST = 0.01
"""The quantile of the variances that says how far those of noise alone go down."""
UPWARDS = 0.5
"""By what share of the way from there to the commonest a smooth patch may be above that: 1 would take in all
of the noise, and much that is shown."""
SMOOTH = 4
"""The variance of noise is looked for in one of so many parts of the patches, the quietest."""
SMALLEST = 1e-3
"""The least variance, of values from 0 to 255, that counts."""
ENDS = 0.05
"""Share of a patch's values that may be black or white, where noise is cut off."""
MOST = 20_000
"""Patches that are kept."""
AT_ONCE = 200


def side_of(asked: int | None, size: tuple[int, ...]) -> int:
    """Side of patches of images of a size: as asked for, else a quarter of the shorter side, from 8 to 64."""
    shorter = min(size)
    return min(shorter, asked or min(64, max(8, shorter // 4)))


FEWEST = 100
"""One patch of so many is smooth at the least."""


def smooth_patches(images: Tensor, side: int) -> Tensor:
    """Patches in which nothing is seen but noise (Chen et al. 2018, section 4.1).

    The authors compare means and variances of parts of a patch with those of the whole. Here variances of
    patches are compared: all that is seen adds to them, some more and some less, while those of noise alone
    are near to each other. A patch is smooth whose variance is not much above the commonest of the
    quietest quarter: by half as much, in logarithms, as that is above the smallest. Patches are laid over
    half of each other.

    Args:
        images: uint8 (count, channels, height, width).
        side: of a patch in pixels, at most that of the images.

    Returns:
        uint8 (patches, channels, side, side), at most 20,000, evenly from all images.

    Raises:
        DataError: all patches are mostly black or white, where noise cannot be seen whole.
    """
    kept, variances = [], []
    for part in images.split(AT_ONCE):
        step = max(1, side // 2)
        patches = part.unfold(2, side, step).unfold(3, side, step).permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
        colours = coloured(patches)
        whole = ((colours == 0) | (colours == 255)).flatten(1).float().mean(1) <= ENDS
        if whole.any():
            kept.append(patches[whole])
            variances.append(kept[-1].flatten(2).float().var(2, correction=0).mean(1))
    if not kept:
        raise DataError(
            "Noise is to be learnt from noisy images, and in these all patches are mostly black or white, "
            "where it is cut off: give images with smooth parts of a middle brightness."
        )
    variance = torch.cat(variances)
    levels = variance.clamp(min=SMALLEST).log().sort().values
    commonest = _commonest(levels[: max(2, len(levels) // SMOOTH)])
    bound = commonest + UPWARDS * (commonest - levels[int(QUIETEST * (len(levels) - 1))])
    # Of few patches the quietest, which may be all alike.
    bound = torch.maximum(bound, levels[: max(2, len(levels) // FEWEST)][-1])
    smooth = torch.cat(kept)[variance.clamp(min=SMALLEST).log() <= bound]
    return smooth[torch.linspace(0, len(smooth) - 1, min(MOST, len(smooth))).round().long()]


def _commonest(values: Tensor) -> Tensor:
    """The half-sample mode of sorted values (Robertson and Cryer 1974): of the half of them that lies closest
    together, the same half again, until few are left."""
    while len(values) > 2:
        half = -(-len(values) // 2)
        widths = values[half - 1 :] - values[: len(values) - half + 1]
        first = int(widths.argmin())
        values = values[first : first + half]
    return values.mean()

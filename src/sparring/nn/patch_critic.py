"""The PatchGAN critic: a logit for every patch of an image."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sparring.errors import SettingError

FIELDS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Strided layers by the receptive field of a logit, in pixels (Isola et al. 2017, appendix 6.1.2)."""
MOST_WIDTHS = 8
USUAL_FIELDS = {128: 70, 48: 34, 0: 16}
"""The receptive field that suits images whose shorter side has at least so many pixels."""


def receptive_field(asked: int | None, size: tuple[int, int]) -> int:
    """Side of the patches that a critic judges, in pixels: as asked for, else what suits the images.

    Raises:
        SettingError: there is no such field, or it needs larger images.
    """
    shorter = min(size)
    if asked is None:
        return next(field for least, field in USUAL_FIELDS.items() if shorter >= least)
    if asked not in FIELDS:
        raise SettingError(
            f"There is no receptive field of {asked} pixels; there are {', '.join(map(str, FIELDS))}."
        )
    # Two by two places at the end are the least that can be normalised.
    least = 3 << FIELDS[asked]
    if asked > 1 and shorter < least:
        raise SettingError(
            f"A receptive field of {asked} pixels needs images of at least {least} pixels and these have "
            f"a side of {shorter}: ask for a smaller one, or leave it out."
        )
    return asked


class PatchCritic(nn.Module):
    """Convolutions of 4 x 4, strided and then not, from images to a map of logits (count, 1, rows, columns).

    Args:
        channels: of the images, together with those of what is told of them.
        field: side of the patch that a logit depends on: one of `FIELDS`; of 1, single pixels are judged.
        width: channels of the first layer; twice as many in each that follows, 8 times as many at most.
        norm: normalisation of so many channels, after all layers but the first and the last.
    """

    def __init__(
        self, channels: int, *, field: int, width: int = 64, norm: Callable[[int], nn.Module]
    ) -> None:
        super().__init__()
        strided = FIELDS[field]
        kernel, padding = (4, 1) if strided else (1, 0)
        layers: list[nn.Module] = []
        before = channels
        for number in range(strided + 1 if strided else 2):
            after = width * min(1 << number, MOST_WIDTHS)
            layers.append(nn.Conv2d(before, after, kernel, 2 if number < strided else 1, padding))
            layers += [norm(after)] if number else []
            layers.append(nn.LeakyReLU(0.2))
            before = after
        self.layers = nn.Sequential(*layers, nn.Conv2d(before, 1, kernel, 1, padding))

    def forward(self, examples: Tensor, *condition: Tensor) -> Tensor:
        """Logits for every patch of images, which stand beside what is told of them."""
        logits: Tensor = self.layers(torch.cat([examples, *condition], 1))
        return logits

"""Differentiable augmentation: a critic sees every image changed at random, and learns none by heart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.errors import SettingError
from sparring.settings import Fraction
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.data.dataset import DataSpec
    from sparring.game import Game

FEW = 5000
"""Below so many images a critic learns them by heart within a usual run."""

CHANGES = {"augment_colour": 1.0, "augment_translation": 0.125, "augment_cutout": 0.5}
"""The paper's flags for images of any kind."""
MIRRORED = {"augment_flips": 0.5}
"""Those for images whose left and right may change places."""


def augmentation_for(data: DataSpec) -> dict[str, float]:
    """The flags that are recommended for some data: the paper's for few images, none for all else.

    Whether images may be mirrored is not seen from their number, so they are not.
    """
    if not data.kind.has_size or data.count >= FEW:
        return {}
    return dict(CHANGES)


def reason_for(data: DataSpec) -> str:
    """What of the data speaks for or against it, a clause."""
    amount = data.kind.amount(data.count)
    return f"{amount}, so few that a critic would learn them by heart" if augmentation_for(data) else amount


class Augmentation(Trick):
    """Each image that a critic is shown, real or generated, is changed by a draw of its own; an image that it
    is told is changed by the draw of the one that belongs to it.

    The changes are differentiable, and the generator learns through them; as both sides undergo the same,
    what is generated stays free of them. The critic hardly sees an image twice, which is what helps where
    there are few. In the authors' order: colour, translation, cutout; flips come first.
    """

    source = "Zhao et al. 2020, arXiv:2006.10738, section 3"
    usual = CHANGES | MIRRORED

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of differentiable augmentation."""

        augment_colour: Fraction = 0.0
        """How far brightness, saturation, and contrast of what a critic sees vary, as a share of the paper's:
        at 1, brightness by up to a quarter of the range, saturation from 0 to 2 times, contrast from 0.5 to
        1.5 times."""
        augment_translation: Fraction = 0.0
        """By which share of its sides at the most an image that a critic sees is shifted; what comes in is
        the middle of the range. The paper's is 0.125."""
        augment_cutout: Fraction = 0.0
        """Share of its sides that a square has which is cut out of an image that a critic sees, at any place.
        The paper's is 0.5."""
        augment_flips: Fraction = 0.0
        """Share of the images that a critic sees which are mirrored, left to right; 0.5 for photographs, 0
        where left and right differ, as in letters."""

    settings: Settings
    share: Tensor | None = None
    """Of the images, how many undergo each change; None for all."""

    def refuses(self, game: Game) -> str | None:
        """Examples that are no images."""
        if not game.data.kind.has_size:
            return f"it changes images, and this data has {game.data.kind.about}"
        return None

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Images changed at random, those of a pair alike.

        Raises:
            SettingError: images that the critic is told are of another size.
        """
        told = [given for given in condition if given.dim() == examples.dim()]
        if any(given.shape[2:] != examples.shape[2:] for given in told):
            raise SettingError(
                "augmentation changes an image and the one that the critic is told of it alike, and here "
                "they differ in size: leave its flags at 0."
            )
        parts = self.changed([examples, *told], game.value_range)
        changed = iter(parts[1:])
        return parts[0], tuple(
            next(changed) if given.dim() == examples.dim() else given for given in condition
        )

    def changed(self, parts: list[Tensor], value_range: tuple[float, float]) -> list[Tensor]:
        """Batches of images of one size, those of a place in each changed by the same draw."""
        s, (low, high) = self.settings, value_range
        count, channels = len(parts[0]), [part.shape[1] for part in parts]
        images, middle = torch.cat(parts, 1), (low + high) / 2
        sides = images.shape[2:]
        if s.augment_flips:
            coins = self.random.bernoulli(s.augment_flips, count, 1, 1, 1)
            images = self._for_some(images, flipped, coins)
        if s.augment_colour:
            draw = self.random.uniform(count, 3).mul(s.augment_colour)
            images = self._for_some(
                images,
                lambda some, draw: torch.cat(
                    [coloured(part, draw, (high - low) / 4) for part in some.split(channels, 1)], 1
                ),
                draw,
            )
        if s.augment_translation:
            shifts = [self._shifts(count, side) for side in sides]
            images = self._for_some(images, partial(translated, blank=middle), *shifts)
        if s.augment_cutout:
            kept = [self._outside(count, side, round(s.augment_cutout * side)) for side in sides]
            images = self._for_some(images, partial(cut_out, blank=middle), *kept)
        return list(images.split(channels, 1))

    def _for_some(self, images: Tensor, change: Callable[..., Tensor], *draws: Tensor) -> Tensor:
        """Images of which a share, if it is not all, is changed, each by its part of the draws."""
        if self.share is None:
            return change(images, *draws)
        chosen = self.random.uniform(len(images), low=0.0, high=1.0) < self.share
        if images.device.type != "cpu":
            # There it takes longer to wait for how many they are than to change all.
            return torch.where(chosen[:, None, None, None], change(images, *draws), images)
        some = chosen.nonzero().flatten()
        return images.index_copy(0, some, change(images[some], *(draw[some] for draw in draws)))

    def _shifts(self, count: int, side: int) -> Tensor:
        """For each image an identity whose ones are shifted, (count, side, side)."""
        most = round(self.settings.augment_translation * side)
        shift = self.random.integers(count, 2 * most + 1) - most
        place = torch.arange(side, device=shift.device)
        return (place[:, None] - place == shift[:, None, None]).float()

    def _outside(self, count: int, side: int, length: int) -> Tensor:
        """For each image the places along a side that a stretch of this length leaves, bool (count, side)."""
        first = self.random.integers(count, side + 1 - length % 2)[:, None] - length // 2
        place = torch.arange(side, device=first.device)
        return (place < first) | (place >= first + length)


def flipped(images: Tensor, coins: Tensor) -> Tensor:
    """Images (count, channels, height, width), mirrored where a coin (count, 1, 1, 1) is above 0."""
    return torch.where(coins > 0, images.flip(3), images)


def translated(images: Tensor, rows: Tensor, columns: Tensor, blank: float) -> Tensor:
    """Images shifted by whole pixels; what comes in is blank.

    Args:
        images: (count, channels, height, width).
        rows, columns: for each image an identity whose ones are shifted, (count, side, side).
        blank: what comes in.
    """
    # Products with shifted identities: quick, and differentiable as often as one likes.
    return rows[:, None] @ (images - blank) @ columns[:, None].mT + blank


def cut_out(images: Tensor, rows: Tensor, columns: Tensor, blank: float) -> Tensor:
    """Images (count, channels, height, width) that are blank where neither their rows nor their columns,
    bool (count, side), are kept."""
    return torch.where((rows[:, :, None] | columns[:, None, :])[:, None], images, blank)


def coloured(images: Tensor, draw: Tensor, brightness: float) -> Tensor:
    """Images (count, channels, height, width) of another brightness, saturation and contrast.

    Args:
        images: in any range.
        draw: how far each of the three varies for each image, (count, 3) from -1 to 1.
        brightness: by how much it varies to either side where that is 1.
    """
    shift, saturation, contrast = draw[..., None, None, None].unbind(1)
    images = images + brightness * shift
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (1 + saturation) + grey
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * (1 + contrast / 2) + mean

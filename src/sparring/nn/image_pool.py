"""A pool of images made before, of which a critic is shown some in the place of new ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sparring.randomness import Randomness


class ImagePool(nn.Module):
    """Keeps images, and exchanges half of those that come for some that it has (Shrivastava et al. 2017;
    Zhu et al. 2017, section 4).

    Each new image is dealt one of the pool's places by chance, no two the same. An empty place takes it, and
    it is shown as it is; from a full one, with probability 1/2, the image there is shown and makes room.
    CycleGAN's authors fill all places before they exchange any; here exchanges begin while some are empty.

    Args:
        size: places; 0 for no pool at all.
        shape: of an image.
    """

    begins_anew = True
    images: Tensor
    used: Tensor

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("used", torch.zeros(size, dtype=torch.bool))
        self._resting = False

    @contextmanager
    def resting(self) -> Iterator[None]:
        """A block in which it shows what it would, and stays as it is: for losses that are computed once
        more."""
        before, self._resting = self._resting, True
        try:
            yield
        finally:
            self._resting = before

    @torch.no_grad()
    def swap(self, made: Tensor, random: Randomness) -> Tensor:
        """What is shown in the place of new images (count, *shape), at most as many as there are places.

        Args:
            made: the new images, of all processes together.
            random: the same in all processes.
        """
        if not len(self.images):
            return made
        places = random.permutation(len(self.images))[: len(made)]
        used, swapped = self.used[places], random.bernoulli(0.5, len(made)).bool()
        before = self.images[places]
        kept, shown = (mask.view(-1, *[1] * (made.dim() - 1)) for mask in (used & ~swapped, used & swapped))
        if not self._resting:
            self.used[places] = True
            self.images[places] = torch.where(kept, before, made.to(before.dtype))
        return torch.where(shown, before.to(made.dtype), made)

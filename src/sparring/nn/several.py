"""Several generators in one: the noise says which makes an example."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Several(nn.Module):
    """A mixture of generators with equal shares.

    Args:
        members: the generators, each from (count, size) to (count, ...).
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members: nn.ModuleList = nn.ModuleList(members)

    def forward(self, latent: Tensor) -> Tensor:
        """Examples of noise (count, size + 1), whose last number, from -1 to 1, says which member."""
        return made_by(list(self.members), latent)


def made_by(members: Sequence[nn.Module], latent: Tensor) -> Tensor:
    """Examples of noise (count, size + 1), each by the member that its last number says."""
    which = spoken_of(latent[:, -1], len(members))
    if torch.compiler.is_exporting():
        # A graph does the same for every noise: all members make each example, and one of these is taken.
        every = torch.stack([member(latent[:, :-1]) for member in members], 1)
        return every[torch.arange(latent.shape[0]), which]
    order = which.argsort(stable=True)
    parts = latent[order, :-1].split(which.bincount(minlength=len(members)).tolist())
    made = [member(part) for member, part in zip(members, parts, strict=True) if len(part)]
    return torch.cat(made)[order.argsort()]


def spoken_of(said: Tensor, members: int) -> Tensor:
    """The number of the member, int64 (count,), for numbers from -1 to 1."""
    return ((said + 1) / 2 * members).long().clamp(0, members - 1)


def saying(members: int, each: int) -> Tensor:
    """Numbers that say every member in turn, `each` times: (members * each,)."""
    middles = (torch.arange(members) + 0.5) / members * 2 - 1
    return middles.repeat_interleave(each)

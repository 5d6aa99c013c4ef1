"""Samples of networks' parameters from along their training."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class PosteriorSamples(nn.Module):
    """The newest samples of the parameters of some networks: where these move about a posterior, of that.

    Args:
        networks: what is sampled.
        count: how many samples of each are kept; the oldest goes.
    """

    begins_anew = True
    taken: Tensor

    def __init__(self, networks: nn.ModuleList, count: int) -> None:
        super().__init__()
        self.kept = nn.ModuleList(copy.deepcopy(networks).requires_grad_(False) for _ in range(count))
        self.register_buffer("taken", torch.zeros((), dtype=torch.int64))
        self.count = 0
        """The same as a number: how many networks there are must not depend on a tensor where they are
        traced."""
        self.register_load_state_dict_post_hook(_count_again)

    def take(self, networks: nn.ModuleList) -> None:
        """Keep the networks as they are now, with their running statistics."""
        if len(self.kept):
            self.kept[self.count % len(self.kept)].load_state_dict(networks.state_dict())
            self.taken += 1
            self.count += 1

    def networks(self) -> list[nn.Module]:
        """All that have been taken and are still kept."""
        samples = list(self.kept)[: self.count]
        return [network for sample in samples for network in sample.children()]


def _count_again(samples: PosteriorSamples, missing: object) -> None:
    """Know how many samples were loaded."""
    samples.count = int(samples.taken)

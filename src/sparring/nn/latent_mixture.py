"""Noise of several clusters, whose centres are learnt (DeLiGAN)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LatentMixture(nn.Module):
    """Gaussian noise as that of a mixture, whose centres are learnt (Gurumurthy et al. 2017,
    arXiv:1706.02071, equation 6).

    A continuous generator of connected noise joins its modes by bridges, and what lies on them is of no mode.
    Between clusters there is no noise, so that only clusters that are torn between modes have a bridge.

    Into which cluster noise falls is where its first dimension stands in the distribution function; where it
    stands within the cluster's part of that takes its place, with the same mean and variance. So the same
    noise always makes the same example, and no more of it is drawn.

    The paper learns the spreads too, and has a term that keeps them from vanishing. Left to the game alone
    most vanish, so that modes become a few points each, and those of torn clusters grow: here they are fixed.

    The centres begin spread over a cube, with mean 0 and variance 1, by a sequence that leaves no gaps (Sobol
    1967): where they were drawn by chance, some modes would have none near.

    Args:
        clusters: how many.
        size: dimensions of the noise.
        spread: standard deviation of the noise of a cluster, where the centres begin with 1.
    """

    def __init__(self, clusters: int, size: int, spread: float) -> None:
        super().__init__()
        self.clusters = clusters
        self.spread = spread
        seed = int(torch.randint(2**31, ()))
        places = torch.quasirandom.SobolEngine(size, scramble=True, seed=seed).draw(clusters)
        self.centres = nn.Parameter(math.sqrt(12) * (places - 0.5))

    def forward(self, noise: Tensor) -> Tensor:
        """Noise of N(0, I), (count, size), as noise of the mixture."""
        place = self.clusters * (1 + torch.erf(noise[:, :1] / math.sqrt(2))) / 2
        cluster = place.floor().clamp(max=self.clusters - 1)
        within = math.sqrt(12) * (place - cluster - 0.5)
        own, index = torch.cat([within, noise[:, 1:]], 1), cluster.squeeze(1).long()
        return self.centres[index] + self.spread * own

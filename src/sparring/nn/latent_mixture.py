"""Noise of several clusters, whose centres are learnt (DeLiGAN)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

SMALLEST_DEVIATION = 1e-6
"""Of scores; where all are the same, no cluster is better than another."""


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

    Of each cluster there are as many samples, unless the shares are learnt: then a mode can have more samples
    without another cluster, and one that is torn between modes is needed by neither.

    Args:
        clusters: how many.
        size: dimensions of the noise.
        spread: standard deviation of the noise of a cluster, where the centres begin with 1.
        learn_shares: whether `shares_term` teaches how much of the noise falls into each.
    """

    def __init__(self, clusters: int, size: int, spread: float, learn_shares: bool = False) -> None:
        super().__init__()
        self.clusters = clusters
        self.spread = spread
        seed = int(torch.randint(2**31, ()))
        places = torch.quasirandom.SobolEngine(size, scramble=True, seed=seed).draw(clusters)
        self.centres = nn.Parameter(math.sqrt(12) * (places - 0.5))
        self.logits = nn.Parameter(torch.zeros(clusters)) if learn_shares else None

    def forward(self, noise: Tensor) -> Tensor:
        """Noise of N(0, I), (count, size), as noise of the mixture."""
        cluster, within = self.fallen(noise)
        own = torch.cat([math.sqrt(12) * (within - 0.5), noise[:, 1:]], 1)
        return self.centres[cluster.squeeze(1)] + self.spread * own

    def fallen(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Into which cluster noise falls, int64 (count, 1), and where in its part, from 0 to 1."""
        place = (1 + torch.erf(noise[:, :1] / math.sqrt(2))) / 2
        if self.logits is None:
            place = self.clusters * place
            cluster = place.floor().clamp(max=self.clusters - 1)
            return cluster.long(), place - cluster
        shares = self.logits.detach().softmax(0)
        ends = shares.cumsum(0)
        # Not by bisection, for which formats that models are exported to have no operator.
        cluster = (place >= ends[:-1]).sum(1, keepdim=True)
        return cluster, (1 - (ends[cluster] - place) / shares[cluster]).clamp(0, 1)

    def shares_term(self, noise: Tensor, scores: Tensor) -> dict[str, Tensor]:
        """What makes clusters larger whose samples score higher: minus the score times the log of the share,
        whose gradient is that of the expected score (Williams 1992). Nothing where no shares are learnt.

        Args:
            noise: (count, size), from which samples were made.
            scores: of the samples, in their order: (count,), or fewer where one is of several of them.
        """
        if self.logits is None:
            return {}
        scores = scores.detach().flatten()
        above = (scores - scores.mean()) / scores.std(correction=0).clamp_min(SMALLEST_DEVIATION)
        together = len(noise) // len(scores)
        cluster, _ = self.fallen(noise[: together * len(scores)])
        return {
            "shares": -(above.repeat_interleave(together) * self.logits.log_softmax(0)[cluster[:, 0]]).mean()
        }

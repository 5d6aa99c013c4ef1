"""The number of statistically different bins: do samples fall into clusters of the data in the same shares?

Richardson & Weiss 2018, "On GANs and GMMs", arXiv:1805.12462, section 2.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.evaluation.bootstrap import NORMAL_95, Estimate, of_counts
from sparring.evaluation.comparison import SUBSAMPLE, Comparison, Examples, Real
from sparring.evaluation.distances import as_column, blocks, nearest
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.randomness import Randomness

BINS = 100
ROUNDS = 10


def cluster(examples: Column, randomness: Randomness, bins: int = BINS, rounds: int = ROUNDS) -> Tensor:
    """Centres (bins, D) of k-means clusters of the vectors of examples, float32; Lloyd's algorithm.

    Args:
        examples: as many as there are bins, or more.
        randomness: picks the examples that are the first centres.
        bins: number of clusters.
        rounds: how often the centres move.
    """
    order = torch.randperm(len(examples), generator=randomness.generator)
    centres = examples[order[:bins]].vectors()
    for _ in range(rounds):
        assigned = assign(examples, centres)
        sums = torch.zeros_like(centres)
        for rows in blocks(len(examples), 8192):
            sums.index_add_(0, assigned[rows], examples[rows].vectors())
        counts = torch.bincount(assigned, minlength=len(centres)).unsqueeze(1)
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
    return centres


def assign(examples: Column, centres: Tensor) -> Tensor:
    """The bin of each of N examples, int64 (N,)."""
    return nearest(examples, as_column(centres))[1][:, 0]


def ndb(training_counts: Tensor, counts: Tensor, randomness: Randomness) -> Estimate:
    """Share (0 ... 1) of bins whose proportions differ by a two-proportion z-test at p < 0.05.

    Lower is better, down to about 0.05 where both are of the same distribution. The paper calls it NDB / K.
    Bins that are empty in both, as where few examples differ, do not count.

    Args:
        training_counts: training examples per bin (K,).
        counts: samples per bin (K,).
        randomness: source of the resamples.
    """

    filled = training_counts + counts > 0
    training_counts, counts = training_counts[filled], counts[filled]

    def share(histograms: Tensor) -> Tensor:
        return different(training_counts.double(), histograms).double().mean(-1)

    estimate = of_counts(share, counts, randomness)
    return Estimate(estimate.value, max(estimate.low, 0.0), min(estimate.high, 1.0), share=True)


def different(first: Tensor, second: Tensor) -> Tensor:
    """Which bins (..., K) of two histograms differ, by a two-sided test with pooled variance at p < 0.05."""
    first_total, second_total = first.sum(-1, keepdim=True), second.sum(-1, keepdim=True)
    pooled = (first + second) / (first_total + second_total)
    error = (pooled * (1 - pooled) * (1 / first_total + 1 / second_total)).sqrt()
    return (first / first_total - second / second_total).abs() > NORMAL_95 * error


def _centres(real: Real) -> Tensor:
    examples = real.training.subsample(2 * SUBSAMPLE, real.randomness).values
    return cluster(examples, real.randomness.child("bins"), min(BINS, len(examples) // 10))


def _counts(examples: Examples, real: Real) -> Tensor:
    """Examples in each bin (bins,)."""
    centres = real.once(_centres)
    return torch.bincount(assign(examples.values, centres), minlength=len(centres))


def _training_counts(real: Real) -> Tensor:
    return _counts(real.training, real)


def _ndb(comparison: Comparison, randomness: Randomness) -> Estimate:
    real = comparison.real
    return ndb(real.once(_training_counts), _counts(comparison.sample, real), randomness)


NDB = Measurement(_ndb, "share of bins of wrong frequency; lower is better", reference=Reference.HELD_OUT)

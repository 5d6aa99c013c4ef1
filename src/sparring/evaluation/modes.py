"""How many of the known modes of a distribution are found, and how evenly: PacGAN's definitions.

Lin, Khetan, Fanti & Oh 2018, arXiv:1712.04086, section 4. Every sample belongs to a mode or, where it is not
good enough for any, to none, which is written as -1: garbage earns nothing.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sparring.data.dataset import Mixture
from sparring.evaluation.bootstrap import Estimate, of_counts, of_mean
from sparring.evaluation.distances import nearest
from sparring.randomness import Randomness

DEVIATIONS = 3.0
"""A point this many standard deviations from a mean, or nearer, is good."""

CONFIDENCE = 0.9
"""An image that a classifier gives a class with this probability, or a higher one, is good."""


def mixture_modes(points: Tensor, mixture: Mixture) -> Tensor:
    """The mode of each point, int64 (N,): the nearest mean, or -1 if beyond three standard deviations of it.

    Of true samples of a mixture in the plane, 1 - exp(-4.5) = 98.89 % are good.
    """
    distances, found = nearest(points.float(), mixture.means)
    return torch.where(distances[:, 0] < DEVIATIONS * mixture.deviation, found[:, 0], -1)


def confident_modes(classes: Tensor, confidence: Tensor, threshold: float = CONFIDENCE) -> Tensor:
    """The class of each image, int64 (N,), where its probability reaches the threshold, else -1."""
    return torch.where(confidence >= threshold, classes, -1)


def histogram(modes: Tensor, count: int) -> Tensor:
    """Good samples per mode, int64 (count,)."""
    return torch.bincount(modes[modes >= 0], minlength=count)


def modes_found(counts: Tensor, randomness: Randomness) -> Estimate:
    """Number of modes with at least one good sample, of a histogram (K,); higher is better, at most K."""
    estimate = of_counts(lambda counts: (counts > 0).double().sum(-1), counts, randomness)
    return Estimate(estimate.value, max(estimate.low, 0.0), min(estimate.high, float(len(counts))))


def high_quality_share(modes: Tensor, randomness: Randomness) -> Estimate:
    """Share (0 ... 1) of good samples among modes (N,); higher is better."""
    return of_mean(modes >= 0, randomness)


def reverse_kl(counts: Tensor, randomness: Randomness) -> Estimate:
    """KL(histogram || even) = log K - entropy of the histogram (K,) of good samples, in nats.

    Lower is better, from 0 to log K, which is also the answer where no sample is good. Even N true samples
    show about (K - 1) / 2N.
    """
    estimate = of_counts(divergence_from_even, counts, randomness)
    return Estimate(estimate.value, max(estimate.low, 0.0), estimate.high)


def divergence_from_even(counts: Tensor) -> Tensor:
    """log K - entropy, in nats, of histograms (..., K)."""
    shares = counts / counts.sum(-1, keepdim=True).clamp(min=1)
    return math.log(counts.shape[-1]) + torch.xlogy(shares, shares).sum(-1)


def class_balance(counts: Tensor, real_counts: Tensor, randomness: Randomness) -> Estimate:
    """1 - total variation between the class shares of samples (K,) and of real examples (K,).

    In 0 ... 1; 1 where the shares are the same.
    """
    real_shares = real_counts / real_counts.sum()

    def balance(histograms: Tensor) -> Tensor:
        shares = histograms / histograms.sum(-1, keepdim=True)
        return 1 - (shares - real_shares).abs().sum(-1) / 2

    estimate = of_counts(balance, counts, randomness)
    return Estimate(estimate.value, max(estimate.low, 0.0), min(estimate.high, 1.0))

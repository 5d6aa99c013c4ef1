"""Figures of the known modes of a distribution, by PacGAN's definitions.

Lin, Khetan, Fanti & Oh 2018, arXiv:1712.04086, section 4. The modes are those that the truth behind the data
knows, else the classes of a classifier. Every sample belongs to a mode or, where it is not good enough for
any, to none, which is written as -1: garbage earns nothing.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sparring.evaluation.bootstrap import Estimate, of_counts, of_mean
from sparring.evaluation.comparison import Comparison
from sparring.evaluation.features.extractor import CONFIDENCE
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.randomness import Randomness


def confident_modes(classes: Tensor, confidence: Tensor, threshold: float = CONFIDENCE) -> Tensor:
    """The class of each image, int64 (N,), where a classifier is sure of it, else -1."""
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


def _modes(comparison: Comparison) -> Tensor:
    """The mode of each sample, or -1."""
    truth = comparison.real.dataset.truth
    if truth.modes:
        return truth.mode_of(comparison.sample.values.values)
    return confident_modes(*comparison.sample.guesses)


def _counts(comparison: Comparison) -> Tensor:
    """Good samples per mode."""
    count = comparison.real.dataset.truth.modes or len(comparison.sample.extractor.class_names)
    return histogram(comparison.once(_modes), count)


def _has_modes(comparison: Comparison) -> bool:
    return comparison.real.dataset.truth.modes > 0 or comparison.knows_classes


MODES = Measurement(
    lambda comparison, randomness: modes_found(_counts(comparison), randomness),
    "modes found; higher is better",
    _has_modes,
    Reference.HELD_OUT,
)
HIGH_QUALITY_SHARE = Measurement(
    lambda comparison, randomness: high_quality_share(comparison.once(_modes), randomness),
    "share of samples good enough for a mode; higher is better",
    _has_modes,
    Reference.HELD_OUT,
)
REVERSE_KL = Measurement(
    lambda comparison, randomness: reverse_kl(_counts(comparison), randomness),
    "unevenness of the modes; lower is better",
    _has_modes,
    Reference.HELD_OUT,
)

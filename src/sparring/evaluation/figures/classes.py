"""Figures of the classes that a classifier sees in samples."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.evaluation.bootstrap import Estimate, of_counts, of_mean, of_statistic
from sparring.evaluation.comparison import Comparison, Examples
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.randomness import Randomness


def inception_score(scores: Tensor, randomness: Randomness | None = None, resamples: int = 0) -> Estimate:
    """exp(E KL(p(y|x) || p(y))) of a classifier's opinion; from 1 to the number of classes; higher is better.

    Salimans et al. 2016, arXiv:1606.03498, section 4, with a single split: splitting only adds bias, and the
    interval comes from resampling.

    Args:
        scores: class scores before the softmax, float32 (N, classes).
        randomness: source of the resamples; needed only where there are some.
        resamples: how often the samples are drawn anew for the interval.
    """
    probabilities = scores.double().softmax(1)
    entropies = -torch.xlogy(probabilities, probabilities).sum(1)

    def score(positions: Tensor) -> float:
        marginal = probabilities[positions].mean(0)
        information = -torch.xlogy(marginal, marginal).sum() - entropies[positions].mean()
        return information.exp().item()

    return of_statistic(score, len(scores), randomness or Randomness(0), resamples)


def class_balance(counts: Tensor, real_counts: Tensor, randomness: Randomness) -> Estimate:
    """1 - total variation between the class shares of samples (K,) and of real examples (K,).

    In 0 ... 1; 1 where the shares are the same.
    """
    real_shares = real_counts / real_counts.sum()

    def balance(histograms: Tensor) -> Tensor:
        shares = histograms / histograms.sum(-1, keepdim=True)
        return 1 - (shares - real_shares).abs().sum(-1) / 2

    estimate = of_counts(balance, counts, randomness)
    return Estimate(estimate.value, max(estimate.low, 0.0), min(estimate.high, 1.0), share=True)


def _counts(examples: Examples) -> Tensor:
    """How many examples the classifier puts into each class (K,)."""
    return torch.bincount(examples.guesses[0], minlength=len(examples.extractor.class_names))


def _is_classified(comparison: Comparison) -> bool:
    return bool(comparison.sample.extractor.class_names)


def _agreement(comparison: Comparison, randomness: Randomness) -> Estimate:
    return of_mean(comparison.sample.guesses[0] == comparison.sample.labels, randomness)


INCEPTION_SCORE = Measurement(
    lambda comparison, randomness: inception_score(
        comparison.sample.extractor.scores(comparison.sample.features), randomness, comparison.resamples
    ),
    "clear and varied classes; higher is better",
    _is_classified,
    Reference.HELD_OUT,
)
LABEL_AGREEMENT = Measurement(
    _agreement,
    "share of samples of the class asked for; higher is better",
    lambda comparison: comparison.knows_classes and comparison.classes > 0,
    Reference.HELD_OUT,
)
CLASS_BALANCE = Measurement(
    lambda comparison, randomness: class_balance(
        _counts(comparison.sample), _counts(comparison.real.held_out), randomness
    ),
    "1 where classes are as frequent as in the data",
    lambda comparison: comparison.knows_classes,
)

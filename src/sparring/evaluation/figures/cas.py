"""Classification accuracy score: is a classifier that saw only generated examples right about real ones?

Ravuri & Vinyals 2019, arXiv:1905.10887.
"""

from __future__ import annotations

from torch import Tensor

from sparring.data.kinds import Kind
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import SUBSAMPLE, Comparison
from sparring.evaluation.figures.measurement import Measurement
from sparring.evaluation.fitting import fit, guesses
from sparring.evaluation.networks import Classifier
from sparring.randomness import Randomness

EPOCHS = 4
NUMBERS = 5e7
"""Numbers, such as pixels, that the network sees in an epoch at the most: 4000 colour images of 64 pixels."""


def cas_error(
    network: Classifier,
    examples: Tensor,
    labels: Tensor,
    held_out: Tensor,
    held_out_labels: Tensor,
    randomness: Randomness,
) -> Estimate:
    """Error (0 ... 1) on held-out examples of a small network trained on the given ones; lower is better.

    The network is trained for seconds only: compare the error with that of real examples, not with a record.

    Args:
        network: not yet trained.
        examples: stored examples (N, ...), with `labels` (N,).
        labels: int64, below the network's number of classes.
        held_out: stored examples (M, ...), with `held_out_labels` (M,).
        held_out_labels: int64.
        randomness: source of the order, the augmentation and the resamples.
    """
    fit(network, examples, labels, randomness=randomness, epochs=EPOCHS)
    return of_mean(guesses(network, held_out) != held_out_labels, randomness)


def most_learnt(kind: Kind) -> int:
    """Examples of a kind that a small network learns from in seconds, at the most."""
    return min(SUBSAMPLE, int(NUMBERS / kind.vector_size))


def _network(comparison: Comparison, seed: int) -> Classifier | None:
    """A small network for the kind of the examples, where there is one."""
    return comparison.real.dataset.examples.kind.small_classifier(comparison.classes, seed)


def _applies(comparison: Comparison) -> bool:
    return comparison.classes > 0 and _network(comparison, 0) is not None


def _cas_error(comparison: Comparison, randomness: Randomness) -> Estimate:
    network = _network(comparison, randomness.seed)
    assert network is not None, "the figure applies only where there is one"
    sample = comparison.sample.subsample(
        most_learnt(comparison.sample.values.kind), comparison.real.randomness
    )
    held_out = comparison.real.held_out
    return cas_error(
        network, sample.values.values, sample.labels, held_out.values.values, held_out.labels, randomness
    )


CAS_ERROR = Measurement(
    _cas_error, "real examples misjudged by a network that saw samples; lower is better", _applies
)

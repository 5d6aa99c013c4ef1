"""Label preservation: is what was made of an image still of its class?

As Hoffman et al. 2018 (CyCADA, arXiv:1711.03213) ask of images that are translated into another domain.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from sparring.data.dataset import Dataset
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import SUBSAMPLE, Comparison
from sparring.evaluation.features import FeatureExtractor
from sparring.evaluation.figures.cas import EPOCHS, most_learnt
from sparring.evaluation.figures.fidelity import inputs_of
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.evaluation.fitting import BATCH_SIZE, fit, guesses
from sparring.randomness import Randomness

LEAST_STEPS = 100
"""Steps that a classifier learns at least: a few passes over few images would leave it knowing none."""
Judge = Callable[[Tensor], Tensor]
"""Gives the likeliest class of stored images, int64 (N,)."""


def labels_kept(
    sources: Dataset, targets: Dataset, unseen: Dataset | None, extractor: FeatureExtractor
) -> dict[str, Measurement]:
    """The share of samples of the class of what they were made of, the same of these as they are, and how far
    the classifier can be trusted; nothing where classes are unknown.

    Args:
        sources: what the samples were made of, in their order, with their classes.
        targets: images such as the samples should be, with their classes: a small classifier learns from them
            in seconds, where the extractor is none.
        unseen: others of these, that were not trained on.
        extractor: what figures look through.
    """
    kinds = sources.condition.kind, targets.condition.kind
    known = extractor.class_names == targets.class_names
    learns = targets.examples.kind.small_classifier(max(1, targets.spec.classes), 0) is not None
    if not targets.spec.classes or kinds[0] != kinds[1] or not (known or learns):
        return {}
    judge = cache(lambda: _extracted(extractor) if known else _trained(targets))

    def share(images: Tensor, labels: Tensor, randomness: Randomness) -> Estimate:
        return of_mean(judge()(images) == labels[: len(images)], randomness)

    def of_samples(comparison: Comparison, randomness: Randomness) -> Estimate:
        return share(comparison.sample.values.values, sources.condition.values, randomness)

    def of_inputs(comparison: Comparison, randomness: Randomness) -> Estimate:
        untouched = inputs_of(comparison.sample)
        assert untouched is not None, "the figure applies only where there are some"
        return share(untouched, sources.condition.values, randomness)

    figures = {
        "label kept": Measurement(
            of_samples, "share still of the class of their source; higher is better", reference=Reference.NONE
        ),
        "label kept of the input": Measurement(
            of_inputs,
            "the same of the source as it is",
            lambda comparison: inputs_of(comparison.sample, 1) is not None,
            Reference.NONE,
        ),
    }
    if unseen is not None:
        shown = unseen.evenly(SUBSAMPLE)
        figures["label of real targets"] = Measurement(
            lambda comparison, randomness: share(shown.examples.values, shown.condition.values, randomness),
            "share of unseen real ones whose class the classifier knows",
            reference=Reference.NONE,
        )
    return figures


def _extracted(extractor: FeatureExtractor) -> Judge:
    return lambda images: extractor.guesses(extractor.features(images))[0]


def _trained(targets: Dataset) -> Judge:
    """A small classifier that has learnt from real images, or as many as it can in seconds."""
    randomness, kind = Randomness(0).child("labels kept"), targets.examples.kind
    some = targets[torch.randperm(len(targets), generator=randomness.generator)[: most_learnt(kind)]]
    network = kind.small_classifier(targets.spec.classes, randomness.seed)
    assert network is not None, "asked before"
    epochs = max(EPOCHS, LEAST_STEPS // max(1, len(some) // BATCH_SIZE))
    fit(network, some.examples.values, some.condition.values, randomness=randomness, epochs=epochs)
    return lambda images: guesses(network, images)

"""What images are compared by unless told otherwise."""

from __future__ import annotations

import torch

from sparring.data.dataset import Dataset
from sparring.data.kinds import Kind
from sparring.evaluation.features.classifier import StackedFeatures
from sparring.evaluation.features.extractor import CONFIDENCE, FeatureExtractor
from sparring.evaluation.features.loading import shipped_digits
from sparring.evaluation.features.random_convolutions import RandomConvolutions
from sparring.randomness import Randomness

LOOKED_AT = 500
"""Real examples that the classifier is tried on, at the most."""
ENOUGH_RECOGNISED = 0.9
"""Share of real examples that the classifier must recognise. Of MNIST's digits it recognises 99 %, with noise
added 93 %, of digits in printed fonts 87 %; of letters that look like digits 77 %, of other letters up to
60 %, of clothes and of simple shapes 12 %, of emoji 3 %."""


def image_extractor(dataset: Dataset, kind: Kind, device: torch.device | str = "cpu") -> FeatureExtractor:
    """The shipped digits where their classifier recognises the real examples, else random convolutions.

    It is asked only about grey 28x28 images with the ten digits as classes or with no classes, and stacks of
    them whose classes are numbers such as `042`. The extractor's `why` says what was found.

    Args:
        dataset: the images with their classes.
        kind: their kind.
        device: where the extractor computes.
    """
    untrained = RandomConvolutions(kind.shape[0], device)
    classifier = _classifier(dataset, kind, device)
    if classifier is None:
        untrained.why = (
            "random convolutions put damage to any images in the right order, and the classifier that comes "
            "along is for grey digits of 28 x 28 pixels, with the classes 0 to 9 or without classes"
        )
        return untrained
    share = recognised(classifier, dataset)
    chosen = classifier if share >= ENOUGH_RECOGNISED else untrained
    chosen.why = (
        f"the classifier of digits recognises {share:.0%} of the real examples, and is used from "
        f"{ENOUGH_RECOGNISED:.0%} on"
    )
    return chosen


def _classifier(dataset: Dataset, kind: Kind, device: torch.device | str) -> FeatureExtractor | None:
    """The classifier of images of such a size, with such classes, if there is one."""
    digits = shipped_digits(device)
    stacked = StackedFeatures(digits)
    if kind.shape == digits.shape and dataset.class_names in ((), digits.class_names):
        return digits
    if kind.shape == stacked.shape and dataset.class_names == stacked.class_names:
        return stacked
    return None


def recognised(classifier: FeatureExtractor, dataset: Dataset) -> float:
    """Share (0 ... 1) of examples of which a classifier is sure, and right where the data names classes.

    Args:
        classifier: knows the classes of the data, where it has any.
        dataset: of which at most `LOOKED_AT` examples are looked at, chosen by chance.
    """
    tried = dataset[Randomness(0).permutation(len(dataset))[:LOOKED_AT]]
    classes, confidence = classifier.guesses(classifier.features(tried.examples.values))
    known = confidence >= CONFIDENCE
    if dataset.class_names:
        known &= classes == tried.condition.values
    return known.double().mean().item()

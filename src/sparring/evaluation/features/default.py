"""What images are compared by unless told otherwise."""

from __future__ import annotations

import torch

from sparring.data.dataset import Dataset
from sparring.data.kinds import Kind
from sparring.evaluation.features.classifier import StackedFeatures
from sparring.evaluation.features.extractor import FeatureExtractor
from sparring.evaluation.features.loading import shipped_digits
from sparring.evaluation.features.vectors import VectorFeatures


def image_extractor(dataset: Dataset, kind: Kind, device: torch.device | str = "cpu") -> FeatureExtractor:
    """The shipped digits where the data has digits or may have them, else the pixels.

    Digits are grey 28x28 images with the ten digits as classes or with no classes, and stacks of them whose
    classes are numbers such as `042`.

    Args:
        dataset: the images with their classes.
        kind: their kind.
        device: where the extractor computes.
    """
    digits = shipped_digits(device)
    if kind.shape == digits.shape and dataset.class_names in ((), digits.class_names):
        return digits
    if kind.shape == (3, *digits.shape[1:]):
        stacked = StackedFeatures(digits)
        if dataset.class_names == stacked.class_names:
            return stacked
    return VectorFeatures("pixels", kind)

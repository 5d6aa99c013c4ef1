"""What the figures look at instead of raw examples: feature extractors."""

from sparring.evaluation.features.classifier import ClassifierFeatures, StackedFeatures
from sparring.evaluation.features.default import image_extractor
from sparring.evaluation.features.extractor import FeatureExtractor, in_batches, weights_hash
from sparring.evaluation.features.loading import (
    load_classifier,
    load_extractor,
    shipped_digits,
    wanted_extractor,
)
from sparring.evaluation.features.modules import ModuleFeatures, OnnxFeatures
from sparring.evaluation.features.random_convolutions import RandomConvolutions
from sparring.evaluation.features.reader import ReaderFeatures
from sparring.evaluation.features.tokens import TokenFeatures
from sparring.evaluation.features.vectors import VectorFeatures

__all__ = [
    "ClassifierFeatures",
    "FeatureExtractor",
    "ModuleFeatures",
    "OnnxFeatures",
    "RandomConvolutions",
    "ReaderFeatures",
    "StackedFeatures",
    "TokenFeatures",
    "VectorFeatures",
    "image_extractor",
    "in_batches",
    "load_classifier",
    "load_extractor",
    "shipped_digits",
    "wanted_extractor",
    "weights_hash",
]

"""How far generated is from real: feature extractors, figures with intervals, and all of them at once."""

from sparring.evaluation.evaluate import Evaluation, Figure, evaluate_samples
from sparring.evaluation.features import FeatureExtractor, default_extractor, load_extractor

__all__ = [
    "Evaluation",
    "FeatureExtractor",
    "Figure",
    "default_extractor",
    "evaluate_samples",
    "load_extractor",
]

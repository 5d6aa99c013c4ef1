"""How far generated is from real."""

from sparring.evaluation.evaluate import evaluate_samples
from sparring.evaluation.features import FeatureExtractor, load_extractor
from sparring.evaluation.result import EstimatedFigure, Evaluation

__all__ = ["EstimatedFigure", "Evaluation", "FeatureExtractor", "evaluate_samples", "load_extractor"]

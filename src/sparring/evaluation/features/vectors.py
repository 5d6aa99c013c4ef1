"""Features of examples that are their own vectors: pixels, points."""

from __future__ import annotations

from torch import Tensor

from sparring.data.kinds import Kind
from sparring.evaluation.features.extractor import FeatureExtractor


class VectorFeatures(FeatureExtractor):
    """The vectors of a kind, such as pixels from 0 to 1 in a row; points pass unchanged.

    Args:
        name: what results are recorded under.
        kind: what the examples are.
    """

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self.kind = kind
        self.size = kind.vector_size

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        return self.kind.vectors(examples).cpu()

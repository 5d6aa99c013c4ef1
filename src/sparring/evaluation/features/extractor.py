"""What every feature extractor has in common.

A figure such as FID means nothing without the features it was computed on, so every extractor has a `name`
that ends in a hash of its weights; two evaluations are comparable only if these names are equal.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from sparring.errors import SettingError

BATCH = 500
"""Examples looked at in one go: bounds the memory, changes no figure."""
CONFIDENCE = 0.9
"""A classifier is sure of an example to which it gives a class with this probability, or a higher one."""


class FeatureExtractor(ABC):
    """Turns examples into feature vectors, which a classifier among them turns into class scores.

    It takes stored examples, such as bytes, wherever they are; what it gives is on the CPU.
    """

    name: str
    """What results are recorded under, such as `digits-3f2a91c0`."""
    size: int | None = None
    """Number of features D, where it is known before the first example is seen."""
    class_names: tuple[str, ...] = ()
    """The classes that `logits` scores, in order; empty where the extractor is no classifier."""
    accuracy: float | None = None
    """Share of held-out real examples that the classifier gets right, where known."""
    why: str = "what suits data of this kind"
    """Why examples are looked at through it, as `seen through NAME: ...` goes on."""

    @abstractmethod
    def features(self, examples: Tensor) -> Tensor:
        """Feature vectors, float32 (N, D), of stored examples (N, ...)."""

    def scores(self, features: Tensor) -> Tensor:
        """Class scores before the softmax, float32 (N, classes), of feature vectors (N, D)."""
        raise SettingError(f"The features '{self.name}' belong to no classifier: they give no class scores.")

    def guesses(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest class, int64 (N,), and its probability, float32 (N,), of feature vectors (N, D)."""
        confidence, classes = self.scores(features).softmax(1).max(1)
        return classes, confidence

    def logits(self, examples: Tensor) -> Tensor:
        """Class scores before the softmax, float32 (N, classes), of stored examples (N, ...)."""
        return self.scores(self.features(examples))

    def classes(self, examples: Tensor) -> Tensor:
        """The likeliest class of each of the stored examples (N, ...), int64 (N,)."""
        return self.guesses(self.features(examples))[0]


def in_batches(look: Callable[[Tensor], Tensor], examples: Tensor, size: int = BATCH) -> Tensor:
    """Apply `look` to `size` examples at a time, without gradients; the results are joined on the CPU."""
    with torch.no_grad():
        return torch.cat([look(batch).cpu() for batch in torch.split(examples, size)])


def weights_hash(state: Mapping[str, Tensor]) -> str:
    """Eight hexadecimal digits of the SHA-256 over the names, shapes and bytes of all tensors."""
    digest = hashlib.sha256()
    for key in sorted(state):
        tensor = state[key].detach().cpu().contiguous()
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:8]

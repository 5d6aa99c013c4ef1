"""Features of texts that a small recurrent network has, once it has learnt to read some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from sparring.evaluation.features.extractor import FeatureExtractor, in_batches, weights_hash
from sparring.nn.clipping import ClippedAdam
from sparring.nn.writer import Writer
from sparring.randomness import Randomness, seeded_initialisation

if TYPE_CHECKING:
    from sparring.data.kinds import Tokens

EMBEDDING_SIZE, HIDDEN_SIZE = 32, 64
STEPS, BATCH_SIZE = 200, 64
"""Of its training: seconds, in which it learns what is frequent, and next to what."""
LEARNING_RATE, LARGEST_GRADIENT = 1e-2, 5.0


class ReaderFeatures(FeatureExtractor):
    """What an LSTM that foretells the next token remembers of a text, the mean over its places.

    The same texts make the same network on the same machine with the same number of threads; elsewhere one
    that is as good, and another hash.

    Args:
        kind: what texts are.
        texts: to learn from, stored, int64 (count, length).
    """

    size = HIDDEN_SIZE

    def __init__(self, kind: Tokens, texts: Tensor) -> None:
        self.kind = kind
        with seeded_initialisation(0):
            self.network = Writer(len(kind.vocabulary), EMBEDDING_SIZE, HIDDEN_SIZE)
        optimizer = ClippedAdam(self.network.parameters(), LEARNING_RATE, LARGEST_GRADIENT)
        chance = Randomness(0).child("reader")
        for _ in range(STEPS):
            batch = texts[chance.integers(BATCH_SIZE, len(texts))]
            counted = kind.counted(batch).float()
            surprise, _ = self.network.surprise(batch, counted / counted.sum())
            optimizer.zero_grad()
            surprise.backward()
            optimizer.step()
        self.network.requires_grad_(False)
        self.name = f"reader-{weights_hash(self.network.state_dict())}"

    def features(self, examples: Tensor) -> Tensor:
        """Float32 (N, 64) of texts, int64 (N, length)."""
        return in_batches(self._look, examples.cpu())

    def _look(self, texts: Tensor) -> Tensor:
        # What is remembered once the last token has been read stands at no place of `read`.
        remembered = self.network.memory(self.network.embedding(texts))[0]
        counted = self.kind.counted(texts)[:, :, None].float()
        mean: Tensor = (remembered * counted).sum(1) / counted.sum(1)
        return mean

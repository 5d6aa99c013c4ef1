"""Features of sequences of tokens: how often tokens occur, alone as well as next to each other."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.evaluation.features.extractor import FeatureExtractor, in_batches, weights_hash
from sparring.randomness import Randomness

DIRECTIONS = 64
"""Features for single tokens, and as many for pairs."""
BATCH = 100
"""Sequences looked at in one go: each takes a few numbers per token and direction."""


class TokenFeatures(FeatureExtractor):
    """Frequencies of tokens, and of pairs of neighbouring tokens, seen from fixed random directions.

    A vocabulary of V tokens has V + V^2 frequencies, far too many for the covariances of a Frechet distance.
    So each token gets a random sign for each of 64 directions, and each pair the product of a sign of its
    first and of another sign of its second token, which makes the signs of any two pairs uncorrelated (Kar &
    Karnick 2012, arXiv:1201.6530). A feature is the sum of one direction's signs over the sequence, divided
    by the root of their number: inner products of features are in proportion, on average, to those of the
    counts of tokens or pairs, and the mean square is about 1 where nothing occurs twice.

    The single tokens see what is said, the pairs in which order. The signs depend on the size of the
    vocabulary alone, and the sums are exact: the same sequences have the same features everywhere.

    Args:
        vocabulary: number of tokens V.
        device: where to compute; results are always on the CPU.
    """

    size = 2 * DIRECTIONS

    def __init__(self, vocabulary: int, device: torch.device | str = "cpu") -> None:
        chance = Randomness(vocabulary).child("token features")
        signs = {
            part: chance.bernoulli(0.5, vocabulary, DIRECTIONS) * 2 - 1
            for part in ("token", "first", "second")
        }
        self.name = f"tokens-{weights_hash(signs)}"
        self.device = torch.device(device)
        self.token, self.first, self.second = (part.to(self.device) for part in signs.values())

    def features(self, examples: Tensor) -> Tensor:
        """Float32 (N, 128) of sequences, int64 (N, length): 64 for tokens, then 64 for pairs."""
        return in_batches(self._look, examples, BATCH)

    def _look(self, tokens: Tensor) -> Tensor:
        tokens = tokens.to(self.device)
        pairs = self.first[tokens[:, :-1]] * self.second[tokens[:, 1:]]
        return torch.cat([_scaled_sum(self.token[tokens]), _scaled_sum(pairs)], 1)


def _scaled_sum(signs: Tensor) -> Tensor:
    """Sums (N, D) over the signs (N, count, D), divided by the root of their count; 0 where there are
    none."""
    scaled: Tensor = signs.sum(1) / max(signs.shape[1], 1) ** 0.5
    return scaled

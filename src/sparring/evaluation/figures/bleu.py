"""BLEU: how much of what stands next to each other in a text also does so in others (Papineni et al. 2002).

The score is sacrebleu's, of each sample by itself, smoothed by its `floor` (Chen and Cherry 2014, method 1)
as in the papers on GANs of texts. The counts are made here: all samples have the same references, whose
n-grams would be counted anew for each.
"""

from __future__ import annotations

import importlib
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from sparring.data.truth import Axis
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import Comparison, Real
from sparring.evaluation.figures.measurement import Measurement
from sparring.evaluation.figures.ngrams import NGram, Text, among, is_sequential, ngrams, sequences
from sparring.randomness import Randomness

ORDERS = (2, 3, 4, 5)
ON_AXIS = 4
"""The order that a sweep is drawn for."""
LOOKED_AT = 500
"""Samples that are scored, and references of each, chosen at random: seconds, where all would be hours."""
SMOOTHING = {"smooth_method": "floor", "smooth_value": 0.1, "effective_order": True}


class References:
    """Texts that others are compared with.

    Args:
        texts: their tokens.
    """

    def __init__(self, texts: Sequence[Text]) -> None:
        self.lengths = Counter(map(len, texts))
        self.most: dict[NGram, list[int]] = defaultdict(lambda: [0, 0])
        """The largest and the second largest number of times that an n-gram occurs in one of them."""
        for text in texts:
            for gram, count in counted(text).items():
                self.most[gram] = sorted([*self.most[gram], count], reverse=True)[:2]

    def score(self, text: Text, order: int, own: bool = False) -> float:
        """BLEU of a text with n-grams of up to so many tokens, from 0 to 1.

        Args:
            text: its tokens.
            order: the longest n-grams that count.
            own: the text is one of the references, and is compared with the others.
        """
        counts, matched, total = counted(text), [0] * order, [0] * order
        for gram, count in counts.items():
            if len(gram) <= order:
                largest, second = self.most.get(gram, (0, 0))
                limit = second if own and count == largest else largest
                matched[len(gram) - 1] += min(count, limit)
                total[len(gram) - 1] += count
        lengths = self.lengths - Counter([len(text)]) if own else self.lengths
        nearest = min(lengths, key=lambda length: (abs(length - len(text)), length))
        bleu = _sacrebleu().compute_bleu(
            matched, total, len(text), nearest, max_ngram_order=order, **SMOOTHING
        )
        score: float = bleu.score / 100
        return score


def counted(text: Text) -> Counter[NGram]:
    """How often each n-gram that counts for any of the scores occurs in a text."""
    return Counter(gram for order in range(1, max(ORDERS) + 1) for gram in ngrams(text, order))


def bleu(texts: Sequence[Text], references: References, order: int) -> Tensor:
    """The score of each text, float64 (N,)."""
    return torch.tensor([references.score(text, order) for text in texts], dtype=torch.float64)


def self_bleu(texts: Sequence[Text], order: int) -> Tensor:
    """The score of each text with all others as references (Zhu et al. 2018, arXiv:1802.01886), (N,)."""
    references = References(texts)
    return torch.tensor([references.score(text, order, own=True) for text in texts], dtype=torch.float64)


def _sacrebleu() -> Any:
    """The class whose score it is."""
    return importlib.import_module("sacrebleu.metrics.bleu").BLEU


def _applies(comparison: Comparison) -> bool:
    if not is_sequential(comparison):
        return False
    if find_spec("sacrebleu") is None:
        warnings.warn(
            "BLEU is left out, which needs another package: pip install 'sparring[text]'", stacklevel=2
        )
        return False
    return True


def _texts(comparison: Comparison, most: int = LOOKED_AT) -> list[list[int]]:
    return sequences(comparison.sample.subsample(most, comparison.real.randomness))


def _references(real: Real) -> References:
    return References(sequences(real.held_out.subsample(LOOKED_AT, real.randomness)))


def _bleu(order: int) -> Measurement:
    def measure(comparison: Comparison, randomness: Randomness) -> Estimate:
        return of_mean(bleu(_texts(comparison), comparison.real.once(_references), order), randomness)

    about = f"n-grams of up to {order} that other real texts have, too; higher is better"
    return Measurement(measure, about, _applies, axis=Axis.QUALITY if order == ON_AXIS else None)


def _self_bleu(order: int) -> Measurement:
    def measure(comparison: Comparison, randomness: Randomness) -> Estimate:
        return of_mean(self_bleu(_texts(comparison, among(comparison, LOOKED_AT)), order), randomness)

    about = f"n-grams of up to {order} that other samples have, too; lower is more diverse"
    return Measurement(measure, about, _applies, axis=Axis.DIVERSITY if order == ON_AXIS else None)


BLEU = {f"bleu_{order}": _bleu(order) for order in ORDERS} | {
    f"self_bleu_{order}": _self_bleu(order) for order in ORDERS
}
"""Measurements by the names of their figures."""

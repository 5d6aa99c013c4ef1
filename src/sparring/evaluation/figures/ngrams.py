"""Figures of what stands next to each other in texts: how much of it is new, and how much is repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import Comparison, Examples, Real
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.randomness import Randomness

Text = Sequence[int]
NGram = tuple[int, ...]
ORDER = 4
"""Tokens of the n-grams that are looked at: fewer are common property, more are nearly always new."""
SOME = 0.05
"""The share of the different texts that have to be unique where copies of these are counted."""
GROUP = 500
"""Texts among which different n-grams are counted; the share falls as there are more."""


def ngrams(text: Text, order: int) -> Iterator[NGram]:
    """All sequences of so many tokens of a text, in order, those that occur twice among them."""
    return zip(*(text[first:] for first in range(order)), strict=False)


def novel(texts: Sequence[Text], known: set[NGram], order: int = ORDER) -> Tensor:
    """Share of the n-grams of each text that are not known, float64 (N',), of texts that have any."""
    found = [[gram not in known for gram in ngrams(text, order)] for text in texts]
    return torch.tensor([sum(new) / len(new) for new in found if new], dtype=torch.float64)


def distinct(texts: Sequence[Text], order: int = ORDER, group: int = GROUP) -> Tensor:
    """Different n-grams among so many texts as a share of all of them (Li et al. 2016, arXiv:1510.03055,
    section 5.3), float64, as each text alone would have it: the mean over the texts of a group is its share,
    and their deviation that of such a ratio.

    Each n-gram that occurs k times counts 1 / k wherever it does. Texts that fill no group are left out,
    unless there are none else.
    """
    shares: list[float] = []
    for first in range(0, max(1, len(texts) - group + 1), group):
        found = [list(ngrams(text, order)) for text in texts[first : first + group]]
        counts = Counter(gram for grams in found for gram in grams)
        total = max(1, counts.total())
        share = len(counts) / total
        beyond = [sum(1 / counts[gram] - share for gram in grams) for grams in found]
        shares += [share + len(found) / total * each for each in beyond]
    return torch.tensor(shares, dtype=torch.float64)


def repeated(texts: Sequence[Text]) -> Tensor:
    """1 / the times that each text occurs, float64 (N,): their mean is the share of different texts."""
    counts = Counter(map(tuple, texts))
    return torch.tensor([1 / counts[tuple(text)] for text in texts], dtype=torch.float64)


def copied(texts: Sequence[Text], known: set[NGram]) -> Tensor:
    """Whether each text is one that is known, bool (N,)."""
    return torch.tensor([tuple(text) in known for text in texts])


def sequences(examples: Examples) -> list[list[int]]:
    """The tokens of each example."""
    return examples.values.kind.sequences(examples.values.values)


def is_sequential(comparison: Comparison) -> bool:
    """Whether examples are sequences of tokens."""
    return comparison.real.dataset.examples.kind.sequential


def has_ngrams(comparison: Comparison) -> bool:
    """Whether examples are sequences of tokens, of which some real ones are long enough to have n-grams."""
    return is_sequential(comparison) and comparison.real.once(_longest) >= ORDER


def _longest(real: Real) -> int:
    return max(map(len, sequences(real.held_out)))


def among(comparison: Comparison, most: int) -> int:
    """Among how many texts, at the most, it is counted what these share: no more than there are training
    texts, whose figure stands beside it, since texts share more the more they are."""
    return min(most, len(comparison.real.training))


def _different_texts(comparison: Comparison, randomness: Randomness) -> Estimate:
    count = among(comparison, len(comparison.sample))
    return of_mean(
        repeated(sequences(comparison.sample.subsample(count, comparison.real.randomness))), randomness
    )


def _trained_on(real: Real) -> list[list[int]]:
    """All texts that were trained on, also where half of them stand for those that were not."""
    column = real.dataset.examples
    return column.kind.sequences(column.values)


def unique_texts(examples: Column) -> set[NGram]:
    """The texts that occur only once, of those of which every token is known, since others may be different
    texts: to make what occurs again and again is no copying."""
    kind = examples.kind
    texts = kind.sequences(examples.values[kind.known(examples.values)])
    return {text for text, count in Counter(map(tuple, texts)).items() if count == 1}


def _unique_texts(real: Real) -> set[NGram]:
    return unique_texts(real.dataset.examples)


def _different_count(real: Real) -> int:
    return len(set(map(tuple, _trained_on(real))))


def _has_unique_texts(comparison: Comparison) -> bool:
    """Whether some of the different texts occur only once; where all are there twice, copies of what is
    unique say nothing."""
    real = comparison.real
    return len(real.once(_unique_texts)) >= SOME * real.once(_different_count)


def _known_ngrams(real: Real) -> set[NGram]:
    return {gram for text in _trained_on(real) for gram in ngrams(text, ORDER)}


def _mean(numbers: Tensor, randomness: Randomness) -> Estimate:
    """Their mean; 0 of none, such as of texts that are too short to have n-grams."""
    return of_mean(numbers if len(numbers) else torch.zeros(1), randomness)


COPIED = Measurement(
    lambda comparison, randomness: of_mean(
        copied(sequences(comparison.sample), comparison.real.once(_unique_texts)), randomness
    ),
    "share of samples that are training texts, of those that occur only once; lower is better",
    lambda comparison: (
        comparison.real.trained_on and is_sequential(comparison) and _has_unique_texts(comparison)
    ),
    Reference.UNSEEN,
)
DISTINCT_TEXTS = Measurement(
    _different_texts,
    "different texts as a share of all; higher is better, as the data has it",
    is_sequential,
)
NOVEL_NGRAMS = Measurement(
    lambda comparison, randomness: _mean(
        novel(sequences(comparison.sample), comparison.real.once(_known_ngrams)), randomness
    ),
    f"share of sequences of {ORDER} tokens that training texts lack; as the data has it",
    lambda comparison: comparison.real.trained_on and has_ngrams(comparison),
    Reference.UNSEEN,
)
DISTINCT_NGRAMS = Measurement(
    lambda comparison, randomness: of_mean(
        distinct(sequences(comparison.sample), group=among(comparison, GROUP)), randomness
    ),
    f"different sequences of {ORDER} tokens among up to {GROUP} texts as a share of all; as the data has it",
    has_ngrams,
)

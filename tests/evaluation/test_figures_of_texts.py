"""Figures of texts against known answers: BLEU against sacrebleu and by hand, n-grams by counting."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence

import pytest
import sacrebleu
import torch

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Tokens
from sparring.data.kinds.tokens import END, MARKS, UNKNOWN
from sparring.errors import SettingError
from sparring.evaluation.evaluate import evaluate_samples
from sparring.evaluation.features import ReaderFeatures
from sparring.evaluation.figures.bleu import References, bleu, self_bleu
from sparring.evaluation.figures.ngrams import copied, distinct, novel, repeated

KIND = Tokens((9,), (*MARKS, *"abcdefgh"), "", ends=True)


def some_texts(count: int, seed: int) -> list[list[int]]:
    chance = random.Random(seed)
    return [[chance.randrange(5) for _ in range(chance.randrange(1, 12))] for _ in range(count)]


def words(text: Sequence[int]) -> str:
    return " ".join(f"w{token}" for token in text)


def by_sacrebleu(text: Sequence[int], others: Sequence[Sequence[int]]) -> float:
    """With n-grams of up to four tokens."""
    made = sacrebleu.sentence_bleu(
        words(text), list(map(words, others)), smooth_method="floor", smooth_value=0.1, tokenize="none"
    )
    return made.score / 100


def test_bleu_is_sacrebleus() -> None:
    samples, others = some_texts(60, 0), some_texts(30, 1)
    expected = [by_sacrebleu(text, others) for text in samples]
    assert bleu(samples, References(others), 4).tolist() == pytest.approx(expected)
    assert len(set(expected)) > 30


def test_self_bleu_leaves_each_text_out() -> None:
    texts = some_texts(40, 2)
    expected = [by_sacrebleu(text, texts[:place] + texts[place + 1 :]) for place, text in enumerate(texts)]
    assert self_bleu(texts, 4).tolist() == pytest.approx(expected)


def test_bleu_by_hand() -> None:
    """Of `a b c`: all three tokens and one of two pairs are in the references; one that is as long."""
    references = References([[1, 2, 7], [3, 9, 9]])
    assert bleu([[1, 2, 3]], references, 2).item() == pytest.approx(math.sqrt(1 * 1 / 2))
    # No triple: a tenth of a match in one.
    assert bleu([[1, 2, 3]], references, 3).item() == pytest.approx((1 / 2 * 0.1) ** (1 / 3))
    # Two thirds as long as the references.
    assert bleu([[1, 2]], references, 2).item() == pytest.approx(math.exp(1 - 3 / 2))
    assert bleu([[], [8, 8, 8]], references, 2).tolist() == [0.0, 0.0]


def test_what_is_written_twice_has_a_self_bleu_of_one() -> None:
    assert self_bleu([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [6, 6, 6, 6, 6]], 5).tolist() == pytest.approx(
        [1.0, 1.0, 0.0]
    )


def test_new_pairs_are_counted_in_each_text() -> None:
    known = {(1, 2), (2, 3)}
    assert novel([[1, 2, 3], [1, 2, 4], [5], [4, 5, 6, 4]], known, order=2).tolist() == [0.0, 0.5, 1.0]


def test_different_pairs_are_counted_in_each_group() -> None:
    texts = [[1, 2, 1, 2], [1, 2], [3, 4], [3, 4], [7, 8]]
    # Of four pairs (1, 2) is three, and of two pairs (3, 4) both.
    assert distinct(texts, order=2, group=2).tolist() == pytest.approx([7 / 12, 5 / 12, 1 / 2, 1 / 2])
    assert distinct([[1, 2], [3, 4, 5]], order=2).tolist() == [1, 1], "however long"
    assert distinct(texts, order=2, group=10).mean().item() == pytest.approx(4 / 7)
    assert distinct([[1]], order=2, group=10).tolist() == [0.0]


def test_different_and_copied_texts() -> None:
    texts = [[1, 2], [1, 2], [3], [1, 2], [4, 4]]
    assert repeated(texts).mean().item() == pytest.approx(3 / 5)
    assert copied(texts, {(3,), (1, 2, 3)}).tolist() == [False, False, True, False, False]


def written(count: int, seed: int, letters: int = 8) -> Column:
    """Alphabets that begin anywhere, of up to eight letters."""
    chance = torch.Generator().manual_seed(seed)
    begin = torch.randint(0, letters, (count, 1), generator=chance)
    tokens = 3 + (begin + torch.arange(9)) % letters
    tokens[torch.arange(count), torch.randint(4, 9, (count,), generator=chance)] = END
    return Column(KIND, KIND.decode(tokens))


@pytest.fixture(scope="module")
def alphabets() -> Dataset:
    return Dataset("alphabets", written(400, 0), held_out=Dataset("alphabets", written(200, 1)))


def test_true_texts_and_others_are_told_apart(alphabets: Dataset) -> None:
    """Beside samples that are written in the same way stand real ones; then letters in any order, and one
    text over and over."""
    names = ["fed", "bleu_2", "bleu_5", "self_bleu_3", "novel_ngrams", "distinct_ngrams"]
    true = evaluate_samples(Dataset("true", written(200, 2)), alphabets, figures=names).figures
    assert true["bleu_5"].value == true["bleu_5"].reference == pytest.approx(1.0, abs=0.01)
    for name, figure in true.items():
        assert figure.low <= figure.value <= figure.high, name
        assert figure.value == pytest.approx(figure.reference, abs=0.1), name
    mixed = torch.randint(3, 11, (200, 9), generator=torch.Generator().manual_seed(3))
    others = evaluate_samples(
        Dataset("any", Column(KIND, KIND.decode(mixed))), alphabets, figures=names
    ).figures
    assert others["bleu_2"].high < true["bleu_2"].low
    assert others["novel_ngrams"].value > 0.9 > true["novel_ngrams"].value == 0.0
    assert others["fed"].low > 10 * true["fed"].high
    one = written(1, 2)[torch.zeros(200, dtype=torch.int64)]
    same = evaluate_samples(Dataset("one", one), alphabets, figures=[*names, "distinct_texts"]).figures
    assert same["self_bleu_3"].value == pytest.approx(1.0)
    assert same["distinct_texts"].value == pytest.approx(1 / 200)
    assert same["distinct_ngrams"].value < 0.01
    assert same["fed"].low > true["fed"].high


def test_samples_of_another_vocabulary_are_compared_by_what_they_say(alphabets: Dataset) -> None:
    """The same texts, whose letters have other numbers; one letter is known to neither."""
    vocabulary = (*MARKS, "z", *reversed(KIND.vocabulary[3:]))
    other = Tokens(KIND.shape, vocabulary, "", ends=True)
    texts = written(100, 2).values
    numbers = other.renumbered(KIND, texts)
    assert other.texts(numbers) == KIND.texts(texts)
    names = ["bleu_2", "novel_ngrams"]
    same, mapped = (
        evaluate_samples(Dataset("samples", column), alphabets, figures=names).figures
        for column in (Column(KIND, texts), Column(other, numbers))
    )
    assert mapped == same
    unknown = KIND.renumbered(other, torch.tensor([[3, 4, END]]))
    assert unknown.tolist() == [[UNKNOWN, len(KIND.vocabulary) - 1, END]]


def test_texts_are_no_more_alike_for_being_more() -> None:
    """As many samples as one likes of the very distribution of a few texts share as much as these."""

    def letters(count: int, seed: int) -> Column:
        tokens = torch.randint(3, 11, (count, 9), generator=torch.Generator().manual_seed(seed))
        return Column(KIND, KIND.decode(tokens))

    few = Dataset("few", letters(60, 0), held_out=Dataset("few", letters(60, 1)))
    names = ["self_bleu_3", "distinct_ngrams"]
    found = evaluate_samples(Dataset("many", letters(600, 2)), few, figures=names).figures
    for name in names:
        assert found[name].value == pytest.approx(found[name].reference, abs=0.03), name


def test_texts_too_short_for_ngrams_have_no_figure_of_them() -> None:
    kind = Tokens((3,), (*MARKS, *"abcdefgh"), "")
    column = Column(kind, torch.randint(3, 11, (80, 3), generator=torch.Generator().manual_seed(0)))
    for name in ("novel_ngrams", "distinct_ngrams"):
        with pytest.raises(SettingError, match=name):
            evaluate_samples(Dataset("short", column[:40]), Dataset("short", column), figures=[name])


def test_a_reader_of_the_same_texts_is_the_same(alphabets: Dataset) -> None:
    texts = alphabets.examples.values
    first, again = (ReaderFeatures(KIND, texts[:100]) for _ in range(2))
    other = ReaderFeatures(KIND, texts[100:200])
    assert first.name == again.name != other.name
    padded = written(50, 4).values
    assert torch.equal(first.features(padded), again.features(padded))
    # What stands behind the end is not looked at.
    behind = torch.where(KIND.counted(padded), padded, 7)
    assert torch.equal(first.features(padded), first.features(behind))


def test_without_sacrebleu_the_rest_is_measured(alphabets: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    monkeypatch.setattr("sparring.evaluation.figures.bleu.find_spec", lambda name: None)
    with pytest.warns(UserWarning, match=r"BLEU is left out.*pip install 'sparring\[text\]'"):
        found = evaluate_samples(Dataset("true", written(100, 2)), alphabets)
    assert "novel_ngrams" in found.figures
    assert not any("bleu" in name for name in found.figures)


def test_all_that_was_trained_on_is_known_where_nothing_is_held_out() -> None:
    """Also the half that stands for real texts which were not."""
    tokens = torch.randint(3, 11, (80, 9), generator=torch.Generator().manual_seed(0))
    data = Dataset("texts", Column(KIND, KIND.decode(tokens)))
    found = evaluate_samples(data, data, figures=["copied", "novel_ngrams"]).figures
    assert (found["copied"].value, found["novel_ngrams"].value) == (1.0, 0.0)


def test_what_many_write_alike_is_not_memorised(alphabets: Dataset) -> None:
    """`copied` tells of texts that occur once, of which there are none here."""
    figures = evaluate_samples(alphabets[:200], alphabets).figures
    assert not {"copied", "memorised"} & figures.keys()


def test_copies_of_what_is_unique_say_nothing_where_all_is_there_twice() -> None:
    tokens = torch.randint(3, 11, (80, 9), generator=torch.Generator().manual_seed(0))
    once = Column(KIND, KIND.decode(tokens))
    twice = Dataset("twice", Column(KIND, once.values.repeat(2, 1)))
    assert "copied" not in evaluate_samples(Dataset("samples", once), twice).figures
    mostly = Dataset("mostly", Column(KIND, torch.cat([once.values, once.values[:30]])))
    assert evaluate_samples(Dataset("samples", once), mostly).figures["copied"].value == pytest.approx(
        50 / 80
    )


def test_a_text_with_an_unknown_token_is_no_copy() -> None:
    tokens = torch.randint(3, 11, (80, 9), generator=torch.Generator().manual_seed(0))
    tokens[:20, 4] = UNKNOWN
    data = Dataset("texts", Column(KIND, KIND.decode(tokens)))
    assert evaluate_samples(data, data, figures=["copied"]).figures["copied"].value == pytest.approx(60 / 80)

"""Tokens from end to end, with figures that a truth or a game brings beside those of the table."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from sparring.data import Column, Dataset, Truth
from sparring.data.kinds import Classes, Tokens
from sparring.data.truth import Figure
from sparring.errors import DataError, SettingError
from sparring.evaluation import EstimatedFigure, Evaluation, evaluate_samples
from sparring.evaluation.figures import FIGURES
from sparring.evaluation.figures.own import of_game
from sparring.randomness import Randomness

LENGTH, LETTERS, STAY = 10, "abcde", 0.6
KIND = Tokens((LENGTH,), tuple(LETTERS), "")
SURPRISE = -(LENGTH - 1) * (STAY * math.log(STAY) + (1 - STAY) * math.log((1 - STAY) / (len(LETTERS) - 1)))
"""Entropy of what follows the first letter, in nats."""


class Chain(Truth):
    """Texts whose letters stay the same with a known probability, else change to any other."""

    def figures(self) -> Mapping[str, Figure]:
        return {"oracle NLL": Figure(self.surprise, "what the chain thinks of it; lower is better")}

    def surprise(self, texts: Tensor) -> Tensor:
        stays = texts[:, 1:] == texts[:, :-1]
        return -torch.where(stays, STAY, (1 - STAY) / (len(LETTERS) - 1)).double().log().sum(1)

    def draw(self, count: int, seed: int) -> Column:
        random = Randomness(seed)
        texts = [random.integers(count, len(LETTERS))]
        while len(texts) < LENGTH:
            other = texts[-1] + 1 + random.integers(count, len(LETTERS) - 1)
            stays = random.bernoulli(STAY, count) > 0
            texts.append(torch.where(stays, texts[-1], other % len(LETTERS)))
        return Column(KIND, torch.stack(texts, 1))


CHAIN = Chain()


@pytest.fixture(scope="module")
def texts() -> Dataset:
    return Dataset("texts", CHAIN.draw(2000, 0), held_out=Dataset("texts", CHAIN.draw(1000, 1)), truth=CHAIN)


@pytest.fixture(scope="module")
def true(texts: Dataset) -> Evaluation:
    return evaluate_samples(Dataset("true", CHAIN.draw(1000, 2)), texts)


def any_texts(count: int) -> Dataset:
    values = Randomness(3).integers(count * LENGTH, len(LETTERS)).view(count, LENGTH)
    return Dataset("any", Column(KIND, values))


def test_texts_get_what_means_something_of_texts(true: Evaluation) -> None:
    images_only = {
        "inception_score",
        "label_agreement",
        "class_balance",
        "one_nn_error",
        "cas_error",
        "support",
        "fid_of_input",
        "memorised",
    }
    modes_only = {"modes", "high_quality_share", "reverse_kl"}
    assert list(true.figures) == [
        name for name in [*FIGURES, "oracle NLL"] if name not in images_only | modes_only
    ]
    assert true.extractor.startswith("tokens-")
    assert Evaluation.from_json(true.to_json()) == true


def test_true_texts_are_as_good_as_real_ones(true: Evaluation) -> None:
    for name in ("fid", "precision", "recall", "density", "coverage", "ndb"):
        figure = true.figures[name]
        assert figure.reference is not None
        assert figure.value == pytest.approx(figure.reference, rel=0.5, abs=0.1), (name, figure)


def test_figures_see_that_letters_no_longer_stay(true: Evaluation, texts: Dataset) -> None:
    found = evaluate_samples(any_texts(1000), texts, figures=["fid", "kid", "oracle NLL", "ndb"])
    for name, figure in found.figures.items():
        assert figure.low > true.figures[name].high, (name, figure, true.figures[name])


def test_a_figure_of_the_truth_has_its_closed_form_and_a_reference(true: Evaluation) -> None:
    figure = true.figures["oracle NLL"]
    assert figure.low < SURPRISE < figure.high
    assert figure.reference == pytest.approx(SURPRISE, rel=0.02)
    assert true.about["oracle NLL"] == "what the chain thinks of it; lower is better"


def test_the_reference_is_of_held_out_texts(texts: Dataset) -> None:
    assert texts.held_out is not None
    figures = evaluate_samples(any_texts(1000), texts, figures=["oracle NLL"]).figures
    expected = CHAIN.surprise(texts.held_out.examples.values).mean().item()
    assert figures["oracle NLL"].reference == pytest.approx(expected, rel=1e-12)


def test_texts_of_classes_lack_only_a_network(texts: Dataset) -> None:
    def told(column: Column) -> Column:
        return Column(Classes(tuple(LETTERS)), column.values[:, 0])

    held_out = Dataset("texts", CHAIN.draw(500, 1), told(CHAIN.draw(500, 1)))
    dataset = Dataset("texts", texts.examples, told(texts.examples), held_out)
    found = evaluate_samples(held_out, dataset, figures=["one_nn_error"]).figures
    assert found["one_nn_error"].value < 0.3
    with pytest.raises(SettingError, match="does not apply"):
        evaluate_samples(held_out, dataset, figures=["cas_error"])


def test_a_figure_of_a_game_is_a_mean_without_reference(texts: Dataset) -> None:
    wrong = torch.arange(1000) % 4 == 0
    own = of_game(
        {"test error": wrong.double()}, {"test error": Figure(lambda batch: wrong, "lower is better")}
    )
    found = evaluate_samples(any_texts(200), texts, own=own, figures=["test error"])
    figure = found.figures["test error"]
    assert (figure.value, figure.reference) == (0.25, None)
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * (0.25 * 0.75 / 1000) ** 0.5, rel=0.2)
    assert found.about == {"test error": "lower is better"}
    assert Evaluation.from_json(found.to_json()) == found


def test_own_figures_stand_beside_all_others(texts: Dataset) -> None:
    own = of_game({"PSNR": torch.ones(5)}, {"PSNR": Figure(lambda batch: batch, "higher is better")})
    found = evaluate_samples(any_texts(100), texts, own=own)
    assert {"fid", "oracle NLL", "PSNR"} <= found.figures.keys()
    assert found.figures["PSNR"] == EstimatedFigure(1, 1, 1, None)


def test_what_was_not_measured_is_not_reported() -> None:
    """A game whose data holds nothing out has figures, but no numbers."""
    assert of_game({}, {"PSNR": Figure(lambda batch: batch, "higher is better")}) == {}


@pytest.mark.parametrize("name", ["fid", "oracle NLL"])
def test_two_figures_of_one_name_are_refused(texts: Dataset, name: str) -> None:
    own = of_game({name: torch.ones(5)}, {name: Figure(lambda batch: batch, "")})
    with pytest.raises(SettingError, match=f"'{name}'.*another name"):
        evaluate_samples(any_texts(100), texts, own=own)


def test_a_figure_that_is_no_number_is_refused_by_its_name(texts: Dataset) -> None:
    numbers = torch.tensor([1.0, math.inf, math.nan, 2.0])
    own = of_game({"PSNR": numbers}, {"PSNR": Figure(lambda batch: batch, "")})
    with pytest.raises(DataError, match="'PSNR' is not a finite number for 2 of 4"):
        evaluate_samples(any_texts(100), texts, own=own, figures=["PSNR"])


def test_tokens_that_the_vocabulary_lacks_are_refused(texts: Dataset) -> None:
    samples = Dataset("any", Column(KIND, torch.full((50, LENGTH), len(LETTERS))))
    with pytest.raises(DataError, match="tokens from 5 to 5"):
        evaluate_samples(samples, texts)

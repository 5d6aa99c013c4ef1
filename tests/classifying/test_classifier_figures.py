"""Errors and calibration against hand-made probabilities."""

import pytest
import torch

from sparring.classifying.classifier import Classified, halves
from sparring.classifying.figures import calibration_error, calibration_error_by_chance, error
from sparring.classifying.tables import ClassTables
from sparring.data.kinds import Classes
from sparring.errors import RunError
from sparring.evaluation.result import Evaluation
from sparring.randomness import Randomness

KIND = Classes(("cat", "dog"))


def said(certainty: float, count: int) -> Classified:
    return Classified(KIND, torch.tensor([[certainty, 1 - certainty]]).repeat(count, 1))


def test_the_error_is_the_share_of_wrong_classes() -> None:
    classes = torch.tensor([0] * 75 + [1] * 25)
    found = error(said(0.9, 100), classes, Randomness(0))
    assert found.value == pytest.approx(0.25)
    assert 0.1 < found.low < 0.25 < found.high < 0.4


@pytest.mark.parametrize(("certainty", "off"), [(0.75, 0.0), (0.95, 0.2)])
def test_certainty_is_held_against_how_often_it_is_right(certainty: float, off: float) -> None:
    classes = torch.tensor([0] * 75 + [1] * 25)
    found = calibration_error(said(certainty, 100), classes, Randomness(0))
    assert found.value == pytest.approx(off, abs=1e-6)


def test_halves_have_as_many_of_each_class_whatever_the_order() -> None:
    classes = torch.arange(40) % 4
    for order in (classes, classes.sort().values, classes.flip(0)):
        fitted, unseen = halves(order)
        assert torch.bincount(order[fitted]).tolist() == torch.bincount(order[unseen]).tolist() == [5] * 4
        assert sorted([*fitted.tolist(), *unseen.tolist()]) == list(range(40))


@pytest.mark.parametrize("count", [30, 3000])
def test_an_exact_certainty_has_the_calibration_error_of_chance(count: int) -> None:
    random = torch.Generator().manual_seed(0)
    kind = Classes(tuple("abcdefghij"))
    inside = 0
    for seed in range(20):
        exact = Classified(kind, torch.randn(count, 10, generator=random).mul_(2).softmax(1))
        classes = torch.multinomial(exact.probabilities, 1, generator=random)[:, 0]
        chance = calibration_error_by_chance(exact, Randomness(seed))
        found = calibration_error(exact, classes, Randomness(seed)).value
        inside += chance.low <= found <= chance.high
        assert chance.low < chance.value < chance.high
    assert inside >= 16
    # One that is too sure of itself is not.
    sure = Classified(kind, exact.probabilities.pow(4) / exact.probabilities.pow(4).sum(1, keepdim=True))
    assert calibration_error(sure, classes, Randomness(0)).value > (
        calibration_error_by_chance(sure, Randomness(0)).high
    )


def test_confusions_stand_in_the_row_of_what_is() -> None:
    found = ClassTables.of(said(0.9, 5), torch.tensor([0, 0, 0, 1, 1]))
    assert found.confusion == [[3, 0], [2, 0]]
    assert found.confusion_rows() == [("cat", "3", ""), ("dog", "2", "")]


def test_certainty_stands_in_bands_beside_the_share_that_is_right() -> None:
    sure = torch.tensor([[0.95, 0.05], [0.05, 0.95], [0.97, 0.03], [0.6, 0.4]])
    found = ClassTables.of(Classified(KIND, sure), torch.tensor([0, 1, 1, 0]))
    assert [band.cells() for band in found.calibration] == [
        ("60% – 70%", "1", "60.0%", "100.0%"),
        ("90% – 100%", "3", "95.7%", "66.7%"),
    ]


def test_tables_of_an_evaluation_come_back_as_they_were_written() -> None:
    found = ClassTables.of(said(0.9, 5), torch.tensor([0, 0, 0, 1, 1]), torch.tensor([1, 3]))
    assert sum(band.count for band in found.calibration) == 2
    evaluation = Evaluation("pixels", "data", 5, {}, classes=found)
    assert Evaluation.from_json(evaluation.to_json()) == evaluation
    with pytest.raises(RunError, match=r"not those of 1 class\b"):
        Evaluation.from_json(evaluation.to_json().replace('"cat",', ""))

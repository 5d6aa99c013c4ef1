"""Errors and calibration against hand-made probabilities."""

import pytest
import torch

from sparring.classifying.classifier import Classified
from sparring.classifying.figures import calibration_error, error
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
    found = ClassTables.of(said(0.9, 5), torch.tensor([0, 0, 0, 1, 1]), slice(1, None, 2))
    assert sum(band.count for band in found.calibration) == 2
    evaluation = Evaluation("pixels", "data", 5, {}, classes=found)
    assert Evaluation.from_json(evaluation.to_json()) == evaluation
    with pytest.raises(RunError, match=r"not those of 1 class\b"):
        Evaluation.from_json(evaluation.to_json().replace('"cat",', ""))

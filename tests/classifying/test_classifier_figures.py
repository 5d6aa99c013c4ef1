"""Errors and calibration against hand-made probabilities."""

import pytest
import torch

from sparring.classifying.classifier import Classified
from sparring.classifying.figures import calibration_error, confusion_table, error
from sparring.data.kinds import Classes
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
    table = confusion_table(said(0.9, 5), torch.tensor([0, 0, 0, 1, 1]))
    assert table is not None
    assert [list(column.cells) for column in table.columns] == [["cat", "dog"], ["3", "2"], ["", ""]]

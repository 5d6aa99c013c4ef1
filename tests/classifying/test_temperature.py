"""The temperature that makes probabilities right, where it is known."""

import math

import pytest
import torch
from torch.nn import functional as F

from sparring.classifying.temperature import fitted_temperature


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_logits_that_are_too_large_by_a_factor_are_divided_by_it(temperature: float) -> None:
    random = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(40_000, 4, generator=random)
    classes = torch.multinomial(logits.softmax(1), 1, generator=random)[:, 0]
    assert fitted_temperature(temperature * logits, classes) == pytest.approx(temperature, rel=0.03)


def test_no_other_temperature_is_likelier() -> None:
    random = torch.Generator().manual_seed(1)
    logits = torch.randn(20_000, 3, generator=random).double()
    classes = torch.multinomial((0.3 * logits).softmax(1), 1, generator=random)[:, 0]
    found = fitted_temperature(logits, classes)
    surprise = F.cross_entropy(logits / found, classes)
    assert all(F.cross_entropy(logits / (found * by), classes) > surprise for by in (0.9, 1.1))


def test_a_few_that_are_all_right_make_nothing_certain() -> None:
    """Three of three, and one for all: 3/4 + 1/12 = 5/6 for the right class, e^(1/T) / (e^(1/T) + 2)."""
    assert fitted_temperature(torch.eye(3), torch.arange(3)) == pytest.approx(1 / math.log(10))

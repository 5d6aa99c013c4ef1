"""The test error is told of the end of a run, and of the epoch that validation chooses."""

from __future__ import annotations

from typing import Any

from sparring.reporting.validation import at_the_best_validation


def epoch(number: int, validation: float | None, test: float) -> dict[str, Any]:
    named = {"figure/validation error": validation, "figure/test error": test, "critic/loss": 1.0}
    return {"kind": "epoch", "step": 10 * number, "epoch": float(number)} | named


def test_the_first_least_validation_error_chooses_whatever_the_test_error() -> None:
    rows = [epoch(1, 0.5, 0.4), epoch(2, 0.1, 0.3), epoch(3, 0.1, 0.2), epoch(4, 0.2, 0.25)]
    said = at_the_best_validation([*rows, {"kind": "steps", "step": 40, "epoch": 4.0}])
    assert said == (
        "test error 0.25 at the end (epoch 4) and 0.3 where the validation error was least (epoch 2, 0.1)."
    )


def test_without_validation_there_is_nothing_to_say() -> None:
    assert at_the_best_validation([{"kind": "epoch", "epoch": 1.0, "figure/test error": 0.1}]) is None
    assert at_the_best_validation([epoch(1, None, 0.1)]) is None

"""Too few examples: said before anything is computed, with how many it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sparring
from sparring.data import dataset_of
from sparring.errors import DataError, SparringError
from sparring.evaluation.enough import check_enough_real
from sparring.evaluation.runs import evaluate
from sparring.model import Model
from sparring.reporting.compare import compare
from sparring.reporting.report import report


def images(folder: Path, count: int) -> str:
    """The name of data that holds so many images."""
    path = folder / f"{count}.npz"
    np.savez(path, images=np.random.default_rng(count).integers(0, 256, (count, 8, 8), dtype=np.uint8))
    return f"npz:{path}"


def train(folder: Path, count: int, **options: Any) -> sparring.Run:
    given = {"batch_size": min(count, 10), "max_steps": 2, "out": folder / "run", "quiet": True} | options
    return sparring.train("gan", data=images(folder, count), hidden_size=4, **given)


@pytest.fixture
def nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def sample(*arguments: Any, **options: Any) -> None:
        raise AssertionError("samples were drawn")

    monkeypatch.setattr(Model, "sample", sample)


@pytest.mark.parametrize(
    ("count", "options", "said"),
    [
        (1, {}, "has one training example: .* add more"),
        (9, {"batch_size": 10}, "9 training examples, fewer than a batch of 10: use --batch-size 9 or less"),
        (39, {"evaluate": True}, "has 39 examples, with none held out; an evaluation needs 40"),
    ],
)
def test_training_does_not_begin(tmp_path: Path, count: int, options: dict[str, Any], said: str) -> None:
    with pytest.raises(SparringError, match=said):
        train(tmp_path, count, **options)
    assert not (tmp_path / "run").exists()
    with pytest.raises(SparringError, match=said):
        sparring.train_seeds(
            "gan", 2, **{"data": images(tmp_path, count), "batch_size": 1, "out": tmp_path / "run"} | options
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("nothing_is_drawn")
def test_a_run_of_few_examples_is_not_evaluated(tmp_path: Path) -> None:
    run = train(tmp_path, 30)
    with pytest.raises(DataError, match="has 30 examples, with none held out; an evaluation needs 40"):
        evaluate(run)
    with pytest.raises(DataError, match="has 39 examples"):
        evaluate(run, data=images(tmp_path, 39))
    with pytest.raises(DataError, match="needs at least 20 samples, not 19: give it more"):
        evaluate(run, count=19, data=images(tmp_path, 40))


def test_a_run_of_two_examples_can_be_reported_and_compared(tmp_path: Path) -> None:
    runs = [train(tmp_path, 2, out=tmp_path / name, max_steps=60) for name in ("one", "two")]
    assert "<html" in report(runs[0], out=tmp_path / "one.html").read_text()
    assert compare(runs, tmp_path / "both.html").entries


def test_a_file_of_few_samples_is_not_evaluated(tmp_path: Path) -> None:
    few, enough = (Path(images(tmp_path, count).removeprefix("npz:")) for count in (19, 40))
    with pytest.raises(DataError, match="not 19"):
        evaluate(few, data=f"npz:{enough}")
    with pytest.raises(DataError, match="has 19 examples"):
        evaluate(enough, data=f"npz:{few}")


@pytest.mark.parametrize(("count", "held_out"), [(20, 20), (40, None), (100, 20)])
def test_as_many_as_it_takes(count: int, held_out: int | None) -> None:
    def points(count: int) -> torch.Tensor:
        return torch.zeros(count, 2)

    aside = None if held_out is None else dataset_of("aside", points(held_out))
    check_enough_real(dataset_of("points", points(count), held_out=aside))
    fewer = None if held_out is None else dataset_of("aside", points(held_out - 1))
    mend = "another --hold-out, or compare" if held_out else "add examples to the data, or compare"
    with pytest.raises(DataError, match=f"an evaluation needs .*{mend} with other data"):
        check_enough_real(dataset_of("points", points(count if held_out else count - 1), held_out=fewer))

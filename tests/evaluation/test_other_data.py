"""Other data than a run's own: read as the run read its own, and not taken for what it was trained on."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import sparring
from sparring.data import load_dataset
from sparring.data.kinds import Images
from sparring.errors import DataError
from sparring.evaluation.kept import KIN
from sparring.evaluation.result import Evaluation
from sparring.evaluation.runs import _data_of
from sparring.reporting.compare import compare
from sparring.runs.folder import Run


@pytest.mark.parametrize(("stretch", "brightest"), [(False, 15), (True, 255)])
def test_it_is_stretched_where_the_run_s_was(tmp_path: Path, stretch: bool, brightest: int) -> None:
    images = np.random.default_rng(0).integers(0, 16, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "dark.npz", images=images)
    recorded: dict[str, Any] = {
        "name": "mnist",
        "size": None,
        "fingerprint": "",
        "stretch": stretch,
        "hold_out": 0.5,
        "spec": {"examples": Images((1, 8, 8)).description()},
    }
    run = cast(Run, SimpleNamespace(description={"data": recorded}))
    dataset, trained_on = _data_of(run, f"npz:{tmp_path / 'dark.npz'}")
    assert not trained_on
    assert dataset.examples.values.max() == brightest
    assert (len(dataset), dataset.held_out) == (40, None)


COPIES = {"memorised", "copied", "novel_ngrams"}
WORDS = "one two three four five six"


def _images(path: Path, seed: int, count: int = 120) -> str:
    images = np.random.default_rng(seed).integers(0, 256, (count, 8, 8), dtype=np.uint8)
    np.savez(path, images=images)
    return f"npz:{path}"


def _texts(path: Path, seed: int) -> str:
    chance = np.random.default_rng(seed)
    lines = [" ".join(chance.permutation(WORDS.split())) for _ in range(300)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"text:{path}"


def _trained(system: str, data: str, out: Path, **asked: Any) -> sparring.Run:
    return sparring.train(
        system, data=data, out=out, max_steps=3, batch_size=10, device="cpu", quiet=True, **asked
    )


@pytest.mark.parametrize("system", ["gan", "language-model"])
def test_no_copies_are_sought_in_what_was_not_trained_on(tmp_path: Path, system: str) -> None:
    """They would be called training examples, and those of the data that was trained on would go unseen."""
    make = _images if system == "gan" else _texts
    suffix = "npz" if system == "gan" else "txt"
    data = make(tmp_path / f"own.{suffix}", 0)
    asked = {"hold_out": 0.0} if system == "language-model" else {}
    run = _trained(system, data, tmp_path / "run", **asked)
    own = sparring.evaluate(run, 40, quiet=True)
    assert (own.trained_on, own.unseen) == (True, False)
    assert set(own.figures) & COPIES
    assert "Nothing was held out" in str(own.caution())
    other = sparring.evaluate(run, 40, data=make(tmp_path / f"other.{suffix}", 2), quiet=True)
    assert not set(other.figures) & COPIES
    assert not other.trained_on
    assert other.compared_with.endswith("which it was not trained on")
    assert "training examples of" not in other.table().title
    assert other.caution() == "Copies of training examples are not looked for: this is other data."
    assert Evaluation.from_json(other.to_json()) == other


def test_the_picture_of_the_nearest_is_not_of_other_data(tmp_path: Path) -> None:
    run = _trained("gan", _images(tmp_path / "own.npz", 0), tmp_path / "run")
    other = _images(tmp_path / "other.npz", 1)
    sparring.evaluate(run, 40, data=other, quiet=True)
    assert not (run.path / KIN).exists()
    sparring.evaluate(run, 40, quiet=True)
    seen = (run.path / KIN).read_bytes()
    sparring.evaluate(run, 60, data=other, quiet=True)
    assert (run.path / KIN).read_bytes() == seen


@pytest.mark.parametrize("hold_out", [None, 0.5])
def test_its_own_data_in_another_place_is_its_own(tmp_path: Path, hold_out: float | None) -> None:
    run = _trained("gan", _images(tmp_path / "own.npz", 0), tmp_path / "run", hold_out=hold_out)
    before = sparring.evaluate(run, 40, quiet=True)
    shutil.copy(tmp_path / "own.npz", tmp_path / "moved.npz")
    moved = sparring.evaluate(run, 40, data=f"npz:{tmp_path / 'moved.npz'}", quiet=True)
    assert moved.trained_on
    assert (moved.figures, moved.unseen, moved.contents) == (before.figures, before.unseen, before.contents)


def test_what_is_held_out_and_has_changed_is_noticed(tmp_path: Path) -> None:
    """It is no part of what was trained on, whose fingerprint stays."""
    chance = np.random.default_rng(0)
    parts = {name: chance.integers(0, 256, (60, 8, 8), dtype=np.uint8) for name in ("x_train", "x_test")}
    file = tmp_path / "own.npz"
    np.savez(file, **parts)
    runs = [_trained("gan", f"npz:{file}", tmp_path / f"run{seed}", seed=seed) for seed in (0, 1)]
    sparring.evaluate(runs[0], 40, quiet=True)
    np.savez(file, **(parts | {"x_test": parts["x_test"][::-1] // 2}))
    with pytest.warns(UserWarning, match="holds out has changed since .*run1 began: figures of before"):
        sparring.evaluate(runs[1], 40, quiet=True)
    assert any("on different examples of npz:" in note for note in compare(runs).notes)
    np.savez(file, **parts)
    sparring.evaluate(runs[1], 40, quiet=True)
    assert not any("on different examples" in note for note in compare(runs).notes)


def test_texts_of_other_tokens_have_changed(tmp_path: Path) -> None:
    """Tokens are numbered by how often they occur, so that their numbers stay where one is replaced."""
    chance, file = np.random.default_rng(0), tmp_path / "lines.txt"
    text = "\n".join("".join(chance.choice(list("aabbbcd"), 6)) for _ in range(300))
    file.write_text(text)
    run = sparring.train(
        "language-model", data=f"text:{file}", out=tmp_path / "run", max_steps=2, batch_size=4, quiet=True,
        health_every=0, threads=1,
    )  # fmt: skip
    fingerprint = load_dataset(f"text:{file}").fingerprint
    file.write_text(text.replace("b", "x"))
    assert load_dataset(f"text:{file}").fingerprint == fingerprint
    with pytest.raises(DataError, match=r"is not what .* was trained on"):
        sparring.resume(run, max_steps=3, quiet=True)
    with pytest.warns(UserWarning, match="has changed since"):
        sparring.evaluate(run, 40, quiet=True)

"""Data sets of one's own: functions in a file, and which of them a run may call."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

import sparring
from sparring.cli import main
from sparring.data import load_dataset, short_data_name
from sparring.errors import DataError, OwnCodeError, RunError, SettingError

FILE = """
import torch
from sparring.data import Column, Dataset
from sparring.data.kinds import Images, Points, Tokens

def points() -> Dataset:
    return Dataset("points", Column(Points((2,)), torch.arange(120.0).view(60, 2)))

def of_another_world() -> "Datasets":
    return points()

def forgotten():
    return points()

def more(count: int) -> Dataset:
    return points()

def nothing() -> Dataset:
    return None

def bytes_as_points() -> Dataset:
    return Dataset("points", Column(Points((2,)), torch.zeros(60, 2, dtype=torch.uint8)))

def unknown_words() -> Dataset:
    fine = Column(Tokens((3,), ("a", "b")), torch.ones(60, 3, dtype=torch.int64))
    return Dataset("texts", fine, held_out=Dataset("texts", Column(fine.kind, fine.values + 1)))

def too_few_conditions() -> Dataset:
    column = Column(Points((2,)), torch.zeros(60, 2))
    return Dataset("points", column, column[:50])

def not_a_number() -> Dataset:
    return Dataset("points", Column(Points((2,)), torch.tensor([[0.0, 1.0], [2.0, float("nan")]])))

def of_no_one() -> Dataset:
    return Dataset("points", Column(Points((2,)), torch.zeros(0, 2)))
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(FILE)
    return path


def test_a_function_gives_the_data(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    dataset = load_dataset("own.py:points")
    assert torch.equal(dataset.examples.values, torch.arange(120.0).view(60, 2))
    assert dataset.name == f"{own}:points"
    assert load_dataset(dataset.name).fingerprint == dataset.fingerprint
    assert short_data_name(dataset.name) == "points"
    assert short_data_name("npz:/somewhere/a.npz") == "npz"


def test_a_file_may_import_those_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the real command line, again where the run goes on, and each file those beside itself."""
    path = [*sys.path]
    for folder, start in (("one", 0.0), ("other", 7.0)):
        (tmp_path / folder / "parts").mkdir(parents=True)
        (tmp_path / folder / "beside_own.py").write_text(f"START = {start}")
        (tmp_path / folder / "parts" / "late.py").write_text("from beside_own import START")
        (tmp_path / folder / "own.py").write_text(
            FILE.replace("import torch", "import torch\nimport beside_own", 1).replace(
                "torch.arange(120.0)", "(torch.arange(120.0) + beside_own.START)"
            )
            + "\ndef late() -> Dataset:\n    from parts.late import START\n"
            "    assert START == beside_own.START\n    return points()\n"
        )
        dataset = load_dataset(f"{tmp_path / folder / 'own.py'}:late")
        assert dataset.examples.values[0, 0] == start
    monkeypatch.chdir(tmp_path)
    train = [
        "train",
        "dcgan",
        "--data",
        "one/own.py:points",
        "--batch-size",
        "10",
        "--device",
        "cpu",
        "--out",
        "run",
    ]
    main([*train, "--max-steps", "1", "--quiet"])
    main(["resume", "run", "--max-steps", "2", "--quiet"])
    assert sys.path == path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("point", r"no function 'point\(\) -> Dataset'. Did you mean 'points'\?"),
        ("forgotten", "no function"),
        ("of_another_world", "no function"),
        ("more", "no function"),
        ("torch", "no function"),
        ("nothing", "gives None: return a Dataset"),
        ("bytes_as_points", "are not points of 2 dimensions: they are torch.uint8"),
        ("unknown_words", "examples of the held-out part of unknown_words .*tokens from 2 to 2"),
        ("too_few_conditions", "60 examples and 50 conditions"),
        ("not_a_number", r"examples of not_a_number .* hold infinite numbers or NaN: leave those out"),
        ("of_no_one", "0 examples"),
    ],
)
def test_what_is_no_data_is_refused(own: Path, name: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        load_dataset(f"{own}:{name}")


def test_files_that_are_none(own: Path) -> None:
    with pytest.raises(SettingError, match="There is no file"):
        load_dataset(f"{own.parent / 'other.py'}:points")
    own.write_text("import nothing_that_there_is")
    with pytest.raises(OwnCodeError, match="cannot be imported"):
        load_dataset(f"{own}:points")


def test_a_size_is_refused(own: Path) -> None:
    with pytest.raises(DataError, match="takes no image size; leave that out"):
        load_dataset(f"{own}:points", size=8)


def test_a_run_calls_nothing_that_may_have_come_with_it(own: Path, tmp_path: Path) -> None:
    sketch = Path(__file__).parents[1] / "sketches" / "unrolled.py"
    run = sparring.train(
        f"{sketch}:Plane", data=f"{own}:points", out=tmp_path / "run", batch_size=10, max_steps=3, quiet=True
    )
    assert run.description["title"] == "plane-points"
    assert run.description["data"]["name"] == f"{own}:points"
    sparring.resume(run, max_steps=4, quiet=True)
    shutil.copy(own, run.path / "own.py")
    (tmp_path / "link.py").symlink_to(own)
    described = run.description
    for path in ("own.py", f"{run.path}/own.py", f"{tmp_path}/link.py", f"{own.parent}/run/../own.py"):
        described["data"]["name"] = f"{path}:points"
        (run.path / "run.json").write_text(json.dumps(described))
        for action in (sparring.evaluate, lambda run: sparring.resume(run, max_steps=5, quiet=True)):
            with pytest.raises(RunError, match=r"names its data as .* may have come with the run"):
                action(run)


def test_data_that_changed_is_noticed(own: Path, tmp_path: Path) -> None:
    sketch = Path(__file__).parents[1] / "sketches" / "unrolled.py"
    run = sparring.train(
        f"{sketch}:Plane", data=f"{own}:points", out=tmp_path / "run", batch_size=10, max_steps=3, quiet=True
    )
    own.write_text(FILE.replace("arange(120.0)", "arange(1.0, 121.0)"))
    with pytest.raises(DataError, match="what their numbers stand for, differ"):
        sparring.resume(run, max_steps=5, quiet=True)


def test_images_in_a_range_of_their_own_are_still_the_same(own: Path, tmp_path: Path) -> None:
    """A run says their shape, and not in which range they came."""
    own.write_text(
        FILE
        + """
def half() -> Dataset:
    pixels = torch.arange(60 * 64).view(60, 1, 8, 8).remainder(256).to(torch.uint8)
    return Dataset("half", Column(Images((1, 8, 8), (0.0, 1.0)), pixels))
"""
    )
    run = sparring.train(
        "gan", data=f"{own}:half", out=tmp_path / "run", batch_size=10, max_steps=2, quiet=True
    )
    sparring.resume(run, max_steps=3, quiet=True)
    assert run.status["step"] == 3

"""Examples kept aside: which, how many, and that a run never trains on them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import sparring
from sparring.cli import main
from sparring.data import Dataset, dataset_of, load_dataset
from sparring.data.holding_out import aside, hold_out, none_held_out
from sparring.errors import DataError
from sparring.runs.description import as_of_today
from sparring.runs.origins import recorded_dataset
from sparring.training.engine import Engine

RunHere = Callable[..., subprocess.CompletedProcess[str]]


def numbered(count: int, times: int = 1) -> Dataset:
    points = torch.arange(float(count)).repeat(times).unsqueeze(1)
    return dataset_of("npz:points", points, torch.arange(count * times) % 3, ("a", "b", "c"))


def numbers(dataset: Dataset | None) -> set[int]:
    assert dataset is not None
    return set(dataset.examples.values[:, 0].int().tolist())


def test_a_share_is_kept_aside_and_the_seed_decides_which() -> None:
    whole = numbered(300)
    parted, again, other = (hold_out(whole, 0.1, seed) for seed in (0, 0, 1))
    assert parted.held_out is not None
    assert (len(parted), len(parted.held_out)) == (270, 30)
    assert numbers(parted) | numbers(parted.held_out) == set(range(300))
    assert numbers(parted.held_out) == numbers(again.held_out) != numbers(other.held_out)
    assert (parted.held_out.condition.values == parted.held_out.examples.values[:, 0] % 3).all()
    assert parted.held_out.class_names == ("a", "b", "c")


def test_copies_stay_together() -> None:
    parted = hold_out(numbered(300, times=2), 0.1)
    assert parted.held_out is not None
    assert len(parted.held_out) == 60
    assert not numbers(parted) & numbers(parted.held_out)


@pytest.mark.parametrize(
    ("dataset", "share", "said"),
    [
        (numbered(300), 1.0, "give a share below 1"),
        (numbered(300), -0.1, "give a share below 1"),
        (hold_out(numbered(300), 0.1), 0.1, "30 held-out examples of its own"),
        (numbered(100), 0.1, r"keeps 10 of 100 .* Give from 0.2 to 0.8"),
        (numbered(100), 0.9, r"keeps 90 of 100 .* Give from 0.2 to 0.8"),
        (numbered(30), 0.5, "too small"),
        (
            Dataset("own", numbered(300).examples, parts={"others": numbered(300)}),
            0.1,
            r"parts that belong together \(others\)",
        ),
    ],
)
def test_what_cannot_be_parted_is_refused(dataset: Dataset, share: float, said: str) -> None:
    with pytest.raises(DataError, match=said):
        aside(share)(dataset)


def test_a_run_of_before_none_could_be_held_out_means_what_the_data_does_by_itself() -> None:
    before, today = ({"data": {"hold_out": 0.0, **more}} for more in ({}, {"hold_out_classes": None}))
    assert as_of_today(before)["data"] == {"hold_out": None}
    assert as_of_today(today)["data"] == {"hold_out": 0.0, "hold_out_classes": None}


@pytest.fixture
def images(tmp_path: Path) -> str:
    chance = np.random.default_rng(0)
    np.savez(tmp_path / "images.npz", images=chance.integers(0, 256, (100, 8, 8), dtype=np.uint8))
    return f"npz:{tmp_path / 'images.npz'}"


def test_a_run_trains_on_the_others_alone_and_is_evaluated_with_what_it_kept_aside(
    images: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[Dataset] = []
    make = Engine.__init__

    def watched(self: Engine, *args: object, **more: object) -> None:
        trained.append(args[2])  # type: ignore[arg-type]
        make(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "__init__", watched)
    out = str(tmp_path / "run")
    main(["train", "gan", "--data", images, "--hold-out", "0.3", "--hold-out-seed", "5", "--max-steps", "2",
          "--batch-size", "10", "--device", "cpu", "--quiet", "--out", out])  # fmt: skip
    main(["resume", out, "--max-steps", "4", "--quiet"])
    whole = load_dataset(images).examples.values
    for dataset in (*trained, recorded_dataset(sparring.Run.open(out))):
        assert dataset.held_out is not None
        seen, unseen = dataset.examples.values, dataset.held_out.examples.values
        assert (len(seen), len(unseen)) == (70, 30)
        assert len(torch.cat([seen, unseen]).unique(dim=0)) == len(whole)
        assert torch.equal(unseen, trained[0].held_out.examples.values)  # type: ignore[union-attr]
    assert len(trained) >= 2
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["data"]
    assert (recorded["hold_out"], recorded["hold_out_seed"]) == (0.3, 5)
    evaluation = sparring.evaluate(out, 50, device="cpu")
    assert evaluation.unseen
    assert evaluation.figures["memorised"].reference is not None


@pytest.mark.parametrize(
    ("count", "mend"),
    [
        (300, "--hold-out 0.1 keeps some aside"),
        (100, "--hold-out 0.2 keeps some aside"),
        (30, "30 different examples would be too few to be parted"),
    ],
)
def test_without_held_out_examples_it_is_said_which_figure_there_will_not_be(
    count: int, mend: str, tmp_path: Path, run_here: RunHere
) -> None:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (count, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "two.npz", images=pixels, labels=np.arange(count) % 2)
    words = ["--data", f"npz:{tmp_path / 'two.npz'}", "--max-steps", "1", "--batch-size", "10"]
    few = ["train", "improved-gan", *words, "--labelled", "10"]
    hint = f"Hint: Nothing is held out, so there will be no test error: {mend}."
    assert hint in run_here(*few, "--out", tmp_path / "few").stdout
    asked_for = run_here(*few, "--hold-out", "0", "--out", tmp_path / "asked for")
    without_figures = run_here("train", "gan", *words, "--out", tmp_path / "gan")
    for run in (asked_for, without_figures):
        assert run.returncode == 0
        assert "Nothing is held out" not in run.stdout


@pytest.mark.parametrize(
    ("function", "mend"),
    [
        ("repeated", "30 different examples would be too few to be parted"),
        ("in_parts", "give the data a `held_out` of its own"),
        ("plain", "--hold-out 0.1 keeps some aside"),
    ],
)
def test_what_is_advised_can_be_done(
    function: str, mend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        "import torch\n"
        "from dataclasses import replace\n"
        "from sparring.data import Dataset, dataset_of\n"
        "def points(count: int, times: int) -> Dataset:\n"
        "    examples = torch.arange(2.0 * count).view(count, 2).repeat(times, 1)\n"
        "    return dataset_of('points', examples, torch.arange(len(examples)) % 2, ('a', 'b'))\n"
        "def plain() -> Dataset: return points(300, 1)\n"
        "def repeated() -> Dataset: return points(30, 10)\n"
        "def in_parts() -> Dataset: return replace(plain(), parts={'more': plain()})\n"
    )
    words = ["improved-gan", "--labelled", "10", "--batch-size", "10", "--max-steps", "1", "--threads", "1"]
    main(["train", *words, "--data", f"{own}:{function}", "--out", str(tmp_path / "run")])
    hint = f"Hint: Nothing is held out, so there will be no test error: {mend}."
    assert hint in capsys.readouterr().out


def test_a_run_that_cannot_hold_out_is_refused_before_its_folder_is_made(
    images: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for data, share in ((images, "0.1"), ("mnist", "0.1"), (images, "1.5")):
        with pytest.raises(SystemExit) as ended:
            main(["train", "gan", "--data", data, "--hold-out", share, "--out", str(tmp_path / "run")])
        assert ended.value.code == 2
        assert "hold" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_with_none_held_out_those_without_a_label_in_the_test_split_are_there_too(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    labels = np.arange(20) % 2
    some = np.where(np.arange(10) < 4, -1, labels[10:])
    splits = {"x_train": images[:10], "y_train": labels[:10], "x_test": images[10:], "y_test": some}
    np.savez(tmp_path / "data.npz", **splits)
    joined = none_held_out(load_dataset(f"npz:{tmp_path / 'data.npz'}"))
    assert len(joined) == 16
    assert len(joined.parts["unlabelled"]) == 4

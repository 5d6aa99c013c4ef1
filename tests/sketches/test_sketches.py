"""The systems to come, as sketches: trained, resumed, sampled, evaluated by the ordinary command line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sparring.runs.folder import Run


def rows(run: Path, kind: str) -> list[dict[str, Any]]:
    return [row for row in Run(run).history() if row["kind"] == kind]


def test_is_small(sketch: Any) -> None:
    path, _, name = sketch.reference.partition(":")
    lines = Path(path).read_text().splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"class {name}("))
    assert 20 <= len([line for line in lines[begin:] if line.strip()]) <= 60


def test_phases_and_epochs_are_right(sketch: Any, whole: tuple[Path, str]) -> None:
    run = Run.open(whole[0])
    assert run.status["state"] == "finished"
    assert run.status["step"] == run.status["total_steps"] == sketch.steps
    assert run.status["epoch"] == sketch.epochs
    assert run.status["phase"] == list(sketch.phases)[-1]
    begun = {event["phase"]: event["step"] for event in run.events() if event["event"] == "phase"}
    assert begun == (
        {name: first for name, (first, *_) in sketch.phases.items()} if len(sketch.phases) > 1 else {}
    )
    ends = []
    for place, (first, steps, per_epoch) in enumerate(sketch.phases.values()):
        ends += range(first + per_epoch, first + steps + 1, per_epoch)
        if place < len(sketch.phases) - 1 and steps % per_epoch:
            ends.append(first + steps)
    epochs = rows(run.path, "epoch")
    assert [row["step"] for row in epochs] == ends
    assert [row["epoch"] for row in epochs] == [float(number + 1) for number in range(len(ends))]


def test_every_number_is_finite(sketch: Any, whole: tuple[Path, str]) -> None:
    history = Run(whole[0]).history()
    assert len(rows(whole[0], "steps")) == math.ceil(sketch.steps / 3)
    assert len(rows(whole[0], "health")) == sketch.steps
    for row in history:
        numbers = {name: value for name, value in row.items() if not isinstance(value, str)}
        assert all(value is not None and math.isfinite(value) for value in numbers.values()), row


def test_figures_stand_in_history_and_table(sketch: Any, whole: tuple[Path, str]) -> None:
    path, said = whole
    epochs = rows(path, "epoch")
    for figure in sketch.figures:
        assert all(math.isfinite(row[f"figure/{figure}"]) for row in epochs)
        assert said.count(figure) >= len(epochs)


IMPROVES = {"NLL": -1, "oracle NLL": -1, "test error": -1, "PSNR": 1, "bound": 1}
"""Figures that a few steps better, and in which direction."""


def test_figures_get_better(sketch: Any, whole: tuple[Path, str]) -> None:
    epochs = rows(whole[0], "epoch")
    for figure in IMPROVES.keys() & sketch.figures:
        first, last = (row[f"figure/{figure}"] for row in (epochs[0], epochs[-1]))
        assert IMPROVES[figure] * (last - first) > 0.05 * abs(first), figure


def test_health_has_nothing_to_say_of_a_critic_that_is_not_there(
    sketch: Any, whole: tuple[Path, str]
) -> None:
    path, said = whole
    assert rows(path, "finding") == []
    assert "Train again" not in said
    measured = rows(path, "health")[-1]
    assert "samples/diversity" in measured
    if not sketch.critics:
        assert "critic" not in set(Run(path).description["roles"].values())


def test_health_watches_a_game_without_a_critic_for_long(
    words: Callable[[Any, Path], list[str]],
    command: Callable[..., str],
    table: dict[str, Any],
    tmp_path: Path,
) -> None:
    """For more checks than any rule asks for."""
    command(*words(table["VAE"], tmp_path / "run"), "--max-steps", 150)
    assert len(rows(tmp_path / "run", "health")) == 150
    assert rows(tmp_path / "run", "finding") == []


def test_killed_in_every_phase_and_resumed_bit_for_bit(
    sketch: Any,
    whole: tuple[Path, str],
    words: Callable[[Any, Path], list[str]],
    run_until_killed: Callable[[int, list[str], Path], bool],
    tmp_path: Path,
) -> None:
    run, resume = tmp_path / "run", ["resume", str(tmp_path / "run"), "--device", "cpu", "--quiet"]
    arguments, log = words(sketch, run), tmp_path / "log"
    saved = []
    for first, steps, _ in sketch.phases.values():
        # In the middle of the phase, with steps behind it since the last checkpoint; and in its last step.
        for step in (first + steps // 2, first + steps - 1):
            assert run_until_killed(step, arguments, log)
            saved += Run(run).checkpoints.steps()
            arguments = resume
    assert len(set(saved)) > len(sketch.phases)
    assert not run_until_killed(-1, resume, log), "it should come to its end"
    ours, wanted = contents(run), contents(whole[0])
    assert ours.keys() == wanted.keys()
    assert [name for name in wanted if ours[name] != wanted[name]] == []


def contents(run: Path) -> dict[str, bytes]:
    """All that must be the same: networks, optimisers, history, pictures."""
    checkpoint = max((run / "checkpoints").glob("step-*"))
    files = [checkpoint / "networks.safetensors", checkpoint / "training.safetensors", run / "history.jsonl"]
    files += [*run.glob("samples.*"), *(run / "samples").iterdir()]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def test_is_sampled(
    sketch: Any, whole: tuple[Path, str], command: Callable[..., str], tmp_path: Path
) -> None:
    path, _ = whole
    assert (path / f"samples{sketch.suffix}").exists()
    shown, arrays = tmp_path / f"shown{sketch.suffix}", tmp_path / "arrays.npz"
    for out in (shown, arrays):
        assert f"Wrote 30 samples to {out}" in command(
            "sample", path, "--count", 30, "--out", out, "--device", "cpu"
        )
    with np.load(arrays) as stored:
        held = {name: (array.dtype, array.shape) for name, array in stored.items()}
    assert held == {
        "SeqGAN": {"tokens": (np.int64, (30, 6))},
        "CycleGAN": {"images": (np.uint8, (30, 8, 8, 3)), "sources": (np.uint8, (30, 8, 8, 3))},
        "SemiSupervised": {"images": (np.uint8, (30, 8, 8, 1))},
        "Restoration": {"images": (np.uint8, (30, 8, 8, 1)), "sources": (np.uint8, (30, 4, 4, 1))},
        "FrozenTeacher": {"images": (np.uint8, (30, 8, 8, 1)), "labels": (np.int64, (30,))},
        "VAE": {"images": (np.uint8, (30, 8, 8, 1))},
    }.get(sketch.system.partition(":")[2], {"points": (np.float32, (30, 2))})
    if sketch.suffix == ".txt":
        lines = shown.read_text().splitlines()
        assert len(lines) == 30
        assert all(len(line) == 6 and set(line) <= set("abcdefgh") for line in lines)
    else:
        with Image.open(shown) as picture:
            assert picture.format == "PNG"


def test_is_evaluated(sketch: Any, whole: tuple[Path, str], command: Callable[..., str]) -> None:
    figures = json.loads(command("evaluate", whole[0], "--count", 60, "--json", "--device", "cpu"))["figures"]
    assert {"fid", *sketch.figures} <= figures.keys()
    assert all(math.isfinite(figures[name]["value"]) for name in figures)
    last = rows(whole[0], "epoch")[-1:]
    for row in last if sketch.steps == (last or [{"step": 0}])[0]["step"] else []:
        for name in set(sketch.figures) - {"oracle NLL"}:
            assert figures[name]["value"] == pytest.approx(row[f"figure/{name}"], rel=0.05)


@pytest.mark.slow
def test_passes_the_checks_for_systems_of_ones_own(
    sketch: Any, command: Callable[..., str], data_of: Callable[[Any], str]
) -> None:
    own = ("--data", data_of(sketch)) if ".py:" in sketch.data else ()
    assert "0 wrong" in command("check", sketch.reference, *own)

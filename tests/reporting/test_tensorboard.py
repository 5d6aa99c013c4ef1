"""Runs as event files: what TensorBoard's own reader finds in them, again and again."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import sparring
from sparring.errors import RunError, SettingError
from sparring.runs.folder import Run
from sparring.runs.group import Group

FINDING = {"event": "finding", "step": 9, "finding": "mode collapse", "remedy": "lower `--generator-lr`"}


def read(folder: Path) -> Any:
    return EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0}).Reload()


def add_line(path: Path, row: Any) -> None:
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def test_history_pictures_and_findings_are_read_back(run: Path) -> None:
    add_line(run / "history.jsonl", {"kind": "health", "step": 9, "epoch": 1.5, "samples/diversity": 0.75})
    add_line(run / "events.jsonl", FINDING)
    add_line(run / "events.jsonl", {"event": "rolled back", "step": 12, "to": 6, "reason": "it diverged"})
    assert sparring.tensorboard([run]) == [run / "tensorboard"]
    events = read(run / "tensorboard")
    history = Run(run).history()
    for kind, prefix in (("steps", ""), ("epoch", "epoch/")):
        rows = [row for row in history if row["kind"] == kind]
        assert rows
        for column in (name for name in rows[0] if "/" in name):
            found = [(event.step, event.value) for event in events.Scalars(prefix + column)]
            assert found == [(row["step"], pytest.approx(row[column])) for row in rows], column
    diversity = [
        (event.step, event.value)
        for event in events.Scalars("health/samples/diversity")
        if math.isclose(event.value, 0.75)
    ]
    assert (9, 0.75) in diversity
    pictures = events.Images("samples")
    assert [picture.step for picture in pictures] == [6, 12, 18]
    files = sorted((run / "samples").glob("epoch-*.png"))
    assert [picture.encoded_image_string for picture in pictures] == [file.read_bytes() for file in files]
    (text,) = events.Tensors("findings/mode collapse/text_summary")
    assert (text.step, text.tensor_proto.string_val[0].decode()) == (9, "**try**: lower `--generator-lr`")
    (text,) = events.Tensors("findings/rolled back to step 6/text_summary")
    assert (text.step, text.tensor_proto.string_val[0].decode()) == (12, "**reason**: it diverged")


def test_a_repetition_replaces_what_was_written_and_nothing_else(run: Path) -> None:
    (folder,) = sparring.tensorboard([run])
    before = [event.step for event in read(folder).Scalars("generator/loss")]
    (first,) = folder.iterdir()
    other = folder / "events.out.tfevents.1.of.another"
    other.touch()
    add_line(run / "history.jsonl", {"kind": "steps", "step": 20, "generator/loss": 0.5})
    sparring.tensorboard([run])
    assert not first.exists()
    assert len(list(folder.iterdir())) == 2
    assert other.exists()
    assert [event.step for event in read(folder).Scalars("generator/loss")] == [*before, 20]
    assert sparring.resume(run).finished, "it does not stand in the run's way"


def test_a_common_folder_has_one_for_each_run(runs: dict[str, Path], run: Path, tmp_path: Path) -> None:
    logs = tmp_path / "new" / "logs"
    folders = sparring.tensorboard([runs["seed-0"], Run(runs["dcgan"])], logs)
    assert folders == [logs / "seed-0", logs / "dcgan"]
    assert "discriminator/accuracy" in read(folders[0]).Tags()["scalars"]
    assert "generator/loss" in read(folders[1]).Tags()["scalars"]
    assert not (runs["seed-0"] / "tensorboard").exists()
    elsewhere = shutil.copytree(run, tmp_path / "elsewhere" / "run")
    with pytest.raises(SettingError, match=r"Two of the runs would be written to .*run: give each another"):
        sparring.tensorboard([run, elsewhere], tmp_path / "clash")
    assert not (tmp_path / "clash").exists()


def test_seeds_of_a_group_lie_in_a_folder_of_its_name(runs: dict[str, Path], tmp_path: Path) -> None:
    Group.create(tmp_path / "group", "gan", "gan", {}, [0, 1])
    for seed in (0, 1):
        shutil.copytree(runs[f"seed-{seed}"], tmp_path / "group" / f"seed-{seed}")
    logs = tmp_path / "logs"
    folders = sparring.tensorboard([tmp_path / "group", runs["seed-0"]], logs)
    assert folders == [logs / "group" / "seed-0", logs / "group" / "seed-1", logs / "seed-0"]


def test_what_is_strange_in_a_run_is_left_out_or_shown_as_text(run: Path) -> None:
    odd = "../\x1b[2J\ud800"
    rows: list[Any] = [
        {"kind": odd, "step": 1, f"{odd}/a": 1.0, "b/null": None, "c/text": "x", "d/huge": 1e300},
        *({"kind": "steps", "step": step, "e/loss": 1.0} for step in (2**53, 3)),
    ]
    (run / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    events = [{"event": "finding", "step": 2, "finding": odd, odd: [odd]}, {"event": "finding"}, FINDING]
    (run / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    (run / "samples" / "epoch-0002.png").write_bytes(b"no picture")
    (folder,) = sparring.tensorboard([run])
    found = read(folder)
    shown = r"../\x1b[2J\ud800"
    assert set(found.Tags()["scalars"]) == {f"{shown}/{shown}/a", f"{shown}/d/huge", "e/loss"}
    assert [event.step for event in found.Scalars("e/loss")] == [2**53, 3]
    assert len(found.Images("samples")) == 2
    assert len(found.Tags()["tensors"]) == 2
    assert [path.parent for path in run.rglob("*tfevents*")] == [folder]


def test_runs_that_cannot_be_read_or_written(run: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run"):
        sparring.tensorboard([tmp_path])
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="Cannot write"):
        sparring.tensorboard([run], tmp_path / "file")


def test_the_command_line(
    run_here: Callable[..., subprocess.CompletedProcess[str]], runs: dict[str, Path], tmp_path: Path
) -> None:
    done = run_here("tensorboard", runs["seed-0"], runs["dcgan"], "--logdir", "my logs", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Wrote my logs/seed-0\nWrote my logs/dcgan\nTo look at it: tensorboard --logdir 'my logs'\n"
    )
    assert "generator/loss" in read(tmp_path / "my logs" / "seed-0").Tags()["scalars"]


def test_the_command_names_the_folder_that_has_all_runs(run: Path, run_here: Any, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "other")
    tmp_path = tmp_path.resolve()
    done = run_here("tensorboard", "run", cwd=tmp_path)
    assert done.stdout == f"Wrote run/tensorboard\nTo look at it: tensorboard --logdir {tmp_path / 'run'}\n"
    done = run_here("tensorboard", "run", tmp_path / "other", cwd=tmp_path)
    assert done.stdout.endswith(f"To look at it: tensorboard --logdir {tmp_path}\n")


def test_without_the_package_a_sentence_says_what_to_do(run: Path) -> None:
    script = (
        "import sys; sys.modules['tensorboard'] = None; from sparring.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "tensorboard", run], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "sparring: Event files need the package tensorboard, which is not installed: "
        "`pip install 'sparring[tensorboard]'` brings it.\n"
    )
    assert not (run / "tensorboard").exists()

"""Callbacks: what they are told, when, and that a run is the same with them, without, and after an error."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import sparring
from sparring.console import Console
from sparring.errors import Interrupted, OwnCodeError, SettingError
from sparring.processes import Processes
from sparring.training.callbacks import ON_STEP, Callbacks, Moment
from sparring.training.engine import Engine
from sparring.training.recording import Recording

Train = Callable[..., sparring.Run]


@pytest.fixture
def train(tiny_npz: Path, tmp_path: Path) -> Train:
    def run(name: str = "run", **options: Any) -> sparring.Run:
        usual = {"batch_size": 50, "epochs": 2, "history_every": 2, "threads": 1, "quiet": True}
        return sparring.train("gan", data=f"npz:{tiny_npz}", out=tmp_path / name, **usual | options)

    return run


def rows(run: sparring.Run, kind: str) -> list[dict[str, Any]]:
    return [row for row in run.history() if row["kind"] == kind]


def test_each_is_told_what_the_history_says(train: Train) -> None:
    told: list[tuple[str, Moment]] = []
    pictures: list[bool] = []

    def note(name: str) -> Callable[[Moment], None]:
        return lambda moment: (told.append((name, moment)), pictures.append(moment.samples is not None))  # type: ignore[func-returns-value]

    run = train(on_step=note("step"), on_epoch=note("epoch"), on_end=note("end"))
    assert [name for name, _ in told] == [*["step"] * 3, "epoch", *["step"] * 3, "epoch", "end"]
    for kind, name in (("steps", "step"), ("epoch", "epoch")):
        moments = [moment for each, moment in told if each == name]
        for row, moment in zip(rows(run, kind), moments, strict=True):
            assert {"kind": kind, "step": moment.step, "epoch": moment.epoch, **moment.values} == row
    assert {moment.total_steps for _, moment in told} == {12}
    assert pictures == [False, False, False, True, True, True, True, True, True]
    end = told[-1][1]
    assert end.run.path == run.path
    assert end.run.finished, "all of it is written"


def test_the_last_row_is_told_where_it_is_of_fewer_steps(train: Train) -> None:
    told: list[Moment] = []
    run = train(on_step=told.append, history_every=5)
    assert [moment.step for moment in told] == [row["step"] for row in rows(run, "steps")] == [5, 10, 12]
    assert told[-1].values["generator/loss"] == rows(run, "steps")[-1]["generator/loss"]


def test_a_run_is_the_same_with_and_without(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    exchanges: list[bool] = []
    monkeypatch.setattr(Processes, "any", lambda self, here: exchanges.append(here) or here)  # type: ignore[func-returns-value]
    with_callbacks = train("with", on_step=lambda moment: None, on_epoch=lambda moment: None)
    told = len(exchanges)
    without = train("without")
    assert told - (len(exchanges) - told) == 9, (
        "processes wait for one another after each, and for nothing else"
    )
    assert (with_callbacks.path / "history.jsonl").read_bytes() == (
        without.path / "history.jsonl"
    ).read_bytes()
    assert json.loads((with_callbacks.path / "run.json").read_text()) == without.description


@pytest.mark.parametrize("name", ["on_step", "on_epoch"])
def test_after_an_error_in_one_a_run_goes_on_as_if_there_had_been_none(name: str, train: Train) -> None:
    def fail(moment: Moment) -> None:
        if moment.epoch >= 1:
            raise ValueError("out of ink")

    with pytest.raises(
        OwnCodeError, match=rf"{name} raised ValueError at step \d+: out of ink\. The run"
    ) as told:
        train("failing", **{name: fail})
    assert isinstance(told.value.__cause__, ValueError)
    whole = train("whole")
    failing = sparring.Run.open(whole.path.parent / "failing")
    assert failing.status["state"] == "failed"
    steps: list[int] = []
    sparring.resume(failing, quiet=True, on_step=lambda moment: steps.append(moment.step))
    assert steps[-1] == 12
    assert (failing.path / "history.jsonl").read_bytes() == (whole.path / "history.jsonl").read_bytes()


def test_samples_of_a_run_that_saved_its_beginning_alone_come_with_a_warning(
    train: Train, tmp_path: Path
) -> None:
    def fail(moment: Moment) -> None:
        raise ValueError("out of ink")

    with pytest.raises(OwnCodeError):
        train(on_step=fail)
    with pytest.warns(UserWarning, match="run has saved its beginning alone: its networks have learnt"):
        sparring.sample(tmp_path / "run", 4)
    sparring.resume(tmp_path / "run", quiet=True)
    assert len(sparring.sample(tmp_path / "run", 4)) == 4


@pytest.mark.parametrize(("rank", "raised"), [(0, OwnCodeError), (1, Interrupted)])
def test_an_error_in_one_ends_all_processes(
    rank: int, raised: type[Exception], make_engine: Callable[..., Engine], tmp_path: Path
) -> None:
    told: list[bool] = []

    class Several(Processes):
        def any(self, here: bool) -> bool:
            told.append(here)
            return True  # The first has failed.

    def fail(moment: Moment) -> None:
        raise ValueError("out of ink")

    engine = make_engine("gan")
    engine.processes = Several(torch.device("cpu"), rank, 2)
    callbacks = Callbacks.named({ON_STEP: fail})
    console = Console(silent=True)
    recording = Recording(engine, sparring.Run(tmp_path), {"total_steps": 2}, console, callbacks)
    told.clear()
    with pytest.raises(raised):
        recording.tell(ON_STEP)
    assert told == [rank == 0]


def test_a_run_is_finished_whatever_is_called_then(train: Train) -> None:
    def fail(moment: Moment) -> None:
        raise ValueError("out of ink")

    with pytest.raises(OwnCodeError, match=r"on_end raised ValueError at step 12: .* The run is finished\."):
        train("failing", on_end=fail)
    run = sparring.Run.open(train("whole").path.parent / "failing")
    assert run.status["state"] == "finished"
    assert "failed" not in [event["event"] for event in run.events()]


def test_what_is_no_callback_is_refused_before_a_folder_is_made(train: Train, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="on_step is called with a moment of the run, and 7 cannot be"):
        train(on_step=7)
    assert not (tmp_path / "run").exists()
    with pytest.raises(SettingError, match=r"no callback 'on_epochs'.*on_epoch"):
        sparring.resume(train(), on_epochs=print)


class Library(types.SimpleNamespace):
    """A library for tracking: what wandb, trackio and swanlab share."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        super().__init__(
            init=lambda **options: self.calls.append(("init", options)),
            log=lambda values, step: self.calls.append(("log", values, step)),
            finish=lambda: self.calls.append(("finish",)),
            Image=lambda path: f"image of {Path(path).name}",
        )


def test_a_tracker_passes_on_numbers_and_pictures(train: Train) -> None:
    library = Library()
    run = train(**sparring.Tracker(library, project="digits").callbacks)
    assert [name for name, *_ in library.calls] == ["init", *["log"] * 8, "finish"]
    begun = library.calls[0][1]
    assert (begun["project"], begun["name"], begun["config"]["system"]) == ("digits", "run", "gan")
    _, values, step = library.calls[1]
    first = rows(run, "steps")[0]
    assert (step, values["generator/loss"], values["epoch"]) == (2, first["generator/loss"], first["epoch"])
    _, values, step = library.calls[4]
    assert (step, values["samples"]) == (6, "image of samples.png")
    assert values["epoch/generator/loss"] == rows(run, "epoch")[0]["generator/loss"]


def test_a_module_that_cannot_track_is_refused() -> None:
    with pytest.raises(SettingError, match="json has no init and no log and no finish"):
        sparring.Tracker(json)

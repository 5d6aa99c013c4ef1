"""A run of some minutes: its own first steps say how many it has."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import sparring
from sparring.data import load_dataset
from sparring.errors import Interrupted, NotANumber
from sparring.game import Limit, Number
from sparring.runs.folder import Run
from sparring.training import recommending
from sparring.training.engine import Engine
from sparring.training.length import settle_length
from sparring.training.recovery import Recovery
from sparring.zoo import find_system

Begin = Callable[..., Run]


@pytest.fixture
def begin(tiny_npz: Path, tmp_path: Path) -> Begin:
    """Trains a small gan: `begin("run", max_minutes=5.0)`."""

    def run_of(name: str, **options: Any) -> Run:
        small = {"batch_size": 50, "hidden_size": 16, "health_every": 3, "threads": 1}
        return sparring.train("gan", data=f"npz:{tiny_npz}", out=tmp_path / name, **small, **options)

    return run_of


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock by which rounds take these seconds, the last from then on, and all else takes none."""
    durations, now, play_round = [10.0], [0.0], Engine.play_round

    def play(engine: Engine, watched: bool = False) -> dict[str, Number]:
        now[0] += durations.pop(0) if len(durations) > 1 else durations[0]
        return play_round(engine, watched)

    monkeypatch.setattr(Engine, "play_round", play)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    # What is said of a run that is too short takes a few rounds before it, which are not what is tested.
    monkeypatch.setattr(
        recommending,
        "rough_seconds_per_step",
        lambda engine, patience: [durations[0]] * len(engine.course.legs),
    )
    return durations


def test_minutes_of_a_run_and_of_its_continuation(
    begin: Begin, slow: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """The steps by which the length is found out are among those that are counted."""
    run = begin("run", max_minutes=5.0)
    # 97 % of 300 seconds, ten seconds a step.
    assert (run.status["step"], run.description["total_steps"]) == (29, 29)
    said = capsys.readouterr().out
    assert "5 minutes are 29 steps here, 4.83 epochs: the run is that long from now on" in said
    begin("short", max_minutes=1.0)
    assert "1 minute is 5 steps here" in capsys.readouterr().out
    sparring.resume(run, max_minutes=6.0)
    assert run.status["step"] == 29 + int((360 - 290) * 0.97 / 10)
    assert run.description["limit"] == {"epochs": None, "steps": None, "minutes": 6.0}


def test_the_first_steps_alone_do_not_say_how_long_a_run_is(begin: Begin, slow: list[float]) -> None:
    """Thirty seconds for what happens only once: the run is as long as it was to be all the same."""
    slow[:] = [30.0, 1.0]
    run = begin("run", max_minutes=5.0)
    assert run.status["step"] == 1 + (291 - 30)


def test_each_phase_has_a_pace_of_its_own(slow: list[float], tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join("abcdefgh"[n % 5 :] for n in range(40)))
    slow[:] = [*[5.0] * 8, 20.0]
    small = {"batch_size": 4, "likelihood_epochs": 1, "critic_filters": 2, "threads": 1, "quiet": True}
    run = sparring.train(
        "relgan", data=f"text:{tmp_path}/texts.txt", max_minutes=5.0, out=tmp_path / "run", **small
    )
    # 8 steps of likelihood, 32 texts, take 40 seconds; the length is fixed after two of the next phase.
    assert run.status["step"] == 8 + 2 + int((291 - 80) / 20)


def test_a_large_network_has_more_than_one_step(begin: Begin, slow: list[float]) -> None:
    slow[:] = [50.0]
    assert begin("run", max_minutes=1.0).status["step"] == 2


def test_schedules_wait_for_the_length_and_keep_it(
    begin: Begin, slow: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    progress: list[float] = []
    play_round = Engine.play_round

    def noted(engine: Engine, watched: bool = False) -> dict[str, Number]:
        values = play_round(engine, watched)
        progress.append(engine.game.progress)
        return values

    monkeypatch.setattr(Engine, "play_round", noted)
    begin("run", max_minutes=5.0)
    # A fifth of the time, 60 seconds, is over after six steps.
    assert progress == [0.0] * 6 + [step / 29 for step in range(6, 29)]


def test_a_run_stopped_after_its_length_was_fixed_has_that_length(
    begin: Begin, slow: list[float], tmp_path: Path, stopping_at: Callable[[int], Any]
) -> None:
    with stopping_at(10), pytest.raises(Interrupted):
        begin("run", max_minutes=5.0)
    run = Run.open(tmp_path / "run")
    assert (run.status["step"], run.description["total_steps"]) == (11, 29)
    slow[:] = [1.0]
    sparring.resume(run)
    assert run.status["step"] == 29


def test_a_run_stopped_before_finds_it_out_when_it_goes_on(
    begin: Begin, slow: list[float], tmp_path: Path, stopping_at: Callable[[int], Any]
) -> None:
    with stopping_at(2), pytest.raises(Interrupted):
        begin("run", max_minutes=5.0)
    run = Run.open(tmp_path / "run")
    assert (run.status["step"], run.status["total_steps"], run.description["total_steps"]) == (3, None, None)
    slow[:] = [5.0]
    sparring.resume(run)
    assert run.status["step"] == run.description["total_steps"] == 3 + int((300 - 30) * 0.97 / 5)


def test_steps_that_a_run_went_back_over_are_no_slow_ones(
    begin: Begin, slow: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second each; ten of those that are timed are in vain."""
    slow[:] = [1.0]
    play, failed = Engine.play_round, []

    def failing(engine: Engine, watched: bool = False) -> dict[str, Number]:
        if engine.step == 55 and not failed:
            failed.append(engine.step)
            raise NotANumber(engine.step, "generator", "loss", float("nan"))
        return play(engine, watched)

    monkeypatch.setattr(Engine, "play_round", failing)
    monkeypatch.setattr(Recovery, "landmark", lambda self, age=0: self.run.checkpoints.latest())
    run = begin("run", max_minutes=5.0, checkpoint_minutes=0.25)
    (event,) = [event for event in run.events() if event["event"] == "rolled back"]
    assert 30 < event["to"] < 55
    assert run.status["step"] == 291 - (55 - event["to"])


def test_a_run_that_was_stopped_within_its_first_step_has_some(make_engine: Callable[..., Engine]) -> None:
    """However much of its time it took to begin."""
    engine = make_engine(find_system("dcgan"), load_dataset("ring"))
    begun: Any = SimpleNamespace(seconds=90.0, step=0)
    run: Any = SimpleNamespace(path=Path("nowhere"))
    pace = settle_length(Limit(minutes=1.0), run, engine, {}, begun, time.monotonic())
    assert pace is not None
    assert pace.deadline <= time.monotonic()

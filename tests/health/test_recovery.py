"""What a run does when it is unhealthy: it goes back, stops, or gives up, and loses nothing on the way."""

from __future__ import annotations

import copy
import errno
import json
import math
import os
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.optimizer import register_optimizer_step_pre_hook

import sparring
from sparring.errors import Interrupted, NotANumber, RunError, TrainingError
from sparring.game import Number
from sparring.health.checks import CHECKS_PER_FULL_CHECK
from sparring.health.evidence import CHECKS_IN_A_ROW, FULL_CHECKS_IN_A_ROW, PATIENCE
from sparring.health.findings import LONGEST, RULES, Finding
from sparring.health.monitor import Monitor
from sparring.runs.checkpoint import Checkpoint
from sparring.runs.checkpoints import Checkpoints
from sparring.runs.folder import Run
from sparring.runs.landmarks import needed
from sparring.training import recovery
from sparring.training.engine import Engine
from sparring.training.loop import Loop

FAULTY = '''
import math
from dataclasses import dataclass, replace

import torch

from sparring.game import Terms
from sparring.settings import Natural
from sparring.zoo.gan import GAN


class Infinite(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        return value.clone()

    @staticmethod
    def backward(ctx, gradient):
        return torch.full_like(gradient, math.inf)


class Faulty(GAN):
    """A gan whose generator breaks at a step: as long as its noise is that with which it began, or always."""

    @dataclass(frozen=True)
    class Settings(GAN.Settings):
        break_at: Natural = 8
        always: bool = False
        part: str = "term"

    def __init__(self, settings, data, random):
        super().__init__(settings, data, random)
        self.first_noise = random.seed

    def breaks(self, part):
        fresh = self.random.seed == self.first_noise or self.settings.always
        return fresh and self.step == self.settings.break_at and self.settings.part == part

    def round(self):
        first, *others, last = super().round()

        def loss(real):
            term = first.loss(real)["adversarial"]
            if self.breaks("gradient"):
                term = Infinite.apply(term)
            return Terms(adversarial=term * math.nan if self.breaks("term") else term)

        return [replace(first, loss=loss), *others, replace(last, after=self.damage)]

    @torch.no_grad()
    def damage(self, values):
        if self.breaks("weights"):
            next(self.generator.parameters()).view(-1)[0] = math.nan
'''
STEPS = 12


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("systems") / "faulty.py"
    path.write_text(FAULTY)
    return f"{path}:Faulty"


Train = Callable[..., Run]


@pytest.fixture
def train(faulty: str, tiny_npz: Path, tmp_path: Path) -> Train:
    """A short run of the system that breaks, with a row of the history for every step."""

    def run_of(name: str = "run", system: str = faulty, **options: Any) -> Run:
        return sparring.train(
            system,
            **{"data": f"npz:{tiny_npz}", "out": tmp_path / name, "max_steps": STEPS, "batch_size": 50}
            | {"hidden_size": 16, "fixed_noise": False, "history_every": 1, "health_every": 2}
            | {"threads": 1, "quiet": True}
            | options,
        )

    return run_of


@pytest.fixture
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Options with which a run saves itself at every step, and may go back to every second."""
    save = Loop._save

    def cheap(loop: Loop) -> None:
        save(loop)
        loop.save_cost = 0.0

    monkeypatch.setattr(Loop, "_save", cheap)
    monkeypatch.setattr(recovery, "CHECKS_PER_LANDMARK", 1)
    return {"checkpoint_minutes": 1e-9}


def events(run: Run) -> list[str]:
    return [event["event"] for event in run.events()]


def steps(rows: list[dict[str, Any]], kind: str = "steps") -> list[int]:
    return [row["step"] for row in rows if row["kind"] == kind]


def rows_before(run: Run, number: int = 1) -> list[dict[str, Any]]:
    lines = (run.path / f"before-rollback-{number}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def check_history(run: Run, total: int = STEPS) -> None:
    """No gap, no step twice."""
    assert steps(run.history()) == list(range(1, total + 1))
    assert steps(run.history(), "health") == list(range(2, total + 1, 2))
    assert steps(run.history(), "epoch") == list(range(6, total + 1, 6))


def contents(run: Run) -> dict[str, Any]:
    """All that must be the same in runs that are the same."""
    newest = run.path / "checkpoints" / f"step-{run.checkpoints.steps()[-1]:08d}"
    files = [*newest.glob("*.safetensors"), *run.path.glob("*.jsonl"), *run.path.glob("samples/*")]
    state = json.loads((newest / "state.json").read_text())
    return {
        str(file.relative_to(run.path)): file.read_bytes() for file in files if file.name != "events.jsonl"
    } | {"state": state["parts"]}


def checkpoint_of(run: Run) -> Checkpoint:
    """The newest."""
    checkpoint = run.checkpoints.latest()
    assert checkpoint is not None
    return checkpoint


def tensors_of(tree: Mapping[str, Any]) -> Iterator[torch.Tensor]:
    """All tensors of a checkpoint's parts."""
    for value in tree.values():
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, Mapping):
            yield from tensors_of(value)


def slowness(checkpoint: Checkpoint) -> tuple[float, int]:
    """The factor of the learning rates, and how often the run went back."""
    return checkpoint.parts["engine"]["learning_rate_factor"], checkpoint.parts["recovery"]["rollbacks"]


# -- numbers that are lost -----------------------------------------------------------------------------------


def test_a_run_goes_back_and_on_from_there(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    done = train(quiet=False)
    assert done.status["state"] == "finished"
    assert events(done) == ["started", "finding", "rolled back", "finished"]
    _, found, back, _ = done.events()
    evidence = "At step 9 the term 'adversarial' of the generator's loss became nan."
    assert (found["step"], found["finding"], found["evidence"]) == (8, "not a number", evidence)
    assert "--" in found["remedy"]
    told = {"step": 8, "to": 0, "number": 1, "reason": "not a number", "learning_rate_factor": 0.5}
    assert {name: back[name] for name in told} == told
    check_history(done)
    assert steps(done.history(), "finding") == [], "what was found lies in what was cut"
    checkpoint = checkpoint_of(done)
    assert checkpoint.step == STEPS
    assert slowness(checkpoint) == (0.5, 1)
    assert all(tensor.isfinite().all() for tensor in checkpoint.networks.values())
    said = " ".join(capsys.readouterr().out.split())
    assert f"Step 8: not a number. {evidence}" in said
    assert (
        "Went back from step 8 to 0 because of: not a number. Goes on with other noise and 0.5 of the "
        "learning rates until step 258 (1 of at most 3 times)."
    ) in said


def test_what_was_cut_is_kept(train: Train) -> None:
    done = train()
    before = rows_before(done)
    assert steps(before) == list(range(1, 9))
    assert steps(before, "health") == [2, 4, 6, 8]
    assert [row["finding"] for row in before if row["kind"] == "finding"] == ["not a number"]
    # The generator moves first: its first loss depends on the first weights and the noise alone.
    first, again = (row["generator/loss"] for row in (before[0], done.history()[0]))
    assert first == train("whole", max_steps=1).history()[0]["generator/loss"]
    assert first != again, "the noise is another"


def test_learning_rates_are_halved_each_time(train: Train) -> None:
    """Those with which the optimisers step: each time a first step, before the one that breaks."""
    rates = []

    def note(optimizer: torch.optim.Optimizer, *details: Any) -> None:
        rates.append(optimizer.param_groups[0]["lr"])

    hook = register_optimizer_step_pre_hook(note)
    try:
        with pytest.raises(TrainingError):
            train(always=True, break_at=1, discriminator_lr=4e-3, health_every=0)
    finally:
        hook.remove()
    assert rates == [rate * factor for factor in (1, 0.5, 0.25, 0.125) for rate in (1e-3, 4e-3)]


@pytest.mark.parametrize("interrupted", [False, True])
def test_trouble_that_came_once_does_not_slow_a_run_for_good(
    interrupted: bool, train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learning rates are halved until so many steps after the one that broke, also across a resume."""
    monkeypatch.setattr(recovery, "SLOW_STEPS", 3)
    factors: dict[int, float] = {}
    play_round, due = Engine.play_round, [True]

    def once(engine: Engine, watched: bool) -> dict[str, Number]:
        if engine.step == 4 and due:
            due.pop()
            raise NotANumber(5, "generator", "adversarial", math.nan)
        engine.stop_asked = interrupted and engine.step == 5 and not factors.get(5)
        factors[engine.step] = engine.learning_rate_factor
        return play_round(engine, watched)

    monkeypatch.setattr(Engine, "play_round", once)
    if interrupted:
        with pytest.raises(Interrupted):
            train(system="gan")
        sparring.resume(tmp_path / "run", quiet=True)
    else:
        train(system="gan")
    assert factors == {step: 0.5 if step < 7 else 1.0 for step in range(STEPS)}


@pytest.mark.parametrize("part", ["term", "gradient", "weights"])
def test_whatever_breaks_never_comes_into_a_checkpoint(
    part: str, train: Train, at_every_step: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = []
    save = Checkpoints.save

    def noted(checkpoints: Checkpoints, checkpoint: Checkpoint, *landmarks: int) -> None:
        saved.append(copy.deepcopy(checkpoint))
        save(checkpoints, checkpoint, *landmarks)

    monkeypatch.setattr(Checkpoints, "save", noted)
    done = train(part=part, **at_every_step)
    assert done.status["state"] == "finished"
    assert len(saved) > STEPS
    for checkpoint in saved:
        assert all(tensor.isfinite().all() for tensor in tensors_of(checkpoint.parts)), checkpoint.step
    (back,) = (event for event in done.events() if event["event"] == "rolled back")
    assert back["to"] == 8, "to the newest landmark"
    (found,) = (event for event in done.events() if event["event"] == "finding")
    assert (
        found["evidence"]
        == {
            "term": "At step 9 the term 'adversarial' of the generator's loss became nan.",
            # Of an infinite loss through ReLUs: infinity times nothing.
            "gradient": "At step 9 the generator's gradient became nan.",
            # The losses of the step were finite; a save that the clock asks for leaves them to the next.
            "weights": "At step 10 the term 'adversarial' of the generator's loss became nan; the weights of "
            "the generator are no numbers either.",
        }[part]
    )
    check_history(done)


@pytest.mark.parametrize("break_at", [8, STEPS - 1])
def test_broken_weights_are_found_later(break_at: int, train: Train) -> None:
    """By the loss of the step after, or at the end, before anything is saved."""
    done = train(part="weights", break_at=break_at)
    assert done.status["state"] == "finished"
    assert events(done).count("rolled back") == 1
    (found,) = (event for event in done.events() if event["event"] == "finding")
    later = (
        "At step 10 the term 'adversarial' of the generator's loss became nan; the weights of the generator "
        "are no numbers either."
    )
    assert found["evidence"] == (later if break_at == 8 else "At step 12 the generator's weights became nan.")
    assert found["remedy"].startswith("Train again with")
    check_history(done)
    assert all(tensor.isfinite().all() for tensor in checkpoint_of(done).networks.values())


def test_a_run_without_health_goes_back_too(train: Train) -> None:
    """And one told to roll back on findings, of which there are none."""
    done = train(health_every=0, on_unhealthy="rollback")
    assert events(done) == ["started", "finding", "rolled back", "finished"]
    assert steps(done.history()) == list(range(1, STEPS + 1))
    assert {row["kind"] for row in done.history()} == {"steps", "epoch"}


def train_command(system: str, data: Path, out: Path, *more: Any) -> list[Any]:
    return [
        *["train", system, "--data", f"npz:{data}", "--out", out, "--batch-size", 50, "--hidden-size", 16],
        *["--max-steps", STEPS, "--health-every", 1, "--history-every", 1, "--threads", 1, *more],
    ]


Command = Callable[..., Any]


def test_a_run_gives_up(run_here: Command, faulty: str, tiny_npz: Path, tmp_path: Path) -> None:
    done = run_here(*train_command(faulty, tiny_npz, tmp_path / "run", "--always", "--break-at", 3))
    assert done.returncode == 3
    assert done.stderr.startswith(
        "sparring: Gave up at step 3, after going back 3 times: not a number. At step 4 the term "
        "'adversarial' of the generator's loss became nan. "
    )
    assert "--" in done.stderr.partition("became nan.")[2], "the remedy"
    assert done.stderr.count("\n") == 1
    run = Run.open(tmp_path / "run")
    assert run.status["state"] == "failed"
    assert run.status["step"] == 3
    assert events(run).count("rolled back") == 3
    assert events(run)[-1] == "failed"
    assert [event["learning_rate_factor"] for event in run.events() if event["event"] == "rolled back"] == [
        *[0.5, 0.25, 0.125]
    ]
    for number in (1, 2, 3):
        assert steps(rows_before(run, number)) == [1, 2, 3]
    assert not (run.path / "before-rollback-4.jsonl").exists()


def test_a_run_told_to_stop_stops_at_once(
    run_here: Command, faulty: str, tiny_npz: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    done = run_here(*train_command(faulty, tiny_npz, run.path, "--on-unhealthy", "stop"))
    assert done.returncode == 3
    assert done.stderr.startswith(
        "sparring: At step 9 the term 'adversarial' of the generator's loss became nan. Train again with the "
        "recommended settings: `--batch-size 64"
    )
    assert done.stderr.count("\n") == 1
    assert "Step 8: not a number." in done.stdout
    assert events(run) == ["started", "finding", "failed"]
    assert run.status["state"] == "failed"
    assert run.checkpoints.steps() == [0]
    assert list(run.path.glob("before-rollback-*")) == []


# -- findings ------------------------------------------------------------------------------------------------


def test_a_run_stops_at_a_finding_and_goes_on_when_told(
    run_here: Command, tiny_npz: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    slow = ["--generator-lr", 1e-30, "--discriminator-lr", 1e-30]
    done = run_here(*train_command("gan", tiny_npz, run.path, *slow, "--on-unhealthy", "stop"))
    assert done.returncode == 3
    step = CHECKS_IN_A_ROW + 1
    assert done.stderr.startswith(
        f"sparring: Stopped at step {step}, as --on-unhealthy stop asks: dead run. Train again with the "
        "recommended settings: `--batch-size 64"
    )
    assert done.stderr.endswith("`sparring resume` goes on in spite of it.\n")
    assert done.stderr.count("\n") == 1
    assert run.status["state"] == "failed"
    assert run.checkpoints.steps() == [0, step], "a landmark, and the newest"
    assert events(run) == ["started", "finding", "failed"]
    done = run_here("resume", run.path, "--on-unhealthy", "rollback")
    assert (done.returncode, done.stderr) == (0, "")
    assert run.status["state"] == "finished"
    assert run.description["on_unhealthy"] == "rollback"
    assert events(run) == ["started", "finding", "failed", "resumed", "finished"]
    assert [(row["step"], row["finding"]) for row in run.history() if row["kind"] == "finding"] == [
        (step, "dead run")
    ]
    assert steps(run.history()) == steps(run.history(), "health") == list(range(1, STEPS + 1))


def test_a_warning_changes_nothing(train: Train) -> None:
    dead = {"generator_lr": 1e-30, "discriminator_lr": 1e-30, "health_every": 1}
    warned = train("warned", "gan", **dead)
    assert warned.status["state"] == "finished"
    assert events(warned) == ["started", "finding", "finished"]
    alone = train("alone", "gan", **dead | {"health_every": 0})
    ours, theirs = checkpoint_of(warned).networks, checkpoint_of(alone).networks
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.fixture
def sick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the monitor find something at a step, as long as learning rates are what they were."""

    def at(step: int, checks: int = 2) -> None:
        def findings(monitor: Monitor) -> list[Finding]:
            if monitor.engine.step != step or monitor.engine.learning_rate_factor < 1:
                return []
            return [
                Finding(
                    "sickness", f"At step {step} it shows.", "It is sick.", "Try `--rest 1`.", checks=checks
                )
            ]

        monkeypatch.setattr(Monitor, "findings", findings)
        # So that short runs can have a past.
        monkeypatch.setattr(recovery, "LONGEST", checks)

    return at


@pytest.mark.parametrize("found_at", [4, 10, 20, 26])
def test_a_finding_takes_the_run_back_to_before_the_trouble(
    found_at: int, train: Train, at_every_step: dict[str, Any], sick: Callable[[int], None]
) -> None:
    """Two checks of patience at two steps each are four steps; to the beginning where there are fewer."""
    sick(found_at)
    done = train(system="gan", max_steps=28, on_unhealthy="rollback", **at_every_step)
    assert events(done) == ["started", "finding", "rolled back", "finished"]
    (back,) = (event for event in done.events() if event["event"] == "rolled back")
    assert (back["step"], back["reason"]) == (found_at, "sickness")
    assert back["to"] == found_at - 4
    check_history(done, 28)
    before = rows_before(done)
    assert steps(before) == list(range(back["to"] + 1, found_at + 1))
    assert [row["finding"] for row in before if row["kind"] == "finding"] == ["sickness"]
    assert done.checkpoints.steps() == [24, 26, 28]
    assert slowness(checkpoint_of(done)) == (0.5, 1)


@pytest.mark.parametrize("checks", [2, 3, 5])
def test_what_takes_longer_to_show_takes_a_run_further_back(
    checks: int, train: Train, at_every_step: dict[str, Any], sick: Callable[..., None]
) -> None:
    sick(20, checks)
    done = train(system="gan", max_steps=24, on_unhealthy="rollback", **at_every_step)
    (back,) = (event for event in done.events() if event["event"] == "rolled back")
    assert back["to"] == 20 - 2 * checks


def test_what_full_checks_alone_see_began_before_the_first_of_those_that_it_took() -> None:
    late = {name for name, rule in RULES.items() if rule.checks > PATIENCE}
    assert late == {"partial mode collapse", "oscillation", "memorisation"}
    assert {RULES[name].checks for name in late} == {CHECKS_PER_FULL_CHECK * FULL_CHECKS_IN_A_ROW}
    assert max(rule.checks for rule in RULES.values()) == LONGEST


def test_how_far_back_a_run_may_go_that_was_not_told_so_at_first_is_said(
    train: Train, at_every_step: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    done = train(system="gan", max_steps=4, **at_every_step)
    sparring.resume(done, max_steps=6, on_unhealthy="rollback")
    assert "Hint: It may go back to step 4: no checkpoint is kept of earlier ones." in capsys.readouterr().out
    sparring.resume(done, max_steps=8)
    assert "It may go back" not in capsys.readouterr().out


def test_what_was_found_and_cut_can_be_found_again(train: Train) -> None:
    """It was known before the run went back, and is not afterwards: so the run gives up in the end."""
    with pytest.raises(TrainingError, match="Gave up at step 6, after going back 3 times: dead run"):
        train(
            system="gan", on_unhealthy="rollback", health_every=1, generator_lr=1e-30, discriminator_lr=1e-30
        )


# -- which checkpoints are kept ------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 30))
def test_which_checkpoints_are_kept(gaps: list[int], every: int, age: int) -> None:
    """However often the clock saves: the newest, and every landmark that may still be gone back to."""
    kept, step = [0], 0
    for gap in gaps:
        for between in range(step + 1, step + gap + 1):
            if between % every == 0 or between == step + gap:
                kept = sorted(needed([*kept, between], every, age))
        step += gap
        oldest = max(0, (step - age) // every * every)
        assert kept == sorted({*range(oldest, step + 1, every), step})


@pytest.mark.parametrize("minutes", [1e-9, 3e-6, 100.0])
def test_the_clock_decides_nothing_but_what_is_saved(
    minutes: float, train: Train, sick: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a run saves itself, it goes back to the same step, and is the same run."""
    sick(10)
    monkeypatch.setattr(recovery, "CHECKS_PER_LANDMARK", 2)
    options = {"system": "gan", "on_unhealthy": "rollback", "max_steps": 16}
    whole = train("whole", **options)
    other = train("other", checkpoint_minutes=minutes, **options)
    assert contents(other) == contents(whole)
    assert [event["to"] for event in other.events() if event["event"] == "rolled back"] == [4]


def test_broken_weights_are_not_saved_and_wait_for_a_landmark(
    train: Train, at_every_step: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save that the clock asks for leaves them to be met where they would be met without it."""
    monkeypatch.setattr(recovery, "CHECKS_PER_LANDMARK", 3)
    whole = train("whole", part="weights", break_at=4)
    done = train(part="weights", break_at=4, **at_every_step)
    assert contents(done) == contents(whole)


def test_a_run_that_is_stopped_while_its_weights_are_broken_keeps_what_it_had(
    train: Train, tmp_path: Path, stopping_at: Callable[[int], Any]
) -> None:
    said = r"Interrupted at step 9\. Go on with: sparring resume"
    with stopping_at(8), pytest.raises(Interrupted, match=said):
        train(part="weights")
    run = Run(tmp_path / "run")
    assert run.checkpoints.steps() == [0]
    sparring.resume(run, quiet=True)
    assert contents(run) == contents(train("whole", part="weights"))


# -- killed, or out of room, while it goes back --------------------------------------------------------------


class Killed(BaseException):
    pass


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Trains with a function replaced by one that kills the process, as far as the run can tell."""

    def at(owner: Any, name: str, train: Callable[[], Run], first: Any = None) -> None:
        real = getattr(owner, name)

        def fatal(*arguments: Any, **more: Any) -> None:
            (first or real)(*arguments, **more)
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(owner, name, fatal)
            with pytest.raises(Killed):
                train()

    return at


@pytest.mark.parametrize("often", [True, False], ids=["saved at every step", "saved at the beginning"])
def test_killed_right_after_it_went_back(
    often: bool, train: Train, request: pytest.FixtureRequest, tmp_path: Path, killed: Callable[..., None]
) -> None:
    options = request.getfixturevalue("at_every_step") if often else {}
    whole = train("whole", **options)
    killed(Loop, "_roll_back", lambda: train(**options))
    run = sparring.resume(tmp_path / "run", quiet=True)
    assert contents(run) == contents(whole)
    assert events(run).count("finding") == 1, "it was found twice and said once"
    assert rows_before(run) == rows_before(whole)


@pytest.mark.parametrize("place", ["_roll_back", "_go_back"])
def test_a_fault_that_never_comes_again_is_not_forgotten(
    place: str, train: Train, tmp_path: Path, killed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resumed run, which meets no fault, goes on as slowly as the one that was not killed."""
    play_round, due = Engine.play_round, [True]

    def once(engine: Engine, watched: bool = False) -> dict[str, Number]:
        if engine.step == 8 and due:
            due.pop()
            raise NotANumber(9, "generator", "adversarial", math.nan)
        return play_round(engine, watched)

    monkeypatch.setattr(Engine, "play_round", once)
    whole = train("whole", system="gan")
    due.append(True)
    nothing = (lambda *arguments: None) if place == "_go_back" else None
    killed(Loop, place, lambda: train(system="gan"), first=nothing)
    assert not due
    run = sparring.resume(tmp_path / "run", quiet=True)
    assert contents(run) == contents(whole)
    assert slowness(checkpoint_of(run)) == (0.5, 1)
    assert events(run).count("rolled back") == 1


def test_killed_by_the_system_right_after_it_went_back(train: Train, tmp_path: Path) -> None:
    whole = train("whole")
    with warnings.catch_warnings():
        # Newer Pythons warn that threads do not survive a fork; this process has none that matter.
        warnings.simplefilter("ignore")
        child = os.fork()
    if not child:
        roll_back = Loop._roll_back

        def fatal(loop: Loop, finding: Finding, checkpoint: Checkpoint) -> None:
            roll_back(loop, finding, checkpoint)
            os.kill(os.getpid(), signal.SIGKILL)

        try:
            Loop._roll_back = fatal  # type: ignore[assignment,method-assign]
            train()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    run = sparring.resume(tmp_path / "run", quiet=True)
    assert run.status["state"] == "finished"
    assert contents(run) == contents(whole)


def test_killed_after_it_saved_itself_again(
    train: Train, at_every_step: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the checkpoint holds then is the slower run, whose fault is past."""
    whole = train("whole", **at_every_step)
    save = Loop._save

    def fatal(loop: Loop) -> None:
        save(loop)
        if loop.engine.step == 10:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Loop, "_save", fatal)
        with pytest.raises(Killed):
            train(**at_every_step)
    run = sparring.resume(tmp_path / "run", quiet=True)
    assert contents(run) == contents(whole)
    assert events(run).count("rolled back") == 1


@pytest.mark.parametrize(
    ("owner", "name"), [(Run, "copy_history"), (Checkpoints, "go_back"), (Run, "cut_history")]
)
def test_killed_while_it_goes_back(
    owner: type[Any],
    name: str,
    train: Train,
    at_every_step: dict[str, Any],
    sick: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between any two of its writes: the run that is left can be resumed, and no row is missing or twice."""
    sick(10)
    options = {"system": "gan", "on_unhealthy": "rollback", **at_every_step}
    real = getattr(owner, name)

    def fatal(owner: Any, *arguments: Any, **more: Any) -> None:
        real(owner, *arguments, **more)
        if "finding" in events(Run(tmp_path / "run")):
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, fatal)
        with pytest.raises(Killed):
            train(**options)
    run = sparring.resume(tmp_path / "run", quiet=True)
    assert run.status["state"] == "finished"
    check_history(run)
    assert events(run).count("finding") == 1


def test_killed_while_it_removes_a_checkpoint(
    train: Train, at_every_step: dict[str, Any], sick: Callable[[int], None], tmp_path: Path, monkeypatch: Any
) -> None:
    """What is half removed is no checkpoint any more, and in nobody's way."""
    sick(10)
    options = {"system": "gan", "on_unhealthy": "rollback", **at_every_step}

    def half(folder: Path) -> None:
        (folder / "state.json").unlink()
        raise Killed

    with monkeypatch.context() as patched:
        go_back = Checkpoints.go_back

        def fatal(checkpoints: Checkpoints, step: int) -> None:
            patched.setattr(shutil, "rmtree", half)
            go_back(checkpoints, step)

        patched.setattr(Checkpoints, "go_back", fatal)
        with pytest.raises(Killed):
            train(**options)
    run = Run(tmp_path / "run")
    for step in run.checkpoints.steps():
        run.checkpoints.at(step)
    sparring.resume(run, quiet=True)
    assert run.status["state"] == "finished"
    check_history(run)
    assert list(run.path.rglob(".writing-*")) == []


def test_a_full_disk_while_it_goes_back(
    train: Train, at_every_step: dict[str, Any], sick: Callable[[int], None], tmp_path: Path, monkeypatch: Any
) -> None:
    sick(10)
    run = Run(tmp_path / "run")
    replace, found = os.replace, dict[str, Any]()

    def full(source: Any, target: Any) -> None:
        if "before-rollback" in str(target):
            found.update(checkpoints=run.checkpoints.steps(), history=run.history())
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(RunError, match="jsonl: no space left on device"):
            train(system="gan", on_unhealthy="rollback", **at_every_step)
    assert run.status["state"] == "failed"
    assert found["checkpoints"] == [4, 6, 8, 9]
    assert run.checkpoints.steps() == found["checkpoints"]
    assert run.history() == found["history"]
    # With room again it goes back as it should have.
    sparring.resume(run, quiet=True)
    assert run.status["state"] == "finished"
    assert events(run).count("rolled back") == 1
    check_history(run)


# -- killed across a finding ---------------------------------------------------------------------------------


def test_a_finding_is_said_once_however_often_the_run_is_killed(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint is from before it, so that each time the run comes to it again."""
    dead = {"system": "gan", "health_every": 1, "generator_lr": 1e-30, "discriminator_lr": 1e-30}
    whole = train("whole", **dead)
    play_round = Engine.play_round

    def fatal(engine: Engine, watched: bool) -> dict[str, Number]:
        if engine.step == 9:
            raise Killed
        return play_round(engine, watched)

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "play_round", fatal)
        with pytest.raises(Killed):
            train(**dead)
        for _ in range(2):
            with pytest.raises(Killed):
                sparring.resume(tmp_path / "run", quiet=True)
    run = sparring.resume(tmp_path / "run", quiet=True)
    assert events(run) == ["started", "finding", "resumed", "resumed", "resumed", "finished"]
    assert contents(run) == contents(whole)
    assert [row["finding"] for row in run.history() if row["kind"] == "finding"] == ["dead run"]

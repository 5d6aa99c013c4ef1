"""A run that was stopped and resumed is, byte for byte, the run that never stopped."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from forks import is_killed

import sparring
from sparring.errors import Interrupted, RunError
from sparring.game import Number
from sparring.runs.folder import Run
from sparring.training.engine import Engine
from sparring.training.loop import Loop
from sparring.training.recording import Recording

COMMAND = [sys.executable, "-m", "sparring"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def contents(run: Path) -> dict[str, Any]:
    """All that must be the same: networks, optimisers, what else a checkpoint holds, history and pictures."""
    checkpoint = max((run / "checkpoints").glob("step-*"))
    files = [checkpoint / "networks.safetensors", checkpoint / "training.safetensors"]
    files += [run / "history.jsonl", run / "samples.png", *(run / "samples").iterdir()]
    files += (run / "weights").iterdir()
    state = json.loads((checkpoint / "state.json").read_text())
    return {str(file.relative_to(run)): file.read_bytes() for file in files} | {"state": state["parts"]}


def check_same(run: Path, whole: Path) -> None:
    ours, wanted = contents(run), contents(whole)
    # A run that ended early and went on keeps the picture of its early end.
    assert wanted.keys() <= ours.keys()
    assert [name for name in wanted if ours[name] != wanted[name]] == []


def options(system: str, data: Path) -> dict[str, Any]:
    return {
        "system": system,
        "data": f"npz:{data}",
        "batch_size": 50,
        "history_every": 3,
        "health_every": 2,
        "keep_every": 1,
        "threads": 1,
        "quiet": True,
    }


STEPS = {"gan": 16, "dcgan-tflearn": 8, "acgan": 8}
EARLY = {"gan": 8, "dcgan-tflearn": 5, "acgan": 7}
"""Before the end of an epoch of 6 steps, and after it."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Callable[[str], Path]:
    """The uninterrupted run of a system."""
    made: dict[str, Path] = {}

    def run_of(system: str) -> Path:
        if system not in made:
            folder = tmp_path_factory.mktemp(system) / "whole"
            made[system] = sparring.train(
                **options(system, tiny_npz), out=folder, max_steps=STEPS[system]
            ).path
        return made[system]

    return run_of


@pytest.mark.parametrize("system", STEPS)
def test_after_a_lower_limit(
    system: str, whole: Callable[[str], Path], tiny_npz: Path, tmp_path: Path
) -> None:
    run = sparring.train(**options(system, tiny_npz), out=tmp_path / "run", max_steps=EARLY[system])
    sparring.resume(run, max_steps=STEPS[system], quiet=True)
    check_same(run.path, whole(system))
    (resumed,) = (event for event in run.events() if event["event"] == "resumed")
    assert resumed["length_before"] == EARLY[system]


@pytest.mark.parametrize(
    ("system", "number"), [*((system, signal.SIGINT) for system in STEPS), ("gan", signal.SIGTERM)]
)
def test_after_a_signal(
    system: str,
    number: signal.Signals,
    whole: Callable[[str], Path],
    tiny_npz: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play_round = Engine.play_round

    def signalled(engine: Engine, watched: bool) -> dict[str, Number]:
        # In the middle of a round: it is played to its end.
        if engine.step == EARLY[system] - 1:
            os.kill(os.getpid(), number)
        return play_round(engine, watched)

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "play_round", signalled)
        with pytest.raises(
            Interrupted, match=f"saved at step {EARLY[system]}. Go on with: sparring resume"
        ) as stop:
            sparring.train(**options(system, tiny_npz), out=tmp_path / "run", max_steps=STEPS[system])
    assert stop.value.exit_code == 128 + number
    run = Run.open(tmp_path / "run")
    assert run.status["state"] == "interrupted"
    sparring.resume(run, quiet=True)
    assert run.status["state"] == "finished"
    check_same(run.path, whole(system))


def test_a_finished_run_is_left_as_it_is(
    whole: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(whole("gan"))
    sparring.resume(whole("gan"))
    assert "is finished (16 steps)" in capsys.readouterr().out
    assert contents(whole("gan")) == before
    assert len(before["history.jsonl"].splitlines()) == 16 // 3 + 1 + 16 // 6 + 16 // 2


def test_a_run_killed_while_it_wrote_its_end(
    whole: Callable[[str], Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last checkpoint is there, its last row and picture are not."""

    class Killed(BaseException):
        pass

    def die(recording: Recording) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Recording, "_draw_samples", lambda recording, name: None)
        patched.setattr(Recording, "_draw_curves", die)
        with pytest.raises(Killed):
            sparring.train(**options("gan", tiny_npz), out=tmp_path / "run", max_steps=STEPS["gan"])
    for picture in (whole("gan") / "samples").glob("epoch-*"):
        (tmp_path / "run" / "samples" / picture.name).write_bytes(picture.read_bytes())
    sparring.resume(tmp_path / "run", quiet=True)
    check_same(tmp_path / "run", whole("gan"))


def test_a_shorter_total_is_refused(whole: Callable[[str], Path]) -> None:
    described = Run(whole("gan")).description
    with pytest.raises(sparring.SparringError, match="at step 16 already, beyond the 5 steps asked for"):
        sparring.resume(whole("gan"), max_steps=5)
    assert Run(whole("gan")).description == described


# -- real processes ----------------------------------------------------------------------------------------


def command_options(data: Path) -> list[str]:
    return [
        *["--data", f"npz:{data}", "--batch-size", "30", "--hidden-size", "32", "--latent-size", "16"],
        *["--history-every", "7", "--health-every", "4", "--keep-every", "20", "--threads", "1"],
    ]


def start(*arguments: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Out of reach of a Ctrl-C that is meant for the tests.
        start_new_session=True,
    )


def wait_for_step(process: subprocess.Popen[str], run: Path, least: int = 1) -> None:
    """Wait until the run has saved a step."""
    for _ in range(1200):
        steps = [int(path.name.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*")]
        if max(steps, default=0) >= least:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    pytest.fail("the run saved nothing in a minute")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_save_and_say_how_to_go_on(
    number: signal.Signals, code: int, tiny_npz: Path, tmp_path: Path
) -> None:
    run = tmp_path / "a run"
    process = start(
        "train", "gan", *command_options(tiny_npz), "--out", run,
        *["--max-steps", 1000000, "--checkpoint-minutes", 0.0001],
    )  # fmt: skip
    wait_for_step(process, run)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == code
    step = Run.open(run).status["step"]
    assert complaint == (
        f"sparring: Interrupted and saved at step {step:,}. Go on with: sparring resume '{run}'\n"
    )
    assert Run.open(run).checkpoints.latest().step == step  # type: ignore[union-attr]


def kill_times(kills: int) -> Iterator[float]:
    """Moments after the start of a process: during its imports, its first steps, its pictures, its saving."""
    dice = random.Random(0)
    for number in range(kills):
        yield dice.uniform(0.1, 1.5) if number % 4 == 0 else dice.uniform(0.0, 0.4)


def test_kill_nine_at_random_moments(tiny_npz: Path, tmp_path: Path) -> None:
    """The process is killed over and over; what it leaves in the end is what it would have left unharmed.

    A hundred times in the campaign of reproduction/kills.py.
    """
    whole, run, kills = tmp_path / "whole", tmp_path / "run", 8
    asked = command_options(tiny_npz)
    killed = 0
    steps: list[int] = []
    for number, moment in enumerate(kill_times(kills)):
        if (run / "run.json").exists():
            process = start("resume", run)
        else:
            process = start(
                "train", "gan", *asked, "--out", run,
                *["--max-steps", 10**8, "--checkpoint-minutes", 0.00001],
            )  # fmt: skip
        if number % 4:
            # Let it come to its own beginning first, which takes as long as torch's import.
            wait_for_output(process)
        time.sleep(moment)
        assert process.poll() is None, process.communicate()
        process.kill()
        killed += 1
        process.communicate()
        saved = list((run / "checkpoints").glob("step-*"))
        steps.append(max((int(path.name.removeprefix("step-")) for path in saved), default=0))
    assert killed == kills
    assert len(set(steps)) > kills / 2, f"most kills should hit a run that trains, it came to {steps}"
    total = steps[-1] + 20
    last = start("resume", run, "--max-steps", total)
    assert last.communicate(timeout=120)[1] == ""
    assert last.returncode == 0
    reference = start("train", "gan", *asked, "--out", whole, "--max-steps", total)
    assert reference.communicate(timeout=120)[1] == ""
    check_same(run, whole)
    leftovers = [path for path in run.rglob("*") if path.name.startswith(".writing-")]
    assert leftovers == []
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "finished"


def wait_for_output(process: subprocess.Popen[str]) -> None:
    """Wait until the process says that it begins."""
    assert process.stdout is not None
    assert any(line.startswith(("Training", "Resuming")) for line in process.stdout)


def dying_at(count: int, arguments: dict[str, Any] | Path, log: Path) -> bool:
    """Train or resume in a process that is killed just before, or just after, so many files became whole.

    Returns:
        Whether it was killed, and did not come to its end.
    """
    replace, save, left = os.replace, Loop._save, [count]

    def fatal(source: Any, target: Any) -> None:
        left[0] -= 1
        if left[0] == 0 and count % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def at_every_step(loop: Loop) -> None:
        save(loop)
        loop.save_cost = 0.0

    def work() -> None:
        os.replace, Loop._save = fatal, at_every_step  # type: ignore[assignment,method-assign]
        if isinstance(arguments, dict):
            sparring.train(**arguments)
        else:
            sparring.resume(arguments, quiet=True)

    return is_killed(work, log)


def test_kill_nine_at_every_file_that_becomes_whole(
    whole: Callable[[str], Path], tiny_npz: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    asked = options("gan", tiny_npz) | {"out": run, "max_steps": STEPS["gan"], "checkpoint_minutes": 1e-9}
    count = 1
    while dying_at(count, run if (run / "run.json").exists() else asked, tmp_path / "log"):
        count += 1
        assert count < 100
    assert count > 15
    check_same(run, whole("gan"))


def test_a_run_leaves_torch_as_many_threads_as_it_found(tiny_npz: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    run = sparring.train(
        "gan",
        data=f"npz:{tiny_npz}",
        batch_size=50,
        max_steps=2,
        threads=before + 1,
        out=tmp_path,
        quiet=True,
    )
    assert run.description["threads"] == before + 1
    assert torch.get_num_threads() == before
    sparring.resume(run, max_steps=3, quiet=True)
    assert torch.get_num_threads() == before


def test_a_run_that_counts_epochs_otherwise_is_refused(tiny_npz: Path, tmp_path: Path) -> None:
    """As one of two domains does that began when an epoch was a pass over the first."""
    run = sparring.train(**options("gan", tiny_npz), out=tmp_path / "run", max_steps=STEPS["gan"])
    history = run.path / "history.jsonl"
    rows = [json.loads(line) for line in history.read_text().splitlines()]
    history.write_text("".join(json.dumps(row | {"epoch": 10 * row["epoch"]}) + "\n" for row in rows))
    before = contents(run.path)
    with pytest.raises(RunError, match=r"counts epochs as an earlier version did, step .* by --from"):
        sparring.resume(run, max_steps=STEPS["gan"] + 5, quiet=True)
    assert contents(run.path) == before

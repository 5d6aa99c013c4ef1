"""Training as a user sees it: `train` and `resume` play an engine's rounds and record them in a run."""

from __future__ import annotations

import dataclasses
import platform
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import tyro

from sparring import __version__
from sparring.console import Console, duration_text
from sparring.data import load_dataset
from sparring.engine import Engine
from sparring.errors import DataError, RunError, SettingError
from sparring.game import Game
from sparring.model import recorded_system
from sparring.processes import join_processes
from sparring.recorder import Recorder
from sparring.run import Checkpoint, Run
from sparring.settings import Count, GameSettings, Limit, Natural, Positive, Settings
from sparring.zoo import absolute_reference, find_system, short_name

Number = Annotated[Count | None, tyro.conf.arg(metavar="N")]

KEPT = ("seed", "history_every", "health_every", "on_unhealthy", "checkpoint_minutes", "device")
"""Settings of a run that go into its description as they are."""
TIMING_SECONDS = 2.0
"""How long the first steps are timed before a run whose length depends on the speed of the machine."""
LONG = 10**9
"""Length given to an engine that is made only to be looked at or timed: it stays at the run's beginning."""


@dataclass(frozen=True)
class RunSettings(Settings):
    """What every run can be told, whatever system it trains."""

    data: str = "mnist"
    """The training data: mnist, ring, grid, stacked-mnist, idx:PATH, folder:PATH, npz:FILE, mixture:FILE."""
    preset: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """A named set of settings of the system (`sparring zoo` lists them); settings given beside it win."""
    out: Annotated[str | None, tyro.conf.arg(metavar="RUN")] = None
    """The run folder; by default the next free one in runs/."""
    seed: Natural = 0
    """Decides the initial weights, the noise and the order of the data."""
    epochs: Number = None
    """Passes over the training data."""
    max_steps: Number = None
    """Rounds of turns."""
    max_minutes: Annotated[Positive | None, tyro.conf.arg(metavar="MINUTES")] = None
    """Wall-clock time; the first steps are timed and fix the number of steps."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 ..."""
    threads: Number = None
    """CPU threads; small networks are often fastest with 1. By default what torch chooses."""
    size: Annotated[Count | None, tyro.conf.arg(metavar="PIXELS")] = None
    """Side in pixels to which images are cropped and resized; by default their own, or 28 for folders."""
    skip_bad_images: bool = False
    """Leave out images that cannot be read instead of refusing the folder."""
    keep_every: Annotated[Natural | None, tyro.conf.arg(metavar="N")] = None
    """Keep the networks of every so many epochs for good; 0 for none; by default what the system says."""
    history_every: Count = 50
    """Steps between two rows of the history."""
    health_every: Natural = 50
    """Steps between two looks at the run's health; 0 for none."""
    on_unhealthy: Literal["warn", "stop", "rollback"] = "warn"
    """What to do about a finding: say so and go on, stop with exit code 3, or go back to the last healthy
    checkpoint and on from there with other noise and half the learning rates, three times at the most. A
    loss that is no longer a number makes the run go back, unless it was told to stop."""
    checkpoint_minutes: Positive = 0.5
    """Minutes between two checkpoints; a run that is killed loses at most this."""
    evaluate: bool = False
    """Say at the end how good the run is, as `sparring evaluate` does."""
    quiet: bool = False
    """Plain lines instead of a live progress bar."""

    def limit(self, default: Limit) -> Limit:
        """The limit that was given, or the default.

        Raises:
            SettingError: more than one was given.
        """
        given = {"epochs": self.epochs, "steps": self.max_steps, "minutes": self.max_minutes}
        return Limit(**given) if any(value is not None for value in given.values()) else default  # type: ignore[arg-type]


def train(system: str = "gan", **options: Any) -> Run:
    """Train a system and record it in a run folder.

    Args:
        system: a name in the zoo, or `path/to/file.py:ClassName` for one of your own.
        options: any field of `RunSettings` (data, out, seed, epochs, max_steps, max_minutes, ...) and any
            setting of the system.

    Returns:
        The run, finished.

    Raises:
        SparringError: an option that does not exist or is out of range, data that the system cannot train
            on, a folder that cannot be written, a loss that is no longer a number.
        Interrupted: SIGINT or SIGTERM came; the run has saved itself and can be resumed.

    Example:
        >>> run = sparring.train("gan", data="mnist", max_minutes=2)
        >>> run.path / "samples.png"
    """
    game_class = find_system(system)
    refuse_name_clash(game_class)
    names = {field.name for field in dataclasses.fields(RunSettings)}
    options = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    run_settings = RunSettings(**{name: value for name, value in options.items() if name in names})
    others = {name: value for name, value in options.items() if name not in names}
    values = game_class.preset_values(run_settings.preset) | others
    return start(system, game_class, run_settings, game_class.Settings.of(values, short_name(system)))


def refuse_name_clash(game_class: type[Game]) -> None:
    """Raise SettingError where a system has a setting of the same name as one that every run has."""
    of_runs = {field.name for field in dataclasses.fields(RunSettings)}
    for field in dataclasses.fields(game_class.Settings):
        if field.name in of_runs:
            raise SettingError(
                f"{game_class.__name__} calls a setting '{field.name}', as every run calls one of its own: "
                "choose another name."
            )


def start(system: str, game_class: type[Game], asked: RunSettings, settings: GameSettings) -> Run:
    """Train with a class and settings that are already made; see `train`."""
    limit = asked.limit(game_class.length)
    processes = join_processes(asked.device)
    console = Console(asked.quiet, silent=not processes.is_first)
    torch.set_num_threads(asked.threads or torch.get_num_threads())
    dataset = load_dataset(asked.data, size=asked.size, skip_bad_images=asked.skip_bad_images)
    # Anything that is wrong with the data or the settings shows here, before the folder is made.
    spare = Engine(game_class, settings, dataset, LONG, asked.seed, processes)
    kept = {name: getattr(asked, name) for name in KEPT}
    description = {
        "title": f"{short_name(system)}-{asked.data.partition(':')[0]}",
        "system": absolute_reference(system),
        "settings": dataclasses.asdict(settings),
        "data": {
            "name": dataset.name,
            "size": asked.size,
            "skip_bad_images": asked.skip_bad_images,
            "shape": list(dataset.spec.shape),
            "count": len(dataset),
            "class_names": list(dataset.class_names),
            "fingerprint": dataset.fingerprint,
        },
        **kept,
        "threads": torch.get_num_threads(),
        "keep_every": game_class.keep_every if asked.keep_every is None else asked.keep_every,
        "limit": dataclasses.asdict(limit),
        "total_steps": None,
        "versions": versions(),
    }
    with processes.ending_together():
        run = Run.create(asked.out, description) if processes.is_first else Run("")
    path = processes.told_by_first(str(run.path))
    run = run if processes.is_first else Run(path)
    with _releasing(run):
        total = _steps_of(limit, spare, None, console, announce=limit is game_class.length)
        description["total_steps"] = total
        engine = Engine(game_class, settings, dataset, total, asked.seed, processes)
        Recorder(engine, run, description, console, None).play()
    if processes.is_first:
        _say_how_good(run, console, asked.evaluate)
    return run


def _say_how_good(run: Run, console: Console, evaluated: bool) -> None:
    """The end of a run: its evaluation if one was asked for, and what to try next."""
    path = shlex.quote(str(run.path))
    next_steps = [
        f"sparring sample {path} --count 100 --out samples.png",
        f"sparring report {path}",
        "sparring zoo",
    ]
    if evaluated:
        # Evaluation brings modules that a run without one should not wait for.
        from sparring.evaluation.runs import evaluate

        evaluation = evaluate(run)
        console.table(evaluation.table())
        console.line(evaluation.summary())
    else:
        next_steps.insert(0, f"sparring evaluate {path}")
    console.line("\n  ".join(["Try next:", *next_steps]))


def resume(
    run: Run | Path | str,
    *,
    epochs: int | None = None,
    max_steps: int | None = None,
    max_minutes: float | None = None,
    device: str | None = None,
    on_unhealthy: Literal["warn", "stop", "rollback"] | None = None,
    quiet: bool = False,
) -> Run:
    """Go on with a run that was interrupted, or with a finished one for longer.

    Args:
        run: the run or its folder.
        epochs, max_steps, max_minutes: the run's new total; by default its own limit. Schedules that refer to
            the length of the run follow the new total from here on.
        device: where to go on; by default where it was.
        on_unhealthy: what to do about a finding from here on; by default what the run was told.
        quiet: plain lines instead of a progress bar.

    Raises:
        SparringError: no such run, a damaged checkpoint, data that has changed, and all that `train` raises.
    """
    asked = RunSettings(
        epochs=epochs, max_steps=max_steps, max_minutes=max_minutes, on_unhealthy=on_unhealthy or "warn"
    )
    run = Run.open(run.path if isinstance(run, Run) else run)
    description = run.description
    if on_unhealthy is not None:
        description["on_unhealthy"] = asked.on_unhealthy
    game_class = recorded_system(run)
    settings = game_class.Settings.of(description["settings"], str(run.path / "run.json"))
    recorded = Limit.of(description["limit"], str(run.path / "run.json"))
    limit = asked.limit(recorded)
    processes = join_processes(device or description["device"])
    console = Console(quiet, silent=not processes.is_first)
    # Sums are rounded differently with another number of threads, and the run would not be the same.
    torch.set_num_threads(description["threads"])
    data = description["data"]
    dataset = load_dataset(data["name"], size=data["size"], skip_bad_images=data["skip_bad_images"])
    if dataset.fingerprint != data["fingerprint"]:
        raise DataError(
            f"{dataset.name} is not what {run.path} was trained on (its fingerprint differs): restore the "
            "data, or start a new run."
        )
    with _releasing(run):
        with processes.ending_together():
            if processes.is_first:
                run.acquire()
                run.tidy()
        checkpoint = run.latest()
        total = None if limit is not recorded else description["total_steps"]
        if total is None:
            spare = Engine(game_class, settings, dataset, LONG, description["seed"], processes)
            total = _steps_of(limit, spare, checkpoint, console)
            _refuse_shorter(run, total, checkpoint)
            description |= {"limit": dataclasses.asdict(limit), "total_steps": total}
        engine = Engine(game_class, settings, dataset, total, description["seed"], processes)
        Recorder(engine, run, description, console, checkpoint).play()
    return run


@contextmanager
def _releasing(run: Run) -> Iterator[None]:
    try:
        yield
    finally:
        run.release()


def _refuse_shorter(run: Run, total: int, checkpoint: Checkpoint | None) -> None:
    done = checkpoint.state["step"] if checkpoint else 0
    if total < done:
        raise RunError(
            f"{run.path} is at step {done:,} already, beyond the {total:,} steps asked for: a limit is the "
            "total of the whole run, so give a larger one."
        )


def versions() -> dict[str, str]:
    """What the numbers of a run may depend on beside its settings."""
    return {
        "sparring": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _steps_of(
    limit: Limit, spare: Engine, checkpoint: Checkpoint | None, console: Console, announce: bool = False
) -> int:
    """The number of steps of a run, timing the machine with a spare engine where the limit is a time."""
    if limit.steps is not None:
        steps = limit.steps
    elif limit.epochs is not None:
        steps = limit.epochs * spare.steps_per_epoch
    else:
        assert limit.minutes is not None
        steps = _steps_in(limit.minutes * 60, spare, checkpoint)
        console.line(
            f"{limit} are {steps:,} steps here, {steps / spare.steps_per_epoch:.3g} epochs: "
            "the run is that long from now on, however fast it goes."
        )
    if announce:
        estimate = duration_text(step_seconds(spare) * steps)
        console.line(
            f"No limit given: the published length, {limit} ({steps:,} steps), about {estimate} on this "
            "machine. Ctrl-C saves at any time; --epochs, --max-steps or --max-minutes choose another length."
        )
    return steps


def _steps_in(seconds: float, spare: Engine, checkpoint: Checkpoint | None) -> int:
    """The steps that fit in the seconds, less what the run has spent and what finding out takes."""
    began = time.monotonic()
    spent, done = (checkpoint.state["seconds"], checkpoint.state["step"]) if checkpoint else (0.0, 0)
    per_step = step_seconds(spare)
    left = torch.tensor(
        [seconds - spent - (time.monotonic() - began)], dtype=torch.float64, device=spare.processes.device
    )
    # All processes must come to the same number.
    spare.processes.average([left])
    return max(1, done + max(0, int(left.item() / per_step)))


def step_seconds(engine: Engine) -> float:
    """Mean duration of a step, from the first few; the engine is spent afterwards.

    All processes come to the same number: they agree on how many steps to time and average the result.
    """

    def timed(rounds: int) -> float:
        began = time.perf_counter()
        for _ in range(rounds):
            engine.play_round()
        seconds = torch.tensor([(time.perf_counter() - began) / rounds], device=engine.processes.device)
        engine.processes.average([seconds])
        return seconds.item()

    timed(2)
    return timed(max(2, min(200, int(TIMING_SECONDS / timed(2)))))

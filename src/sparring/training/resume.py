"""`resume`: go on with a run."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Literal

from sparring.console import Console
from sparring.notebooks import beside_a_cell
from sparring.process_wide import threads_of
from sparring.processes import join_processes
from sparring.runs.folder import Run
from sparring.runs.origins import recorded_system, unchanged_dataset
from sparring.settings import Limit
from sparring.training.arithmetic import compile_or_say_why_not, require_precision
from sparring.training.beginning import begin_from
from sparring.training.callbacks import Callback, Callbacks
from sparring.training.engine import Engine
from sparring.training.holding import holding
from sparring.training.length import refuse_other_epochs, refuse_shorter, settle_length
from sparring.training.loop import Loop
from sparring.training.precision import Precision
from sparring.training.settings import RunSettings


def resume(
    run: Run | Path | str,
    *,
    data: str | None = None,
    epochs: int | None = None,
    max_steps: int | None = None,
    max_minutes: float | None = None,
    device: str | None = None,
    on_unhealthy: Literal["warn", "stop", "rollback"] | None = None,
    quiet: bool = False,
    **callbacks: Callback,
) -> Run:
    """Go on with a run that was interrupted, or with a finished one for longer.

    Args:
        run: the run or its folder.
        data: where the data is now, if it has moved; it must be the same, which its fingerprint shows.
        epochs: the run's new total of passes over the data; by default its own limit. Schedules that refer to
            the length of the run follow the new total from here on.
        max_steps: the run's new total of steps.
        max_minutes: the run's new total of minutes.
        device: where to go on; by default where it was.
        on_unhealthy: what to do about a finding from here on; by default what the run was told.
        quiet: print nothing.
        callbacks: `on_step`, `on_epoch` and `on_end`, as `train` takes them.

    Raises:
        SparringError: no such run, a damaged checkpoint, data that has changed, and all that `train` raises.
    """
    began, told = time.monotonic(), Callbacks.named(callbacks)
    asked = RunSettings(
        epochs=epochs, max_steps=max_steps, max_minutes=max_minutes, on_unhealthy=on_unhealthy or "warn"
    )
    run = Run.open(run.path if isinstance(run, Run) else run)
    description = run.description
    if on_unhealthy is not None:
        description["on_unhealthy"] = asked.on_unhealthy
    game_class = recorded_system(run)
    settings = game_class.Settings.of(description["settings"], str(run.path / "run.json"))
    given = asked.limit()
    limit = given or Limit.of(description["limit"], str(run.path / "run.json"))
    processes = join_processes(device or description["device"])
    console = Console(silent=quiet or not processes.is_first)
    # Sums are rounded differently with another number of threads, and the run would not be the same.
    with threads_of(description["threads"]):
        recorded = description["data"]
        with console.reading() as watch:
            dataset = unchanged_dataset(run, data, watch)
        recorded["name"] = dataset.name
        with holding(run, processes.is_first):
            with processes.ending_together():
                if processes.is_first:
                    run.acquire()
                    run.tidy()
                    if data is not None:
                        # Of a finished run, too: it is found again when the run is evaluated.
                        run.describe(run.description | {"data": recorded})
            checkpoint, pace = run.checkpoints.latest(), None
            total = description["total_steps"] if given is None else None
            engine = Engine(
                game_class,
                settings,
                dataset,
                total,
                description["seed"],
                processes,
                Precision(description["precision"]),
                description["microbatches"],
            )
            if asked.on_unhealthy == "rollback" and (oldest := min(run.checkpoints.steps(), default=0)):
                console.line(
                    f"Hint: It may go back to step {oldest:,}: no checkpoint is kept of earlier ones."
                )
            if checkpoint is None and description.get("from_") is not None:
                begin_from(description["from_"], engine, description.get("from_step"))
            if description["compile"]:
                compile_or_say_why_not(engine, console)
            if total is None:
                description["limit"] = dataclasses.asdict(limit)
                pace = settle_length(limit, run, engine, description, checkpoint, began)
                if pace is None:
                    refuse_shorter(run, engine.total_steps, checkpoint.step if checkpoint else 0)
            refuse_other_epochs(run, engine)
            require_precision(engine)
            Loop(engine, run, description, console, checkpoint, pace, beside_a_cell(told, quiet)).play()
    return run

"""Training as a user sees it: `train` begins a run, `resume` goes on with one."""

from __future__ import annotations

import dataclasses
import functools
import os
import platform
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from sparring import __version__
from sparring.console import Console, duration_text
from sparring.data import READING, Dataset, load_dataset, short_data_name
from sparring.data.kinds import kind_from
from sparring.data.summary import hints, summary
from sparring.errors import DataError, Interrupted, RunError, SettingError
from sparring.game import Game
from sparring.mistakes import refuse
from sparring.mistakes.figures import figure_mistakes
from sparring.mistakes.samples import sample_mistakes
from sparring.notebooks import in_notebook, live_cell
from sparring.processes import join_processes
from sparring.reporting.validation import at_the_best_validation
from sparring.runs.checkpoint import Checkpoint
from sparring.runs.folder import Run
from sparring.runs.group import agreed_length
from sparring.runs.origins import dataset_of_run, recorded_dataset, recorded_system
from sparring.settings import Limit
from sparring.shown import quoted
from sparring.training.arithmetic import choose_arithmetic, compile_or_say_why_not
from sparring.training.beginning import begin_from
from sparring.training.callbacks import SILENT, Callback, Callbacks, split
from sparring.training.engine import Engine
from sparring.training.largeness import hint_of_largeness
from sparring.training.loop import Loop
from sparring.training.pace import Pace
from sparring.training.precision import Precision
from sparring.training.recommending import choose_settings, published_length, with_size
from sparring.training.recording import Recording
from sparring.training.settings import RECORDED, RunSettings, settings_of
from sparring.training.signals import stop_signals
from sparring.training.timing import seconds_of, seconds_per_step
from sparring.zoo import absolute_reference, find_system, short_name, usual_system


def train(system: str | None = None, **options: Any) -> Run:
    """Train a system and record it in a run folder.

    Args:
        system: a name in the zoo, or `path/to/file.py:ClassName` for one of your own; by default what is
            known to do best on this kind of data.
        options: any field of `RunSettings` (data, out, seed, epochs, max_steps, max_minutes, ...), any
            setting of the system, and any flag of a trick; beside these `on_step`, `on_epoch` and `on_end`,
            functions that are called with a `Moment` (see `Callbacks`).

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
    options, callbacks = split(options)
    system = system or usual_system(str(options.get("data", RunSettings.data)))
    asked, given = settings_of(system, options)
    if asked.seeds is not None:
        raise SettingError("`train` makes one run: for several seeds call `train_seeds`.")
    return start(system, find_system(system), asked, given, callbacks)


def start(
    system: str,
    game_class: type[Game],
    asked: RunSettings,
    given: Mapping[str, Any],
    callbacks: Callbacks = SILENT,
) -> Run:
    """Train with a class and settings that are already read; see `train`."""
    began, limit, announce = time.monotonic(), asked.limit(), False
    processes = join_processes(asked.device)
    console = Console(silent=asked.quiet or not processes.is_first)
    torch.set_num_threads(asked.threads or torch.get_num_threads())
    asked = with_size(asked)
    reading = {name: getattr(asked, name) for name in READING}
    with console.reading() as watch:
        dataset = load_dataset(asked.data, **reading, watch=watch)
    said = summary(dataset)
    console.line(said)
    for hint in hints(dataset):
        console.line(f"Hint: {hint}")
    if asked.evaluate:
        check_enough_to_evaluate(dataset)
    # Anything that is wrong with the data or the settings shows here, before the folder is made.
    chosen = choose_settings(system, game_class, dataset, asked, given, processes, began)
    engine = Engine(
        game_class, chosen.settings, dataset, None, asked.seed, processes, microbatches=asked.microbatches
    )
    for line in chosen.lines:
        console.line(line)
    refuse(sample_mistakes(engine.game, engine.dataset))
    refuse(figure_mistakes(engine.game))
    if limit is None:
        limit, announce = published_length(game_class, engine), True
    if asked.from_ is not None:
        console.line(begin_from(asked.from_, engine))
    largeness = hint_of_largeness(engine.game)
    if largeness is not None:
        console.line(f"Hint: {largeness}")
    choose_arithmetic(engine, asked, console)
    description = {
        "title": f"{short_name(system)}-{short_data_name(asked.data)}",
        "system": absolute_reference(system),
        "settings": dataclasses.asdict(chosen.settings),
        "recommended": {"settings": dict(chosen.by_rule), "reasons": list(chosen.reasons)},
        "data": {
            "name": dataset.name,
            **reading,
            "summary": said,
            "fingerprint": dataset.fingerprint,
            "spec": dataset.spec.description(),
        },
        "condition": engine.game.condition(engine.dataset[:1]).kind.description(),
        "roles": {name: str(player.role) for name, player in engine.players.items()},
        **{name: getattr(asked, name) for name in RECORDED},
        "from_": None if asked.from_ is None else os.path.abspath(asked.from_),
        "precision": engine.precision.name,
        "compile": engine.compiled,
        "threads": torch.get_num_threads(),
        "keep_every": game_class.keep_every if asked.keep_every is None else asked.keep_every,
        "limit": dataclasses.asdict(limit),
        "total_steps": None,
        "versions": versions(),
    }
    with processes.ending_together():
        run = Run.create(asked.out, description) if processes.is_first else Run("")
    path = processes.broadcast(str(run.path))
    run = run if processes.is_first else Run(path)
    with _holding(run, processes.is_first):
        pace = _settle_length(limit, run, engine, description, None, began)
        try:
            if announce:
                _announce(limit, engine, console)
            loop = Loop(engine, run, description, console, None, pace, _shown(callbacks, asked.quiet))
        except (Exception, SystemExit) as error:
            Recording(engine, run, description, console).failure(error)
            raise
        loop.play()
    if processes.is_first:
        _say_how_good(run, console, asked.evaluate, dataset.examples.kind.suffix)
    return run


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
    torch.set_num_threads(description["threads"])
    recorded = description["data"]
    with console.reading() as watch:
        dataset = recorded_dataset(run, watch) if data is None else dataset_of_run(run, data, watch)
    if dataset.fingerprint != recorded["fingerprint"]:
        raise DataError(
            f"{dataset.name} is not what {run.path} was trained on (its fingerprint differs): restore the "
            "data, give --data if it has moved, or start a new run with --from."
        )
    recorded["name"] = dataset.name
    with _holding(run, processes.is_first):
        with processes.ending_together():
            if processes.is_first:
                run.acquire()
                run.tidy()
                if data is not None:
                    # Of a finished run, too: it is found again when the run is evaluated.
                    run.describe(run.description | {"data": recorded})
        checkpoint, pace = run.latest(), None
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
        if checkpoint is None and description.get("from_") is not None:
            begin_from(description["from_"], engine)
        if description["compile"]:
            compile_or_say_why_not(engine, console)
        if total is None:
            description["limit"] = dataclasses.asdict(limit)
            pace = _settle_length(limit, run, engine, description, checkpoint, began)
            if pace is None:
                _refuse_shorter(run, engine.total_steps, checkpoint)
        Loop(engine, run, description, console, checkpoint, pace, _shown(told, quiet)).play()
    return run


def _shown(callbacks: Callbacks, quiet: bool) -> Callbacks:
    """The callbacks, and in a notebook a cell that follows the run."""
    if quiet or not in_notebook():
        return callbacks
    return callbacks.beside(live_cell().callbacks)


def check_enough_to_evaluate(dataset: Dataset) -> None:
    """Raise DataError where the evaluation at the end of a run will lack real examples."""
    # Evaluation brings modules that a run without one should not wait for.
    from sparring.evaluation.enough import check_enough_real

    check_enough_real(dataset)


def _say_how_good(run: Run, console: Console, evaluated: bool, suffix: str) -> None:
    """The end of a run: what validation chooses, an evaluation if one was asked for, what to try next."""
    chosen = at_the_best_validation(run.history())
    if chosen is not None:
        console.line(chosen)
    path = quoted(run.path)
    made_of_others = kind_from(run.description["condition"]).from_data
    next_steps = [
        f"sparring translate {path} photo.png made.png"
        if made_of_others
        else f"sparring sample {path} --count 100 --out samples{suffix}",
        f"sparring report {path}",
        "sparring zoo",
    ]
    if evaluated:
        # Evaluation brings modules that a run without one should not wait for.
        from sparring.evaluation.runs import evaluate

        try:
            evaluation = evaluate(run, quiet=not console.live)
        except KeyboardInterrupt:
            raise Interrupted(
                f"Stopped; the run itself is finished. Go on with: sparring evaluate {path}",
                128 + signal.SIGINT,
            ) from None
        console.table(evaluation.table())
        console.line(evaluation.seen_through())
        console.line(evaluation.verdict.text)
    else:
        next_steps.insert(0, f"sparring evaluate {path}")
    console.line("\n  ".join(["Try next:", *next_steps]))


@contextmanager
def _holding(run: Run, writes: bool) -> Iterator[None]:
    """Release a run in the end, and say how to go on where Ctrl-C came while the loop did not hear it."""

    def heard(number: int, before: object) -> None:
        raise KeyboardInterrupt

    try:
        with stop_signals([signal.SIGINT], heard):
            yield
    except KeyboardInterrupt:
        path = quoted(run.path)
        if writes:
            run.mark_interrupted()
        raise Interrupted(f"Stopped. Go on with: sparring resume {path}", 128 + signal.SIGINT) from None
    finally:
        run.release()


def _refuse_shorter(run: Run, total: int, checkpoint: Checkpoint | None) -> None:
    done = checkpoint.step if checkpoint else 0
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


def _settle_length(
    limit: Limit,
    run: Run,
    engine: Engine,
    description: dict[str, Any],
    checkpoint: Checkpoint | None,
    began: float,
) -> Pace | None:
    """Fix how many steps the run has; or give what will, where the limit is a time.

    Until then a new run is at the beginning of its schedules, and one that goes on where it would be if it
    went on as fast as before.

    Args:
        limit: of the whole run.
        run: which may be one of a group, whose runs have one length.
        engine: is told its length, for the time being where it is not known.
        description: of the run; its `total_steps` is None as long as they are not known.
        checkpoint: where the run goes on.
        began: when this was asked for, by `time.monotonic`.
    """
    spent, done = (checkpoint.seconds, checkpoint.step) if checkpoint else (0.0, 0)
    pace = None
    if limit.minutes is None:
        engine.set_length(engine.course.steps_of(limit))
    else:
        left = limit.minutes * 60 - spent
        if done:
            engine.set_length(done + int(max(0.0, left) * done / max(spent, 1e-3)))
        if left > 0:
            pace = Pace(engine, left, began, functools.partial(agreed_length, run.path))
    description["total_steps"] = engine.total_steps if pace is None else None
    return pace


def _announce(limit: Limit, engine: Engine, console: Console) -> None:
    """Say how long a run takes that was given no limit."""
    steps, per_step = engine.total_steps, seconds_per_step(engine)
    console.line(
        f"No limit given: the published length, {limit} ({steps:,} steps), about "
        f"{duration_text(seconds_of(engine.course, per_step))} on this machine. Ctrl-C saves at any time; "
        "--epochs, --max-steps or --max-minutes choose another length."
    )

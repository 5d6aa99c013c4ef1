"""`train`: begin a run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sparring.console import Console
from sparring.data.summary import summary
from sparring.errors import SettingError
from sparring.game import Game
from sparring.mistakes import refuse
from sparring.mistakes.figures import figure_mistakes
from sparring.mistakes.samples import sample_mistakes
from sparring.notebooks import beside_a_cell
from sparring.process_wide import threads_of
from sparring.processes import join_processes
from sparring.runs.folder import Run
from sparring.training.arithmetic import choose_arithmetic
from sparring.training.beginning import begin_from, unnamed_system
from sparring.training.callbacks import SILENT, Callbacks, split
from sparring.training.data import read_data
from sparring.training.describing import description_of
from sparring.training.ending import check_enough_to_evaluate, say_how_good
from sparring.training.engine import Engine
from sparring.training.hints import hints_of_game
from sparring.training.holding import holding
from sparring.training.length import announce_length, published_length, settle_length
from sparring.training.loop import Loop
from sparring.training.recommending import choose_settings, with_reading
from sparring.training.recording import Recording
from sparring.training.settings import RunSettings, settings_of
from sparring.zoo import find_system


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
    system = system or unnamed_system(str(options.get("data", RunSettings.data)), options.get("from_"))
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
    with threads_of(asked.threads):
        return _played(system, game_class, asked, given, callbacks)


def _played(
    system: str, game_class: type[Game], asked: RunSettings, given: Mapping[str, Any], callbacks: Callbacks
) -> Run:
    began, limit, announce = time.monotonic(), asked.limit(), False
    processes = join_processes(asked.device)
    console = Console(silent=asked.quiet or not processes.is_first)
    asked = with_reading(asked)
    dataset = read_data(asked, console)
    if asked.evaluate:
        check_enough_to_evaluate(dataset)
    # Anything that is wrong with the data or the settings shows here, before the folder is made.
    chosen = choose_settings(system, game_class, dataset, asked, given, processes, began)
    engine = Engine(
        game_class, chosen.settings, dataset, None, asked.seed, processes, microbatches=asked.microbatches
    )
    for line in chosen.lines_beside(engine.course):
        console.line(line)
    refuse(sample_mistakes(engine.game, engine.dataset))
    refuse(figure_mistakes(engine.game))
    if limit is None:
        limit, announce = published_length(engine), True
    beginning = None
    if asked.from_ is not None:
        beginning = begin_from(asked.from_, engine)
        console.line(beginning.text)
    for hint in hints_of_game(engine.game, dataset, asked, given):
        console.line(f"Hint: {hint}")
    choose_arithmetic(engine, asked, console)
    description = description_of(system, asked, chosen, dataset, engine, summary(dataset), limit, beginning)
    with processes.ending_together():
        run = Run.create(asked.out, description) if processes.is_first else Run("")
    path = processes.broadcast(str(run.path))
    run = run if processes.is_first else Run(path)
    with holding(run, processes.is_first):
        pace = settle_length(limit, run, engine, description, None, began)
        try:
            if announce:
                announce_length(limit, engine, console)
            loop = Loop(engine, run, description, console, None, pace, beside_a_cell(callbacks, asked.quiet))
        except (Exception, SystemExit) as error:
            Recording(engine, run, description, console).failure(error)
            raise
        loop.play()
    if processes.is_first:
        say_how_good(run, console, asked.evaluate, dataset.examples.kind.suffix)
    return run

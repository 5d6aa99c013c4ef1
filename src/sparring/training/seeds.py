"""Many seeds: the same training several times, side by side, each in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sparring.console import Console
from sparring.data import short_data_name
from sparring.errors import Interrupted, SettingError, SparringError
from sparring.game import Game
from sparring.game_settings import PAPER, GameSettings
from sparring.mistakes import refuse
from sparring.mistakes.figures import figure_mistakes
from sparring.process_wide import threads_of
from sparring.processes import join_processes
from sparring.runs.folder import Run
from sparring.runs.group import Group
from sparring.runs.origins import unchanged_dataset
from sparring.settings import Limit, Settings
from sparring.shown import counted, quoted
from sparring.training.arithmetic import choose_arithmetic
from sparring.training.beginning import begin_from
from sparring.training.data import read_data
from sparring.training.ending import check_enough_to_evaluate, check_judged_by
from sparring.training.engine import Engine
from sparring.training.hints import hints_of_game
from sparring.training.length import refuse_shorter
from sparring.training.progress import GroupProgress
from sparring.training.recommending import choose_settings, with_reading
from sparring.training.settings import LIMITS, RunSettings, settings_of
from sparring.training.signals import stop_signals
from sparring.training.worker import Worker
from sparring.zoo import absolute_reference, find_system, short_name

LOOK_SECONDS = 0.3
"""How often it is looked how far the runs are."""
NOT_SHARED = ("seed", "seeds", "out", "threads", "quiet")
"""Options that are not every run's own."""


def train_seeds(system: str, seeds: int, **options: Any) -> Group:
    """Train a system several times, one single-threaded process for each core.

    Args:
        system: a name in the zoo, or `path/to/file.py:ClassName`.
        seeds: how many runs; their seeds are `seed` (0 unless given) and those after it.
        options: as `train` takes them; `out` is the folder of all runs.

    Returns:
        The runs, finished.

    Raises:
        SparringError: an option that is wrong, or a run that ended with an error.
        Interrupted: SIGINT or SIGTERM came; all runs have saved themselves.
    """
    asked, given = settings_of(system, options | {"seeds": seeds})
    return begin_seeds(system, find_system(system), asked, given)


def begin_seeds(system: str, game_class: type[Game], asked: RunSettings, given: Mapping[str, Any]) -> Group:
    """The same with a class and settings that are already read."""
    if asked.threads not in (None, 1):
        raise SettingError(
            f"threads is {asked.threads}: runs of several seeds side by side have one thread each."
        )
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise SettingError(
            "Several seeds are trained in processes of their own: start them without torchrun."
        )
    options = shared(system, game_class, asked, given).options
    title = f"{short_name(system)}-{short_data_name(asked.data)}-seeds"
    seeds = range(asked.seed, asked.seed + (asked.seeds or 1))
    return play(Group.create(asked.out, title, absolute_reference(system), options, seeds), asked.quiet)


def resume_seeds(group: Group, *, quiet: bool = False, **options: Any) -> Group:
    """Go on with every run of a group that is not finished, and begin those that have not begun.

    Args:
        group: the runs.
        quiet: print nothing.
        options: as `resume` takes them.

    Raises:
        SparringError: an option that is wrong, a limit that one of them is beyond, or a run that ended with
            an error.
    """
    given = {name: value for name, value in options.items() if value is not None}
    limit = RunSettings(**given).limit()
    begun = group.runs()
    if limit is not None:
        # Otherwise those that have not begun would be shorter than the rest.
        for run in begun:
            _refuse_beyond(run, limit)
    if "data" in given and begun:
        # Otherwise those that have not begun would train on other data than the rest.
        given["data"] = unchanged_dataset(begun[0], given["data"]).name
    before = group.description["options"]
    kept = {name: value for name, value in before.items() if limit is None or name not in LIMITS}
    if kept | given != before:
        group.change_options(kept | given)
    return play(group, quiet, given)


def _refuse_beyond(run: Run, limit: Limit) -> None:
    """Raise RunError where a run is beyond a limit in steps or epochs; one of time ends it where it is."""
    total = limit.steps if limit.epochs is None else run.end_of(limit.epochs)
    done = run.checkpoints.steps()
    if total is not None and done:
        refuse_shorter(run, total, done[-1])


def play(group: Group, quiet: bool, options: Mapping[str, Any] | None = None) -> Group:
    """Run what is left of a group, as many at a time as there are cores.

    Args:
        group: the runs.
        quiet: print nothing.
        options: what runs that have begun are told from now on, the finished ones as well.
    """
    waiting = [seed for seed, folder in group.folders.items() if options or not Run(folder).finished]
    workers: dict[int, Worker] = {}
    failed: dict[int, str] = {}
    received: list[int] = []
    with (
        GroupProgress(group, quiet, min(len(group.folders), cores())) as progress,
        # The first asks all runs to save themselves, a second ends them at once.
        stop_signals(_signals(), lambda number, before: received.append(number)),
        _ending(workers),
    ):
        while (waiting and not received) or workers:
            while waiting and not received and len(workers) < cores():
                seed = waiting.pop(0)
                workers[seed] = Worker(group, seed, options or {})
            for worker in workers.values():
                worker.ask_to_end(len(received))
            time.sleep(LOOK_SECONDS)
            for seed in [seed for seed, worker in workers.items() if worker.ended]:
                failure = workers.pop(seed).failure()
                if failure is not None:
                    failed[seed] = failure
            progress.update(workers, failed)
    _raise_if_incomplete(group, received, failed)
    progress.sum_up()
    return group


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Shared:
    """What several runs of one system have in common."""

    options: dict[str, Any]
    """What every run is told, all that is not the default."""
    settings: GameSettings
    """The settings of the system that come of these."""
    idle: Mapping[str, str]
    """Those that change nothing, each with why."""


def shared(
    system: str,
    game_class: type[Game],
    asked: RunSettings,
    given: Mapping[str, Any],
    figure: str | None = None,
) -> Shared:
    """What every run is told; it may be known what figure each is judged by.

    Anything that is wrong with it shows here, before the folder is made; and what a run would find out by
    timing itself is found out once, so that all come to the same.
    """
    asked.limit()
    asked = with_reading(asked)
    with threads_of(1):
        began = time.monotonic()
        console = Console(silent=asked.quiet)
        dataset = read_data(asked, console)
        if asked.evaluate or figure is not None:
            check_enough_to_evaluate(dataset)
        processes = join_processes(asked.device)
        chosen = choose_settings(system, game_class, dataset, asked, given, processes, began)
        engine = Engine(
            game_class, chosen.settings, dataset, None, asked.seed, processes, microbatches=asked.microbatches
        )
        refuse(figure_mistakes(engine.game))
        if figure is not None:
            check_judged_by(figure, engine.game, dataset)
        hints = [f"Hint: {hint}" for hint in hints_of_game(engine.game, dataset, asked, given)]
        for line in (*chosen.lines, *hints):
            console.line(line)
        choose_arithmetic(engine, asked, console)
        if asked.from_ is not None:
            console.line(begin_from(asked.from_, engine).text)
        beginning = None if asked.from_ is None else os.path.abspath(asked.from_)
        found: dict[str, Any] = {
            "data": dataset.name,
            "from_": beginning,
            "precision": engine.precision.name,
            "compile": engine.compiled,
            # All that differs from the paper's is among the options.
            "preset": PAPER,
        }
    options = _changed(asked, found) | _changed(chosen.settings, {})
    return Shared(options, chosen.settings, game_class.idle_settings(chosen.settings, dataset.spec))


def _changed(settings: Settings, found: dict[str, Any]) -> dict[str, Any]:
    """The settings that are not the defaults, by name."""
    defaults = type(settings)().flat()
    values = settings.flat() | found
    return {
        name: value for name, value in values.items() if name not in NOT_SHARED and value != defaults[name]
    }


def _raise_if_incomplete(group: Group, received: list[int], failed: Mapping[int, str]) -> None:
    """Say why a group has not come to its end, if it has not."""
    resume = f"sparring resume {quoted(group.path)}"
    seed, reason = next(iter(failed.items()), (0, ""))
    if received:
        saved = (
            f"the run of seed {seed} has not saved itself: {reason}"
            if failed
            else "every run has saved itself."
        )
        raise Interrupted(f"Interrupted; {saved} Go on with: {resume}", 128 + received[0])
    if failed:
        raise SparringError(
            f"{len(failed)} of {counted(len(group.folders), 'run')} in {group.path} ended with an error; "
            f"that of seed {seed}: {reason} `{resume}` goes on with them."
        )


@contextmanager
def _ending(workers: Mapping[int, Worker]) -> Iterator[None]:
    """Leave no process behind, whatever happens here."""
    try:
        yield
    finally:
        for worker in workers.values():
            worker.ask_to_end()
        for worker in workers.values():
            worker.close()


def _signals() -> list[int]:
    """Those by which a person, or a terminal that is closed, asks to stop."""
    asking = [int(signal.SIGINT), int(signal.SIGTERM)]
    # With nohup, closing the terminal asks for nothing.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        asking.append(int(signal.SIGHUP))
    return asking

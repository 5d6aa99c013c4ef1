"""Tuning: a search for settings by short runs of equal length, with optuna (Akiba et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sparring.console import Console
from sparring.data import short_data_name
from sparring.errors import SettingError
from sparring.evaluation.enough import check_enough_samples
from sparring.game import Game
from sparring.mistakes.options import refuse_taken
from sparring.runs.files import write_json
from sparring.runs.place import TUNING_FILE, claim, is_tuning
from sparring.settings import Count, Settings
from sparring.shown import counted
from sparring.training.search import Description, Tuning, import_optuna
from sparring.training.seeds import shared
from sparring.training.settings import RunSettings, settings_of
from sparring.training.spans import spans_of
from sparring.zoo import absolute_reference, find_system, short_name


@dataclass(frozen=True)
class TuneSettings(Settings):
    """What a search can be told."""

    trials: Count = 20
    """Runs in all; the first has the settings chosen by rule."""
    figure: str = "fid"
    """The figure of `sparring evaluate` that is to come as near as it can to that of real examples."""
    search: str | None = None
    """What to search instead of rates and widths, such as `generator_lr=1e-4:1e-2,width=16:64`."""
    count: Count = 2000
    """Samples by which each run is judged."""


def tune(
    system: str,
    trials: int | None = None,
    *,
    figure: str | None = None,
    search: str | None = None,
    count: int | None = None,
    **options: Any,
) -> Tuning:
    """Search for the settings with which short runs of equal length become best.

    Args:
        system: a name in the zoo, `path/to/file.py:ClassName`, or the folder of a search to go on with.
        trials: runs in all: by default 20, and of a search that goes on those that it was to have.
        figure: the figure of `evaluate` that is to come near that of real examples; by default FID.
        search: the settings to search and their ends, such as `generator_lr=1e-4:1e-2,width=16:64`; by
            default all rates and widths, and what the system declares.
        count: samples by which each run is judged; by default 2,000.
        options: what every run is told, as `train` takes it; the length of a run among them.

    Raises:
        SparringError: an option that is wrong, no length, a search that another process goes on with.
        Interrupted: SIGINT or SIGTERM came; what was found is kept.
    """
    given = {"trials": trials, "figure": figure, "search": search, "count": count}
    told: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if is_tuning(system):
        others = {*options, *told} - {"trials", "threads", "quiet"}
        if others:
            raise SettingError(f"A search keeps what it was told at its beginning: leave {min(others)} out.")
        return go_on(system, trials, **options)
    game_class = find_system(system)
    refuse_taken(game_class, TuneSettings, "tune")
    asked, chosen = settings_of(system, options)
    return begin(system, game_class, asked, chosen, TuneSettings(**told))


def go_on(
    folder: str, trials: int | None = None, *, threads: int | None = None, quiet: bool = False
) -> Tuning:
    """Go on with a search for settings.

    Args:
        folder: of the search.
        trials: runs in all from now on, those that are there among them; by default as many as planned.
        threads: CPU threads of each run; by default as many as at the search's beginning.
        quiet: print nothing.

    Raises:
        SparringError: no such search, or another process goes on with it.
    """
    tuning = Tuning(folder)
    planned = tuning.description.trials if trials is None else TuneSettings(trials).trials
    tuning.play(planned, Console(silent=quiet), threads or tuning.description.threads)
    return tuning


def begin(
    system: str, game_class: type[Game], asked: RunSettings, given: Mapping[str, Any], told: TuneSettings
) -> Tuning:
    """A new search with settings that are already read; see `tune`."""
    import_optuna()
    check_enough_samples(told.count)
    if asked.limit() is None:
        raise SettingError("Short runs need a length: give --max-steps, --epochs or --max-minutes.")
    if asked.seeds is not None or asked.evaluate:
        raise SettingError("`tune` judges every run itself, with one seed: leave --seeds and --evaluate out.")
    every = shared(system, game_class, asked, given, figure=told.figure)
    spans = spans_of(game_class, every.settings, every.idle, given, told.search)
    values = every.settings.flat()
    path = claim(asked.out, f"tune-{short_name(system)}-{short_data_name(asked.data)}")
    description = Description(
        absolute_reference(system),
        {name: value for name, value in every.options.items() if name not in spans},
        {name: asdict(span) for name, span in spans.items()},
        {name: span.nearest(values[name]) for name, span in spans.items()},
        told.figure,
        told.count,
        asked.seed,
        told.trials,
        asked.threads,
    )
    write_json(path / TUNING_FILE, asdict(description))
    console = Console(silent=asked.quiet)
    for name, value in description.first.items():
        if value != values[name]:
            console.line(
                f"Hint: the first trial has {name} {value:g}, which is searched and nearest to "
                f"{values[name]}, which the rules choose."
            )
    console.line(
        f"Tuning {short_name(system)} in {path}: {counted(told.trials, 'run')} of {asked.limit()}, for a "
        f"{told.figure} near that of real examples; "
        f"{', '.join(f'{name} {span}' for name, span in spans.items())}."
    )
    tuning = Tuning(path)
    tuning.play(told.trials, console, asked.threads)
    return tuning

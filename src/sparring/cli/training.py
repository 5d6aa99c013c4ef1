"""Commands that train: a system, or what a run has begun."""

from __future__ import annotations

import dataclasses
import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sparring.cli.options import WHOLE, parsed
from sparring.errors import SettingError

if TYPE_CHECKING:
    from sparring.game import Game


def train(arguments: list[str]) -> None:
    """Train a system, once or with several seeds."""
    from sparring.cli.importing import importing
    from sparring.zoo import SYSTEMS

    if not arguments:
        raise SettingError(
            "`sparring train` needs the name of a system, or of data, as in `sparring train gan` and "
            "`sparring train --data folder:photos`."
        )
    if arguments[0] in ("-h", "--help"):
        print(
            "usage: sparring train [SYSTEM] [options]\n\n"
            f"SYSTEM is one of {', '.join(SYSTEMS)},\nor path/to/file.py:ClassName for one of your own; "
            "without one, what is known to do best on the data.\n"
            "`sparring train SYSTEM --help` lists all options; `sparring zoo` says what each is for."
        )
        return
    name, system, options = _system_options("train", arguments)
    with importing():
        from sparring.training.train import start

    if options.run.seeds is None:
        start(name, system, options.run, options.given)
    else:
        from sparring.training.seeds import begin_seeds

        begin_seeds(name, system, options.run, options.given)


def tune(arguments: list[str]) -> None:
    """Search for settings, or go on with a search, and print what was tried."""
    from sparring.console import Terminal
    from sparring.runs.place import is_tuning
    from sparring.shown import say
    from sparring.training.tuning import TuneSettings, begin, go_on

    if not arguments or arguments[0] in ("-h", "--help"):
        print(
            "usage: sparring tune [SYSTEM] [options]\n       sparring tune FOLDER [--trials N]\n\n"
            "Searches for the settings with which short runs of equal length become best, or goes on with a "
            "search.\n`sparring tune SYSTEM --help` lists all options."
        )
        return
    if is_tuning(arguments[0]):
        tuning = go_on(**parsed("tune", go_on, arguments))
    else:
        name, system, options = _system_options("tune", arguments, tune=TuneSettings)
        tuning = begin(name, system, options.run, options.given, options.tune)
    Terminal().print(tuning.table())
    command = tuning.command
    say("No run came to its end." if command is None else f"Train the best with: {command}")


def _system_options(
    command: str, arguments: list[str], **more: type[Any]
) -> tuple[str, type[Game], SimpleNamespace]:
    """The system that a command names, or what suits the data; and the options of a run, of the system as far
    as they were given, and of further groups of settings."""
    from sparring.arguments import given_names, parse, value_of
    from sparring.cli.importing import importing
    from sparring.training.beginning import unnamed_system
    from sparring.zoo import find_system

    named = not arguments[0].startswith("-")
    rest = arguments[named:]
    data, before = value_of("--data", rest) or "mnist", value_of("--from", rest)
    name = arguments[0] if named else unnamed_system(data, before)
    with importing():
        system = find_system(name)
        from sparring.game_settings import preset_values
        from sparring.mistakes.options import refuse_taken
        from sparring.training.settings import RunSettings
    for group in more.values():
        refuse_taken(system, group, command)
    kind = _options_of(run=RunSettings, system=system.Settings, **more)
    # A preset changes the defaults, so it must be known before the rest is read.
    preset = system.Settings.of(preset_values(system, value_of("--preset", rest)), name)
    description = (
        f"{inspect.getdoc(system)}\n\nPaper: {system.paper}." if system.paper else inspect.getdoc(system)
    )
    read = parse(
        kind, rest, f"sparring {command} {name}", description=description, default=kind(system=preset)
    )
    values = read.system.flat()
    given = {setting: values[setting] for setting in given_names(kind, rest) if setting in values}
    return name, system, SimpleNamespace(**vars(read), given=given)


def _options_of(**groups: type[Any]) -> type[Any]:
    from sparring.arguments import option

    return dataclasses.make_dataclass(
        "Options",
        [*((name, group, dataclasses.field(default_factory=group)) for name, group in groups.items()),
         ("traceback", *option("traceback", *WHOLE))],
    )  # fmt: skip


def resume(arguments: list[str]) -> None:
    """Go on with a run, or with those of a group."""
    from sparring.runs.group import Group, is_group
    from sparring.training.resume import resume

    options = parsed("resume", resume, arguments)
    if is_group(options["run"]):
        from sparring.training.seeds import resume_seeds

        quiet = options.pop("quiet")
        resume_seeds(Group.open(options.pop("run")), quiet=quiet, **options)
    else:
        resume(**options)

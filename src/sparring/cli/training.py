"""Commands that train: a system, or what a run has begun."""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

from sparring.cli.options import WHOLE, parsed
from sparring.errors import SettingError
from sparring.game_settings import preset_values

if TYPE_CHECKING:
    from sparring.game import Game


def train(arguments: list[str]) -> None:
    """Train a system, once or with several seeds."""
    from sparring.arguments import given_names, parse, value_of
    from sparring.cli.importing import importing
    from sparring.zoo import SYSTEMS, find_system, usual_system

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
    named = not arguments[0].startswith("-")
    rest = arguments[named:]
    name = arguments[0] if named else usual_system(value_of("--data", rest) or "mnist")
    with importing():
        system = find_system(name)
        from sparring.training.settings import RunSettings
        from sparring.training.train import start

    options = _train_options(system, RunSettings)
    # A preset changes the defaults, so it must be known before the rest is read.
    preset = system.Settings.of(preset_values(system, value_of("--preset", rest)), name)
    description = (
        f"{inspect.getdoc(system)}\n\nPaper: {system.paper}." if system.paper else inspect.getdoc(system)
    )
    parsed = parse(
        options, rest, f"sparring train {name}", description=description, default=options(system=preset)
    )
    values = parsed.system.flat()
    given = {setting: values[setting] for setting in given_names(options, rest) if setting in values}
    if parsed.run.seeds is None:
        start(name, system, parsed.run, given)
    else:
        from sparring.training.seeds import begin_seeds

        begin_seeds(name, system, parsed.run, given)


def _train_options(system: type[Game], run_settings: type[Any]) -> type[Any]:
    from sparring.arguments import option

    return dataclasses.make_dataclass(
        "Options",
        [("run", run_settings, dataclasses.field(default_factory=run_settings)),
         ("system", system.Settings, dataclasses.field(default_factory=system.Settings)),
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

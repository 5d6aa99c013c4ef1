"""The options of commands, those of a run's system among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sparring.cli.commands import COMMANDS

TRACEBACK = "--traceback"
"""The option of every command that shows where an error comes from."""
WHOLE = (bool, "Show errors whole, with where they come from.", False)
"""Its type, its help, its default."""


def parsed(
    command: str, function: Callable[..., Any], arguments: list[str], **more: tuple[Any, str, Any]
) -> dict[str, Any]:
    """The options of a command that calls a function, by name."""
    from sparring.arguments import options_of, parse

    kind = options_of(function, **more, traceback=WHOLE)
    options = dict(vars(parse(kind, arguments, f"sparring {command}", COMMANDS[command].right_use())))
    # It is for whoever catches the error.
    del options["traceback"]
    return options


def sampling_options(words: Sequence[str]) -> dict[str, tuple[Any, str, Any]]:
    """The options that a run's system has for how samples are made, where some words name a run, or a group
    of seeds."""
    from sparring.runs.folder import Run
    from sparring.runs.group import Group
    from sparring.runs.origins import recorded_system
    from sparring.runs.place import is_group, is_run

    named = next((word for word in words if is_run(word) or is_group(word)), None)
    if named is None:
        return {}
    runs = Group.open(named).runs() if is_group(named) else [Run.open(named)]
    settings = runs[0].description["settings"] if runs else {}
    about = "Of these samples, instead of the {} that the run has."
    return {
        name: (float | None, about.format(settings.get(name)), None)
        for name in (recorded_system(runs[0]).sampling if runs else ())
    }


def chosen(options: dict[str, Any], sampling: Iterable[str]) -> dict[str, float]:
    """What was given for how samples are made, taken out of the options."""
    given = {name: options.pop(name) for name in sampling}
    return {name: value for name, value in given.items() if value is not None}

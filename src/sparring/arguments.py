"""Arguments: the options of a command, read off the public function that it calls."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import io
import itertools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import docstring_parser
import tyro
from tyro.conf import arg

from sparring.errors import SettingError, nearest

if TYPE_CHECKING:
    from sparring.settings import Choice

Options = TypeVar("Options")

METAVARS = {
    "run": "RUN",
    "runs": "RUN [RUN ...]",
    "pictures": "PICTURE [PICTURE ...]",
    "out": "FILE",
    "beside": "RUN",
    "target": "RUN",
    "count": "N",
    "standing_statistics": "BATCHES",
    "rejection": "SHARE",
    "seed": "N",
    "format": "FORMAT",
    "label": "CLASS",
    "epoch": "N",
    "epochs": "N",
    "max_steps": "N",
    "max_minutes": "MINUTES",
    "device": "DEVICE",
    "data": "DATA",
    "size": "SIZE",
    "features": "FEATURES",
    "image": "IMAGE",
    "mask": "IMAGE",
    "blur": "PIXELS",
    "around": "IMAGE",
    "seconds": "SECONDS",
    "steps": "N",
    "interpolate": "N",
    "truncation": "SHARE",
    "furthest": "DISTANCE",
    "logdir": "DIR",
    "input": "INPUT",
    "direction": "DIRECTION",
    "longest": "PIXELS",
    "system": "SYSTEM",
    "search": "TERM",
    "trick": "TRICK",
    "folder": "FOLDER",
    "trials": "N",
    "threads": "N",
}
"""How the value of an option stands in help texts."""


def options_of(function: Callable[..., Any], **more: tuple[Any, str, Any]) -> type[Any]:
    """A dataclass of a function's parameters, each with its type, its default, and its help from the
    docstring.

    Parameters without a default are positional; further keywords (`**more`) are none of them.

    Args:
        function: a public function whose docstring has an `Args` section.
        more: further options, each with its type, its help and its default (`dataclasses.MISSING` for none).
    """
    text = docstring_parser.parse(inspect.getdoc(function) or "")
    helps = {parameter.arg_name: parameter.description or "" for parameter in text.params}
    hints = typing.get_type_hints(function, include_extras=True)
    fields: list[tuple[str, Any, Any]] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        required = parameter.default is inspect.Parameter.empty
        hint = typed_in(hints[name])
        marks = [tyro.conf.Positional, _help(name, helps[name])] if required else [_help(name, helps[name])]
        wanted = functools.reduce(lambda inner, mark: Annotated[inner, mark], marks, hint)
        fields.append((name, wanted, _field(dataclasses.MISSING if required else parameter.default)))
    for name, (hint, described, default) in more.items():
        fields.append((name, *option(name, hint, described, default)))
    made = dataclasses.make_dataclass(function.__name__, fields, frozen=True, kw_only=True)
    made.__doc__ = "\n\n".join(filter(None, (text.short_description, text.long_description)))
    return made


def option(name: str, hint: Any, described: str, default: Any) -> tuple[Any, Any]:
    """An option that is no parameter of a function, as the type and the field of a dataclass."""
    return Annotated[hint, _help(name, described)], _field(default)


def typed_in(hint: Any) -> Any:
    """A type as a command line gives it: a text for a run or a path, several texts for several of them."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        members = typing.get_args(hint)
        if str in members:
            return str | None if types.NoneType in members else str
    origin = typing.get_origin(hint)
    if isinstance(origin, type) and issubclass(origin, typing.Iterable) and origin not in (str, dict):
        return tuple[str, ...]
    return hint


def _help(name: str, described: str) -> Any:
    sentence = " ".join(described.split())
    sentence = sentence[:1].upper() + sentence[1:]
    metavar = METAVARS.get(name)
    return arg(help=sentence, metavar=metavar) if metavar else arg(help=sentence)


def _field(default: Any) -> Any:
    return dataclasses.field() if default is dataclasses.MISSING else dataclasses.field(default=default)


def parse(
    kind: type[Options],
    arguments: list[str],
    program: str,
    example: str = "",
    description: str | None = None,
    default: Options | None = None,
) -> Options:
    """Options from the words of a command line, with one clear sentence for each mistake.

    Args:
        kind: a dataclass of options.
        arguments: the words.
        program: the command, such as `sparring train gan`.
        example: a right use of it, where it needs arguments.
        description: what `--help` says of it; by default the dataclass's docstring.
        default: where the values come from that are not given.

    Raises:
        SettingError: a word that means nothing, or a value that an option does not accept.
    """
    if {"-h", "--help"} & set(arguments):
        kind, default = _with_helps(kind, default), None
    else:
        _check_arguments(kind, arguments, program, example)
    wanted: Any = Annotated[kind, tyro.conf.OmitArgPrefixes]
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            parsed: Options = tyro.cli(
                wanted, args=arguments, prog=program, description=description, default=default
            )
    except SystemExit as stop:
        if stop.code:
            raise SettingError(_sentence(complaint.getvalue(), program)) from None
        raise
    return parsed


def _with_helps(kind: type[Any], default: Any) -> type[Any]:
    """Options like these with helps of one line each: of docstrings under fields, tyro keeps line breaks.

    Args:
        kind: a dataclass of options, or of groups of them.
        default: where the values come from that are not given; None for the usual ones.
    """
    helps: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if dataclasses.is_dataclass(owner):
            found = docstring_parser.parse_from_object(owner).params
            helps |= {each.arg_name: " ".join((each.description or "").split()) for each in found}
    hints = typing.get_type_hints(kind, include_extras=True)
    fields: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(kind):
        value = field.default if default is None else getattr(default, field.name)
        inner: Any = field.default_factory
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            made = _with_helps(inner, None if default is None else value)
            fields.append((field.name, made, dataclasses.field(default_factory=made)))
        else:
            described = arg(help=helps[field.name]) if field.name in helps else None
            hint = hints[field.name]
            fields.append((field.name, Annotated[hint, described] if described else hint, _field(value)))
    made = dataclasses.make_dataclass(kind.__name__, fields, kw_only=True)
    made.__doc__ = kind.__doc__
    return made


def value_of(flag: str, arguments: Sequence[str]) -> str | None:
    """What an option is given among some words, or None where it does not stand."""
    for place, argument in enumerate(arguments):
        word, equals, value = argument.partition("=")
        if word == flag:
            return value if equals else next(iter(arguments[place + 1 :]), None)
    return None


def given_names(kind: type[Any], arguments: Sequence[str]) -> set[str]:
    """The names of the options that stand among some words, which `parse` has accepted."""
    hints = _hints(kind)
    names = {word[2:].partition("=")[0].replace("-", "_") for word in arguments if word.startswith("--")}
    return {name if name in hints else name.removeprefix("no_") for name in names}


def flag_of(name: str) -> str:
    """The option of a name, such as `--batch-size`."""
    from sparring.settings import flag_name

    return f"--{flag_name(name)}"


@dataclass(frozen=True)
class _Hint:
    """What the command line accepts for one field."""

    kinds: list[type]
    choice: Choice | None = None
    """The words that it may be, where there are only some."""
    positional: bool = False
    required: bool = False

    @property
    def many(self) -> bool:
        """Whether it takes all the words that are left."""
        return any(typing.get_origin(kind) is tuple for kind in self.kinds)

    @property
    def text(self) -> str:
        """The types that it accepts, in words."""
        from sparring.settings import kinds_text

        return kinds_text([kind for kind in self.kinds if kind is not type(None)])


def _check_arguments(kind: type[Any], arguments: Sequence[str], program: str, example: str) -> None:
    """Raise SettingError for what a person most often mistypes, in better words than a parser's."""
    hints = _hints(kind)
    required = [name for name, hint in hints.items() if hint.required]
    given: list[str] = []
    waiting = list(arguments)
    while waiting:
        word, equals, value = waiting.pop(0).partition("=")
        if not word + equals:
            raise SettingError(f"{program} was given an empty word: leave it out, or write what it is to be.")
        if not word.startswith("--"):
            given.append(word + equals + value)
            continue
        name = word[2:].replace("-", "_")
        hint = hints.get(name) or hints.get(name.removeprefix("no_"), _Hint([]))
        if not hint.kinds or hint.positional or (name not in hints and bool not in hint.kinds):
            flags = [flag_of(known) for known, hint in hints.items() if not hint.positional]
            raise SettingError(
                f"{program} has no option {word}.{nearest(word, flags)} `{program} --help` lists them."
            )
        if bool in hint.kinds:
            if equals:
                raise SettingError(f"{word} is a switch and takes no value: write {word} or leave it out.")
        else:
            if not equals and (not waiting or waiting[0].startswith("--")):
                raise SettingError(f"{word} needs a value after it: {hint.text}.")
            _check_value(word, value if equals else waiting.pop(0), hint)
        if name in required:
            required.remove(name)
    places = [name for name, hint in hints.items() if hint.positional]
    if len(given) > len(places) and not any(hints[name].many for name in places):
        raise SettingError(
            f"{program} does not know what to do with '{given[len(places)]}': options begin with --, and "
            f"`{program} --help` lists them."
        )
    missing = [name for name in required if name not in places[: len(given)]]
    if missing:
        words = [name.upper() if hints[name].positional else flag_of(name) for name in missing]
        raise SettingError(f"{program} needs {' and '.join(words)}, as in `{example}`.")


def _check_value(flag: str, value: str, hint: _Hint) -> None:
    if str in hint.kinds and not value:
        raise SettingError(f"{flag} needs a value after it: {hint.text}, and not an empty one.")
    if value == "None" and type(None) in hint.kinds:
        return
    if hint.choice is not None and value not in hint.choice:
        raise SettingError(
            f"{flag} is '{value}': it must be {hint.choice}.{nearest(value, hint.choice.texts)}"
        )
    if str in hint.kinds:
        return
    try:
        (float if float in hint.kinds else int)(value)
    except ValueError:
        raise SettingError(f"{flag} is '{value}': it must be {hint.text}.") from None


def _hints(kind: type[Any]) -> Mapping[str, _Hint]:
    """All fields of the options, those of nested settings too."""
    from sparring.settings import Choice, kinds_and_ranges

    hints: dict[str, _Hint] = {}
    annotations = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        nested: Any = field.default_factory
        if isinstance(nested, type) and dataclasses.is_dataclass(nested):
            hints |= _hints(nested)
            continue
        kinds, ranges = kinds_and_ranges(annotations[field.name])
        choice = next((each for each in ranges if isinstance(each, Choice)), None)
        positional = tyro.conf.Positional in typing.get_args(annotations[field.name])
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        hints[field.name.rstrip("_")] = _Hint(kinds, choice, positional, required)
    return hints


def _sentence(box: str, program: str) -> str:
    """The message within the box that tyro draws around it."""
    lines = [line.strip("│ ") for line in box.splitlines()[1:]]
    message = itertools.takewhile(lambda line: not line.startswith(("─", "╰")), lines)
    return f"{' '.join(message).rstrip('.')}. `{program} --help` says what is accepted."

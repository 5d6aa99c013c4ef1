"""The tricks as they are listed for people, in the words of their own classes."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Annotated

import docstring_parser
from rich.console import RenderableType
from tyro.conf import Positional

from sparring.arguments import flag_of
from sparring.catalogue import Catalogue
from sparring.errors import SettingError, nearest
from sparring.settings import as_option
from sparring.tricks import TRICKS
from sparring.tricks.measured import RECORD, measured
from sparring.tricks.trick import PLACES, Trick


def listing(trick: Annotated[str | None, Positional] = None) -> RenderableType:
    """List every trick: what it is, its flags, its source, what it does not go with, what was measured here.

    Args:
        trick: show this one alone, at length.

    Raises:
        SettingError: there is no such trick.
    """
    if trick is None:
        return Catalogue({name: facts_of(name) for name in TRICKS})
    name = next((name for name in TRICKS if _plain(name) == _plain(trick)), None)
    if name is None:
        raise SettingError(
            f"There is no trick '{trick}'.{nearest(trick, TRICKS)} There are: {', '.join(TRICKS)}."
        )
    return described(name, TRICKS[name])


def facts_of(name: str) -> Iterator[str]:
    """A trick in a few lines."""
    trick = TRICKS[name]
    yield _joined((inspect.getdoc(trick) or "").partition("\n\n")[0])
    yield f"flags: {', '.join(flag_of(field.name) for field in dataclasses.fields(trick.Settings))}"
    yield f"source: {trick.source}"
    yield f"does not go with: {_unfit(trick)}"
    yield from [f"here, in short runs: {found}" for found in measured(name)] or ["here: not measured yet"]


def described(name: str, trick: type[Trick]) -> str:
    """All that a trick's class says of it."""
    paragraphs = [_joined(text) for text in (inspect.getdoc(trick) or "").split("\n\n")]
    helps = {
        parameter.arg_name: _joined(parameter.description or "")
        for parameter in docstring_parser.parse_from_object(trick.Settings).params
    }
    flags = [
        f"  {flag_of(field.name)} (default {field.default})\n    {helps[field.name]}"
        for field in dataclasses.fields(trick.Settings)
    ]
    usual = " ".join(word for flag, value in trick.usual.items() for word in as_option(flag, value))
    needs = [reason.format(game="the system") for place, reason in PLACES.items() if place in trick.places()]
    return "\n\n".join(
        (
            name,
            *paragraphs,
            "Flags:\n" + "\n".join(flags),
            f"Usual: sparring train SYSTEM {usual}",
            f"Source: {trick.source}.",
            f"Does not go with: {_unfit(trick)}",
            f"Refused where there is no place for it: {'; or '.join(needs)}.",
            f"Measured, in short runs ({RECORD}): {'; '.join(measured(name)) or 'not yet'}.",
        )
    )


def _unfit(trick: type[Trick]) -> str:
    """What it refuses, as the methods that refuse say."""
    names = [name for name in ("refuses", "idle") if getattr(trick, name) is not getattr(Trick, name)]
    methods = [getattr(trick, name) for name in names]
    return " ".join(_joined(inspect.getdoc(method) or "") for method in methods) or "Nothing known."


def _joined(text: str) -> str:
    return " ".join(text.split())


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ").strip()

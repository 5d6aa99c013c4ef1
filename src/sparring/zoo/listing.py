"""The systems as they are listed for people, in the words of their own classes."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Annotated

from rich.console import RenderableType
from tyro.conf import Positional

from sparring.arguments import flag_of
from sparring.catalogue import Catalogue
from sparring.errors import SettingError
from sparring.game import Game
from sparring.zoo import SYSTEMS, find_system
from sparring.zoo.index import search as search_index
from sparring.zoo.index import table_of
from sparring.zoo.measured import measured


def listing(system: Annotated[str | None, Positional] = None, search: str | None = None) -> RenderableType:
    """List every system: what it is for, its paper, its settings, what is published of it, what it reached.

    Args:
        system: show this one alone, at length.
        search: look instead for published GANs, by words of name, year, number at arXiv or what is new: each
            with the system here that it is, or that is nearest.

    Raises:
        SettingError: there is no such system, or no such GAN; or both were asked for.
    """
    if system is not None and search is not None:
        raise SettingError(
            f"Either a system ('{system}') or --search '{search}' can be shown: give one of them."
        )
    if search is not None:
        return table_of(search_index(search))
    if system is not None:
        return described(system)
    return Catalogue({name: facts_of(name) for name in SYSTEMS})


def facts_of(name: str) -> Iterator[str]:
    """A system in a few lines, with what says most of how good it is."""
    yield from _facts(find_system(name))
    yield from _compared(name, 1)


def described(name: str) -> str:
    """All that a system's class says of it, and all that is known of how good it is."""
    system = find_system(name)
    paragraphs = [" ".join(text.split()) for text in (inspect.getdoc(system) or "").split("\n\n")]
    facts = "\n".join([*_facts(system), *_compared(name)])
    return "\n\n".join([name, *paragraphs, facts, f"What settings do: sparring train {name} --help"])


def _facts(system: type[Game]) -> Iterator[str]:
    yield system.purpose
    yield f"paper: {system.paper}"
    yield f"length: {system.length}"
    plain = [field for field in dataclasses.fields(system.Settings) if field.name != "tricks"]
    yield f"settings: {', '.join(f'{flag_of(field.name)} {field.default}' for field in plain)}"
    yield "by default chosen for the data and the length of the run; --preset paper: those above"
    for preset, values in system.presets.items():
        changed = [f"{flag_of(setting)} {value}" for setting, value in values.items()]
        yield f"--preset {preset}: {', '.join(changed)}"


def _compared(name: str, most: int | None = None) -> Iterator[str]:
    for known in measured(name)[:most]:
        yield f"published: {known.published}"
        yield f"here: {known.here}"

"""Mistakes in what a class says of itself: its methods and its attributes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sparring.blame import place_of, place_of_class
from sparring.data.kinds import KINDS
from sparring.errors import nearest
from sparring.game import Game, Limit, Needs
from sparring.mistakes import described, takes
from sparring.mistakes.options import option_mistakes

ARGUMENTS = {
    "__init__": ("settings", "data", "random"),
    "players": (),
    "round": (),
    "phases": (),
    "latent": ("count", "random"),
    "generate": ("latent", "condition"),
    "sample": ("latent", "condition"),
    "aim": (),
    "test_losses": (),
    "figures": (),
    "class_logits": ("examples",),
    "sources": ("settings", "data"),
    "condition": ("data",),
}
"""What sparring calls methods with."""
OF_THE_CLASS = ("sources",)
"""Methods that are asked before there is a game."""


def _is_pair(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and all(type(each) in kinds for each in value)


def _is_range(value: Any) -> bool:
    return _is_pair(value, (int, float)) and math.isfinite(sum(value)) and value[0] < value[1]


def _is_grid(value: Any) -> bool:
    return _is_pair(value, (int,)) and min(value) >= 1


def _is_presets(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, Mapping) for each in value.values())


ATTRIBUTES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "paper": (lambda value: isinstance(value, str), "it must be a text"),
    "purpose": (lambda value: isinstance(value, str), "it must be a text"),
    "presets": (_is_presets, 'write `presets = {"name": {"setting": value}}`'),
    "length": (lambda value: isinstance(value, Limit), "write `length = Limit(epochs=20)`"),
    "value_range": (_is_range, "it must be two numbers, the lower first, such as (-1.0, 1.0)"),
    "grid": (_is_grid, "it must be rows and columns, each at least 1, such as (8, 10)"),
    "shows_real": (lambda value: isinstance(value, bool), "it must be True or False"),
    "conditional": (lambda value: isinstance(value, bool), "it must be True or False"),
    "keep_every": (
        lambda value: type(value) is int and value >= 0,
        "it must be a whole number of epochs, 0 for none",
    ),
}
"""What a class may say of itself: what is accepted, and what to do about anything else."""


def class_mistakes(system: type[Game]) -> Iterator[str]:
    """What is wrong with a class before anything is made of it."""
    yield from _missing(system)
    for name, arguments in ARGUMENTS.items():
        yield from _method(system, name, arguments)
    for name, (accepts, advice) in ATTRIBUTES.items():
        value: Any = getattr(system, name)
        if not accepts(value):
            yield f"{place_of_class(system, name)} is {value!r}: {advice}."
    yield from needs_mistakes(system)
    yield from option_mistakes(system)


def begun_mistakes(game: Game) -> Iterator[str]:
    """What is wrong with a game of which no more is known than that its `__init__` has returned."""
    if "networks" not in vars(game):
        yield (
            f"{place_of(type(game).__init__)} does not begin as a game: call super().__init__(settings, "
            "data, random) before anything else."
        )


def _missing(system: type[Game]) -> Iterator[str]:
    for names in (("players",), ("latent",), ("round", "phases")):
        if all(getattr(system, name) is getattr(Game, name) for name in names):
            what = " or ".join(f"{name}({', '.join(ARGUMENTS[name])})" for name in names)
            yield f"{place_of_class(system)} lacks {what}."


def _method(system: type[Game], name: str, arguments: tuple[str, ...]) -> Iterator[str]:
    method, of_class = inspect.getattr_static(system, name), name in OF_THE_CLASS
    if of_class and not isinstance(method, classmethod | staticmethod):
        yield f"{place_of_class(system, name)} is no class method: write @classmethod above it."
        return
    # A static method is called without the game, a class method with the class in its place.
    unbound = not isinstance(method, staticmethod | classmethod)
    called = getattr(system, name)
    if not callable(called):
        yield f"{place_of_class(system, name)} must be a method: it is {called!r}."
    elif not takes(called, *[None] * (len(arguments) + unbound)):
        wanted = ", ".join(("cls" if of_class else "self", *arguments))
        yield f"{place_of(called)} must take ({wanted}): it takes {inspect.signature(called)}."


def needs_mistakes(system: type[Game]) -> Iterator[str]:
    """What is wrong with what a class says of the data that it can train on."""
    needs: Any = system.needs
    place = place_of_class(system, "needs")
    if not isinstance(needs, Needs):
        yield f'{place} is {described(needs)}: write `needs = Needs(examples=("images",))`.'
        return
    for name in ("examples", "condition", "parts"):
        given = getattr(needs, name)
        if not isinstance(given, tuple) or not all(isinstance(each, str) for each in given):
            yield f'{place} has {name}={given!r}: write names in a tuple, such as {name}=("...",).'
        elif name != "parts":
            for unknown in (each for each in given if each not in KINDS):
                yield (
                    f"{place} names a kind of data '{unknown}'.{nearest(unknown, KINDS)} "
                    f"There are: {', '.join(KINDS)}."
                )
    for name in ("multiple", "least"):
        given = getattr(needs, name)
        if type(given) is not int or given < 1:
            yield f"{place} has {name}={given!r}: it must be a whole number of pixels from 1."

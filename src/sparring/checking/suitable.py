"""Which data suits a system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sparring.checking.report import remark_on
from sparring.checking.subject import Subject, play
from sparring.checking.suits import SELDOM, USUAL, small
from sparring.errors import DataError, SettingError
from sparring.game import Game
from sparring.mistakes import refuse
from sparring.mistakes.declaration import needs_mistakes


def subject_of(
    reference: str, system: type[Game], data: str | None = None, values: Mapping[str, Any] | None = None
) -> Subject:
    """A system with what it is to be tried on.

    Args:
        reference: its name.
        system: its class.
        data: a data set; by default small ones: the first on which it can be tried, then all others that it
            accepts.
        values: settings that differ from the defaults.

    Raises:
        DataError: it cannot train on such data.
        SettingError: no small data set suits it.
        OwnCodeError: it does not say rightly what it needs.
    """
    refuse(needs_mistakes(system))
    subject = Subject(reference, system, data or "", values=values or {})
    if data is not None:
        system.needs.check(system.__name__, small(data).spec)
        return subject
    accepted = suiting(system, USUAL) or suiting(system, SELDOM)
    if not accepted:
        raise SettingError(
            f"None of the small data sets suits {system.__name__}, which needs "
            f"{' or '.join(system.needs.examples) or 'anything'}"
            f"{' with ' * bool(system.needs.condition)}{' or '.join(system.needs.condition)}: "
            "name one with --data."
        )
    # Where conditions are looked at, there had better be some.
    accepted.sort(key=lambda suit: system.conditional and not small(suit).condition.values.numel())
    subject = replace(subject, data=accepted[0], others=tuple(accepted[1:]))
    return subject if system.needs.examples else _tried(subject, accepted)


def suiting(system: type[Game], suits: Iterable[str]) -> list[str]:
    """Names of the made data sets that a system says it can train on."""
    accepted = []
    for suit in suits:
        try:
            system.needs.check(system.__name__, small(suit, system.needs.parts).spec)
        except DataError:
            continue
        accepted.append(suit)
    return accepted


def _tried(subject: Subject, accepted: list[str]) -> Subject:
    """A system that does not say what it needs, on data on which it works, or else on the first."""
    refused = {}
    for suit in accepted:
        try:
            play(replace(subject, data=suit).engine(), 1)
        except Exception as error:  # noqa: BLE001  # people's code may raise anything
            refused[suit] = remark_on(error, subject.own).sentence
    working = [suit for suit in accepted if suit not in refused]
    if not working:
        return replace(subject, others=(), refused=refused)
    return replace(subject, data=working[0], others=tuple(working[1:]), refused=refused)

"""What the events of a run say of its health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparring.reporting.facts import Facts
from sparring.reporting.text import count_text, names_text, seconds_text, step_text, value_text
from sparring.shown import visible

STEPS_SHOWN = 4
FINDING, ROLLED_BACK = "finding", "rolled back"
"""The kinds of events that do."""

_LABELS = {
    "evidence": "seen",
    "meaning": "meaning",
    "remedy": "try",
    "reason": "reason",
    "learning_rate_factor": "learning rate times",
}
"""How a card calls what an event holds, in the order in which a card has it."""
_IN_THE_HEAD = ("time", "event", "step", "seconds", FINDING, "to")


@dataclass(frozen=True)
class Card:
    """What an event says of a run's health."""

    title: str
    when: str
    details: dict[str, str]
    """Texts by their labels, with code between backticks."""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Card:
        """A finding or a roll-back: what is known of it under a label, and whatever else the event holds."""
        if event.get("event") == FINDING:
            title = value_text(event.get(FINDING, "–"))
        else:
            title = f"rolled back to step {count_text(event['to']) if 'to' in event else '–'}"
        told = [name for name in _LABELS if name in event]
        told += [name for name in event if name not in {*_LABELS, *_IN_THE_HEAD}]
        return cls(
            title,
            f"at step {step_text(event)}, after {seconds_text(event.get('seconds'))}",
            {_LABELS.get(name, visible(name)): value_text(event[name]) for name in told},
        )


def cards_of(facts: Facts) -> list[Card]:
    """A card for each finding and each roll-back, in order of time."""
    return [Card.of(event) for event in facts.events_of(FINDING, ROLLED_BACK)]


def findings_text(runs: Sequence[Facts]) -> str:
    """What the checks of some runs found, such as `mode collapse at step 1,200`; a dash where nobody checked.

    Of several runs it also says in how many of them.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for place, facts in enumerate(runs):
        for event in facts.events_of(FINDING):
            found.setdefault(value_text(event.get(FINDING, "–")), []).append((place, step_text(event)))
    if found:
        return "; ".join(
            f"{name} at step {names_text([step for _, step in times], STEPS_SHOWN)}"
            f"{_share(len({place for place, _ in times}), runs)}"
            for name, times in found.items()
        )
    watched = sum(bool(facts.checks) for facts in runs)
    return f"none{_share(watched, runs) if watched < len(runs) else ''}" if watched else "–"


def _share(number: int, runs: Sequence[Facts]) -> str:
    return f" in {number} of {len(runs)} runs" if len(runs) > 1 else ""

"""The command that trains a run again."""

from __future__ import annotations

import shlex

from sparring.game_settings import PAPER
from sparring.reporting.facts import Facts
from sparring.reporting.settings import run_settings, system_settings, trick_settings
from sparring.settings import as_option


def train_command(facts: Facts) -> str:
    """The command that trains this run again: all options that are not known to be the defaults."""
    description = facts.description
    words = ["sparring", "train", description["system"], *as_option("data", description["data"]["name"])]
    # What nobody gave is chosen by rule, by the speed of the machine too: here all of it stands.
    words += [*as_option("preset", PAPER), *_length(facts)]
    for setting in [*run_settings(facts), *system_settings(facts), *trick_settings(facts)]:
        if setting.differs or not setting.known:
            words += as_option(setting.name, setting.value)
    return shlex.join(words)


def _length(facts: Facts) -> list[str]:
    """Minutes are another number of steps on another day: the steps that they came to are what to repeat."""
    limit, total = facts.limit, facts.description["total_steps"]
    if limit is not None and limit.epochs is not None:
        return as_option("epochs", limit.epochs)
    if total is not None:
        return as_option("max_steps", total)
    if limit is None:
        return []
    return as_option("max_steps", limit.steps) if limit.steps else as_option("max_minutes", limit.minutes)

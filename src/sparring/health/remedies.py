"""What to try against a finding, with the exact flag."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sparring.game import Game
from sparring.settings import GameSettings, as_option


@dataclass(frozen=True)
class Context:
    """What is trained, as a remedy must know it."""

    system: str
    """Its name, such as `gan`."""
    game_class: type[Game]
    settings: GameSettings
    data: str
    """Its name, such as `mnist`."""

    def deviations(self) -> dict[str, Any]:
        """The published value of every setting that has another one.

        A run may have been made from one of the system's presets: of defaults and presets, those that the
        settings are nearest to count as published.
        """
        makers = [{}, *self.game_class.presets.values()]
        published = [self.game_class.Settings.of(dict(values), self.system) for values in makers]
        own = dataclasses.asdict(self.settings)
        differing = [
            {name: value for name, value in dataclasses.asdict(settings).items() if own[name] != value}
            for settings in published
        ]
        return min(differing, key=len)


def remedy(context: Context, calm: Sequence[str], resort: str | None) -> str:
    """What to try: published settings where some differ from them, else slower steps; or another system.

    Args:
        context: what is trained.
        calm: players whose learning rates are to be lowered.
        resort: a system that is known to withstand this.
    """
    advice = [published(context) or slower(context, calm) or "Train again with smaller learning rates."]
    if resort not in (None, context.system):
        command = f"sparring train {resort} --data {shlex.quote(context.data)}"
        advice.append(f"Or train a system that withstands it: `{command}`.")
    return " ".join(advice)


def published(context: Context) -> str | None:
    """Go back to the published settings, where some differ from them."""
    options = [word for name, value in context.deviations().items() for word in as_option(name, value)]
    return f"Train again with the published settings: `{shlex.join(options)}`." if options else None


def slower(context: Context, players: Sequence[str]) -> str | None:
    """A quarter of the learning rates of these players, where the system has a setting for them."""
    names = [f"{player}_lr" for player in players if hasattr(context.settings, f"{player}_lr")]
    rates = {name: float(f"{getattr(context.settings, name) / 4:.2g}") for name in names}
    options = [word for name, rate in rates.items() for word in as_option(name, rate)]
    return f"Train again with smaller steps: `{shlex.join(options)}`." if options else None

"""Health: whether a run of the system can be watched."""

from __future__ import annotations

from collections.abc import Iterator

from sparring.checking.report import Remark, wrong
from sparring.checking.subject import Subject
from sparring.game import Role
from sparring.health.monitor import Monitor
from sparring.health.remedies import Context
from sparring.training.engine import Engine


def check_health(subject: Subject) -> Iterator[Remark]:
    """Somebody makes samples, and a monitor can measure them."""
    engine = subject.engine()
    roles = {name: player.role for name, player in engine.players.items()}
    if Role.CRITIC in roles.values() and set(roles.values()) == {Role.CRITIC}:
        yield wrong(
            f"All players ({', '.join(roles)}) are critics: give the one that makes samples Role.GENERATOR, "
            "or Role.OTHER where there is no critic."
        )
        return
    engine.play_round(watched=True)
    measured(engine, subject)


def measured(engine: Engine, subject: Subject) -> dict[str, float | str]:
    """What a monitor measures of an engine after a round, once its rules have looked at it."""
    roles = {name: str(player.role) for name, player in engine.players.items()}
    settings = subject.settings()
    context = Context(subject.name, subject.system, settings, engine.dataset.name, roles)
    monitor = Monitor(engine, 1, context)
    row = monitor.measure({})
    monitor.findings()
    return row

"""Players: whose weights each of them moves, when it takes its turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sparring.checking.report import Remark, note
from sparring.checking.state import in_words
from sparring.checking.subject import Subject
from sparring.training.engine import Engine


def check_players(subject: Subject) -> Iterator[Remark]:
    """Weights that are nobody's, or two players'; players that have no turn."""
    engine = subject.engine()
    yield from _turns(engine)
    yield from _weights(engine)


def _turns(engine: Engine) -> Iterator[Remark]:
    moving = {turn.player for phase in engine.phases for turn in phase.turns}
    for name in engine.players:
        if name not in moving:
            yield note(f"'{name}' never takes a turn, in no phase.")


def _weights(engine: Engine) -> Iterator[Remark]:
    names = {id(weight): name for name, weight in engine.game.named_parameters()}
    owners: dict[int, list[str]] = defaultdict(list)
    for name, player in engine.players.items():
        for weight in player.moved:
            owners[id(weight)].append(name)
    shared: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for number, players in owners.items():
        if len(players) > 1:
            shared[tuple(players)].append(names.get(number, "a parameter"))
    for several, weights in shared.items():
        yield note(
            f"{in_words(weights)} {'is' if len(weights) == 1 else 'are'} moved by {' and by '.join(several)}."
        )
    idle = [
        name
        for name, weight in engine.game.named_parameters()
        if weight.requires_grad and id(weight) not in owners
    ]
    if idle:
        yield note(
            f"{in_words(idle)} {'is' if len(idle) == 1 else 'are'} moved by nobody: give them to an "
            "optimiser, or say that they rest with requires_grad_(False)."
        )

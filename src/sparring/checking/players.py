"""Players: whose weights each of them moves, when it takes its turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sparring.checking.report import Remark, note, wrong
from sparring.checking.state import in_words
from sparring.checking.subject import Subject
from sparring.training.engine import Engine


def check_players(subject: Subject) -> Iterator[Remark]:
    """Weights that are nobody's, or two players'; turns that name a player or a source that there is not."""
    engine = subject.engine()
    yield from _turns(engine)
    yield from _weights(engine)


def _turns(engine: Engine) -> Iterator[Remark]:
    system = type(engine.game).__name__
    turns = [turn for phase in engine.phases for turn in phase.turns]
    for name in dict.fromkeys(turn.player for turn in turns):
        if name not in engine.players:
            yield wrong(
                f"{system} has a turn of '{name}', and players() names only {', '.join(engine.players)}."
            )
    for name in dict.fromkeys(source for turn in turns for source in turn.sources):
        if name not in engine.streams:
            yield wrong(
                f"{system} has a turn that looks at '{name}', and sources() names only "
                f"{', '.join(engine.streams)}."
            )
    for name in engine.players:
        if name not in {turn.player for turn in turns}:
            yield note(f"'{name}' never takes a turn, in no phase.")


def _weights(engine: Engine) -> Iterator[Remark]:
    names = {id(weight): name for name, weight in engine.game.named_parameters()}
    owners: dict[int, list[str]] = defaultdict(list)
    for name, player in engine.players.items():
        for weight in player.moved:
            owners[id(weight)].append(name)
        strange = [weight for weight in player.moved if id(weight) not in names]
        if strange:
            yield wrong(
                f"'{name}' moves {len(strange)} parameters that do not belong to the game, so that no "
                "checkpoint holds them: assign their network to an attribute (self.network = ...), or use "
                "nn.ModuleList for a list of them."
            )
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

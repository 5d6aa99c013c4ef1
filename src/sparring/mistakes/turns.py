"""Mistakes in the course of a game: its phases, and the turns that are taken in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sparring.blame import place_of
from sparring.game import Game, Limit, Phase, Turn
from sparring.mistakes import described, takes
from sparring.shown import counted


def turn_mistakes(game: Game, sources: Collection[str]) -> Iterator[str]:
    """What is wrong with what `round` or `phases` returns.

    Args:
        game: whose players are as they should be.
        sources: names of the streams that there are.
    """
    if type(game).phases is Game.phases:
        yield from _turns(game, game.round(), sources, place_of(game.round))
        return
    phases: Any = game.phases()
    method = place_of(game.phases)
    if not isinstance(phases, Sequence) or not phases:
        yield f"{method} returns {described(phases)}: return a list of Phase(name, turns, length)."
        return
    for place, phase in enumerate(phases):
        if not isinstance(phase, Phase):
            yield f"{method} gives {described(phase)} where Phase(name, turns, length) is wanted."
            return
        yield from _phase(phase, method, is_last=place == len(phases) - 1)
        yield from _turns(game, phase.turns, sources, f"{method}, in the phase '{phase.name}',")


def _phase(phase: Phase, method: str, is_last: bool) -> Iterator[str]:
    name: Any = phase.name
    length: Any = phase.length
    if not isinstance(name, str):
        yield f"{method} calls a phase {name!r}: a name is a text."
    if not isinstance(length, Limit | None):
        yield (
            f"{method} gives the phase '{phase.name}' the length {described(length)}: write "
            "Limit(steps=1000) or Limit(epochs=5)."
        )
    elif (length is None and not is_last) or (length is not None and length.minutes is not None):
        yield (
            f"{method}: the phase '{phase.name}' needs a length in steps or epochs: only the last takes the "
            "rest of a run."
        )


def _turns(game: Game, turns: Any, sources: Collection[str], method: str) -> Iterator[str]:
    if not isinstance(turns, Sequence):
        yield f"{method} returns {described(turns)}: return a list of Turn(player, loss)."
        return
    others = [turn for turn in turns if not isinstance(turn, Turn)]
    if others or not turns:
        given = described(others[0]) if others else "no turn"
        yield f"{method} gives {given} where Turn(player, loss) is wanted."
        return
    for turn in turns:
        yield from _turn(game, turn, sources, method)


def _turn(game: Game, turn: Turn, sources: Collection[str], method: str) -> Iterator[str]:
    asked: Any = turn.sources
    loss: Any = turn.loss
    if turn.player not in game.roster:
        yield f"{method} has a turn of {turn.player!r}, and players() names only {', '.join(game.roster)}."
    if not isinstance(asked, tuple | list):
        yield f'{method} has a turn with sources={asked!r}: write names in a tuple, such as ("real",).'
        return
    for name in asked:
        if name not in sources:
            yield (
                f"{method} has a turn that looks at {name!r}, and sources() names only {', '.join(sources)}."
            )
    if not callable(loss):
        yield (
            f"{method} has a turn of '{turn.player}' with {described(loss)} for its loss: give the "
            "method itself, as in Turn('generator', self.generator_loss)."
        )
    elif not takes(loss, *asked):
        yield (
            f"{place_of(loss)} is given {counted(len(asked), 'batch')} in its turn, one for each source, and "
            "takes another number."
        )
    if turn.after is not None and not (callable(turn.after) and takes(turn.after, {})):
        said = place_of(turn.after) if callable(turn.after) else described(turn.after)
        yield (
            f"{method} has a turn of '{turn.player}' with after={said}: it must take the values of the "
            "terms, as in `def after(self, values)`."
        )

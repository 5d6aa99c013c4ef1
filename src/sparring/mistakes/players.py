"""Mistakes in the players of a game: what they are, what they move, how fast."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch.optim import Optimizer

from sparring.blame import place_of
from sparring.game import Game, Player, Role
from sparring.mistakes import described, takes

MOMENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where in a phase a schedule is tried."""


def player_mistakes(game: Game) -> Iterator[str]:
    """What is wrong with what `players` returns."""
    players: Any = game.roster
    method = place_of(game.players)
    if not isinstance(players, Mapping) or not players:
        yield (
            f"{method} returns {described(players)}: return a dictionary from each player's name to "
            "its Player."
        )
        return
    for name, player in players.items():
        yield from _player(game, name, player, method)


def _player(game: Game, name: Any, player: Any, method: str) -> Iterator[str]:
    if not isinstance(name, str):
        yield f"{method} calls a player {name!r}: a name is a text."
        return
    if not isinstance(player, Player):
        yield (
            f"{method} gives {described(player)} for '{name}': write Player(Role.GENERATOR, optimizer), or "
            "two_players(...) for a generator and a critic."
        )
        return
    role: Any = player.role
    optimizer: Any = player.optimizer
    if not isinstance(role, Role) or not isinstance(optimizer, Optimizer):
        yield (
            f"{method} makes '{name}' of {described(role)} and {described(optimizer)}: a Player is made of a "
            "Role and an optimiser."
        )
        return
    yield from _optimizer(game, name, optimizer, method)
    yield from _schedule(name, player.schedule, method)


def _optimizer(game: Game, name: str, optimizer: Optimizer, method: str) -> Iterator[str]:
    if not takes(optimizer.step):
        yield (
            f"{method} gives '{name}' {described(optimizer)}, which computes the loss several times in a "
            "step: take an optimiser that steps once, such as Adam, SGD or RMSprop."
        )
    own = {id(parameter) for parameter in game.parameters()}
    strange = [
        weight for group in optimizer.param_groups for weight in group["params"] if id(weight) not in own
    ]
    if strange:
        yield (
            f"{method} has '{name}' move parameters that do not belong to the game ({len(strange)}), so that "
            "no checkpoint holds them: assign their network to an attribute (self.network = ...), or use "
            "nn.ModuleList for a list of them."
        )


def _schedule(name: str, schedule: Any, method: str) -> Iterator[str]:
    if schedule is None:
        return
    wanted = "a schedule takes the progress of the phase, from 0 to 1, and returns a factor such as 0.5"
    if not callable(schedule) or not takes(schedule, 0.0):
        said = place_of(schedule) if callable(schedule) else described(schedule)
        yield f"{method} gives '{name}' the schedule {said}: {wanted}."
        return
    for moment in MOMENTS:
        factor = schedule(moment)
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not math.isfinite(factor):
            yield (
                f"The schedule of '{name}', {place_of(schedule)}, returns {described(factor)} at {moment:g}: "
                f"{wanted}."
            )
            return

"""Whether a system can be built: its networks, its players, its phases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer

from sparring.checking.report import Remark, note, wrong
from sparring.checking.subject import Subject
from sparring.game import Game, Phase, Player, Role, Turn


def check_building(subject: Subject) -> Iterator[Remark]:
    """The game, what its methods say, and the engine that plays it."""
    game = subject.game()
    found = [*_players(game), *_phases(game)]
    yield from found
    if not found:
        engine = subject.engine()
        yield from _unbuilt(engine.game)


def _players(game: Game) -> Iterator[Remark]:
    players: Any = game.players()
    method = f"{type(game).__name__}.players()"
    if not isinstance(players, Mapping) or not players:
        yield wrong(
            f"{method} returns {_described(players)}: return a dictionary from each player's name to its "
            "Player."
        )
        return
    for name, value in players.items():
        player: Any = value
        if not isinstance(value, Player):
            yield wrong(
                f"{method} gives {_described(player)} for '{name}': write Player(Role.GENERATOR, optimizer), "
                "or two_players(...) for a generator and a critic."
            )
        elif not isinstance(player.role, Role) or not isinstance(player.optimizer, Optimizer):
            yield wrong(
                f"{method} makes '{name}' of {_described(player.role)} and {_described(player.optimizer)}: a "
                "Player is made of a Role and an optimiser."
            )


def _phases(game: Game) -> Iterator[Remark]:
    phases: Any = game.phases()
    method = f"{type(game).__name__}.{'round' if type(game).phases is Game.phases else 'phases'}()"
    if not isinstance(phases, Sequence) or not all(isinstance(phase, Phase) for phase in phases):
        yield wrong(f"{method} returns {_described(phases)}: return a list of Phase(name, turns, length).")
        return
    for phase in phases:
        others = [turn for turn in phase.turns if not isinstance(turn, Turn)]
        if others or not phase.turns:
            given = _described(others[0]) if others else "no turn"
            yield wrong(f"{method} gives {given} where Turn(player, loss) is wanted.")


def _described(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, Mapping | Sequence) and not value:
        return f"an empty {type(value).__name__}"
    return f"{'an' if type(value).__name__[:1] in 'AEIOaeiou' else 'a'} {type(value).__name__}"


def _unbuilt(game: Game) -> Iterator[Remark]:
    """Players whose weights belong to no network that tricks could change."""
    for name, player in game.players().items():
        weights = {id(weight) for group in player.optimizer.param_groups for weight in group["params"]}
        roles = {role for role, network in game.networks if not weights.isdisjoint(_weights(network))}
        if player.role not in roles:
            said = f" (it did as {' and '.join(sorted(roles))})" if roles else ""
            yield note(
                f"No network of '{name}' has passed through self.built(Role.{player.role.name}, network) in "
                f"__init__{said}: tricks that change networks, such as spectral norm, cannot be had."
            )


def _weights(network: nn.Module) -> set[int]:
    return {id(weight) for weight in network.parameters()}

"""Whether a system can be built: its networks, its players, its phases."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from sparring.checking.report import Remark, note
from sparring.checking.subject import Subject
from sparring.game import Game


def check_building(subject: Subject) -> Iterator[Remark]:
    """The game, what its methods say, and the engine that plays it."""
    yield from _unbuilt(subject.engine().game)


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

"""Unrolling: the generator looks a few of the critic's steps ahead."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.func import functional_call
from torch.optim import Optimizer

from sparring.data.dataset import Batch
from sparring.settings import Natural
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Turn

VANISHING = 1e-15
"""The square of a slope below this is next to 0 in float32, where Adam's square root has no derivative."""
PLAIN = {"differentiable": True, "foreach": False, "fused": False, "capturable": False}
"""Options of an optimiser whose steps can be differentiated through."""


class Unrolling(Trick):
    """A generator's loss is that against the critic as it will be after k more of its steps.

    The steps are the critic's own: those of its optimiser, with its memory and learning rate of the moment,
    down its own loss of the batch at hand, each with new noise. The generator's gradient goes through them;
    where a critic's loss detaches generated examples, the generator sees the moved critic only. What a
    system does after a step, such as clipping weights, is left out. The critic itself does not move, nor do
    running statistics: in its own turn it takes one ordinary step. With several processes each looks ahead
    on its share of the batch.
    """

    source = (
        "Metz, Poole, Pfau and Sohl-Dickstein 2017, arXiv:1611.02163, equations 7 to 10; through Adam as in "
        "the paper's own code"
    )
    usual = {"unrolling": 3}
    second_derivatives = True

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of unrolling."""

        unrolling: Natural = 0
        """Steps of the critic that the generator looks ahead; usual ones are 1 to 10."""

    settings: Settings

    def refuses(self, game: Game) -> str | None:
        """Games whose generator meets no critic, and critics whose steps have no derivative."""
        ahead = [critics(phase.turns, game) for phase in game.phases() if has_generator(phase.turns, game)]
        if not any(ahead):
            return f"a generator looks ahead of a critic, and {type(game).__name__} has no phase with both"
        for critic in (critic for turns in ahead for critic in turns):
            optimizer = game.roster[critic.player].optimizer
            if "differentiable" not in optimizer.defaults:
                return (
                    f"it differentiates through steps, and {type(optimizer).__name__} has no option for that"
                )
        return None

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A generator's turn against the critics of later."""
        ahead = critics(others, game)
        if self.settings.unrolling == 0 or not ahead or not has_generator([turn], game):
            return turn
        sources = tuple(dict.fromkeys(source for each in (turn, *ahead) for source in each.sources))

        def loss(*batches: Batch) -> Mapping[str, Tensor]:
            dealt = dict(zip(sources, batches, strict=True))
            # Running statistics must not learn from steps that are not taken.
            statistics = {name: buffer.clone() for name, buffer in game.named_buffers()}
            later = {critic.player: StepsAhead(game, critic.player) for critic in ahead}
            for critic in ahead * self.settings.unrolling:
                terms = play(critic, dealt, game, statistics | weights_of(later))
                later[critic.player].step(torch.stack(list(terms.values())).sum())
            return play(turn, dealt, game, weights_of(later))

        return replace(turn, loss=loss, sources=sources)


class StepsAhead:
    """Where a player's weights will be after steps that it does not take.

    Args:
        game: whose player it is.
        player: the player's name.
    """

    def __init__(self, game: Game, player: str) -> None:
        self.optimizer = game.roster[player].optimizer
        names = {id(parameter): name for name, parameter in game.named_parameters()}
        groups = self.optimizer.param_groups
        self.names = [[names[id(parameter)] for parameter in group["params"]] for group in groups]
        own = [parameter for group in groups for parameter in group["params"]]
        self.weights: dict[str, Tensor] = {names[id(p)]: p.detach().requires_grad_() for p in own}
        """The weights by their names in the game, functions of those that it has now."""
        self.memory: dict[str, dict[str, Any]] = {names[id(p)]: self.optimizer.state.get(p, {}) for p in own}

    def step(self, cost: Tensor) -> None:
        """Take a step down some cost, with a copy of the optimiser."""
        slopes = torch.autograd.grad(cost, list(self.weights.values()), create_graph=True, allow_unused=True)
        moved = {name: weight.clone() for name, weight in self.weights.items()}
        for name, slope in zip(moved, slopes, strict=True):
            moved[name].grad = None if slope is None else tamed(slope)
        chosen = {name for name, slope in zip(moved, slopes, strict=True) if slope is not None}
        optimizer: Optimizer = copy.copy(self.optimizer)
        optimizer.defaults = self.optimizer.defaults | PLAIN
        optimizer.param_groups = [
            {
                **group,
                **{option: value for option, value in PLAIN.items() if option in group},
                "params": [moved[name] for name in names if name in chosen],
            }
            for group, names in zip(self.optimizer.param_groups, self.names, strict=True)
        ]
        # Copies, because an optimiser writes into its memory, and gradients still need what stood there.
        optimizer.state = defaultdict(dict, {moved[name]: copied(self.memory[name]) for name in chosen})
        optimizer.step()
        self.memory |= {name: optimizer.state[moved[name]] for name in chosen}
        for weight in moved.values():
            weight.grad = None
        self.weights = moved


def weights_of(later: Mapping[str, StepsAhead]) -> dict[str, Tensor]:
    """The weights of several players together."""
    return {name: weight for steps in later.values() for name, weight in steps.weights.items()}


def play(
    turn: Turn, dealt: Mapping[str, Batch], game: Game, weights: dict[str, Tensor]
) -> Mapping[str, Tensor]:
    """The terms of a turn of the game as it would be with other weights."""
    batches = [dealt[source] for source in turn.sources]
    terms: Mapping[str, Tensor] = functional_call(game, weights, (turn.loss, *batches))
    return terms


def critics(turns: Sequence[Turn], game: Game) -> list[Turn]:
    """The first turn of each critic."""
    first = {turn.player: turn for turn in reversed(turns) if role_of(turn, game) == "critic"}
    return list(first.values())


def has_generator(turns: Sequence[Turn], game: Game) -> bool:
    """Whether one of the turns is a generator's."""
    return any(role_of(turn, game) == "generator" for turn in turns)


def role_of(turn: Turn, game: Game) -> str | None:
    """The role of the player whose turn it is."""
    return game.roster[turn.player].role if turn.player in game.roster else None


def tamed(slope: Tensor) -> Tensor:
    """A slope whose own gradient is 0, rather than no number, where the slope is next to nothing."""
    if slope.requires_grad:
        vanished = slope.detach().abs() < VANISHING

        def settled(gradient: Tensor | None) -> Tensor | None:
            # There is none where the loss does not depend on the slope.
            if gradient is None:
                return None
            return torch.where(vanished, gradient.nan_to_num(0.0, 0.0, 0.0), gradient)

        slope.register_hook(settled)
    return slope


def copied(memory: Mapping[str, Any]) -> dict[str, Any]:
    """What an optimiser remembers of a parameter, in tensors of its own."""
    return {name: value.clone() if isinstance(value, Tensor) else value for name, value in memory.items()}

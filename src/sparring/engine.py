"""The engine: deals batches, runs each player's turn, steps its optimiser, and watches the numbers.

It never knows which paper it trains, nor of files or screens; `recorder.py` calls it and writes down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sparring.data.dataset import Batch, Dataset
from sparring.data.stream import Stream, batches_in_order
from sparring.errors import NotANumber, SettingError
from sparring.game import Game, Loss, Turn
from sparring.processes import Processes
from sparring.randomness import Randomness, derived_seed, seeded_initialisation
from sparring.settings import GameSettings

Values = dict[str, float]

SMALLEST = 1e-9
"""What an update is relative to is at least this, where all weights are zero."""


class Meter:
    """Means of named values since the last reset, summed in double precision."""

    def __init__(self, sums: dict[str, tuple[float, int]] | None = None) -> None:
        self.sums = {name: (total, count) for name, (total, count) in (sums or {}).items()}

    def add(self, values: Mapping[str, float], weight: int = 1) -> None:
        """Count each value `weight` times."""
        for name, value in values.items():
            total, count = self.sums.get(name, (0.0, 0))
            self.sums[name] = (total + value * weight, count + weight)

    def means(self) -> Values:
        """The means so far."""
        return {name: total / count for name, (total, count) in self.sums.items()}

    def reset(self) -> Values:
        """The means so far; then start anew."""
        means = self.means()
        self.sums = {}
        return means


class Engine:
    """The one training loop: `play_round` is a step of the run.

    Args:
        system: the game's class.
        settings: the game's settings.
        dataset: what it trains on.
        total_steps: length of the run, which schedules refer to.
        seed: decides the initial weights, the noise and the order of the data.
        processes: this process among those that train together.
    """

    def __init__(
        self,
        system: type[Game],
        settings: GameSettings,
        dataset: Dataset,
        total_steps: int,
        seed: int,
        processes: Processes,
    ) -> None:
        self.processes = processes
        self.dataset = dataset
        self.total_steps = total_steps
        self.game = build_game(system, settings, dataset, seed, processes).train()
        self.stream = Stream(
            dataset, settings.batch_size, system.value_range, processes, seed, settings.shuffle
        )
        self.optimizers = self.game.optimizers()
        self.step = 0
        self.stop_asked = False
        """Set from outside to end the run; heeded, on all processes together, after the round."""
        self.stopping = False
        """Whether the round just played was the last because some process was asked to stop."""
        self.learning_rate_factor = 1.0
        """Multiplies every learning rate; a run that was rolled back goes on with a smaller one."""
        self.moves: Values = {}
        """How the last round that was watched moved each player: `player/gradient_norm`, the length of its
        gradient, and `player/update_ratio`, the length of its update relative to that of its weights."""
        self._parameters = list(self.game.parameters())
        self._moved_by = {name: moved_parameters(optimizer) for name, optimizer in self.optimizers.items()}
        self._sentinels = {name: sentinels(moved) for name, moved in self._moved_by.items()}
        self._first_rates = {
            name: [group["lr"] for group in optimizer.param_groups]
            for name, optimizer in self.optimizers.items()
        }
        self._running_statistics = running_statistics(self.game) if processes.count > 1 else []
        self._free: str | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Rounds that deal about as many batches as the data has."""
        fresh = sum(turn.fresh_batch or not place for place, turn in enumerate(self.game.round()))
        return math.ceil(self.stream.batches_per_epoch / fresh)

    def play_round(self, watched: bool = False) -> Values:
        """One step: every turn of the round, in order; the mean of each named term by `player/term`.

        Args:
            watched: whether to leave in `moves` how each player moved.

        Raises:
            NotANumber: a term, or a gradient, is infinite or not a number.
        """
        self.game.step = self.step
        self.game.progress = self.step / self.total_steps
        self._schedule_learning_rates()
        meter, moves = Meter(), Meter()
        batch = None
        for turn in self.game.round():
            if turn.fresh_batch or batch is None:
                batch = self.stream.deal()
            meter.add(self._take_turn(turn, batch, moves if watched else None))
        self.step += 1
        if watched:
            self.moves = moves.means()
        return meter.means()

    def check_weights(self) -> None:
        """Raise NotANumber unless all weights are finite: nothing else is worth a checkpoint."""
        for player in self._players_with_broken_weights():
            raise NotANumber(self.step, player, "weights", math.nan, [player])

    def test(self, batch_size: int = 500) -> Values:
        """The game's test losses over the held-out data, in evaluation mode, by `test/player/term`."""
        if self.dataset.test is None:
            return {}
        meter = Meter()
        for player, loss in self.game.test_losses().items():
            meter.add(self._test_player(player, loss, batch_size))
        return meter.means()

    def tensors(self) -> dict[str, Tensor]:
        """What the checkpoint holds beside the networks: optimisers' memories, the generator's state."""
        held = {"random": self.game.random.state()}
        for player, optimizer in self.optimizers.items():
            for index, memory in optimizer.state_dict()["state"].items():
                held |= {f"{player}/{index}/{name}": torch.as_tensor(value) for name, value in memory.items()}
        return held

    def position(self) -> dict[str, Any]:
        """Where the run is, as plain numbers."""
        return {
            "step": self.step,
            "batches_dealt": self.stream.position,
            "learning_rate_factor": self.learning_rate_factor,
        }

    def restore(
        self, networks: dict[str, Tensor], tensors: dict[str, Tensor], position: Mapping[str, Any]
    ) -> None:
        """Go on from what `game.state_dict`, `tensors` and `position` gave."""
        self.game.load_state_dict(networks)
        self.game.random.restore(tensors["random"])
        for player, optimizer in self.optimizers.items():
            memory: dict[int, dict[str, Tensor]] = {}
            for key, tensor in tensors.items():
                owner, _, rest = key.partition("/")
                if owner == player:
                    index, _, name = rest.partition("/")
                    memory.setdefault(int(index), {})[name] = tensor
            optimizer.load_state_dict(
                {"state": memory, "param_groups": optimizer.state_dict()["param_groups"]}
            )
            # A turn that was broken off has left gradients.
            optimizer.zero_grad(set_to_none=True)
        self.step = position["step"]
        self.stream.position = position["batches_dealt"]
        self.learning_rate_factor = position.get("learning_rate_factor", 1.0)

    def _take_turn(self, turn: Turn, batch: Batch, moves: Meter | None = None) -> Values:
        self._free_only(turn.player)
        terms = turn.loss(batch)
        total = torch.stack(list(terms.values())).sum()
        total.backward()
        scalars = {"loss": total, **terms, **getattr(terms, "observed", {})}
        *numbers, gradient = self._exchange(
            turn.player, [*scalars.values(), self._gradient_probe(turn.player)]
        )
        values = dict(zip(scalars, numbers, strict=True))
        self._check_finite(turn.player, values, gradient)
        optimizer = self.optimizers[turn.player]
        if moves is None:
            optimizer.step()
        else:
            moves.add(self._measured_step(turn.player))
        optimizer.zero_grad(set_to_none=True)
        if turn.after is not None:
            turn.after(values)
        return {f"{turn.player}/{name}": value for name, value in values.items()}

    def _free_only(self, player: str) -> None:
        """Let only the parameters of the player who moves ask for gradients."""
        if self._free == player:
            return
        if player not in self.optimizers:
            raise SettingError(
                f"{type(self.game).__name__} has a turn for '{player}' but optimizers() names only "
                f"{', '.join(self.optimizers)}."
            )
        moved = {id(parameter) for parameter in self._moved_by[player]}
        for parameter in self._parameters:
            parameter.requires_grad_(id(parameter) in moved)
        self._free = player

    def _exchange(self, player: str, scalars: Sequence[Tensor]) -> list[float]:
        """Average gradients, terms, running statistics and the wish to stop over all processes."""
        packed = torch.stack([value.detach() for value in scalars])
        if self.processes.count == 1:
            self.stopping = self.stop_asked
        else:
            stop = packed.new_tensor([float(self.stop_asked)])
            gradients = [p.grad for p in self._moved_by[player] if p.grad is not None]
            self.processes.average([*gradients, packed, stop, *self._running_statistics])
            self.stopping = bool(stop.item())
        numbers: list[float] = packed.tolist()
        return numbers

    def _gradient_probe(self, player: str) -> Tensor:
        """A number that is finite if the gradients are, without reading all of them in every turn."""
        gradients = [p.grad for p in self._sentinels[player] if p.grad is not None]
        if not gradients:
            return torch.zeros((), device=self.processes.device)
        return torch.stack(torch._foreach_norm(gradients)).sum()

    def _check_finite(self, player: str, values: Values, gradient: float) -> None:
        if all(map(math.isfinite, (*values.values(), gradient))):
            return
        # A term says more than the sum of all of them, or than the gradient that comes of it.
        total, *terms = values.items()
        numbers = [*terms, total, ("gradient", gradient)]
        name, value = next((name, value) for name, value in numbers if not math.isfinite(value))
        raise NotANumber(self.step + 1, player, name, value, self._players_with_broken_weights())

    def _players_with_broken_weights(self) -> list[str]:
        return [
            player
            for player, moved in self._moved_by.items()
            if not all(parameter.isfinite().all() for parameter in moved)
        ]

    @torch.no_grad()
    def _measured_step(self, player: str) -> Values:
        """Step, and say how."""
        moved = self._moved_by[player]
        gradient = length([p.grad for p in moved if p.grad is not None])
        before = [p.clone() for p in moved]
        self.optimizers[player].step()
        update = length([p - old for p, old in zip(moved, before, strict=True)])
        return {
            f"{player}/gradient_norm": gradient,
            f"{player}/update_ratio": update / max(length(before), SMALLEST),
        }

    def _schedule_learning_rates(self) -> None:
        decay = self.game.settings.learning_rate_decay
        left = min(1.0, (1.0 - self.game.progress) / decay) if decay else 1.0
        for player, optimizer in self.optimizers.items():
            for group, first in zip(optimizer.param_groups, self._first_rates[player], strict=True):
                group["lr"] = first * left * self.learning_rate_factor

    @torch.no_grad()
    def _test_player(self, player: str, loss: Loss, batch_size: int) -> Values:
        assert self.dataset.test is not None
        meter = Meter()
        self.game.eval()
        for batch in batches_in_order(
            self.dataset.test, batch_size, self.game.value_range, self.processes.device
        ):
            terms = {name: value.item() for name, value in loss(batch).items()}
            meter.add({"loss": sum(terms.values()), **terms}, weight=len(batch))
        self.game.train()
        return {f"test/{player}/{name}": mean for name, mean in meter.means().items()}


def build_game(
    system: type[Game], settings: GameSettings, dataset: Dataset, seed: int, processes: Processes
) -> Game:
    """A game with the weights that the seed gives, on the device."""
    random = Randomness(derived_seed(seed, "game"), processes.device, processes.rank, processes.count)
    with seeded_initialisation(seed):
        return system(settings, dataset.spec, random).to(processes.device)


def moved_parameters(optimizer: Optimizer) -> list[nn.Parameter]:
    """All parameters that an optimiser steps."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def sentinels(parameters: Sequence[nn.Parameter]) -> list[nn.Parameter]:
    """Parameters whose gradients tell whether all are finite: the biases, or all where there are none.

    What is not a number goes back through a network from where it arises, and meets a bias at every layer.
    """
    return [parameter for parameter in parameters if parameter.dim() == 1] or list(parameters)


def length(tensors: list[Tensor]) -> float:
    """Euclidean length of all tensors together."""
    return torch.stack(torch._foreach_norm(tensors)).norm().item() if tensors else 0.0


def running_statistics(game: nn.Module) -> Sequence[Tensor]:
    """The running means and variances of batch normalisation, which must agree between processes."""
    return [
        buffer
        for module in game.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for buffer in (module.running_mean, module.running_var)
        if buffer is not None
    ]

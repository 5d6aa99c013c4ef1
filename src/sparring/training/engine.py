"""The engine: one round of a game, turn by turn.

It never knows which paper it trains, nor of files or screens; `loop.py` calls it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from sparring.data.dataset import Batch, Dataset
from sparring.data.stream import Stream
from sparring.figures import tested
from sparring.game import Game, GameSettings, Number, Turn
from sparring.mistakes import refuse
from sparring.mistakes.batches import check_batch_size, check_shares, fewest_at_a_time
from sparring.mistakes.losses import refusing
from sparring.mistakes.players import player_mistakes
from sparring.mistakes.sources import source_mistakes, start_mistakes
from sparring.mistakes.turns import turn_mistakes
from sparring.nn.products import by_onednn, has_large_products
from sparring.processes import Processes
from sparring.randomness import derived_seed
from sparring.schedules import linear_decay
from sparring.settings import Fraction, Natural
from sparring.training.building import build_game
from sparring.training.course import Course, Leg
from sparring.training.exchange import Exchange
from sparring.training.meter import Meter, Values
from sparring.training.player import ActivePlayer, slower
from sparring.training.precision import Precision
from sparring.training.soundness import Soundness
from sparring.validation import Misfit, Whole, check, within


@dataclass(frozen=True)
class EngineState:
    """What an engine remembers."""

    networks: dict[str, Tensor]
    step: Whole
    learning_rate_factor: Fraction
    noise_seed: Natural
    players: dict[str, Any]
    streams: dict[str, Whole]


class Engine:
    """The one training loop: `play_round` is a step of the run.

    Args:
        system: the game's class.
        settings: the game's settings.
        dataset: what it trains on.
        total_steps: length of the run, which schedules refer to; None where it is not known yet.
        seed: decides the initial weights, the noise and the order of the data.
        processes: this process among those that train together.
        precision: in which numbers losses are computed.
        microbatches: parts into which every batch is cut, whose gradients are added up.

    Raises:
        DataError, SettingError: the game cannot train on such data, or with such settings.
        OwnCodeError: the game is not as a game must be.
    """

    def __init__(
        self,
        system: type[Game],
        settings: GameSettings,
        dataset: Dataset,
        total_steps: int | None,
        seed: int,
        processes: Processes,
        precision: Precision | None = None,
        microbatches: int = 1,
    ) -> None:
        self.processes = processes
        self.dataset = dataset.in_range(*system.value_range)
        self.precision = precision or Precision()
        self.microbatches = microbatches
        self.compiled = False
        """Whether networks have been compiled."""
        self.game = build_game(system, settings, self.dataset, seed, processes).train()
        at_once = settings.batch_size // (microbatches * processes.count)
        self.onednn = processes.device.type == "cpu" and has_large_products(self.game, at_once)
        """Whether oneDNN multiplies matrices, where it is faster."""
        check_batch_size(self.game, microbatches)
        self.fewest = fewest_at_a_time(self.game)
        self.game.gather = processes.gather
        sources = system.sources(settings, self.dataset)
        refuse(source_mistakes(self.game, sources, self.dataset))
        self.streams = {
            name: Stream(
                source.dataset.in_range(*system.value_range),
                source.batch_size,
                processes,
                stream_seed(seed, name),
                settings.shuffle,
            )
            for name, source in sources.items()
        }
        refuse(player_mistakes(self.game))
        self.players = {name: ActivePlayer(name, player) for name, player in self.game.roster.items()}
        refuse(turn_mistakes(self.game, self.streams))
        self.phases = [
            replace(phase, turns=self.game.tricks.turns([*map(refusing, phase.turns)], self.game))
            for phase in self.game.phases()
        ]
        check_shares(self.game, self.phases, self.streams, processes.count)
        self.set_length(total_steps)
        self.decay = linear_decay(settings.learning_rate_decay)
        self.step = 0
        self.stop_asked = False
        """Set from outside to end the run; heeded, on all processes together, after the round."""
        self.stopping = False
        """Whether the round just played was the last because some process was asked to stop."""
        self.learning_rate_factor = 1.0
        """Multiplies every learning rate; a run that was rolled back goes on with a smaller one."""
        self.noise_seed = self.game.random.seed
        self.moves: Values = {}
        """How the last round that was watched moved each player: `player/gradient_norm`, the length of its
        gradient, and `player/update_ratio`, the length of its update relative to that of its weights."""
        self.soundness = Soundness(self.players, at_once=processes.device.type == "cpu")
        self._parameters = list(self.game.parameters())
        self._exchange = Exchange(self.game, processes)
        self._free: ActivePlayer | None = None
        refuse(start_mistakes(self.game, self.streams))
        with self.game.random.aside("start"), torch.no_grad():
            first = {name: stream.peek(whole=True) for name, stream in self.streams.items()}
            self.game.start(**first)
            self.game.tricks.start(first, self.game)
        if len(self.game.tricks):
            self._rehearse()

    @property
    def batch_size(self) -> int:
        """Examples in a batch of the first source."""
        return next(iter(self.streams.values())).batch_size

    def set_length(self, total_steps: int | None) -> None:
        """Say how long the run is, once that is known."""
        batches = {name: stream.batches_per_epoch for name, stream in self.streams.items()}
        self.course = Course(self.phases, batches, total_steps)

    @property
    def total_steps(self) -> int:
        """Length of the run."""
        assert self.course.total is not None, "asked before it is known"
        return self.course.total

    def play_round(self, watched: bool = False) -> dict[str, Number]:
        """One step: every turn of the round, in order; the mean of each named term by `player/term`.

        Args:
            watched: whether to leave in `moves` how each player moved.

        Raises:
            NotANumber: a term, or a gradient, is infinite or not a number.
        """
        leg = self._tell_game()
        self.game.random.begin(f"step {self.step}")
        for player in self.players.values():
            player.set_rates(self.game.progress, self.decay(self.game.progress))
        meter, moves = Meter(), Meter()
        batches: dict[str, Batch] = {}
        with by_onednn(self.onednn):
            for turn in leg.phase.turns:
                for source in turn.sources:
                    if turn.fresh or source not in batches:
                        batches[source] = self.streams[source].next_batch()
                chosen = [batches[source] for source in turn.sources]
                meter.add(self._take_turn(turn, chosen, moves if watched else None))
        self.step += 1
        self.stopping = self._exchange.stopping(self.stop_asked)
        if watched:
            self.moves = moves.means()
        return {name: total / count for name, (total, count) in meter.sums.items()}

    def test(self) -> Values:
        """Test losses and figures of the game and of the truth behind its data; the run stays as it was."""
        self._tell_game()
        return tested(self.game, self.dataset, self.processes.device)

    def state(self) -> dict[str, Any]:
        """All that the engine remembers, as nested values and tensors."""
        return {
            "networks": self.game.state_dict(),
            "step": self.step,
            "learning_rate_factor": self.learning_rate_factor,
            "noise_seed": self.game.random.seed,
            "players": {name: player.state() for name, player in self.players.items()},
            "streams": {name: stream.state() for name, stream in self.streams.items()},
        }

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `Misfit` unless a state could be this engine's; it has to be restored afterwards."""
        check(state, EngineState)
        for name, known in (("players", self.players), ("streams", self.streams)):
            if state[name].keys() != known.keys():
                with within(name):
                    raise Misfit(f"are {', '.join(state[name])} and not {', '.join(known)}")
        for name, player in self.players.items():
            with within("players", name):
                player.check(state["players"][name])

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.game.load_state_dict(state["networks"])
        self.step = state["step"]
        self.learning_rate_factor = state["learning_rate_factor"]
        self.game.random.reseed(state["noise_seed"])
        for name, player in self.players.items():
            player.restore(state["players"][name])
        for name, stream in self.streams.items():
            stream.restore(state["streams"][name])
        self.soundness.forget()
        self._tell_game()

    def change_noise(self, name: str) -> None:
        """Go on with other noise."""
        self.game.random.reseed(derived_seed(self.noise_seed, name))

    def _tell_game(self) -> Leg:
        """Tell the game where in the run it is, and say so."""
        leg = self.course.at(self.step)
        self.game.step, self.game.phase_step = self.step, self.step - leg.first
        self.game.progress = leg.progress(self.step)
        return leg

    # -- a turn -------------------------------------------------------------------------------------------

    def _take_turn(self, turn: Turn, batches: Sequence[Batch], moves: Meter | None) -> dict[str, Number]:
        factor = self.learning_rate_factor
        with nullcontext() if factor == 1.0 else slower(self.players.values(), factor):
            values = self._move(turn, batches, moves)
        if turn.after is not None:
            turn.after(values)
        return {f"{turn.player}/{name}": value for name, value in values.items()}

    def _move(self, turn: Turn, batches: Sequence[Batch], moves: Meter | None) -> dict[str, Number]:
        """A step of the player down the turn's loss; what the loss was."""
        player = self.free_only(turn.player)
        scalars = self._backward(turn, batches)
        probed = [*scalars.values(), player.gradient_probe(self.processes.device)]
        packed = self._exchange.average(player, probed, self.stop_asked)
        numbers = self.soundness.numbers(self.step, player, list(scalars), packed)
        values = dict(zip(scalars, numbers, strict=True))
        if moves is None:
            player.step()
        else:
            moves.add(player.measured_step())
        return values

    def _backward(self, turn: Turn, batches: Sequence[Batch]) -> dict[str, Tensor]:
        """The terms of the turn's loss, detached, once their gradients are in the parameters."""
        if self.microbatches == 1:
            return self._backward_of(turn, batches, 1.0)
        parts = min([self.microbatches, *(max(1, len(batch) // self.fewest) for batch in batches)])
        meter: dict[str, Tensor] = {}
        cut = [batch.chunks(parts) for batch in batches]
        for chunk in zip(*cut, strict=True) if cut else [()] * parts:
            weight = len(chunk[0]) / len(batches[0]) if chunk else 1.0 / parts
            for name, value in self._backward_of(turn, chunk, weight).items():
                meter[name] = meter.get(name, torch.zeros_like(value)) + weight * value
        return meter

    def _backward_of(self, turn: Turn, batches: Sequence[Batch], weight: float) -> dict[str, Tensor]:
        with self.precision.autocast(self.processes.device):
            terms = turn.loss(*batches)
            total = torch.stack([term.float() for term in terms.values()]).sum()
        (total if weight == 1.0 else weight * total).backward()
        scalars = {"loss": total, **terms, **getattr(terms, "observed", {})}
        return {name: value.detach().float() for name, value in scalars.items()}

    def free_only(self, name: str) -> ActivePlayer:
        """Let only the parameters of the player who moves ask for gradients."""
        player = self.players[name]
        if self._free is not player:
            for parameter in self._parameters:
                parameter.requires_grad_(id(parameter) in player.members)
            self._free = player
        return player

    def _rehearse(self) -> None:
        """Compute every loss once, so that a trick that finds nothing to act on is refused before the run."""
        before = copy.deepcopy(self.game.state_dict())
        with self.game.random.aside("rehearsal"), self.game.tricks.on_trial(self.game):
            for turn in (turn for phase in self.phases for turn in phase.turns):
                turn.loss(*(self.streams[source].peek() for source in turn.sources))
        self.game.load_state_dict(before)


def stream_seed(seed: int, name: str) -> int:
    """The seed of the order in which a source is dealt."""
    return derived_seed(seed, f"source {name}")

"""What the engine costs over the same computation as a bare loop, written by hand.

    OMP_NUM_THREADS=1 python benchmarks/overhead.py [SYSTEM ...]

For each system two trainings with the same seed go on side by side in one process: a block of rounds
through the engine with all that a run does in a round, then as many through the bare loop, and so on in
turn, so that whatever else the machine does meets both. Where in memory a network happens to lie changes
its speed by some per cent, so both are built anew several times, either one first in turn. Printed is the
median, over all pairs of blocks, of the ratio of their times, and the quartiles. Before and after that,
both are checked to have come to the same weights: the computation is indeed the same.

The bare loop is what one would write for the one system: batches by index from memory, noise seeded anew for
each step, the losses of the game, gradients only for the player who moves, both optimisers, and the losses as
numbers in every step, as a progress bar or a table of the epoch wants them.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator

import pairs
import torch

from sparring.data import load_dataset
from sparring.data.dataset import Batch, batch_of
from sparring.nn.products import by_onednn
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.training.meter import Meter
from sparring.zoo import find_system

ROUNDS = {"gan": 50, "acgan": 2}
"""Rounds in a block: about a third of a second and upwards."""
PAIRS = {"gan": 12, "acgan": 6}
"""Pairs of blocks for each time that both are built."""
BUILT = 10
"""How often both are built."""


def engine_rounds(engine: Engine) -> Callable[[int], None]:
    """Rounds through the engine, with the meters that a run keeps."""
    interval, epoch = Meter(), Meter()

    def play(rounds: int) -> None:
        for _ in range(rounds):
            values = engine.play_round()
            interval.add(values)
            epoch.add(values)

    return play


def bare_rounds(engine: Engine) -> Callable[[int], None]:
    """The same rounds on the engine's game, without the engine."""
    game = engine.game
    optimizers = {name: player.optimizer for name, player in game.players().items()}
    players = {name: list(getattr(game, name).parameters()) for name in optimizers}
    losses = [(turn.player, turn.loss) for turn in game.round()]
    batches = batches_of(engine)
    steps = itertools.count()
    sums: dict[str, float] = {}

    def play_one(batch: Batch, step: int) -> None:
        game.random.begin(f"step {step}")
        for player, loss in losses:
            for name, parameters in players.items():
                for parameter in parameters:
                    parameter.requires_grad_(name == player)
            terms = loss(batch)
            total = torch.stack(list(terms.values())).sum()
            total.backward()
            optimizers[player].step()
            optimizers[player].zero_grad()
            sums[player] = sums.get(player, 0.0) + total.item()

    def play(rounds: int) -> None:
        # The products are part of the computation, not of what the engine adds to it.
        with by_onednn(engine.onednn):
            for step, batch in zip(itertools.islice(steps, rounds), batches, strict=False):
                play_one(batch, step)

    return play


def batches_of(engine: Engine) -> Iterator[Batch]:
    """The batches that the engine would deal, without end."""
    (stream,) = engine.streams.values()
    for epoch in itertools.count():
        for chosen in stream._epoch_order(epoch).split(stream.batch_size):
            yield batch_of(engine.dataset, chosen)


def ratios(system: str) -> list[float]:
    """Engine's time over the bare loop's, for each pair of blocks."""
    return [ratio for first in range(BUILT) for ratio in ratios_of_two(system, bool(first % 2))]


def ratios_of_two(system: str, bare_first: bool) -> list[float]:
    """The ratios of one pair of trainings; which was built first is said."""
    game_class, dataset, here = find_system(system), load_dataset("mnist"), Processes(torch.device("cpu"))
    built = [Engine(game_class, game_class.Settings(), dataset, 10**6, 0, here) for _ in range(2)]
    engine, other = reversed(built) if bare_first else built
    with_engine, bare = engine_rounds(engine), bare_rounds(other)
    with_engine(3)
    bare(3)
    check_equal(engine, other)
    rounds = ROUNDS[system]
    found = pairs.ratios(lambda: with_engine(rounds), lambda: bare(rounds), PAIRS[system])
    check_equal(engine, other)
    return found


def check_equal(engine: Engine, other: Engine) -> None:
    """Stop unless the games of two engines have the same weights."""
    weights = other.game.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in engine.game.state_dict().items())


def main() -> None:
    """Measure the systems named on the command line, or all that have a bare loop."""
    torch.set_num_threads(1)
    for system in sys.argv[1:] or ROUNDS:
        print(f"{system}: {pairs.summary(ratios(system))} of the bare loop's time")


if __name__ == "__main__":
    main()

"""What watching a run's health costs.

    OMP_NUM_THREADS=1 python benchmarks/health.py [SYSTEM ...]

For each system two trainings with the same seed go on side by side in one process, one of them watched as
every run is by default: 500 rounds (ten checks, one of them a full one) of the one, then of the other, and so
on in turn. Printed is the median, over all pairs of blocks, of the ratio of their times, and the quartiles.
At the end both are checked to have come to the same weights.
"""

from __future__ import annotations

import sys

import pairs
import torch

from sparring.data import load_dataset
from sparring.health.monitor import Monitor
from sparring.health.remedies import Context
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.training.settings import RunSettings
from sparring.zoo import find_system

ROUNDS = 500
PAIRS = {"gan": 16, "r3gan": 4}


def play(engine: Engine, monitor: Monitor | None) -> None:
    """So many rounds."""
    for _ in range(ROUNDS):
        watched = monitor is not None and monitor.due
        values = engine.play_round(watched)
        if monitor is not None and watched:
            monitor.measure(values)
            monitor.findings()


def ratios(system: str) -> list[float]:
    """Time with the monitor over that without, for each pair of blocks."""
    game_class, dataset = find_system(system), load_dataset("mnist")
    settings = game_class.Settings.of(next(iter(game_class.presets.values()), {}), system)
    here = Processes(torch.device("cpu"))
    bare, watched = (Engine(game_class, settings, dataset, 10**6, 0, here) for _ in range(2))
    roles = {name: player.role for name, player in watched.players.items()}
    context = Context(system, game_class, settings, "mnist", roles)
    monitor = Monitor(watched, RunSettings().health_every, context)
    found = pairs.ratios(lambda: play(watched, monitor), lambda: play(bare, None), PAIRS[system])
    weights = bare.game.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in watched.game.state_dict().items())
    return found


def main() -> None:
    """Measure the systems named on the command line, or all."""
    torch.set_num_threads(1)
    for system in sys.argv[1:] or PAIRS:
        print(f"{system}: {pairs.summary(ratios(system))} of the time without")


if __name__ == "__main__":
    main()

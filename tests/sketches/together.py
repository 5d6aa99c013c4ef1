"""Two processes play the sketches beside one, and go on from what the first of them remembers."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from sparring.data import Dataset, dataset_of, load_dataset
from sparring.processes import Processes, end_with_the_others, join_processes
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.zoo import find_system

HERE = Path(__file__).parent
ROUNDS = 13
"""Enough to come into the last phase of each."""
PLAYED = {
    "seqgan.py:SeqGAN": "seqgan.py:texts",
    "cyclegan.py:CycleGAN": "cyclegan.py:two_domains",
    "semi_supervised.py:SemiSupervised": "images",
    "bayesian_gan.py:BayesianGAN": "points",
    "vae.py:VAE": "images",
    "unrolled.py:Plane": "points",
}
"""Systems and their data."""


def data_of(name: str) -> Dataset:
    if ".py:" in name:
        return load_dataset(f"{HERE / name}")
    random = Randomness(0)
    if name == "points":
        return dataset_of(name, random.normal(60, 2))
    images, labels = random.integers(60 * 64, 256).byte().view(60, 1, 8, 8), torch.arange(60) % 3
    return dataset_of(name, images, labels, ("a", "b", "c"))


def engine(system: str, processes: Processes) -> Engine:
    game = find_system(f"{HERE / system}")
    tricks = {"unrolling": 3} if system.startswith("unrolled") else {}
    # Large batches of texts make short phases; a pool holds 16 images.
    settings = game.Settings.of({"batch_size": 40 if "texts" in PLAYED[system] else 10} | tricks, system)
    return Engine(game, settings, data_of(PLAYED[system]), 20, 0, processes)


def weights(engine: Engine) -> torch.Tensor:
    return torch.cat([value.double().flatten() for value in engine.game.state_dict().values()])


def play(system: str, ours: Processes) -> float:
    """How far two processes end from one."""
    both, alone, again = engine(system, ours), engine(system, Processes(ours.device)), engine(system, ours)
    first = weights(both)
    for step in range(ROUNDS):
        both.play_round()
        alone.play_round()
        if step == ROUNDS // 2:
            state = [copy.deepcopy(both.state())] if ours.is_first else [None]
            dist.broadcast_object_list(state)
    assert not torch.equal(first, weights(both)), f"{system}: nothing was learnt"
    others = weights(both)
    dist.broadcast(others, 0)
    assert torch.equal(weights(both), others), f"{system}: the processes disagree"
    again.restore(state[0])
    while again.step < ROUNDS:
        again.play_round()
    assert torch.equal(weights(both), weights(again)), f"{system}: resumed, it is another"
    return (weights(both) - weights(alone)).abs().max().item()


if __name__ == "__main__":
    torch.set_num_threads(1)
    processes = join_processes("cpu")
    for system in sys.argv[1:] or PLAYED:
        distance = play(system, processes)
        if processes.is_first:
            print(system, distance, flush=True)
    end_with_the_others(0)

"""A round of every system for images here against the same system in eager PyTorch.

    python benchmarks/zoo.py [SYSTEM ...] [--threads 1] [--blocks 8] [--profile] [--compile]

The peers are in `benchmarks/peers/`, written straightforwardly in the style of the popular scripts:
layers, losses, optimisers and the loader of torch itself, networks that all learn in every backward pass,
losses that are read in every step. Sizes, batches and passes are ours; that both have as many weights is
checked. Blocks of rounds through the engine and of the peer's steps go in turn in one process. Printed
are the median milliseconds of both, the median ratio with its quartiles, our round's arithmetic, and the
share of the machine's matrix peak that it comes to. With --profile also where our time goes (being
profiled takes a part of what is outside of operators), and how fast it would be if convolutions and products
of matrices took what they take, and all else nothing. Images are random, because what they show does not
matter to the time. Freed memory stays with the process, for both. With --compile our networks are compiled,
as `sparring train --compile` does, and the peer's are not. Nothing else should be running.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import roofline
import torch
import tyro
from peers import acgan, began, dcgan, dcgan_tflearn, few_labels, perceptrons, r3gan, translators
from peers.common import Peer
from torch import Tensor

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Classes, Images
from sparring.kept_memory import memory_kept
from sparring.processes import Processes
from sparring.training.compiling import compile_networks
from sparring.training.engine import Engine
from sparring.zoo import find_system

SECONDS = 0.4
"""About how long a block takes."""
COUNT = 2000
"""Images of each data set."""


def digits() -> tuple[Dataset, Tensor, Tensor]:
    """Grey images of 28 x 28 in ten classes, and what the peers are given: floats and classes."""
    images = torch.randint(0, 256, (COUNT, 1, 28, 28), dtype=torch.uint8)
    labels = torch.arange(COUNT) % 10
    classes = Column(Classes(tuple(map(str, range(10)))), labels)
    return (
        Dataset("random digits", Column(Images((1, 28, 28)), images), classes),
        images.float() / 255,
        labels,
    )


def pairs_of_images() -> tuple[Dataset, Tensor, Tensor]:
    """Pairs of colour images of 64 x 64, also as two domains, and what the peers are given."""
    images = torch.randint(0, 256, (2, COUNT // 10, 3, 64, 64), dtype=torch.uint8)
    sources, targets = (Column(Images((3, 64, 64)), each) for each in images)
    parts = {"A": Dataset("A", sources), "B": Dataset("B", targets)}
    return Dataset("random pairs", targets, sources, parts=parts), *(images.float() / 127.5 - 1)


@dataclass(frozen=True)
class Case:
    """What is compared."""

    system: str
    peer: Callable[[Tensor, Tensor, Any], Peer]
    settings: Mapping[str, Any] | str = "paper"
    """A preset's name, or settings."""
    data: Callable[[], tuple[Dataset, Tensor, Tensor]] = digits


CASES = {
    "gan": Case("gan", perceptrons.gan),
    "dcgan-tflearn": Case("dcgan-tflearn", dcgan_tflearn.dcgan_tflearn),
    "acgan": Case("acgan", acgan.acgan),
    "dcgan": Case("dcgan", dcgan.dcgan),
    "wgan": Case("wgan", dcgan.wgan),
    "wgan-gp": Case("wgan-gp", dcgan.wgan_gp),
    "wgan-gp digits": Case("wgan-gp", dcgan.wgan_gp, "digits"),
    "began": Case("began", began.began),
    "began digits": Case("began", began.began, "digits"),
    "r3gan": Case("r3gan", r3gan.r3gan),
    "r3gan digits": Case("r3gan", r3gan.r3gan, "digits"),
    "improved-gan": Case("improved-gan", few_labels.improved_gan),
    "bad-gan": Case("bad-gan", few_labels.bad_gan),
    "pix2pix": Case("pix2pix", translators.pix2pix, data=pairs_of_images),
    "pix2pix small": Case("pix2pix", translators.pix2pix, "small", pairs_of_images),
    "cyclegan": Case("cyclegan", translators.cyclegan, data=pairs_of_images),
    "cyclegan small": Case("cyclegan", translators.cyclegan, "small", pairs_of_images),
}


ALONE = Processes(torch.device("cpu"))


def both(case: Case, processes: Processes = ALONE) -> tuple[Engine, Peer]:
    """The system through the engine, in its last phase, and its peer.

    Args:
        case: which.
        processes: those that train together.

    Raises:
        AssertionError: they are not of one size.
    """
    game = find_system(case.system)
    given = game.presets.get(case.settings, {}) if isinstance(case.settings, str) else case.settings
    settings = game.Settings.of(given, case.system)
    dataset, *columns = case.data()
    engine = Engine(game, settings, dataset, 10**6, 0, processes)
    engine.step = engine.course.legs[-1].first
    peer = case.peer(*columns, settings)
    ours = sum(weight.numel() for player in engine.players.values() for weight in player.moved)
    theirs = sum(
        weight.numel() for network in peer.networks for weight in network.parameters() if weight.requires_grad
    )
    assert ours == theirs, f"{case.system} has {ours} weights, and its peer {theirs}"
    return engine, peer


def compare(name: str, blocks: int, profile: bool, compiled: bool) -> None:
    """Measure one case, and print."""
    engine, peer = both(CASES[name])
    arithmetic = roofline.arithmetic(engine.play_round)
    if compiled and (why_not := compile_networks(engine)):
        print(f"| `{name}` | {why_not} |", flush=True)
        return
    works = engine.play_round, peer.step
    for work in works:
        roofline.seconds(work, 2)
    rounds = max(1, round(SECONDS / roofline.seconds(peer.step, 1)))
    times, peaks = [], []
    for block in range(blocks):
        peaks.append(roofline.peak())
        # Whoever comes second may find warmer caches: they change places.
        order = works if block % 2 else works[::-1]
        taken = {work: roofline.seconds(work, rounds) for work in order}
        times.append([taken[work] for work in works])
    low, middle, high = statistics.quantiles([theirs / own for own, theirs in times], n=4)
    own, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    share = arithmetic / own / statistics.median(peaks)
    print(
        f"| `{name}` | {1e3 * own:.1f} ms | {1e3 * theirs:.1f} ms | {middle:.2f} ({low:.2f} to {high:.2f}) | "
        f"{arithmetic / 1e9:.2f} GFLOP | {share:.2f} |",
        flush=True,
    )
    if profile:
        found = roofline.shares(engine.play_round, rounds)
        matrices = found[roofline.MATRICES]
        parts = ", ".join(f"{kind} {part:.0%}" for kind, part in found.items() if part > 0.005)
        print(
            f"  {parts}; with the first alone {theirs / own / matrices:.2f} times as fast, "
            f"at {share / matrices:.2f} of the peak"
        )


@memory_kept()
def main(
    systems: Annotated[tuple[str, ...], tyro.conf.Positional] = (),
    threads: int = 1,
    blocks: int = 8,
    profile: bool = False,
    compile: bool = False,  # the name of the flag
) -> None:
    """Measure the named cases, or all."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    for name in systems or CASES:
        compare(name, blocks, profile, compile)


if __name__ == "__main__":
    sys.exit(tyro.cli(main))

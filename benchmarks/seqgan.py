"""What a round of SeqGAN's rewards takes, by part.

    OMP_NUM_THREADS=1 python benchmarks/seqgan.py [SETTING=NUMBER ...]

Rounds through the engine, on random texts of the sizes of SeqGAN's oracle, with the system's own settings
unless others are given, such as `rollouts=16`. Printed are medians, in milliseconds, of a round and of its
parts: the texts that are rewarded, their roll-outs, what the critic says of these, the critic's own steps,
and the rest, which is the step of the policy.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Tokens
from sparring.kept_memory import memory_kept
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo.seqgan import SeqGAN

VOCABULARY, LENGTH, COUNT = 5_000, 20, 6_400
ROUNDS = 7


def engine_of(words: Sequence[str]) -> Engine:
    """What plays, with settings as they are given."""
    kind = Tokens((LENGTH,), tuple(str(number) for number in range(VOCABULARY)))
    texts = torch.randint(VOCABULARY, (COUNT, LENGTH), generator=torch.Generator().manual_seed(0))
    given = {name: int(value) for name, value in (word.split("=") for word in words)}
    here = Processes(torch.device("cpu"))
    return Engine(
        SeqGAN, SeqGAN.Settings(**given), Dataset("random texts", Column(kind, texts)), None, 0, here
    )


def milliseconds(work: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    """How long a call takes, and what it gives."""
    began = time.perf_counter()
    result = work(*args)
    return 1e3 * (time.perf_counter() - began), result


def timed(owner: Any, name: str, spent: list[float]) -> None:
    """Let every call of a method add its milliseconds to the last of some numbers."""
    method = getattr(owner, name)

    def call(*args: Any) -> Any:
        took, result = milliseconds(method, *args)
        spent[-1] += took
        return result

    setattr(owner, name, call)


@memory_kept()
def main(words: Sequence[str]) -> None:
    """Measure, and print."""
    torch.set_num_threads(1)
    engine = engine_of(words)
    game: Any = engine.game
    parts: dict[str, list[float]] = defaultdict(list)
    _, critic, rewards = engine.course.legs
    for leg, part in ((critic, "critic alone"), (rewards, "round")):
        engine.step = leg.first
        if leg is rewards:
            timed(game.generator, "complete", parts["roll-outs"])
            timed(game, "said_of", parts["their critic"])
        for _ in range(ROUNDS + 1):
            parts["roll-outs"].append(0.0)
            parts["their critic"].append(0.0)
            parts[part].append(milliseconds(engine.play_round)[0])
    middle = {part: statistics.median(took[-ROUNDS:]) for part, took in parts.items()}
    texts, _ = milliseconds(game.fake, game.settings.batch_size)
    steps = game.settings.critic_steps * middle.pop("critic alone")
    whole = middle.pop("round")
    shown = {"texts": texts, **middle, "critic's steps": steps}
    shown["policy's step"] = whole - sum(shown.values())
    print(f"a round: {whole:.0f} ms")
    print(", ".join(f"{part} {took:.0f} ({took / whole:.0%})" for part, took in shown.items()))


if __name__ == "__main__":
    main(sys.argv[1:])

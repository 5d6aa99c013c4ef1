"""Two processes that train together are one process with the same batch, and end together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import sparring
from sparring.data.dataset import Batch, Dataset
from sparring.game import GameSettings, Source
from sparring.processes import Processes, join_processes
from sparring.runs.folder import Run
from sparring.training.engine import Engine
from sparring.zoo.gan import GAN


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def start_two(*command: Any) -> list[subprocess.Popen[str]]:
    """The same command in two processes, told of one another as torchrun tells them."""
    together = {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(free_port())}
    return [
        subprocess.Popen(
            [sys.executable, *map(str, command)],
            env=os.environ | together | {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def finish(processes: Sequence[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """Exit code, output and complaints of each."""
    try:
        said = [process.communicate(timeout=90) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *text) for process, text in zip(processes, said, strict=True)]


def wait_for_a_step(run: Path, processes: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until a step is saved, which all processes have taken together."""
    for _ in range(600):
        if max(Run(run).checkpoints.steps(), default=0) > 0:
            return
        assert all(process.poll() is None for process in processes), finish(processes)
        time.sleep(0.1)
    finish(processes)
    pytest.fail("the run saved nothing in a minute")


def options(data: Path) -> list[str]:
    return ["--data", f"npz:{data}", "--batch-size", "40", "--threads", "1", "--history-every", "2"]


def newest(run: Path) -> dict[str, torch.Tensor]:
    checkpoint = max((run / "checkpoints").glob("step-*"))
    return load_file(checkpoint / "networks.safetensors")


def test_two_processes_are_one_with_the_same_batch(tiny_npz: Path, tmp_path: Path) -> None:
    """300 images: the last batch of an epoch has 20. The third epoch is begun."""
    asked = [*options(tiny_npz), "--no-fixed-noise", "--max-steps", 18]
    told = finish(start_two("-m", "sparring", "train", "gan", *asked, "--out", tmp_path / "two"))
    assert [(code, complaint) for code, _, complaint in told] == [(0, ""), (0, "")]
    assert "Finished 18 steps" in told[0][1]
    assert told[1][1] == "", "the second process is silent"
    alone = sparring.train(
        "gan",
        data=f"npz:{tiny_npz}",
        **{"batch_size": 40, "history_every": 2, "fixed_noise": False, "max_steps": 18, "quiet": True},
        out=tmp_path / "one",
    )
    ours, theirs = newest(tmp_path / "two"), newest(alone.path)
    for name in theirs:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
    history = [pd.read_json(tmp_path / name / "history.jsonl", lines=True) for name in ("two", "one")]
    pd.testing.assert_frame_equal(*history, rtol=1e-4, atol=1e-4)
    samples = [sparring.load(tmp_path / name).sample(50).examples.int() for name in ("two", "one")]
    assert (samples[0] - samples[1]).abs().max() <= 1


DIGEST = """
import hashlib, torch

def digest(*trees):
    found = hashlib.sha256()
    for tree in trees:
        for name, value in tree.items():
            tensor = isinstance(value, torch.Tensor)
            content = value.contiguous().numpy().tobytes() if tensor else repr(value).encode()
            found.update(digest(value).encode() if isinstance(value, dict) else content)
    return found.hexdigest()
"""
AGREEMENT = """
import sys
from sparring.data import load_dataset
from sparring.processes import join_processes
from sparring.training.engine import Engine
from sparring.zoo import find_system

torch.set_num_threads(1)
processes = join_processes("cpu")
for name in sys.argv[2:]:
    system = find_system(name)
    dataset = load_dataset(f"npz:{sys.argv[1]}")
    engine = Engine(system, system.Settings(batch_size=20), dataset, 100, 0, processes)
    for _ in range(3):
        values = engine.play_round()
    print(name, digest(engine.state()), sorted(values.items()))

import time
from sparring.training import recommending
from sparring.training.settings import RunSettings

# The second was started half a minute before, and so has half of the time left.
began = time.monotonic() - 30 * processes.rank
recommending.rough_seconds_per_step = lambda engine, patience: [0.02]
asked = RunSettings(max_minutes=1)
chosen = recommending.choose_settings("r3gan", find_system("r3gan"), dataset, asked, {}, processes, began)
print(chosen.reasons)
"""


def test_processes_agree_on_every_number_and_on_the_networks_whatever_their_clocks(tiny_npz: Path) -> None:
    """Also where batch statistics and dropout make them another run than one process would be."""
    told = finish(start_two("-c", DIGEST + AGREEMENT, tiny_npz, "gan", "dcgan-tflearn", "acgan"))
    assert [(code, complaint) for code, _, complaint in told] == [(0, ""), (0, "")]
    assert told[0][1] == told[1][1]
    *systems, chosen = told[0][1].splitlines()
    assert len(systems) == 3
    assert "--generator-width" in chosen


def test_an_image_has_its_noise_in_whatever_process(
    make_engine: Callable[..., Engine], deal: Callable[[Engine], Batch]
) -> None:
    alone = make_engine("gan")
    sharing = [make_engine("gan", processes=Processes(torch.device("cpu"), rank, 2)) for rank in range(2)]
    shares = [engine.game.noise_of(deal(engine)) for engine in sharing]
    assert torch.equal(torch.cat(shares), alone.game.noise_of(deal(alone)))


@pytest.mark.parametrize("whom", [(0, 1), (1,)], ids=["both", "only the second"])
def test_a_signal_ends_all_processes_together(whom: tuple[int, ...], tiny_npz: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = [*options(tiny_npz), "--max-steps", 100_000, "--checkpoint-minutes", 0.0001, "--out", run]
    processes = start_two("-m", "sparring", "train", "gan", *asked)
    wait_for_a_step(run, processes)
    for number in whom:
        processes[number].send_signal(signal.SIGTERM)
    told = finish(processes)
    assert [code for code, _, _ in told] == [143, 143]
    step = Run(run).status["step"]
    assert told[0][2] == (
        f"sparring: Interrupted and saved at step {step:,}. Go on with: sparring resume {run}\n"
    )
    assert told[1][2] == ""
    if whom == (0, 1):
        return
    # What two began, one goes on with, and two again.
    done = sparring.resume(run, max_steps=step + 2, quiet=True)
    assert done.status["state"] == "finished"
    told = finish(start_two("-m", "sparring", "resume", run, "--max-steps", step + 4))
    assert [(code, complaint) for code, _, complaint in told] == [(0, ""), (0, "")]
    assert done.status["step"] == step + 4


def test_a_mistake_ends_all_processes_together(tiny_npz: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    told = finish(
        start_two("-m", "sparring", "train", "gan", *options(tiny_npz), "--out", tmp_path / "taken")
    )
    assert [code for code, _, _ in told] == [2, 2]
    assert "is not empty" in told[0][2]
    assert told[0][2].count("\n") == 1
    assert told[1][2] == "", "only who met the mistake speaks of it"


def test_a_process_that_vanishes_is_missed(tiny_npz: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = [*options(tiny_npz), "--max-steps", 100_000, "--checkpoint-minutes", 0.0001, "--out", run]
    first, second = start_two("-m", "sparring", "train", "gan", *asked)
    wait_for_a_step(run, [first, second])
    second.kill()
    (code, _, complaint), _ = finish([first, second])
    assert code == 2
    assert "another one of the run has ended" in complaint
    assert "Traceback" not in complaint
    assert Run(run).checkpoints.latest() is not None


def test_torchrun_starts_them(tiny_npz: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *[sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"],
            *["--master-port", str(free_port()), "-m", "sparring", "train", "gan"],
            *[*options(tiny_npz), "--max-steps", "3", "--out", str(tmp_path / "run")],
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Run(tmp_path / "run").status["state"] == "finished"


BREAKING = '''
import math
from dataclasses import dataclass, replace

import torch

from sparring.game import Terms
from sparring.zoo.gan import GAN


class Breaking(GAN):
    """A gan that breaks at the ninth step, as long as its noise is that with which it began."""

    @dataclass(frozen=True)
    class Settings(GAN.Settings):
        part: str = "term"

    def __init__(self, settings, data, random):
        super().__init__(settings, data, random)
        self.first_noise = random.seed

    def breaks(self, part):
        return self.step == 8 and self.random.seed == self.first_noise and self.settings.part == part

    def round(self):
        first, last = super().round()

        def loss(real):
            # In the second process alone: the first learns it from the exchange.
            factor = math.nan if self.breaks("term") and self.random.rank else 1.0
            return Terms(only=first.loss(real)["adversarial"] * factor)

        return [replace(first, loss=loss), replace(last, after=self.damage)]

    @torch.no_grad()
    def damage(self, values):
        if self.breaks("weights"):
            next(self.generator.parameters()).view(-1)[0] = math.nan
'''


CLOCKS_AND_DIGESTS = """
import os, sys, time
from pathlib import Path
from sparring.cli import main
from sparring.training.loop import Loop

def finish_and_tell(self):
    finish(self)
    monitor = self.monitor
    Path(f"{self.run.path}.{self.engine.processes.rank}").write_text(
        f"{digest(self.engine.state(), monitor.state(), self.recovery.state())} "
        f"{self.engine.learning_rate_factor} {self.recovery.rollbacks} {monitor.known} {len(monitor.rows)}"
    )

finish, Loop._finish = Loop._finish, finish_and_tell
monotonic = time.monotonic
if os.environ["RANK"] == "1":
    time.monotonic = lambda: 1e6 * monotonic()
main(sys.argv[1:])
"""


@pytest.mark.parametrize("part", ["term", "weights"])
def test_processes_go_back_together(part: str, tiny_npz: Path, tmp_path: Path) -> None:
    """What one of them meets takes all of them back, also where only one of them was about to save itself."""
    (tmp_path / "breaking.py").write_text(BREAKING)
    run = Run(tmp_path / "run")
    asked = [*options(tiny_npz), "--health-every", 2, "--max-steps", 14, "--part", part, "--out", run.path]
    told = finish(
        start_two("-c", DIGEST + CLOCKS_AND_DIGESTS, "train", f"{tmp_path / 'breaking.py'}:Breaking", *asked)
    )
    assert [(code, complaint) for code, _, complaint in told] == [(0, ""), (0, "")]
    assert told[1][1] == "", "the second process is silent"
    assert [event["event"] for event in run.events()] == ["started", "finding", "rolled back", "finished"]
    history = pd.read_json(run.path / "history.jsonl", lines=True)
    for kind in ("steps", "health"):
        assert history[history["kind"] == kind]["step"].tolist() == list(range(2, 15, 2))
    assert all(tensor.isfinite().all() for tensor in newest(run.path).values())
    first, second = ((tmp_path / f"run.{rank}").read_text() for rank in range(2))
    assert first == second
    assert first.endswith(" 0.5 1 set() 7")


def test_processes_stop_together(tiny_npz: Path, tmp_path: Path) -> None:
    (tmp_path / "breaking.py").write_text(BREAKING)
    asked = [*options(tiny_npz), "--max-steps", 12, "--on-unhealthy", "stop", "--out", tmp_path / "run"]
    told = finish(start_two("-m", "sparring", "train", f"{tmp_path / 'breaking.py'}:Breaking", *asked))
    complaint = (
        "sparring: At step 9 the term 'only' of the generator's loss became nan. Train again with the "
        "recommended settings: `--batch-size 64`.\n"
    )
    assert [(code, complained) for code, _, complained in told] == [(3, complaint), (3, "")]
    assert Run(tmp_path / "run").status["state"] == "failed"


# -- one process, seen as one of several ---------------------------------------------------------------------


def test_one_process_needs_no_exchange() -> None:
    tensor = torch.tensor([1.0])
    Processes(torch.device("cpu")).average([tensor])
    assert tensor.item() == 1.0
    assert join_processes("cpu") == Processes(torch.device("cpu"))


def test_shares_of_noise_make_up_the_noise_of_one() -> None:
    from sparring.randomness import Randomness

    draws: list[Callable[[Any, int], torch.Tensor]] = [
        lambda random, count: random.uniform(count, 3),
        lambda random, count: random.normal(count, 2, 2),
        lambda random, count: random.integers(count, 10),
        lambda random, count: random.bernoulli(0.3, count, 5),
        lambda random, count: random.coins(0.3, count, 5),
    ]
    alone, sharing = Randomness(5), [Randomness(5, rank=rank, processes=2) for rank in range(2)]
    for draw in draws:
        both = torch.cat([draw(random, 4) for random in sharing])
        assert torch.equal(draw(alone, 8), both)
    for random in sharing:
        assert torch.equal(random.generator.get_state(), alone.generator.get_state())
        assert torch.equal(random.child("x").normal(3), alone.child("x").normal(3))


def test_a_batch_must_divide(make_engine: Callable[..., Engine]) -> None:
    with pytest.raises(sparring.SparringError, match=r"divided among 3 processes: .* 3 as --batch-size"):
        make_engine("gan", processes=Processes(torch.device("cpu"), 0, 3), batch_size=10)


class Uneven(GAN):
    """Deals batches of a size of its own."""

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        return {"real": Source(data, 5)}


def test_a_batch_that_is_not_of_the_size_that_was_given_is_called_by_its_name(
    make_engine: Callable[..., Engine],
) -> None:
    with pytest.raises(sparring.SparringError, match=r"deals 'real' in batches of 5 .*: train in one"):
        make_engine(Uneven, processes=Processes(torch.device("cpu"), 0, 2), batch_size=10)


def test_examples_that_are_only_looked_at_need_not_divide(make_engine: Callable[..., Engine]) -> None:
    """Each process sees all the examples by whose class a classifier is judged."""
    alone, second = (
        make_engine("improved-gan", processes=Processes(torch.device("cpu"), rank, count), validation=5)
        for rank, count in ((0, 1), (1, 2))
    )
    ours, theirs = (engine.game.validation() for engine in (alone, second))
    assert ours is not None
    assert theirs is not None
    assert len(ours) == 5
    assert torch.equal(ours.examples, theirs.examples)

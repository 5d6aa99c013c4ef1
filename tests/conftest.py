"""What the tests share: tiny data, engines over it, and the real command line."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from suited import suited
from torch import Tensor

import sparring.data
from sparring.cli import main
from sparring.data import mnist
from sparring.data.dataset import Batch, Dataset, dataset_of
from sparring.data.resizing import Frame
from sparring.game import Number
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo import find_system

# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# A shell that starts the tests in the background has them ignore interrupts, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)

CPU = Processes(torch.device("cpu"))


@pytest.fixture(autouse=True, scope="session")
def no_cache() -> None:
    os.environ["SPARRING_CACHE"] = "off"


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    # Many small computations: a second thread costs more than it gives, in processes that are started too.
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mnist` is 6,000 of its digits, and 1,000 held-out ones: what takes a minute takes seconds."""

    def fewer(frame: Frame | None = None) -> Dataset:
        whole = mnist(frame)
        assert whole.held_out is not None
        return dataclasses.replace(whole[:6000], held_out=whole.held_out[:1000])

    monkeypatch.setattr(sparring.data, "mnist", fewer)


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    return random_images


def random_images(
    count: int = 50, channels: int = 1, size: int = 20, classes: int = 3, held_out: int = 0
) -> Dataset:
    """Random pictures, the classes in turn; some held-out ones beside them."""
    generator = torch.Generator().manual_seed(count + channels + size)
    examples = torch.randint(
        0, 256, (count, channels, size, size), generator=generator, dtype=torch.int64
    ).byte()
    labels = torch.arange(count) % classes if classes else None
    names = tuple(f"class {number}" for number in range(classes))
    kept = random_images(held_out, channels, size, classes) if held_out else None
    return dataset_of("random images", examples, labels, names, kept)


USUAL: dict[str, dict[str, Any]] = {
    "ImprovedGAN": {"labelled": 10},
    "BadGAN": {"labelled": 10},
    "Pix2Pix": {"width": 4, "critic_width": 4},
    "Restore": {"width": 4, "critic_width": 4},
    "SRGAN": {"width": 4, "critic_width": 4, "blocks": 1},
    "Denoise": {"width": 4, "depth": 3, "critic_width": 4, "noise_width": 4, "n_critic": 1},
    "Cartoon": {"width": 4, "critic_width": 4, "blocks": 1},
    "Inpaint": {"width": 4, "critic_width": 4},
    "CycleGAN": {"width": 4, "critic_width": 4, "blocks": 1},
}
"""Settings that suit data as small as that of tests."""


@pytest.fixture
def make_engine() -> Callable[..., Engine]:
    """Builds an engine: `make_engine("gan", dataset, steps=10, batch_size=8)`."""

    def make(
        system: Any,
        dataset: Dataset | None = None,
        steps: int | None = 100,
        seed: int = 0,
        processes: Processes = CPU,
        microbatches: int = 1,
        **settings: Any,
    ) -> Engine:
        game_class = find_system(system) if isinstance(system, str) else system
        ours = game_class.__module__.startswith("sparring.")
        usual = {"batch_size": 10, **(USUAL.get(game_class.__name__, {}) if ours else {})}
        values = game_class.Settings.of(usual | settings, "the test")
        data = suited(game_class, random_images() if dataset is None else dataset)
        return Engine(game_class, values, data, steps, seed, processes, microbatches=microbatches)

    return make


def first_batch(engine: Engine) -> Batch:
    """The batch of real examples that the engine would deal first."""
    return engine.streams["real"].peek()


@pytest.fixture
def deal() -> Callable[[Engine], Batch]:
    return first_batch


def same(ours: Any, theirs: Any) -> bool:
    """Whether two states are the same, bit for bit."""
    if isinstance(ours, Tensor):
        return isinstance(theirs, Tensor) and ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    if isinstance(ours, Mapping):
        return ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return bool(ours == theirs)


@pytest.fixture
def resumes_exactly() -> Callable[[Engine, Engine], None]:
    """Checks that an engine, after two rounds, goes on alike in another to which its state is given."""

    def check(whole: Engine, resumed: Engine) -> None:
        for _ in range(2):
            whole.play_round()
        resumed.restore(copy.deepcopy(whole.state()))
        for engine in (whole, resumed):
            engine.play_round()
        assert same(resumed.state(), whole.state())

    return check


@pytest.fixture
def same_state() -> Callable[[Any, Any], bool]:
    return same


@pytest.fixture(scope="session")
def tiny_npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 pictures of 20 x 20 in three classes, each bright in a third of its own."""
    random = np.random.default_rng(0)
    images = random.integers(0, 80, (300, 20, 20), dtype=np.uint8)
    labels = np.arange(300) % 3
    for label in range(3):
        images[labels == label, 6 * label : 6 * label + 6] += 150
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    np.savez(path, images=images, labels=labels)
    return path


@pytest.fixture(scope="session")
def run_sparring() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the real command line in a process of its own: `run_sparring("train", "gan", ...)`."""

    def run(*arguments: Any, cwd: Path | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sparring", *map(str, arguments)],
            cwd=cwd,
            env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    return run


@pytest.fixture
def run_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line as `run_sparring` does, in this process: where what it says is tested."""

    def run(*arguments: Any, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code: Any = 0
        with contextlib.chdir(cwd or Path()), monkeypatch.context() as patched:
            patched.setenv("COLUMNS", "100")
            try:
                main([*map(str, arguments)])
            except SystemExit as stop:
                code = stop.code or 0
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    return run


@pytest.fixture
def stopping_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """Asks runs to stop in the round of a step: `with stopping_at(8): ...`."""

    @contextlib.contextmanager
    def asked(step: int) -> Iterator[None]:
        play_round = Engine.play_round

        def ending(engine: Engine, watched: bool = False) -> dict[str, Number]:
            engine.stop_asked = engine.step == step
            return play_round(engine, watched)

        with monkeypatch.context() as patched:
            patched.setattr(Engine, "play_round", ending)
            yield

    return asked

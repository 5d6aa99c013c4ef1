"""What the tests of the sketches share: the table of them, their tiny data, and processes that are killed."""

from __future__ import annotations

import contextlib
import io
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forks import is_killed

from sparring.cli import main
from sparring.training.engine import Engine
from sparring.training.loop import Loop
from sparring.training.player import ActivePlayer

HERE = Path(__file__).parent
CHECKPOINT_EVERY = 3
"""Steps between two checkpoints of a run that is going to be killed."""


@dataclass(frozen=True)
class Sketch:
    """A system to come, and what a run of it must be like."""

    system: str
    """Its file and class."""
    data: str
    """`images` or `points` in an ordinary file, a name, or a function in the file."""
    phases: dict[str, tuple[int, int, int]]
    """Of each phase the step at which it begins, its steps, and its steps in an epoch."""
    epochs: float
    """Epochs at the end."""
    figures: tuple[str, ...] = ()
    """Figures of its own, or of what is known of its data."""
    options: tuple[str, ...] = ()
    """Further words of the command line."""
    critics: bool = True
    """Whether it has a critic."""
    suffix: str = ".png"
    """How samples are shown."""

    @property
    def reference(self) -> str:
        """How the command line is told of it."""
        return f"{HERE / self.system}"

    @property
    def steps(self) -> int:
        """Steps of a run."""
        first, steps, _ = list(self.phases.values())[-1]
        return first + steps


SKETCHES = {
    "SeqGAN": Sketch(
        "seqgan.py:SeqGAN", "seqgan.py:texts",
        {"maximum likelihood": (0, 20, 10), "critic pre-training": (20, 5, 10), "adversarial": (25, 16, 4)},
        epochs=7.0, figures=("NLL", "oracle NLL"), options=("--epochs", "7"), suffix=".txt",
    ),
    "CycleGAN": Sketch(
        "cyclegan.py:CycleGAN", "cyclegan.py:two_domains", {"training": (0, 13, 5)}, epochs=2.6,
        options=("--max-steps", "13"),
    ),
    "semi-supervised": Sketch(
        "semi_supervised.py:SemiSupervised", "images", {"training": (0, 20, 5)}, epochs=4.0,
        figures=("test error",), options=("--max-steps", "20"),
    ),
    "Bayesian GAN": Sketch(
        "bayesian_gan.py:BayesianGAN", "points", {"training": (0, 14, 12)}, epochs=1.166667,
        options=("--max-steps", "14"),
    ),
    "restoration": Sketch(
        "restoration.py:Restoration", "images", {"pre-training": (0, 20, 10), "adversarial": (20, 10, 10)},
        epochs=3.0, figures=("PSNR",), options=("--epochs", "3"),
    ),
    "frozen teacher": Sketch(
        "frozen_teacher.py:FrozenTeacher", "images", {"teacher": (0, 10, 10), "game": (10, 12, 10)},
        epochs=2.2, figures=("teacher's error",), options=("--max-steps", "22"),
    ),
    "VAE": Sketch(
        "vae.py:VAE", "images", {"training": (0, 30, 10)}, epochs=3.0, figures=("bound",),
        options=("--max-steps", "30"), critics=False,
    ),
    "unrolled": Sketch(
        "unrolled.py:Plane", "ring", {"training": (0, 12, 10_000)}, epochs=0.0012,
        options=("--max-steps", "12", "--unrolling", "3"),
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def table() -> dict[str, Sketch]:
    return SKETCHES


@pytest.fixture(params=SKETCHES, scope="session")
def sketch(request: pytest.FixtureRequest) -> Sketch:
    return SKETCHES[request.param]


@pytest.fixture(scope="session")
def data_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sketch], str]:
    """The name of a sketch's data; ordinary files are written."""
    folder = tmp_path_factory.mktemp("data")
    chance = np.random.default_rng(0)
    labels = np.arange(140) % 3
    images = chance.integers(0, 80, (140, 8, 8), dtype=np.uint8)
    for label in range(3):
        images[labels == label, 2 * label : 2 * label + 3] += 150
    np.savez(
        folder / "images.npz",
        x_train=images[:100], y_train=labels[:100], x_test=images[100:], y_test=labels[100:],
    )  # fmt: skip
    np.savez(folder / "points.npz", points=chance.normal(size=(120, 2)))

    def name(sketch: Sketch) -> str:
        if ".py:" in sketch.data:
            return str(HERE / sketch.data)
        return f"npz:{folder / sketch.data}.npz" if (folder / f"{sketch.data}.npz").exists() else sketch.data

    return name


@pytest.fixture(scope="session")
def words(data_of: Callable[[Sketch], str]) -> Callable[[Sketch, Path], list[str]]:
    """The words by which the command line is asked to train a sketch into a folder."""

    def of(sketch: Sketch, out: Path) -> list[str]:
        return [
            *["train", sketch.reference, "--data", data_of(sketch), "--out", str(out), "--batch-size", "10"],
            *["--history-every", "3", "--health-every", "1", "--checkpoint-minutes", "0.000001"],
            *["--device", "cpu", "--threads", "1", *sketch.options],
        ]  # fmt: skip

    return of


@pytest.fixture(scope="session")
def command() -> Callable[..., str]:
    """Runs the command line in this process; what it says."""

    def run(*arguments: Any) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            main([str(argument) for argument in arguments])
        return said.getvalue()

    return run


@pytest.fixture(scope="session")
def whole(
    sketch: Sketch,
    words: Callable[[Sketch, Path], list[str]],
    command: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, str]:
    """The folder of a run that was not interrupted, and what was said meanwhile."""
    path = tmp_path_factory.mktemp("whole") / "run"
    return path, command(*words(sketch, path))


def killed_in(step: int, arguments: list[str], log: Path) -> bool:
    """Run the command line in a process that is killed in the middle of a step, after its first update.

    Args:
        step: which, counted from 0.
        arguments: the words of the command line.
        log: where it says what it says.

    Returns:
        Whether it was killed, and did not come to its end.
    """

    def work() -> None:
        kill_in(step)
        main(arguments)

    return is_killed(work, log)


def kill_in(step: int) -> None:
    """Let this process be killed after the first update of a step, and save now and then before."""
    play_round, update, save = Engine.play_round, ActivePlayer.step, Loop._save
    playing: list[int] = []

    def played(engine: Engine, *watched: bool) -> Any:
        playing[:] = [engine.step]
        return play_round(engine, *watched)

    def updated(player: ActivePlayer, *factor: float) -> None:
        update(player, *factor)
        if playing == [step]:
            os.kill(os.getpid(), signal.SIGKILL)

    def now_and_then(loop: Loop) -> None:
        if loop.engine.step % CHECKPOINT_EVERY == 0 or loop.engine.step >= loop.engine.total_steps:
            save(loop)
        loop.save_cost = 0.0

    Engine.play_round = played  # type: ignore[method-assign]
    ActivePlayer.step = updated  # type: ignore[method-assign]
    Loop._save = now_and_then  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def run_until_killed() -> Callable[[int, list[str], Path], bool]:
    return killed_in

"""The examination as a whole: systems that are right, the command, what is said where there is no system."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import SMALL_NETWORKS

import sparring
from sparring.checking import CheckReport, Examination
from sparring.checking.table import CHECKS
from sparring.cli import main
from sparring.errors import DataError, OwnCodeError, SettingError
from sparring.zoo import SYSTEMS

Examine = Callable[..., CheckReport]
PAGE = Path(__file__).parents[2] / "docs" / "your-own-system.md"


@pytest.fixture
def page_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The system of the documentation."""
    monkeypatch.chdir(tmp_path)
    text = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "mygame.py").write_text(text)
    return "mygame.py:LSGAN"


@pytest.mark.parametrize("system", [system for system in SYSTEMS if system != "gan"])
def test_the_zoo_passes(system: str) -> None:
    """Several processes are tried with the system that is left, below; all tricks in tests/tricks."""
    checks = [check for check in CHECKS if check.name not in ("processes", "tricks")]
    examination = Examination(system, None, checks, SMALL_NETWORKS.get(system, {}))
    report = examination.report(list(examination.results()))
    assert report.passed, report.text(traceback=True)
    assert [result.name for result in report.results] == [check.name for check in checks]
    assert set(report.named("note")) <= ({"doors"} if system == "began" else set())


def test_a_system_by_its_name() -> None:
    report = sparring.check("gan")
    assert report.passed, report.text(traceback=True)
    assert report.heading.startswith("gan on grey images of 28 x 28; a little on grey images with classes")
    assert report.summary == f"{len(CHECKS)} checks of gan: {len(CHECKS)} ok, 0 note, 0 wrong."


def test_the_command_on_a_system_that_is_wrong(
    page_example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mygame.py"
    file.write_text(file.read_text().replace("nn.Linear(pixels, 256)", "nn.Linear(7, 256)"))
    with pytest.raises(SystemExit) as stop:
        main(["check", page_example])
    assert stop.value.code == 2
    out, complaint = capsys.readouterr()
    assert "LSGAN.logits (mygame.py, line" in out
    assert "fails: RuntimeError: mat1 and mat2 shapes cannot be multiplied (8x784 and 7x256)." in out
    assert "Traceback" not in out
    assert "1 wrong. Once that is mended: samples, data, resume" in out
    assert complaint == "sparring: lsgan does not pass: losses.\n"
    with pytest.raises(SystemExit):
        main(["check", page_example, "--traceback"])
    assert "Traceback (most recent call last)" in capsys.readouterr().out


def test_data_of_ones_own(page_example: str, tiny_npz: Path) -> None:
    checks = [check for check in CHECKS if check.name in ("losses", "samples", "data")]
    examination = Examination(page_example, f"npz:{tiny_npz}", checks)
    report = examination.report(list(examination.results()))
    assert report.passed, report.text(traceback=True)
    assert report.heading == "lsgan on grey images of 20 x 20 with 3 classes."
    with pytest.raises(DataError, match="LSGAN trains on images; this data has points"):
        sparring.check(page_example, data="ring")


def test_large_data_is_subsampled() -> None:
    from sparring.checking.suits import MOST, small

    dataset = small("mnist")
    assert dataset.held_out is not None
    assert (len(dataset), len(dataset.held_out)) == (MOST, MOST)
    assert dataset.condition.values.unique().tolist() == list(range(10))


def test_what_cannot_be_imported(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("from sparring import Game\n\nclass Mine(Game):\n    needs = Needs()\n")
    with pytest.raises(OwnCodeError, match=r"Mine \(broken.py, line 4\) fails: NameError: name 'Needs'"):
        sparring.check(f"{file}:Mine")
    file.write_text("from sparring import Game\n\nclass Mine(Game): pass\n")
    with pytest.raises(SettingError, match="no subclass of Game called 'Yours'"):
        sparring.check(f"{file}:Yours")


def test_no_data_that_suits(examined: Examine) -> None:
    with pytest.raises(SettingError, match=r"needs images with images: name one with --data"):
        examined("class", ('("points",)', '("images",), condition=("images",), multiple=5'))


def test_needs_that_are_no_needs(examined: Examine) -> None:
    with pytest.raises(OwnCodeError, match=r"Small.needs \(small.py, line 16\) is a tuple: write `needs = N"):
        examined("class", ('Needs(examples=("points",))', '("points",)'))


SKETCHES = Path(__file__).parents[1] / "sketches"


@pytest.mark.parametrize(
    ("sketch", "data"),
    [
        ("cyclegan.py:CycleGAN", "grey images of 28 x 28 with 3 classes"),
        ("seqgan.py:SeqGAN", "sequences of 8 tokens out of 10"),
        ("bayesian_gan.py:BayesianGAN", "points of 2 dimensions"),
    ],
)
def test_systems_of_other_shapes(sketch: str, data: str) -> None:
    """Parts of data, phases, many players: what made data has in the place of real."""
    checks = [check for check in CHECKS if check.name != "processes"]
    examination = Examination(str(SKETCHES / sketch), None, checks)
    report = examination.report(list(examination.results()))
    assert report.heading.partition(" on ")[2].startswith(data)
    assert report.passed, report.text(traceback=True)


def test_a_system_whose_data_is_seldom(examined: Examine) -> None:
    report = examined("class build losses", ('("points",)', '("points",), condition=("classes",)'))
    assert report.heading == "small on points of 2 dimensions with 3 classes."
    assert report.passed


def test_a_system_that_works_on_nothing(examined: Examine) -> None:
    """What is wrong is said of the first data."""
    changes = ('    needs = Needs(examples=("points",))\n', ""), ("random.normal(count, 3)", "random.gauss()")
    report = examined("losses data", *changes)
    assert report.heading == (
        "small on grey images of 28 x 28 (it does not say in `needs` what it trains on, and fails on all "
        "small data)."
    )
    assert "Small.critic_loss (small.py, line " in report.sentences[0]


def test_what_checks_leave_behind(examined: Examine) -> None:
    """Global generators and the number of threads are as they were, whatever a system does."""
    torch.set_num_threads(2)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    noisy = "torch.randn(count, 3) + np.random.rand() + python_random.random()"
    examined("build losses samples noise", ("random.normal(count, 3)", noisy))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


PHASES = (
    ("def round(self):", "def phases(self):"),
    (
        'return [Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)]',
        'turns = Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)\n'
        '        return [Phase("alone", turns[:1], Limit(steps=1000)), Phase("both", turns)]',
    ),
)


def test_every_phase_is_looked_at(examined: Examine) -> None:
    report = examined("build players losses samples resume noise passes doors tricks health", *PHASES)
    assert report.passed, report.text(traceback=True)
    report = examined("losses resume", *PHASES, ("(**terms)", "(cost=of_fake)"))
    assert "Small.generator_loss" in report.sentences[0]


COMING_APART = (
    'Turn("critic", self.critic_loss)',
    'Turn("critic", self.critic_loss, after=lambda _: self.critic[0].bias.data.add_(self.random.normal(8)))',
)


def test_processes_that_come_apart(examined: Examine) -> None:
    """Gradients are averaged, so that nothing else comes apart."""
    report = examined("processes", COMING_APART)
    assert report.sentences == [
        "Two processes that train together come apart: critic.0.bias differ. What depends on a process's "
        "share of the data or of the noise, beyond gradients, must be drawn alike by all."
    ]


def test_processes_of_which_one_fails(examined: Examine) -> None:
    failing = (
        "def critic_loss(self, real):\n",
        "def critic_loss(self, real):\n        1 / (1 - self.random.rank)\n",
    )
    report = examined("processes", failing)
    (sentence,) = report.sentences
    assert sentence.startswith("With two processes: Small.critic_loss (small.py, line ")
    assert sentence.endswith("fails: ZeroDivisionError: division by zero.")

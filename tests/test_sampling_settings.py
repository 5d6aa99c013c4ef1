"""Settings that only say how samples are made are given anew to a trained run, from Python and as options."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import sparring
from sparring.errors import SettingError
from sparring.evaluation.result import Evaluation
from sparring.loading import load
from sparring.runs.folder import Run

Sparring = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    letters = torch.randint(97, 123, (300, 8), generator=torch.Generator().manual_seed(0))
    lines = ["".join(map(chr, row)) for row in letters.tolist()]
    (folder / "lines.txt").write_text("\n".join(lines))
    sparring.train(
        "language-model", data=f"text:{folder / 'lines.txt'}", out=folder / "run", max_steps=2, quiet=True
    )
    return folder / "run"


def test_a_low_temperature_writes_the_same(run: Path) -> None:
    usual, same, cold = (
        sparring.sample(run, 40, **how) for how in ({}, {"temperature": 1}, {"temperature": 1e-4})
    )
    assert torch.equal(usual.examples, same.examples)
    assert len(usual.examples.unique(dim=0)) == 40
    assert len(cold.examples.unique(dim=0)) == 1
    assert load(run, temperature=0.5).game.settings.temperature == 0.5
    assert Run.open(run).description["settings"]["temperature"] == 1.0


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (
            {"hidden_size": 3},
            "LanguageModel cannot be given another 'hidden_size' once it is trained: temperature",
        ),
        ({"temperature": 0.0}, "temperature is 0.0: it must be greater than 0"),
        ({"temperature": "hot"}, "temperature is 'hot': it must be a number"),
    ],
)
def test_other_settings_and_values_are_refused(run: Path, how: dict[str, float], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        sparring.sample(run, 3, **how)


def test_the_evaluation_of_such_samples_says_so_and_does_not_stand_for_the_run(run: Path) -> None:
    sparring.evaluate(run, 50, quiet=True)
    cold = sparring.evaluate(run, 60, quiet=True, temperature=0.25)
    assert cold.sampling == {"temperature": 0.25}
    assert "60 samples, temperature 0.25, against" in str(cold.table().title)
    assert Evaluation.from_json((run / "evaluation.json").read_text()).sampling == {}
    assert len(list((run / "evaluations").glob("*temperature-0.25.json"))) == 1


def test_they_are_options_of_the_run_that_is_named(run: Path, run_here: Sparring, tmp_path: Path) -> None:
    out = tmp_path / "cold.txt"
    made = run_here("sample", "--count", 5, run, "--temperature", 1e-4, "--out", out)
    assert made.returncode == 0, made.stderr
    assert len(set(out.read_text().splitlines())) == 1
    assert "instead of the 1.0 that the run has" in " ".join(
        run_here("evaluate", run, "--help").stdout.split()
    )
    wrong = run_here("sample", run, "--temperature", -1, "--out", tmp_path / "b.txt")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "temperature is -1.0: it must be greater than 0" in wrong.stderr
    other = run_here("sample", run.parent, "--temperature", 1, "--out", tmp_path / "b.txt")
    assert "has no option --temperature" in other.stderr

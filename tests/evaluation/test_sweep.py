"""Sweeps: the two axes at every temperature, kept in the run, drawn in reports."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import sparring
from sparring.errors import OwnCodeError, RunError, SettingError
from sparring.evaluation.sweep import FILE, read_sweep
from sparring.loading import load_each
from sparring.runs.folder import Run
from sparring.training.callbacks import Moment
from sparring.zoo.language_model import LanguageModel

Sparring = Callable[..., subprocess.CompletedProcess[str]]
VOCABULARY, SIZE = 30, 4


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two language models of an oracle, and one of a file of texts."""
    folder, chance = tmp_path_factory.mktemp("sweeps"), np.random.default_rng(0)
    shapes = {"emb": (VOCABULARY, SIZE), "Wo": (SIZE, VOCABULARY), "bo": (VOCABULARY,)}
    for gate in ("i", "f", "og", "c"):
        shapes |= {f"W{gate}": (SIZE, SIZE), f"U{gate}": (SIZE, SIZE), f"b{gate}": (SIZE,)}
    np.savez(folder / "oracle.npz", **{n: chance.normal(size=s).astype("f") for n, s in shapes.items()})
    (folder / "lines.txt").write_text("\n".join(f"line {n * 7919} of {n}" for n in range(300)))
    for name, data, seed in (("one", "oracle", 0), ("two", "oracle", 1), ("lines", "text", 0)):
        file = folder / ("oracle.npz" if data == "oracle" else "lines.txt")
        sparring.train(
            "language-model",
            data=f"{data}:{file}",
            out=folder / name,
            seed=seed,
            max_steps=60,
            health_every=0,
            quiet=True,
        )
    return folder


def test_a_low_temperature_trades_diversity_for_quality(runs: Path) -> None:
    found = sparring.sweep(runs / "one", 300, quiet=True)
    assert (found.setting, found.quality, found.diversity) == ("temperature", "oracle_nll", "held_out_nll")
    assert tuple(point.value for point in found.points) == LanguageModel.sampling["temperature"]
    quality = [point.quality.value for point in found.points]
    assert quality == sorted(quality, reverse=True)
    surprise = {point.value: point.diversity.value for point in found.points}
    assert surprise[0.5] > surprise[0.7] > surprise[1.0]
    # The temperature of 1 is what an evaluation measures.
    usual = sparring.evaluate(runs / "one", 300, quiet=True).figures
    assert next(point.quality for point in found.points if point.value == 1.0) == usual["oracle_nll"]
    assert surprise[1.0] == usual["held_out_nll"].value
    assert read_sweep(Run.open(runs / "one")) == found


def test_texts_without_an_oracle_have_bleu_as_quality(runs: Path) -> None:
    found = sparring.sweep(runs / "lines", 60, quiet=True)
    assert (found.quality, found.diversity) == ("bleu_4", "held_out_nll")
    assert found.points[-1].quality.value > found.points[0].quality.value
    assert found.points[0].quality.reference == found.points[-1].quality.reference


def test_the_step_is_that_of_the_checkpoint(runs: Path, tmp_path: Path) -> None:
    """A run that fails comes further than what it saved."""
    path = tmp_path / "failed"

    def failing(moment: Moment) -> None:
        raise ValueError("no more")

    with pytest.raises(OwnCodeError, match="no more"):
        sparring.train(
            "language-model",
            data=f"text:{runs / 'lines.txt'}",
            out=path,
            on_step=failing,
            history_every=4,
            quiet=True,
        )
    assert Run.open(path).status["step"] == 4
    with pytest.warns(UserWarning, match="has saved its beginning alone"):
        assert sparring.sweep(path, 20, quiet=True).step == 0
    with pytest.warns(UserWarning, match="has saved its beginning alone"):
        assert sparring.evaluate(path, 20, quiet=True).checkpoint["step"] == 0
    page = sparring.report(path, tmp_path / "page.html").read_text()
    assert "by the networks of step 0" in page
    assert "sweep it again" not in page
    assert "makes a new one" not in page


def test_all_values_are_of_one_moment_while_the_run_goes_on(runs: Path, tmp_path: Path) -> None:
    run = sparring.train(
        "language-model", data=f"text:{runs / 'lines.txt'}", out=tmp_path / "run", max_steps=1, quiet=True
    )
    models = load_each(run, [{"temperature": 1.0}, {"temperature": 0.5}])
    first = next(models)
    sparring.resume(run, max_steps=2, quiet=True)
    second = next(models)
    assert first.step == second.step == 1
    assert sparring.load(run).step == 2
    ours, theirs = (each.game.state_dict() for each in (first, second))
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    assert second.game.settings.temperature == 0.5


def test_reports_draw_the_curve_and_another_beside_it(runs: Path, run_here: Sparring) -> None:
    page = runs / "page.html"
    with pytest.raises(SettingError, match=r"two has no curve to be drawn: make one with `sparring sweep"):
        sparring.report(runs / "one", page, beside=runs / "two")
    made = run_here("sweep", runs / "two", "--count", 100)
    assert made.returncode == 0, made.stderr
    assert "100 samples of each temperature" in made.stdout
    assert re.search(r"real\s+│\s+\d", made.stdout)
    made = run_here("report", runs / "one", "--out", page, "--beside", runs / "two")
    assert made.returncode == 0, made.stderr
    text = page.read_text()
    assert "Quality against diversity" in text
    assert 'aria-label="oracle_nll over held_out_nll: one, two"' in text
    assert text.count(">0.75</text>") == 2
    assert "sweep it again" not in text
    curve = runs / "one" / FILE
    swept = curve.read_text()
    curve.write_text(re.sub(r'"step": \d+', '"step": 1', swept, count=1))
    sparring.report(runs / "one", page)
    assert "by the networks of step 1. The run is at step" in page.read_text()
    curve.write_text(swept)
    with pytest.raises(
        SettingError, match=r"one is of bleu_4 and held_out_nll and text:.*the other of oracle_nll"
    ):
        sparring.report(runs / "one", page, beside=runs / "lines")


def test_a_damaged_curve_is_said_and_the_rest_is_shown(runs: Path, tmp_path: Path) -> None:
    sparring.sweep(runs / "two", 60, quiet=True)
    file = runs / "two" / FILE
    file.write_text(file.read_text().replace('"value": 1.5,', '"value": "hot",', 1))
    with pytest.raises(RunError, match="damaged: 'points/0/value'"):
        read_sweep(Run.open(runs / "two"))
    sparring.report(runs / "two", tmp_path / "page.html")
    assert "sparring sweep" in (tmp_path / "page.html").read_text()


def test_what_has_no_such_setting_is_refused(tiny_npz: Path, tmp_path: Path) -> None:
    sparring.train("gan", data=f"npz:{tiny_npz}", out=tmp_path / "gan", max_steps=1, quiet=True)
    with pytest.raises(SettingError, match="GAN has no setting that only says how samples are made"):
        sparring.sweep(tmp_path / "gan")


def test_curves_of_other_examples_of_one_file_are_not_drawn_together(runs: Path, tmp_path: Path) -> None:
    data = f"text:{runs / 'lines.txt'}"
    asked = {"out": tmp_path / "more", "max_steps": 10, "health_every": 0, "quiet": True, "hold_out": 0.3}
    sparring.train("language-model", data=data, **asked)  # type: ignore[arg-type]
    for run in (runs / "lines", tmp_path / "more"):
        sparring.sweep(run, 60, quiet=True)
    with pytest.raises(SettingError, match=r"they are of different examples of text:.*same --tokens and"):
        sparring.report(runs / "lines", tmp_path / "page.html", beside=tmp_path / "more")
    # One of an older version does not say of which examples it is.
    file = tmp_path / "more" / FILE
    file.write_text(re.sub(r'"contents": "[0-9a-f]+"', '"contents": ""', file.read_text()))
    sparring.report(runs / "lines", tmp_path / "page.html", beside=tmp_path / "more")

"""Figures, held-out losses, phases of a game: in its report, beside those of others, and in odd runs."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from scipy import stats

import sparring
from sparring.reporting.charts import LONGEST_MARK, Mark
from sparring.reporting.facts import Facts
from sparring.reporting.timeline import MOST_MARKS, Timeline

Pages = Callable[[Path], Any]

GAME = """
from sparring.game import Figure, Limit, Phase
from sparring.zoo.gan import GAN


class Phased(GAN):
    def phases(self):
        generator, discriminator = self.round()
        return [
            Phase("warm-up", (discriminator,), Limit(steps=4)),
            Phase("game", (generator, discriminator)),
        ]

    def figures(self):
        return {"brightness": Figure(lambda batch: batch.examples.flatten(1).mean(1), "mean of the pixels")}

    def test_losses(self):
        return {"discriminator": self.discriminator_loss}
"""
BRIGHTNESS = 51 / 255


@pytest.fixture(scope="module")
def phased(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two phases on 100 random pictures; all held-out ones are of one grey."""
    folder = tmp_path_factory.mktemp("phased")
    (folder / "game.py").write_text(GAME)
    pictures = np.random.default_rng(0).integers(0, 256, (100, 8, 8), dtype=np.uint8)
    held_out = np.full((30, 8, 8), 51, dtype=np.uint8)
    np.savez(folder / "data.npz", x_train=pictures, x_test=held_out)
    return sparring.train(
        f"{folder / 'game.py'}:Phased", data=f"npz:{folder / 'data.npz'}", batch_size=10, epochs=3, threads=1,
        quiet=True, history_every=2, health_every=5, out=folder / "run",
    ).path  # fmt: skip


def section_of(path: Path, title: str) -> str:
    text = path.read_text(encoding="utf-8")
    return next(
        part
        for part in text.split("<section>")
        if part.startswith(f'<h2 id="{title.lower().replace(" ", "-")}">')
    )


def add_epochs(run: Path, *rows: dict[str, Any]) -> None:
    with (run / "history.jsonl").open("a") as file:
        file.writelines(json.dumps({"kind": "epoch"} | row) + "\n" for row in rows)


def test_figures_and_held_out_losses_of_a_real_run(phased: Path, page: Pages, tmp_path: Path) -> None:
    path = sparring.report(phased, tmp_path / "out.html")
    seen = page(path)
    # 4 steps of warm-up are an epoch broken off; two whole epochs of 10 batches follow.
    assert "After epoch 3: brightness 0.2." in seen.text
    labels = [str(svg["aria-label"]) for svg in seen.all("svg")]
    figures = labels.index("brightness over epochs: brightness")
    assert labels[figures + 1 :][:1] == ["loss over epochs: discriminator"]
    figures_section = section_of(path, "Figures of each epoch")
    rows = [row for row in sparring.Run(phased).history() if row["kind"] == "epoch"]
    last = rows[-1]["test/discriminator/loss"]
    assert [row["figure/brightness"] for row in rows] == pytest.approx([BRIGHTNESS] * 3)
    assert f"discriminator {last:.4g}</span>" in figures_section
    assert "figure/" not in seen.text
    assert "test/" not in seen.text
    order = re.findall("<h2 .*?>(.*?)</h2>", path.read_text())
    assert order[:5] == ["Samples over time", "Evaluation", "Figures of each epoch", "Health", "Losses"]


def test_epochs_between_two_tests_have_losses_alone(phased: Path, page: Pages, tmp_path: Path) -> None:
    asked = {"data": f"npz:{phased.parent / 'data.npz'}", "batch_size": 10, "threads": 1, "quiet": True}
    system = f"{phased.parent / 'game.py'}:Phased"
    run = sparring.train(system, **asked, epochs=5, test_every=2, out=tmp_path / "run")
    rows = [row for row in run.history() if row["kind"] == "epoch"]
    figures = [row["epoch"] for row in rows if "figure/brightness" in row]
    losses = [row["epoch"] for row in rows if "test/discriminator/loss" in row]
    # The fifth is the last.
    assert figures == losses == [2, 4, 5]
    assert all("discriminator/loss" in row for row in rows)
    assert len(rows) == 5
    seen = page(sparring.report(run.path, tmp_path / "out.html"))
    assert "After epoch 5: brightness 0.2. Measured at the end of every 2 epochs" in seen.text
    # Not even an unfinished epoch is to follow the last that is tested.
    cut = sparring.train(system, **asked, max_steps=47, test_every=5, out=tmp_path / "cut")
    assert [row["epoch"] for row in cut.history() if "figure/brightness" in row] == [5]


def test_phases_are_marked_where_they_begin(phased: Path, page: Pages, tmp_path: Path) -> None:
    path = sparring.report(phased, tmp_path / "out.html")
    assert "phases warm-up from step 0, game from step 4" in page(path).text
    facts = Facts.of(phased)
    assert facts.timeline.over_steps.marks == (Mark(0, "warm-up"), Mark(4, "game"))
    assert facts.timeline.over_epochs.marks == (Mark(0, "warm-up"), Mark(1, "game"))
    # The axis goes from 48 to 390: 24 steps in the one, 3 epochs in the other.
    for title, place in (("Losses", 48 + 4 / 24 * 342), ("Figures of each epoch", 48 + 1 / 3 * 342)):
        drawn = section_of(path, title)
        assert drawn.count(f'd="M{place:.1f} 8V196" class="mark"') == drawn.count("<svg") > 0
        assert drawn.count(">game</text>") == drawn.count("<svg")
    assert ">warm-up</text>" in section_of(path, "Health")


def test_a_run_that_has_not_ended_says_in_which_phase_it_is(
    phased: Path, page: Pages, change: Callable[..., None], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(phased, tmp_path / "run"))
    change(run / "status.json", state="interrupted", step=3, phase="warm-up")
    assert "game from step 4; now warm-up" in page(sparring.report(run)).text


def test_marks_are_few_short_and_within_the_chart(run: Path) -> None:
    names = [f"phase {number} <b>of a very long name indeed</b>" for number in range(2 * MOST_MARKS)]
    events = [{"event": "phase", "step": step % 30, "phase": name} for step, name in enumerate(names)]
    with (run / "events.jsonl").open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in [*events, *events])
    curves = section_of(sparring.report(run), "Losses")
    marks = re.findall(r'd="M([\d.]+) 8V196" class="mark"', curves)
    assert len(marks) <= MOST_MARKS * curves.count("<svg")
    assert all(48 <= float(mark) <= 390 for mark in marks)
    shown = re.findall(r">(phase \d+ .*?)</text>", curves)
    assert len(shown) == len(marks)
    assert {len(name.replace("&lt;", "<").replace("&gt;", ">")) for name in shown} == {LONGEST_MARK + 1}


def test_the_timeline_goes_through_what_the_history_says() -> None:
    rows = [{"step": 2, "epoch": 0.5}, {"step": 4, "epoch": 1}, {"step": 14, "epoch": 2.0}, {"step": "x"}]
    timeline = Timeline.of(rows, [])
    assert [timeline.epoch_of(step) for step in (0, 1, 3, 4, 9, 14)] == pytest.approx(
        [0, 0.25, 0.75, 1, 1.5, 2]
    )
    assert [timeline.step_of(epoch) for epoch in (0, 1, 1.5, 2)] == pytest.approx([0, 4, 9, 14])
    assert timeline.step_of(3) == pytest.approx(24), "it goes on as it ended"
    assert Timeline.of([], []).step_of(3) == 3, "nothing is known"


def test_the_newest_value_is_the_last_one_that_was_written(run: Path, page: Pages) -> None:
    add_epochs(run, {"epoch": 1, "step": 6, "figure/PSNR": 20.5, "figure/error": 0.5},
               {"epoch": 2, "step": 12, "figure/PSNR": 21.25, "figure/error": None})  # fmt: skip
    said = page(sparring.report(run)).text
    assert "After epoch 2: PSNR 21.25, error –." in said
    assert "error 0.5" in said, "behind its curve stands the last number"


@pytest.mark.parametrize("value", [None, "x"])
def test_a_figure_that_is_no_number_is_a_gap(run: Path, page: Pages, value: Any, tmp_path: Path) -> None:
    other = Path(shutil.copytree(run, tmp_path / "other"))
    add_epochs(run, {"epoch": 3, "step": 18, "figure/error": value})
    assert "After epoch 3: error –." in page(sparring.report(run)).text
    assert sparring.compare([run, other]).entries[0].epochs == {}


def test_each_is_a_column_of_a_comparison_with_students_interval(
    runs: dict[str, Path], page: Pages, tmp_path: Path
) -> None:
    copies = [Path(shutil.copytree(runs[f"seed-{seed}"], tmp_path / f"{seed}")) for seed in range(3)]
    other = Path(shutil.copytree(runs["dcgan"], tmp_path / "other"))
    errors, losses = [0.1, 0.25, 0.15], [1.0, 2.0, 4.0]
    for run, error, loss in zip(copies, errors, losses, strict=True):
        before = {"epoch": 1, "step": 6, "figure/test error": 9.0, "test/generator/loss": 9.0}
        newest = {"epoch": 3, "step": 18, "figure/test error": error, "test/generator/loss": loss}
        add_epochs(run, before, newest)
    add_epochs(other, {"epoch": 1, "step": 2, "figure/PSNR": 30.0})
    comparison = sparring.compare([*copies, other], tmp_path / "all.html")
    group, single = comparison.entries
    for column, numbers in (("figure/test error", errors), ("test/generator/loss", losses)):
        scale = stdev(numbers) / math.sqrt(3)
        low, high = stats.t.interval(0.95, 2, loc=mean(numbers), scale=scale)
        found = group.epochs[column]
        assert (found.value, found.low, found.high) == pytest.approx((mean(numbers), low, high))
        assert column in comparison.names
        assert column not in single.epochs
    assert single.epochs["figure/PSNR"].value == 30.0
    assert single.epochs["figure/PSNR"].low is None
    assert any("figure or test" in note for note in comparison.notes)
    seen = page(tmp_path / "all.html")
    for said in ("figure test error", "test generator loss", "0.1667"):
        assert said in seen.text, said
    labels = [str(svg["aria-label"]) for svg in seen.all("svg")]
    assert "test error over epochs: 0, 1, 2" in labels
    assert "held-out generator: loss over epochs: 0, 1, 2" in labels
    assert "PSNR over epochs: other" not in labels, "no other run has it"


def test_a_comparison_marks_only_phases_that_all_runs_have(
    phased: Path, runs: dict[str, Path], tmp_path: Path
) -> None:
    again = Path(shutil.copytree(phased, tmp_path / "again"))
    sparring.compare([phased, again], tmp_path / "same.html")
    assert 'class="mark"' in (tmp_path / "same.html").read_text()
    sparring.compare([phased, runs["seed-0"]], tmp_path / "different.html")
    assert 'class="mark"' not in (tmp_path / "different.html").read_text()


def test_an_evaluation_may_have_figures_without_a_reference(run: Path, page: Pages, evaluated: Any) -> None:
    from sparring.evaluation.result import EstimatedFigure

    evaluated(
        run, figures={"test error": EstimatedFigure(0.0125, 0.01, 0.015)}, about={"test error": "lower"}
    )
    assert "test error lower 0.0125 0.01 – 0.015 –" in page(sparring.report(run)).text
    other = Path(shutil.copytree(run, run.with_name("other")))
    comparison = sparring.compare([run, other])
    assert comparison.references == {}
    assert comparison.entries[0].figures["test error"].value == 0.0125

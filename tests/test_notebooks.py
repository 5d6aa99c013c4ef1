"""Notebooks: what stands in a cell, and the tables that they take."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import sparring
from sparring.errors import SettingError
from sparring.evaluation.result import EstimatedFigure, Evaluation
from sparring.notebooks import LiveCell

FIRST = Path(__file__).parents[1] / "docs" / "notebooks" / "first.ipynb"


@pytest.fixture(scope="module")
def run(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> sparring.Run:
    out = tmp_path_factory.mktemp("notebook") / "<b>run"
    return sparring.train(
        "gan", data=f"npz:{tiny_npz}", batch_size=50, epochs=2, history_every=2, out=out, quiet=True
    )


def test_samples_are_a_picture(run: sparring.Run) -> None:
    samples = sparring.load(run).sample(200)
    picture = samples._repr_png_()
    assert picture == sparring.load(run).sample(100).picture()
    assert samples._repr_html_() is None


def test_a_run_shows_how_far_it_is_and_its_newest_samples(run: sparring.Run) -> None:
    shown = run._repr_html_()
    assert "finished: 12 steps" in shown
    assert shown.count("<img") == 1
    assert "&lt;b&gt;run" in shown


def test_figures_stand_beside_those_of_real_examples() -> None:
    figures = {"fid": EstimatedFigure(4.0, 3.5, 4.5, 0.25)}
    shown = Evaluation("<i>", "tiny", 1000, figures, about={"fid": "a < b"})._repr_html_()
    for part in ('<th scope="row">fid</th>', "<td>4</td><td>3.5 – 4.5</td><td>0.25</td>", "a &lt; b"):
        assert part in shown, part


def test_the_history_is_a_table(run: sparring.Run, tmp_path: Path) -> None:
    steps = run.frame("steps")
    assert list(steps["step"]) == [2, 4, 6, 8, 10, 12]
    assert len(run.frame()) == len(run.history())
    with run.write_csv(tmp_path / "steps.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [float(row["generator/loss"]) for row in read] == list(steps["generator/loss"])
    with pytest.raises(SettingError, match=r"no rows of kind 'epochs'.*epoch"):
        run.frame("epochs")


def test_a_cell_follows_a_run(run: sparring.Run, tiny_npz: Path, tmp_path: Path) -> None:
    shown: list[str] = []

    def display(text: str) -> Callable[[str], object]:
        shown.append(text)
        return shown.append

    sparring.train("gan", data=f"npz:{tiny_npz}", batch_size=50, epochs=2, history_every=2, quiet=True,
                   out=tmp_path / "run", **LiveCell(display).callbacks)  # fmt: skip
    assert len(shown) == 9, "six rows, two epochs, the end"
    assert "step 2 of 12, generator" in shown[0]
    assert "left, generator" in shown[1], "once it is known how fast the run is"
    assert "<img" not in shown[2]
    assert "<img" in shown[3]
    assert "left" not in shown[-1]
    assert 'value="12" max="12"' in shown[-1]


def test_in_a_notebook_a_run_has_such_a_cell_by_itself(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates: list[Any] = []

    class ZMQInteractiveShell:
        pass

    handle = SimpleNamespace(update=updates.append)
    display = SimpleNamespace(display=lambda shown, display_id: handle, HTML=str)
    interactive = SimpleNamespace(get_ipython=ZMQInteractiveShell)
    monkeypatch.setitem(sys.modules, "IPython", interactive)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    asked: dict[str, Any] = {"data": f"npz:{tiny_npz}", "batch_size": 50, "max_steps": 4, "history_every": 2}
    sparring.train("gan", out=tmp_path / "quiet", quiet=True, **asked)
    assert updates == []
    sparring.train("gan", out=tmp_path / "run", **asked)
    assert "step 4 of 4" in updates[-1]


def test_the_first_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(FIRST, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in cells), "what one machine made is not kept"
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [[output.get("data", {}) for output in cell.outputs] for cell in cells]
    assert "finished: 20 steps" in shown[0][-1]["text/html"]
    assert "image/png" in shown[1][-1]
    assert "generator/loss" in shown[2][-1]["text/html"]
    assert '<th scope="row">fid</th>' in shown[3][-1]["text/html"]

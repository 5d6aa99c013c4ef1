"""Tiny runs to be reported on, and a reader of pages."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import sparring
from sparring.errors import Interrupted
from sparring.evaluation.result import EstimatedFigure, Evaluation
from sparring.training.recording import Recording

WITHOUT_END = {"img", "input", "meta"}


class Page(HTMLParser):
    """A page as a browser would see it: its elements, their attributes and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        where = self.open[-1] if self.open else ""
        if where == "script":
            self.scripts.append(data)
        elif where != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read_page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def page() -> Callable[[Path], Page]:
    return read_page


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> dict[str, Path]:
    """Three seeds of one run, another with another setting, another system; not to be written to."""
    folder = tmp_path_factory.mktemp("reported")
    options: dict[str, Any] = {
        "data": f"npz:{tiny_npz}", "preset": "paper", "quiet": True, "batch_size": 50, "epochs": 3,
        "history_every": 2, "health_every": 1000, "threads": 1,
    }  # fmt: skip
    made = {f"seed-{seed}": sparring.train("gan", **options, seed=seed, out=folder / f"seed-{seed}").path
            for seed in range(3)}  # fmt: skip
    made["faster"] = sparring.train("gan", **options, generator_lr=5e-4, out=folder / "faster").path
    made["dcgan"] = sparring.train(
        "dcgan", **options | {"epochs": None, "max_steps": 2}, out=folder / "dcgan"
    ).path
    return made


@pytest.fixture
def run(runs: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of a finished run, to be changed."""
    return Path(shutil.copytree(runs["seed-0"], tmp_path / "run"))


@pytest.fixture
def interrupted(tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run stopped by Ctrl-C before its first picture."""
    record = Recording.row

    def record_and_press(self: Recording, kind: str, values: Any) -> None:
        record(self, kind, values)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Recording, "row", record_and_press)
    path = tmp_path / "stopped"
    with pytest.raises(Interrupted):
        sparring.train(
            "gan",
            data=f"npz:{tiny_npz}",
            preset="paper",
            batch_size=50,
            history_every=2,
            out=path,
            quiet=True,
        )
    return path


def write_evaluation(run: Path, fid: float = 4.0, extractor: str = "digits-1", **more: Any) -> Evaluation:
    """Put an evaluation into a run without the cost of one."""
    figures = {
        "fid": EstimatedFigure(fid, fid - 0.5, fid + 0.5, 0.25),
        "recall": EstimatedFigure(0.5, 0.4, 0.6, 0.9),
    }
    step = json.loads((run / "status.json").read_text())["step"]
    facts = {"data": "tiny", "count": 1000, "figures": figures, "checkpoint": {"step": step, "epoch": None},
             "about": {"fid": "distance of feature Gaussians; lower is better"}}  # fmt: skip
    evaluation = Evaluation(extractor, **(facts | more))
    (run / "evaluation.json").write_text(evaluation.to_json())
    return evaluation


@pytest.fixture(scope="session")
def evaluated() -> Callable[..., Evaluation]:
    return write_evaluation


def change_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture(scope="session")
def change() -> Callable[..., None]:
    """Changes values of a JSON file."""
    return change_json

"""How errors of own code, and of sparring itself, end: in the command line, in the run, in other commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sparring
from sparring.cli import main
from sparring.imports import OWN_FILES
from sparring.training.recording import Recording

Train = Callable[..., Any]
FAILING = (("        cost = terms", "        1 / (self.step - 1)\n        cost = terms"),)
SENTENCE = "Small.generator_loss (small.py, line <1 / (self>) fails: ZeroDivisionError: division by zero."


@pytest.fixture
def nothing_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file of one's own has been imported yet."""
    monkeypatch.setattr(OWN_FILES, "imported", set())
    return


def test_a_traceback_where_it_is_asked_for(train: Train) -> None:
    said = train(FAILING, "--traceback")
    assert said.code == 2
    assert said.complaint.startswith("Traceback (most recent call last)")
    assert "1 / (self.step - 1)" in said.complaint
    assert said.sentence.startswith("sparring: Small.generator_loss (small.py, line ")


def test_a_traceback_of_what_was_refused(train: Train) -> None:
    said = train((("def latent", "def noise"),), "--traceback")
    assert "OwnCodeError" in said.complaint
    assert said.sentence.startswith("sparring: Small (small.py, line ")


def test_a_mistake_that_the_first_timed_steps_find(train: Train) -> None:
    """The run has its folder by then, and nothing of it says that it goes on."""
    said = train(FAILING, "--max-minutes", "0.01")
    assert said.run.exists()
    said.check(SENTENCE)


def test_a_failed_run_goes_on_once_the_mistake_is_mended(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = train(FAILING)
    said.check(SENTENCE)
    with pytest.raises(SystemExit) as stop:
        main(["resume", str(said.run)])
    assert stop.value.code == 2
    assert "sparring: Small.generator_loss (small.py, line " in capsys.readouterr().err
    small = tmp_path / "small.py"
    small.write_text(small.read_text().replace(FAILING[0][1], FAILING[0][0]))
    main(["resume", str(said.run)])
    assert json.loads((said.run / "status.json").read_text())["state"] == "finished"


def test_other_commands_say_it_too(train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = train()
    small = tmp_path / "small.py"
    small.write_text(
        small.read_text().replace("return self.generator(latent)", "return self.painter(latent)")
    )
    for command in (["sample", str(said.run), "--out", str(tmp_path / "x.npz")], ["evaluate", str(said.run)]):
        with pytest.raises(SystemExit) as stop:
            main(command)
        assert stop.value.code == 2
        complaint = capsys.readouterr().err
        assert complaint.startswith("sparring: Small.generate (small.py, line ")
        assert complaint.endswith("fails: AttributeError: 'Small' object has no attribute 'painter'.\n")


def test_from_python_an_error_stays_what_it_is(train: Train, tmp_path: Path, points: str) -> None:
    train(FAILING)
    with pytest.raises(ZeroDivisionError):
        sparring.train(
            f"{tmp_path}/small.py:Small", data=points, out=tmp_path / "r", max_steps=3, batch_size=8
        )


@pytest.mark.usefixtures("nothing_of_ones_own")
def test_a_mistake_of_sparring_keeps_its_traceback(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the run says that it failed."""

    def broken(*given: Any) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(Recording, "round", broken)
    run = tmp_path / "run"
    with pytest.raises(KeyError):
        main(
            [
                "train",
                "gan",
                "--data",
                f"npz:{tiny_npz}",
                "--batch-size",
                "8",
                "--max-steps",
                "2",
                "--out",
                str(run),
            ]
        )
    assert json.loads((run / "status.json").read_text())["state"] == "failed"
    last = json.loads((run / "events.jsonl").read_text().splitlines()[-1])
    assert last["event"] == "failed"
    assert last["reason"].startswith("sparring fails: KeyError: 'lost', at `self.recording.round(values)`")


def test_ctrl_c_stays_what_it_is(tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Recording, "round", stopped)
    with pytest.raises(SystemExit) as stop:
        main(
            [
                "train",
                "gan",
                "--data",
                f"npz:{tiny_npz}",
                "--max-steps",
                "2",
                "--batch-size",
                "8",
                "--out",
                str(tmp_path / "r"),
            ]
        )
    assert stop.value.code == 130


@pytest.mark.parametrize("changes", [FAILING, (("import sys", "import sys; sys.exit(0)"),)])
def test_the_command_line(changes: Any, train: Train, tmp_path: Path, run_here: Any, points: str) -> None:
    small = f"{train(changes).run.parent / 'small.py'}:Small"
    options = ("--data", points, "--max-steps", "3", "--batch-size", "8", "--out", tmp_path / "other")
    done = run_here("train", small, *options)
    assert done.returncode == 2
    assert done.stderr.startswith("sparring: ")
    assert done.stderr.count("\n") == 1
    assert "small.py, line " in done.stderr

"""A run in which something is a link, a pipe or has another name elsewhere: nothing outside is touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sparring
from sparring.errors import RunError
from sparring.runs.files import append_row, read_json
from sparring.runs.folder import Run

NAMES = (
    *("run.json", "status.json", "history.jsonl", "events.jsonl", ".lock", "samples.png", "evaluation.json"),
    *("checkpoints", "samples", "weights", "samples/epoch-0099.png", "weights/epoch-0099.safetensors"),
)


@pytest.fixture(scope="module")
def made(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps; not to be written to."""
    path = tmp_path_factory.mktemp("made") / "run"
    options: dict[str, Any] = {"data": f"npz:{tiny_npz}", "batch_size": 50, "max_steps": 4, "threads": 1}
    return sparring.train("gan", **options, hidden_size=8, out=path, quiet=True).path


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


USES: dict[str, Callable[[Path], Any]] = {
    "resume": lambda run: sparring.resume(run, max_steps=6, quiet=True),
    "report": sparring.report,
    "sample": lambda run: sparring.sample(run, 2),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", NAMES)
def test_a_link_is_refused_and_what_it_leads_to_is_left_alone(
    run: Path, tmp_path: Path, name: str, use: str
) -> None:
    outside, inside = tmp_path / "outside", run / name
    outside.mkdir()
    target = outside / inside.name
    if inside.exists():
        inside.rename(target)
    else:
        target.write_bytes(b"private")
    inside.symlink_to(target)
    before = contents(tmp_path)
    with pytest.raises(RunError, match=f"{name} is not opened: it is a link"):
        USES[use](run)
    assert contents(tmp_path) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    "name", ["status.json", "history.jsonl", "events.jsonl", "checkpoints/step-00000009"]
)
def test_a_pipe_is_refused_and_nothing_waits_for_it(run: Path, name: str) -> None:
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    for use in USES.values():
        with pytest.raises(RunError, match=f"{name} is not opened: it is neither a file nor a folder"):
            use(run)


def test_a_link_that_comes_after_the_run_was_opened_is_not_followed(tmp_path: Path) -> None:
    private, link = tmp_path / "private", tmp_path / "events.jsonl"
    private.write_bytes(b"{}\n")
    link.symlink_to(private)
    for use in (
        lambda: append_row(link, {"event": "started"}),
        lambda: Run(tmp_path).add_event("started"),
        lambda: read_json(link, dict[str, Any]),
        lambda: Run(tmp_path).tidy(),
    ):
        with pytest.raises(RunError, match="it is a link, which may lead to another place"):
            use()
    assert private.read_bytes() == b"{}\n"


def test_leftovers_that_are_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".writing-a").symlink_to(tmp_path / "outside")
    Run(tmp_path / "run").tidy()
    assert (tmp_path / "outside" / "file").exists()
    assert not (tmp_path / "run" / ".writing-a").is_symlink()


def test_an_empty_folder_whose_lock_is_a_link_is_not_taken(tmp_path: Path, tiny_npz: Path) -> None:
    (tmp_path / "private").write_bytes(b"private")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "private")
    with pytest.raises(RunError, match=r"\.lock is not opened: it is a link"):
        sparring.train("gan", data=f"npz:{tiny_npz}", max_steps=1, out=tmp_path / "run", quiet=True)
    assert (tmp_path / "private").read_bytes() == b"private"


def test_a_backup_of_hard_links_stays_as_it_was(run: Path, tmp_path: Path) -> None:
    backup = Path(shutil.copytree(run, tmp_path / "backup", copy_function=os.link))
    before = contents(backup)
    sparring.resume(run, max_steps=6, quiet=True)
    after = contents(backup)
    # What is locked is no content.
    assert {name: after[name] for name in before} == before
    assert "finished" in (run / "events.jsonl").read_text()


def test_a_link_to_a_whole_run_is_ones_own(run: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(run)
    assert len(sparring.sample(tmp_path / "latest", 2)) == 2

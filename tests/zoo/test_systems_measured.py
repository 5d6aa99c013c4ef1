"""What `sparring zoo` says of how good systems are follows from the records; a script alone writes it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sparring.cli import main
from sparring.zoo import SYSTEMS
from sparring.zoo.measured import measured

# Before the folder of sketches, which has a file of one of these names.
sys.path.insert(0, str(Path(__file__).parents[2] / "reproduction"))
import bayesian_gan
import few_labels
import kept_lines
import recorded
import steadiness
import systems
import time_to_quality
import translating

sys.path.pop(0)
MISSING = "not recorded yet: python reproduction/"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["zoo", *words])
    return capsys.readouterr().out


@pytest.fixture
def no_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Records before the first run."""
    for script in (bayesian_gan, few_labels, time_to_quality):
        monkeypatch.setattr(script, "RECORD", tmp_path / f"{script.__name__}.jsonl")
    for script in (steadiness, translating):
        monkeypatch.setattr(script, "KEPT", tmp_path / f"{script.__name__}.json")
    monkeypatch.setattr(recorded, "KEPT", tmp_path)


def test_what_is_shown_was_written_by_the_script_from_the_records() -> None:
    assert list(systems.records()) == list(SYSTEMS)
    assert systems.SHOWN.read_text() == systems.text(), "python reproduction/systems.py write"


def test_every_system_is_listed_with_both_figures(capsys: pytest.CaptureFixture[str]) -> None:
    entries = {entry.splitlines()[0]: entry.splitlines() for entry in said(capsys).strip().split("\n\n")}
    assert list(entries) == list(SYSTEMS)
    for name, lines in entries.items():
        first = measured(name)[0]
        assert all((first.published, first.here))
        assert lines[-2:] == [f"  published: {first.published}", f"  here: {first.here}"]


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_was_found_says_how(name: str) -> None:
    for known in measured(name):
        figures, _, command = known.here.rpartition("): ")
        if not known.here.startswith(MISSING):
            assert " seed" in figures
            assert command.startswith((f"sparring train {name} ", "python reproduction/"))


def test_one_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "r3gan")
    assert text.startswith("r3gan\n\nA relativistic pairing loss")
    known = measured("r3gan")
    assert len(known) > 1
    for each in known:
        assert f"published: {each.published}\nhere: {each.here}\n" in text


def test_figures_are_those_of_the_records() -> None:
    row = recorded.ROWS["acgan"]
    found = systems.of_run("acgan", "fid").comparison
    # As in the table of the page, where what real digits have stands beside it.
    fid = recorded.cell("fid", recorded.evaluations(recorded.kept_runs("acgan"))).partition(";")[0]
    assert found.published == row.published
    assert found.here == f"FID {fid} (1 seed; short: {row.short}): sparring train {row.command}"
    # One that is as long as the published run is not called short.
    assert "short" not in systems.of_run("gan", "fid").found


def test_a_row_is_of_the_first_table_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "## Here\n\n| a | b |\n|---|---|\n| one | 1 |\n\nThere:\n\n| a | c |\n|---|---|\n| two | 2 |\n"
    )
    assert systems.row_of(page, "## Here", "one") == {"a": "one", "b": "1"}
    with pytest.raises(StopIteration):
        systems.row_of(page, "## Here", "two")


def test_labels(no_runs: None) -> None:
    row = few_labels.ROWS["mnist-100"]
    for seed, error in enumerate((0.01, 0.01)):
        line = {"row": "mnist-100", "seed": seed, "error": error, "labels_alone": None}
        kept_lines.append(few_labels.RECORD, line)
    found = systems.of_few_labels("mnist-100").found
    assert found == (
        f"test error 1.00 [1.00, 1.00] % (2 seeds; short: {row.short}): sparring train {row.command}"
    )


def test_minutes(no_runs: None) -> None:
    line = {
        "name": "dcgan",
        "seed": 0,
        "points": [{"fid": 9.0, "coverage": 0.1}, {"fid": 4.0, "coverage": 0.5}],
    }
    kept_lines.append(time_to_quality.RECORD, line)
    command = time_to_quality.ATTEMPTS["dcgan"].command
    assert systems.shown()["dcgan"][0] == {
        "published": systems.PUBLISHED["dcgan"],
        "here": f"FID 4, coverage 50.0 % (1 seed; short): {command}",
    }


def test_what_was_not_run_is_said_to_be_missing(no_runs: None) -> None:
    # All but those whose figures stand in pages.
    in_pages = {"dcgan-tflearn", "dcgan", "wgan", "wgan-gp", "began", "fastgan"}
    for name, (first, *others) in systems.shown().items():
        assert first["here"].startswith(MISSING) == (name not in in_pages)
        assert not others
    assert systems.shown()["bad-gan"][0]["here"] == f"{MISSING}few_labels.py make FOLDER bad-gan-50"

"""Whatever a name holds, it is shown escaped, on a console of any encoding."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from sparring.console import Terminal, epoch_tables
from sparring.health.findings import Finding
from sparring.output import complain
from sparring.plots import curves_png
from sparring.shown import amount, counted, quoted, say, visible, visible_line
from sparring.zoo.index import search, table_of

HOSTILE = "[red][/b]\x1b[2J\x9b1m\n\u202e\ud800 $\\frac"


def test_one_of_something_is_no_plural() -> None:
    assert [counted(number, "step") for number in (0, 1, 2000)] == ["0 steps", "1 step", "2,000 steps"]
    assert [counted(2, name) for name in ("class", "batch", "epoch")] == [
        "2 classes",
        "2 batches",
        "2 epochs",
    ]
    assert [amount(number, "epoch") for number in ("1", "1.5", "–")] == ["1 epoch", "1.5 epochs", "– epochs"]


@given(st.text())
def test_nothing_that_is_shown_steers_a_terminal(text: str) -> None:
    assert not {"\x1b", "\x9b", "\x07", "\r", "\u202e"} & set(visible(text))
    assert visible_line(text).isprintable() or not text.isprintable()
    assert len(visible_line(text).splitlines()) <= 1
    visible(text).encode()


def test_what_is_harmless_stays() -> None:
    assert visible("zażółć 日本 [red] 5 × 6\n\tb") == "zażółć 日本 [red] 5 × 6\n\tb"
    assert visible_line("a\nb\x1b") == r"a\nb\x1b"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_a_console_of_any_encoding_shows_any_text(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding=encoding))
    table = Table("figure", title=HOSTILE)
    table.add_row(HOSTILE)
    Terminal(width=200).print(table)
    say(HOSTILE, "95 % 0.1 – 0.2 日")
    sys.stdout.flush()
    said = content.getvalue().decode(encoding)
    assert said.count("[red][/b]\\x1b[2J\\x9b1m") == 3, "markup is text"
    assert "\x1b" not in said
    assert ("0.1 – 0.2" in said) == (encoding in ("utf-8", "cp1252"))


@pytest.mark.parametrize("width", [40, 80])
def test_nothing_of_a_table_is_cut_off(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    losses = {f"test/generator/term_of_a_long_name_{number}": 0.123456 for number in range(4)}
    for table in (*epoch_tables({}, losses), table_of(search("critic"))):
        Terminal(width=width).print(table)
        said = capsys.readouterr().out
        assert "…" not in said
        assert max(map(len, said.splitlines())) <= width


def test_losses_of_any_name_can_be_printed_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"{HOSTILE}/{HOSTILE}"
    for table in epoch_tables({name: 1.0}, {f"test/{name}": 1.0, f"figure/{HOSTILE}": 2.0}):
        Terminal(width=200).print(table)
    assert "[red][/b]" in capsys.readouterr().out
    rows = [{"kind": "steps", "step": step, name: 1.0, "_a/$_b$": 2.0} for step in (1, 2)]
    assert curves_png(rows).startswith(b"\x89PNG")


def test_a_finding_of_any_text(capsys: pytest.CaptureFixture[str]) -> None:
    from sparring.console import Console

    Console().finding(3, Finding("collapse", HOSTILE, HOSTILE, HOSTILE))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "[red][/b]" in said


def test_of_words_without_measure_only_the_ends_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    complain(f"There is no file {'n' * 5000}.npz in {'f' * 900}.")
    assert capsys.readouterr().err == (
        f"sparring: There is no file {'n' * 100}...{'n' * 96}.npz in {'f' * 900}.\n"
    )


@pytest.mark.skipif(os.name != "posix", reason="names are bytes only there")
def test_a_path_is_quoted_as_a_shell_takes_it(tmp_path: Path) -> None:
    for name in (b"plain", b"a b'c", b"\x1b[2J\n\xff'\\"):
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(folder)
        text = quoted(os.fsdecode(folder))
        assert text.isprintable()
        subprocess.run(["bash", "-c", f"rmdir {text}"], check=True)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes only there")
def test_a_run_whose_name_is_hostile(tiny_npz: Path, tmp_path: Path) -> None:
    """Trained, reported and looked for on a console that can only write ASCII."""
    name = os.fsdecode(b"[red][/b]\x1b[2J\n\xff")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"}
    train = ["train", "gan", f"--data=npz:{tiny_npz}", "--max-steps=2", "--hidden-size=8", f"--out={name}"]
    for command, code in ((train, 0), (["report", name], 0), (["sample", f"{name}x", "--out=a.png"], 2)):
        done = subprocess.run(
            [sys.executable, "-m", "sparring", *command],
            cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        said = (done.stdout + done.stderr).decode("ascii")
        assert done.returncode == code, said
        assert "\x1b" not in said
        assert "[red][/b]" in said
        assert "Traceback" not in said

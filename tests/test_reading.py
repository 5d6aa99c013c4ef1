"""What is shown while many files are read."""

import io

import pytest
from PIL import Image
from rich.console import Console as RichConsole

from sparring import reading
from sparring.console import Console
from sparring.data import load_dataset
from sparring.reading import reading_progress


def test_a_plain_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    console = RichConsole(file=io.StringIO())
    for seconds in (60.0, 0.0):
        monkeypatch.setattr(reading, "LINE_EVERY_SECONDS", seconds)
        with reading_progress(console, live=False) as watch:
            watch(1_000, 10_000)
    assert console.file.getvalue() == "Reading images: 1,000 of 10,000.\n"  # type: ignore[attr-defined]


def test_a_bar_that_goes_away_whatever_happens() -> None:
    console = RichConsole(file=io.StringIO(), force_terminal=True, width=80)

    def fail() -> None:
        with reading_progress(console, live=True) as watch:
            watch(1, 4)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Reading images" in shown
    assert shown.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # The cursor is back, and the line is empty.


def test_a_process_that_is_silent_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(silent=True).reading() as watch:
        watch(1, 2)
    assert capsys.readouterr().out == ""


def test_every_image_of_a_folder_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for number in range(3):
        Image.new("L", (28, 28), 200).save(tmp_path / f"{number}.png")
    told = []
    load_dataset(f"folder:{tmp_path}", watch=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]

"""Filming: the pictures of a run's samples, one after the other."""

from __future__ import annotations

from pathlib import Path

from sparring.animation import FILMS, FRAME_SECONDS, Seconds, write_animation
from sparring.errors import SettingError
from sparring.reporting.facts import Facts
from sparring.reporting.shots import chosen, pictures_of, texts_of
from sparring.runs.folder import Run
from sparring.settings import check_value

MOST_FRAMES = 200
"""Pictures of a longer run are left out evenly."""
MOST_BYTES = 400_000_000
"""Bytes of all pictures together."""


def film(run: Run | Path | str, out: Path | str, *, seconds: float = FRAME_SECONDS) -> Path:
    """Write a GIF, or a video, of how a run's samples, of the same noise all along, came to be.

    Args:
        run: the run or its folder.
        out: the file, whose name ends in .gif, or in .mp4, .webm, .mov or .mkv, which need
            `pip install 'sparring[video]'`.
        seconds: how long each picture is shown, from 0.02 to 600; the last one for 1.5 at the least.

    Raises:
        SparringError: no such run, a run without pictures, another ending, a file that cannot be written.
    """
    path = Path(out)
    if path.suffix.lower() not in FILMS:
        raise SettingError(f"A film is written as {', '.join(FILMS)}, not as '{path.name}'.")
    run = Run.open(run.path if isinstance(run, Run) else run)
    facts = Facts.of(run.path)
    pictures = pictures_of(facts)
    if not pictures and texts_of(facts):
        raise SettingError(f"{run.path} writes texts, of which no film is made: they lie in its `samples`.")
    if not pictures:
        raise SettingError(f"{run.path} has no pictures of samples yet, of which a film could be made.")
    last = pictures[-1]
    alike = [shot for shot in pictures if (shot.width, shot.height) == (last.width, last.height)]
    frames = [shot.path.read_bytes() for shot in chosen(alike, MOST_FRAMES, MOST_BYTES)]
    write_animation(path, frames, check_value("seconds", seconds, Seconds))
    return path

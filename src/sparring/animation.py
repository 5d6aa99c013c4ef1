"""An animation: pictures one after the other, in a GIF or a video."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from PIL import Image

from sparring.errors import SettingError
from sparring.runs.files import write_atomically
from sparring.settings import Range
from sparring.translation.video import WRITTEN, write_frames

FRAME_SECONDS = 0.12
Seconds = Annotated[float, Range(low=0.02, high=600.0)]
"""How long a frame may be shown: a GIF counts hundredths of a second, in two bytes, and what it wants to be
shown for one alone is shown for ten."""
LAST_SECONDS = 1.5
"""How long the last frame stays, so that one sees where it ends."""
GIF = ".gif"
FILMS = (GIF, *WRITTEN)
"""The endings of files that hold an animation."""


def write_animation(
    path: Path, pictures: Sequence[bytes], seconds: float = FRAME_SECONDS, last: float = LAST_SECONDS
) -> None:
    """Write a GIF that begins again when it is over, or a video.

    Args:
        path: the file, whose ending says which.
        pictures: files of any format that Pillow opens, all of the same size.
        seconds: how long each is shown.
        last: how long the last one is, in a video a multiple of the others; no shorter than these.

    Raises:
        SettingError: there are no pictures, the ending is another, PyAV is missing, or a GIF holds no such
            numbers.
        RunError: the file cannot be written.
    """
    if not pictures:
        raise SettingError("There is no picture of which a film could be made.")
    frames = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    if path.suffix.lower() == GIF:
        write_atomically(path, _gif(frames, seconds, max(seconds, last)))
    else:
        longer = max(1, round(last / seconds))
        write_frames([*frames, *[frames[-1]] * (longer - 1)], seconds, path)


def _gif(frames: Sequence[Image.Image], seconds: float, last: float) -> bytes:
    buffer = io.BytesIO()
    durations = [round(1000 * seconds)] * (len(frames) - 1) + [round(1000 * last)]
    options = {"save_all": True, "append_images": frames[1:], "duration": durations, "loop": 0}
    try:
        frames[0].save(buffer, "GIF", optimize=False, **options)
    except (OverflowError, struct.error) as error:
        raise SettingError(
            "A GIF holds no sides of more than 65,535 pixels, and shows pictures that are equal, one after "
            "the other, for no more than 655 seconds together: write a video, or give fewer seconds."
        ) from error
    return buffer.getvalue()

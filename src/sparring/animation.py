"""An animation: pictures one after the other, in a GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from sparring.errors import SettingError

FRAME_SECONDS = 0.12
LAST_SECONDS = 1.5
"""How long the last frame stays, so that one sees where it ends."""


def animation(pictures: Sequence[bytes], seconds: float = FRAME_SECONDS, last: float = LAST_SECONDS) -> bytes:
    """A GIF that begins again when it is over.

    Args:
        pictures: files of any format that Pillow opens, all of the same size.
        seconds: how long each is shown.
        last: how long the last one is.

    Raises:
        SettingError: there are none.
    """
    if not pictures:
        raise SettingError("There is no picture of which a film could be made.")
    frames = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    buffer = io.BytesIO()
    durations = [round(1000 * seconds)] * (len(frames) - 1) + [round(1000 * last)]
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False
    )
    return buffer.getvalue()

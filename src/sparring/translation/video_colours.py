"""The colours of videos: which matrix and range make brightness and two differences of red, green, blue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BT709, BT601 = 1, 6
"""FFmpeg's numbers of the matrices that are meant where a video names none: of high definition, of less."""
MATRICES = {BT709: "ITU709", 4: "FCC", 5: "ITU601", BT601: "ITU601", 7: "SMPTE240M", 9: "BT2020"}
"""PyAV's name of each matrix that can be read and written."""
HIGH = 720
"""Lines from which on a picture is of high definition."""
LIMITED, FULL = 1, 2
"""FFmpeg's numbers of ranges: from 16 to 235, as nearly all videos have it, and from 0 to 255."""


@dataclass(frozen=True)
class VideoColours:
    """How a video that is written tells its colours, and has them; all are FFmpeg's numbers."""

    matrix: int
    range: int = LIMITED
    primaries: int = 2
    transfer: int = 2

    def tell(self, stream: Any) -> None:
        """Have a stream that is to be written say which colours it has."""
        told = stream.codec_context
        told.colorspace, told.color_range = self.matrix, self.range
        told.color_primaries, told.color_trc = self.primaries, self.transfer

    def frame(self, av: Any, pixels: NDArray[np.uint8]) -> Any:
        """Pixels, uint8 (height, width, 3), as a frame of such a stream."""
        return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p",
            src_color_range=FULL,
            dst_colorspace=MATRICES[self.matrix],
            dst_color_range=self.range,
        )


def colours_of(frame: Any, stream: Any) -> VideoColours:
    """The colours in which a video is written whose source has such frames: those of the source."""
    wide = FULL if frame.color_range == FULL else LIMITED
    known = stream.codec_context
    return VideoColours(_matrix_of(frame), wide, known.color_primaries, known.color_trc)


def usual_colours(height: int) -> VideoColours:
    """The colours that are expected of a video of so many lines."""
    return VideoColours(BT709 if height >= HIGH else BT601)


def pixels_of(frame: Any) -> NDArray[np.uint8]:
    """Red, green and blue of a frame, uint8 (height, width, 3)."""
    pixels: NDArray[np.uint8] = frame.reformat(
        format="rgb24",
        src_colorspace=MATRICES[_matrix_of(frame)],
        src_color_range=frame.color_range,
        dst_color_range=FULL,
    ).to_ndarray()
    return pixels


def _matrix_of(frame: Any) -> int:
    """The matrix of a frame: the usual one where it names none, or one that cannot be read."""
    known = int(frame.colorspace)
    return known if known in MATRICES else usual_colours(frame.height).matrix

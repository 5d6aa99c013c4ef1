"""Videos: frame by frame with their time stamps, their colours and sound as they are."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sparring.errors import DataError, SettingError
from sparring.runs.files import writing_atomically
from sparring.shown import counted
from sparring.translation.pictures import opaque
from sparring.translation.video_colours import VideoColours, colours_of, pixels_of, usual_colours

WRITTEN = {
    ".mp4": ("mp4", "libx264"),
    ".m4v": ("mp4", "libx264"),
    ".mov": ("mov", "libx264"),
    ".mkv": ("matroska", "libx264"),
    ".webm": ("webm", "libvpx-vp9"),
}
"""Format and codec of each suffix that is written."""
READ = {*WRITTEN, ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv", ".3gp"}
"""Suffixes of files that are taken for videos."""
QUALITY = {"libx264": {"crf": "18", "preset": "medium"}, "libvpx-vp9": {"crf": "24", "b": "0"}}

WHOLE = 0.9
"""Share of the time that a video says it lasts, from which on it is taken for whole: some say so roughly."""
PACKETS_TRIED = 100
"""Packets of sound with which it is tried whether a format can hold it."""
MOST_RATE = 1000
"""Largest denominator of a number of frames a second."""

Watch = Callable[[int, int], None]
"""Is told how many frames are done, and how many there are, 0 where that is not known."""


def translate_video(
    source: Path, out: Path, translate: Callable[[Image.Image], Image.Image], watch: Watch
) -> None:
    """Translate each frame of a video into another, in memory that does not grow with its length.

    Frames keep their time stamps, and turned ones are put upright. Colours have the matrix and the range
    of the source, and say so. All sound is kept as it is. Frames that cannot be decoded are left out, and a
    warning says how many; another, where it ends before it says.

    Args:
        source: the video.
        out: the file, which appears whole or not at all.
        translate: makes a picture of a picture, of one size for all.
        watch: is told how far it is.

    Raises:
        DataError: it cannot be read, or has no frames.
        SettingError: the other file is of no format that is written, or cannot hold the sound; or PyAV is
            missing.
        RunError: it cannot be written.
    """
    av = pyav()
    if out.suffix.lower() not in WRITTEN:
        raise SettingError(f"Videos are written as {', '.join(WRITTEN)}, not as '{out.name}'.")
    form, codec = WRITTEN[out.suffix.lower()]
    _check_sound(av, source, out)
    size, colours = _beginning(av, source, translate)
    with (
        _opened(av, source) as reading,
        writing_atomically(out) as file,
        av.open(file, "w", format=form) as writing,
    ):
        shown = reading.streams.video[0]
        made = writing.add_stream(codec, rate=shown.average_rate or 25, options=QUALITY[codec])
        (made.width, made.height), made.pix_fmt = size, "yuv420p"
        made.codec_context.time_base = shown.time_base
        colours.tell(made)
        sound = _sound_of(writing, reading)
        total, done, bad = _frames_in(av, reading), 0, 0
        seconds, ended = (reading.duration or 0) / av.time_base, 0.0
        shown_until: int | None = None
        first: Any = None
        for packet in reading.demux(shown, *reading.streams.audio):
            if packet.pts is not None:
                ended = max(ended, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream is not shown:
                _keep(packet, sound, writing)
                continue
            frames = _decoded(av, packet)
            bad += frames is None
            for frame in frames or ():
                if done == 0:
                    made.codec_context.sample_aspect_ratio = _shape_of_pixels(shown, frame)
                picture = colours.frame(av, even_pixels(translate(_picture(frame))))
                # A few old formats have no time stamps.
                known = frame.pts is not None
                picture.pts = frame.pts if known else done
                picture.time_base = frame.time_base if known else 1 / made.rate
                shown_until = picture.pts + (frame.duration or 0) if known and frame.duration else None
                packets = made.encode(picture)
                first = first or next(iter(packets), None)
                writing.mux(packets)
                done += 1
                watch(done, total)
        packets = made.encode(None)
        _hold(packets, form, first or next(iter(packets), None), shown_until, shown.time_base)
        writing.mux(packets)
    if bad:
        warnings.warn(f"Left out {counted(bad, 'frame')} of {source} that cannot be decoded.", stacklevel=2)
    if ended < WHOLE * seconds:
        warnings.warn(
            f"{source} says that it lasts {seconds:.1f} seconds, and ends after {ended:.1f}: it may be "
            "cut off.",
            stacklevel=2,
        )


def _hold(packets: Sequence[Any], form: str, first: Any, until: int | None, unit: Fraction) -> None:
    """Let the last frame of a video be shown as long as in its source: nothing comes behind it that would say
    how long that is.

    Args:
        packets: the last ones.
        form: the format that is written.
        first: the first of all, which says by how much packets are decoded before they are shown.
        until: when the last frame of the source ends; None where it does not say so.
        unit: of that, in seconds.
    """
    known = [packet for packet in packets if None not in (packet.pts, packet.dts)]
    if not known or until is None or None in (first.pts, first.dts):
        return
    # Some formats say how long after each packet the next is decoded, the others how long each is shown.
    by_decoding = form in ("mp4", "mov")
    packet = known[-1] if by_decoding else max(known, key=lambda packet: packet.pts)
    starts = packet.dts + first.pts - first.dts if by_decoding else packet.pts
    end = until * unit / packet.time_base
    if end > starts:
        packet.duration = round(end - starts)


def write_frames(frames: Sequence[Image.Image], seconds: float, out: Path) -> None:
    """Write pictures of one size as a video, each shown for so long.

    Raises:
        SettingError: the file is of no format that is written, or PyAV is missing.
        RunError: it cannot be written.
    """
    av = pyav()
    if out.suffix.lower() not in WRITTEN:
        raise SettingError(f"Videos are written as {', '.join(WRITTEN)}, not as '{out.name}'.")
    form, codec = WRITTEN[out.suffix.lower()]
    with writing_atomically(out) as file, av.open(file, "w", format=form) as writing:
        rate = Fraction(1 / seconds).limit_denominator(MOST_RATE)
        made = writing.add_stream(codec, rate=rate, options=QUALITY[codec])
        made.pix_fmt = "yuv420p"
        made.height, made.width, _ = even_pixels(frames[0]).shape
        colours = usual_colours(made.height)
        colours.tell(made)
        for frame in frames:
            writing.mux(made.encode(colours.frame(av, even_pixels(frame))))
        writing.mux(made.encode(None))


def pyav() -> Any:
    """The library that reads and writes videos.

    Raises:
        SettingError: it is missing.
    """
    try:
        import av
    except ImportError as error:
        raise SettingError(
            "Videos need PyAV, which is not installed: pip install 'sparring[video]'."
        ) from error
    av.logging.set_level(av.logging.PANIC)
    return av


def _opened(av: Any, source: Path) -> Any:
    try:
        reading = av.open(str(source))
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{source} cannot be read as a video ({reason.lower()}).") from error
    if not reading.streams.video:
        reading.close()
        raise DataError(f"{source} has no stream of pictures: give a video.")
    # A decoder's own threads may wait for ever when it is closed, and networks take most of the time anyway.
    reading.streams.video[0].codec_context.thread_count = 1
    return reading


def _beginning(
    av: Any, source: Path, translate: Callable[[Image.Image], Image.Image]
) -> tuple[tuple[int, int], VideoColours]:
    """Width and height of what is made, and its colours: of the first frame that can be decoded."""
    with _opened(av, source) as reading:
        for packet in reading.demux(video=0):
            for frame in _decoded(av, packet) or ():
                height, width, _ = even_pixels(translate(_picture(frame))).shape
                return (width, height), colours_of(frame, reading.streams.video[0])
    raise DataError(f"{source} has no frame that can be decoded.")


def _check_sound(av: Any, source: Path, out: Path) -> None:
    """Raise SettingError unless a format can hold the sound: some only find out when all frames are made."""
    with _opened(av, source) as reading:
        if not reading.streams.audio:
            return
        packets = list(islice(reading.demux(*reading.streams.audio), PACKETS_TRIED))
        try:
            with av.open(io.BytesIO(), "w", format=WRITTEN[out.suffix.lower()][0]) as trial:
                sound = _sound_of(trial, reading)
                for packet in packets:
                    _keep(packet, sound, trial)
        except ValueError as error:
            raise SettingError(
                f"A {out.suffix} file cannot hold the sound of this video ({_reason(error)}): write it as "
                ".mkv."
            ) from error


def _sound_of(writing: Any, reading: Any) -> dict[int, Any]:
    """A stream for each that has sound, by its number."""
    return {sound.index: writing.add_stream_from_template(sound) for sound in reading.streams.audio}


def _keep(packet: Any, sound: dict[int, Any], writing: Any) -> None:
    """Write a packet of sound as it is."""
    # The last packet of a stream is empty, and only says so.
    if packet.dts is not None:
        packet.stream = sound[packet.stream.index]
        writing.mux(packet)


def _reason(error: Exception) -> str:
    """Why FFmpeg refuses something, without the names of files."""
    log = getattr(error, "log", None)
    return log[2] if log else getattr(error, "strerror", None) or str(error)


def _frames_in(av: Any, reading: Any) -> int:
    """How many frames a video has, about; 0 where it does not say."""
    shown = reading.streams.video[0]
    seconds = (reading.duration or 0) / av.time_base
    frames: int = shown.frames or round(seconds * float(shown.average_rate or 0))
    return frames


def _decoded(av: Any, packet: Any) -> list[Any] | None:
    """The frames of a packet; None where it is damaged."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return None


def _shape_of_pixels(shown: Any, frame: Any) -> Fraction:
    """How much wider than high a pixel is shown, of frames that are put upright."""
    ratio = Fraction(shown.sample_aspect_ratio or 1)
    return 1 / ratio if _quarters(frame) % 2 else ratio


def _quarters(frame: Any) -> int:
    """By how many quarters a frame is to be turned to be upright."""
    return round(getattr(frame, "rotation", 0) / 90)


def _picture(frame: Any) -> Image.Image:
    """A frame, put upright."""
    return Image.fromarray(np.rot90(pixels_of(frame), _quarters(frame)).copy())


def even_pixels(picture: Image.Image) -> NDArray[np.uint8]:
    """A picture with even sides, which the codecs want: an odd one is continued by a pixel."""
    pixels = np.asarray(opaque(picture).convert("RGB"))
    return np.pad(pixels, ((0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0)), mode="edge")

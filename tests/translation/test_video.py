"""`translate` on videos: frames, time stamps, sound, odd sizes, what cannot be read."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sparring
from sparring.errors import DataError, SettingError
from sparring.runs.folder import Run
from sparring.translation.video import translate_video, write_frames

av = pytest.importorskip("av")
STAMPS = [0, 1, 2, 5, 6, 9]
"""When frames are shown, in tenths of a second: not evenly."""
ORANGE = (200, 60, 30)


def write(
    path: Path, size: tuple[int, int] = (32, 24), sound: bool = True, pixel: Fraction = Fraction(1)
) -> None:
    """A video of plain frames, each brighter than the last."""
    with av.open(str(path), "w") as file:
        shown = file.add_stream("libx264", rate=10, options={"crf": "1"})
        shown.width, shown.height, shown.pix_fmt = *size, "yuv444p"
        shown.codec_context.time_base = Fraction(1, 10)
        shown.codec_context.sample_aspect_ratio = pixel
        heard = file.add_stream("aac", rate=8000, layout="mono") if sound else None
        for number, stamp in enumerate(STAMPS):
            pixels = np.full((size[1], size[0], 3), 30 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 10)
            file.mux(shown.encode(frame))
        file.mux(shown.encode(None))
        if heard is not None:
            wave = (1000 * np.sin(np.arange(8000) / 10)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8000, 0
            file.mux(heard.encode(frame))
            file.mux(heard.encode(None))


def read(path: Path) -> tuple[list[float], list[float], tuple[int, int], list[bytes]]:
    """When frames are shown, how bright they are, their size, and the packets of sound."""
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
    with av.open(str(path)) as file:
        heard = [bytes(packet) for packet in file.demux(*file.streams.audio)] if file.streams.audio else []
    times = [float(frame.pts * frame.time_base) for frame in frames]
    bright = [float(frame.to_ndarray(format="rgb24").mean()) for frame in frames]
    return times, bright, (frames[0].width, frames[0].height), [packet for packet in heard if packet]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_frames_time_stamps_and_sound_are_kept(negative: Run, tmp_path: Path, ending: str) -> None:
    write(tmp_path / "in.mp4")
    sparring.translate(negative, tmp_path / "in.mp4", tmp_path / f"out.{ending}", quiet=True)
    times, bright, size, heard = read(tmp_path / f"out.{ending}")
    # Sound that begins before the first frame makes Matroska begin with it: all is later by the same.
    later = times[0] if ending == "mkv" else 0
    assert times == pytest.approx([later + stamp / 10 for stamp in STAMPS], abs=0.002)
    assert bright == pytest.approx([255 - 30 * number for number in range(len(STAMPS))], abs=4)
    assert size == (32, 24)
    assert heard == read(tmp_path / "in.mp4")[3]
    assert heard


def test_without_sound_and_of_odd_size(negative: Run, tmp_path: Path) -> None:
    write(tmp_path / "in.mkv", size=(33, 21), sound=False)
    sparring.translate(negative, tmp_path / "in.mkv", tmp_path / "out.mp4", quiet=True)
    times, _, size, heard = read(tmp_path / "out.mp4")
    assert (len(times), size, heard) == (len(STAMPS), (34, 22), [])


def test_pixels_that_are_wider_than_high_stay_so(negative: Run, tmp_path: Path) -> None:
    write(tmp_path / "in.mp4", sound=False, pixel=Fraction(64, 45))
    sparring.translate(negative, tmp_path / "in.mp4", tmp_path / "out.mp4", quiet=True)
    for name in ("in.mp4", "out.mp4"):
        with av.open(str(tmp_path / name)) as file:
            assert file.streams.video[0].sample_aspect_ratio == Fraction(64, 45), name


def test_what_is_made_transparent_is_shown_on_white(tmp_path: Path) -> None:
    write(tmp_path / "in.mp4", sound=False)
    clear = Image.new("RGBA", (32, 24), (255, 0, 0, 0))
    translate_video(tmp_path / "in.mp4", tmp_path / "out.mp4", lambda frame: clear, lambda done, total: None)
    assert read(tmp_path / "out.mp4")[1] == pytest.approx([255] * len(STAMPS), abs=4)


def test_what_is_refused(negative: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "damaged.mp4").write_bytes(b"no video" * 100)
    with pytest.raises(DataError, match=r"damaged\.mp4 cannot be read as a video"):
        sparring.translate(negative, tmp_path / "damaged.mp4", tmp_path / "out.mp4", quiet=True)
    write(tmp_path / "in.mp4")
    whole = (tmp_path / "in.mp4").read_bytes()
    with pytest.raises(SettingError, match=r"Videos are written as \.mp4, .*, not as 'out\.png'"):
        sparring.translate(negative, tmp_path / "in.mp4", tmp_path / "out.png", quiet=True)
    with pytest.raises(SettingError, match=r"A \.webm file cannot hold the sound .* write it as \.mkv"):
        sparring.translate(negative, tmp_path / "in.mp4", tmp_path / "out.webm", quiet=True)
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(DataError):
        sparring.translate(negative, tmp_path / "cut.mp4", tmp_path / "out.mp4", quiet=True)
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(SettingError, match=r"pip install 'sparring\[video\]'"):
        sparring.translate(negative, tmp_path / "in.mp4", tmp_path / "out.mp4", quiet=True)
    assert not any(path.name.startswith(("out", ".writing")) for path in tmp_path.iterdir())


def coloured(path: Path, size: tuple[int, int], matrix: int, known: int, range_: int) -> None:
    """Two orange frames made by a matrix, which the file names if it is known."""
    with av.open(str(path), "w") as file:
        shown = file.add_stream("libx264", rate=10, options={"crf": "1"})
        shown.width, shown.height, shown.pix_fmt = *size, "yuv420p"
        shown.codec_context.colorspace, shown.codec_context.color_range = known, range_
        for _ in range(2):
            pixels = np.full((size[1], size[0], 3), ORANGE, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p", src_color_range=2, dst_colorspace=matrix, dst_color_range=range_ or 1
            )
            frame.colorspace, frame.color_range = known, range_
            file.mux(shown.encode(frame))
        file.mux(shown.encode(None))


@pytest.mark.parametrize(
    ("size", "matrix", "known", "range_", "told"),
    [
        ((1280, 720), 1, 1, 1, (1, 1)),
        ((1280, 720), 1, 2, 0, (1, 1)),
        ((64, 48), 1, 1, 2, (1, 2)),
        ((64, 48), 5, 6, 1, (6, 1)),
        ((64, 48), 5, 2, 0, (6, 1)),
        ((64, 48), 9, 9, 1, (9, 1)),
    ],
)
def test_colours_are_kept_and_named(
    tmp_path: Path, size: tuple[int, int], matrix: int, known: int, range_: int, told: Any
) -> None:
    coloured(tmp_path / "in.mp4", size, matrix, known, range_)
    seen = []

    def same(image: Image.Image) -> Image.Image:
        seen.append(np.asarray(image).mean((0, 1)))
        return image

    translate_video(tmp_path / "in.mp4", tmp_path / "out.mp4", same, lambda done, total: None)
    with av.open(str(tmp_path / "out.mp4")) as file:
        frame = next(file.decode(video=0))
    made = frame.reformat(format="rgb24", src_color_range=told[1], dst_color_range=2).to_ndarray()
    assert np.array(seen) == pytest.approx(np.array([ORANGE] * 3), abs=3)
    assert made.mean((0, 1)) == pytest.approx(np.array(ORANGE), abs=4)
    assert (frame.colorspace, frame.color_range) == told


def test_sound_that_is_refused_at_the_end(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mkv"), "w") as file:
        shown, heard = file.add_stream("libx264", rate=10), file.add_stream("pcm_s16le", rate=8000)
        shown.width, shown.height, shown.pix_fmt = 32, 24, "yuv420p"
        black = av.VideoFrame.from_ndarray(np.zeros((24, 32, 3), np.uint8), format="rgb24")
        file.mux([*shown.encode(black), *shown.encode(None)])
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), format="s16", layout="stereo")
        silence.sample_rate, silence.pts = 8000, 0
        file.mux([*heard.encode(silence), *heard.encode(None)])
    with pytest.raises(SettingError, match=r"A \.mp4 file cannot hold the sound .*[^'].: write it as \.mkv"):
        translate_video(tmp_path / "in.mkv", tmp_path / "out.mp4", Image.Image.copy, lambda done, total: None)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_a_video_that_was_cut_off_is_called_so(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = [Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8)) for _ in range(10)]
    write_frames(noise, 0.1, tmp_path / "in.mkv")
    whole = (tmp_path / "in.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.warns(UserWarning, match=r"lasts 1\.0 seconds, and ends after 0\.\d: it may be cut off"):
        translate_video(
            tmp_path / "cut.mkv", tmp_path / "out.mkv", Image.Image.copy, lambda done, total: None
        )
    assert 0 < len(read(tmp_path / "out.mkv")[0]) < 10


def test_a_failure_in_the_middle_leaves_nothing(negative: Run, tmp_path: Path, monkeypatch: Any) -> None:
    write(tmp_path / "in.mp4")
    calls = []

    def fails(self: Any, image: Any) -> Any:
        calls.append(image)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return image

    monkeypatch.setattr("sparring.translation.translation.Translation.__call__", fails)
    with pytest.raises(KeyboardInterrupt):
        sparring.translate(negative, tmp_path / "in.mp4", tmp_path / "out.mp4", quiet=True)
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4"}


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
def test_the_last_frame_is_shown_as_long_as_it_was(tmp_path: Path, ending: str) -> None:
    """Slides and recordings of a screen end with a long still."""
    source, made = tmp_path / "still.mkv", tmp_path / f"made.{ending}"
    write(source, sound=False)
    with av.open(str(source)) as reading, av.open(str(tmp_path / "held.mkv"), "w") as writing:
        copied = writing.add_stream_from_template(reading.streams.video[0])
        packets = [packet for packet in reading.demux(video=0) if packet.pts is not None]
        max(packets, key=lambda packet: packet.pts).duration = round(3 / packets[0].time_base)
        for packet in packets:
            packet.stream = copied
            writing.mux(packet)
    translate_video(tmp_path / "held.mkv", made, lambda image: image, lambda done, total: None)
    lengths = []
    for path in (tmp_path / "held.mkv", made):
        with av.open(str(path)) as reading:
            lengths.append(reading.duration / av.time_base)
    assert lengths == pytest.approx([STAMPS[-1] / 10 + 3] * 2, abs=0.05)

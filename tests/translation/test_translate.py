"""`translate` on pictures: sizes, modes, transparency, orientation, what moves, folders, what is refused."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

import sparring
from sparring import load
from sparring.cli import main
from sparring.data.kinds import Images
from sparring.errors import DataError, RunError, SettingError
from sparring.runs.folder import Run
from sparring.translation.pictures import encoded, frames_of, like, translate_picture

Pixels = Callable[..., Any]


def read(path: Path, mode: str | None = None) -> Any:
    with Image.open(path) as image:
        return np.asarray(image.convert(mode) if mode else image)


@pytest.mark.parametrize("size", [(16, 16), (5, 3), (16, 40), (61, 33)])
def test_pictures_of_any_size(negative: Run, tmp_path: Path, pixels: Pixels, size: tuple[int, int]) -> None:
    picture = pixels(*size, 3)
    Image.fromarray(picture).save(tmp_path / "in.png")
    main(["translate", str(negative.path), str(tmp_path / "in.png"), str(tmp_path / "out.png"), "--quiet"])
    assert np.abs(read(tmp_path / "out.png").astype(int) - (255 - picture)).max() <= 1


def test_pictures_are_stretched_as_the_data_was(tmp_path: Path, pixels: Pixels) -> None:
    for domain, white in (("A", 51), ("B", 25)):
        (tmp_path / domain).mkdir()
        for number in range(10):
            Image.new("L", (16, 16), white * (number + 1) // 10).save(tmp_path / domain / f"{number}.png")
    system, data = f"{Path(__file__).parent / 'negative.py'}:Negative", f"pairs:{tmp_path}"
    run = sparring.train(system, data=data, out=tmp_path / "run", stretch=True, max_steps=1, batch_size=5,
                         health_every=0, threads=1, quiet=True)  # fmt: skip
    picture = pixels(20, 30) // 5
    Image.fromarray(picture).save(tmp_path / "in.png")
    sparring.translate(run, tmp_path / "in.png", tmp_path / "out.png", quiet=True)
    assert np.abs(read(tmp_path / "out.png").astype(int) - (255 - 5 * picture)).max() <= 1
    sparring.export(run, tmp_path / "exported", onnx=False, page=False)
    assert np.array_equal(load(tmp_path / "exported").translate(picture), read(tmp_path / "out.png"))
    described = json.loads((run.path / "run.json").read_text())
    assert described["data"].pop("white") == 0.2
    (run.path / "run.json").write_text(json.dumps(described))
    with pytest.raises(RunError, match="trained with --stretch, and does not say what became white"):
        sparring.translate(run, tmp_path / "in.png", tmp_path / "out.png", quiet=True)


def test_transparency_is_kept(negative: Run, tmp_path: Path, pixels: Pixels) -> None:
    picture = pixels(20, 30, 4)
    picture[:10, :, 3], picture[10:, :, 3] = 255, 0
    Image.fromarray(picture).save(tmp_path / "in.png")
    sparring.translate(negative, tmp_path / "in.png", tmp_path / "out.png")
    made = read(tmp_path / "out.png")
    assert np.array_equal(made[..., 3], picture[..., 3])
    assert np.abs(made[:10, :, :3].astype(int) - (255 - picture[:10, :, :3])).max() <= 1
    # A format that has none shows it on white, as the translation saw it.
    sparring.translate(negative, tmp_path / "in.png", tmp_path / "out.bmp")
    assert (read(tmp_path / "out.bmp")[10:] == 255).all()


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "I;16"])
def test_pictures_of_other_modes(negative: Run, tmp_path: Path, pixels: Pixels, mode: str) -> None:
    values = pixels(18, 20)
    picture = (
        Image.fromarray(values.astype(np.uint16) * 257)
        if mode == "I;16"
        else Image.fromarray(values).convert(mode)
    )
    name = "in.tif" if mode == "CMYK" else "in.png"
    picture.save(tmp_path / name)
    sparring.translate(negative, tmp_path / name, tmp_path / "out.png")
    seen = values if mode == "I;16" else np.asarray(picture.convert("L"))
    assert np.abs(read(tmp_path / "out.png", "L").astype(int) - (255 - seen)).max() <= 2


def test_a_turned_photograph_is_put_upright(negative: Run, tmp_path: Path, pixels: Pixels) -> None:
    picture = Image.fromarray(np.kron(pixels(5, 4, 3), np.ones((8, 8, 1), np.uint8)))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a photograph"
    picture.save(tmp_path / "in.png", exif=exif)
    sparring.translate(negative, tmp_path / "in.png", tmp_path / "out.png")
    turned = 255 - np.rot90(np.asarray(picture), -1)
    assert np.abs(read(tmp_path / "out.png").astype(int) - turned).max() <= 1
    with Image.open(tmp_path / "out.png") as made:
        assert made.getexif().get(0x0112, 1) == 1
        assert made.getexif()[0x010E] == "a photograph"


def test_a_gif_is_translated_frame_by_frame(negative: Run, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 12), (value, 0, 0)) for value in (0, 100, 200)]
    frames[0].save(
        tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=[50, 200, 90], loop=0
    )
    sparring.translate(negative, tmp_path / "in.gif", tmp_path / "out.gif")
    with Image.open(tmp_path / "out.gif") as made:
        assert made.n_frames == 3
        found = []
        for number in range(3):
            made.seek(number)
            found.append((made.info["duration"], made.convert("RGB").getpixel((5, 5))[0]))
        assert made.info["loop"] == 0
    assert [duration for duration, _ in found] == [50, 200, 90]
    assert [red for _, red in found] == pytest.approx([255, 155, 55], abs=3)
    with pytest.raises(SettingError, match=r"has 3 frames and a \.jpg file holds one: write it as \.gif"):
        sparring.translate(negative, tmp_path / "in.gif", tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.parametrize("count", [1, 2])
def test_a_gif_that_is_made_grey_stays_transparent(tmp_path: Path, count: int) -> None:
    frames = [Image.new("RGBA", (20, 12), (200, 0, 10 * number, 255)) for number in range(count)]
    for frame in frames:
        frame.paste((0, 0, 0, 0), (0, 0, 10, 12))
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], disposal=2)

    def grey(image: Image.Image) -> Image.Image:
        return like(image, Image.fromarray(np.asarray(image.convert("RGB").convert("L"))))

    translate_picture(tmp_path / "in.gif", tmp_path / "out.gif", grey)
    made = [np.asarray(frame.convert("RGBA"))[..., 3] for frame in frames_of(tmp_path / "out.gif")]
    assert [(alpha[:, :10].max(), alpha[:, 10:].min()) for alpha in made] == [(0, 255)] * count


def test_a_gif_under_another_name_does_not_stop_a_folder(negative: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    first, second = Image.new("L", (20, 12)), Image.new("L", (20, 12), 200)
    first.save(tmp_path / "in" / "a.jpg", format="GIF", save_all=True, append_images=[second])
    first.save(tmp_path / "in" / "b.jpg")
    with pytest.raises(DataError, match=r"^Left out 1 of 2 pictures, .* because .*a\.jpg has 2 frames"):
        sparring.translate(negative, tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out" / "b.jpg").exists()


def test_further_views_of_a_camera_do_not_move(negative: Run, tmp_path: Path, pixels: Pixels) -> None:
    first, second = (Image.fromarray(pixels(20, 20, 3)) for _ in range(2))
    first.save(tmp_path / "in.jpg", format="MPO", save_all=True, append_images=[second])
    sparring.translate(negative, tmp_path / "in.jpg", tmp_path / "out.jpg")
    assert read(tmp_path / "out.jpg").shape == (20, 20, 3)


def test_profiles_of_other_colours_are_left_out(negative: Run, tmp_path: Path) -> None:
    for mode, kept in (("RGB", True), ("CMYK", False)):
        Image.new(mode, (20, 20)).save(tmp_path / "in.tif", icc_profile=b"a profile")
        sparring.translate(negative, tmp_path / "in.tif", tmp_path / "out.png")
        with Image.open(tmp_path / "out.png") as made:
            assert ("icc_profile" in made.info) is kept


def test_large_pictures_can_be_made_smaller_first(negative: Run, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "in.png")
    sparring.translate(negative, tmp_path / "in.png", tmp_path / "out.png", longest=32)
    assert read(tmp_path / "out.png").shape == (24, 32, 3)


def test_a_folder_is_gone_on_with(negative: Run, tmp_path: Path, pixels: Pixels) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    for name in ("a.png", "sub/b.jpg", "sub/c.webp"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(20, 20, 3)).save(source / name)
    (source / "notes.txt").touch()
    (source / "damaged.png").write_bytes(b"no picture")
    with pytest.raises(
        DataError, match=r"^Left out 1 of 4 pictures, the first because .*damaged\.png cannot"
    ):
        sparring.translate(negative, source, out)
    made = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert made == [".sparring-translation.json", "a.png", "sub/b.jpg", "sub/c.webp"]
    (source / "damaged.png").unlink()
    (out / "sub/b.jpg").unlink()
    times = {name: (out / name).stat().st_mtime_ns for name in ("a.png", "sub/c.webp")}
    sparring.translate(negative, source, out)
    assert (out / "sub/b.jpg").exists()
    assert times == {name: (out / name).stat().st_mtime_ns for name in times}
    # A picture that is another one by now is made anew, also where it brings the time of long ago.
    shutil.copy2(source / "a.png", tmp_path / "other.png")
    Image.fromarray(255 - read(tmp_path / "other.png")).save(tmp_path / "other.png")
    os.utime(tmp_path / "other.png", (0, 0))
    os.replace(tmp_path / "other.png", source / "a.png")
    before = read(out / "a.png")
    sparring.translate(negative, source, out)
    assert np.abs(read(out / "a.png").astype(int) - (255 - before)).max() <= 2
    assert times["sub/c.webp"] == (out / "sub/c.webp").stat().st_mtime_ns
    (tmp_path / "other").mkdir()
    Image.fromarray(pixels(20, 20, 3)).save(tmp_path / "other" / "a.png")
    copy = Run.open(shutil.copytree(negative.path, tmp_path / negative.path.name))
    for run, folder, options in (
        (negative, source, {"seed": 1}),
        (negative, tmp_path / "other", {}),
        (copy, source, {}),
    ):
        with pytest.raises(SettingError, match="translations of another folder, by another run, or with"):
            sparring.translate(run, folder, out, **options)
    with pytest.raises(SettingError, match="holds something already"):
        sparring.translate(negative, source, source.parent)
    with pytest.raises(SettingError, match="lies in"):
        sparring.translate(negative, source, source / "made")


def test_a_folder_is_of_the_checkpoint_that_made_it(negative: Run, tmp_path: Path, pixels: Pixels) -> None:
    """A run that failed came further than what it saved."""
    run = Run.open(shutil.copytree(negative.path, tmp_path / "run"))
    run.set_status(**run.status | {"state": "failed", "step": 5})
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels(16, 16, 3)).save(tmp_path / "in" / "a.png")
    sparring.translate(run, tmp_path / "in", tmp_path / "out", quiet=True)
    assert json.loads((tmp_path / "out" / ".sparring-translation.json").read_text())["step"] == 1


@pytest.mark.parametrize("degradation", ["noise", "edges"])
def test_a_run_that_learnt_transparency(
    tmp_path: Path, pixels: Pixels, degradation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for number in range(10):
        Image.fromarray(pixels(16, 16, 4)).save(f"photos/{number}.png")
    words = "train restore --data folder:photos --alpha --out run --max-steps 1 --batch-size 2 --width 2"
    main([*words.split(), "--critic-width", "2", "--degradation", degradation, "--threads", "1", "--quiet"])
    for channels in (3, 4):
        Image.fromarray(pixels(20, 24, channels)).save("in.png")
        main(["translate", "run", "in.png", "out.png", "--quiet"])
        assert read(Path("out.png")).shape == (20, 24, 4)
    # It is the run's own transparency, not that of the picture.
    given = pixels(20, 24, 4)
    given[..., 3] = 7
    assert (sparring.load("run").translate(given)[..., 3] != 7).any()


def test_channels_that_no_picture_has(negative: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = sparring.load(negative)
    kinds = model.game.kinds("AtoB")[0], Images((2, 16, 16))
    monkeypatch.setattr(model.game, "kinds", lambda direction: kinds)
    with pytest.raises(SettingError, match="images of 2 channels and pictures have 1, 3 or 4"):
        model.translate(Image.new("RGB", (8, 8)))


def test_from_python(negative: Run, pixels: Pixels) -> None:
    model = sparring.load(negative)
    several, picture, grey = pixels(3, 20, 24, 3), pixels(7, 9, 3), pixels(10, 30)
    assert np.abs(model.translate(several).astype(int) - (255 - several)).max() <= 1
    assert np.abs(model.translate(picture).astype(int) - (255 - picture)).max() <= 1
    assert np.abs(model.translate(grey)[..., 0].astype(int) - (255 - grey)).max() <= 1
    assert model.translate(Image.fromarray(picture)).size == (9, 7)
    with pytest.raises(DataError, match=r"given as float64 of shape \(7, 9, 3\): give uint8"):
        model.translate(picture / 255)
    with pytest.raises(DataError, match="give uint8, height x width"):
        model.translate(pixels(3, 4, 5))


def refusals(negative: Run, folder: Path) -> dict[str, tuple[list[str], str]]:
    Image.new("RGB", (8, 8)).save(folder / "in.png")
    (folder / "damaged.png").write_bytes(b"no picture")
    (folder / "empty").mkdir()
    run, picture = str(negative.path), str(folder / "in.png")
    return {
        "no picture": ([run, str(folder / "none.png"), "x.png"], "There is no "),
        "damaged": ([run, str(folder / "damaged.png"), str(folder / "x.png")], "cannot be read as a picture"),
        "itself": ([run, picture, picture], "is what is to be translated: give another name"),
        "format": ([run, picture, str(folder / "x.xyz")], "Pictures are written as .png, .jpg"),
        "direction": ([run, picture, "x.png", "--direction", "BtoB"], "does not translate 'BtoB'"),
        "empty": ([run, str(folder / "empty"), str(folder / "y")], "holds no pictures"),
        "no run": ([str(folder), picture, "x.png"], "is not a run"),
        "video": ([run, picture, str(folder / "x.mp4")], "Pictures are written as"),
        "folder": (
            [run, str(folder / "empty"), str(folder / "z.png")],
            "is the name of a file",
        ),
    }


@pytest.mark.parametrize(
    "case", ["no picture", "damaged", "itself", "format", "direction", "empty", "no run", "video", "folder"]
)
def test_what_is_refused(
    negative: Run,
    tmp_path: Path,
    case: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, sentence = refusals(negative, tmp_path)[case]
    with pytest.raises(SystemExit) as stop:
        main(["translate", *arguments])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert {path.name for path in tmp_path.iterdir()} - {"y"} == {"in.png", "damaged.png", "empty"}


def test_a_system_that_generates_from_noise(tmp_path: Path, tiny_npz: Path) -> None:
    run = sparring.train(
        "gan", data=f"npz:{tiny_npz}", out=tmp_path / "run", max_steps=1, quiet=True, threads=1
    )
    Image.new("RGB", (8, 8)).save(tmp_path / "in.png")
    with pytest.raises(SettingError, match="GAN makes nothing of images: it generates from noise"):
        sparring.translate(run, tmp_path / "in.png", tmp_path / "out.png")


def test_a_full_disk_leaves_nothing_half_written(
    negative: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "in.png")
    (tmp_path / "out.png").write_bytes(b"before")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sparring.runs.files.os.fsync", full)
    with pytest.raises(RunError, match="no space left on device"):
        sparring.translate(negative, tmp_path / "in.png", tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"in.png", "out.png"}


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp"])
def test_frames_that_come_again_stay(suffix: str, tmp_path: Path) -> None:
    """One that is as the last but one, and one that differs from it in a corner."""
    dark, bright, corner = (np.full((8, 8, 3), value, np.uint8) for value in (20, 200, 20))
    corner[:2, :2] = 255
    frames = [Image.fromarray(each) for each in (dark, bright, dark, bright, corner)]
    (tmp_path / f"out{suffix}").write_bytes(encoded(frames, suffix))
    with Image.open(tmp_path / f"out{suffix}") as moving:
        found = [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(moving)]
    assert len(found) == len(frames)
    for made, frame in zip(found, frames, strict=True):
        assert np.abs(made - np.asarray(frame)).max() <= 8


def test_what_a_format_cannot_hold_is_said() -> None:
    with pytest.raises(SettingError, match=r"A \.webp file cannot hold a picture of 17000 x 2 pixels"):
        encoded([Image.new("RGB", (17_000, 2))], ".webp")


def test_a_picture_without_brightness_is_left_out_of_a_folder(
    negative: Run, tmp_path: Path, pixels: Pixels
) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((16, 16), -5.0, np.float32)).save(tmp_path / "in" / "a.tif")
    Image.fromarray(pixels(16, 16, 3)).save(tmp_path / "in" / "b.png")
    with pytest.raises(DataError, match="Left out 1 of 2 pictures, the first because A picture cannot be"):
        sparring.translate(negative, tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out" / "b.png").exists()


def test_videos_in_a_folder_are_said_to_be_left_out(negative: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "in" / "a.png")
    for name in ("v.mp4", "notes.txt"):
        (tmp_path / "in" / name).write_bytes(b"")
    with pytest.warns(UserWarning, match=r"Left out 1 video in .*in, such as v\.mp4: give each by itself"):
        sparring.translate(negative, tmp_path / "in", tmp_path / "out", quiet=True)
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["a.png"]

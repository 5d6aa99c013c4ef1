"""`translate --mask`: what is filled, what stays bit for bit, and masks that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sparring
from sparring import load
from sparring.cli import main
from sparring.errors import DataError, SettingError
from sparring.runs.folder import Run
from sparring.translation.filling import translation_of

Pixels = Callable[..., Any]


@pytest.fixture(scope="module", params=[1, 3, 4])
def filler(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of inpaint on grey, colour or transparent images that has learnt nothing yet."""
    folder = tmp_path_factory.mktemp("fill")
    (folder / "images").mkdir()
    random = np.random.default_rng(0)
    for number in range(10):
        shape = (16, 16) if request.param == 1 else (16, 16, request.param)
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(
            folder / "images" / f"{number}.png"
        )
    alpha = {"alpha": True} if request.param == 4 else {}
    return sparring.train(
        "inpaint",
        data=f"folder:{folder / 'images'}",
        out=folder / "run",
        max_steps=1,
        batch_size=4,
        width=2,
        critic_width=2,
        health_every=0,
        threads=1,
        quiet=True,
        **alpha,
    )


def mask_of(height: int, width: int) -> Image.Image:
    values = np.zeros((height, width), np.uint8)
    values[height // 4 : height // 2, width // 3 :] = 255
    return Image.fromarray(values)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1"])
@pytest.mark.parametrize("size", [(16, 16), (5, 7), (61, 33)])
def test_what_is_outside_of_the_mask_stays(
    filler: Run, tmp_path: Path, pixels: Pixels, mode: str, size: tuple[int, int]
) -> None:
    picture = Image.fromarray(pixels(*size, 4)).convert(mode)
    picture.save(tmp_path / "in.png")
    mask = mask_of(*size)
    mask.save(tmp_path / "mask.png")
    files = [str(tmp_path / name) for name in ("in.png", "out.png", "mask.png")]
    main(["translate", str(filler.path), *files[:2], "--mask", files[2], "--quiet"])
    with Image.open(tmp_path / "in.png") as read, Image.open(tmp_path / "out.png") as made:
        before, after = np.asarray(read.convert("RGBA")), np.asarray(made.convert("RGBA"))
    hole = np.asarray(mask) > 0
    assert np.array_equal(before[~hole], after[~hole])
    assert (before[hole] != after[hole]).any()
    # Unless the run makes transparency of its own, nobody would see what is filled where that stayed.
    assert load(filler).game.data.shape[0] == 4 or (after[hole][:, 3] == 255).all()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_nothing_is_filled_where_a_mask_is_transparent(filler: Run, pixels: Pixels, mode: str) -> None:
    hole = np.asarray(mask_of(20, 24))
    layer = Image.new("RGBA", (24, 20), "white")
    layer.putalpha(Image.fromarray(hole))
    picture = pixels(20, 24, 3)
    made = load(filler).translate(picture, mask=layer.convert(mode))
    assert np.array_equal(made, load(filler).translate(picture, mask=mask_of(20, 24)))


def test_what_is_filled_is_as_bright_as_stretched_pictures_were(filler: Run, pixels: Pixels) -> None:
    dark, hole = pixels(20, 24, 3) // 5, np.asarray(mask_of(20, 24)) > 0
    filling = translation_of(load(filler).game, mask_of(20, 24), white=0.2)
    made = np.asarray(filling(Image.fromarray(dark)))[..., :3]
    assert np.array_equal(made[~hole], dark[~hole])
    assert 0 < made[hole].max() <= 51


def test_from_python_and_smaller(filler: Run, tmp_path: Path, pixels: Pixels) -> None:
    model = load(filler)
    several = pixels(2, 20, 24, 3)
    made = model.translate(several, mask=mask_of(20, 24))
    hole = np.asarray(mask_of(20, 24)) > 0
    assert np.array_equal(made[:, ~hole][..., :3], several[:, ~hole])
    Image.fromarray(several[0]).save(tmp_path / "in.png")
    mask_of(20, 24).save(tmp_path / "mask.png")
    sparring.translate(
        filler, tmp_path / "in.png", tmp_path / "out.png", mask=tmp_path / "mask.png", longest=12
    )
    with Image.open(tmp_path / "out.png") as smaller:
        assert smaller.size == (12, 10)


def test_masks_that_do_not_fit(filler: Run, negative: Run, tmp_path: Path) -> None:
    Image.new("RGB", (20, 12)).save(tmp_path / "in.png")
    mask_of(12, 21).save(tmp_path / "mask.png")
    (tmp_path / "damaged.png").write_bytes(b"no picture")
    made = tmp_path / "in.png", tmp_path / "out.png"
    with pytest.raises(DataError, match="mask has 21 x 12 pixels and the picture has 20 x 12: give a mask"):
        sparring.translate(filler, *made, mask=tmp_path / "mask.png")
    with pytest.raises(SettingError, match="Inpaint fills holes: give a mask"):
        sparring.translate(filler, *made)
    with pytest.raises(SettingError, match="Negative fills no holes: leave the mask out"):
        sparring.translate(negative, *made, mask=tmp_path / "mask.png")
    with pytest.raises(DataError, match=r"There is no mask .*none\.png"):
        sparring.translate(filler, *made, mask=tmp_path / "none.png")
    with pytest.raises(DataError, match=r"damaged\.png cannot be read as a picture"):
        sparring.translate(filler, *made, mask=tmp_path / "damaged.png")
    assert not (tmp_path / "out.png").exists()


def test_a_folder_is_not_gone_on_with_under_another_mask(filler: Run, tmp_path: Path, pixels: Pixels) -> None:
    (tmp_path / "in").mkdir()
    for number, size in enumerate([(20, 20, 3), (20, 20, 3), (9, 20, 3)]):
        Image.fromarray(pixels(*size)).save(tmp_path / "in" / f"{number}.png")
    for name, value in (("first", 255), ("other", 200)):
        mask_of(20, 20).point(lambda bright, value=value: min(bright, value)).save(tmp_path / f"{name}.png")
    with pytest.raises(DataError, match=r"Left out 1 of 3 pictures, .* The mask has 20 x 20 pixels"):
        sparring.translate(filler, tmp_path / "in", tmp_path / "out", mask=tmp_path / "first.png")
    with pytest.raises(SettingError, match="by another run, or with other options"):
        sparring.translate(filler, tmp_path / "in", tmp_path / "out", mask=tmp_path / "other.png")


@pytest.mark.parametrize("left", [199, 200, 201])
@pytest.mark.parametrize("wide", [3, 9, 60])
def test_nothing_of_a_hole_is_left_in_a_smaller_picture(filler: Run, left: int, wide: int) -> None:
    """However narrow it is: all pixels that are made of its own are filled, and no others are shown of it."""
    picture, hole = np.full((300, 400, 3), 60, np.uint8), np.zeros((300, 400), np.uint8)
    picture[:, left : left + wide], hole[:, left : left + wide] = 255, 255
    seen: list[np.ndarray] = []  # type: ignore[type-arg]
    translation = translation_of(load(filler).game, Image.fromarray(hole), longest=40)
    of_pixels = translation.of_pixels
    translation.of_pixels = lambda pixels: (seen.append(pixels), of_pixels(pixels))[1]  # type: ignore[method-assign,func-returns-value]
    translation(Image.fromarray(picture))
    known = seen[0][..., -1] > 0
    assert not known.all()
    # Of the picture nothing but its own grey, at both sides, is known.
    assert (np.abs(seen[0][..., 0][known].astype(int) - 60) <= 2).all()
    assert known[:, 0].all()
    assert known.mean() > 0.7


@pytest.mark.parametrize("mode", ["P", "1"])
def test_pictures_of_few_colours_are_made_smaller_as_others_are(filler: Run, mode: str) -> None:
    stripes = np.zeros((40, 400), np.uint8)
    stripes[:, ::2] = 255
    translation = translation_of(load(filler).game, Image.new("L", (400, 40)), longest=40)
    made = translation(Image.fromarray(stripes).convert(mode)).convert("L")
    plain = translation(Image.fromarray(stripes)).convert("L")
    assert np.abs(np.asarray(made).astype(int) - np.asarray(plain)).max() <= 1
    assert 100 < np.asarray(made).mean() < 160

"""Sizes of images: what a user may ask for, and how pictures of other shapes come to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import sparring
from sparring.data import Dataset, load_dataset
from sparring.data.resizing import Fit, Frame, brought_to, frame_of
from sparring.data.summary import hints
from sparring.errors import DataError
from sparring.evaluation.runs import _data_of
from sparring.loading import load
from sparring.runs.origins import recorded_dataset

COLUMNS = [0, 0, 100, 100, 200, 200]
"""A picture of three stripes, 6 pixels wide and 2 high."""


@pytest.fixture(params=["npz", "folder"])
def stripes(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The name of data that holds the picture, as each of the two ways of reading images takes it."""
    picture = np.array([COLUMNS, COLUMNS], np.uint8)
    if request.param == "folder":
        Image.fromarray(picture).save(tmp_path / "stripes.png")
        return f"folder:{tmp_path}"
    np.savez(tmp_path / "stripes.npz", images=picture[None])
    return f"npz:{tmp_path / 'stripes.npz'}"


@pytest.mark.parametrize(
    ("size", "fit", "row", "height"),
    [
        ("4x2", "crop", COLUMNS[1:5], 2),
        (2, "crop", COLUMNS[2:4], 2),
        ("4x4", "crop", [100] * 4, 4),
        ("6x5", "pad", COLUMNS, 5),
        ("8x2", "pad", [0, *COLUMNS, 200], 2),
        ("6x4", "stretch", COLUMNS, 4),
    ],
)
def test_how_a_picture_comes_to_a_size(
    stripes: str, size: int | str, fit: Fit, row: list[int], height: int
) -> None:
    (image,) = load_dataset(stripes, size=size, fit=fit).examples.values
    assert image.tolist() == [[row] * height]


def test_what_crop_loses_is_said(tmp_path: Path) -> None:
    for number, size in enumerate([(60, 40), (40, 60), (42, 40), (40, 40)]):
        Image.new("L", size, 100 + number).save(tmp_path / f"{number}.png")
    (hint,) = hints(load_dataset(f"folder:{tmp_path}", size=20))
    assert "a tenth is cut off at the edges of 2 of 4 images" in hint
    assert "--size 20x20 --fit pad" in hint
    assert hints(load_dataset(f"folder:{tmp_path}", size=20, fit="pad")) == []
    assert hints(load_dataset(f"folder:{tmp_path}", size=20, fit="stretch")) == []


def test_what_crop_loses_of_any_images_is_said(stripes: str) -> None:
    (hint,) = hints(load_dataset(stripes, size="4x2"))
    assert "a tenth is cut off at the edges of 1 of 1 image," in hint
    for size, fit in (("6x2", "crop"), ("12x4", "crop"), ("4x2", "pad")):
        assert hints(load_dataset(stripes, size=size, fit=fit)) == []


def test_the_default_is_to_crop(stripes: str) -> None:
    ours, cropped = load_dataset(stripes, size="3x2"), load_dataset(stripes, size="3x2", fit="crop")
    assert ours.fingerprint == cropped.fingerprint
    assert load_dataset(stripes, size="3x2", fit="stretch").fingerprint != ours.fingerprint


@given(*[st.integers(1, 60)] * 4, st.sampled_from(["crop", "pad", "stretch"]))
def test_any_picture_comes_to_any_size(
    width: int, height: int, wanted_width: int, wanted_height: int, fit: Fit
) -> None:
    frame = Frame(wanted_width, wanted_height, fit)
    left, top, right, bottom = frame.kept(width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    images = torch.full((2, 3, height, width), 7, dtype=torch.uint8)
    assert torch.equal(brought_to(frame, images), images.new_full((2, 3, wanted_height, wanted_width), 7))


def test_a_square_is_cropped_from_the_middle() -> None:
    assert Frame(28, 28).kept(101, 40) == (30, 0, 70, 40)
    assert Frame(64, 48).kept(640, 640) == (0, 80, 640, 560)
    assert Frame(64, 48, "pad").resized(100, 100) == (48, 48)
    assert Frame(64, 48, "pad").margins(47, 48) == (8, 9, 0, 0)


@pytest.mark.parametrize("size", ["x", "64x", "x64", "64x48x3", "-4", "4.5", "0x9", "9x0", "64X48", "9x4097"])
def test_no_such_size(size: str) -> None:
    with pytest.raises(DataError, match="is not possible; give one from 1 to 4096, such as 64"):
        frame_of(size)


def test_no_such_fit() -> None:
    with pytest.raises(DataError, match="no fit 'squeeze'; there are crop, pad, stretch"):
        load_dataset("mnist", size=9, fit="squeeze")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="give one as well, such as --size 64x48"):
        load_dataset("mnist", fit="pad")


def test_a_run_keeps_to_its_size(tiny_npz: Path, tmp_path: Path) -> None:
    """Recorded, and the same for all that loads its data again; a run of before there was a choice crops."""
    run = sparring.train(
        "gan", data=f"npz:{tiny_npz}", size="12x9", fit="pad", out=tmp_path / "run", max_steps=2, quiet=True
    )
    data = run.description["data"]
    assert (data["size"], data["fit"], data["spec"]["examples"]["shape"]) == ("12x9", "pad", [1, 9, 12])
    assert load(run).sample(3).examples.shape == (3, 1, 9, 12)
    for again in (recorded_dataset(run), _data_of(run, f"npz:{tiny_npz}")[0]):
        assert again.fingerprint == data["fingerprint"]
    sparring.resume(run, max_steps=3, quiet=True)

    cropped: Dataset = load_dataset(f"npz:{tiny_npz}", size="12x9")
    description = json.loads((run.path / "run.json").read_text())
    del description["data"]["fit"]
    description["data"]["fingerprint"] = cropped.fingerprint
    (run.path / "run.json").write_text(json.dumps(description))
    assert recorded_dataset(sparring.Run.open(run.path)).fingerprint == cropped.fingerprint

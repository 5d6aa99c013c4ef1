"""Alpha: how opaque images are, learnt as a fourth channel where that is asked for."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.data import load_dataset
from sparring.data.kinds import Images
from sparring.data.summary import hints
from sparring.errors import DataError

SIZE = 12


def picture(hidden: tuple[int, int, int] = (255, 0, 0)) -> Image.Image:
    """Blue on the left, half transparent in the middle, nothing on the right, where a colour hides."""
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    pixels[:, :8] = (0, 0, 200, 255)
    pixels[:, 4:8, 3] = 128
    pixels[:, 8:] = (*hidden, 0)
    return Image.fromarray(pixels)


def loaded(folder: Path, **options: Any) -> torch.Tensor:
    return load_dataset(f"folder:{folder}", alpha=True, **{"size": SIZE, **options}).examples.values


def test_what_is_transparent_stays_so(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    image = loaded(tmp_path)[0]
    assert image.shape == (4, SIZE, SIZE)
    assert image[:, 5, [1, 6, 10]].T.tolist() == [[0, 0, 200, 255], [0, 0, 200, 128], [255, 255, 255, 0]]
    assert load_dataset(f"folder:{tmp_path}", size=SIZE).examples.values.shape[1] == 3


def test_a_colour_that_is_not_seen_counts_for_nothing(tmp_path: Path) -> None:
    for name, hidden in (("a", (255, 0, 0)), ("b", (0, 255, 0))):
        (tmp_path / name).mkdir()
        picture(hidden).save(tmp_path / name / "image.png")
    for size in (SIZE, 5, 30):
        first, second = loaded(tmp_path, size=size)
        assert torch.equal(first, second)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_has_four_channels(mode: str, tmp_path: Path) -> None:
    grey = Image.new("L", (SIZE, SIZE), 255)
    (grey if mode == "I;16" else grey.convert(mode)).save(tmp_path / "a.png")
    if mode == "I;16":
        Image.fromarray(np.full((SIZE, SIZE), 65535, np.uint16)).save(tmp_path / "a.png")
    assert (loaded(tmp_path)[0] == 255).all()


@pytest.mark.parametrize("opaque", [255, 128])
def test_colours_are_stretched_whether_or_not_something_is_transparent(opaque: int, tmp_path: Path) -> None:
    """By what is seen of them: neither by the white behind them nor by a hidden colour."""
    pixels = np.full((SIZE, SIZE, 4), (0, 50, 100, opaque), np.uint8)
    pixels[:, 8:] = (200, 200, 200, 0) if opaque < 255 else (0, 50, 100, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.new("RGB", (SIZE, SIZE), (0, 0, 50)).save(tmp_path / "b.png")
    first, second = loaded(tmp_path, stretch=True)
    assert first[:, 5, 1].tolist() == [0, 128, 255, opaque]
    assert first[3, 5, 10] == (255 if opaque == 255 else 0)
    assert second[:, 5, 5].tolist() == [0, 0, 128, 255]


def test_samples_have_it_too(tmp_path: Path, run_here: Callable[..., Any]) -> None:
    photos, run = tmp_path / "photos", tmp_path / "run"
    photos.mkdir()
    for number in range(12):
        picture().save(photos / f"{number}.png")
    small = ("--batch-size", "4", "--generator-width", "4", "--discriminator-width", "4", "--threads", "1")
    done = run_here(
        "train", "--data", f"folder:{photos}", "--alpha", "--max-steps", "2", *small, "--out", run
    )
    assert done.returncode == 0, done.stderr
    assert "12 transparent colour images of 12 x 12" in done.stdout
    for form, mode in (("png", "RGBA"), ("webp", "RGBA"), ("jpg", "RGB")):
        samples = sparring.load(run).sample(3).save(f"{tmp_path}/{form}/", form=form)
        with Image.open(samples[0] / f"00000.{form}") as opened:
            assert opened.mode == mode
    assert sparring.resume(run, max_steps=3, quiet=True).status["step"] == 3


def test_on_white_where_a_format_has_none() -> None:
    value = torch.tensor([0, 0, 200, 128], dtype=torch.uint8).view(4, 1, 1).expand(4, 8, 8)
    with Image.open(io.BytesIO(Images((4, 8, 8)).file(value, "jpg"))) as opened:
        pixel = opened.getpixel((4, 4))
    assert np.abs(np.array(pixel) - (127, 127, 227)).max() <= 3


def test_a_channel_in_which_nothing_is_transparent_is_said_to_be_idle(tmp_path: Path) -> None:
    Image.new("RGB", (SIZE, SIZE), (200, 0, 0)).save(tmp_path / "a.png")
    Image.new("RGB", (SIZE, SIZE), (0, 0, 200)).save(tmp_path / "b.png")
    said = "Nothing is transparent in any image: --no-alpha leaves the fourth channel out."
    assert hints(load_dataset(f"folder:{tmp_path}", size=SIZE, alpha=True)) == [said]
    assert hints(load_dataset(f"folder:{tmp_path}", size=SIZE)) == []
    picture().save(tmp_path / "c.png")
    assert hints(load_dataset(f"folder:{tmp_path}", size=SIZE, alpha=True)) == []


@pytest.mark.parametrize("name", ["mnist", "ring"])
def test_data_that_has_none_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="leave alpha out"):
        load_dataset(name, alpha=True)

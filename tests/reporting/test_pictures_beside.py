"""Pictures beside samples: real examples, nearest training examples, images before and after."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import sparring
from sparring.data.dataset import Dataset, dataset_of
from sparring.evaluation.kin import NEIGHBOURS, kin_picture
from sparring.randomness import Randomness
from sparring.sample_pictures import real_picture
from sparring.zoo import find_system

Pages = Callable[[Path], Any]


def even(*shades: int) -> torch.Tensor:
    """Images of one shade each."""
    return torch.tensor(shades, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 20, 20).contiguous()


def shades(picture: bytes | None, row: int, rows: int) -> list[int]:
    """The shades of the images in a row of a picture, from left to right; 255 is what lies between."""
    assert picture is not None
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    across = pixels[len(pixels) - int((rows - row - 0.5) * (len(pixels) / rows))]
    return [int(shade) for shade, _ in groupby(across) if shade != 255]


def shaded(classes: int = 0) -> Dataset:
    labels = torch.arange(10) % classes if classes else None
    names = tuple(f"class {number}" for number in range(classes))
    return dataset_of("shades", even(0, 10, 20, 30, 40, 50, 60, 70, 80, 90), labels, names)


def test_the_nearest_training_examples_stand_in_order_beside_a_sample() -> None:
    data = shaded()
    picture = kin_picture(dataset_of("made", even(62)).examples, data)
    assert shades(picture, 0, 1) == [62, 60, 70, 50, 80, 40]
    few = kin_picture(dataset_of("made", even(62)).examples, data[:2])
    assert shades(few, 0, 1) == [62, 10, 0]
    assert NEIGHBOURS == 5


def test_points_and_texts_have_no_picture_of_neighbours() -> None:
    points = dataset_of("points", torch.rand(20, 2))
    assert kin_picture(points.examples, points) is None


def test_real_examples_are_taken_evenly_and_stand_in_the_columns_of_their_classes() -> None:
    game = find_system("r3gan")
    settings = game.Settings.of({"generator_width": 4, "discriminator_width": 4}, "the test")
    data = shaded(2).in_range(*game.value_range)
    picture = real_picture(game(settings, data.spec, Randomness(0)), data)
    # Ten rows, and in each the two classes five times: fifty of each class, ten times each example.
    first, last = shades(picture, 0, 10), shades(picture, 9, 10)
    assert first == [0, 10, 0, 10, 0, 10, 0, 10, 0, 10]
    assert last == [80, 90, 80, 90, 80, 90, 80, 90, 80, 90]


def test_real_examples_stand_under_the_name_of_their_own_class_where_one_is_rare() -> None:
    game = find_system("r3gan")
    settings = game.Settings.of({"generator_width": 4, "discriminator_width": 4}, "the test")
    labels = torch.tensor([1] * 9 + [0])
    data = dataset_of("shades", shaded().examples.values, labels, ("rare", "usual"))
    data = data.in_range(*game.value_range)
    picture = real_picture(game(settings, data.spec, Randomness(0)), data)
    assert shades(picture, 0, 10) == [90, 0] * 5
    assert shades(picture, 9, 10) == [90, 80] * 5


def test_a_system_that_shows_real_examples_itself_needs_no_such_picture() -> None:
    game = find_system("acgan")
    data = shaded(2).in_range(*game.value_range)
    assert game.shows_real
    assert real_picture(game(game.Settings.of({}, "the test"), data.spec, Randomness(0)), data) is None


def test_an_evaluation_leaves_the_picture_in_the_run_and_a_report_shows_it(run: Path, page: Pages) -> None:
    sparring.evaluate(run, count=50, quiet=True)
    assert (run / "nearest.png").is_file()
    seen = page(sparring.report(run))
    assert "Nearest training examples" in seen.text
    assert "learned by heart" in seen.text


def test_images_before_and_after_stand_under_a_slider(run: Path, page: Pages) -> None:
    assert "Before and after" not in page(sparring.report(run)).text
    for name in ("before", "after"):
        shutil.copy(run / "samples.png", run / f"{name}.png")
    seen = page(sparring.report(run))
    assert "Before and after" in seen.text
    assert [image["alt"] for image in seen.all("img")][-2:] == ["what was made", "what it was made of"]
    assert seen.all("input")[-1]["max"] == "100"

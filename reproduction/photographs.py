"""Photographs that matplotlib and scikit-learn ship, in parts, beside drawings: no pairs."""

from __future__ import annotations

import matplotlib.cbook
import numpy as np
import torch
from PIL import Image, ImageDraw
from sklearn.datasets import load_sample_image

from sparring.data import Column, Dataset
from sparring.data.kinds import Images

SIDE, COUNT = 64, 400


def photographs_and_drawings() -> Dataset:
    """Parts of two photographs, and drawings of flat shapes with outlines."""
    random = np.random.default_rng(0)
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file, Image.open(file) as image:
        photos = [image.convert("RGB"), Image.fromarray(load_sample_image("flower.jpg"))]
    kind = Images((3, SIDE, SIDE))
    made = [
        [part_of(photos[number % 2], random) for number in range(COUNT)],
        [drawing(random) for _ in range(COUNT)],
    ]
    columns = [
        Column(
            kind,
            torch.from_numpy(np.stack([np.asarray(each) for each in images]))
            .permute(0, 3, 1, 2)
            .contiguous(),
        )
        for images in made
    ]
    parts = {"A": Dataset("photographs", columns[0]), "B": Dataset("drawings", columns[1])}
    return Dataset("photographs and drawings", columns[1], parts=parts)


def part_of(photo: Image.Image, random: np.random.Generator) -> Image.Image:
    """A square of a photograph, somewhere and more or less large."""
    side = int(random.integers(SIDE, 3 * SIDE))
    left, top = (int(random.integers(0, length - side)) for length in photo.size)
    return photo.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def drawing(random: np.random.Generator) -> Image.Image:
    """Shapes of one colour each, with dark outlines, drawn four times as large and made smaller."""
    colour = lambda: tuple(int(value) for value in random.integers(40, 256, 3))  # noqa: E731
    image = Image.new("RGB", (4 * SIDE, 4 * SIDE), colour())
    pencil = ImageDraw.Draw(image)
    for _ in range(6):
        left, top, width, height = (int(value) for value in random.integers(0, 3 * SIDE, 4))
        box = (left, top, left + width + SIDE // 2, top + height + SIDE // 2)
        shape = pencil.ellipse if random.random() < 0.5 else pencil.rectangle
        shape(box, fill=colour(), outline=(20, 20, 30), width=6)
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)

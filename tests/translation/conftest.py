"""What the tests of translation share: a run whose translation is known, its data, pictures of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import sparring
from sparring.runs.folder import Run

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Colour pictures of 16 pixels, each brighter than the last, and negatives of them; half is held out."""
    folder = tmp_path_factory.mktemp("pairs")
    random = np.random.default_rng(0)
    for number in range(48):
        split = "test" if number % 2 else "train"
        pixels = random.integers(number, 100 + number, (16, 16, 3), dtype=np.uint8)
        for letter, image in (("A", pixels), ("B", 255 - pixels)):
            (folder / f"{split}{letter}").mkdir(exist_ok=True)
            Image.fromarray(image).save(folder / f"{split}{letter}" / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def negative(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that makes negatives."""
    return sparring.train(
        f"{HERE / 'negative.py'}:Negative",
        data=f"pairs:{pairs}",
        out=tmp_path_factory.mktemp("runs") / "negative",
        max_steps=1,
        batch_size=10,
        health_every=0,
        threads=1,
        quiet=True,
    )


@pytest.fixture
def pixels() -> Callable[..., NDArray[np.uint8]]:
    """Random pixels of a shape."""
    random = np.random.default_rng(1)
    return lambda *shape: random.integers(0, 256, shape, dtype=np.uint8)

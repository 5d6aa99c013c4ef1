"""Images of every size: each system trains on them, or names the nearest size on which it does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import sparring
from sparring.data.dataset import Dataset, DataSpec, dataset_of
from sparring.data.kinds import Classes, Images
from sparring.errors import DataError, SettingError
from sparring.game import Game
from sparring.model import Model
from sparring.nn.layers import Crop
from sparring.nn.networks import LARGEST_START, SMALLEST_SIDE, beginning
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.training.hints import hints_of_largeness
from sparring.zoo import SYSTEMS, find_system

Make = Callable[..., Engine]
TINY: dict[str, dict[str, Any]] = {
    "gan": {"hidden_size": 4},
    "dcgan-tflearn": {"width": 2},
    "acgan": {"width": 2},
    "dcgan": {"width": 2},
    "wgan": {"width": 2, "n_critic": 1},
    "wgan-gp": {"width": 2, "n_critic": 1},
    "fastgan": {"width": 2, "latent_size": 4},
    "began": {"width": 2, "latent_size": 4},
    "r3gan": {"generator_width": 2, "discriminator_width": 2, "discriminator_units": 4},
    "improved-gan": {"labelled": 3, "width": 2},
    "bad-gan": {"labelled": 3, "width": 2, "density_units": 4, "density_epochs": 1},
    "bayesian-gan": {"width": 2, "generators": 2},
    "pix2pix": {"width": 2, "critic_width": 2},
    "restore": {"width": 2, "critic_width": 2},
    "srgan": {"width": 2, "critic_width": 2, "blocks": 1, "resnet_steps": 1},
    "denoise": {"width": 2, "depth": 3, "critic_width": 2, "noise_width": 2, "noise_steps": 1, "n_critic": 2},
    "cartoon": {"width": 2, "critic_width": 2, "blocks": 1, "content_steps": 1},
    "inpaint": {"width": 2, "critic_width": 2},
    "cyclegan": {"width": 2, "critic_width": 2, "blocks": 1},
}
SIZES = [(8, 8), (9, 9), (29, 29), (45, 30), (64, 48), (8, 70), (100, 100)]
"""Width and height; those of 28 and 32 are in other tests."""
IMAGE_SYSTEMS = [name for name in SYSTEMS if "images" in (find_system(name).needs.examples or ("images",))]
NAMES = ("a", "b", "c")


def images_of(width: int, height: int) -> Dataset:
    generator = torch.Generator().manual_seed(width + height)
    images = torch.randint(0, 256, (9, 1, height, width), generator=generator, dtype=torch.int64).byte()
    return dataset_of("images", images, torch.arange(9) % 3, NAMES)


def built(system: str, width: int, height: int, channels: int = 3) -> Game:
    """A game with the networks of its own widths, of which nothing is in memory."""
    game_class = find_system(system)
    data = spec_of(system, width, height, channels)
    with torch.device("meta"):
        return game_class(game_class.Settings(), data, Randomness(0))


def spec_of(system: str, width: int, height: int, channels: int = 3) -> DataSpec:
    """Data with classes, or with the sources that the system needs."""
    needs = find_system(system).needs
    images = Images((channels, height, width))
    told = images if "images" in needs.condition else Classes(NAMES)
    return DataSpec(images, told, 60_000, {name: DataSpec(images) for name in needs.parts})


@pytest.mark.parametrize("system", TINY)
def test_networks_that_have_grown_with_the_images_are_named(system: str) -> None:
    assert not list(hints_of_largeness(built(system, 28, 28)))
    if system == "gan":
        (hint,) = hints_of_largeness(built(system, 512, 512))
        assert "have 403 million weights with colour images of 512 x 512" in hint
        assert "--size 64" in hint


@pytest.mark.parametrize("system", ["dcgan", "wgan", "wgan-gp"])
@pytest.mark.parametrize("asked", [{"batch_size": 1}, {"batch_size": 3, "microbatches": 2}])
def test_one_vector_at_a_time_is_not_normalised(system: str, asked: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"batch_size is .*needs at least 2 examples at a time"):
        sparring.train(system, data="ring", out=tmp_path / "run", max_steps=1, **asked)
    assert not (tmp_path / "run").exists()


def refusal(system: str, spec: DataSpec) -> str | None:
    """What a system says of data on which it cannot train."""
    try:
        find_system(system).needs.check(system, spec)
    except DataError as error:
        return str(error)
    return None


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("system", IMAGE_SYSTEMS)
def test_trains_or_says_on_what_size_it_does(make_engine: Make, system: str, size: tuple[int, int]) -> None:
    width, height = size
    said = refusal(system, spec_of(system, width, height))
    if said is not None:
        named = re.search(r"use --size (\d+)(?:x(\d+))?\.$", said)
        assert named, said
        width, height = int(named[1]), int(named[2] or named[1])
    engine = make_engine(system, images_of(width, height), batch_size=4, **TINY[system])
    assert all(torch.tensor(value).isfinite() for value in engine.play_round().values())
    told = engine.game.condition(engine.dataset).kind
    samples = Model(engine.game, told, lambda: engine.dataset).sample(2)
    assert samples.examples.shape == (2, 1, height, width)


@pytest.mark.parametrize("system", IMAGE_SYSTEMS)
def test_a_large_size_gives_no_giant_network(system: str) -> None:
    spec = spec_of(system, 250, 250)
    if system in ("acgan", "dcgan-tflearn"):
        assert "and at most" in str(refusal(system, spec))
        return
    for network in built(system, 250, 250).children():
        assert sum(parameter.numel() for parameter in network.parameters()) < 60_000_000


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_where_a_generator_begins(height: int, width: int) -> None:
    rows, columns, doublings = beginning(height, width)
    assert doublings > 0
    assert max(rows, columns) <= LARGEST_START
    # What is made holds the images and, where that has cost nothing, is exactly as large.
    made = (rows << doublings, columns << doublings)
    assert made[0] >= height
    assert made[1] >= width
    halved = (-(-height // (1 << doublings)), -(-width // (1 << doublings)))
    assert (rows, columns) == halved


@pytest.mark.parametrize(
    ("size", "begins"),
    [(8, (4, 4, 1)), (20, (5, 5, 2)), (28, (7, 7, 2)), (32, (4, 4, 3)), (64, (4, 4, 4)), (100, (25, 25, 2)),
     (29, (4, 4, 3)), (250, (4, 4, 6))],
)  # fmt: skip
def test_usual_sizes_begin_with_a_small_square(size: int, begins: tuple[int, int, int]) -> None:
    assert beginning(size, size) == begins
    assert begins[0] >= SMALLEST_SIDE


def test_a_crop_is_central() -> None:
    image = torch.arange(20).view(1, 1, 4, 5)
    assert Crop(2, 3)(image).tolist() == [[[[6, 7, 8], [11, 12, 13]]]]
    assert Crop(4, 5)(image).equal(image)
    assert not list(nn.Sequential(Crop(1, 1)).state_dict())

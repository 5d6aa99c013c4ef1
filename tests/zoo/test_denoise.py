"""`denoise`: where noise is looked for, what the GAN makes of it, and that what it makes is what counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Images
from sparring.errors import DataError
from sparring.nn.denoiser import Denoiser
from sparring.nn.noise_field import NoiseField, strength_of, without_mean
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.translation.degradations import correlated_noise
from sparring.translation.smooth_patches import side_of, smooth_patches

Make = Callable[..., Engine]
SIDE = 16


def stored(images: Tensor) -> Column:
    kind = Images(tuple(images.shape[1:]))
    return Column(kind, kind.decode(images))


def noisy_and_clean(count: int = 200, channels: int = 1) -> Dataset:
    """Plain images of a middle brightness with noise that is alike in neighbours, and plain ones."""
    random = Randomness(5)
    grey = random.uniform(count, channels, 1, 1, low=-0.4, high=0.4).expand(-1, -1, SIDE, SIDE)
    a, b = stored(correlated_noise(grey, random)), stored(grey.flip(0))
    parts = {"A": Dataset("noisy", a), "B": Dataset("clean", b)}
    return Dataset("both", b, parts=parts)


def neighbours(noise: Tensor) -> float:
    """Correlation of a pixel with the next."""
    return ((noise[..., 1:] * noise[..., :-1]).mean() / noise.square().mean()).item()


def test_smooth_patches_are_those_without_edges() -> None:
    random = torch.Generator().manual_seed(0)
    images = 120 + 4 * torch.randn(40, 1, 32, 32, generator=random)
    slopes = 2 + 6 * torch.rand(40, 1, 1, 1, generator=random)
    images[:, :, :, 16:] += torch.arange(16) * slopes
    found = smooth_patches(images.clamp(0, 255).byte(), 8)
    # Of the places along a row that begin at 0, 4, 8 ... 24, three see nothing of it, and some of those vary
    # more than is taken for smooth.
    assert 0.6 * 40 * 7 * 3 < len(found) < 40 * 7 * 3
    assert found.float().std((2, 3)).max() < 5


def test_patches_where_noise_is_cut_off_are_left_aside() -> None:
    images = torch.randint(100, 110, (10, 3, 16, 16), dtype=torch.uint8)
    images[:5] = 255
    assert smooth_patches(images, 8).max() < 110
    images[:] = 0
    with pytest.raises(DataError, match="all patches are mostly black or white"):
        smooth_patches(images, 8)


def test_how_opaque_images_are_is_neither_black_nor_white() -> None:
    images = torch.randint(100, 110, (10, 4, 16, 16), dtype=torch.uint8)
    images[:, 3] = 255
    found = smooth_patches(images, 8)
    assert len(found) > 0
    assert (found[:, 3] == 255).all()
    images[:, :3] = 255
    with pytest.raises(DataError, match="all patches are mostly black or white"):
        smooth_patches(images, 8)


def test_the_side_of_patches() -> None:
    assert [side_of(None, (side, 300)) for side in (8, 28, 64, 256)] == [8, 8, 16, 64]
    assert side_of(20, (28, 28)) == 20
    assert side_of(99, (28, 40)) == 28


def test_fields_are_of_any_size_and_of_mean_0() -> None:
    network, random = NoiseField(3, width=4), Randomness(0)
    for height, width in ((7, 5), (30, 41)):
        made = network(NoiseField.white(2, height, width, random))
        assert made.shape == (2, 3, height, width)
        assert made.mean((2, 3)).abs().max() < 1e-6
    assert strength_of(torch.tensor([3.0, -3.0])).item() == pytest.approx(3)
    assert strength_of(torch.zeros(4)) > 0


def test_before_training_no_noise_is_found() -> None:
    images = torch.rand(2, 3, 9, 7)
    assert torch.equal(Denoiser(3, width=4, depth=4)(images), images)


def test_noise_alone_then_the_denoiser_too(make_engine: Make) -> None:
    engine = make_engine("denoise", noisy_and_clean(), noise_steps=1)
    first, second = (set(engine.play_round()) for _ in range(2))
    assert {"critic/penalty", "generator/wasserstein"} <= first
    assert "denoiser/l2" not in first
    assert {"critic/penalty", "generator/wasserstein", "denoiser/l2"} <= second


def test_the_strength_is_that_of_the_noise(make_engine: Make) -> None:
    game: Any = make_engine("denoise", noisy_and_clean(), noise="white", batch_size=64).game
    # A patch of 8 pixels lacks the part of the noise that is its mean, 4 pi / 64 of the variance; and those
    # that vary no more than about the commonest have some 0.7 of what all have.
    expected = 2 * 25 / 255 * ((1 - torch.pi / 16) * 0.7) ** 0.5
    assert game.strength.item() == pytest.approx(expected, rel=0.1)
    assert game.noise(torch.zeros(64, 1, SIDE, SIDE)).std().item() == pytest.approx(
        game.strength.item(), rel=0.05
    )


def test_losses_are_their_formulas(make_engine: Make) -> None:
    engine = make_engine("denoise", noisy_and_clean(), noise="white", flips=False)
    game: Any = engine.game
    batch = engine.streams["B"].peek()
    game.random.begin("step 1")
    noise = game.strength * game.random.normal(*batch.examples.shape)
    game.random.begin("step 1")
    # Nothing is found yet, so that all of the noise is left.
    assert game.denoiser_loss(batch)["l2"].item() == pytest.approx(noise.square().mean().item(), rel=1e-5)
    game = make_engine("denoise", noisy_and_clean()).game
    patches = without_mean(engine.streams["noise"].peek().examples)
    assert torch.allclose(game.noise_of(engine.streams["noise"].peek()) * game.strength, patches, atol=1e-6)


def test_noise_that_is_alike_in_neighbours_is_learnt(make_engine: Make) -> None:
    settings = {"batch_size": 32, "critic_width": 8, "noise_width": 8, "n_critic": 2, "noise_steps": 1000}
    rates = {"generator_lr": 3e-3, "critic_lr": 3e-3}
    engine = make_engine("denoise", noisy_and_clean(), **settings, **rates)
    game: Any = engine.game
    whole = torch.zeros(64, 1, SIDE, SIDE)
    true = neighbours(without_mean(correlated_noise(whole, Randomness(0))))
    before = abs(neighbours(game.noise(whole)) - true)
    for _ in range(120):
        engine.play_round()
    made = game.noise(whole)
    assert abs(neighbours(made) - true) < 0.5 * before
    assert made.std().item() == pytest.approx(2 * 25 / 255, rel=0.3)


def test_domains_of_different_shape_are_refused(make_engine: Make) -> None:
    data = noisy_and_clean()
    data.parts["A"] = noisy_and_clean(channels=3).parts["A"]  # type: ignore[index]
    with pytest.raises(DataError, match=r"noisy images, A, are colour images .* give both the same channels"):
        make_engine("denoise", data)

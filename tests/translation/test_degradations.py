"""Degradations: what each takes away, and that chance is the run's."""

import pytest
import torch
from torch.nn import functional as F

from sparring.randomness import Randomness
from sparring.translation.degradations import DEGRADATIONS


def spoiled(name: str, images: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return DEGRADATIONS[name].apply(images, Randomness(seed))


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 14), (4, 16, 8)])
def test_images_of_every_shape(name: str, shape: tuple[int, int, int]) -> None:
    images = torch.rand(5, *shape) * 2 - 1
    before = images.clone()
    left = spoiled(name, images)
    assert left.shape == (5, DEGRADATIONS[name].channels(shape[0]), *shape[1:])
    assert left.isfinite().all()
    assert torch.equal(images, before)
    assert torch.equal(left, spoiled(name, images))


@pytest.mark.parametrize("name", ["noise", "correlated noise", "salt and pepper", "hole", "jpeg"])
def test_chance_is_the_runs(name: str) -> None:
    images = torch.rand(20, 1, 16, 16) * 2 - 1
    assert not torch.equal(spoiled(name, images), spoiled(name, images, seed=1))


def test_edges_are_where_the_brightness_changes() -> None:
    images = torch.full((1, 1, 8, 8), -1.0)
    images[..., 4:] = 1.0
    assert spoiled("edges", images)[0, 0, 3].tolist() == [-1, -1, -1, 1, 1, -1, -1, -1]
    assert (spoiled("edges", torch.zeros(1, 1, 8, 8)) == -1).all()


def test_grey_is_the_brightness() -> None:
    green = torch.tensor([-1.0, 1.0, -1.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert spoiled("grey", green).flatten().tolist() == pytest.approx([2 * 0.587 - 1] * 16)


def test_what_is_transparent_is_as_bright_as_it_looks_on_white() -> None:
    for opaque, expected in ((1.0, -1.0), (0.0, 0.0), (-1.0, 1.0)):
        black = torch.tensor([-1.0, -1.0, -1.0, opaque]).view(1, 4, 1, 1).expand(1, 4, 4, 4)
        assert spoiled("grey", black).flatten().tolist() == pytest.approx([expected] * 16)


def neighbours(noise: torch.Tensor) -> float:
    """Correlation of a pixel with the next."""
    return (noise[..., 1:] * noise[..., :-1]).mean().item() / noise.square().mean().item()


def test_both_kinds_of_noise_are_as_strong() -> None:
    images = torch.zeros(30, 1, 32, 32)
    white, correlated = spoiled("noise", images), spoiled("correlated noise", images)
    for noise in (white, correlated):
        assert noise.std().item() == pytest.approx(2 * 25 / 255, rel=0.05)
    assert neighbours(white) == pytest.approx(0, abs=0.03)
    # Of a Gaussian of one pixel it is exp(-1/4), save for what is cut off.
    assert neighbours(correlated) == pytest.approx(0.78, abs=0.03)


def test_salt_and_pepper() -> None:
    left = spoiled("salt and pepper", torch.zeros(10, 3, 40, 40))
    for value in (-1, 1):
        assert (left == value).float().mean().item() == pytest.approx(0.05, abs=0.01)
    assert ((left == left[:, :1]).all(1)).all()


def test_a_hole_is_a_rectangle_of_half_the_sides_anywhere() -> None:
    left = spoiled("hole", torch.ones(400, 2, 8, 12)) == 0
    assert left.flatten(1).sum(1).tolist() == [2 * 4 * 6] * 400
    corners = {tuple(each[0].nonzero()[0].tolist()) for each in left}
    assert corners == {(row, column) for row in range(5) for column in range(7)}


def test_small_keeps_what_a_quarter_holds() -> None:
    images = torch.rand(2, 1, 16, 16) * 2 - 1
    left = spoiled("small", images)
    quarter = F.interpolate(images, (4, 4), mode="bicubic", antialias=True)
    assert torch.allclose(left, F.interpolate(quarter, (16, 16), mode="bicubic").clamp(-1, 1))
    plain = torch.full((1, 1, 16, 16), 0.3)
    assert torch.allclose(spoiled("small", plain), plain, atol=1e-5)


def test_a_jpeg_is_near_but_not_the_same() -> None:
    smooth = torch.linspace(-1, 1, 32).expand(3, 3, 32, 32)
    left = spoiled("jpeg", smooth)
    assert 0 < (left - smooth).abs().mean() < 0.1


@pytest.mark.parametrize("name", ["noise", "correlated noise", "salt and pepper", "hole"])
def test_colours_are_degraded_and_not_how_opaque_they_are(name: str) -> None:
    """What is black must be seen black: where a pixel is replaced it is opaque, and no other is changed."""
    images = torch.rand(4, 4, 16, 16, generator=torch.Generator().manual_seed(0)) - 0.5
    left = spoiled(name, images)
    assert torch.equal(left[:, :3], spoiled(name, images[:, :3]))
    replaced = (left[:, :3] != images[:, :3]).all(1) if name in ("salt and pepper", "hole") else None
    same = left[:, 3] == images[:, 3]
    if replaced is None:
        assert same.all()
    else:
        assert replaced.any()
        assert (left[:, 3][replaced] == 1).all()
        assert same[~replaced].all()

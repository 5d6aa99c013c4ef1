"""`cartoon`: its filter, its superpixels, what each loss is, and that steadiness is learnt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from sparring.data.colours import without_colour
from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Images
from sparring.errors import DataError, SettingError
from sparring.nn.cartoon_unet import CartoonUNet
from sparring.nn.guided_filter import guided_filter
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.translation.colour_shift import SHIFTS
from sparring.translation.edge_smoothing import edge_smoothed
from sparring.translation.steadiness import (
    FARTHEST,
    GRAIN,
    apart_when_moved,
    by_chance,
    known_motions,
)
from sparring.translation.superpixels import superpixels
from sparring.zoo.cartoon import variation

Make = Callable[..., Engine]


def domains(channels: tuple[int, int] = (3, 3), side: int = 20, count: int = 16) -> Dataset:
    """Random photographs, and cartoons of two colours."""
    random = torch.Generator().manual_seed(0)
    parts = {}
    for name, bands in zip("AB", channels, strict=True):
        images = torch.randint(0, 256, (count, bands, side, side), generator=random, dtype=torch.uint8)
        images = images if name == "A" else (images[..., :1, :1].expand_as(images) // 128 * 200).contiguous()
        parts[name] = Dataset(name, Column(Images((bands, side, side)), images))
    return Dataset("both", parts["B"].examples, parts=parts)


def test_the_filter_smooths_and_keeps_edges() -> None:
    plain = torch.full((1, 2, 9, 7), 0.3)
    assert torch.allclose(guided_filter(plain, plain, 2, 0.1), plain, atol=1e-6)
    edge = torch.full((1, 1, 16, 16), -1.0)
    edge[..., 8:] = 1.0
    noise = 0.1 * torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    smoothed = guided_filter(edge + noise, edge + noise, 2, 0.2)
    assert (smoothed - edge)[..., :5].std() < 0.5 * noise[..., :5].std()
    assert (smoothed[..., 8] - smoothed[..., 7]).mean() > 1.0
    # Against a guide that is plain, all that is left is a mean of means.
    assert guided_filter(edge, torch.zeros_like(edge), 1, 0.1)[0, 0, 4, 7].item() == pytest.approx(-1 / 3)


def test_the_filter_is_its_formula_where_a_window_is_the_image() -> None:
    random = torch.Generator().manual_seed(1)
    images, guide = torch.rand(2, 1, 1, 4, 4, generator=random, dtype=torch.float64)
    slope = ((guide * images).mean() - guide.mean() * images.mean()) / (guide.var(correction=0) + 0.1)
    expected = slope * guide + images.mean() - slope * guide.mean()
    assert torch.allclose(guided_filter(images, guide, 4, 0.1), expected)


def test_superpixels_have_one_colour_each() -> None:
    images = torch.full((2, 3, 24, 24), -0.5)
    images[0, :, 6:18, 6:18] = 0.5
    assert torch.equal(superpixels(images), images)
    random = torch.Generator().manual_seed(0)
    noisy = images + 0.05 * torch.randn(2, 3, 24, 24, generator=random)
    regions = superpixels(noisy)
    assert 10 < len(regions[0].flatten(1).T.unique(dim=0)) <= 36
    assert (regions - images).abs().mean() < 0.5 * (noisy - images).abs().mean()
    # The mean of each is that of its pixels, and so is that of all.
    assert torch.allclose(regions.mean((2, 3)), noisy.mean((2, 3)), atol=2e-3)


def test_what_does_not_depend_on_the_place_is_steady() -> None:
    images = torch.rand(3, 1, 20, 16) * 2 - 1
    made = -images
    apart = apart_when_moved(lambda moved: -moved, images, made, (2, -3), Randomness(0))
    # The mean size of a normal number is sqrt(2 / pi) of its deviation.
    assert apart.tolist() == pytest.approx([GRAIN * (2 / torch.pi) ** 0.5] * 3, rel=0.2)
    ramp = torch.linspace(0, 1, 16)
    found = [
        apart_when_moved(lambda moved: moved + ramp, images, images + ramp, motion, Randomness(0)).max()
        for motion in known_motions(images)
    ]
    assert min(found) > FARTHEST / 15 - 3 * GRAIN
    assert max(found) < FARTHEST / 15 + 3 * GRAIN
    drawn = {by_chance(images, Randomness(seed)) for seed in range(40)}
    assert {down for down, _ in drawn} == {across for _, across in drawn} == {*range(-FARTHEST, FARTHEST + 1)}


def test_the_figure_of_steadiness_has_motions_of_its_own(make_engine: Make) -> None:
    """Figures after one epoch and after another are of the same motions."""
    game: Any = make_engine("cartoon", domains(side=16), batch_size=8).game
    photos, found = make_engine("cartoon", domains(side=16), batch_size=8).streams["A"].peek(), []
    for seed in (0, 1):
        with torch.no_grad(), game.random.aside(f"figures at {seed}"):
            found.append(game.figures()["warping error"].measure(photos).mean().item())
    assert found[0] == pytest.approx(found[1], rel=0.05)


@pytest.mark.parametrize("size", [(16, 16), (21, 34)])
def test_networks_take_any_size(size: tuple[int, int]) -> None:
    assert CartoonUNet(4, width=4, blocks=1)(torch.rand(2, 4, *size)).shape == (2, 4, *size)


def test_variation_is_its_formula() -> None:
    images = torch.tensor([[0.0, 1.0], [3.0, 1.0]]).view(1, 1, 2, 2)
    assert variation(images).item() == pytest.approx((9 + 0) / 2 + (1 + 4) / 2)


def test_textures_weigh_colours_alike_in_both_batches(make_engine: Make) -> None:
    game: Any = make_engine("cartoon", domains()).game
    colours = torch.eye(3).view(3, 3, 1, 1)
    made, cartoon = zip(*(game.textures(colours, colours) for _ in range(200)), strict=True)
    assert torch.equal(torch.stack(made), torch.stack(cartoon))
    means = torch.stack(made).flatten(1).mean(0)
    expected = torch.tensor([sum(ends) / 2 for ends in SHIFTS])
    assert torch.allclose(means, expected / expected.sum(), atol=0.02)
    grey: Any = make_engine("cartoon", domains((1, 1))).game
    assert torch.equal(grey.textures(colours[:, :1], colours[:, :1])[0], colours[:, :1])


def test_content_first_then_all(make_engine: Make) -> None:
    engine = make_engine("cartoon", domains(), content_steps=1, batch_size=4)
    first, second = (set(engine.play_round()) for _ in range(2))
    assert {name for name in first if name.startswith("generator/")} >= {"generator/content"}
    assert not any(name.startswith("discriminator/") for name in first)
    wanted = ("structure", "content", "variation", "steadiness", "adversarial surface", "adversarial texture")
    assert {f"generator/{name}" for name in wanted} <= second
    assert {"discriminator/real surface", "discriminator/fake texture"} <= second
    without = make_engine("cartoon", domains(), content_steps=1, batch_size=4, steadiness_weight=0.0)
    without.play_round()
    assert "generator/steadiness" not in without.play_round()


def test_losses_are_their_formulas(make_engine: Make) -> None:
    settings = {
        "jitter": 0.0,
        "flips": False,
        "batch_size": 4,
        "structure_weight": 3.0,
        "content_weight": 7.0,
    }
    engine = make_engine("cartoon", domains(), texture_weight=0.5, **settings)
    game: Any = engine.game
    photos, cartoons = engine.streams["A"].peek(), engine.streams["B"].peek()
    photo, made = photos.examples, game.cartoon_of(photos.examples)
    terms = game.generator_loss(photos, cartoons)
    assert terms["structure"].item() == pytest.approx(
        3 * (made - superpixels(made)).abs().mean().item(), rel=1e-4
    )
    content = (game.surface(made) - game.surface(photo)).abs().mean().item()
    assert terms["content"].item() == pytest.approx(7 * content, rel=1e-4)
    game.eval()  # Singular vectors stay as they are.
    terms = game.generator_loss(photos, cartoons)
    said: Tensor = game.critics["surface"](game.surface(made))
    assert terms["adversarial surface"].item() == pytest.approx(
        0.1 * (said - 1).square().mean().item(), rel=1e-4
    )


def test_steadiness_is_learnt(make_engine: Make) -> None:
    found = {}
    for weight in (0.0, 20.0):
        settings = {"steadiness_weight": weight, "content_steps": 1, "batch_size": 8, "generator_lr": 3e-3}
        engine = make_engine("cartoon", domains(side=16), **settings)
        for _ in range(40):
            engine.play_round()
        game: Any = engine.game
        figure = game.figures()["warping error"]
        with torch.no_grad(), game.random.aside("warping"):
            found[weight] = figure.measure(engine.streams["A"].peek()).mean().item()
    assert found[20.0] < 0.7 * found[0.0]


def stripes(count: int = 16, side: int = 16) -> Dataset:
    """Random photographs, and cartoons with yellow stripes."""
    cartoons = torch.zeros(count, 3, side, side, dtype=torch.uint8)
    for number, image in enumerate(cartoons):
        image[:2, :, (torch.arange(side) + number) // 4 % 2 == 0] = 250
    drawn = Column(Images((3, side, side)), cartoons)
    photos = domains(side=side, count=count).parts["A"]
    return Dataset("both", drawn, parts={"A": photos, "B": Dataset("drawn", drawn)})


@pytest.mark.parametrize(
    ("option", "way", "spoil"),
    [("grey_weight", "surface", without_colour), ("smoothed_weight", "texture", edge_smoothed)],
)
def test_a_critic_tells_cartoons_from_spoilt_ones(
    make_engine: Make, option: str, way: str, spoil: Callable[[Tensor], Tensor]
) -> None:
    gaps = []
    for weight in (0.0, 1.0):
        settings = {option: weight, "content_steps": 1, "steadiness_weight": 0.0, "discriminator_lr": 3e-3}
        engine = make_engine("cartoon", stripes(), batch_size=8, flips=False, jitter=0.0, **settings)
        for _ in range(30):
            terms = engine.play_round()
        assert (f"discriminator/spoilt {way}" in terms) == bool(weight)
        game: Any = engine.game
        cartoon = engine.streams["B"].peek().examples
        see = next(each.see for each in game.ways() if each.name == way)
        with torch.no_grad():
            said = [game.critics[way](seen).mean().item() for seen in see(spoil(cartoon), cartoon)]
        gaps.append(said[1] - said[0])
    assert gaps[1] > gaps[0] + 0.1


def test_without_colours_none_are_taken(make_engine: Make) -> None:
    assert without_colour(torch.tensor([1.0, 0.0, 0.0, 0.5]).view(1, 4, 1, 1)).flatten().tolist() == (
        pytest.approx([0.299] * 3 + [0.5])
    )
    with pytest.raises(SettingError, match=r"grey_weight is 1, .* these images are grey: leave it out"):
        make_engine("cartoon", domains((1, 1)), grey_weight=1.0)


def test_edges_alone_are_smoothed() -> None:
    images = torch.full((1, 4, 12, 20), -0.5)
    images[:, 0, :, 10:] = 1.0
    smoothed = edge_smoothed(images)
    assert torch.equal(smoothed[:, 1:], images[:, 1:]) or torch.allclose(smoothed[:, 1:], images[:, 1:])
    assert torch.equal(smoothed[..., :7], images[..., :7])
    assert torch.equal(smoothed[..., 13:], images[..., 13:])
    steps = smoothed[0, 0, 5].diff()
    assert steps.max() < 0.5 * 1.5
    assert (steps >= -1e-6).all()


def test_domains_of_different_shape_are_refused(make_engine: Make) -> None:
    with pytest.raises(DataError, match=r"photographs, A, are colour images .* cartoons, B, grey images"):
        make_engine("cartoon", domains((3, 1)))


@pytest.mark.parametrize("system", ["cartoon", "cyclegan"])
def test_domains_of_different_length(make_engine: Make, system: str) -> None:
    """Where one deals its last, smaller batch, the other is compared with as many."""
    data = domains()
    longer = domains(count=21).parts["B"]
    parts = {"A": data.parts["A"], "B": longer}
    settings = {"content_steps": 1} if system == "cartoon" else {}
    engine = make_engine(
        system, Dataset("", longer.examples, parts=parts), batch_size=8, objective="relativistic", **settings
    )
    for _ in range(4):
        assert all(torch.tensor(value).isfinite() for value in engine.play_round().values())

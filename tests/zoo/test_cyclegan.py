"""CycleGAN: its losses in closed form, its pools, both directions, what it says of held-out images."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Images
from sparring.errors import DataError, SettingError
from sparring.figures import game_figures
from sparring.nn.image_pool import ImagePool
from sparring.nn.resnet import ResidualGenerator
from sparring.objectives import HINGE
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.sample_pictures import sample_pictures
from sparring.settings import Limit
from sparring.sheet import GAP, enlargement
from sparring.training.engine import Engine
from sparring.training.precision import Precision
from sparring.zoo.cyclegan import CycleGAN

CPU = torch.device("cpu")
STILL = {"jitter": 0.0, "flips": False}


def column(count: int, channels: int, seed: int) -> Column:
    random = torch.Generator().manual_seed(seed)
    values = torch.randint(0, 256, (count, channels, 16, 16), generator=random, dtype=torch.uint8)
    return Column(Images((channels, 16, 16)), values)


def two_domains(a: int = 3, b: int = 3, paired: bool = False) -> Dataset:
    """Ten images of A and eight of B, with as many channels as are asked for; six of each are held out."""

    def of(count_a: int, count_b: int, seed: int) -> Dataset:
        domain_a, domain_b = column(count_a, a, seed), column(count_b, b, seed + 1)
        whole = Dataset("two", domain_b, domain_a) if paired else Dataset("two", domain_b)
        return replace(whole, parts={"A": Dataset("a", domain_a), "B": Dataset("b", domain_b)})

    return replace(of(8 if paired else 10, 8, 0), held_out=of(6, 6, 10))


@pytest.fixture
def engine() -> Callable[..., Engine]:
    def make(dataset: Dataset | None = None, **settings: Any) -> Engine:
        small = {"batch_size": 4, "width": 4, "critic_width": 4, "blocks": 1, **STILL}
        values = CycleGAN.Settings.of(small | settings, "the test")
        return Engine(CycleGAN, values, dataset or two_domains(), 20, 0, Processes(CPU))

    return make


def test_the_losses_are_those_of_the_paper(engine: Callable[..., Engine]) -> None:
    playing = engine(cycle_weight=7.0, identity_weight=0.25)
    game = playing.game
    a, b = (playing.streams[name].peek() for name in "AB")
    to_a, to_b = game.generators["A"], game.generators["B"]
    terms = {name: term.item() for name, term in game.generator_loss(a, b).items()}
    fake = to_b(a.examples)
    assert terms["adversarial B"] == pytest.approx(
        ((game.critics["B"](fake) - 1) ** 2).mean().item(), rel=1e-5
    )
    assert terms["cycle A"] == pytest.approx(7 * F.l1_loss(to_a(fake), a.examples).item(), rel=1e-5)
    assert terms["cycle B"] == pytest.approx(
        7 * F.l1_loss(to_b(to_a(b.examples)), b.examples).item(), rel=1e-5
    )
    assert terms["identity A"] == pytest.approx(
        0.25 * 7 * F.l1_loss(to_a(a.examples), a.examples).item(), rel=1e-5
    )
    assert len(terms) == 6
    # The pools are empty, so the critics see what was just made; half of each cost counts.
    terms = {name: term.item() for name, term in game.discriminator_loss(a, b).items()}
    assert terms["fake B"] == pytest.approx((game.critics["B"](fake) ** 2).mean().item() / 2, rel=1e-5)
    real = game.critics["A"](a.examples)
    assert terms["real A"] == pytest.approx(((real - 1) ** 2).mean().item() / 2, rel=1e-5)


def test_critics_are_shown_what_the_generators_had_made(engine: Callable[..., Engine]) -> None:
    """Of the same cut of the images, before the generators moved; other images are made anew."""
    playing = engine(jitter=0.5, flips=True)
    game = playing.game
    batches = tuple(playing.streams[name].next_batch() for name in "AB")
    game.generator_loss(*batches)
    real, made = game.made_before.of(game.step, batches)
    expected = {name: images.clone() for name, images in made.items()}
    with torch.no_grad():
        for weight in game.generators.parameters():
            weight.mul_(1.5)
    game.discriminator_loss(*batches)
    for there in "AB":
        pool = game.pools[there]
        shown = pool.images[pool.used]
        assert all(any(torch.equal(image, other) for other in expected[there]) for image in shown)
        assert torch.equal(game.made_before.of(game.step, batches)[0][there], real[there])
    others = tuple(playing.streams[name].next_batch() for name in "AB")
    assert game.made_before.of(game.step, others) is None
    assert game.made_before.of(game.step + 1, batches) is None, "made in another round"
    assert game.discriminator_loss(*others)["fake A"].isfinite()


@pytest.mark.parametrize(("a", "b"), [(24, 8), (8, 24)])
def test_an_epoch_deals_every_image_of_the_larger_domain(
    engine: Callable[..., Engine], a: int, b: int
) -> None:
    parts = {name: Dataset(name, column(count, 3, 0)) for name, count in (("A", a), ("B", b))}
    playing = engine(Dataset("two", parts["B"].examples, parts=parts))
    assert playing.course.steps_of(Limit(epochs=2)) == 2 * 24 // 4
    assert [playing.course.ends_epoch(step) for step in range(1, 7)] == [False] * 5 + [True]


def test_parts_of_a_batch_find_what_was_made_of_them(
    engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_anew: list[int] = []
    monkeypatch.setattr(CycleGAN, "made_anew", lambda self, a, b: made_anew.append(len(a)))
    values = CycleGAN.Settings.of({"batch_size": 4, "width": 4, "critic_width": 4, "blocks": 1}, "the test")
    playing = Engine(CycleGAN, values, two_domains(), 20, 0, Processes(CPU), microbatches=2)
    for _ in range(3):
        playing.play_round()
    assert not made_anew


def test_only_least_squares_are_weighted(engine: Callable[..., Engine]) -> None:
    assert engine(objective="hinge").game.objective is HINGE


def test_no_gradient_of_a_generator_comes_of_a_critics_turn(engine: Callable[..., Engine]) -> None:
    playing = engine()
    assert {name: len(player.members) > 0 for name, player in playing.players.items()} == {
        "generator": True,
        "discriminator": True,
    }
    for name, network in (("generator", playing.game.generators), ("discriminator", playing.game.critics)):
        assert playing.players[name].members == {id(weight) for weight in network.parameters()}


@pytest.mark.parametrize(("weight", "channels", "there"), [(0.5, 3, True), (0.0, 3, False), (0.5, 1, False)])
def test_identity(engine: Callable[..., Engine], weight: float, channels: int, there: bool) -> None:
    """It is only between domains of as many channels."""
    values = engine(two_domains(a=channels), identity_weight=weight).play_round()
    assert ("generator/identity A" in values) is there


def test_rates_fall_over_the_second_half(engine: Callable[..., Engine]) -> None:
    playing = engine()
    rates = []
    for _ in range(20):
        playing.play_round()
        rates.append(playing.players["generator"].optimizer.param_groups[0]["lr"])
    assert rates[:10] == pytest.approx([2e-4] * 10)
    assert rates[15] == pytest.approx(1e-4, rel=0.01)


class TestPool:
    def test_it_shows_half_of_what_came_before(self) -> None:
        pool, random = ImagePool(50, (1,)), Randomness(0)
        shown: list[Tensor] = []
        for start in range(0, 4000, 4):
            shown.append(pool.swap(torch.arange(start, start + 4).float().view(4, 1), random))
        new = torch.arange(4000).view(-1, 4)
        same = (torch.stack(shown).squeeze(2) == new)[250:]
        assert same.float().mean().item() == pytest.approx(0.5, abs=0.04)
        # What is exchanged has waited for about 100 images: 50 places, each taken every second time.
        ages = (new[250:] - torch.stack(shown).squeeze(2)[250:])[~same]
        assert ages.min() > 0
        assert ages.mean().item() == pytest.approx(100, rel=0.15)

    def test_it_takes_what_comes_first_as_it_is(self) -> None:
        pool = ImagePool(6, (1, 2, 2))
        first = torch.rand(6, 1, 2, 2)
        assert torch.equal(pool.swap(first, Randomness(0)), first)
        assert torch.equal(pool.images.flatten(1).sum(1).sort().values, first.flatten(1).sum(1).sort().values)
        assert pool.used.all()

    def test_none(self) -> None:
        made = torch.rand(3, 1, 2, 2)
        assert ImagePool(0, (1, 2, 2)).swap(made, Randomness(0)) is made

    def test_smaller_than_a_batch(self, engine: Callable[..., Engine]) -> None:
        with pytest.raises(SettingError, match="pool is 3 and a batch has 4: give a pool of at least"):
            engine(pool=3)


def test_both_directions(engine: Callable[..., Engine]) -> None:
    game = engine(two_domains(a=1, b=3)).game.eval()
    grey, colour = torch.rand(2, 1, 16, 16), torch.rand(2, 3, 16, 16)
    nothing = game.latent(2, Randomness(0))
    assert torch.equal(game.translate(nothing, grey, "AtoB"), game.generators["B"](grey))
    assert torch.equal(game.translate(nothing, colour, "BtoA"), game.generators["A"](colour))
    assert [kind.shape[0] for kind in game.kinds("AtoB")] == [1, 3]
    assert [kind.shape[0] for kind in game.kinds("BtoA")] == [3, 1]


@pytest.mark.parametrize("paired", [True, False])
def test_figures_of_held_out_images(engine: Callable[..., Engine], paired: bool) -> None:
    playing = engine(two_domains(paired=paired))
    found = game_figures(playing.game, playing.dataset, CPU)
    own = {"cycle error of A", "cycle error of B"}
    assert found.keys() == own | (
        {f"{name}{of}" for name in ("PSNR", "SSIM", "feature distance") for of in ("", " of the input")}
        if paired
        else set()
    )
    assert all(values.shape == (6,) for values in found.values())
    # Generators that change nothing bring all images back as they were.
    playing.game.generators = nn.ModuleDict({"A": nn.Identity(), "B": nn.Identity()})
    found = game_figures(playing.game, playing.dataset, CPU)
    assert found["cycle error of A"].abs().max() < 1e-6
    if paired:
        assert torch.equal(found["PSNR"], found["PSNR of the input"])


@pytest.mark.parametrize("paired", [True, False])
def test_the_picture_shows_targets_only_where_there_are_any(
    engine: Callable[..., Engine], paired: bool
) -> None:
    playing = engine(two_domains(paired=paired))
    picture = sample_pictures(playing.game, playing.dataset, seed=0, epoch=1.0)["samples"]
    columns = CycleGAN.grid[1] * (4 if paired else 3) - 1
    side = 16 * enlargement(columns, 16) + GAP
    assert Image.open(io.BytesIO(picture)).width == columns * side - GAP


def test_the_cycle_error_is_of_each_domains_own_images(engine: Callable[..., Engine]) -> None:
    playing = engine()
    playing.game.generators = nn.ModuleDict({"A": Black(), "B": Black()})
    found = game_figures(playing.game, playing.dataset, CPU)
    for domain in "AB":
        held_out = playing.dataset.held_out.parts[domain].examples.values
        expected = held_out.flatten(1).float().mean(1) / 255
        assert found[f"cycle error of {domain}"].tolist() == pytest.approx(expected.tolist(), abs=1e-5)


class Black(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return torch.full_like(images, -1.0)


@pytest.mark.parametrize("size", [(16, 16), (9, 22), (30, 45)])
def test_images_of_any_size(size: tuple[int, int]) -> None:
    made = ResidualGenerator(1, 3, blocks=1, width=2)(torch.rand(2, 1, *size))
    assert made.shape == (2, 3, *size)
    assert made.abs().max() <= 1


def test_the_papers_generator() -> None:
    """With 9 blocks it has as many weights as in the authors' code."""
    with torch.device("meta"):
        network = ResidualGenerator(3, 3, blocks=9)
    assert sum(weight.numel() for weight in network.parameters()) == 11_378_179


def test_it_needs_two_domains(make_dataset: Callable[..., Dataset]) -> None:
    settings = CycleGAN.Settings()
    with pytest.raises(DataError, match=r"needs data with the parts A and B; .*: use unpaired:PATH"):
        Engine(CycleGAN, settings, make_dataset(), 20, 0, Processes(CPU))


def test_slopes_of_critics_are_penalised_beside_half_precision() -> None:
    values = CycleGAN.Settings.of(
        {"batch_size": 4, "width": 4, "critic_width": 4, "blocks": 1, "r1": 1.0}, "the test"
    )
    playing = Engine(CycleGAN, values, two_domains(), 20, 0, Processes(CPU), Precision("bf16"))
    assert playing.play_round()["discriminator/loss"] > 0

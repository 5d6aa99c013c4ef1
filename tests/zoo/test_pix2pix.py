"""pix2pix: losses in closed form, its noise, its ablations, the field of its critic, sizes of networks."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from sparring.data.dataset import Column, Dataset, even_places
from sparring.data.kinds import Images
from sparring.errors import DataError, SettingError
from sparring.game import Role
from sparring.nn.patch_critic import FIELDS, PatchCritic, receptive_field
from sparring.nn.unet import UNet
from sparring.randomness import Randomness
from sparring.sample_pictures import sample_pictures
from sparring.sheet import GAP, enlargement
from sparring.training.engine import Engine
from sparring.zoo.pix2pix import Pix2Pix

Make = Callable[..., Engine]
STILL = {"jitter": 0.0, "flips": False}


def pairs(count: int = 12, size: tuple[int, int] = (20, 20), sources: int = 1) -> Dataset:
    """Colour images, each made of one of another number of channels."""
    random = torch.Generator().manual_seed(0)

    def column(channels: int) -> Column:
        values = torch.randint(0, 256, (count, channels, *size), generator=random, dtype=torch.uint8)
        return Column(Images((channels, *size)), values)

    return Dataset("pairs", column(3), column(sources))


@pytest.fixture
def engine(make_engine: Make) -> Callable[..., Engine]:
    def make(dataset: Dataset | None = None, **settings: Any) -> Engine:
        from sparring.processes import Processes

        small = {"batch_size": 6, "width": 4, "critic_width": 4, **STILL}
        values = Pix2Pix.Settings.of(small | settings, "the test")
        return Engine(Pix2Pix, values, dataset or pairs(), 10, 0, Processes(torch.device("cpu")))

    return make


@pytest.mark.parametrize("told", [True, False])
def test_the_losses_are_those_of_the_paper(engine: Callable[..., Engine], told: bool) -> None:
    game = engine(told=told, l1_weight=7.0, adversarial_weight=0.5).game
    batch = engine().streams["real"].peek()
    source = (batch.condition,) if told else ()
    game.random.begin("a")
    terms = game.generator_loss(batch)
    game.random.begin("a")
    made = game.generator(batch.condition, game.random.uniform(6, game.noise_size, low=0.0))
    said = game.discriminator(made, *source)
    assert terms["adversarial"].item() == pytest.approx(0.5 * -F.logsigmoid(said).mean().item(), rel=1e-5)
    assert terms["l1"].item() == pytest.approx(7 * (made - batch.examples).abs().mean().item(), rel=1e-5)
    game.random.begin("a")
    terms = game.discriminator_loss(batch)
    real = game.discriminator(batch.examples, *source)
    assert terms["real"].item() == pytest.approx(-F.logsigmoid(real).mean().item() / 2, rel=1e-5)
    assert terms["fake"].item() == pytest.approx(-F.logsigmoid(-said).mean().item() / 2, rel=1e-5)


def test_dropout_is_the_noise_in_use_as_well(engine: Callable[..., Engine]) -> None:
    game = engine().game.eval()
    source = torch.rand(2, 1, 20, 20) * 2 - 1
    first, second = (game.latent(2, Randomness(seed)) for seed in (0, 1))
    assert torch.equal(game.sample(first, source), game.sample(first, source))
    assert not torch.equal(game.sample(first, source), game.sample(second, source))
    # What is left is scaled so that its mean stays.
    kept = torch.cat([part.flatten() for part in game.generator._kept(torch.rand(50, game.noise_size))])
    assert set(kept.tolist()) == {0.0, 2.0}
    assert kept.mean().item() == pytest.approx(1, abs=0.05)
    assert engine(dropout=0.0).game.latent(3, Randomness(0)).shape == (3, 0)


def test_l1_alone_has_no_critic(engine: Callable[..., Engine]) -> None:
    alone = engine(adversarial_weight=0.0)
    assert list(alone.players) == ["generator"]
    assert [role for role, _ in alone.game.networks] == [Role.GENERATOR]
    values = alone.play_round()
    assert values["generator/loss"] == values["generator/l1"]


def test_without_skips_nothing_passes_but_the_smallest_size(engine: Callable[..., Engine]) -> None:
    """Of an encoder-decoder only the code can tell two sources apart; of a U-Net all sizes do."""
    source, zeros = torch.rand(2, 1, 16, 16), torch.zeros(2, 0)
    for skips, alike in ((False, True), (True, False)):
        network = UNet(1, 1, (16, 16), width=4, dropout=0.0, skips=skips)
        network.down[-1].register_forward_hook(lambda layer, given, code: torch.zeros_like(code))
        first, second = network(source, zeros)
        assert torch.equal(first, second) is alike


@pytest.mark.parametrize("size", [(20, 20), (28, 28), (45, 30), (8, 70), (100, 36)])
def test_images_of_any_size(size: tuple[int, int]) -> None:
    network = UNet(1, 3, size, width=2)
    made = network(torch.rand(2, 1, *size), torch.rand(2, network.noise_size))
    assert made.shape == (2, 3, *size)
    assert made.abs().max() <= 1


def test_the_papers_networks() -> None:
    """At 256 pixels there are as many weights as in the authors' code, save where biases are."""
    with torch.device("meta"):
        network = UNet(3, 3, (256, 256))
        critic = PatchCritic(6, field=70, norm=nn.BatchNorm2d)
    assert network.channels == [64, 128, 256, 512, 512, 512, 512, 512]
    count = sum(weight.numel() for name, weight in network.named_parameters())
    assert count == 54_414_531
    assert network.noise_size == 512 * (2 * 2 + 4 * 4 + 8 * 8)
    image = torch.zeros(1, 3, 256, 256, device="meta")
    assert critic(image, image).shape == (1, 1, 30, 30)


@pytest.mark.parametrize("field", FIELDS)
def test_a_logit_depends_on_a_patch_of_its_field(field: int) -> None:
    critic = PatchCritic(1, field=field, width=1, norm=nn.Identity)
    for weight in critic.parameters():
        nn.init.constant_(weight, 0.1)
    image = torch.ones(1, 1, 321, 321, requires_grad=True)
    logits = critic(image)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    for axis in (2, 3):
        touched = image.grad.abs().sum(dim=[side for side in range(4) if side != axis]).nonzero().flatten()
        assert touched[-1] - touched[0] + 1 == field


@pytest.mark.parametrize(("side", "field"), [(256, 70), (128, 70), (64, 34), (48, 34), (28, 16), (8, 16)])
def test_the_field_suits_the_size(side: int, field: int) -> None:
    assert receptive_field(None, (side, 2 * side)) == field
    critic = PatchCritic(1, field=field, width=1, norm=lambda channels: nn.InstanceNorm2d(channels))
    assert critic(torch.rand(1, 1, side, side)).isfinite().all()


def test_what_is_refused(engine: Callable[..., Engine], make_dataset: Callable[..., Dataset]) -> None:
    with pytest.raises(SettingError, match="no receptive field of 33 pixels; there are 1, 16, 34, 70"):
        engine(receptive_field=33)
    with pytest.raises(SettingError, match=r"70 pixels needs images of at least 24 pixels .* side of 20"):
        engine(receptive_field=70)
    with pytest.raises(
        DataError, match=r"needs images for every example and this data has .*: use pairs:PATH"
    ):
        engine(make_dataset())


def test_the_picture_shows_source_output_and_target_side_by_side(engine: Callable[..., Engine]) -> None:
    playing = engine(pairs(count=40))
    pictures = sample_pictures(playing.game, playing.dataset, seed=0, epoch=1.0)
    assert pictures.keys() == {"samples", "before", "after"}
    picture = pictures["samples"]
    pixels = np.asarray(Image.open(io.BytesIO(picture)))
    rows, columns = Pix2Pix.grid
    factor = enlargement(4 * columns - 1, 20)
    side = 20 * factor + GAP
    assert pixels.shape == (rows * side - GAP, (4 * columns - 1) * side - GAP, 3)
    # Of 40 pairs as many as fit, evenly.
    places = even_places(40, rows * columns).tolist()
    for row in range(rows):
        for column in range(columns):
            place = places[row * columns + column]
            source, target = (
                pixels[side * row : side * (row + 1) - GAP : factor, left : left + side - GAP : factor]
                for left in (4 * side * column, side * (4 * column + 2))
            )
            assert np.array_equal(source[..., 0], playing.dataset.condition.values[place, 0].numpy())
            assert np.array_equal(target.transpose(2, 0, 1), playing.dataset.examples.values[place].numpy())
    assert (pixels[:, 3 * side : 4 * side] == 255).all()

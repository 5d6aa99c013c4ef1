"""The survey's three systems are what their listings say, number for number."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import sparring
from sparring.data.dataset import Batch, Dataset, dataset_of
from sparring.errors import DataError, SettingError
from sparring.game import Game
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.sheet import GAP, enlargement
from sparring.training.building import build_game
from sparring.training.engine import Engine
from sparring.training.player import ActivePlayer
from sparring.zoo import find_system

SYSTEMS = ("gan", "dcgan-tflearn", "acgan")
Make = Callable[..., Engine]


def build(system: str, channels: int = 1, size: int = 28, classes: int = 10, **settings: Any) -> Game:
    game_class = find_system(system)
    examples = torch.zeros(100, channels, size, size, dtype=torch.uint8)
    labels = torch.arange(100) % classes if classes else None
    data = dataset_of("images", examples, labels, tuple(map(str, range(classes))))
    values = game_class.Settings.of(settings, "the test")
    return build_game(game_class, values, data, 0, Processes(torch.device("cpu")))


def keras_cross_entropy(probability: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Keras's weighted binary cross-entropy: each example's loss times its weight, averaged over all."""
    each = -(target * probability.log() + (1 - target) * (1 - probability).log())
    return (each * weight).mean()


def keras_sparse_cross_entropy(logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    """Keras 2's weighted sparse categorical cross-entropy of a softmax: what is weighted 0 does not count."""
    each = -logits.softmax(dim=1)[torch.arange(len(labels)), labels].log()
    return (each * weight).mean() / (weight != 0).float().mean()


# -- losses ------------------------------------------------------------------------------------------------


def test_gan_losses_are_the_listing_formulas(make_engine: Make, deal: Callable[[Engine], Batch]) -> None:
    engine = make_engine("gan")
    game, batch = engine.game.double(), deal(engine)
    batch = Batch(batch.examples.double(), batch.condition, batch.indices)
    game.noise._table = Randomness(5).uniform(50, 200).double()
    fake = game.generator(game.noise[batch.indices])
    real_probability = game.discriminator(batch.examples).sigmoid()
    fake_probability = game.discriminator(fake).sigmoid()
    discriminator = sum(game.discriminator_loss(batch).values())
    expected = -(real_probability.log() + (1.0 - fake_probability).log()).mean()
    torch.testing.assert_close(discriminator, expected)
    generator = sum(game.generator_loss(batch).values())
    torch.testing.assert_close(generator, -fake_probability.log().mean())


def test_dcgan_losses_are_categorical_cross_entropy(
    make_engine: Make, deal: Callable[[Engine], Batch]
) -> None:
    engine = make_engine("dcgan-tflearn")
    game, batch = engine.game, deal(engine)
    count = len(batch)

    def categorical(images: Tensor, targets: Tensor) -> Tensor:
        probabilities = game.discriminator(images).softmax(dim=1)
        return -(targets * probabilities.log()).sum(dim=1).mean()

    fake = game.generator(game.noise["discriminator"][batch.indices])
    targets = torch.tensor([[1.0, 0.0]] * count + [[0.0, 1.0]] * count)
    (loss,) = game.discriminator_loss(batch).values()
    torch.testing.assert_close(loss, categorical(torch.cat([fake, batch.examples]), targets))
    fake = game.generator(game.noise["generator"][batch.indices])
    (loss,) = game.generator_loss(batch).values()
    torch.testing.assert_close(loss, categorical(fake, torch.tensor([[0.0, 1.0]] * count)))


class TestACGANLosses:
    """Each loss beside the listing's own computation, on the same noise and without dropout's chance."""

    @pytest.fixture
    def setting(self, make_engine: Make, deal: Callable[[Engine], Batch]) -> tuple[Any, Batch]:
        engine = make_engine("acgan", dropout=0.0)
        return engine.game, deal(engine)

    @staticmethod
    def drawn(game: Any, count: int) -> tuple[Tensor, Tensor]:
        """The noise and labels that the game will draw next."""
        state = game.random.generator.get_state()
        latent, labels = game.random.uniform(count, 100), game.random.integers(count, 3)
        game.random.generator.set_state(state)
        return latent, labels

    def test_discriminator(self, setting: tuple[Any, Batch]) -> None:
        game, batch = setting
        count = len(batch)
        latent, sampled = self.drawn(game, count)
        game.generator.eval()
        generated = game.generator(latent, sampled)
        game.generator.train()
        generation, auxiliary = game.discriminator(torch.cat([batch.examples, generated]))
        target = torch.tensor([0.95] * count + [0.0] * count)
        weight = torch.tensor([2.0] * count + [0.0] * count)
        labels = torch.cat([batch.condition, sampled])
        terms = game.discriminator_loss(batch)
        expected = keras_cross_entropy(generation.sigmoid(), target, torch.ones(2 * count))
        torch.testing.assert_close(terms["generation_loss"], expected)
        expected = keras_sparse_cross_entropy(auxiliary, labels, weight)
        torch.testing.assert_close(terms["auxiliary_loss"], expected)

    def test_generator_on_twice_the_batch(self, setting: tuple[Any, Batch]) -> None:
        game, batch = setting
        count = 2 * len(batch)
        latent, sampled = self.drawn(game, count)
        generation, auxiliary = game.discriminator(game.generator(latent, sampled))
        terms = game.generator_loss(batch)
        trick, ones = torch.full((count,), 0.95), torch.ones(count)
        expected = keras_cross_entropy(generation.sigmoid(), trick, ones)
        torch.testing.assert_close(terms["generation_loss"], expected)
        expected = keras_sparse_cross_entropy(auxiliary, sampled, ones)
        torch.testing.assert_close(terms["auxiliary_loss"], expected)

    def test_test_losses_have_hard_labels_and_equal_weights(self, setting: tuple[Any, Batch]) -> None:
        game, batch = setting
        game.eval()
        count = len(batch)
        latent, sampled = self.drawn(game, count)
        generation, auxiliary = game.discriminator(
            torch.cat([batch.examples, game.generator(latent, sampled)])
        )
        terms = game.test_losses()["discriminator"](batch)
        target, ones = torch.tensor([1.0] * count + [0.0] * count), torch.ones(2 * count)
        expected = keras_cross_entropy(generation.sigmoid(), target, ones)
        torch.testing.assert_close(terms["generation_loss"], expected)
        labels = torch.cat([batch.condition, sampled])
        torch.testing.assert_close(
            terms["auxiliary_loss"], keras_sparse_cross_entropy(auxiliary, labels, ones)
        )
        latent, sampled = self.drawn(game, 2 * count)
        generation, _ = game.discriminator(game.generator(latent, sampled))
        terms = game.test_losses()["generator"](batch)
        expected = keras_cross_entropy(generation.sigmoid(), ones, ones)
        torch.testing.assert_close(terms["generation_loss"], expected)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_losses_stay_finite_when_the_discriminator_is_certain(
    system: str, sign: float, make_engine: Make, deal: Callable[[Engine], Batch]
) -> None:
    engine = make_engine(system)
    game, batch = engine.game, deal(engine)
    last = [layer for layer in game.discriminator.modules() if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer in last[-2:] if system == "acgan" else last[-1:]:
            layer.bias.copy_(sign * 1e4 * torch.linspace(1, -1, len(layer.bias)))
    for turn in game.round():
        assert all(term.isfinite() for term in turn.loss(batch).values())


# -- networks ------------------------------------------------------------------------------------------------


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}


def test_gan_layers() -> None:
    game = build("gan")
    assert list(shapes(game.generator).values()) == [(256, 200), (256,), (784, 256), (784,)]
    assert list(shapes(game.discriminator).values()) == [(256, 784), (256,), (1, 256), (1,)]


def test_dcgan_layers() -> None:
    game = build("dcgan-tflearn")
    flat = 7 * 7 * 128
    weights = [shape for shape in shapes(game.generator).values() if len(shape) > 1]
    assert weights == [(flat, 200), (64, 128, 5, 5), (1, 64, 5, 5)]
    weights = [shape for shape in shapes(game.discriminator).values() if len(shape) > 1]
    assert weights == [(64, 1, 5, 5), (128, 64, 5, 5), (1024, flat), (2, 1024)]


def test_acgan_layers() -> None:
    game = build("acgan")
    weights = [shape for shape in shapes(game.generator).values() if len(shape) > 1]
    assert weights == [(10, 100), (3 * 3 * 384, 100), (384, 192, 5, 5), (192, 96, 5, 5), (96, 1, 5, 5)]
    weights = [shape for shape in shapes(game.discriminator).values() if len(shape) > 1]
    assert weights == [
        *[(32, 1, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (256, 128, 3, 3)],
        *[(1, 7 * 7 * 256), (10, 7 * 7 * 256)],
    ]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32])
def test_images_have_the_shape_and_range_of_the_data(system: str, channels: int, size: int) -> None:
    game = build(system, channels, size, classes=4)
    images = game.generate(game.latent(6, Randomness(1)), torch.arange(6) % 4)
    low, high = game.value_range
    assert images.shape == (6, channels, size, size)
    assert images.min() >= low
    assert images.max() <= high
    logits = game.discriminator(images)
    if system == "acgan":
        assert [tuple(head.shape) for head in logits] == [(6,), (6, 4)]
    else:
        assert len(logits) == 6


@pytest.mark.parametrize("system", ["dcgan-tflearn", "acgan"])
def test_sides_that_cannot_be_doubled_twice_are_refused(system: str) -> None:
    with pytest.raises(DataError, match="multiples of 4"):
        build(system, size=30)


def test_acgan_needs_labels() -> None:
    with pytest.raises(DataError, match="needs classes for every example"):
        build("acgan", classes=0)


def test_batch_normalisation_of_single_images_is_refused(make_engine: Make) -> None:
    with pytest.raises(SettingError, match="batch_size is 1"):
        make_engine("dcgan-tflearn", batch_size=1)


@pytest.mark.parametrize("system", SYSTEMS)
def test_biases_start_at_zero(system: str) -> None:
    game = build(system)
    for layer in game.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            assert layer.bias is not None
            assert not layer.bias.any()


def check_truncated(weight: Tensor, deviation_before: float) -> None:
    """A normal distribution cut at two deviations has 0.88 of its deviation left."""
    assert weight.abs().max() <= 2 * deviation_before
    assert weight.abs().max() > 1.9 * deviation_before
    assert weight.std().item() == pytest.approx(0.8796 * deviation_before, rel=0.05)


def check_uniform(weight: Tensor, bound: float) -> None:
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_tflearn_weights_start_as_tflearn_has_them() -> None:
    for game in (build("gan"), build("dcgan-tflearn")):
        for layer in game.modules():
            # A small layer says little about its distribution.
            if isinstance(layer, nn.Linear) and layer.weight.numel() > 2000:
                check_truncated(layer.weight, 0.02)
            if isinstance(layer, nn.Conv2d):
                check_uniform(layer.weight, math.sqrt(3 / layer.weight[0].numel()))


def test_acgan_weights_start_as_keras_has_them() -> None:
    game = build("acgan")
    for layer in [game.generator.embedding, *game.modules()]:
        weight = getattr(layer, "weight", torch.zeros(1))
        if weight.dim() < 2 or weight.numel() < 1000:
            continue
        field = weight[0, 0].numel()
        fans = (weight.shape[0] + weight.shape[1]) * field
        if isinstance(layer, nn.ConvTranspose2d | nn.Embedding):
            check_truncated(weight, math.sqrt(2 / fans) / 0.87962566)
        else:
            check_uniform(weight, math.sqrt(6 / fans))


def test_batch_normalisation_has_the_frameworks_constants() -> None:
    (layer,) = [m for m in build("dcgan-tflearn").modules() if isinstance(m, nn.BatchNorm1d)]
    assert (layer.eps, layer.momentum) == (1e-5, 0.1)
    for layer in [m for m in build("acgan").modules() if isinstance(m, nn.BatchNorm2d)]:
        assert (layer.eps, layer.momentum) == (1e-3, 0.01)


def test_optimisers_have_the_frameworks_constants() -> None:
    wanted = {
        "gan": (1e-3, (0.9, 0.999), 1e-8),
        "dcgan-tflearn": (1e-3, (0.9, 0.999), 1e-8),
        "acgan": (2e-4, (0.5, 0.999), 1e-7),
    }
    for system, constants in wanted.items():
        for player in build(system).players().values():
            (group,) = player.optimizer.param_groups
            assert (group["lr"], group["betas"], group["eps"]) == constants


# -- turns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_resting_players_need_no_gradient_and_get_none(
    system: str, make_engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(system)
    players = {"generator": engine.game.generator, "discriminator": engine.game.discriminator}
    moves: list[str] = []
    numbers = engine.soundness.numbers

    def look(step: int, player: ActivePlayer, *turn: Any) -> Any:
        """Between the backward pass and the optimiser's step."""
        moves.append(player.name)
        for name, network in players.items():
            for parameter in network.parameters():
                assert parameter.requires_grad == (name == player.name)
                assert (parameter.grad is not None) == (name == player.name)
        return numbers(step, player, *turn)

    monkeypatch.setattr(engine.soundness, "numbers", look)
    engine.play_round()
    engine.play_round()
    assert moves == [turn.player for turn in engine.game.round()] * 2


def statistics_after_turn(engine: Engine, player: str, deal: Callable[[Engine], Batch]) -> bool:
    """Whether the player's turn moves the running statistics of the generator."""
    layers = [m for m in engine.game.generator.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    before = [layer.running_mean.clone() for layer in layers if layer.running_mean is not None]
    (turn,) = [turn for turn in engine.game.round() if turn.player == player]
    engine._take_turn(turn, [deal(engine)], None)
    after = [layer.running_mean for layer in layers if layer.running_mean is not None]
    return any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("system", "player", "moves"),
    [
        ("acgan", "discriminator", False),
        ("acgan", "generator", True),
        ("dcgan-tflearn", "discriminator", True),
        ("dcgan-tflearn", "generator", True),
    ],
)
def test_whose_turn_moves_running_statistics(
    system: str, player: str, moves: bool, make_engine: Make, deal: Callable[[Engine], Batch]
) -> None:
    assert statistics_after_turn(make_engine(system), player, deal) == moves


def test_acgan_discriminator_learns_from_images_made_in_inference_mode(
    make_engine: Make, deal: Callable[[Engine], Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine("acgan")
    game = engine.game
    modes: list[tuple[bool, bool]] = []
    forward = type(game.generator).forward

    def spy(self: nn.Module, *inputs: Tensor) -> Tensor:
        modes.append((self.training, game.discriminator.training))
        return forward(self, *inputs)

    monkeypatch.setattr(type(game.generator), "forward", spy)
    engine.play_round()
    assert modes == [(False, True), (True, True)]
    assert game.generator.training


@pytest.mark.parametrize("system", ["gan", "dcgan-tflearn"])
def test_an_image_has_the_same_noise_at_every_epoch(system: str, make_engine: Make) -> None:
    engine = make_engine(system)
    seen: dict[int, Tensor] = {}
    for epoch in range(2):
        for _ in range(engine.course.at(0).steps_per_epoch):
            batch = engine.streams["real"].next_batch()
            noise = engine.game.noise_of(*(["generator"] if system != "gan" else []), batch)
            for index, row in zip(batch.indices.tolist(), noise, strict=True):
                if epoch:
                    assert torch.equal(seen[index], row)
                seen[index] = row
    assert len(seen) == 50


def test_fixed_noise_can_be_turned_off(make_engine: Make, deal: Callable[[Engine], Batch]) -> None:
    engine = make_engine("gan", fixed_noise=False)
    batch = deal(engine)
    assert not torch.equal(engine.game.noise_of(batch), engine.game.noise_of(batch))


def test_dcgan_players_have_noise_of_their_own(make_engine: Make, deal: Callable[[Engine], Batch]) -> None:
    engine = make_engine("dcgan-tflearn")
    batch = deal(engine)
    assert not torch.equal(
        engine.game.noise_of("generator", batch), engine.game.noise_of("discriminator", batch)
    )


def test_acgan_sees_the_data_in_its_own_order(make_engine: Make) -> None:
    engine = make_engine("acgan")
    for _ in range(2):
        dealt = torch.cat([engine.streams["real"].next_batch().indices for _ in range(5)])
        assert dealt.tolist() == list(range(50))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("count", [22, 23, 29])
def test_a_smaller_last_batch_trains(
    system: str, count: int, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    engine = make_engine(system, make_dataset(count))
    assert engine.course.at(0).steps_per_epoch == 3
    for _ in range(4):
        engine.play_round()


# -- on one's own data -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def colour_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for name in ("cats", "dogs", "owls"):
        (folder / name).mkdir()
        for number in range(8):
            pixels = random.integers(0, 256, (30, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_trains_on_a_folder_of_colour_images(
    system: str, colour_folder: Path, tmp_path: Path
) -> None:
    run = sparring.train(
        system, data=f"folder:{colour_folder}", out=tmp_path / "run", max_steps=3, batch_size=12, quiet=True
    )
    samples = sparring.load(run).sample(7)
    assert samples.examples.shape == (7, 3, 28, 28)
    if system == "acgan":
        assert samples.condition.tolist() == [0, 1, 2, 0, 1, 2, 0]
        assert sparring.load(run).sample(2, label="owls").condition.tolist() == [2, 2]
    # Three classes three times, each time with noise of its own, and as many real examples beside them.
    columns = 9 + 1 + 9 if system == "acgan" else 10
    with Image.open(run.path / "samples.png") as picture:
        assert picture.mode == "RGB"
        assert picture.width == columns * (28 * enlargement(columns, 28) + GAP) - GAP

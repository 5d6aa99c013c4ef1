"""DCGAN, WGAN, WGAN-GP, BEGAN and R3GAN: losses against closed forms, and what each paper asks for."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sparring.data.dataset import Dataset, dataset_of
from sparring.game import Batch
from sparring.training.engine import Engine

Make = Callable[..., Engine]
SMALL = {"width": 4, "batch_size": 8}


def points(count: int = 64) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    return dataset_of("points", torch.randn(count, 2, generator=generator))


def batch_of(examples: Tensor) -> Batch:
    """A batch without classes."""
    return Batch(examples, torch.zeros(len(examples), 0), torch.arange(len(examples)))


class Constant(nn.Module):
    """Gives every example the same score, and half of it to those whose mean is below 0."""

    def forward(self, examples: Tensor) -> Tensor:
        return torch.where(examples.flatten(1).mean(1) < 0, 0.5, 1.0)


def test_dcgan_labels_real_one_and_generated_zero(make_engine: Make, monkeypatch: Any) -> None:
    game = make_engine("dcgan", points(), batch_size=8).game
    game.discriminator = Constant()
    monkeypatch.setattr(game, "generate", lambda latent, condition: -torch.ones(len(latent), 2))
    terms = game.discriminator_loss(batch_of(torch.ones(8, 2)))
    sigmoid = torch.tensor([1.0, 0.5]).sigmoid()
    torch.testing.assert_close(terms["real"], -sigmoid[0].log())
    torch.testing.assert_close(terms["fake"], -(1 - sigmoid[1]).log())
    torch.testing.assert_close(
        game.generator_loss(batch_of(torch.ones(8, 2)))["adversarial"], -sigmoid[1].log()
    )


def test_dcgan_starts_with_small_normal_weights(make_engine: Make) -> None:
    game = make_engine("dcgan", batch_size=8).game
    weights = [layer.weight for layer in game.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
    for weight in weights:
        assert weight.mean().abs().item() < 0.005
    largest = max(weights, key=lambda weight: weight.numel())
    assert largest.std().item() == pytest.approx(0.02, rel=0.02)
    scales = [layer.weight for layer in game.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert torch.cat(scales).mean().item() == pytest.approx(1.0, abs=0.01)


def test_dcgan_has_no_normalisation_at_the_ends(make_engine: Make) -> None:
    game = make_engine("dcgan", **SMALL).game
    kinds = [type(layer) for layer in game.generator]
    assert issubclass(kinds[-2], nn.ConvTranspose2d)
    assert kinds[-1] is nn.Tanh
    trunk = [type(layer) for layer in game.discriminator[0]]
    assert [issubclass(trunk[place], nn.Conv2d) for place in (0, 3)] == [True, True]
    assert [trunk[1], trunk[2], trunk[4]] == [nn.Identity, nn.LeakyReLU, nn.BatchNorm2d]


@pytest.mark.parametrize("system", ["wgan", "wgan-gp"])
def test_wasserstein_losses_are_differences_of_means(
    make_engine: Make, monkeypatch: Any, system: str
) -> None:
    game = make_engine(system, points(), batch_size=8).game
    game.critic = Constant()
    monkeypatch.setattr(game.generator, "forward", lambda latent: -torch.ones(len(latent), 2))
    monkeypatch.setattr("sparring.zoo.wgan_gp.gradient_penalty", lambda *arguments: torch.tensor(2.0))
    terms = game.critic_loss(batch_of(torch.ones(8, 2)))
    assert terms["wasserstein"].item() == -0.5
    assert terms.observed["distance"].item() == 0.5
    assert game.generator_loss(batch_of(torch.ones(8, 2)))["wasserstein"].item() == -0.5
    if system == "wgan-gp":
        assert terms["penalty"].item() == pytest.approx(0.2), "0.1 for points"


@pytest.mark.parametrize("system", ["wgan", "wgan-gp"])
def test_the_critic_moves_n_critic_times_on_new_batches(make_engine: Make, system: str) -> None:
    engine = make_engine(system, points(), batch_size=8, n_critic=3)
    turns = engine.game.round()
    assert [turn.player for turn in turns] == ["critic"] * 3 + ["generator"]
    engine.play_round()
    assert engine.streams["real"].position == 3
    assert engine.course.at(0).steps_per_epoch == 3, "8 batches, 3 a round"


@pytest.mark.parametrize(("system", "for_images"), [("wgan", 100), ("wgan-gp", 128), ("r3gan", 64)])
def test_noise_has_the_dimensions_of_the_points_unless_asked_for(
    make_engine: Make, system: str, for_images: int
) -> None:
    def size(data: Dataset | None, **settings: Any) -> int:
        game = make_engine(system, data, batch_size=8, **settings).game
        return game.latent(3, game.random).shape[1]

    assert size(points()) == 2
    assert size(None) == for_images
    assert size(points(), latent_size=7) == 7


def test_wgan_clips_after_every_critic_step(make_engine: Make) -> None:
    engine = make_engine("wgan", points(), batch_size=8, clip=0.02)
    assert max(p.abs().max().item() for p in engine.game.critic.parameters()) > 0.02
    engine.play_round()
    assert max(p.abs().max().item() for p in engine.game.critic.parameters()) <= 0.02
    assert max(p.abs().max().item() for p in engine.game.generator.parameters()) > 0.02


def test_wgan_gp_normalises_the_critic_by_layer(make_engine: Make) -> None:
    game = make_engine("wgan-gp", **SMALL).game
    kinds = {type(layer) for layer in game.critic.modules()}
    assert nn.GroupNorm in kinds
    assert nn.BatchNorm2d not in kinds
    assert game.penalty_weight == 10.0


def test_wgan_gp_critic_judges_each_example_by_itself(make_engine: Make) -> None:
    engine = make_engine("wgan-gp", **SMALL)
    images = engine.streams["real"].peek().examples
    together, alone = engine.game.critic(images), engine.game.critic(images[:1])
    torch.testing.assert_close(together[:1], alone)


def test_began_losses_and_control(make_engine: Make, monkeypatch: Any) -> None:
    game = make_engine("began", points(), batch_size=8, gamma=0.5, k_rate=0.1).game
    # Restores everything to 0, so that L(v) = E|v|.
    game.discriminator = nn.Sequential(nn.Linear(2, 2, bias=False))
    nn.init.zeros_(game.discriminator[0].weight)
    monkeypatch.setattr(game, "generate", lambda latent, condition: torch.full((len(latent), 2), 0.3))
    game.k.fill_(0.25)
    terms = game.discriminator_loss(batch_of(torch.full((8, 2), 2.0)))
    assert terms["real"].item() == pytest.approx(2.0)
    assert terms["fake"].item() == pytest.approx(-0.25 * 0.3)
    game.remember({"real": 2.0})
    generator = game.generator_loss(batch_of(torch.full((8, 2), 2.0)))
    assert generator["restoration"].item() == pytest.approx(0.3)
    assert generator.observed["convergence"].item() == pytest.approx(2.0 + abs(0.5 * 2.0 - 0.3))
    assert generator.observed["balance"].item() == pytest.approx(0.15)
    game.control({"gap": 0.7})
    assert game.k.item() == pytest.approx(0.25 + 0.1 * 0.7)


def test_began_exponent_two_is_the_squared_error(make_engine: Make) -> None:
    game = make_engine("began", points(), batch_size=8, exponent=2).game
    game.discriminator = nn.Sequential(nn.Linear(2, 2, bias=False))
    nn.init.zeros_(game.discriminator[0].weight)
    assert game.restoration_loss(torch.full((8, 2), -3.0)).item() == pytest.approx(9.0)


def test_began_has_no_normalisation_unless_asked_and_then_only_in_the_generator(make_engine: Make) -> None:
    def normalised(**settings: Any) -> set[str]:
        game = make_engine("began", width=4, batch_size=8, **settings).game
        return {name.split(".")[0] for name, m in game.named_modules() if isinstance(m, nn.BatchNorm2d)}

    assert normalised() == set()
    assert normalised(batch_norm=True) == {"generator"}


def test_began_begins_with_glorot_weights(make_engine: Make) -> None:
    game = make_engine("began", width=16, batch_size=8).game
    for layer in game.modules():
        if isinstance(layer, nn.Conv2d):
            bound = (6 / (9 * (layer.in_channels + layer.out_channels))) ** 0.5
            assert 0.8 * bound < layer.weight.abs().max().item() <= bound


def test_began_keeps_k_between_zero_and_one(make_engine: Make) -> None:
    game = make_engine("began", points(), batch_size=8, k_rate=1.0).game
    game.control({"gap": 5.0})
    assert game.k.item() == 1.0
    game.control({"gap": -5.0})
    assert game.k.item() == 0.0


class Scores(nn.Module):
    """score(x) = 3 x[0], whatever the label."""

    def forward(self, examples: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return 3 * examples[:, 0], examples[:, :0]


@pytest.mark.parametrize("exact", [True, False])
def test_r3gan_losses_and_penalties(make_engine: Make, monkeypatch: Any, exact: bool) -> None:
    game = make_engine("r3gan", points(), batch_size=8, gamma=0.4, gamma_final=0.2, exact_penalty=exact).game
    game.discriminator = Scores()
    monkeypatch.setattr(game, "generate", lambda latent, condition: torch.zeros(len(latent), 2))
    real = batch_of(torch.ones(4000, 2))
    terms = game.discriminator_loss(real)
    minus_log_sigmoid = -torch.tensor([3.0, -3.0]).sigmoid().log()
    torch.testing.assert_close(terms["relativistic"], minus_log_sigmoid[0])
    torch.testing.assert_close(game.generator_loss(real)["relativistic"], minus_log_sigmoid[1])
    # |grad D|² = 9 everywhere, and half of gamma counts.
    for penalty in ("r1", "r2"):
        assert terms[penalty].item() == pytest.approx(0.2 * 9, rel=1e-5 if exact else 0.1)
    game.progress = 0.5
    assert game.scheduled_gamma() == pytest.approx(0.3)


def test_r3gan_has_no_normalisation_unless_asked(make_engine: Make) -> None:
    def normalised(**settings: Any) -> bool:
        game = make_engine("r3gan", batch_size=8, generator_width=4, discriminator_width=4, **settings).game
        return any(isinstance(layer, nn.BatchNorm2d) for layer in game.modules())

    assert not normalised()
    assert normalised(batch_norm=True)


def test_r3gan_projection_tells_classes_apart(make_engine: Make) -> None:
    game = make_engine("r3gan", batch_size=8, generator_width=4, discriminator_width=4).game
    assert game.conditional
    images, labels = torch.zeros(3, 1, 20, 20), torch.arange(3)
    scores, classes = game.discriminator(images, labels)
    assert classes.shape == (3, 3)
    torch.testing.assert_close(scores, scores[:1].expand(3), msg="the embedding starts at 0")
    nn.init.normal_(game.discriminator.embedding.weight, generator=torch.Generator().manual_seed(0))
    scores, _ = game.discriminator(images, labels)
    assert scores.unique().numel() == 3


def test_r3gan_auxiliary_loss_is_the_cross_entropy_of_the_classes(make_engine: Make) -> None:
    engine = make_engine(
        "r3gan", batch_size=9, generator_width=4, discriminator_width=4, auxiliary_weight=0.5
    )
    batch = engine.streams["real"].peek()
    _, classes = engine.game.discriminator(batch.examples, batch.condition)
    expected = 0.5 * nn.functional.cross_entropy(classes, batch.condition)
    torch.testing.assert_close(engine.game.discriminator_loss(batch)["auxiliary"], expected)


def test_r3gan_samples_from_the_average(make_engine: Make) -> None:
    engine = make_engine("r3gan", points(), batch_size=8, average_decay=0.9, generator_lr=0.01)
    game = engine.game
    for _ in range(3):
        engine.play_round()
    latent = game.latent(5, game.random)
    nothing = torch.zeros(5, 0)
    assert not torch.equal(game.sample(latent, nothing), game.generate(latent, nothing))
    before = [p.clone() for p in game.average.network.parameters()]
    game.average.update(game.generator, rounds=10_000)
    for old, own, new in zip(
        before, game.average.network.parameters(), game.generator.parameters(), strict=True
    ):
        torch.testing.assert_close(own, 0.9 * old + 0.1 * new)

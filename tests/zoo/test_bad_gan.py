"""The losses of Bad GAN against their formulas, and its density against what a density must be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from sparring.data.dataset import Batch, Dataset, dataset_of
from sparring.nn.made import MADE
from sparring.nn.mixture_density import MixtureDensity
from sparring.training.engine import Engine
from sparring.zoo.bad_gan import conditional_entropy, likely_part, pull_away


def images(count: int = 60) -> Dataset:
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 60, (count, 1, 8, 8), generator=random, dtype=torch.uint8)
    return dataset_of("images", pixels, torch.arange(count) % 3, tuple("abc"))


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    engine = make_engine("bad-gan", images(), batch_size=10, labelled=9, density_epochs=1, density_lr=0.02)
    # Without the noise of the layers, so that a loss can be computed again.
    engine.game.discriminator.eval()
    return engine


def batch(engine: Engine, source: str) -> Batch:
    return engine.streams[source].peek()


def test_a_made_gives_all_that_there_is_probabilities_that_sum_to_1() -> None:
    density = MADE(5, 16).double()
    for parameter in density.parameters():
        torch.nn.init.normal_(parameter)
    everything = torch.tensor(list(itertools.product([0.0, 1.0], repeat=5)), dtype=torch.float64)
    assert density(everything).exp().sum().item() == pytest.approx(1.0)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_each_number_is_told_by_those_before_it_alone(size: int) -> None:
    density = MADE(size, 16)
    first = (density.hidden.weight * density.hidden_mask).abs()
    weights = (density.logits.weight * density.logits_mask).abs() @ first
    assert torch.equal(weights.triu(), torch.zeros(size, size))
    assert (weights.tril(-1) > 0).sum() == size * (size - 1) // 2


def test_a_mixture_is_a_density_of_points_and_begins_on_them() -> None:
    places = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
    density = MixtureDensity(2, 3)
    density.begin(places)
    axis = torch.arange(-6, 8, 0.05)
    grid = torch.cartesian_prod(axis, axis)
    assert density(grid).exp().sum().item() * 0.05**2 == pytest.approx(1.0, abs=1e-3)
    assert torch.equal(density.means, places)
    assert density(places).min() > density(places + 3).max()


def test_the_density_of_points_is_a_mixture(make_engine: Callable[..., Engine]) -> None:
    points = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    data = dataset_of("points", points, torch.arange(40) % 2, ("a", "b"))
    engine = make_engine("bad-gan", data, batch_size=10, labelled=4, density_epochs=1, density_units=8)
    assert torch.equal(engine.game.density.means, batch(engine, "first").examples[:8])
    for _ in range(5):
        values = engine.play_round()
    assert math.isfinite(values["generator/density"])


def test_pull_away_of_known_directions() -> None:
    apart = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    assert pull_away(apart).item() == pytest.approx(0.0)
    assert pull_away(torch.tensor([[1.0, 2.0], [2.0, 4.0], [-3.0, -6.0]])).item() == pytest.approx(1.0)
    third = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert pull_away(third).item() == pytest.approx((0 + 0.5 + 0.5) / 3)


def test_conditional_entropy_of_known_distributions() -> None:
    sure, even = torch.tensor([[50.0, 0.0, 0.0]]), torch.zeros(1, 3)
    assert conditional_entropy(sure).item() == pytest.approx(0.0, abs=1e-6)
    assert conditional_entropy(torch.cat([sure, even])).item() == pytest.approx(math.log(3) / 2)
    assert conditional_entropy(torch.tensor([[1e4, -1e4]])).isfinite()


def test_only_likely_images_pay_for_their_density() -> None:
    densities = torch.tensor([-3.0, -1.0, 1.0], requires_grad=True)
    paid = likely_part(densities, torch.tensor(-2.0))
    paid.backward()
    assert paid.item() == pytest.approx((1.0 + 3.0) / 2)
    assert densities.grad is not None
    assert densities.grad.tolist() == pytest.approx([0.0, 0.5, 0.5])
    assert likely_part(densities, torch.tensor(5.0)).item() == 0.0


def test_the_generator_s_terms_are_those_of_the_paper(engine: Engine) -> None:
    game, matched = engine.game, batch(engine, "matched")
    with game.random.aside("loss"):
        terms = game.generator_loss(matched)
    with game.random.aside("loss"):
        generated = game.fake(len(matched))
    features = game.discriminator[0]
    gap = features(generated).mean(0) - features(matched.examples).mean(0)
    assert terms["matching"].item() == pytest.approx(gap.abs().mean().item(), rel=1e-4)
    assert terms["pull_away"].item() == pytest.approx(0.8 * pull_away(features(generated)).item(), rel=1e-4)
    threshold = game.density(matched.examples).quantile(0.1)
    paid = 1e-4 * likely_part(game.density(generated), threshold)
    assert terms["density"].item() == pytest.approx(paid.item(), rel=1e-4)


def test_the_discriminator_also_pays_for_entropy(engine: Engine) -> None:
    game, unlabelled = engine.game, batch(engine, "unlabelled")
    with game.random.aside("loss"):
        terms = game.discriminator_loss(batch(engine, "labelled"), unlabelled)
    entropy = 0.1 * conditional_entropy(game.discriminator(unlabelled.examples))
    assert terms["entropy"].item() == pytest.approx(entropy.item(), rel=1e-4)
    assert set(terms) == {"labelled", "real", "fake", "entropy"}


def test_the_density_learns_first_and_then_rests(engine: Engine) -> None:
    leg = engine.course.legs[0]
    assert (leg.phase.name, leg.steps) == ("density", 6)
    first = [engine.play_round()["density/surprise"] for _ in range(6)]
    assert first[-1] < first[0]
    before = [tensor.clone() for tensor in engine.game.density.parameters()]
    engine.play_round()
    after = list(engine.game.density.parameters())
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_the_average_is_short_when_the_discriminator_begins(engine: Engine) -> None:
    """However many rounds the density took."""
    game, density = engine.game, int(engine.course.legs[0].steps)
    for _ in range(density):
        engine.play_round()
    before = [tensor.clone() for tensor in game.average.network.parameters()]
    engine.play_round()
    after = zip(before, game.average.network.parameters(), game.discriminator.parameters(), strict=True)
    for old, averaged, new in after:
        assert torch.allclose(averaged, 0.1 * old + 0.9 * new, atol=1e-6)


def test_monitors_count_what_passes_for_real(engine: Engine) -> None:
    game, real = engine.game, batch(engine, "unlabelled")
    game.average.eval()
    logits = game.average(real.examples)
    figures = game.figures()
    passed = figures["held-out that pass"].measure(real)
    assert torch.equal(passed, (logits.exp().sum(1) / (logits.exp().sum(1) + 1) > 0.5).float())
    sure = figures["held-out with a sure class"].measure(real)
    assert torch.equal(sure, (logits.max(1).values > 0).float())
    assert figures["generated that pass"].measure(real).shape == (10,)


def test_cross_entropy_is_what_a_density_of_grey_is() -> None:
    density, grey = MADE(4, 8), torch.rand(3, 1, 2, 2)
    hidden = F.linear(
        grey.flatten(1), density.hidden.weight * density.hidden_mask, density.hidden.bias
    ).relu()
    means = F.linear(hidden, density.logits.weight * density.logits_mask, density.logits.bias).sigmoid()
    expected = (grey.flatten(1) * means.log() + (1 - grey.flatten(1)) * (1 - means).log()).sum(1)
    assert torch.allclose(density(grey), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_what_is_hardly_wrong_moves_little(engine: Engine, name: str) -> None:
    optimizer = engine.players[name].optimizer
    group = optimizer.param_groups[0]
    weights = group["params"][0]
    before = weights.detach().clone()
    weights.grad = torch.full_like(weights, 1e-6)
    optimizer.step()
    # By a hundredth of its rate: |g| / (|g| + epsilon).
    assert 0 < (weights.detach() - before).abs().max() < 0.02 * group["lr"]


def test_without_its_weight_there_is_no_density(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine("bad-gan", images(), batch_size=10, labelled=9, density_weight=0.0)
    assert "generator/pull_away" in engine.play_round()
    assert set(engine.players) == {"generator", "discriminator"}


@pytest.mark.parametrize(
    "loss",
    [
        conditional_entropy,
        pull_away,
        lambda values: likely_part(values.sum(1), torch.tensor(0.1, dtype=torch.float64)),
        lambda values: F.softplus(-values.logsumexp(1)).mean(),
    ],
    ids=["entropy", "pull-away", "complement", "logsumexp"],
)
def test_gradients_are_those_of_differences(loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    values = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(loss, values.requires_grad_())

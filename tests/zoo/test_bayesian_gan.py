"""Bayesian GAN: every generator takes part, and both posteriors are as described."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from sparring.data.dataset import Batch, Dataset, dataset_of
from sparring.data.few_labels import chosen_evenly
from sparring.errors import SettingError
from sparring.nn.several import Several, saying, spoken_of
from sparring.nn.sghmc import SGHMC
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.training.recommending import choose_settings
from sparring.training.settings import RunSettings
from sparring.zoo import find_system
from sparring.zoo.bayesian_gan import BayesianGAN

Make = Callable[..., Engine]


class Constant(torch.nn.Module):
    """Makes one number, whatever the noise."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return torch.full((len(latent), 1), self.value)


def points(count: int = 40) -> Dataset:
    return dataset_of("points", torch.randn(count, 2, generator=torch.Generator().manual_seed(0)))


def labelled_points(count: int = 80) -> Dataset:
    """Two clusters, and which each point is of."""
    classes = torch.arange(count) % 2
    noise = torch.randn(count, 2, generator=torch.Generator().manual_seed(1))
    return dataset_of("points", 0.3 * noise + 2 * classes[:, None], classes, ("left", "right"))


def moons(count: int = 400) -> Dataset:
    """Two half moons, one about an end of the other."""
    classes = torch.arange(count) % 2
    angle = math.pi * torch.rand(count, generator=torch.Generator().manual_seed(0))
    noise = 0.1 * torch.randn(count, 2, generator=torch.Generator().manual_seed(1))
    height = (1 - 2 * classes) * angle.sin()
    arcs = torch.stack([angle.cos() + classes - 0.5, height + 0.5 * classes - 0.25], 1)
    return dataset_of("moons", arcs + noise, classes, ("upper", "lower"))


class Bowl(torch.nn.Module):
    """Half the squared distance from 0, whose slope is that distance; it remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.shown: list[torch.Tensor] = []

    def forward(self, examples: torch.Tensor) -> torch.Tensor:
        self.shown.append(examples.detach())
        return self.weight * examples.square().sum(1) / 2


@pytest.mark.parametrize(("labelled", "channels"), [(0, 1), (9, 1), (9, 3)])
def test_what_labels_leave_without_effect_is_chosen_by_no_rule(
    labelled: int, channels: int, make_dataset: Callable[..., Dataset]
) -> None:
    data = make_dataset(channels=channels, size=28)
    asked = RunSettings(max_steps=2)
    game = find_system("bayesian-gan")
    given: dict[str, Any] = {"labelled": labelled, "generators": 1}
    chosen = choose_settings("bayesian-gan", game, data, asked, given, Processes(torch.device("cpu")), 0.0)
    assert ("generator_lr" in chosen.by_rule) is (labelled == 0)
    # The width is that of convolutions.
    assert ("width" in chosen.by_rule) is (labelled == 0 or channels == 3)


def test_the_last_number_of_the_noise_says_who_makes_an_example() -> None:
    several = Several([Constant(0.0), Constant(1.0), Constant(2.0)])
    last = torch.tensor([0.9, -1.0, 0.0, 1.0, -0.4, -0.3])
    made = several(torch.cat([torch.zeros(6, 4), last[:, None]], 1))
    assert made.flatten().tolist() == [2, 0, 1, 2, 0, 1]
    asked = several(torch.cat([torch.zeros(6, 4), saying(3, 2)[:, None]], 1))
    assert asked.flatten().tolist() == [0, 0, 1, 1, 2, 2]


def test_samples_are_of_all_generators_evenly(make_engine: Make) -> None:
    game = make_engine("bayesian-gan", points(), generators=4).game
    latent = game.latent(4000, Randomness(0))
    counts = spoken_of(latent[:, -1], 4).bincount(minlength=4)
    assert counts.min() > 900


def test_every_generator_moves_and_none_is_another(make_engine: Make) -> None:
    engine = make_engine("bayesian-gan", points(), generators=3)
    before = copy.deepcopy(engine.game.generator.members)
    engine.play_round()
    first = [next(member.parameters()) for member in engine.game.generator.members]
    for now, then in zip(first, before, strict=True):
        assert not torch.equal(now, next(then.parameters()))
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("posterior", ["code", "sghmc"])
def test_the_discriminator_pays_for_all_by_their_logsumexp_or_mean(
    make_engine: Make, monkeypatch: pytest.MonkeyPatch, posterior: str
) -> None:
    """Of log-odds 1 for the real and 0, 2 for the fakes of two generators, as a softplus says."""
    game = make_engine("bayesian-gan", points(), generators=2, posterior=posterior).game
    said = iter([1.0, 0.0, 2.0])
    monkeypatch.setattr(game, "judge", lambda *given, real: torch.full((5,), next(said)))
    batch = next(iter([make_engine("bayesian-gan", points()).streams["real"].peek()]))
    costs = [math.log1p(math.exp(-1)) + math.log1p(math.exp(logit)) for logit in (0.0, 2.0)]
    expected = {"code": math.log(sum(map(math.exp, costs))), "sghmc": sum(costs) / 2}
    assert game.discriminator_loss(batch)["adversarial"].item() == pytest.approx(expected[posterior])


@pytest.mark.parametrize("generators", [1, 3])
def test_penalties_are_those_of_one_logit_however_many_generators(make_engine: Make, generators: int) -> None:
    """Real examples are judged once, and beside those of every generator."""
    flags = {"r1": 2.0, "r2": 2.0, "gradient_penalty": 1.0}
    engine = make_engine("bayesian-gan", points(), generators=generators, discriminators=2, **flags)
    game, bowls = engine.game, (Bowl(), Bowl())
    game.discriminators = torch.nn.ModuleList(bowls)
    (turn,) = [each for each in engine.course.legs[0].phase.turns if each.player == "discriminator"]
    game.random.begin("a turn")
    terms = turn.loss(engine.streams["real"].peek())
    reals, fakes, between = [], [], []
    for bowl in bowls:
        first, again = bowl.shown[: generators + 1], bowl.shown[generators + 1 :]
        reals.append(first[0].expand(generators, -1, -1))
        fakes.append(torch.stack(first[1:]))
        between.append(torch.stack(again[1:]))
    real, fake, middle = torch.stack(reals), torch.stack(fakes), torch.stack(between)
    assert terms["r1"].item() == pytest.approx(real.square().sum(-1).mean().item())
    assert terms["r2"].item() == pytest.approx(fake.square().sum(-1).mean().item())
    place = (middle - real) / (fake - real)
    torch.testing.assert_close(place[..., 0], place[..., 1], atol=1e-3, rtol=1e-3)
    assert ((place > 0) & (place < 1)).all()
    assert terms["gradient_penalty"].item() == pytest.approx((middle.norm(dim=-1) - 1).square().mean().item())


def test_a_slope_of_many_pairs_is_refused(make_engine: Make) -> None:
    with pytest.raises(SettingError, match="in 3 pairs of batches: choose a loss that compares no pairs"):
        make_engine("bayesian-gan", points(), generators=3, r1=1.0, loss="relativistic")


@pytest.mark.parametrize(("posterior", "share"), [("code", 2 / 9 / 40), ("sghmc", 8 / 9 / 2 / 40)])
def test_the_prior_of_four_weights_of_1_and_as_many_in_another_tensor(
    make_engine: Make, posterior: str, share: float
) -> None:
    game = make_engine("bayesian-gan", points(), posterior=posterior, prior_deviation=3.0).game
    network = torch.nn.ParameterList([torch.ones(4), torch.ones(2, 2)])
    assert game.posterior.prior(network).item() == pytest.approx(share)


def test_several_discriminators_pay_for_all_of_them_and_all_move(make_engine: Make) -> None:
    engine = make_engine("bayesian-gan", points(), generators=2, discriminators=3)
    game, real = engine.game, engine.streams["real"].peek()
    with game.random.aside("loss"):
        terms = game.discriminator_loss(real)
    critics = list(game.discriminators)
    alone = []
    for critic in critics:
        game.discriminators = torch.nn.ModuleList([critic])
        with game.random.aside("loss"):
            alone.append(game.discriminator_loss(real)["adversarial"].item())
    game.discriminators = torch.nn.ModuleList(critics)
    assert terms["adversarial"].item() == pytest.approx(sum(alone))
    assert len(set(alone)) == 3
    before = copy.deepcopy(game.discriminators)
    engine.play_round()
    assert all(not torch.equal(next(a.parameters()), next(b.parameters()))
               for a, b in zip(before, critics, strict=True))  # fmt: skip


def test_weights_are_kept_now_and_then_and_make_samples_too(make_engine: Make) -> None:
    engine = make_engine("bayesian-gan", points(), generators=2, samples=2, sample_every=3)
    game = engine.game
    taken = []
    for _ in range(10):
        engine.play_round()
        if engine.game.step % 3 == 2:
            taken.append(copy.deepcopy(game.generator.members))
    kept = game.kept_generators
    assert kept.taken.item() == len(taken) == 3
    for held, then in zip(kept.kept, (taken[2], taken[1]), strict=True):
        assert torch.equal(next(held.parameters()), next(then.parameters()))
    latent = torch.zeros(6, game.latent_size + 1)
    latent[:, -1] = saying(6, 1)
    made = game.sample(latent, torch.zeros(6, 0))
    assert len(made.unique(dim=0)) == 6
    assert torch.equal(
        made[:2], game.generate(torch.cat([latent[:2, :-1], saying(2, 1)[:, None]], 1), made[:0])
    )


def test_the_posterior_is_given_examples_without_a_label_too(make_engine: Make) -> None:
    data = replace(labelled_points(80), parts={"unlabelled": points(40)})
    for labelled in (0, 6):
        game = make_engine("bayesian-gan", data, labelled=labelled).game
        assert len(game.sources(game.settings, data)["real"].dataset) == game.posterior.count == 120


def test_images_without_a_label_count_where_few_would_be_changed(
    make_dataset: Callable[..., Dataset],
) -> None:
    few = make_dataset(count=40, size=8)
    assert "augment_colour" in BayesianGAN.recommended(few.spec)[0].settings
    many = replace(few, parts={"unlabelled": make_dataset(count=6000, size=8, classes=0)})
    assert "augment_colour" not in BayesianGAN.recommended(many.spec)[0].settings


def test_with_labels_probabilities_are_the_mean_over_all_discriminators(make_engine: Make) -> None:
    engine = make_engine(
        "bayesian-gan", labelled_points(), labelled=6, discriminators=2, samples=1, sample_every=2
    )
    for _ in range(3):
        engine.play_round()
    game = engine.game.eval()
    critics = [*game.discriminators, *game.kept_discriminators.networks()]
    assert len(critics) == 4
    some = torch.randn(5, 2)
    expected = sum(critic(some).softmax(1) for critic in critics) / 4
    assert torch.allclose(game.class_logits(some).softmax(1), expected, atol=1e-6)
    classes = expected.argmax(1)
    batch = Batch(some, (classes + torch.tensor([0, 1, 0, 0, 1])) % 2, torch.arange(5))
    assert game.figures()["test error"].measure(batch).tolist() == [0, 1, 0, 0, 1]


def test_with_labels_one_of_each_is_improved_gan(
    make_engine: Make, make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same weights both players' losses are the same, though its images are from -1 to 1."""
    data, latent = make_dataset(40, 1, 8), torch.rand(10, 100)
    theirs = make_engine("improved-gan", data, labelled=9, unlabelled_weight=2.0)
    ours = make_engine("bayesian-gan", data, labelled=9, generators=1)
    (generator, _), critic = ours.game.generator.members[0], ours.game.discriminators[0]
    generator.load_state_dict(theirs.game.generator.state_dict())
    for mine, other in zip((critic[0][1], critic[1]), theirs.game.discriminator, strict=True):
        mine.load_state_dict(other.state_dict())
        mine.eval(), other.eval()  # Without the noise of the layers.
    monkeypatch.setattr(theirs.game, "fake", lambda count: generator(latent))
    monkeypatch.setattr(ours.game, "fakes", lambda count: [ours.game.generator.members[0](latent)])
    few, whole = (theirs.streams[name].peek() for name in ("labelled", "unlabelled"))
    from_minus_1 = [replace(batch, examples=2 * batch.examples - 1) for batch in (whole, few)]
    expected = theirs.game.discriminator_loss(few, whole)
    found = ours.game.discriminator_loss(*from_minus_1)
    assert found["labelled"].item() == pytest.approx(expected["labelled"].item(), rel=1e-4)
    unlabelled = expected["real"] + expected["fake"]
    assert found["adversarial"].item() == pytest.approx(unlabelled.item(), rel=1e-4)
    matching = theirs.game.generator_loss(whole)["matching"]
    assert ours.game.generator_loss(from_minus_1[0])["adversarial"].item() == pytest.approx(
        matching.item(), rel=1e-4
    )


def test_with_labels_generators_deceive_as_much_as_is_said(make_engine: Make) -> None:
    game = make_engine("bayesian-gan", labelled_points(), labelled=6, generators=1, deceiving=0.5).game
    (critic,), (fake,) = game.discriminators.eval(), game.unmoved_fakes(10)
    real = Batch(torch.randn(10, 2), torch.zeros(10), torch.arange(10))
    (cost,) = game.deceits(critic, [fake], real)
    features, head = critic
    gap = features(fake).mean(0) - features(real.examples).mean(0)
    called_real = -head(features(fake)).logsumexp(1).sigmoid().log().mean()
    assert cost.item() == pytest.approx((0.5 * called_real + gap.square().mean()).item(), rel=1e-4)


def test_with_labels_rates_are_their_own_and_fall_to_0(make_engine: Make) -> None:
    data = labelled_points()
    engine = make_engine("bayesian-gan", data, steps=4, labelled=6, labels_lr=0.02, labels_decay=0.5)
    rates = []
    for _ in range(4):
        engine.play_round()
        rates += [player.optimizer.param_groups[0]["lr"] for player in engine.players.values()]
    assert rates == pytest.approx([0.02] * 6 + [0.01] * 2)


def test_a_decay_that_is_given_takes_the_place_of_that_of_labels(make_engine: Make) -> None:
    options = {"labelled": 6, "labels_lr": 0.02, "learning_rate_decay": 1.0}
    engine = make_engine("bayesian-gan", labelled_points(), steps=4, **options)
    rates = []
    for _ in range(4):
        engine.play_round()
        rates.append(engine.players["discriminator"].optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.02, 0.015, 0.01, 0.005])
    assert "learning_rate_decay" not in BayesianGAN.idle_settings(engine.game.settings, engine.game.data)


def test_sghmc_has_no_use_for_adam_s_decay(make_engine: Make) -> None:
    for posterior, idle in (("code", False), ("sghmc", True)):
        game = make_engine("bayesian-gan", points(), posterior=posterior).game
        assert ("adam_beta1" in BayesianGAN.idle_settings(game.settings, game.data)) is idle


def test_with_labels_what_is_never_wrong_moves_little(make_engine: Make) -> None:
    """Gradients of 1e-6 move weights by a hundredth of the rate, as in Improved GAN; without labels by all
    of it."""
    moved = {}
    for labelled in (0, 6):
        engine = make_engine("bayesian-gan", labelled_points(), labelled=labelled)
        optimizer = engine.players["discriminator"].optimizer
        optimizer.deviation = 0.0
        group = optimizer.param_groups[0]
        weight = group["params"][0]
        before = weight.detach().clone()
        weight.grad = torch.full_like(weight, 1e-6)
        optimizer.step()
        moved[labelled] = ((before - weight.detach()) / group["lr"]).mean().item()
    assert moved[0] == pytest.approx(1.0, rel=0.02)
    assert moved[6] == pytest.approx(0.01, rel=0.02)


def test_with_labels_it_learns_classes_from_points_without(make_engine: Make) -> None:
    """Of two half moons with three labels each it misnames far fewer than the nearest label does."""
    data = moons()
    examples, classes = data.examples.values, data.condition.values
    few = chosen_evenly(data, 6, seed=1)
    nearest = classes[few][torch.cdist(examples, examples[few]).argmin(1)]
    assert (nearest != classes).float().mean() > 0.05
    engine = make_engine("bayesian-gan", data, steps=60, labelled=6, generators=2, samples=0, batch_size=50)
    for _ in range(60):
        engine.play_round()
    wrong = engine.game.eval().class_logits(examples).argmax(1) != classes
    assert wrong.float().mean() < 0.02


def test_labels_are_asked_of_data_that_has_some(make_engine: Make) -> None:
    with pytest.raises(SettingError, match="labelled is 6, and this data has no"):
        make_engine("bayesian-gan", points(), labelled=6)


def test_sghmc_trains_and_goes_on_exactly(
    make_engine: Make, resumes_exactly: Callable[[Engine, Engine], None]
) -> None:
    settings: dict[str, Any] = {"generators": 2, "posterior": "sghmc", "generator_lr": 1e-2}
    whole, resumed = (make_engine("bayesian-gan", points(), **settings) for _ in range(2))
    assert isinstance(whole.players["generator"].optimizer, SGHMC)
    resumes_exactly(whole, resumed)

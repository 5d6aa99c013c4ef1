"""Bayesian GAN: every generator takes part, and both posteriors are as described."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from sparring.data.dataset import Dataset, dataset_of
from sparring.nn.several import Several, saying
from sparring.nn.sghmc import SGHMC
from sparring.randomness import Randomness
from sparring.training.engine import Engine

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
    counts = game.generator.member_of(latent[:, -1]).bincount(minlength=4)
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


@pytest.mark.parametrize(("posterior", "share"), [("code", 2 / 9 / 40), ("sghmc", 8 / 9 / 2 / 40)])
def test_the_prior_of_four_weights_of_1_and_as_many_in_another_tensor(
    make_engine: Make, posterior: str, share: float
) -> None:
    game = make_engine("bayesian-gan", points(), posterior=posterior, prior_deviation=3.0).game
    network = torch.nn.ParameterList([torch.ones(4), torch.ones(2, 2)])
    assert game.prior(network).item() == pytest.approx(share)


def test_sghmc_trains_and_goes_on_exactly(
    make_engine: Make, resumes_exactly: Callable[[Engine, Engine], None]
) -> None:
    settings: dict[str, Any] = {"generators": 2, "posterior": "sghmc", "generator_lr": 1e-2}
    whole, resumed = (make_engine("bayesian-gan", points(), **settings) for _ in range(2))
    assert isinstance(whole.players["generator"].optimizer, SGHMC)
    resumes_exactly(whole, resumed)

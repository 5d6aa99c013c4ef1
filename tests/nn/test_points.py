"""Layers of networks for points."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from sparring.data.dataset import Dataset, dataset_of
from sparring.nn.points import FourierFeatures, Residual, Scale
from sparring.training.engine import Engine
from sparring.zoo.r3gan import R3GAN

Make = Callable[..., Engine]
ON = {"residual": True, "fourier_octaves": 3, "point_units": 8}


def points(mean: float = 5.0, deviation: float = 2.0, count: int = 60) -> Dataset:
    numbers = torch.randn(count, 2, generator=torch.Generator().manual_seed(0))
    return dataset_of("points", mean + deviation * torch.tensor([1.0, 10.0]) * numbers)


def test_a_scale_is_the_mean_and_the_deviation_of_each_number() -> None:
    scale = Scale(3)
    seen = torch.tensor([[1.0, 7.0, 0.0], [3.0, 7.0, 4.0]])
    assert torch.equal(scale(seen), seen), "not known yet"
    scale.fit(seen)
    assert scale.mean.tolist() == [2.0, 7.0, 2.0]
    assert scale.deviation.tolist() == [1.0, 1.0, 2.0], "of what is always the same, 1"
    assert scale(seen).tolist() == [[-1.0, 0.0, -1.0], [1.0, 0.0, 1.0]]
    assert torch.equal(scale.restored(scale(seen)), seen)


def test_fourier_features_are_sines_and_cosines_of_halved_lengths() -> None:
    features = FourierFeatures(1, octaves=2)
    features.scale.fit(torch.tensor([[2.0], [6.0]]))
    assert features.size == 5
    found = features(torch.tensor([[5.0]]))[0].tolist()
    assert found == pytest.approx([0.5, 1.0, 0.0, 0.0, -1.0], abs=1e-6)


def test_noise_is_not_moved_at_first_and_lies_where_the_data_does() -> None:
    made = Residual(nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 2)), 2)
    made.scale.fit(torch.tensor([[1.0, -2.0], [3.0, 2.0]]))
    noise = torch.randn(5, 3)
    wanted = torch.tensor([2.0, 0.0]) + torch.tensor([1.0, 2.0]) * noise[:, :2]
    assert torch.allclose(made(noise), wanted)
    nn.init.ones_(made.body[-1].bias)
    assert torch.allclose(made(noise), wanted + torch.tensor([1.0, 2.0]))


def test_a_run_begins_where_the_data_lies(make_engine: Make) -> None:
    data = points()
    game = make_engine("r3gan", data, batch_size=60, **ON).game
    scales = [module for module in game.modules() if isinstance(module, Scale)]
    assert len(scales) == 3, "of the generator, of its average, of the critic"
    for scale in scales:
        assert torch.allclose(scale.mean, data.examples.values.mean(0), atol=1e-4)
        assert torch.allclose(scale.deviation, data.examples.values.std(0, correction=0), rtol=1e-4)
    assert len(game.of_data) == 6
    assert set(game.of_data) <= game.state_dict().keys()
    made = game.sample(game.latent(2000, game.random), torch.zeros(2000, 0))
    assert torch.allclose(made.mean(0), scales[0].mean, atol=3.0)
    assert math.isclose(float(made.std(0)[1] / made.std(0)[0]), 10, rel_tol=0.5)


def test_features_and_moved_noise_resume_exactly(
    make_engine: Make, resumes_exactly: Callable[[Engine, Engine], None]
) -> None:
    engines = [make_engine("r3gan", points(), steps=10, **ON) for _ in range(2)]
    resumes_exactly(*engines)


def test_with_both_off_networks_are_those_of_before(make_engine: Make) -> None:
    game = make_engine("r3gan", points(), point_units=8).game
    assert not game.of_data
    assert not [module for module in game.modules() if isinstance(module, Scale | FourierFeatures | Residual)]


def test_it_does_not_matter_in_which_units_points_are(make_engine: Make) -> None:
    def slope(factor: float) -> float:
        game = make_engine(
            "r3gan", points(5 * factor, 2 * factor), batch_size=60, exact_penalty=True, **ON
        ).game
        seen = points(5 * factor, 2 * factor).examples.values.requires_grad_()
        nothing = torch.zeros(len(seen), 0)
        return game.penalty(seen, nothing, game.discriminator(seen, nothing)[0]).item()

    assert slope(1.0) > 0
    assert slope(1000.0) == pytest.approx(slope(1.0), rel=1e-3)


def test_penalties_by_differences_are_in_the_same_units(make_engine: Make) -> None:
    game = make_engine("r3gan", points(), batch_size=60, exact_penalty=True, **ON).game
    other = make_engine("r3gan", points(), batch_size=60, exact_penalty=False, **ON).game
    seen = points(count=60).examples.values.repeat(400, 1).requires_grad_()
    nothing = torch.zeros(len(seen), 0)
    exact, near = (
        each.penalty(seen, nothing, game.discriminator(seen, nothing)[0]).item() for each in (game, other)
    )
    assert near == pytest.approx(exact, rel=0.3)


def test_by_rule_points_are_met_in_whatever_units_they_are(make_engine: Make) -> None:
    data = points(mean=5000.0, deviation=300.0)
    (rung,) = R3GAN.recommended(data.spec)
    engine = make_engine("r3gan", data, steps=40, **rung.settings, batch_size=60, point_units=16)
    for _ in range(40):
        engine.play_round()
    game, real = engine.game, data.examples.values
    made = game.sample(game.latent(2000, game.random), torch.zeros(2000, 0))
    assert ((made.mean(0) - real.mean(0)).abs() < 0.5 * real.std(0)).all()
    assert ((made.std(0) / real.std(0)).log().abs() < 0.7).all()

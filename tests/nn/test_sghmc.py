"""SGHMC samples what it says it samples."""

from __future__ import annotations

import pytest
import torch

from sparring.nn.noisy_adam import NoisyAdam
from sparring.nn.sghmc import SGHMC
from sparring.randomness import Randomness


def test_its_samples_are_of_the_gaussian_whose_logarithm_it_descends() -> None:
    """A thousand chains on the energy x² / (2 s²) at temperature T end in N(0, T s²), for each s."""
    deviations = torch.tensor([0.5, 1.0, 3.0])
    temperature, rate, friction = 0.25, 0.02, 0.2
    weights = torch.nn.Parameter(torch.full((1000, 3), 2.0))
    sampler = SGHMC([weights], rate, friction, temperature, Randomness(0))
    for _ in range(1000):
        weights.grad = weights.detach() / deviations**2
        sampler.step()
    found = weights.detach()
    assert found.mean(0) == pytest.approx(torch.zeros(3), abs=0.15)
    # Of the recursion with finite steps, which tends to T s² as the rate falls.
    h = rate / deviations**2
    exact = temperature * deviations**2 * 2 * (2 - friction) / (2 * (2 - friction) - h)
    assert found.var(0) / exact == pytest.approx(torch.ones(3), abs=0.15)
    assert exact / (temperature * deviations**2) == pytest.approx(torch.ones(3), abs=0.03)
    # Coordinates and chains are independent.
    assert torch.corrcoef(found.t())[0, 1:].abs().max() < 0.1


def test_at_temperature_0_it_is_gradient_descent_with_momentum() -> None:
    ours, theirs = (torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    movers = (
        SGHMC([ours], 0.05, 0.25, 0.0, Randomness(0)),
        torch.optim.SGD([theirs], 0.05, momentum=0.75),
    )
    for _ in range(5):
        for weights, mover in zip((ours, theirs), movers, strict=True):
            weights.grad = weights.detach() ** 3
            mover.step()
    assert torch.allclose(ours, theirs)


def test_noisy_adam_adds_noise_of_its_deviation_to_gradients() -> None:
    weights = torch.nn.Parameter(torch.zeros(20_000))
    weights.grad = torch.full_like(weights, 2.0)
    NoisyAdam([weights], 0.1, (0.5, 0.999), 0.3, Randomness(0), 1e-8).step()
    assert weights.grad.mean().item() == pytest.approx(2.0, abs=0.02)
    assert weights.grad.std().item() == pytest.approx(0.3, abs=0.02)
    # The first step of Adam is the rate, against the sign.
    assert torch.allclose(weights, torch.tensor(-0.1), atol=1e-4)

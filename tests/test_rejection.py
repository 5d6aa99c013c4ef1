"""Sampling with a critic's say in it, and with statistics taken anew."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import sparring
from sparring.data.dataset import Column, no_condition
from sparring.errors import SettingError
from sparring.game import Role
from sparring.generating import SAMPLE_BATCH
from sparring.loading import load
from sparring.randomness import Randomness
from sparring.rejection import Rejection, calibrated, fitted, scores_of
from sparring.runs.folder import Run
from sparring.standing import take_standing_statistics


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Makes a run of three steps on points."""

    def run_of(system: str = "dcgan", **options: float) -> Run:
        out = tmp_path_factory.mktemp("runs") / "run"
        return sparring.train(system, data="ring", max_steps=3, threads=1, quiet=True, out=out, **options)

    return run_of


def test_what_is_kept_is_distributed_as_what_is_real() -> None:
    """With log-odds of true densities and nothing taken off, the chance is their ratio over the largest."""
    log_odds = torch.linspace(-3, 1, 9)
    rule = Rejection(slope=1.0, offset=0.0, highest=1.0, gamma=0.0)
    torch.testing.assert_close(rule.chances(log_odds), (log_odds - 1).exp(), atol=1e-4, rtol=1e-4)


def test_scores_become_log_odds() -> None:
    """N(1, 1) against N(0, 1) has log-odds x - 1/2; a score of 3 x + 7 is calibrated to the same."""
    random = torch.Generator().manual_seed(0)
    real, fake = torch.randn(20_000, generator=random) + 1, torch.randn(10_000, generator=random)
    slope, offset = calibrated(real, fake)
    assert (slope, offset) == (pytest.approx(1.0, abs=0.05), pytest.approx(-0.5, abs=0.05))
    other, shift = calibrated(3 * real + 7, 3 * fake + 7)
    assert (other, shift) == (
        pytest.approx(slope / 3, rel=1e-4),
        pytest.approx(offset - 7 * slope / 3, rel=1e-3),
    )
    assert torch.tensor(calibrated(torch.ones(5), torch.zeros(5))).isfinite().all()
    with pytest.raises(SettingError, match="the same of all examples"):
        calibrated(torch.ones(5), torch.ones(5))


def test_samples_that_look_real_are_kept(runs: Callable[..., Run]) -> None:
    """Points around (1, 1), beside real ones around (0, 0): those to the left are kept, by a critic that
    looks at nothing else, whichever side it calls real."""

    class Beside(nn.Linear):
        def forward(self, latent: torch.Tensor) -> torch.Tensor:
            return 1 + latent[:, :2] / 2

    class Sideways(nn.Module):
        def forward(self, points: torch.Tensor) -> torch.Tensor:
            return 5 * points[:, :1]

    model = load(runs())
    model.game.generator, model.game.networks = Beside(1, 1), [(Role.CRITIC, Sideways())]
    plain, kept = (model.sample(400, seed=1, rejection=share).examples for share in (0.0, 0.8))
    assert kept.shape == plain.shape
    assert kept[:, 0].mean() < plain[:, 0].mean() - 0.1
    assert torch.equal(kept, model.sample(400, seed=1, rejection=0.8).examples)


def test_what_cannot_be_rejected(runs: Callable[..., Run]) -> None:
    with pytest.raises(SettingError, match="judges no example as it is, alone, for the trick 'packing'"):
        load(runs(packing=2)).sample(5, rejection=0.5)
    # What a critic is shown in training alone is no reason.
    assert len(load(runs(instance_noise=0.1)).sample(5, rejection=0.5)) == 5
    with pytest.raises(SettingError, match=r"rejection is 1\.5"):
        load(runs()).sample(5, rejection=1.5)
    with pytest.raises(SettingError, match="is not rejected"):
        sparring.sample(runs(), rejection=0.5, interpolate=4)
    with pytest.raises(SettingError, match="says one number of each example"):
        load(runs("began")).sample(5, rejection=0.5)
    assert len(load(runs("wgan-gp")).sample(5, rejection=0.5)) == 5


def test_statistics_are_those_of_samples(tmp_path: Path, tiny_npz: Path) -> None:
    run = sparring.train(
        "dcgan", data=f"npz:{tiny_npz}", width=4, max_steps=1, threads=1, quiet=True, out=tmp_path / "run"
    )
    model = load(run)
    norms = [part for part in model.game.generator.modules() if isinstance(part, nn.BatchNorm2d)]
    others = [part for part in model.game.discriminator.modules() if isinstance(part, nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in others]
    seen: list[torch.Tensor] = []
    norms[0].register_forward_hook(lambda norm, given, _: seen.append(given[0]) if norm.training else None)
    model.take_standing_statistics(3)
    assert len(seen) == 3
    torch.testing.assert_close(
        norms[0].running_mean, torch.stack([each.mean((0, 2, 3)) for each in seen]).mean(0)
    )
    assert not any(norm.training for norm in norms)
    assert all(torch.equal(norm.running_mean, kept) for norm, kept in zip(others, before, strict=True))
    with pytest.raises(SettingError, match="without batch normalisation"):
        sparring.sample(
            sparring.train(
                "gan", data=f"npz:{tiny_npz}", max_steps=1, threads=1, quiet=True, out=tmp_path / "gan"
            ),
            standing_statistics=2,
        )


def test_statistics_are_of_all_generators_and_of_all_that_is_told(tmp_path: Path, tiny_npz: Path) -> None:
    small = {"max_steps": 1, "threads": 1, "quiet": True, "preset": "paper"}
    run = sparring.train(
        "bayesian-gan", data=f"npz:{tiny_npz}", out=tmp_path / "several", generators=3, **small
    )
    game = load(run).game
    before = copy.deepcopy(game.state_dict())
    told = list[int]()

    def tell(count: int) -> Column:
        told.append(count)
        return no_condition(count)

    take_standing_statistics(game, tell, 2, seed=0)
    assert told == [SAMPLE_BATCH, 2 * SAMPLE_BATCH]
    moved = [
        not torch.equal(before[f"generator.members.{number}.{name}"], value)
        for number, member in enumerate(game.generator.members)
        for name, value in member.state_dict().items()
        if name.endswith("running_mean")
    ]
    assert moved
    assert all(moved)


def test_it_is_fitted_on_like_classes_and_holds_for_what_is_asked_for(tmp_path: Path) -> None:
    """A critic that only tells classes apart rejects none of them; the share is of what is asked for."""
    points = np.random.default_rng(0).normal(size=(400, 2))
    labels = np.repeat([1, 2, 3], [350, 39, 11])
    np.savez(tmp_path / "own.npz", points=points, labels=labels)
    run = sparring.train(
        "r3gan", data=f"npz:{tmp_path / 'own.npz'}", max_steps=3, threads=1, quiet=True, out=tmp_path / "run"
    )
    model = load(run)
    model.game.critic_score = (  # type: ignore[method-assign]
        lambda examples, condition: 5.0 * condition + 0.01 * examples[:, 0]
    )
    model.game.generate = lambda latent, condition: latent[:, :2]  # type: ignore[method-assign]
    real = model.data.in_range(*model.game.value_range)
    for told in (model.told(2000, "2"), model.told(2000, None), real.condition[torch.arange(400)]):
        rule = fitted(model.game, real, told, 0.8, 0)
        assert abs(5 * rule.slope) < 1, "classes alone say nothing of what is real"
        random = Randomness(1)
        asked = told[torch.arange(2000) * len(told) // 2000]
        scores = torch.cat(
            [
                scores_of(
                    model.game, model.game.latent(SAMPLE_BATCH, random), asked[first : first + SAMPLE_BATCH]
                )
                for first in range(0, 2000, SAMPLE_BATCH)
            ]
        )
        assert (rule.chances(scores) < 0.5).float().mean().item() == pytest.approx(0.8, abs=0.05)

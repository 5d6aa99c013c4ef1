"""Test losses and figures: what is reported of a game, and that asking leaves the run as it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam

from sparring.data.dataset import Batch, Column, Dataset, DataSpec, dataset_of
from sparring.data.truth import Mixture
from sparring.figures import BATCH, SAMPLES, game_figures, truth_figures
from sparring.game import Figure, Game, GameSettings, Loss, Player, Role, Terms, Turn
from sparring.nn.layers import Dropout
from sparring.randomness import Randomness
from sparring.training.engine import Engine

Make = Callable[..., Engine]
Same = Callable[[Any, Any], bool]
CPU = torch.device("cpu")


class Examined(Game):
    """With test losses, figures, dropout, batch statistics, noise: all that a test could disturb."""

    conditional = True

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.generator = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        self.critic = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), Dropout(0.4, random), nn.Linear(8, 1))
        self.jitter = random.branch("jitter")
        self.modes: set[bool] = set()

    def players(self) -> dict[str, Player]:
        return {
            "generator": Player(Role.GENERATOR, Adam(self.generator.parameters(), 1e-2)),
            "critic": Player(Role.CRITIC, SGD(self.critic.parameters(), 1e-2, momentum=0.9)),
        }

    def round(self) -> list[Turn]:
        return [Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)]

    def critic_loss(self, real: Batch) -> Terms:
        shown = real.examples + 0.1 * self.jitter.normal(*real.examples.shape)
        gap = self.critic(self.fake(len(real))).mean() - self.critic(shown).mean()
        return Terms(gap=gap).observing(spread=shown.std())

    def generator_loss(self, real: Batch) -> Terms:
        return Terms(score=-self.critic(self.fake(len(real))).mean())

    def test_losses(self) -> dict[str, Loss]:
        return {"critic": self.critic_test_loss, "generator": self.generator_loss}

    def critic_test_loss(self, real: Batch) -> Terms:
        self.modes |= {self.training, torch.is_grad_enabled()}
        x = real.examples
        return Terms(first=x[:, 0].mean(), second=2 * x[:, 1].mean()).observing(
            error=(x[:, 0] > 0).float().mean(), noise=self.jitter.normal(len(x)).mean()
        )

    def figures(self) -> Mapping[str, Figure]:
        return {
            "square": Figure(lambda batch: batch.examples.square().sum(1), "mean square"),
            "noise": Figure(lambda batch: self.random.normal(len(batch)), "what chance is"),
        }

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 3)


def points(count: int = 40, held_out: int = 0, modes: int = 0) -> Dataset:
    random = torch.Generator().manual_seed(count)
    kept = points(held_out) if held_out else None
    data = dataset_of("points", torch.randn(count, 2, generator=random), held_out=kept)
    return (
        dataclasses.replace(data, truth=Mixture(torch.randn(modes, 2, generator=random), 0.5))
        if modes
        else data
    )


def play_and_test(engine: Engine, rounds: int, test: bool) -> list[dict[str, Any]]:
    values = []
    for _ in range(rounds):
        values.append(engine.play_round())
        if test:
            engine.test()
    return values


# -- the run stays as it was ---------------------------------------------------------------------------------


@pytest.mark.parametrize("held_out", [0, 37])
@pytest.mark.parametrize("modes", [0, 3])
def test_a_test_leaves_the_run_as_it_was(
    held_out: int, modes: int, make_engine: Make, same_state: Same
) -> None:
    """And whether there are held-out examples, or a known truth, makes no other run."""
    tested, alone = (
        make_engine(Examined, points(held_out=kept, modes=known), batch_size=8)
        for kept, known in ((held_out, modes), (0, 0))
    )
    tested.test()
    assert play_and_test(tested, 4, test=True) == play_and_test(alone, 4, test=False)
    assert same_state(tested.state(), alone.state())
    assert all(module.training for module in tested.game.modules())
    assert torch.equal(tested.game.random.normal(5), alone.game.random.normal(5))
    assert torch.equal(tested.game.jitter.normal(5), alone.game.jitter.normal(5))


def test_a_test_amid_a_round_leaves_the_rest_of_it(make_engine: Make, same_state: Same) -> None:
    """As a trick or a control variable might ask for one."""

    class Curious(Examined):
        engine: Engine | None = None

        def generator_loss(self, real: Batch) -> Terms:
            if self.engine is not None and self.training:
                game_figures(self, self.engine.dataset, CPU)
                truth_figures(self, self.engine.dataset)
            return super().generator_loss(real)

    curious, plain = (make_engine(system, points(held_out=9), batch_size=8) for system in (Curious, Examined))
    curious.game.__dict__["engine"] = curious
    assert play_and_test(curious, 3, test=False) == play_and_test(plain, 3, test=False)
    assert same_state(curious.state(), plain.state())


def test_a_test_fails_and_the_run_stays_as_it_was(make_engine: Make, same_state: Same) -> None:
    class Failing(Examined):
        def generator_loss(self, real: Batch) -> Terms:
            if not self.training:
                self.random.normal(4)
                raise ValueError("broken")
            return super().generator_loss(real)

    failing, plain = (make_engine(system, points(held_out=9), batch_size=8) for system in (Failing, Examined))
    for engine in (failing, plain):
        engine.play_round()
    with pytest.raises(ValueError, match="broken"):
        failing.test()
    assert failing.game.training
    assert failing.play_round() == plain.play_round()
    assert same_state(failing.state(), plain.state())


def test_a_resumed_run_is_tested_alike(make_engine: Make) -> None:
    """The noise of a test depends on the step alone."""
    first, second = (make_engine(Examined, points(held_out=37, modes=3), batch_size=8) for _ in range(2))
    play_and_test(first, 3, test=False)
    second.restore(first.state())
    found = first.test()
    assert second.test() == found
    assert first.test() == found
    first.play_round()
    assert first.test()["figure/noise"] != found["figure/noise"]


def test_a_test_computes_in_evaluation_mode_without_gradients(make_engine: Make) -> None:
    engine = make_engine(Examined, points(held_out=9), batch_size=8)
    engine.test()
    assert engine.game.modes == {False}


# -- what is reported ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("held_out", [1, 37, BATCH + 3])
def test_every_held_out_example_counts_alike(held_out: int, make_engine: Make) -> None:
    """And what is observed is reported, but is no part of the loss."""
    data = points(held_out=held_out)
    assert data.held_out is not None
    x = data.held_out.examples.values.double()
    found = make_engine(Examined, data, batch_size=8).test()
    assert found["test/critic/first"] == pytest.approx(x[:, 0].mean().item(), abs=1e-6)
    assert found["test/critic/error"] == pytest.approx((x[:, 0] > 0).double().mean().item(), abs=1e-6)
    total = x[:, 0].mean() + 2 * x[:, 1].mean()
    assert found["test/critic/loss"] == pytest.approx(total.item(), abs=1e-6)
    assert found["figure/square"] == pytest.approx(x.square().sum(1).mean().item(), abs=1e-5)
    assert found.keys() == {
        *(f"test/critic/{name}" for name in ("loss", "first", "second", "error", "noise")),
        *(f"test/generator/{name}" for name in ("loss", "score")),
        *(f"figure/{name}" for name in ("square", "noise")),
    }


def test_observed_numbers_are_no_part_of_the_loss_in_training_either(make_engine: Make) -> None:
    values = make_engine(Examined, points(), batch_size=8).play_round()
    assert values["critic/loss"] == values["critic/gap"]
    assert values["critic/spread"] > 0.5


def test_where_nothing_is_held_out_or_known_nothing_is_reported(make_engine: Make) -> None:
    assert make_engine(Examined, points(), batch_size=8).test() == {}


def test_test_losses_may_be_plain_terms(make_engine: Make, make_dataset: Callable[..., Dataset]) -> None:
    class Plain(Examined):
        def test_losses(self) -> dict[str, Loss]:
            return {"critic": lambda real: {"mean": real.examples.mean()}}

        def figures(self) -> Mapping[str, Figure]:
            return {}

    data = points(held_out=37)
    assert data.held_out is not None
    values = make_engine(Plain, data, batch_size=8).test()
    assert values["test/critic/mean"] == pytest.approx(data.held_out.examples.values.mean().item(), abs=1e-6)
    assert values == {
        "test/critic/loss": values["test/critic/mean"],
        "test/critic/mean": values["test/critic/mean"],
    }


def test_held_out_images_come_in_the_range_of_the_game(
    make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    class Range(Examined):
        value_range = (0.0, 4.0)

        def test_losses(self) -> dict[str, Loss]:
            return {"critic": lambda real: Terms(mean=real.examples.mean())}

        def figures(self) -> Mapping[str, Figure]:
            return {"mean": Figure(lambda batch: batch.examples.flatten(1).mean(1), "mean")}

    data = make_dataset(20, held_out=37)
    assert data.held_out is not None
    expected = pytest.approx(data.held_out.examples.values.double().mean().item() / 255 * 4, abs=1e-5)
    found = make_engine(Range, data).test()
    assert found["test/critic/mean"] == expected
    assert found["figure/mean"] == expected


# -- figures of the truth ------------------------------------------------------------------------------------


def test_the_truth_is_asked_about_samples(make_engine: Make) -> None:
    class Perfect(Examined):
        def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
            assert condition.shape == (len(latent), 0)
            # Half of the samples are at the mode, the others far from it.
            return torch.where((latent[:, :1] > 0), torch.zeros(2), torch.full((2,), 9.0))

    data = dataclasses.replace(points(), truth=Mixture(torch.zeros(1, 2), 0.5))
    engine = make_engine(Perfect, data, batch_size=8)
    assert engine.test()["figure/high_quality_share"] == pytest.approx(0.5, abs=4 * 0.5 / SAMPLES**0.5)


def test_a_game_is_asked_about_held_out_examples_and_the_truth_about_samples(make_engine: Make) -> None:
    data = dataclasses.replace(points(held_out=5), truth=Mixture(torch.zeros(1, 2), 0.5))
    engine = make_engine(Examined, data, batch_size=8)
    found = game_figures(engine.game, engine.dataset, CPU)
    assert found.keys() == {"square", "noise"}
    assert found["square"].shape == (5,)
    known = truth_figures(engine.game, engine.dataset)
    assert known.keys() == {"high_quality_share"}
    assert known["high_quality_share"].shape == (SAMPLES,)


def test_samples_are_told_what_the_held_out_data_says(make_engine: Make) -> None:
    """Conditions are encoded as the game has them, and taken from what was not trained on."""
    told: list[Tensor] = []

    class Restoring(Examined):
        value_range = (0.0, 1.0)

        def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
            told.append(condition)
            return condition.flatten(1)[:, :2]

    def data(count: int, held_out: Dataset | None = None) -> Dataset:
        random = torch.Generator().manual_seed(count)
        bytes_ = torch.randint(256, (count, 1, 2, 2), generator=random).to(torch.uint8)
        source = dataset_of("sources", bytes_).examples
        return dataclasses.replace(
            points(count), condition=source, held_out=held_out, truth=Mixture(torch.zeros(1, 2), 0.5)
        )

    kept = data(11)
    make_engine(Restoring, data(40, kept), batch_size=8).test()
    (condition,) = told
    assert condition.shape == (SAMPLES, 1, 2, 2)
    torch.testing.assert_close(condition[:11], kept.condition.values / 255)
    torch.testing.assert_close(condition[11:22], kept.condition.values / 255)


def test_a_column_of_conditions_is_what_a_game_makes_of_the_data(make_engine: Make) -> None:
    class Told(Examined):
        @classmethod
        def condition(cls, data: Dataset) -> Column:
            return Column(data.examples.kind, data.examples.values * 2)

        def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
            assert torch.equal(condition[:40], 2 * points().examples.values)
            return condition

    data = dataclasses.replace(points(), truth=Mixture(torch.zeros(1, 2), 0.5))
    assert 0 < make_engine(Told, data, batch_size=8).test()["figure/high_quality_share"] < 1

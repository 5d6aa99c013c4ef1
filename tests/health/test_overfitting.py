"""Overfitting: a critic's verdict on training examples beside that on held-out ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sparring.data.dataset import Dataset
from sparring.health import overfitting
from sparring.health.overfitting import OverfittingVitals
from sparring.randomness import Randomness
from sparring.training.engine import Engine

Make = Callable[..., Engine]


def vitals_of(engine: Engine) -> OverfittingVitals:
    return OverfittingVitals(engine, Randomness(1))


def gaps(engine: Engine) -> tuple[float, float]:
    """The gaps of training and of held-out examples."""
    values = vitals_of(engine).measure()
    assert values.keys() == {"discriminator/gap_training", "discriminator/gap_held_out"}
    return values["discriminator/gap_training"], values["discriminator/gap_held_out"]


@pytest.mark.parametrize("system", ["gan", "dcgan", "r3gan"])
def test_the_same_examples_have_the_same_gap(
    system: str, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    # Without classes: what is generated depends on noise alone.
    dataset = make_dataset(32, size=8, classes=0)
    engine = make_engine(system, replace(dataset, held_out=dataset), batch_size=8)
    for _ in range(3):
        engine.play_round()
    trained, held_out = gaps(engine)
    # All of them, in another order, against the same generated ones.
    assert trained == pytest.approx(held_out, rel=1e-4)
    assert trained != 0


def test_a_critic_that_learns_by_heart_knows_its_examples(
    make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    engine = make_engine("gan", make_dataset(20, size=8, held_out=60), batch_size=10, discriminator_lr=3e-3)
    before = gaps(engine)
    for _ in range(200):
        engine.play_round()
    trained, held_out = gaps(engine)
    assert abs(before[0] - before[1]) < 0.1
    assert held_out < 0.5 * trained


def test_without_held_out_examples_or_with_very_many_nothing_is_compared(
    make_engine: Make, make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vitals_of(make_engine("gan", make_dataset())).measure() == {}
    dataset = make_dataset(held_out=20)
    assert vitals_of(make_engine("gan", dataset)).measure() != {}
    monkeypatch.setattr(overfitting, "MOST_EXAMPLES", len(dataset) - 1)
    assert vitals_of(make_engine("gan", dataset)).measure() == {}


def test_a_critic_of_several_sources_is_left_alone(
    make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    engine = make_engine("improved-gan", make_dataset(60, size=8, held_out=20), batch_size=10, width=4)
    engine.play_round()
    assert vitals_of(engine).measure() == {}

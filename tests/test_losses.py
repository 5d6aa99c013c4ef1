"""Losses from logits are the formulas of the papers and listings, and finite where those are not."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sparring.losses import binary_cross_entropy, fake_loss, generator_loss, minimax_loss, real_loss, verdict

# Beyond these the formulas with logarithms lose their digits in single precision.
moderate = st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=20).map(torch.tensor)
any_logits = st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20).map(torch.tensor)
targets = st.floats(0.0, 1.0)


def cross_entropy(probability: Tensor, target: float) -> Tensor:
    """As Keras writes it."""
    return -(target * probability.log() + (1 - target) * (1 - probability).log()).mean()


@given(moderate, moderate)
def test_the_discriminator_minimises_the_listing_formula(real: Tensor, fake: Tensor) -> None:
    size = min(len(real), len(fake))
    real, fake = real[:size].double(), fake[:size].double()
    listing = -(real.sigmoid().log() + (1.0 - fake.sigmoid()).log()).mean()
    torch.testing.assert_close(real_loss(real) + fake_loss(fake), listing)


@given(moderate)
def test_the_generator_minimises_the_listing_formula(fake: Tensor) -> None:
    torch.testing.assert_close(real_loss(fake.double()), -fake.double().sigmoid().log().mean())


@given(moderate)
def test_the_original_game_is_the_formula_of_equation_1(fake: Tensor) -> None:
    fake = fake.double()
    torch.testing.assert_close(minimax_loss(fake), (1.0 - fake.sigmoid()).log().mean())
    assert generator_loss(fake, saturating=True) == minimax_loss(fake)
    assert generator_loss(fake, saturating=False) == real_loss(fake)


@pytest.mark.parametrize("saturating", [False, True])
@given(logits=any_logits)
def test_only_the_original_loss_stops_pulling_where_the_discriminator_wins(
    saturating: bool, logits: Tensor
) -> None:
    leaf = logits.clone().requires_grad_()
    generator_loss(leaf, saturating).backward()
    believed = logits.sigmoid()
    pull = believed if saturating else 1.0 - believed
    torch.testing.assert_close(leaf.grad, -pull / len(logits))


@given(moderate, targets)
def test_soft_targets_are_cross_entropy(logits: Tensor, target: float) -> None:
    logits = logits.double()
    expected = cross_entropy(logits.sigmoid(), target)
    torch.testing.assert_close(binary_cross_entropy(logits, target), expected)
    torch.testing.assert_close(real_loss(logits, target), expected)


@given(any_logits, targets)
def test_losses_and_gradients_stay_finite_at_any_logits(logits: Tensor, target: float) -> None:
    for loss in (
        real_loss,
        fake_loss,
        minimax_loss,
        lambda x: real_loss(x, target),
        lambda x: binary_cross_entropy(x, 0),
    ):
        leaf = logits.clone().requires_grad_()
        value = loss(leaf)
        value.backward()
        assert value.isfinite()
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()


def test_where_the_formula_is_infinite_the_loss_is_the_logit() -> None:
    logits = torch.tensor([-1e4])
    assert logits.sigmoid().log().isinf()
    assert real_loss(logits).item() == pytest.approx(1e4)
    assert fake_loss(-logits).item() == pytest.approx(1e4)


def test_the_verdict_counts_right_judgements() -> None:
    said = verdict(torch.tensor([2.0, 1.0, -1.0, 4.0]), torch.tensor([-1.0, 3.0, 0.0, -2.0]))
    assert said["accuracy"].item() == pytest.approx((3 / 4 + 3 / 4) / 2)
    assert said["logit_gap"].item() == pytest.approx(1.5 - 0.0)

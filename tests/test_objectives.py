"""Objectives are the formulas of their papers, and finite where a formula with logarithms is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sparring.objectives import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    OBJECTIVES,
    RELATIVISTIC,
    WASSERSTEIN,
    Objective,
    binary_cross_entropy,
    critic_statistics,
    smoothed,
)

# Beyond these even double precision loses the digits of a formula with logarithms.
Logits = st.lists(st.floats(-8, 8), min_size=1, max_size=20).map(
    lambda x: torch.tensor(x, dtype=torch.float64)
)
pairs = Logits.flatmap(
    lambda real: st.tuples(
        st.just(real),
        st.lists(st.floats(-8, 8), min_size=len(real), max_size=len(real)).map(
            lambda x: torch.tensor(x, dtype=torch.float64)
        ),
    )
)
any_logits = st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=20).map(torch.tensor)
targets = st.floats(0.0, 1.0)
every_objective = pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
CROSS_ENTROPIES = [NON_SATURATING, MINIMAX]


def never() -> Tensor:
    raise AssertionError("the critic was asked about real examples")


def cross_entropy(probability: Tensor, target: float) -> Tensor:
    """As Keras writes it."""
    return -(target * probability.log() + (1 - target) * (1 - probability).log()).mean()


# -- closed forms --------------------------------------------------------------------------------------------

Formula = Callable[[Tensor], Tensor]
FORMULAS: dict[str, tuple[Formula, Formula, Formula]] = {
    "non-saturating": (
        lambda real: -real.sigmoid().log(),
        lambda fake: -(1 - fake.sigmoid()).log(),
        lambda fake: -fake.sigmoid().log(),
    ),
    "minimax": (
        lambda real: -real.sigmoid().log(),
        lambda fake: -(1 - fake.sigmoid()).log(),
        lambda fake: (1 - fake.sigmoid()).log(),
    ),
    "least squares": (
        lambda real: (real - 1) ** 2 / 2,
        lambda fake: fake**2 / 2,
        lambda fake: (fake - 1) ** 2 / 2,
    ),
    "hinge": (
        lambda real: torch.maximum(1 - real, torch.zeros_like(real)),
        lambda fake: torch.maximum(1 + fake, torch.zeros_like(fake)),
        lambda fake: -fake,
    ),
    "wasserstein": (lambda real: -real, lambda fake: fake, lambda fake: -fake),
}


def test_every_objective_has_a_formula_here_but_the_paired_one() -> None:
    assert OBJECTIVES.keys() - FORMULAS.keys() == {"relativistic"}
    assert all(name == objective.name for name, objective in OBJECTIVES.items())


@pytest.mark.parametrize("name", FORMULAS)
@given(pair=pairs)
def test_costs_are_the_formulas_of_the_paper(name: str, pair: tuple[Tensor, Tensor]) -> None:
    real, fake = pair
    objective = OBJECTIVES[name]
    of_real, of_fake, of_deceit = (
        formula(x).mean() for formula, x in zip(FORMULAS[name], (real, fake, fake), strict=True)
    )
    terms = objective.for_critic(real, fake)
    torch.testing.assert_close(torch.stack(list(terms.values())).sum(), of_real + of_fake)
    if not objective.one_term:
        torch.testing.assert_close(terms["real"], of_real)
        torch.testing.assert_close(terms["fake"], of_fake)
    (deceive,) = objective.for_generator(fake, never).values()
    torch.testing.assert_close(deceive, of_deceit)


@given(pairs)
def test_the_relativistic_objective_is_paired(pair: tuple[Tensor, Tensor]) -> None:
    """Each real example is compared with one generated example, and not with the mean of all."""
    real, fake = pair
    (critic,) = RELATIVISTIC.for_critic(real, fake).values()
    torch.testing.assert_close(critic, -(real - fake).sigmoid().log().mean())
    (generator,) = RELATIVISTIC.for_generator(fake, lambda: real).values()
    torch.testing.assert_close(generator, -(fake - real).sigmoid().log().mean())
    (of_equals,) = RELATIVISTIC.for_critic(real, real).values()
    assert of_equals.item() == pytest.approx(0.6931471805599453)


@every_objective
def test_one_term_where_the_costs_mean_something_only_together(objective: Objective) -> None:
    logits = torch.tensor([0.5, -1.0])
    together = objective.one_term or objective.paired
    assert together == (objective in (WASSERSTEIN, RELATIVISTIC))
    assert list(objective.for_critic(logits, -logits)) == ([objective.name] if together else ["real", "fake"])
    (name,) = objective.for_generator(logits, lambda: logits)
    assert name == (objective.name if together else "adversarial")


@every_objective
def test_a_generator_asks_for_real_logits_only_where_the_objective_is_paired(objective: Objective) -> None:
    """Its gradient goes through them, too: an unrolled critic depends on the generator."""
    asked: list[Tensor] = []

    def real() -> Tensor:
        asked.append(3 * weight.expand(4))
        return asked[-1]

    weight = torch.tensor(1.0, requires_grad=True)
    (loss,) = objective.for_generator(weight.expand(4), real).values()
    loss.backward()
    assert len(asked) == objective.paired
    if objective.paired:
        # The cost is softplus(3 w - w), whose derivative at 1 is 2 sigmoid(2).
        assert weight.grad is not None
        assert weight.grad.item() == pytest.approx(2 * torch.tensor(2.0).sigmoid().item())


@every_objective
@given(logits=any_logits)
def test_a_generator_is_pulled_towards_what_the_critic_calls_real(
    objective: Objective, logits: Tensor
) -> None:
    """Never away from it; and the critic pulls real and generated logits apart, never together."""
    for cost, sign in ((objective.deceive, -1), (objective.real, -1), (objective.fake, 1)):
        leaf = logits.clone().requires_grad_()
        cost(leaf).sum().backward()
        assert leaf.grad is not None
        wrong_way = leaf.grad * sign < 0
        # A square pulls back what has gone beyond its target.
        beyond = (logits > 1) if sign < 0 else (logits < 0)
        assert not (wrong_way & ~(beyond if objective is LEAST_SQUARES else torch.zeros_like(beyond))).any()


@pytest.mark.parametrize("saturating", [False, True])
@given(logits=any_logits)
def test_only_the_original_loss_stops_pulling_where_the_discriminator_wins(
    saturating: bool, logits: Tensor
) -> None:
    leaf = logits.clone().requires_grad_()
    (loss,) = CROSS_ENTROPIES[saturating].for_generator(leaf, never).values()
    loss.backward()
    believed = logits.sigmoid()
    pull = believed if saturating else 1.0 - believed
    torch.testing.assert_close(leaf.grad, -pull / len(logits))


def test_a_hinge_stops_where_the_critic_is_right_enough() -> None:
    terms = HINGE.for_critic(torch.tensor([1.0, 5.0]), torch.tensor([-1.0, -5.0]))
    assert [term.item() for term in terms.values()] == [0.0, 0.0]


@every_objective
@given(logits=any_logits)
def test_costs_and_gradients_stay_finite_at_any_logits(objective: Objective, logits: Tensor) -> None:
    for soft in (objective, smoothed(objective, 0.9, 0.1, 0.8)):
        for cost in (soft.real, soft.fake, soft.deceive):
            leaf = logits.clone().requires_grad_()
            value = cost(leaf)
            assert value.shape == logits.shape
            value.sum().backward()
            assert value.isfinite().all()
            assert leaf.grad is not None
            assert leaf.grad.isfinite().all()


def test_where_the_formula_is_infinite_the_cost_is_the_logit() -> None:
    logits = torch.tensor([-1e4])
    assert logits.sigmoid().log().isinf()
    assert NON_SATURATING.real(logits).item() == pytest.approx(1e4)
    assert NON_SATURATING.fake(-logits).item() == pytest.approx(1e4)
    assert RELATIVISTIC.for_critic(10 * logits, -10 * logits)["relativistic"].item() == 2e5


# -- soft targets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", CROSS_ENTROPIES, ids=["non-saturating", "minimax"])
@given(pair=pairs, real_target=targets, fake_target=targets)
def test_soft_targets_are_cross_entropy_against_a_probability(
    objective: Objective, pair: tuple[Tensor, Tensor], real_target: float, fake_target: float
) -> None:
    real, fake = pair
    terms = smoothed(objective, real=real_target, fake=fake_target).for_critic(real, fake)
    torch.testing.assert_close(terms["real"], cross_entropy(real.sigmoid(), real_target))
    torch.testing.assert_close(terms["fake"], cross_entropy(fake.sigmoid(), fake_target))
    torch.testing.assert_close(terms["real"], binary_cross_entropy(real, real_target))


@given(Logits, targets)
def test_a_generator_may_deceive_towards_a_soft_target(fake: Tensor, target: float) -> None:
    (loss,) = smoothed(NON_SATURATING, deceive=target).for_generator(fake, never).values()
    torch.testing.assert_close(loss, cross_entropy(fake.sigmoid(), target))


@pytest.mark.parametrize("name", FORMULAS)
@given(pair=pairs, share=targets)
def test_soft_costs_are_a_mixture_of_both(name: str, pair: tuple[Tensor, Tensor], share: float) -> None:
    as_real, as_fake, _ = FORMULAS[name]
    logits = pair[0]
    soft = smoothed(OBJECTIVES[name], real=share, fake=share)
    expected = share * as_real(logits) + (1 - share) * as_fake(logits)
    torch.testing.assert_close(soft.real(logits), expected)
    torch.testing.assert_close(soft.fake(logits), expected)


@every_objective
def test_hard_targets_are_the_objective_itself(objective: Objective) -> None:
    assert smoothed(objective) == objective
    swapped = smoothed(objective, real=0.0, fake=1.0)
    assert (swapped.real, swapped.fake) == (objective.fake, objective.real)


# -- what is observed ----------------------------------------------------------------------------------------


@given(any_logits, targets)
def test_cross_entropy_and_its_gradient_stay_finite(logits: Tensor, target: float) -> None:
    leaf = logits.clone().requires_grad_()
    value = binary_cross_entropy(leaf, target)
    value.backward()
    assert value.isfinite()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()


def test_statistics_of_a_critic_count_right_judgements() -> None:
    real, fake = torch.tensor([2.0, 1.0, -1.0, 4.0]), torch.tensor([-1.0, 3.0, 0.0, -2.0])
    said = critic_statistics(real, fake, NON_SATURATING)
    assert said["accuracy"].item() == pytest.approx((3 / 4 + 3 / 4) / 2)
    assert said["logit_gap"].item() == pytest.approx(1.5 - 0.0)
    # Of pairs it is the difference that counts, wherever both are.
    assert critic_statistics(real, fake, RELATIVISTIC)["accuracy"].item() == 2 / 4
    assert critic_statistics(real + 9, fake + 9, RELATIVISTIC)["accuracy"].item() == 2 / 4
    # Any number may stand for what cannot be told.
    assert critic_statistics(real, fake, WASSERSTEIN).keys() == {"logit_gap"}


def test_a_perfect_critic_by_least_squares_is_always_right() -> None:
    """Its aims are 1 and 0."""
    said = critic_statistics(torch.tensor([1.1, 0.9]), torch.tensor([0.02, 0.01]), LEAST_SQUARES)
    assert said["accuracy"].item() == 1.0


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("soft", [1.0, 0.9])
def test_both_cost_the_same_where_a_critic_cannot_tell(objective: Objective, soft: float) -> None:
    if objective.undecided is None:
        return
    undecided = torch.tensor(objective.undecided, dtype=torch.float64)
    softened = smoothed(objective, real=soft)
    if objective.paired:
        assert softened.real(undecided) == softened.real(-undecided)
    else:
        torch.testing.assert_close(softened.real(undecided), softened.fake(undecided))

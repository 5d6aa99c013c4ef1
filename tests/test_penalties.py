"""Penalties against closed forms: linear and quadratic critics, whose gradients are known everywhere."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from sparring.penalties import (
    clip_weights,
    gradient_penalty,
    input_gradient,
    zero_centred_penalty,
    zero_centred_penalty_by_differences,
)
from sparring.randomness import Randomness


@pytest.fixture
def examples() -> Tensor:
    return Randomness(1).normal(64, 3, 4, 4).double()


@pytest.fixture
def direction() -> Tensor:
    return Randomness(2).normal(3, 4, 4).double()


def linear(direction: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda examples: (examples * direction).flatten(1).sum(1)


def quadratic(examples: Tensor) -> Tensor:
    return examples.flatten(1).square().sum(1) / 2


def test_gradient_of_a_linear_critic_is_its_direction(examples: Tensor, direction: Tensor) -> None:
    gradient = input_gradient(linear(direction), examples)
    torch.testing.assert_close(gradient, direction.flatten().expand(64, -1))


def test_gradient_of_a_quadratic_critic_is_the_example(examples: Tensor) -> None:
    torch.testing.assert_close(input_gradient(quadratic, examples), examples.flatten(1))


def test_zero_centred_penalty_of_a_linear_critic(examples: Tensor, direction: Tensor) -> None:
    torch.testing.assert_close(zero_centred_penalty(linear(direction), examples), direction.square().sum())


def test_zero_centred_penalty_of_a_quadratic_critic_is_the_mean_square(examples: Tensor) -> None:
    expected = examples.flatten(1).square().sum(1).mean()
    torch.testing.assert_close(zero_centred_penalty(quadratic, examples), expected)


def test_zero_centred_penalty_is_zero_at_a_point_mass_on_the_minimum() -> None:
    assert zero_centred_penalty(quadratic, torch.zeros(5, 2)).item() == 0.0


def test_gradient_penalty_of_a_linear_critic(examples: Tensor, direction: Tensor) -> None:
    norm = direction.square().sum().sqrt()
    found = gradient_penalty(linear(direction), examples, examples.flip(0), Randomness(0))
    torch.testing.assert_close(found, (norm - 1) ** 2)


def test_gradient_penalty_vanishes_for_a_critic_of_slope_one(examples: Tensor, direction: Tensor) -> None:
    unit = direction / direction.square().sum().sqrt()
    assert gradient_penalty(linear(unit), examples, -examples, Randomness(0)).item() < 1e-20


def test_gradient_penalty_looks_between_real_and_fake() -> None:
    real, fake = torch.zeros(4000, 1), torch.full((4000, 1), 2.0)
    # The gradient of x²/2 is x, even over [0, 2]: E[(|x| - 1)²] = 1/3.
    assert gradient_penalty(quadratic, real, fake, Randomness(0)).item() == pytest.approx(1 / 3, abs=0.02)


def test_gradient_penalty_of_a_flat_critic_is_one_and_can_be_differentiated() -> None:
    critic = nn.Linear(2, 1).double()
    nn.init.zeros_(critic.weight)
    points = torch.randn(8, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    penalty = gradient_penalty(lambda x: critic(x).squeeze(1), points, -points, Randomness(0))
    penalty.backward()
    assert penalty.item() == pytest.approx(1.0, abs=1e-5)
    assert critic.weight.grad is not None
    assert critic.weight.grad.isfinite().all()


@pytest.mark.parametrize("step", [0.1, 0.01])
def test_penalty_by_differences_equals_the_exact_one_for_a_linear_critic(
    direction: Tensor, step: float
) -> None:
    many = Randomness(3).normal(20_000, 3, 4, 4).double()
    critic = linear(direction)
    found = zero_centred_penalty_by_differences(critic, many, critic(many), Randomness(4), step)
    assert (found / direction.square().sum()).item() == pytest.approx(1.0, abs=0.03)


def penalised(network: nn.Module, examples: Tensor) -> Tensor:
    return zero_centred_penalty(lambda x: network(x).squeeze(1), examples)


def test_derivative_of_the_penalty_by_finite_differences() -> None:
    random = Randomness(5)
    network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    examples = random.normal(16, 3).double()
    penalised(network, examples).backward()
    weight = network[0].weight
    assert isinstance(weight, Tensor)
    assert weight.grad is not None
    for place in [(0, 0), (3, 1), (7, 2)]:
        values = []
        for shift in (1e-5, -1e-5):
            with torch.no_grad():
                weight[place] += shift
            values.append(penalised(network, examples).item())
            with torch.no_grad():
                weight[place] -= shift
        assert weight.grad[place].item() == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-5)


def test_clipping_bounds_every_parameter_and_leaves_small_ones() -> None:
    network = nn.Linear(4, 2)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[0.5, -0.5, 0.005, 0.0]] * 2))
        network.bias.fill_(-3.0)
    clip_weights(network, 0.01)
    assert network.weight.tolist() == [pytest.approx([0.01, -0.01, 0.005, 0.0])] * 2
    assert network.bias.tolist() == pytest.approx([-0.01, -0.01])


def test_a_penalty_is_taken_in_single_precision_whatever_the_run_has() -> None:
    """Squares of slopes of 1e-3 would keep two digits in bfloat16."""
    network = nn.Linear(3, 1)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[1.001e-3, 2.003e-3, -1.007e-3]]))
    examples = Randomness(0).normal(8, 3)
    critic: Callable[[Tensor], Tensor] = lambda x: network(x).squeeze(1)  # noqa: E731
    exact = network.weight.detach().square().sum()
    with torch.autocast("cpu", torch.bfloat16):
        found = zero_centred_penalty(critic, examples.bfloat16())
        differences = zero_centred_penalty_by_differences(critic, examples, critic(examples), Randomness(0))
        between = gradient_penalty(critic, examples, -examples.bfloat16(), Randomness(0))
    torch.testing.assert_close(found, exact)
    torch.testing.assert_close(between, (exact.sqrt() - 1) ** 2)
    assert found.dtype == differences.dtype == torch.float32


def test_differences_do_not_look_at_scores_that_were_rounded() -> None:
    """Under autocast scores may have been computed in bf16 and end up in float32 all the same."""
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Flatten(0))
    examples = torch.randn(64, 6)
    exact = zero_centred_penalty_by_differences(critic, examples, critic(examples), Randomness(1))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = critic(examples).float()
        found = zero_centred_penalty_by_differences(critic, examples, rounded, Randomness(1))
    assert not torch.equal(rounded, critic(examples))
    torch.testing.assert_close(found, exact)


def test_slopes_of_known_scores_need_no_second_pass() -> None:
    asked = []

    def critic(examples: Tensor) -> Tensor:
        asked.append(len(examples))
        return quadratic(examples)

    examples = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    scores = critic(examples)
    found = zero_centred_penalty(critic, examples, scores)
    torch.testing.assert_close(found, examples.detach().square().sum(1).mean())
    assert asked == [4]
    zero_centred_penalty(critic, examples.detach(), scores)
    assert asked == [4, 4], "examples that ask for no gradient have none"

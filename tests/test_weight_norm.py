import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sparring.nn.adam_inside import AdamInside
from sparring.nn.layers import GaussianNoise
from sparring.nn.weight_norm import NormedLinear, WeightNormed, fit
from sparring.randomness import Randomness

LAYERS = {
    "linear": (lambda: nn.Linear(5, 3), (64, 5)),
    "convolution": (lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1), (16, 2, 7, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_weights_are_a_direction_times_a_length(name: str) -> None:
    make, shape = LAYERS[name]
    layer, inputs = make(), torch.randn(shape)
    normed = WeightNormed(layer)
    with torch.no_grad():
        normed.scale.copy_(torch.tensor([0.5, 2.0, 7.0]))
    assert torch.allclose(normed.weight.flatten(1).norm(dim=1), normed.scale)
    lengths = layer.weight.flatten(1).norm(dim=1).view(-1, *[1] * (layer.weight.dim() - 1))
    alone = make()
    alone.weight.data = layer.weight.data / lengths * normed.scale.data.view_as(lengths)
    alone.bias.data = layer.bias.data
    assert torch.allclose(normed(inputs), alone(inputs), atol=1e-6)


def test_slopes_of_a_linear_layer_are_those_of_its_formula_the_second_ones_too() -> None:
    """In double precision against differences: of inputs, direction, scale and bias."""
    shapes = ((4, 5), (3, 5), (3,), (3,))
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    assert torch.autograd.gradcheck(NormedLinear.apply, given)
    assert torch.autograd.gradgradcheck(NormedLinear.apply, given)


def test_in_low_precision_a_linear_layer_computes_the_same() -> None:
    normed, inputs = WeightNormed(nn.Linear(5, 3)), torch.randn(64, 5)
    with torch.autocast("cpu", torch.bfloat16):
        low = normed(inputs)
    full, weights = normed(inputs), list(normed.parameters())
    ours, theirs = (torch.autograd.grad(made.square().sum(), weights) for made in (low, full))
    assert low.dtype == torch.float32, "it is the product alone that is rounded"
    assert not torch.equal(low, full)
    assert torch.allclose(low, full, atol=0.05)
    for own, other in zip(ours, theirs, strict=True):
        assert not torch.equal(own, other)
        assert torch.allclose(own, other, rtol=0.05, atol=0.02 * other.abs().max().item())


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("learnt", [True, False])
def test_fitted_outputs_have_mean_0_and_variance_1(name: str, learnt: bool) -> None:
    make, shape = LAYERS[name]
    normed = WeightNormed(make(), learnt)
    before = normed.direction.clone()
    outputs = normed.fit(3.0 + 2.0 * torch.randn(shape))
    over = [dim for dim in range(outputs.dim()) if dim != 1]
    assert torch.allclose(outputs.mean(over), torch.zeros(3), atol=1e-5)
    assert torch.allclose(outputs.var(over, correction=0), torch.ones(3), atol=1e-4)
    assert torch.equal(normed.direction, before), "only scale and bias are fitted"
    assert ("scale" in dict(normed.named_parameters())) == learnt


def test_a_chain_is_fitted_layer_by_layer() -> None:
    first, second = WeightNormed(nn.Linear(4, 6)), WeightNormed(nn.Linear(6, 2))
    chain = nn.Sequential(nn.Sequential(first, nn.ReLU()), second)
    inputs = torch.randn(128, 4)
    result = fit(chain, inputs)
    hidden = first(inputs)
    assert torch.allclose(hidden.mean(0), torch.zeros(6), atol=1e-5)
    assert torch.allclose(result, chain(inputs))
    assert torch.allclose(result.std(0, correction=0), torch.ones(2), atol=1e-4)


def test_an_output_that_never_changes_stays_finite() -> None:
    normed = WeightNormed(nn.Linear(3, 2))
    assert normed.fit(torch.ones(8, 3)).isfinite().all()


def test_noise_has_its_deviation_and_rests_in_evaluation() -> None:
    noise = GaussianNoise(0.3, Randomness(1))
    activations = torch.zeros(200, 100)
    assert noise(activations).std().item() == pytest.approx(0.3, rel=0.02)
    assert noise.eval()(activations) is activations


def test_adam_with_epsilon_inside_the_root() -> None:
    """Three steps by hand, and the first: a gradient far below the root of epsilon moves little."""
    weight = nn.Parameter(torch.tensor([1.0, 1.0]))
    optimizer = AdamInside([weight], lr=0.1, betas=(0.5, 0.999), eps=1e-8)
    expected, mean, square = [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]
    for step, gradient in enumerate([(1e-6, 2.0), (3e-6, -1.0), (2e-6, 0.5)], start=1):
        weight.grad = torch.tensor(gradient)
        optimizer.step()
        for place, value in enumerate(gradient):
            mean[place] = 0.5 * mean[place] + 0.5 * value
            square[place] = 0.999 * square[place] + 0.001 * value**2
            corrected = math.sqrt(square[place] / (1 - 0.999**step) + 1e-8)
            expected[place] -= 0.1 * mean[place] / (1 - 0.5**step) / corrected
        assert weight.tolist() == pytest.approx(expected, rel=1e-5)
    assert 1.0 - weight[0].item() < 0.01 < abs(1.0 - weight[1].item())


def test_without_epsilon_it_is_torch_s_adam() -> None:
    first = torch.randn(4, 3)
    ours, theirs = nn.Parameter(first.clone()), nn.Parameter(first.clone())
    optimizers = (
        AdamInside([ours], 0.01, (0.5, 0.99), 0.0),
        torch.optim.Adam([theirs], 0.01, (0.5, 0.99), 0.0),
    )
    for _ in range(5):
        for weight, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            F.mse_loss(weight, torch.ones(4, 3)).backward()
            optimizer.step()
    assert torch.allclose(ours, theirs, rtol=1e-5)

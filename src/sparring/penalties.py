"""What keeps a critic smooth: penalties on its gradient, bounds on its weights."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sparring.randomness import Randomness

Critic = Callable[[Tensor], Tensor]
"""Gives each example (count, ...) its score (count,), independently of the other examples."""


def input_gradient(critic: Critic, examples: Tensor) -> Tensor:
    """The gradient of each example's score by the example, flat (count, size), differentiable again.

    It is taken in float32 at least, whatever the precision of the run: less loses squares of small slopes.
    """
    with torch.autocast(examples.device.type, enabled=False):
        examples = at_least_single(examples.detach()).requires_grad_()
        return gradient_of(critic(examples), examples)


def gradient_of(scores: Tensor, examples: Tensor) -> Tensor:
    """The same of scores that are there already, of examples that asked for it."""
    (gradient,) = torch.autograd.grad(scores.sum(), examples, create_graph=True)
    return gradient.flatten(1)


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, random: Randomness) -> Tensor:
    """E[(|grad D(x)| - 1)²] on random points between real and fake (Gulrajani et al. 2017, equation 3).

    Args:
        critic: what is penalised.
        real, fake: examples of the same shape (count, ...).
        random: decides where between them.
    """
    real, fake = at_least_single(real), at_least_single(fake)
    place = random.uniform(len(real), *[1] * (real.dim() - 1), low=0.0, high=1.0)
    gradient = input_gradient(critic, torch.lerp(real, fake, place.to(real.dtype)))
    # The norm has no derivative at 0, where a critic with dead units may well be: keep a little away from it.
    return (gradient.square().sum(1).add(1e-12).sqrt() - 1).square().mean()


def zero_centred_penalty(
    critic: Critic, examples: Tensor, scores: Tensor | None = None, unit: Tensor | None = None
) -> Tensor:
    """E[|grad D(x)|²]: R1 on real examples and R2 on generated ones (Mescheder et al. 2018, equation 9).

    Args:
        critic: what is penalised.
        examples: where.
        scores: the critic's scores of `examples`, where they are known already. They are used, in the place
            of a second pass, if the examples ask for their gradient and the scores are of full precision.
        unit: the length in which each number of an example is measured, where that is not 1.
    """
    if scores is None or not examples.requires_grad or torch.is_autocast_enabled(examples.device.type):
        gradient = input_gradient(critic, examples)
    else:
        gradient = gradient_of(scores, examples)
    gradient = gradient if unit is None else gradient * unit.flatten()
    return gradient.square().sum(1).mean()


def zero_centred_penalty_by_differences(
    critic: Critic,
    examples: Tensor,
    scores: Tensor,
    random: Randomness,
    step: float = 0.1,
    unit: Tensor | None = None,
) -> Tensor:
    """`zero_centred_penalty` without second derivatives: E[(D(x + step e) - D(x))²] / step², e in N(0, I).

    Args:
        critic: what is penalised.
        examples: where.
        scores: the critic's scores of `examples`, which are known already.
        random: decides the directions.
        step: length of the step in each dimension; the smaller, the closer to the gradient.
        unit: the length in which each number of an example is measured, where that is not 1.
    """
    rounded = torch.is_autocast_enabled(examples.device.type)
    with torch.autocast(examples.device.type, enabled=False):
        examples = at_least_single(examples.detach())
        way = step * random.normal(*examples.shape)
        moved = examples + (way if unit is None else unit * way)
        # Half precision rounds by more than neighbours differ, though the scores may end up in float32.
        scores = critic(examples) if rounded else scores
        return (critic(moved) - scores).square().mean() / step**2


def at_least_single(numbers: Tensor) -> Tensor:
    """Numbers of half precision as float32; others as they are."""
    return numbers.to(torch.promote_types(numbers.dtype, torch.float32))


@torch.no_grad()
def clip_weights(network: nn.Module, bound: float) -> None:
    """Clamp every parameter to [-bound, bound] (Arjovsky et al. 2017, algorithm 1, line 7)."""
    for parameter in network.parameters():
        parameter.clamp_(-bound, bound)

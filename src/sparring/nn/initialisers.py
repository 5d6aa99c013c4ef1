"""Initial weights as the listings' frameworks, or the papers, have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from torch import Tensor, nn

Rule = Callable[[Tensor], object]


def initialise(network: nn.Module, rules: Mapping[type[nn.Module], Rule]) -> None:
    """Apply to the weight of every layer the rule for its type, and set its bias to 0."""
    for layer in network.modules():
        rule = next((rules[kind] for kind in rules if isinstance(layer, kind)), None)
        if rule is not None:
            rule(layer.get_parameter("weight"))
            if getattr(layer, "bias", None) is not None:
                nn.init.zeros_(layer.get_parameter("bias"))


def truncated_normal(deviation: float) -> Rule:
    """N(0, deviation²), redrawn beyond two deviations (tflearn's `truncated_normal`)."""
    return lambda weight: nn.init.trunc_normal_(weight, 0.0, deviation, -2 * deviation, 2 * deviation)


def normal(deviation: float, mean: float = 0.0) -> Rule:
    """N(mean, deviation²)."""
    return lambda weight: nn.init.normal_(weight, mean, deviation)


def uniform_scaling(weight: Tensor) -> None:
    """U(-a, a) with a = sqrt(3 / fan in) (tflearn's `uniform_scaling` with factor 1)."""
    bound = math.sqrt(3.0 / weight[0].numel())
    nn.init.uniform_(weight, -bound, bound)


def glorot_normal(weight: Tensor) -> None:
    """Glorot and Bengio 2010 as Keras draws it: truncated at two deviations, then scaled to variance
    2 / (fan in + fan out)."""
    fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(weight)
    # 0.8796... is the deviation of N(0, 1) truncated at two deviations.
    truncated_normal(math.sqrt(2.0 / (fan_in + fan_out)) / 0.87962566103423978)(weight)


def glorot_uniform(weight: Tensor) -> None:
    """Glorot and Bengio 2010, uniform: Keras's default."""
    nn.init.xavier_uniform_(weight)


def initialise_dcgan(network: nn.Module) -> None:
    """Radford et al. 2015, section 4: all weights N(0, 0.02²), the scale of batch normalisation N(1, 0.02²).

    Networks of points, whose few inputs would leave such small weights without a signal, keep torch's own.
    """
    convolutional = any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in network.modules())
    if convolutional:
        weights = normal(0.02)
        scale = normal(0.02, mean=1.0)
        initialise(
            network,
            {nn.Linear: weights, nn.Conv2d: weights, nn.ConvTranspose2d: weights, nn.BatchNorm2d: scale},
        )

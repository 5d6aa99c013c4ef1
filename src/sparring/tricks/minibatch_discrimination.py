"""Minibatch discrimination: a critic is told how near the examples beside one are to it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sparring.settings import Natural
from sparring.tricks.batch_features import BatchFeatures
from sparring.tricks.trick import Flags

DIMENSIONS = 5
"""Dimensions of the space in which a kernel compares (C of the paper), as in the authors' code."""


class MinibatchDiscrimination(BatchFeatures):
    """The layer of a critic that gives its score is told, by each of some kernels, to how many of the others
    that are judged with it an example is near, in a space that is learnt.

    A kernel is the sum over the others of exp(-distance), where distance is the sum of absolute differences
    after a linear map whose outputs begin with unit weights. Of maps of features their mean is compared.
    """

    source = "Salimans et al. 2016, arXiv:1606.03498, section 3.2"
    usual = {"minibatch_discrimination": 20}
    inputs = "minibatch_discrimination"

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of minibatch discrimination."""

        minibatch_discrimination: Natural = 0
        """Kernels by which critics compare the examples of a batch; the authors' code has 100, small networks
        want fewer."""

    def prepared(self, layer: nn.Linear | nn.Conv2d) -> None:
        """The linear map (T of the paper), which is moved with the layer."""
        map_ = torch.randn(layer.weight.shape[1], self.more * DIMENSIONS)
        layer.register_parameter("kernels", nn.Parameter(map_ / map_.norm(dim=0)))

    def compared(self, features: Tensor, layer: nn.Module) -> Tensor:
        """How many of the others are near, 0 ... count - 1 (count, kernels)."""
        mean = features.flatten(2).mean(2) if features.dim() > 2 else features
        # No get_parameter: for unrolled steps, weights are tensors.
        kernels: Tensor = layer.kernels  # type: ignore[assignment]
        places = (mean @ kernels).view(len(features), self.more, DIMENSIONS)
        distance = (places[:, None] - places[None]).abs().sum(3)
        # An example is not compared with itself.
        return torch.exp(-distance).sum(1) - 1

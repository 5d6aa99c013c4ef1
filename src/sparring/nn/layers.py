"""Layers that more than one system uses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparring.nn.order import in_order, order_of
from sparring.randomness import Randomness
from sparring.settings import Dropped, check_value


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014) whose coins come from the run's own randomness.

    Args:
        probability: share of the activations set to 0 in training, from 0 to below 1.
        random: where the coins come from.

    Raises:
        SettingError: the probability is out of range.
    """

    def __init__(self, probability: float, random: Randomness) -> None:
        super().__init__()
        self.probability: float = check_value("probability", probability, Dropped)
        self.random = random

    def forward(self, activations: Tensor) -> Tensor:
        """Drop, and scale what is left so that the mean stays, as precisely as activations are; the identity
        in evaluation mode."""
        if not self.training or self.probability == 0:
            return activations
        keep = 1.0 - self.probability
        mask = self.random.coins(keep, *activations.shape).mul_(1.0 / keep)
        if activations.dim() == 4:
            mask = in_order(mask, order_of(activations))
        # What comes out is as precise as what comes in: it is not to be rounded again for the next layer.
        return activations * mask.to(activations.dtype)

    def extra_repr(self) -> str:
        """The probability, for `print(network)`."""
        return f"{self.probability}"


class Crop(nn.Module):
    """The central part of images, which is all of them where they have the size already.

    Args:
        height: rows to keep.
        width: columns to keep.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height = height
        self.width = width

    def forward(self, images: Tensor) -> Tensor:
        """Images (count, channels, height, width) of those that are as large or larger."""
        top, left = (images.shape[2] - self.height) // 2, (images.shape[3] - self.width) // 2
        return images[:, :, top : top + self.height, left : left + self.width]

    def extra_repr(self) -> str:
        """The size, for `print(network)`."""
        return f"{self.height}, {self.width}"


class GaussianNoise(nn.Module):
    """Noise in N(0, deviation²) on all activations in training, from the run's own randomness.

    Args:
        deviation: of the noise.
        random: where it comes from.
    """

    def __init__(self, deviation: float, random: Randomness) -> None:
        super().__init__()
        self.deviation = deviation
        self.random = random

    def forward(self, activations: Tensor) -> Tensor:
        """Add noise; the identity in evaluation mode."""
        if not self.training or self.deviation == 0:
            return activations
        # In the place of the noise: nothing as large is made anew.
        return self.random.normal(*activations.shape).mul_(self.deviation).add_(activations)

    def extra_repr(self) -> str:
        """The deviation, for `print(network)`."""
        return f"{self.deviation}"


class Shift(nn.Module):
    """A bias for each feature and nothing else: batch normalisation without its scale.

    Args:
        features: how many.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, activations: Tensor) -> Tensor:
        """Activations (count, features), shifted."""
        return activations + self.bias


class Rescaling(nn.Module):
    """Numbers of one range brought to another, evenly.

    Args:
        start: the lowest and the highest that come in.
        end: what these become.
    """

    def __init__(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        super().__init__()
        self.factor = (end[1] - end[0]) / (start[1] - start[0])
        self.shift = end[0] - start[0] * self.factor

    def forward(self, numbers: Tensor) -> Tensor:
        """Numbers of any shape."""
        return numbers * self.factor + self.shift

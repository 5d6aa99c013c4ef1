"""Networks that classify examples, with what their training has to know of them."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from sparring.evaluation.augmentation import augment
from sparring.randomness import Randomness, seeded_initialisation


class Classifier(nn.Module):
    """A network that gives class scores, (N, classes), of what it sees of stored examples.

    A kind of data that brings one (`Kind.small_classifier`) is measured by what it learns from samples.
    """

    def see(self, stored: Tensor) -> Tensor:
        """Stored examples as the network takes them; unchanged by default."""
        return stored

    def vary(self, seen: Tensor, randomness: Randomness) -> Tensor:
        """What the network takes, changed at random as leaves each its class; unchanged by default."""
        return seen


class ImageClassifier(Classifier):
    """A network that takes images (N, C, H, W) in -1 ... 1."""

    def see(self, stored: Tensor) -> Tensor:
        """Bytes 0 ... 255 as float32 from -1 to 1."""
        return stored.float().div_(127.5).sub_(1)

    def vary(self, seen: Tensor, randomness: Randomness) -> Tensor:
        """Rotated, scaled, shifted."""
        return augment(seen, randomness)


class DigitNet(ImageClassifier):
    """Small convolutional network in the manner of LeNet (LeCun et al. 1998), with batch normalisation.

    Made for 28x28 grey digits, where it has 134k parameters; takes any image of 12x12 or more.

    Args:
        channels: channels of an image.
        classes: number of classes.
        feature_size: length D of the penultimate layer, which is what features are.
    """

    def __init__(self, channels: int = 1, classes: int = 10, feature_size: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, 24),
            nn.MaxPool2d(2),
            *_convolution(24, 48),
            *_convolution(48, 48),
            nn.MaxPool2d(2),
            *_convolution(48, 64),
            *_convolution(64, 64),
            nn.AdaptiveMaxPool2d(3),
            nn.Flatten(),
            nn.Linear(64 * 3 * 3, feature_size),
            nn.ReLU(),
        )
        self.head = nn.Linear(feature_size, classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on CPUs

    def features(self, images: Tensor) -> Tensor:
        """Penultimate activations, float32 (N, D), at least 0, of images (N, C, H, W) in -1 ... 1."""
        return cast(Tensor, self.body(images.contiguous(memory_format=torch.channels_last)))

    @torch.no_grad()
    def scale_features(self, factor: float) -> None:
        """Multiply the features by a positive factor, and divide the head's weights by it."""
        penultimate = cast(nn.Linear, self.body[-2])
        penultimate.weight.mul_(factor)
        penultimate.bias.mul_(factor)
        self.head.weight.div_(factor)

    def forward(self, images: Tensor) -> Tensor:
        """Class scores before the softmax, float32 (N, classes), of images (N, C, H, W) in -1 ... 1."""
        return cast(Tensor, self.head(self.features(images)))


class SmallImageNet(ImageClassifier):
    """Two convolutions with batch normalisation and a linear layer, trained in seconds.

    Args:
        channels: channels of an image.
        classes: number of classes.
        seed: of the weights.
    """

    def __init__(self, channels: int, classes: int, seed: int) -> None:
        super().__init__()
        with seeded_initialisation(seed):
            self.layers = nn.Sequential(
                nn.Conv2d(channels, 16, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(16),
                nn.ReLU(),
                nn.Conv2d(16, 32, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(32),
                nn.ReLU(),
                nn.AdaptiveMaxPool2d(4),
                nn.Flatten(),
                nn.Linear(32 * 4 * 4, classes),
            )
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """Class scores before the softmax, float32 (N, classes), of images (N, C, H, W) in -1 ... 1."""
        return cast(Tensor, self.layers(images))


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]

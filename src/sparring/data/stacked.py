"""Stacked MNIST: three random digits as the channels of one image, 1000 modes that can be counted."""

from __future__ import annotations

from torch import Tensor

from sparring.data.dataset import Dataset
from sparring.data.idx import mnist
from sparring.randomness import Randomness

TRAINING_STACKS = 128_000
TEST_STACKS = 26_000
CLASS_NAMES = tuple(f"{label:03d}" for label in range(1000))


def stacked_mnist(size: int | None = None, seed: int = 0) -> Dataset:
    """128 000 fixed stacks of three random training digits, and 26 000 of test digits.

    Images are uint8 (count, 3, 28, 28), 300 MB of them, or of side `size`; the label is the number that the
    digits spell, 100 * red + 10 * green + blue, and the class name its three digits.

    Source: the protocol of Srivastava et al., "VEEGAN", 2017 (arXiv:1705.07761), after Metz et
    al., "Unrolled generative adversarial networks", 2016.

    Args:
        size: side to which the digits are resized before they are stacked; None keeps 28.
        seed: which draw of the stacks to take.
    """
    digits = mnist(size)
    assert digits.labels is not None
    assert digits.test is not None
    assert digits.test.labels is not None
    chance = Randomness(seed).child("stacked-mnist")
    images, labels = _stack(digits.examples, digits.labels, TRAINING_STACKS, chance.child("training"))
    held_out = _stack(digits.test.examples, digits.test.labels, TEST_STACKS, chance.child("test"))
    test = Dataset("stacked-mnist", *held_out, CLASS_NAMES)
    return Dataset("stacked-mnist", images, labels, CLASS_NAMES, test=test)


def _stack(digits: Tensor, labels: Tensor, count: int, chance: Randomness) -> tuple[Tensor, Tensor]:
    """`count` images of three digits each, and their labels."""
    chosen = chance.integers(count * 3, len(digits))
    # Consecutive digits are the channels of one image, so picking them is all: nothing is copied twice.
    images = digits.index_select(0, chosen).view(count, 3, *digits.shape[2:])
    red, green, blue = labels[chosen].view(count, 3).unbind(1)
    return images, 100 * red + 10 * green + blue

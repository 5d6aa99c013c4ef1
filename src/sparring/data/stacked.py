"""Stacked MNIST: three random digits as the channels of one image, 1000 modes that can be counted."""

from __future__ import annotations

from sparring.data.dataset import Column, Dataset
from sparring.data.digits import mnist
from sparring.data.kinds import Classes, Images
from sparring.data.resizing import Frame
from sparring.randomness import Randomness

TRAINING_STACKS = 128_000
TEST_STACKS = 26_000
CLASS_NAMES = tuple(f"{label:03d}" for label in range(1000))


def stacked_mnist(frame: Frame | None = None, seed: int = 0) -> Dataset:
    """128 000 fixed stacks of three random training digits, and 26 000 of test digits.

    Images are uint8 (count, 3, 28, 28), 300 MB of them, or of another size; the label is the number that the
    digits spell, 100 * red + 10 * green + blue, and the class name its three digits.

    Source: the protocol of Srivastava et al., "VEEGAN", 2017 (arXiv:1705.07761), after Metz et
    al., "Unrolled generative adversarial networks", 2016.

    Args:
        frame: size that the digits are brought to before they are stacked, and how; None keeps 28 pixels.
        seed: which draw of the stacks to take.
    """
    digits = mnist(frame)
    assert digits.held_out is not None
    chance = Randomness(seed).child("stacked-mnist")
    training = _stack(digits, TRAINING_STACKS, chance.child("training"))
    held_out = _stack(digits.held_out, TEST_STACKS, chance.child("test"))
    return Dataset("stacked-mnist", *training, held_out=Dataset("stacked-mnist", *held_out))


def _stack(digits: Dataset, count: int, chance: Randomness) -> tuple[Column, Column]:
    """`count` images of three digits each, and their classes."""
    chosen = chance.integers(count * 3, len(digits))
    # Consecutive digits are the channels of one image, so picking them is all: nothing is copied twice.
    height, width = digits.examples.values.shape[2:]
    images = digits.examples.values.index_select(0, chosen).view(count, 3, height, width)
    red, green, blue = digits.condition.values[chosen].view(count, 3).unbind(1)
    numbers = 100 * red + 10 * green + blue
    return Column(Images((3, height, width)), images), Column(Classes(CLASS_NAMES), numbers)

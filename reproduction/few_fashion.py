"""Few of the training images of Fashion-MNIST, whose test images are all held out."""

from __future__ import annotations

import torch

from sparring.data import Dataset, load_dataset
from sparring.randomness import Randomness


def six_hundred() -> Dataset:
    """600 of the training images, chosen by chance."""
    return _some(600)


def six_thousand() -> Dataset:
    """6,000 of them."""
    return _some(6000)


def _some(count: int) -> Dataset:
    whole = load_dataset("idx:fashion-mnist")
    order = torch.randperm(len(whole), generator=Randomness(0).child("few").generator)
    return whole[order[:count]]

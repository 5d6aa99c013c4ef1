"""Data of the claims about translators: made of digits and of Fashion-MNIST by known changes."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data import Column, Dataset, load_dataset
from sparring.data.kinds import Images
from sparring.randomness import Randomness
from sparring.translation.degradations import correlated_noise

FASHION = "idx:fashion-mnist"
DULL, DARKEST = 0.6, 51
"""Contrast that is left of images before noise is added, and what black becomes: nothing is cut off."""
WARM, COLD = (0.0, 0.15), (0.5, 0.65)
"""Ranges of the hues of digits: red to orange, and blue."""


def noisy_fashion() -> Dataset:
    """Fashion of less contrast with noise that is alike in neighbours; other images without noise."""
    train, test = _parts(FASHION)
    noisy, clean = _noisy(train.examples.values, 0), _noisy(test.examples.values, 1)
    half = len(noisy) // 2
    parts = {
        "A": Dataset("noisy", noisy.condition[:half]),
        "B": Dataset("clean", noisy.examples[half:]),
    }
    held = {"A": Dataset("noisy", clean.condition), "B": Dataset("clean", clean.examples)}
    held_out = Dataset("pairs", clean.examples, clean.condition, parts=held)
    return Dataset("noisy fashion", noisy.examples, noisy.condition, held_out, parts=parts)


def _noisy(images: Tensor, seed: int) -> Dataset:
    kind = Images(tuple(images.shape[1:]))
    clean = (images.float() * DULL + DARKEST).round().to(torch.uint8)
    random = Randomness(seed)
    made = [kind.decode(correlated_noise(kind.encode(part), random)) for part in clean.split(1000)]
    return Dataset("noisy", Column(kind, clean), Column(kind, torch.cat(made)))


def recoloured_digits() -> Dataset:
    """Digits in warm colours, and other digits in cold ones."""
    train, test = _parts("mnist")
    half = len(train) // 2
    parts = {
        "A": _coloured(train[:half], WARM, 0),
        "B": _coloured(train[half:], COLD, 1),
    }
    held = {"A": _coloured(test, WARM, 2), "B": _coloured(test, COLD, 3)}
    held_out = Dataset("digits", held["B"].examples, parts=held)
    return Dataset("recoloured digits", parts["B"].examples, held_out=held_out, parts=parts)


def _coloured(dataset: Dataset, hues: tuple[float, float], seed: int) -> Dataset:
    digits = dataset.examples.values
    hue = Randomness(seed).uniform(len(digits), 1, 1, 1, low=hues[0], high=hues[1])
    # Red, green and blue of a hue at full saturation (Smith 1978).
    sixths = (6 * hue + torch.tensor([0.0, 4.0, 2.0]).view(1, 3, 1, 1)) % 6
    colour = (sixths - 3).abs().sub(1).clamp(0, 1)
    values = torch.cat(
        [
            (part.float() * shade).round().to(torch.uint8)
            for part, shade in zip(digits.split(1000), colour.split(1000), strict=True)
        ]
    )
    return Dataset("coloured", Column(Images((3, *digits.shape[2:])), values), dataset.condition)


def _parts(data: str) -> tuple[Dataset, Dataset]:
    whole = load_dataset(data)
    assert whole.held_out is not None
    return whole, whole.held_out

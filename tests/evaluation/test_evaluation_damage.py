"""Each figure moves the right way when real samples are damaged in a known way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data import Dataset, dataset_of
from sparring.evaluation import Evaluation, evaluate_samples
from sparring.randomness import Randomness


def blur(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    return F.avg_pool2d(images.float(), 7, 1, 3).to(torch.uint8), labels


def noise(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    noisy = images + Randomness(0).normal(*images.shape) * 80
    return noisy.clamp(0, 255).to(torch.uint8), labels


def drop_classes(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    kept = (labels < 5).nonzero()[:, 0].repeat(3)[: len(images)]
    return images[kept], labels[kept]


def duplicate(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    kept = torch.arange(len(images)) % 50
    return images[kept], labels[kept]


def swap_labels(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    return images, torch.where(torch.arange(len(labels)) % 2 == 0, labels, (labels + 1) % 10)


UP, DOWN = 1, -1
DAMAGES: list[tuple[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], dict[str, int]]] = [
    (
        blur,
        {
            "fid": UP,
            "kid": UP,
            "inception_score": DOWN,
            "coverage": DOWN,
            "label_agreement": DOWN,
            "high_quality_share": DOWN,
            "one_nn_error": UP,
            "ndb": UP,
        },
    ),
    (
        noise,
        {
            "fid": UP,
            "kid": UP,
            "inception_score": DOWN,
            "precision": DOWN,
            "density": DOWN,
            "coverage": DOWN,
            "high_quality_share": DOWN,
            "cas_error": UP,
        },
    ),
    (
        drop_classes,
        {
            "fid": UP,
            "inception_score": DOWN,
            "recall": DOWN,
            "coverage": DOWN,
            "class_balance": DOWN,
            "one_nn_error": UP,
            "cas_error": UP,
            "ndb": UP,
            "modes": DOWN,
            "reverse_kl": UP,
        },
    ),
    (
        duplicate,
        {"fid": UP, "recall": DOWN, "coverage": DOWN, "one_nn_error": UP, "cas_error": UP, "support": DOWN},
    ),
    (swap_labels, {"label_agreement": DOWN, "one_nn_error": UP, "cas_error": UP}),
]


@pytest.fixture(scope="module")
def sound(small_mnist: Dataset, fresh_digits: Dataset) -> Evaluation:
    return evaluate_samples(fresh_digits, small_mnist)


@pytest.mark.parametrize(("damage", "moves"), DAMAGES, ids=lambda value: getattr(value, "__name__", ""))
def test_damage_shows(
    small_mnist: Dataset,
    fresh_digits: Dataset,
    sound: Evaluation,
    damage: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    moves: dict[str, int],
) -> None:
    images, labels = damage(fresh_digits.examples.values, fresh_digits.condition.values)
    samples = dataset_of("damaged", images, labels)
    damaged = evaluate_samples(samples, small_mnist, figures=moves)
    for name, direction in moves.items():
        before, after = sound.figures[name], damaged.figures[name]
        assert direction * (after.value - before.value) > 0, (name, before, after)
        worse = after.low > before.high if direction == UP else after.high < before.low
        assert worse, f"{name}: the intervals {before} and {after} overlap"


def test_sound_samples_are_as_good_as_their_references(sound: Evaluation) -> None:
    """Every figure of real samples is near its reference, which is of other real samples."""
    allowed = {"fid": 1.0, "kid": 3.0, "memorised": 2.0, "support": 1.0, "reverse_kl": 1.0, "ndb": 1.0}
    for name, figure in sound.figures.items():
        width = figure.high - figure.low
        slack = max(allowed.get(name, 0.1) * abs(figure.reference), 2 * width)
        assert abs(figure.value - figure.reference) <= slack, (name, figure)


def test_copies_of_the_training_set_are_found(small_mnist: Dataset) -> None:
    copied = evaluate_samples(small_mnist[:500], small_mnist, figures=["memorised"])
    assert copied.figures["memorised"].value == 1
    assert copied.figures["memorised"].reference == pytest.approx(0.01, abs=0.01)

"""Classification accuracy score: is a classifier that saw only generated examples right about real ones?

Ravuri & Vinyals 2019, arXiv:1905.10887.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.features import in_batches, to_unit
from sparring.evaluation.fitting import fit
from sparring.randomness import Randomness, seeded_initialisation

EPOCHS = 4


def cas_error(
    images: Tensor,
    labels: Tensor,
    held_out: Tensor,
    held_out_labels: Tensor,
    classes: int,
    randomness: Randomness,
) -> Estimate:
    """Error (0 ... 1) on held-out images of a small network trained on the given images; lower is better.

    The network is trained for seconds only: compare the error with that of real images, not with a record.

    Args:
        images: uint8 (N, C, H, W), with `labels` (N,).
        labels: int64, from 0 to `classes` - 1.
        held_out: uint8 (M, C, H, W), with `held_out_labels` (M,).
        held_out_labels: int64.
        classes: number of classes.
        randomness: source of the weights, the order, the augmentation and the resamples.
    """
    network = _small_network(images.shape[1], classes, randomness.seed)
    fit(network, images, labels, randomness=randomness, epochs=EPOCHS)
    guesses = in_batches(lambda batch: network(to_unit(batch)).argmax(1), held_out)
    return of_mean(guesses != held_out_labels, randomness)


def _small_network(channels: int, classes: int, seed: int) -> nn.Module:
    with seeded_initialisation(seed):
        network = nn.Sequential(
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
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

"""How classifiers are trained here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.evaluation.features.extractor import in_batches
from sparring.evaluation.networks import Classifier
from sparring.randomness import Randomness

BATCH_SIZE = 128
PEAK_RATE = 4e-3
OUTLIER_SHARE = 0.25
"""Outliers per example."""
OUTLIER_WEIGHT = 0.5
"""Weight of the loss on outliers, for which no class is to be likelier than another."""

Progress = Callable[[int, float], None]
"""Called after each epoch with its number, from 1, and its mean training loss."""
Outliers = Callable[[Tensor, Randomness], Tensor]
"""Makes outliers, one in the place of each of what a network takes."""


def fit(
    network: Classifier,
    examples: Tensor,
    labels: Tensor,
    *,
    randomness: Randomness,
    epochs: int,
    outliers: Outliers | None = None,
    progress: Progress | None = None,
) -> None:
    """Minimise the cross-entropy of a network on augmented examples, and leave it in evaluation mode.

    AdamW under one cycle of the learning rate (Smith & Topin 2017, arXiv:1708.07120). No label smoothing and
    no dropout: the Inception Score wants probabilities that mean what they say.

    A classifier that only ever saw digits calls noise an eight and a black square a one, and is sure of it.
    Under outlier exposure (Hendrycks et al. 2019, arXiv:1812.04606) it is also shown what is of no class, for
    which every class is to be as likely as any other, so that its confidence can tell.

    Args:
        network: the classifier.
        examples: stored examples (N, ...).
        labels: int64 (N,).
        randomness: source of the order, the augmentation and the outliers.
        epochs: passes over the data.
        outliers: makes what is of no class; None shows none.
        progress: told of each full epoch.
    """
    per_epoch = max(1, len(examples) // BATCH_SIZE)
    steps = epochs * per_epoch
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps + 1)
    network.train()
    total = 0.0
    for step, batch in zip(range(1, steps + 1), _batches(len(examples), randomness), strict=False):
        seen = network.vary(network.see(examples[batch]), randomness)
        loss = _loss(network, seen, labels[batch], outliers, randomness)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
        if progress and step % per_epoch == 0:
            progress(step // per_epoch, total / per_epoch)
            total = 0.0
    network.eval()


def guesses(network: Classifier, examples: Tensor) -> Tensor:
    """The likeliest class of each stored example, int64 (N,); the network is in evaluation mode."""
    return in_batches(lambda batch: network(network.see(batch)).argmax(1), examples)


def accuracy(network: Classifier, examples: Tensor, labels: Tensor) -> float:
    """Share (0 ... 1) of stored examples whose likeliest class is their label."""
    return (guesses(network, examples) == labels).double().mean().item()


def _loss(
    network: Classifier, seen: Tensor, labels: Tensor, outliers: Outliers | None, randomness: Randomness
) -> Tensor:
    if outliers is None:
        return F.cross_entropy(network(seen), labels)
    others = outliers(seen[: max(1, int(len(seen) * OUTLIER_SHARE))], randomness)
    scores, unsure = network(torch.cat([seen, others])).split([len(seen), len(others)])
    loss: Tensor = F.cross_entropy(scores, labels) - OUTLIER_WEIGHT * unsure.log_softmax(1).mean()
    return loss


def _batches(count: int, randomness: Randomness) -> Iterator[Tensor]:
    """Indices of one batch after another, in a new order each epoch; an incomplete last batch is dropped."""
    size = min(BATCH_SIZE, count)
    while True:
        order = torch.randperm(count, generator=randomness.generator)
        yield from torch.split(order[: count - count % size], size)

"""How classifiers of images are trained here: the one behind the features, and those of the CAS."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.evaluation.features import in_batches, to_unit
from sparring.randomness import Randomness

BATCH_SIZE = 128
PEAK_RATE = 4e-3
GARBAGE_SHARE = 0.25
"""Images of nothing per image of something."""

Progress = Callable[[int, float], None]
"""Called after each epoch with its number, from 1, and its mean training loss."""


def fit(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    randomness: Randomness,
    epochs: int,
    doubt: float = 0.0,
    progress: Progress | None = None,
) -> None:
    """Minimise the cross-entropy of a network on augmented images, and leave it in evaluation mode.

    AdamW under one cycle of the learning rate (Smith & Topin 2017, arXiv:1708.07120). No label smoothing and
    no dropout: the Inception Score wants probabilities that mean what they say.

    A classifier that only ever saw digits calls noise an eight and a black square a one, and is sure of it.
    With `doubt` it is also shown garbage, for which every class is to be as likely as any other (Hendrycks et
    al. 2019, arXiv:1812.04606), so that its confidence can tell.

    Args:
        network: takes images in -1 ... 1, returns class scores.
        images: uint8 (N, C, H, W).
        labels: int64 (N,).
        randomness: source of the order and the augmentation.
        epochs: passes over the data.
        doubt: weight of the loss on garbage; 0 shows none.
        progress: told of each full epoch.
    """
    per_epoch = max(1, len(images) // BATCH_SIZE)
    steps = epochs * per_epoch
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps + 1)
    network.train()
    total = 0.0
    for step, batch in zip(range(1, steps + 1), _batches(len(images), randomness), strict=False):
        real = augment(to_unit(images[batch]), randomness)
        if doubt:
            fake = garbage(real[: max(1, int(len(real) * GARBAGE_SHARE))], randomness)
            scores, doubtful = network(torch.cat([real, fake])).split([len(real), len(fake)])
            loss = F.cross_entropy(scores, labels[batch]) - doubt * doubtful.log_softmax(1).mean()
        else:
            loss = F.cross_entropy(network(real), labels[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
        if progress and step % per_epoch == 0:
            progress(step // per_epoch, total / per_epoch)
            total = 0.0
    network.eval()


def augment(images: Tensor, randomness: Randomness) -> Tensor:
    """Rotate (up to 11 degrees), scale and stretch (up to 12 %), and shift (up to a twelfth) each image.

    Args:
        images: float32 (N, C, H, W) in -1 ... 1; what comes in from outside is -1.
        randomness: source of the transforms.
    """
    count = len(images)
    angle = randomness.uniform(count, low=-0.2, high=0.2)
    scale = randomness.uniform(count, 2, low=0.88, high=1.12)
    shift = randomness.uniform(count, 2, low=-1 / 6, high=1 / 6)  # the grid is two wide
    rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(count, 2, 2)
    transform = torch.cat([rotation * scale[:, :, None], shift[:, :, None]], 2)
    grid = F.affine_grid(transform, list(images.shape), align_corners=False)
    return F.grid_sample(images + 1, grid, align_corners=False) - 1


def garbage(images: Tensor, randomness: Randomness) -> Tensor:
    """Images of nothing, one in the place of each image (N, C, H, W) in -1 ... 1, each of a random kind.

    Noise, sparse dots, one even grey, blobs, the image with its pixels shuffled, the mean of two images.
    """
    count, _, height, width = shape = images.shape
    pixels = torch.randperm(height * width, generator=randomness.generator)
    density = randomness.uniform(count, 1, 1, 1, low=0.02, high=0.5)
    kinds = [
        randomness.uniform(*shape),
        (randomness.uniform(*shape, low=0.0) < density).float() * 2 - 1,
        randomness.uniform(count, 1, 1, 1).expand(shape),
        F.interpolate(randomness.uniform(count, shape[1], 5, 5), (height, width), mode="bicubic").clamp(
            -1, 1
        ),
        images.flatten(2)[:, :, pixels].view(shape),
        (images + images.roll(1, 0)) / 2,
    ]
    return torch.stack(kinds)[randomness.integers(count, len(kinds)), torch.arange(count)]


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share (0 ... 1) of uint8 images whose likeliest class is their label; the network is in eval mode."""
    guesses = in_batches(lambda batch: network(to_unit(batch)).argmax(1), images)
    return (guesses == labels).double().mean().item()


def _batches(count: int, randomness: Randomness) -> Iterator[Tensor]:
    """Indices of one batch after another, in a new order each epoch; an incomplete last batch is dropped."""
    size = min(BATCH_SIZE, count)
    while True:
        order = torch.randperm(count, generator=randomness.generator)
        yield from torch.split(order[: count - count % size], size)

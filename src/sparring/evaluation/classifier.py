"""The classifier whose penultimate layer is the shipped feature extractor, and the command that trains one.

`python -m sparring.evaluation.classifier --data mnist --out digits.safetensors` repeats the shipped file; any
other labelled image data set gets its own extractor in the same way, for `--features FILE`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data.dataset import Dataset
from sparring.errors import DataError, SparringError
from sparring.evaluation.features import DigitNet, in_batches, to_unit
from sparring.randomness import Randomness, seeded_initialisation

EPOCHS = 16
BATCH_SIZE = 128
PEAK_RATE = 4e-3

Progress = Callable[[int, float], None]
"""Called after each epoch with its number, from 1, and its mean training loss."""


def train_classifier(
    dataset: Dataset,
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: Progress | None = None,
) -> tuple[dict[str, Tensor], float]:
    """Train a `DigitNet` on a labelled image data set.

    The same seed gives the same weights on the same machine. Without a test split, every tenth example is
    held out.

    Args:
        dataset: uint8 images of any number of channels and size, with labels.
        seed: of the weights, the order and the augmentation.
        epochs: passes over the data.
        progress: told of each epoch.

    Returns:
        The network's tensors, and its accuracy (0 ... 1) on held-out examples.
    """
    train, test = _split(dataset)
    with seeded_initialisation(seed):
        network = DigitNet(dataset.spec.shape[0], dataset.spec.classes)
    fit(network, *train, randomness=Randomness(seed), epochs=epochs, progress=progress)
    return {key: value.contiguous() for key, value in network.state_dict().items()}, accuracy(network, *test)


def fit(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    randomness: Randomness,
    epochs: float,
    progress: Progress | None = None,
) -> None:
    """Minimise the cross-entropy of a network on augmented images, and leave it in evaluation mode.

    AdamW under one cycle of the learning rate (Smith & Topin 2017, arXiv:1708.07120). No label smoothing and
    no dropout: the Inception Score wants probabilities that mean what they say.

    Args:
        network: takes images in -1 ... 1, returns class scores.
        images: uint8 (N, C, H, W).
        labels: int64 (N,).
        randomness: source of the order and the augmentation.
        epochs: passes over the data; may be a fraction.
        progress: told of each full epoch.
    """
    steps = max(1, math.ceil(epochs * len(images) / BATCH_SIZE))
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps + 1)
    per_epoch = max(1, len(images) // BATCH_SIZE)
    network.train()
    total = 0.0
    for step, batch in zip(range(1, steps + 1), _batches(len(images), randomness), strict=False):
        scores = network(augment(to_unit(images[batch]), randomness))
        loss = F.cross_entropy(scores, labels[batch])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
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


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share (0 ... 1) of uint8 images whose likeliest class is their label; the network is in eval mode."""
    guesses = in_batches(lambda batch: network(to_unit(batch)).argmax(1), images)
    return (guesses == labels).double().mean().item()


def save_classifier(path: Path, dataset: Dataset, state: dict[str, Tensor], facts: dict[str, str]) -> None:
    """Write a classifier as safetensors that `load_extractor` reads; `facts` go into its metadata."""
    metadata = {
        **facts,
        "data": dataset.name,
        "shape": "x".join(map(str, dataset.spec.shape)),
        "class_names": "\n".join(dataset.class_names),
    }
    save_file(state, path, metadata)


def _batches(count: int, randomness: Randomness) -> Iterator[Tensor]:
    """Indices of one batch after another, in a new order each epoch; an incomplete last batch is dropped."""
    size = min(BATCH_SIZE, count)
    while True:
        order = torch.randperm(count, generator=randomness.generator)
        yield from torch.split(order[: count - count % size], size)


def _split(dataset: Dataset) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    if not dataset.spec.is_image or dataset.labels is None:
        raise DataError(
            f"A classifier needs images with labels; '{dataset.name}' has "
            f"{'no labels' if dataset.spec.is_image else 'points'}."
        )
    if dataset.test is not None and dataset.test.labels is not None:
        return (dataset.examples, dataset.labels), (dataset.test.examples, dataset.test.labels)
    held = torch.arange(len(dataset)) % 10 == 9
    return (dataset.examples[~held], dataset.labels[~held]), (dataset.examples[held], dataset.labels[held])


def main(arguments: list[str] | None = None) -> int:
    """Train a classifier from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sparring.evaluation.classifier",
        description="Train the feature extractor of a labelled image data set, for --features FILE.",
    )
    parser.add_argument(
        "--data", required=True, help="a data set with labels, such as mnist or folder:photos"
    )
    parser.add_argument("--out", required=True, type=Path, help="the .safetensors file to write")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        _train(options.data, options.out, options.seed, options.epochs)
    except SparringError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _train(data: str, out: Path, seed: int, epochs: int) -> None:
    from sparring.data import load_dataset

    dataset = load_dataset(data)
    state, share = train_classifier(
        dataset,
        seed=seed,
        epochs=epochs,
        progress=lambda epoch, loss: print(f"epoch {epoch}/{epochs}  loss {loss:.4f}", flush=True),
    )
    save_classifier(
        out, dataset, state, {"accuracy": f"{share:.4f}", "seed": str(seed), "epochs": str(epochs)}
    )
    print(f"{share:.2%} of held-out images right; written to {out}")


if __name__ == "__main__":
    sys.exit(main())

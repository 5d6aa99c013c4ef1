"""Train a classifier of images whose penultimate layer serves as features.

`python -m sparring.evaluation.classifier --data mnist --out digits.safetensors` repeats the shipped file; any
other labelled image data set gets its own extractor in the same way, for `--features FILE`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import get_args

import torch
from safetensors.torch import save_file
from torch import Tensor

from sparring.data.dataset import Dataset
from sparring.data.resizing import Fit
from sparring.errors import DataError, SettingError, SparringError
from sparring.evaluation.augmentation import outliers
from sparring.evaluation.features import in_batches
from sparring.evaluation.fitting import Progress, accuracy, fit
from sparring.evaluation.networks import DigitNet
from sparring.randomness import Randomness, seeded_initialisation

EPOCHS = 16

Labelled = tuple[Tensor, Tensor]
"""Images, uint8 (N, C, H, W), with their classes, int64 (N,)."""


def train_classifier(
    dataset: Dataset,
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: Progress | None = None,
) -> tuple[dict[str, Tensor], float]:
    """Train a `DigitNet` on a labelled image data set, under outlier exposure.

    The same seed gives the same weights on the same machine. Where the data holds nothing out, every tenth
    example is held out.

    Args:
        dataset: uint8 images of any number of channels and size, with labels.
        seed: of the weights, the order and the augmentation.
        epochs: passes over the data.
        progress: told of each epoch.

    Returns:
        The network's tensors, and its accuracy (0 ... 1) on held-out examples.

    Raises:
        DataError: the data has no images, or no classes.
    """
    training, held_out = _split(dataset)
    with seeded_initialisation(seed):
        network = DigitNet(dataset.spec.shape[0], dataset.spec.classes)
    fit(network, *training, randomness=Randomness(seed), epochs=epochs, outliers=outliers, progress=progress)
    normalise(network, training[0])
    state = {key: value.contiguous() for key, value in network.state_dict().items()}
    return state, accuracy(network, *held_out)


def normalise(network: DigitNet, images: Tensor) -> None:
    """Scale the features so that their mean square over uint8 images is 1, and change no score.

    KID cubes products of features: on any other scale its values would be of an odd size.
    """
    features = in_batches(lambda batch: network.features(network.see(batch)), images)
    network.scale_features(features.square().mean().rsqrt().item())


def save_classifier(path: Path, dataset: Dataset, state: dict[str, Tensor], facts: dict[str, str]) -> None:
    """Write a classifier as safetensors that `load_extractor` reads; `facts` go into its metadata."""
    metadata = {
        **facts,
        "data": dataset.name,
        "shape": "x".join(map(str, dataset.spec.shape)),
        "class_names": "\n".join(dataset.class_names),
    }
    save_file(state, path, metadata)


def _split(dataset: Dataset) -> tuple[Labelled, Labelled]:
    kind, condition = dataset.examples.kind, dataset.condition.kind
    if not kind.has_size or not condition.classes:
        raise DataError(
            f"A classifier needs images with labels; '{dataset.name}' has {kind.about}, {condition.about}."
        )
    if dataset.held_out is not None and dataset.held_out.condition.kind.classes:
        return _labelled(dataset), _labelled(dataset.held_out)
    held = torch.arange(len(dataset)) % 10 == 9
    return _labelled(dataset[~held]), _labelled(dataset[held])


def _labelled(dataset: Dataset) -> Labelled:
    return dataset.examples.values, dataset.condition.values


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
    parser.add_argument(
        "--size", help="pixels that images are brought to, 64 or 64x48, those of the runs to be evaluated"
    )
    parser.add_argument(
        "--fit", default="crop", choices=get_args(Fit), help="how they come to it (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        _train(options.data, options.out, options.size, options.fit, options.seed, options.epochs)
    except SparringError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _train(data: str, out: Path, size: str | None, fit: Fit, seed: int, epochs: int) -> None:
    from sparring.data import load_dataset

    if out.suffix != ".safetensors" or not out.absolute().parent.is_dir():
        raise SettingError(f"--out is {out}; give a file that ends in .safetensors, in a folder that exists.")
    if epochs < 1:
        raise SettingError(f"--epochs is {epochs}; give at least 1.")
    dataset = load_dataset(data, size=size, fit=fit)
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

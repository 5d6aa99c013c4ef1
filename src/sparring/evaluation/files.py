"""Evaluate samples that lie in files: in an array, or as pictures in a folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

from sparring.data import Dataset, load_dataset
from sparring.data.listing import list_folder
from sparring.data.pictures import read_pictures
from sparring.data.resizing import Fit, Size
from sparring.data.samples import read_samples
from sparring.data.summary import hints
from sparring.errors import DataError, SettingError
from sparring.evaluation.enough import check_enough_real, check_enough_samples
from sparring.evaluation.evaluate import evaluate_samples
from sparring.evaluation.features import wanted_extractor
from sparring.evaluation.result import Evaluation
from sparring.exporting.layout import is_exported
from sparring.processes import join_processes
from sparring.randomness import Randomness
from sparring.runs.place import is_group, is_run, is_tuning


def are_samples(path: Path) -> bool:
    """Whether this is a file of samples, or a folder of them, rather than runs or an exported model."""
    if path.suffix.lower() == ".npz":
        return True
    # Those that `load` refuses have pictures of samples as well.
    known = any(knows(path) for knows in (is_run, is_group, is_tuning, is_exported))
    return os.path.isdir(path) and not known and _has_images(path)


def _has_images(path: Path) -> bool:
    try:
        return bool(list_folder(path).images)
    except DataError:
        return False


def real_examples(path: Path, data: str | None, size: Size | None, fit: Fit, stretch: bool) -> Dataset:
    """What samples in files are compared with; warnings say what looks as if it had been meant otherwise.

    Args:
        path: of the samples.
        data: the name of the real examples, as `load_dataset` takes it, like all that follows.
        size: their size.
        fit: how they come to it.
        stretch: whether the brightest of their values becomes white.

    Raises:
        SettingError: no data is given.
        DataError: it cannot be read, or is too little.
    """
    if data is None:
        raise SettingError(
            f"{path} holds samples that do not say what they should look like: give --data, such as --data "
            "mnist."
        )
    dataset = load_dataset(data, size=size, fit=fit, stretch=stretch)
    for hint in hints(dataset):
        warnings.warn(f"Of {data}: {hint}", stacklevel=3)
    check_enough_real(dataset)
    return dataset


def evaluate_files(
    path: Path,
    count: int,
    dataset: Dataset,
    features: str | None,
    seed: int,
    device: str,
    stages: Callable[[str], None],
) -> Evaluation:
    """Compare samples from a file, or a folder of pictures, with real examples.

    Args:
        path: the file or folder.
        count: how many to take of it at the most.
        dataset: the real examples.
        features: what all are compared by, as `evaluate` takes it.
        seed: as `evaluate` takes it.
        device: where to compute features.
        stages: is told of each figure before it is measured.
    """
    kind = dataset.condition.kind
    samples = read_pictures(path, dataset) if path.is_dir() else read_samples(path, kind)
    if count < len(samples):
        # By chance: files and arrays may be sorted by class, or have all classes in turn.
        order = torch.randperm(len(samples), generator=Randomness(seed).child("part of the files").generator)
        samples = samples[order[:count].sort().values]
    check_enough_samples(len(samples))
    extractor = wanted_extractor(features, dataset, join_processes(device).device)
    return evaluate_samples(
        samples,
        dataset,
        extractor=extractor,
        seed=seed,
        checkpoint={"file": path.name},
        progress=stages,
    )

"""Feature extractors by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open

from sparring.data.kinds import Kind
from sparring.errors import SettingError, nearest
from sparring.evaluation.features.classifier import ClassifierFeatures
from sparring.evaluation.features.extractor import FeatureExtractor
from sparring.evaluation.features.modules import ModuleFeatures, OnnxFeatures
from sparring.evaluation.features.random_convolutions import RandomConvolutions
from sparring.evaluation.features.vectors import VectorFeatures

if TYPE_CHECKING:
    from sparring.data.dataset import Dataset


def wanted_extractor(
    name: str | None, dataset: Dataset, device: torch.device | str = "cpu"
) -> FeatureExtractor:
    """The extractor that was asked for by name, as `load_extractor` takes it; for None what suits data."""
    kind = dataset.examples.kind
    if name is None:
        return kind.extractor(dataset, device)
    extractor = load_extractor(name, kind, device)
    extractor.why = "as asked for"
    return extractor


def load_extractor(name: str, kind: Kind, device: torch.device | str = "cpu") -> FeatureExtractor:
    """Find an extractor by name.

    Args:
        name: `digits` (shipped), `random` (random convolutions of images), `pixels`, or the path of a file:
            `.safetensors` written by `python -m sparring.evaluation.classifier`, TorchScript (`.pt`, `.ts`),
            or ONNX (`.onnx`).
        kind: what the examples are.
        device: where it computes.

    Raises:
        SettingError: there is no such extractor, or the file is not what its ending says.
    """
    if name == "pixels":
        return VectorFeatures(name, kind)
    if name == "random" and kind.has_size:
        return RandomConvolutions(kind.shape[0], device)
    if name == "digits":
        return shipped_digits(device)
    path = Path(name)
    loaders: dict[str, Callable[[], FeatureExtractor]] = {
        ".safetensors": lambda: load_classifier(path, device),
        ".pt": lambda: _load_torchscript(path, device),
        ".ts": lambda: _load_torchscript(path, device),
        ".onnx": lambda: OnnxFeatures(path),
    }
    if path.suffix not in loaders or not path.is_file():
        raise SettingError(
            f"There are no features '{name}': give 'digits', 'random', 'pixels' or an existing file "
            f"({', '.join(loaders)}).{nearest(name, ['digits', 'random', 'pixels'])}"
        )
    return loaders[path.suffix]()


def shipped_digits(device: torch.device | str = "cpu") -> ClassifierFeatures:
    """The classifier of MNIST's digits that comes with the package."""
    with resources.as_file(resources.files("sparring.evaluation") / "digits.safetensors") as path:
        return load_classifier(path, device)


def load_classifier(path: Path, device: torch.device | str = "cpu") -> ClassifierFeatures:
    """The classifier in a file that `python -m sparring.evaluation.classifier` wrote.

    Raises:
        SettingError: the file is something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts: dict[str, str] = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return ClassifierFeatures(
            state,
            tuple(int(side) for side in facts["shape"].split("x")),
            tuple(facts["class_names"].split("\n")),
            label=path.stem,
            accuracy=float(facts["accuracy"]),
            device=device,
        )
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise SettingError(
            f"'{path}' is not a classifier written by 'python -m sparring.evaluation.classifier' ({error})."
        ) from error


def _load_torchscript(path: Path, device: torch.device | str) -> ModuleFeatures:
    try:
        module = torch.jit.load(str(path), map_location=device)
    except (RuntimeError, ValueError) as error:
        raise SettingError(
            f"'{path}' is not a TorchScript file. Save the network with torch.jit.script(network).save(path)."
        ) from error
    return ModuleFeatures(module, label=path.stem, device=device)

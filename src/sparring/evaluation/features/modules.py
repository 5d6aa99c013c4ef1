"""Features of images that any network makes, be it a torch module or an ONNX file."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sparring.errors import DataError, SettingError
from sparring.evaluation.features.extractor import FeatureExtractor, in_batches, weights_hash


class ModuleFeatures(FeatureExtractor):
    """Whatever any module makes of an image, flattened; for example a truncated Inception network.

    Grey images are repeated where the module's first convolution expects more channels. A scripted module
    that takes `return_features` (as NVIDIA's Inception does) is asked for features.

    Args:
        module: takes float32 images (N, C, H, W), returns features (N, ...).
        value_range: what the bytes 0 and 255 become.
        label: the part of the recorded name before the hash.
        device: where to compute; results are always on the CPU.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        value_range: tuple[float, float] = (0.0, 255.0),
        label: str = "module",
        device: torch.device | str = "cpu",
    ) -> None:
        self.module = module.eval().to(device)
        self.device = torch.device(device)
        self.value_range = value_range
        self.name = f"{label}-{weights_hash(module.state_dict())}"
        kernels = (tensor for tensor in module.parameters() if tensor.ndim == 4)
        self.channels = next((kernel.shape[1] for kernel in kernels), None)
        self.options = {"return_features": True} if _takes_return_features(module) else {}

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        low, high = self.value_range

        def look(images: Tensor) -> Tensor:
            images = images.to(self.device).float().mul_((high - low) / 255).add_(low)
            features: Tensor = self.module(_with_channels(images, self.channels), **self.options)
            return features.flatten(1)

        return in_batches(look, examples)


class OnnxFeatures(FeatureExtractor):
    """The first output of an ONNX network, flattened; it is given float32 images in 0 ... 255.

    Needs the package `onnxruntime`, and computes on the CPU.
    """

    def __init__(self, path: Path) -> None:
        try:
            onnxruntime = importlib.import_module("onnxruntime")
        except ImportError as error:
            raise SettingError(
                f"'{path}' is an ONNX file, which needs another package: pip install onnxruntime"
            ) from error
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0]
        self.channels = self.input.shape[1] if isinstance(self.input.shape[1], int) else None
        self.name = f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        def look(images: Tensor) -> Tensor:
            pixels = _with_channels(images.cpu().float(), self.channels).numpy()
            return torch.from_numpy(self.session.run(None, {self.input.name: pixels})[0]).flatten(1)

        return in_batches(look, examples)


def _with_channels(images: Tensor, channels: int | None) -> Tensor:
    if channels is None or images.shape[1] == channels:
        return images
    if images.shape[1] != 1:
        raise DataError(f"The features want images of {channels} channels, not {images.shape[1]}.")
    return images.expand(-1, channels, -1, -1)


def _takes_return_features(module: nn.Module) -> bool:
    schema: Any = getattr(getattr(module, "forward", None), "schema", None)
    return schema is not None and any(argument.name == "return_features" for argument in schema.arguments)

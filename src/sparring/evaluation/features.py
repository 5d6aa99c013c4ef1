"""What the figures look at instead of raw images: feature extractors, and how they are found by name.

A figure such as FID means nothing without the features it was computed on, so every extractor has a `name`
that ends in a hash of its weights; two evaluations are comparable only if these names are equal.
"""

from __future__ import annotations

import hashlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from sparring.data.dataset import Dataset
from sparring.errors import DataError, SettingError, nearest
from sparring.randomness import seeded_initialisation

BATCH = 500
"""Images looked at in one go: bounds the memory, changes no figure."""


class FeatureExtractor(ABC):
    """Turns examples into feature vectors and, where it is a classifier, these into class scores."""

    name: str
    """What results are recorded under, such as `digits-3f2a91c0`."""
    size: int | None = None
    """Number of features D, where it is known before the first image is seen."""
    class_names: tuple[str, ...] = ()
    """The classes that `logits` scores, in order; empty where the extractor is no classifier."""
    accuracy: float | None = None
    """Share of held-out real examples that the classifier gets right, where known."""

    @abstractmethod
    def features(self, examples: Tensor) -> Tensor:
        """Feature vectors, float32 (N, D), of uint8 images (N, C, H, W) or of points (N, dimensions)."""

    def scores(self, features: Tensor) -> Tensor:
        """Class scores before the softmax, float32 (N, classes), of feature vectors (N, D)."""
        raise SettingError(f"The features '{self.name}' belong to no classifier: they give no class scores.")

    def guesses(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest class, int64 (N,), and its probability, float32 (N,), of feature vectors (N, D)."""
        confidence, classes = self.scores(features).softmax(1).max(1)
        return classes, confidence

    def logits(self, images: Tensor) -> Tensor:
        """Class scores before the softmax, float32 (N, classes), of uint8 images (N, C, H, W)."""
        return self.scores(self.features(images))

    def classes(self, images: Tensor) -> Tensor:
        """The likeliest class of each of the uint8 images (N, C, H, W), int64 (N,)."""
        return self.guesses(self.features(images))[0]


class PixelFeatures(FeatureExtractor):
    """The pixels themselves, 0 ... 1 and flattened; points pass unchanged."""

    def __init__(self, name: str = "pixels") -> None:
        self.name = name

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        return flat(examples)


class DigitNet(nn.Module):
    """Small convolutional network in the manner of LeNet (LeCun et al. 1998), with batch normalisation.

    Made for 28x28 grey digits, where it has 134k parameters; takes any image of 12x12 or more.

    Args:
        channels: channels of an image.
        classes: number of classes.
        feature_size: length D of the penultimate layer, which is what features are.
    """

    def __init__(self, channels: int = 1, classes: int = 10, feature_size: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, 24),
            nn.MaxPool2d(2),
            *_convolution(24, 48),
            *_convolution(48, 48),
            nn.MaxPool2d(2),
            *_convolution(48, 64),
            *_convolution(64, 64),
            nn.AdaptiveMaxPool2d(3),
            nn.Flatten(),
            nn.Linear(64 * 3 * 3, feature_size),
            nn.ReLU(),
        )
        self.head = nn.Linear(feature_size, classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on CPUs

    def features(self, images: Tensor) -> Tensor:
        """Penultimate activations, float32 (N, D), at least 0, of images (N, C, H, W) in -1 ... 1."""
        return cast(Tensor, self.body(images.contiguous(memory_format=torch.channels_last)))

    @torch.no_grad()
    def scale_features(self, factor: float) -> None:
        """Multiply the features by a positive factor, and divide the head's weights by it."""
        penultimate = cast(nn.Linear, self.body[-2])
        penultimate.weight.mul_(factor)
        penultimate.bias.mul_(factor)
        self.head.weight.div_(factor)

    def forward(self, images: Tensor) -> Tensor:
        """Class scores before the softmax, float32 (N, classes), of images (N, C, H, W) in -1 ... 1."""
        return cast(Tensor, self.head(self.features(images)))


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


class ClassifierFeatures(FeatureExtractor):
    """Penultimate layer of a trained `DigitNet`.

    Args:
        state: the network's tensors, as `train_classifier` returns them.
        shape: shape (C, H, W) of the images that it was trained on.
        class_names: a name for each class.
        label: the part of the recorded name before the hash.
        accuracy: test accuracy in 0 ... 1, where known.
        device: where to compute; results are always on the CPU.
    """

    def __init__(
        self,
        state: Mapping[str, Tensor],
        shape: tuple[int, ...],
        class_names: tuple[str, ...],
        *,
        label: str = "classifier",
        accuracy: float | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        classes, self.size = state["head.weight"].shape
        with seeded_initialisation(0):  # only to leave the global generator alone
            self.network = DigitNet(shape[0], classes, self.size)
        self.network.load_state_dict(dict(state))
        self.network.eval().requires_grad_(False).to(device)
        self.shape = tuple(shape)
        self.class_names = class_names
        self.accuracy = accuracy
        self.name = f"{label}-{weights_hash(state)}"

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        if tuple(examples.shape[1:]) != self.shape:
            raise DataError(
                f"The features '{self.name}' are for images of shape {self.shape}, not "
                f"{tuple(examples.shape[1:])}. Use '--features pixels', or train a classifier of this data: "
                "python -m sparring.evaluation.classifier --help"
            )
        device = self.network.head.weight.device
        return in_batches(lambda images: self.network.features(to_unit(images.to(device))), examples)

    def scores(self, features: Tensor) -> Tensor:  # noqa: D102
        scores: Tensor = self.network.head(features.to(self.network.head.weight.device))
        return scores.cpu()


class StackedFeatures(FeatureExtractor):
    """A one-channel classifier applied to each channel of a stack of grey images.

    Features are the channels' features side by side; the class of a stack is the number that the classes of
    its channels spell, first channel first (Stacked MNIST: Metz et al. 2017, arXiv:1611.02163).
    """

    def __init__(self, single: ClassifierFeatures, channels: int = 3) -> None:
        self.single = single
        self.channels = channels
        self.shape = (channels, *single.shape[1:])
        self.size = channels * single.network.head.in_features
        self.class_names = tuple("".join(names) for names in product(single.class_names, repeat=channels))
        self.name = f"{single.name}-x{channels}"

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        return self.single.features(examples.flatten(0, 1).unsqueeze(1)).view(len(examples), -1)

    def scores(self, features: Tensor) -> Tensor:
        """Sums of the log-probabilities of the channels' classes, as if channels were independent."""
        scores = torch.zeros(len(features), 1)
        for channel in features.chunk(self.channels, 1):
            single = self.single.scores(channel).log_softmax(1)
            scores = (scores.unsqueeze(2) + single.unsqueeze(1)).flatten(1)
        return scores

    def guesses(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest class, int64 (N,), and the probability of its least certain channel, float32 (N,)."""
        spelt = torch.zeros(len(features), dtype=torch.int64)
        confidence = torch.ones(len(features))
        for channel in features.chunk(self.channels, 1):
            classes, certain = self.single.guesses(channel)
            spelt = spelt * len(self.single.class_names) + classes
            confidence = confidence.minimum(certain)
        return spelt, confidence


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

    Needs the package `onnxruntime`.
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
            pixels = _with_channels(images.float(), self.channels).numpy()
            return torch.from_numpy(self.session.run(None, {self.input.name: pixels})[0]).flatten(1)

        return in_batches(look, examples)


def load_extractor(name: str, device: torch.device | str = "cpu") -> FeatureExtractor:
    """Find an extractor by name.

    Args:
        name: `digits` (shipped), `pixels`, or the path of a file: `.safetensors` written by
            `python -m sparring.evaluation.classifier`, TorchScript (`.pt`, `.ts`), or ONNX (`.onnx`).
        device: where it computes.
    """
    if name == "pixels":
        return PixelFeatures()
    if name == "digits":
        shipped = resources.files("sparring.evaluation") / "digits.safetensors"
        with resources.as_file(shipped) as path:
            return load_classifier(path, device)
    path = Path(name)
    loaders: dict[str, Callable[[], FeatureExtractor]] = {
        ".safetensors": lambda: load_classifier(path, device),
        ".pt": lambda: _load_torchscript(path, device),
        ".ts": lambda: _load_torchscript(path, device),
        ".onnx": lambda: OnnxFeatures(path),
    }
    if path.suffix not in loaders or not path.is_file():
        raise SettingError(
            f"There are no features '{name}': give 'digits', 'pixels' or an existing file "
            f"({', '.join(loaders)}).{nearest(name, ['digits', 'pixels'])}"
        )
    return loaders[path.suffix]()


def default_extractor(dataset: Dataset, device: torch.device | str = "cpu") -> FeatureExtractor:
    """What suits a data set: the shipped digits where it has digits or may have them, else the pixels.

    Digits are grey 28x28 images with the ten digits as classes or with no classes, and stacks of them whose
    classes are numbers such as `042`. Points are their own features.
    """
    if not dataset.spec.is_image:
        return PixelFeatures("points")
    shape, names = dataset.spec.shape, dataset.class_names
    digits = cast(ClassifierFeatures, load_extractor("digits", device))
    if shape == digits.shape and names in ((), digits.class_names):
        return digits
    if shape[0] == 3 and shape[1:] == digits.shape[1:]:
        stacked = StackedFeatures(digits)
        if names == stacked.class_names:
            return stacked
    return PixelFeatures()


def load_classifier(path: Path, device: torch.device | str = "cpu") -> ClassifierFeatures:
    """The classifier in a file that `python -m sparring.evaluation.classifier` wrote."""
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


def weights_hash(state: Mapping[str, Tensor]) -> str:
    """Eight hexadecimal digits of the SHA-256 over the names, shapes and bytes of all tensors."""
    digest = hashlib.sha256()
    for key in sorted(state):
        tensor = state[key].detach().cpu().contiguous()
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:8]


def flat(examples: Tensor) -> Tensor:
    """Uint8 images (N, C, H, W) as float32 (N, C * H * W) in 0 ... 1; points pass as float32."""
    if examples.dtype == torch.uint8:
        return examples.flatten(1).float().div_(255)
    return examples.flatten(1).float()


def to_unit(images: Tensor) -> Tensor:
    """Bytes 0 ... 255 as float32 from -1 to 1."""
    return images.float().div_(127.5).sub_(1)


def in_batches(look: Callable[[Tensor], Tensor], examples: Tensor, size: int = BATCH) -> Tensor:
    """Apply `look` to `size` examples at a time, without gradients; the results are joined on the CPU."""
    with torch.no_grad():
        return torch.cat([look(batch).cpu() for batch in torch.split(examples, size)])


def _with_channels(images: Tensor, channels: int | None) -> Tensor:
    if channels is None or images.shape[1] == channels:
        return images
    if images.shape[1] != 1:
        raise DataError(f"The features want images of {channels} channels, not {images.shape[1]}.")
    return images.expand(-1, channels, -1, -1)


def _takes_return_features(module: nn.Module) -> bool:
    schema: Any = getattr(getattr(module, "forward", None), "schema", None)
    return schema is not None and any(argument.name == "return_features" for argument in schema.arguments)

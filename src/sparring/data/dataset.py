"""What the rest of the toolkit knows of data: a `Dataset` of real examples and the `Batch` dealt from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class DataSpec:
    """What a game is told of the data before it builds its networks."""

    shape: tuple[int, ...]
    """Shape of one example: (channels, height, width) for images, (dimensions,) for points."""
    classes: int
    """Number of classes; 0 where the data has no labels."""
    count: int
    """Number of training examples."""

    @property
    def is_image(self) -> bool:
        """Whether one example is an image rather than a point."""
        return len(self.shape) == 3


@dataclass(frozen=True)
class Mixture:
    """Gaussian modes that the data is known to have: what mode counting and density pictures need."""

    means: Tensor
    """Centres of the modes, float32 (modes, dimensions)."""
    deviation: float
    """Standard deviation of every mode, the same in all directions."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Real examples, whole in memory.

    Images stay uint8 in 0 ... 255 and become floats, in the value range of the game, as they are dealt.
    """

    name: str
    """The name under which `load_dataset` gives this data again, such as `mnist` or `folder:photos`."""
    examples: Tensor
    """Images as uint8 (count, channels, height, width), or points as float32 (count, dimensions)."""
    labels: Tensor | None = None
    """Class of each example, int64 (count,), from 0; None where there are none."""
    class_names: tuple[str, ...] = ()
    """A name for each class, in the order of the labels."""
    test: Dataset | None = None
    """Held-out examples of the same kind, where the source has them."""
    mixture: Mixture | None = None
    """The modes that the data was drawn from, where they are known."""

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def spec(self) -> DataSpec:
        """What a game needs to know."""
        return DataSpec(tuple(self.examples.shape[1:]), len(self.class_names), len(self))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the training examples and labels: two runs with the same one saw the same data."""
        digest = hashlib.sha256(str((self.examples.dtype, tuple(self.examples.shape))).encode())
        digest.update(self.examples.contiguous().numpy().data)
        if self.labels is not None:
            digest.update(self.labels.contiguous().numpy().data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Batch:
    """Real examples as one turn sees them."""

    examples: Tensor
    """Float32 (count, *shape); images are in the value range of the game."""
    labels: Tensor | None
    """Classes, int64 (count,), where the data has them."""
    indices: Tensor
    """Position of each example in the training set, int64 (count,)."""

    def __len__(self) -> int:
        return len(self.examples)


def to_range(examples: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Bytes 0 ... 255 as floats from `value_range[0]` to `value_range[1]`; points pass unchanged."""
    if examples.dtype != torch.uint8:
        return examples
    low, high = value_range
    return examples.float().mul_((high - low) / 255.0).add_(low)


def to_bytes(images: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Floats in `value_range` as bytes 0 ... 255, rounded and clamped."""
    low, high = value_range
    return images.sub(low).mul_(255.0 / (high - low)).round_().clamp_(0, 255).to(torch.uint8)

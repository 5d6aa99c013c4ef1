"""Images: bytes in memory, floats in the game's range for networks."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sparring.data.colours import COLOURS, WHITE, with_channels
from sparring.data.kinds.kind import Kind, Layout, Length
from sparring.data.resizing import LARGEST_SIDE, Frame, prepared

if TYPE_CHECKING:
    from sparring.data.dataset import Column, Dataset
    from sparring.evaluation.features import FeatureExtractor
    from sparring.evaluation.networks import Classifier

FILES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "png": ("PNG", {}),
    "jpg": ("JPEG", {"quality": 95}),
    "webp": ("WEBP", {"lossless": True}),
}
"""Pillow's name of each format, and what it is told."""
RESIZED_AT_ONCE = 500


@dataclass(frozen=True)
class Described:
    """What a description holds."""

    shape: tuple[Length, Length, Length]


@dataclass(frozen=True)
class Images(Kind):
    """Images stored as uint8 (count, channels, height, width)."""

    described: ClassVar[type] = Described
    name: ClassVar[str] = "images"
    most_shown: ClassVar[int | None] = 1000
    arrays: ClassVar[str] = "images"
    told_by: ClassVar[str] = "pairs:PATH"
    usual_system: ClassVar[str | None] = "r3gan"
    hub_task: ClassVar[str | None] = "unconditional-image-generation"
    exported_as: ClassVar[str] = "images from 0 to 1 as count x channels x height x width"
    has_size: ClassVar[bool] = True
    drawn_apart: ClassVar[bool] = True
    has_near_duplicates: ClassVar[bool] = True
    formats: ClassVar[tuple[str, ...]] = ("png", "jpg", "webp")
    dtype: ClassVar[torch.dtype] = torch.uint8

    shape: tuple[int, ...]
    """(channels, height, width)."""
    value_range: tuple[float, float] = (-1.0, 1.0)
    """What the bytes 0 and 255 become for networks."""

    def encode(self, stored: Tensor) -> Tensor:
        """Bytes 0 ... 255 as floats in the value range."""
        low, high = self.value_range
        return stored.float().mul_((high - low) / 255.0).add_(low)

    def decode(self, made: Tensor) -> Tensor:
        """Floats in the value range as bytes 0 ... 255, rounded and clamped."""
        low, high = self.value_range
        return made.float().sub(low).mul_(255.0 / (high - low)).round_().clamp_(0, 255).to(torch.uint8)

    def in_range(self, low: float, high: float) -> Images:
        """The same images in another range."""
        return replace(self, value_range=(low, high))

    def as_own(self, column: Column) -> Tensor | None:
        """Images with as many channels as these, brought to their size by a bicubic kernel."""
        if not isinstance(column.kind, Images):
            return None
        images = with_channels(column.values, self.shape[0])
        if images.shape[1] != self.shape[0]:
            return None
        if images.shape[2:] == self.shape[1:]:
            return images
        parts = [
            F.interpolate(part.float(), self.shape[1:], mode="bicubic", align_corners=False)
            for part in images.split(RESIZED_AT_ONCE)
        ]
        return torch.cat(parts).round_().clamp_(0, 255).to(torch.uint8)

    @property
    def about(self) -> str:
        """Such as `grey images of 28 x 28`."""
        channels, height, width = self.shape
        colour = {1: "grey", 3: "colour", 4: "transparent colour"}.get(channels, f"{channels}-channel")
        return f"{colour} images of {width} x {height}"

    def hints(self, stored: Tensor) -> list[str]:
        """That channels seem to come last, or that nothing is transparent of what might be."""
        channels, height, width = stored.shape[1:]
        if channels > 4 >= width and height > 4:
            return [
                f"These are {self.about}: if they are {height} x {channels} with {width} "
                f"{'channel' if width == 1 else 'channels'}, move the channels in front of height and width."
            ]
        if stored.shape[1] == 4 and int(stored[:, 3].min()) == WHITE:
            return ["Nothing is transparent in any image: --no-alpha leaves the fourth channel out."]
        return []

    def brightest(self, stored: Tensor) -> int | None:
        """The brightest value of any colour, from 0 to 255."""
        return int(stored[:, :COLOURS].max())

    def description(self) -> dict[str, Any]:
        """Kind and shape; the range is the system's."""
        return {"kind": self.name, "shape": list(self.shape)}

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Images:
        """Images of the described shape."""
        return cls(tuple(values["shape"]))

    def brought(self, stored: Tensor, frame: Frame | None, white: float) -> Tensor:
        """Images of any size and colours in the frame, with as many channels as these."""
        if stored.dim() != 4:
            return stored
        resized, _ = prepared(frame, white, stored, None)
        return with_channels(resized, self.shape[0])

    def unsuited(self, multiple: int = 1, least: int = 1, most: int = LARGEST_SIDE) -> str | None:
        """Sides that are no multiples of a number, too small or too large, with the nearest that are not."""
        _, height, width = self.shape
        wide, high = (
            min(max(multiple * ((side + multiple // 2) // multiple), multiple, least), most)
            for side in (width, height)
        )
        if (wide, high) == (width, height):
            return None
        wanted = [f"multiples of {multiple}"] if multiple > 1 else []
        wanted += [f"at least {least} pixels"] if least > 1 else []
        wanted += [f"at most {most} pixels"] if most < LARGEST_SIDE else []
        size = str(wide) if wide == high else f"{wide}x{high}"
        return (
            f"needs images whose sides are {' and '.join(wanted)}; these are {width} x {height}: "
            f"use --size {size}."
        )

    def vectors(self, stored: Tensor) -> Tensor:
        """Pixels from 0 to 1."""
        return stored.flatten(1).float().div_(255)

    def coarser(self, encoded: Tensor) -> Tensor | None:
        """Means of 2 x 2 pixels, as long as there are 4 of them along each side."""
        return None if min(encoded.shape[2:]) < 4 else F.avg_pool2d(encoded, 2)

    def encoded_vectors(self, encoded: Tensor) -> Tensor:
        """Pixels from 0 to 1, neither rounded to bytes nor clamped."""
        low, high = self.value_range
        return encoded.flatten(1).float().sub(low).div_(high - low)

    def extractor(self, dataset: Dataset, device: torch.device | str = "cpu") -> FeatureExtractor:
        """The shipped digits where the data has such digits, else random convolutions."""
        from sparring.evaluation.features import image_extractor

        return image_extractor(dataset, self, device)

    def small_classifier(self, classes: int, seed: int) -> Classifier:
        """Two convolutions and a linear layer, trained in seconds."""
        from sparring.evaluation.networks import SmallImageNet

        return SmallImageNet(self.shape[0], classes, seed)

    def picture(
        self, blocks: Sequence[Tensor], dataset: Dataset | None = None, titles: Sequence[Sequence[str]] = ()
    ) -> bytes:
        """A PNG of the blocks side by side, enlarged until the images can be seen."""
        from sparring.sheet import sheet

        buffer = io.BytesIO()
        sheet(alike(blocks), titles).save(buffer, "PNG")
        return buffer.getvalue()

    def side_by_side(self, blocks: Sequence[Tensor]) -> list[Tensor]:
        """For each column of the blocks a block of its own, with all that belongs together in a row."""
        columns = zip(*(block.split(1, dim=1) for block in alike(blocks)), strict=True)
        return [torch.cat(together, dim=1) for together in columns]

    def layout(self, rows: int, columns: int, values: Callable[[], Column]) -> Layout:
        """Each sample beside what it is made of."""
        return replace(super().layout(rows, columns, values), matched=True)

    def file(self, value: Tensor, form: str) -> bytes:
        """An image file; of these formats only jpg loses anything, and with it how opaque the image is."""
        if len(value) == 4 and form == "jpg":
            (value,) = with_channels(value[None], 3)
        return image_file(value.permute(1, 2, 0).cpu().numpy(), *FILES[form])

    def advice(self, samples: Kind) -> str:
        """Another size is a matter of an option, another number of channels of the samples."""
        if not isinstance(samples, Images):
            return super().advice(samples)
        channels, height, width = self.shape
        made, high, wide = samples.shape
        ways = []
        if (high, wide) != (height, width):
            ways.append(f"--size {wide}x{high} brings the real examples to the samples' size")
        if made != channels:
            ways.append(
                "numpy.repeat(images, 3, axis=-1) makes of one channel three"
                if made < channels
                else "a mean over the channels makes them grey"
            )
        return "; ".join(ways)

    def to_arrays(self, stored: Tensor) -> NDArray[Any]:
        """N x H x W x C."""
        return stored.cpu().permute(0, 2, 3, 1).contiguous().numpy()


def alike(blocks: Sequence[Tensor]) -> list[Tensor]:
    """Blocks of images (rows, columns, ...) for a picture: as large as the last, and with as many channels as
    the richest, where what is not known of images with transparency is transparent."""
    size, parts = blocks[-1].shape[3:], []
    for block in blocks:
        images = block.flatten(0, 1)
        if images.shape[2:] != size:
            images = F.interpolate(images.float(), size, mode="nearest").to(images.dtype)
        if images.shape[1] == 5:
            images = torch.cat([images[:, :3], torch.minimum(images[:, 3:4], images[:, 4:])], 1)
        parts.append(images)
    channels = max(images.shape[1] for images in parts)
    return [
        with_channels(images, channels).unflatten(0, block.shape[:2])
        for images, block in zip(parts, blocks, strict=True)
    ]


def image_file(image: NDArray[Any], form: str, options: Mapping[str, Any]) -> bytes:
    """A file of an image (uint8, height x width x channels).

    Args:
        image: its pixels.
        form: Pillow's name of the format.
        options: what Pillow is told when it saves the image.
    """
    from PIL import Image

    buffer = io.BytesIO()
    grey = image.ndim == 3 and image.shape[2] == 1
    Image.fromarray(image.squeeze(2) if grey else image).save(buffer, form, **options)
    return buffer.getvalue()

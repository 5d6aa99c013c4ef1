"""Shots: what a run's samples looked like over time, as pictures or as texts, a reasonable number of them."""

from __future__ import annotations

import re
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sparring.reporting.facts import Facts
from sparring.reporting.html import Html, image, tag
from sparring.reporting.text import shortened
from sparring.shown import visible

MOST_SHOTS = 40
MOST_BYTES = 12_000_000
"""Bytes that all shots of a page may have together."""
LARGEST_BYTES = 4_000_000
"""Bytes of one picture; a larger one is left out."""
LARGEST_SIDE = 16_384
LONGEST_TEXT = 10_000
"""Letters of one text; what follows is left out."""
BYTES_OF_A_LETTER = 4
SIGNATURE = b"\x89PNG\r\n\x1a\n"

_NAME = re.compile(r"(epoch|step)-(\d{1,12})")
_Some = TypeVar("_Some", bound="Shot")


@dataclass(frozen=True)
class Shot(ABC):
    """What samples looked like at some time."""

    path: Path
    label: str
    """When that was, such as `epoch 3`."""
    step: float
    """The step after which it was; where the run does not say how long an epoch is, the epoch."""
    size: int
    """Bytes that it takes on a page, about."""

    @abstractmethod
    def content(self, about: str) -> Html:
        """The samples on a page.

        Args:
            about: what they are, in words.
        """

    def shown(self, of: str, hidden: bool = False, caption: str = "", class_: str | None = None) -> Html:
        """The samples with their caption."""
        drawn = self.content(caption or f"samples of {of} after {self.label}")
        return tag("figure", drawn, tag("figcaption", caption or self.label), hidden=hidden, class_=class_)


@dataclass(frozen=True)
class Picture(Shot):
    """A picture of samples."""

    width: int
    height: int

    def content(self, about: str) -> Html:
        """The picture, within the page."""
        return image(self.path.read_bytes(), about, self.width, self.height)

    @classmethod
    def read(cls, path: Path, label: str, step: float) -> Picture | None:
        """The picture in a file, unless it is none or is too large."""
        size = path.stat().st_size
        with path.open("rb") as file:
            beginning = file.read(24)
        if len(beginning) < 24 or not beginning.startswith(SIGNATURE) or size > LARGEST_BYTES:
            return None
        width, height = struct.unpack(">II", beginning[16:24])
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            return None
        return cls(path, label, step, size, width, height)


@dataclass(frozen=True)
class Text(Shot):
    """Samples that are texts themselves."""

    @property
    def text(self) -> str:
        """The beginning of the text; bytes that are no UTF-8 have a sign in their place."""
        with self.path.open("rb") as file:
            beginning = file.read(BYTES_OF_A_LETTER * (LONGEST_TEXT + 1))
        return visible(shortened(beginning.decode("utf-8", "replace"), LONGEST_TEXT))

    def content(self, about: str) -> Html:
        """The text as it stands, line by line."""
        return tag("pre", self.text, class_="samples", aria_label=about, tabindex=0)

    @classmethod
    def read(cls, path: Path, label: str, step: float) -> Text | None:
        """The text in a file."""
        return cls(path, label, step, min(path.stat().st_size, BYTES_OF_A_LETTER * LONGEST_TEXT))


def shots_of(facts: Facts) -> list[Shot]:
    """All shots of a run in order of time."""
    return sorted([*pictures_of(facts), *texts_of(facts)], key=lambda shot: shot.step)


def pictures_of(facts: Facts) -> list[Picture]:
    """All pictures of a run in order of time."""
    return _found(facts, ".png", Picture.read)


def texts_of(facts: Facts) -> list[Text]:
    """All texts of a run in order of time."""
    return _found(facts, ".txt", Text.read)


def chosen(shots: Sequence[_Some], most: int = MOST_SHOTS, most_bytes: int = MOST_BYTES) -> list[_Some]:
    """As many as fit, evenly over time, the first and the last always among them."""
    for count in range(min(most, len(shots)), 2, -1):
        some = [shots[round(place * (len(shots) - 1) / (count - 1))] for place in range(count)]
        if sum(shot.size for shot in some) <= most_bytes:
            return some
    return [shots[0], shots[-1]] if len(shots) > 1 else list(shots)


def single(facts: Facts, name: str, label: str) -> Shot | None:
    """A picture, or a text, that stands in the run's own folder; None where there is none.

    Args:
        facts: the run.
        name: of the file, without its ending.
        label: what it shows.
    """
    png, text = (facts.run.path / f"{name}{suffix}" for suffix in (".png", ".txt"))
    if png.is_file():
        return Picture.read(png, label, 0.0)
    return Text.read(text, label, 0.0) if text.is_file() else None


def film(facts: Facts) -> Html | None:
    """The shots of a run with a slider over time, or None where it has none."""
    shots = shots_of(facts)
    some = chosen(shots)
    if not some:
        return None
    last = len(some) - 1
    name = visible(facts.description["title"])
    frames = [shot.shown(name, hidden=number < last) for number, shot in enumerate(some)]
    slider = (
        tag("input", type="range", min=0, max=last, value=last, step=1, aria_label="time") if last else None
    )
    left_out = f"{len(some)} of {len(shots):,} moments." if len(some) < len(shots) else None
    return tag(
        "div", slider, *frames, tag("p", left_out, class_="quiet") if left_out else None, class_="film"
    )


def _found(facts: Facts, suffix: str, read: Callable[[Path, str, float], _Some | None]) -> list[_Some]:
    """What the files of the run's folder of samples hold that have an ending, in order of time."""
    shots = []
    for path in sorted((facts.run.path / "samples").glob(f"*{suffix}")):
        named = _NAME.fullmatch(path.stem)
        if named and path.is_file():
            unit, number = named[1], int(named[2])
            step = facts.timeline.step_of(number) if unit == "epoch" else float(number)
            shots.append(read(path, f"{unit} {number:,}", step))
    return sorted((shot for shot in shots if shot is not None), key=lambda shot: shot.step)

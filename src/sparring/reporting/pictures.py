"""The sample pictures of a run, a reasonable number of them."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from sparring.reporting.facts import Facts
from sparring.reporting.html import Html, image, tag
from sparring.reporting.text import as_number, visible

MOST_PICTURES = 40
MOST_BYTES = 12_000_000
"""Bytes that all pictures of a page may have together."""
LARGEST_BYTES = 4_000_000
"""Bytes of one picture; a larger one is left out."""
LARGEST_SIDE = 16_384
SIGNATURE = b"\x89PNG\r\n\x1a\n"

_NAME = re.compile(r"(epoch|step)-(\d{1,12})\.png")


@dataclass(frozen=True)
class Picture:
    """One picture of generated examples."""

    path: Path
    label: str
    """When it was drawn, such as `epoch 3`."""
    step: float
    """The step after which it was drawn; where the run does not say how long an epoch is, the epoch."""
    size: int
    width: int
    height: int

    def shown(self, of: str, hidden: bool = False, caption: str = "") -> Html:
        """The picture with its caption."""
        drawn = image(self.path.read_bytes(), f"samples of {of} after {self.label}", self.width, self.height)
        return tag("figure", drawn, tag("figcaption", caption or self.label), hidden=hidden)


def pictures_of(facts: Facts) -> list[Picture]:
    """All pictures of a run in order of time."""
    folder = facts.run.path / "samples"
    steps_per = {"epoch": _steps_per_epoch(facts), "step": 1.0}
    pictures = []
    for path in sorted(folder.glob("*.png")):
        if named := _NAME.fullmatch(path.name):
            unit, number = named[1], int(named[2])
            picture = _picture(path, facts.run.path, f"{unit} {number:,}", number * steps_per[unit])
            pictures += [picture] if picture else []
    return sorted(pictures, key=lambda picture: picture.step)


def chosen(pictures: list[Picture], most: int = MOST_PICTURES, most_bytes: int = MOST_BYTES) -> list[Picture]:
    """As many as fit, evenly over time, the first and the last always among them."""
    for count in range(min(most, len(pictures)), 2, -1):
        some = [pictures[round(place * (len(pictures) - 1) / (count - 1))] for place in range(count)]
        if sum(picture.size for picture in some) <= most_bytes:
            return some
    return [pictures[0], pictures[-1]] if len(pictures) > 1 else pictures


def film(facts: Facts) -> Html | None:
    """The pictures of a run with a slider over time, or None where it has none."""
    pictures = pictures_of(facts)
    some = chosen(pictures)
    if not some:
        return None
    last = len(some) - 1
    name = visible(facts.description["title"])
    shots = [picture.shown(name, hidden=number < last) for number, picture in enumerate(some)]
    slider = (
        tag("input", type="range", min=0, max=last, value=last, step=1, aria_label="time") if last else None
    )
    left_out = f"{len(some)} of its {len(pictures):,} pictures." if len(some) < len(pictures) else None
    return tag("div", slider, *shots, tag("p", left_out, class_="quiet") if left_out else None, class_="film")


def _steps_per_epoch(facts: Facts) -> float:
    """How long an epoch is, as the run's own numbers have it."""
    for row in [*reversed(facts.rows), facts.status]:
        step, epoch = as_number(row.get("step")), as_number(row.get("epoch"))
        if step and epoch:
            return step / epoch
    return 1.0


def _picture(path: Path, run: Path, label: str, step: float) -> Picture | None:
    """The picture, unless it is none, is too large, or lies elsewhere: a link might lead to private files."""
    if not path.is_file() or not path.resolve().is_relative_to(run.resolve()):
        return None
    size = path.stat().st_size
    with path.open("rb") as file:
        beginning = file.read(24)
    if len(beginning) < 24 or not beginning.startswith(SIGNATURE) or size > LARGEST_BYTES:
        return None
    width, height = struct.unpack(">II", beginning[16:24])
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        return None
    return Picture(path, label, step, size, width, height)

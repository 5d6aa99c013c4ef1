"""The description of a run: what run.json must hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from sparring.data.kinds import KindDescription
from sparring.data.resizing import LARGEST_SIDE, Fit
from sparring.data.texts import TokensName
from sparring.errors import RunError
from sparring.settings import Count, Limit, Natural, Positive, Range
from sparring.validation import Misfit, Whole, check, within

FORMAT = 2
"""Version of the layout; a run of any other is refused."""
MOST_THREADS = 1024


@dataclass(frozen=True)
class SpecDescription:
    """What `DataSpec.description` gives."""

    examples: KindDescription
    condition: KindDescription
    count: Whole
    parts: dict[str, Any]


@dataclass(frozen=True)
class DataDescription:
    """What a run was trained on."""

    name: str
    fingerprint: str
    size: str | Annotated[int, Range(low=1, high=LARGEST_SIDE)] | None
    skip_bad_images: bool
    spec: SpecDescription
    fit: Fit = "crop"
    stretch: bool = False
    white: Positive | None = None
    alpha: bool | None = None
    tokens: TokensName | None = None
    summary: str = ""
    held_out_fingerprint: str | None = None


@dataclass(frozen=True)
class RecommendedDescription:
    """What was chosen by rule, and because of what."""

    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    reasons: list[str] = dataclasses.field(default_factory=list)


@dataclass(frozen=True)
class Description:
    """What run.json holds; see `training/describing.py`, which says it."""

    title: str
    system: str
    settings: dict[str, Any]
    data: DataDescription
    condition: KindDescription
    roles: dict[str, str]
    seed: Natural
    history_every: Whole
    health_every: Whole
    on_unhealthy: Literal["warn", "stop", "rollback"]
    checkpoint_minutes: Positive
    device: str
    precision: Literal["float32", "bf16"]
    compile: bool
    microbatches: Count
    threads: Annotated[int, Range(low=1, high=MOST_THREADS)]
    keep_every: Whole
    limit: Limit
    total_steps: Whole | None
    enough_steps: Whole | None = None
    from_: str | None = None
    from_step: Whole | None = None
    test_every: Count = 1
    recommended: RecommendedDescription = dataclasses.field(default_factory=RecommendedDescription)
    versions: dict[str, str] = dataclasses.field(default_factory=dict)


def check_description(path: Path, description: dict[str, Any]) -> None:
    """Raise RunError unless run.json is one that this version can read."""
    made = description.get("format")
    if isinstance(made, int) and made > FORMAT:
        raise RunError(
            f"{path.parent} is a run of format {made} and this sparring reads up to {FORMAT}: "
            "update sparring to open it."
        )
    if made == 1:
        raise RunError(
            f"{path.parent} is a run of format 1, made by sparring 0.1, which this version cannot read: "
            "train it again, or install sparring 0.1 to open it."
        )
    try:
        if made != FORMAT:
            raise Misfit(f"its format is {made!r} and not {FORMAT}")
        check(description, Description)
        with within("data", "spec"):
            check_parts(description["data"]["spec"])
    except Misfit as misfit:
        raise RunError(f"{path} is damaged: {misfit}. Restore it from a copy.") from misfit


def white_of(data: Mapping[str, Any]) -> float | None:
    """The share of the range of values that became white in the images of a run; None where that is unknown.

    Args:
        data: what the run says of it.
    """
    white: float | None = data.get("white")
    return 1.0 if white is None and not data.get("stretch") else white


def as_of_today(description: dict[str, Any]) -> dict[str, Any]:
    """A description with all values as they are meant today.

    A share of 0 to hold out once stood for what the data does by itself, before that was None. A seed was
    taken where nothing was held out by chance, and meant nothing. Every epoch was tested before that could be
    chosen.
    """
    description.setdefault("test_every", 1)
    data = description.get("data")
    if isinstance(data, dict) and "hold_out_classes" not in data and data.get("hold_out") == 0:
        data["hold_out"] = None
    if isinstance(data, dict) and data.get("hold_out_seed") and not data.get("hold_out"):
        # Of texts a tenth is held out where no share is given.
        by_default = data.get("hold_out") is None and str(data.get("name")).startswith("text:")
        data["hold_out_seed"] = data["hold_out_seed"] if by_default else 0
    return description


def check_parts(spec: Mapping[str, Any]) -> None:
    """Raise `Misfit` unless all parts of the data, which may have parts themselves, are described."""
    for name, part in spec["parts"].items():
        with within("parts", name):
            check(part, SpecDescription)
            check_parts(part)


def identity_of(description: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint must share with its run: all that decides the numbers in it, save the length."""
    return {
        # Without the path: a file of one's own may move.
        "system": description["system"].rpartition(":")[2],
        "data": description["data"]["fingerprint"],
        "seed": description["seed"],
        **{f"setting {name}": value for name, value in _flat(description["settings"]).items()},
    }


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings and those nested in them, by name."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat

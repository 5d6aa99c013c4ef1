"""Whatever a file may hold as a person can read it, on a page or a terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from sparring.console import duration_text
from sparring.shown import visible

UNSHOWABLE = "�"


def as_number(value: object) -> float | None:
    """The value as a finite float, or None where a file holds something else in its place."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def number_text(value: object) -> str:
    """A measured number in four digits; a dash where there is none."""
    number = as_number(value)
    if number is None:
        return "–"
    return f"{number:,.0f}" if abs(number) >= 1000 and abs(number) < 1e7 else f"{number:.4g}"


def bounded_text(number: object, at_least: bool) -> str:
    """A measured number, which may be known as a lower bound only."""
    return f"at least {number_text(number)}" if at_least else number_text(number)


def count_text(value: object) -> str:
    """A counted number in full, or the value as it stands where it is no number."""
    number = as_number(value)
    return value_text(value) if number is None else f"{number:,.15g}"


def step_text(event: Mapping[str, Any]) -> str:
    """The step of an event, or a dash where it has none."""
    return count_text(event["step"]) if "step" in event else "–"


def seconds_text(value: object) -> str:
    """A duration, or a dash where there is none."""
    number = as_number(value)
    return "–" if number is None else duration_text(number)


def interval_text(low: object, high: object) -> str:
    """An interval, or a dash where there is none."""
    if as_number(low) is None or as_number(high) is None:
        return "–"
    return f"{number_text(low)} – {number_text(high)}"


def value_text(value: object) -> str:
    """Any value of a JSON file: texts as they are, the rest as JSON unless it is too deeply nested."""
    if value is None:
        return "none"
    try:
        return visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return UNSHOWABLE


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is longer than so many letters, with a sign that more follows."""
    return text if len(text) <= most else f"{text[:most]}…"


def names_text(names: list[str], most: int = 20) -> str:
    """Names one after the other; of many, the first."""
    shown = ", ".join(visible(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"

"""The description of a run: what run.json must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparring.errors import RunError

FORMAT = 2
"""Version of the layout; a run of any other is refused."""

_DESCRIBED: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "system": str,
    "settings": dict,
    "data": dict,
    "data/name": str,
    "data/fingerprint": str,
    "data/size": (int, str, type(None)),
    "data/skip_bad_images": bool,
    "data/spec": dict,
    "condition": dict,
    "roles": dict,
    "seed": int,
    "history_every": int,
    "health_every": int,
    "on_unhealthy": str,
    "checkpoint_minutes": (int, float),
    "device": str,
    "precision": str,
    "compile": bool,
    "microbatches": int,
    "threads": int,
    "keep_every": int,
    "limit": dict,
    "total_steps": (int, type(None)),
}
"""What run.json must hold, and of which type."""

_MISSING = object()


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
    if made != FORMAT:
        raise RunError(f"{path} is damaged: its format is {made!r} and not {FORMAT}.")
    for name, wanted in _DESCRIBED.items():
        value: Any = description
        for part in name.split("/"):
            value = value.get(part, _MISSING) if isinstance(value, dict) else _MISSING
        if not isinstance(value, wanted):
            said = "is missing" if value is _MISSING else f"cannot be {value!r}"
            raise RunError(f"{path} is damaged: '{name}' {said}. Restore it from a copy.")


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

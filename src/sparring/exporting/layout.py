"""What an exported model's folder holds, and how its description is checked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparring.data.kinds import KindDescription
from sparring.data.resizing import Fit
from sparring.errors import RunError
from sparring.opening import read_bounded
from sparring.runs.description import SpecDescription, check_parts
from sparring.runs.files import LARGEST_JSON
from sparring.settings import Natural, Positive
from sparring.validation import Misfit, check, parse_json, within

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
FORMAT = 1
"""Version of the layout; a folder of any other is refused."""


@dataclass(frozen=True)
class Data:
    """What the model was trained on."""

    summary: str
    spec: SpecDescription
    stretch: bool = False
    white: Positive | None = None
    fit: Fit = "crop"


@dataclass(frozen=True)
class Config:
    """What config.json holds."""

    title: str
    system: str
    settings: dict[str, Any]
    data: Data
    condition: KindDescription
    seed: Natural


def is_exported(path: Path | str) -> bool:
    """Whether a folder holds an exported model."""
    return os.path.isfile(os.path.join(path, CONFIG)) and os.path.isfile(os.path.join(path, WEIGHTS))


def read_config(folder: Path) -> dict[str, Any]:
    """The contents of config.json, which someone else may have written.

    Raises:
        RunError: it is damaged, or of another version.
    """
    path = folder / CONFIG
    try:
        config: dict[str, Any] = parse_json(read_bounded(path, LARGEST_JSON))
        check(config, Config)
        if config.get("format") != FORMAT:
            raise Misfit(f"its format is {config.get('format')!r} and not {FORMAT}")
        with within("data", "spec"):
            check_parts(config["data"]["spec"])
    except (Misfit, OSError, ValueError) as error:
        raise RunError(f"{path} is not the description of an exported model: {error}.") from error
    return config

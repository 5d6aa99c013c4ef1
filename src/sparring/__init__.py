"""Generative adversarial networks that train, explain themselves, and are held to their published numbers.

The public functions are `train`, `resume`, `load`, `sample`, `evaluate`, `report`, `compare`,
`tensorboard` and `load_dataset`; the classes for a system of one's own are `Game`, `GameSettings`, `Turn`,
`Terms` and `Batch`.
Nothing heavy is imported before its use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sparring.data import Dataset, load_dataset
    from sparring.errors import SparringError
    from sparring.evaluation.runs import evaluate
    from sparring.game import Batch, DataSpec, Game, GameSettings, Limit, Terms, Turn
    from sparring.model import Model, Samples, load, sample
    from sparring.randomness import Randomness
    from sparring.reporting.compare import Comparison, compare
    from sparring.reporting.report import report
    from sparring.reporting.tensorboard import tensorboard
    from sparring.run import Run
    from sparring.training import resume, train

_HOMES = {
    "data": ("Dataset", "load_dataset"),
    "errors": ("SparringError",),
    "evaluation.runs": ("evaluate",),
    "game": ("Batch", "DataSpec", "Game", "GameSettings", "Limit", "Terms", "Turn"),
    "model": ("Model", "Samples", "load", "sample"),
    "randomness": ("Randomness",),
    "reporting.compare": ("Comparison", "compare"),
    "reporting.report": ("report",),
    "reporting.tensorboard": ("tensorboard",),
    "run": ("Run",),
    "training": ("resume", "train"),
}

__all__ = [
    "Batch",
    "Comparison",
    "DataSpec",
    "Dataset",
    "Game",
    "GameSettings",
    "Limit",
    "Model",
    "Randomness",
    "Run",
    "Samples",
    "SparringError",
    "Terms",
    "Turn",
    "compare",
    "evaluate",
    "load",
    "load_dataset",
    "report",
    "resume",
    "sample",
    "tensorboard",
    "train",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"sparring.{module}"), name)
    raise AttributeError(f"module 'sparring' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

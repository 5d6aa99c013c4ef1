"""Generative adversarial networks, held to their published numbers.

The public functions are `train`, `train_seeds`, `tune`, `resume`, `load`, `sample`, `classify`, `translate`,
`directions`, `project`, `export`, `film`, `evaluate`, `sweep`, `report`, `compare`, `tensorboard`, `check`
and `load_dataset`; the classes for a system of one's own are `Game`, `GameSettings`, `Player`, `Role`,
`Turn`, `Terms` and `Batch`, and those for a data set of one's own `Dataset` and `Column`. Nothing heavy is
imported before its use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from sparring.checking import CheckReport, check
    from sparring.classifying.classify import Classification, classify
    from sparring.data import Column, Dataset, dataset_of, load_dataset
    from sparring.errors import SparringError
    from sparring.evaluation.runs import evaluate
    from sparring.evaluation.sweep import Sweep, sweep
    from sparring.exploring.runs import directions, project
    from sparring.exporting.folder import export
    from sparring.game import (
        Batch,
        DataSpec,
        Figure,
        Game,
        GameSettings,
        Limit,
        Needs,
        Phase,
        Player,
        Recommendation,
        Role,
        Source,
        Terms,
        Turn,
        two_players,
    )
    from sparring.loading import load
    from sparring.model import Model
    from sparring.randomness import Randomness
    from sparring.reporting.compare import Comparison, compare
    from sparring.reporting.filming import film
    from sparring.reporting.report import report
    from sparring.reporting.tensorboard import tensorboard
    from sparring.runs.folder import Run
    from sparring.runs.group import Group
    from sparring.sample_files import Samples
    from sparring.sampling import sample
    from sparring.tracker import Tracker
    from sparring.training.callbacks import Moment
    from sparring.training.resume import resume
    from sparring.training.search import Tuning
    from sparring.training.seeds import train_seeds
    from sparring.training.train import train
    from sparring.training.tuning import tune
    from sparring.translation.translate import translate
    from sparring.tricks import Trick

_HOMES = {
    "checking": ("CheckReport", "check"),
    "classifying.classify": ("Classification", "classify"),
    "data": ("Column", "Dataset", "dataset_of", "load_dataset"),
    "errors": ("SparringError",),
    "evaluation.runs": ("evaluate",),
    "evaluation.sweep": ("Sweep", "sweep"),
    "exploring.runs": ("directions", "project"),
    "exporting.folder": ("export",),
    "game": (
        "Batch",
        "DataSpec",
        "Figure",
        "Game",
        "GameSettings",
        "Limit",
        "Needs",
        "Phase",
        "Player",
        "Recommendation",
        "Role",
        "Source",
        "Terms",
        "Turn",
        "two_players",
    ),
    "loading": ("load",),
    "model": ("Model",),
    "randomness": ("Randomness",),
    "reporting.compare": ("Comparison", "compare"),
    "reporting.filming": ("film",),
    "reporting.report": ("report",),
    "reporting.tensorboard": ("tensorboard",),
    "runs.folder": ("Run",),
    "runs.group": ("Group",),
    "sample_files": ("Samples",),
    "sampling": ("sample",),
    "tracker": ("Tracker",),
    "training.callbacks": ("Moment",),
    "training.resume": ("resume",),
    "training.search": ("Tuning",),
    "training.seeds": ("train_seeds",),
    "training.train": ("train",),
    "training.tuning": ("tune",),
    "translation.translate": ("translate",),
    "tricks": ("Trick",),
}

__all__ = [
    "Batch",
    "CheckReport",
    "Classification",
    "Column",
    "Comparison",
    "DataSpec",
    "Dataset",
    "Figure",
    "Game",
    "GameSettings",
    "Group",
    "Limit",
    "Model",
    "Moment",
    "Needs",
    "Phase",
    "Player",
    "Randomness",
    "Recommendation",
    "Role",
    "Run",
    "Samples",
    "Source",
    "SparringError",
    "Sweep",
    "Terms",
    "Tracker",
    "Trick",
    "Tuning",
    "Turn",
    "check",
    "classify",
    "compare",
    "dataset_of",
    "directions",
    "evaluate",
    "export",
    "film",
    "load",
    "load_dataset",
    "project",
    "report",
    "resume",
    "sample",
    "sweep",
    "tensorboard",
    "train",
    "train_seeds",
    "translate",
    "tune",
    "two_players",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"sparring.{module}"), name)
    raise AttributeError(f"module 'sparring' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

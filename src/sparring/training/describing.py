"""What run.json says of a new run."""

from __future__ import annotations

import dataclasses
import os
import platform
from typing import Any

import numpy as np
import torch

from sparring import __version__
from sparring.data import READING, short_data_name
from sparring.data.dataset import Dataset
from sparring.data.resizing import Frame
from sparring.settings import Limit
from sparring.training.beginning import Beginning
from sparring.training.engine import Engine
from sparring.training.length import enough_steps
from sparring.training.recommending import Chosen
from sparring.training.settings import RECORDED, RunSettings
from sparring.zoo import absolute_reference, short_name


def description_of(
    system: str,
    asked: RunSettings,
    chosen: Chosen,
    dataset: Dataset,
    engine: Engine,
    summary: str,
    limit: Limit,
    beginning: Beginning | None = None,
) -> dict[str, Any]:
    """All that decides the numbers of a run; its length in steps is still to be found.

    Args:
        system: as `train` takes it.
        asked: the settings of the run.
        chosen: those of the system.
        dataset: what it trains on.
        engine: built with all of these.
        summary: of the data, in words.
        limit: of the whole run.
        beginning: with which weights of another run it begins, if so.
    """
    keep_every = asked.keep_every
    return {
        "title": f"{short_name(system)}-{short_data_name(asked.data)}",
        "system": absolute_reference(system),
        "settings": dataclasses.asdict(chosen.settings),
        "recommended": {"settings": dict(chosen.by_rule), "reasons": list(chosen.reasons)},
        "data": {
            "name": dataset.name,
            **how_to_read(asked),
            "white": dataset.provenance.white,
            "summary": summary,
            "fingerprint": dataset.fingerprint,
            "held_out_fingerprint": None if dataset.held_out is None else dataset.held_out.fingerprint,
            "spec": dataset.spec.description(),
        },
        "condition": engine.game.condition(engine.dataset[:1]).kind.description(),
        "roles": {name: str(player.role) for name, player in engine.players.items()},
        **{name: getattr(asked, name) for name in RECORDED},
        "from_": None if asked.from_ is None else os.path.abspath(asked.from_),
        "from_step": None if beginning is None else beginning.step,
        "precision": engine.precision.name,
        "compile": engine.compiled,
        "threads": torch.get_num_threads(),
        "keep_every": engine.game.keep_every if keep_every is None else keep_every,
        "limit": dataclasses.asdict(limit),
        "total_steps": None,
        # One that begins with learnt weights has most of its way behind it.
        "enough_steps": 0 if asked.from_ else enough_steps(engine),
        "versions": versions(),
    }


def how_to_read(asked: RunSettings) -> dict[str, Any]:
    """The settings of a run that say how its data is read, as `load_dataset` takes them."""
    return {name: getattr(asked, name) for name in READING} | {"fit": asked.fit or Frame.fit}


def versions() -> dict[str, str]:
    """What the numbers of a run may depend on beside its settings."""
    return {
        "sparring": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }

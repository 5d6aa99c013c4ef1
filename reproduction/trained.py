"""A run that a script wants: trained, or gone on with where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparring.runs.folder import Run
from sparring.training.resume import resume
from sparring.training.train import train


def trained(path: Path, system: str, **options: Any) -> None:
    """Train a system into a run folder with one thread, unless that has been done."""
    if not (path / "run.json").is_file():
        train(system, out=path, threads=1, quiet=True, **options)
    elif not Run.open(path).finished:
        resume(path, quiet=True)

"""The evaluations of a run, kept beside each other, with one that stands for the run.

Each is a file in `evaluations/`, named by its features, its number of samples and its checkpoint, by how
samples were made where that is not as usual, and by its data where that is not the run's own; only the same
evaluation made anew takes its place. `evaluation.json` is a copy of the one that means most: see `rank`.
`nearest.png` belongs to that one: some of its samples, each beside the training examples that are nearest to
it.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from sparring.data import short_data_name
from sparring.errors import RunError
from sparring.evaluation.result import Evaluation
from sparring.runs.files import write_atomically, writing
from sparring.runs.folder import Run

FOLDER = "evaluations"
CHOSEN = "evaluation.json"
KIN = "nearest.png"


def keep(run: Run, evaluation: Evaluation, kin: bytes | None = None) -> Path:
    """Write an evaluation into a run, and also as `evaluation.json` unless that means more.

    Args:
        run: the run.
        evaluation: the evaluation.
        kin: the picture of some samples beside their nearest training examples, where there is one.

    Returns:
        The file in `evaluations/`.

    Raises:
        RunError: the folder cannot be written.
    """
    own = run.description["data"]["name"]
    folder = run.path / FOLDER
    with writing(folder):
        folder.mkdir(exist_ok=True)
    before = chosen(run)
    for each in (before, evaluation):
        if each is not None:
            file = folder / f"{file_name(each, own)}.json"
            write_atomically(file, each.to_json().encode())
    if before is None or rank(evaluation, own) >= rank(before, own):
        write_atomically(run.path / CHOSEN, evaluation.to_json().encode())
        if kin is not None:
            write_atomically(run.path / KIN, kin)
    return file


def rank(evaluation: Evaluation, own_data: str) -> tuple[bool, bool, bool, int, int]:
    """How much an evaluation says of a run, to be compared with the rank of another.

    What is of the run's own data means more than what is of other data; then what is of samples as the run
    makes them; of the latest networks rather than of those kept after an epoch; of a later step; of more
    samples. Of equals, the newest counts.

    Args:
        evaluation: the evaluation.
        own_data: name of the data that the run was trained on.
    """
    of = evaluation.checkpoint
    return (
        evaluation.data == own_data,
        not of.get("sampling"),
        of.get("epoch") is None,
        _whole(of.get("step")),
        _whole(evaluation.count),
    )


def file_name(evaluation: Evaluation, own_data: str) -> str:
    """Such as `digits-f1e2d3c4-10000-step-1800`."""
    epoch, step = (evaluation.checkpoint.get(name) for name in ("epoch", "step"))
    words = [evaluation.extractor, evaluation.count, f"step-{step}" if epoch is None else f"epoch-{epoch}"]
    words += [f"{name}-{value}" for name, value in evaluation.sampling.items()]
    if evaluation.data != own_data:
        digest = hashlib.sha256(evaluation.data.encode()).hexdigest()[:8]
        words += [short_data_name(evaluation.data), digest]
    return re.sub(r"[^\w.-]+", "-", "-".join(map(str, words)))[:200]


def chosen(run: Run) -> Evaluation | None:
    """What `evaluation.json` holds; None where there is none, or a damaged one, which is made anew."""
    return _read(run.path / CHOSEN)


def _read(path: Path) -> Evaluation | None:
    try:
        return Evaluation.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, RunError):
        return None


def of_checkpoint(run: Run, step: int | None, epoch: int | None) -> Evaluation | None:
    """The evaluation of some networks that means most; None where they have none, or damaged ones.

    Args:
        run: the run.
        step: of the networks.
        epoch: after which they were kept; None for the latest ones.
    """
    own = run.description["data"]["name"]
    paths = [run.path / CHOSEN, *sorted((run.path / FOLDER).glob("*.json"))]
    found = (evaluation for path in paths if (evaluation := _read(path)) is not None)
    of_these = (
        each for each in found if (each.checkpoint.get("step"), each.checkpoint.get("epoch")) == (step, epoch)
    )
    return max(of_these, key=lambda each: rank(each, own), default=None)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else -1

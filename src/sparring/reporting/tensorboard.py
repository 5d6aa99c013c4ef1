"""Runs as event files, which TensorBoard shows."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.errors import SettingError
from sparring.reporting.facts import Facts
from sparring.reporting.findings import FINDING, ROLLED_BACK, Card
from sparring.reporting.shots import pictures_of, texts_of
from sparring.reporting.text import as_number, value_text
from sparring.runs.files import write_atomically, writing
from sparring.runs.folder import Run
from sparring.runs.group import runs_in
from sparring.shown import visible

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary

ENDING = ".sparring"
"""How the names of our event files end, so that no other one is taken for ours."""
LARGEST_STEP = 2**63 - 1
RGB = 3

Events = Iterator[tuple[float, "Summary"]]
"""Steps, and what belongs to each."""


def tensorboard(runs: Iterable[Run | Path | str], logdir: Path | str | None = None) -> list[Path]:
    """Write runs as event files, which `tensorboard --logdir` shows.

    They have the history (rows of every so many steps under the names of their columns, those of other kinds
    under `epoch/` and `health/`), the samples as pictures or texts, and the findings as texts.
    What an earlier call wrote is replaced, so it can be called again while a run trains. A history has no
    times: the axis is the steps.

    Args:
        runs: the runs or their folders; a group of seeds stands for all of its runs.
        logdir: a folder in which each run gets one of its own name; by default `tensorboard` in each run.

    Returns:
        The folder of each run.

    Raises:
        SettingError: the package tensorboard is not installed, or two runs would have the same folder.
        RunError: one of them is no run, or is damaged, or the files cannot be written.
    """
    _require_package()
    read = [Facts.of(run) for run in runs_in(runs)]
    folders = [each.run.path / "tensorboard" if logdir is None else Path(logdir) / each.name for each in read]
    twice = next((folder for folder in folders if folders.count(folder) > 1), None)
    if twice is not None:
        raise SettingError(
            f"Two of the runs would be written to {visible(twice)}: give each another --logdir."
        )
    for facts, folder in zip(read, folders, strict=True):
        _replace_events(folder, _file_of(facts))
    return folders


def _require_package() -> None:
    if importlib.util.find_spec("tensorboard") is None:
        raise SettingError(
            "Event files need the package tensorboard, which is not installed: "
            "`pip install 'sparring[tensorboard]'` brings it."
        )


def _replace_events(folder: Path, content: bytes) -> None:
    """Put an event file into the folder in the place of our earlier one.

    It has a new name, because a TensorBoard that is running looks at an old one only beyond where it was.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        earlier = list(folder.glob(f"events.out.tfevents.*{ENDING}"))
    write_atomically(folder / f"events.out.tfevents.{time.time_ns()}{ENDING}", content)
    with writing(folder):
        for path in earlier:
            path.unlink(missing_ok=True)


def _file_of(facts: Facts) -> bytes:
    """The content of an event file."""
    from torch.utils.tensorboard.writer import FileWriter

    with tempfile.TemporaryDirectory() as temporary:
        with closing(FileWriter(temporary)) as writer:
            for step, summary in chain(_numbers(facts), _pictures(facts), _texts(facts), _findings(facts)):
                if 0 <= step <= LARGEST_STEP:
                    writer.add_summary(summary, round(step))
        (file,) = Path(temporary).iterdir()
        return file.read_bytes()


def _numbers(facts: Facts) -> Events:
    """The rows of the history; what is no finite number is left out."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    for row in facts.history:
        step, kind = as_number(row.get("step")), row.get("kind")
        prefix = "" if kind == "steps" else f"{value_text(kind)}/"
        values = [
            Summary.Value(tag=visible(prefix + name), simple_value=value)
            for name in row
            if "/" in name and (value := as_number(row[name])) is not None
        ]
        if step is not None and values:
            yield step, Summary(value=values)


def _pictures(facts: Facts) -> Events:
    from tensorboard.compat.proto.summary_pb2 import Summary

    for picture in pictures_of(facts):
        image = Summary.Image(
            height=picture.height,
            width=picture.width,
            colorspace=RGB,
            encoded_image_string=picture.path.read_bytes(),
        )
        yield picture.step, Summary(value=[Summary.Value(tag="samples", image=image)])


def _texts(facts: Facts) -> Events:
    """Samples that are texts; indented, so that nothing in them is taken for markup."""
    from torch.utils.tensorboard.summary import text

    for shot in texts_of(facts):
        yield shot.step, text("samples", "".join(f"    {line}\n" for line in shot.text.splitlines()))


def _findings(facts: Facts) -> Events:
    """Findings and roll-backs, in the words that a report's cards have."""
    from torch.utils.tensorboard.summary import text

    for event in facts.events_of(FINDING, ROLLED_BACK):
        step, card = as_number(event.get("step")), Card.of(event)
        if step is not None:
            told = [f"**{name}**: {said}" for name, said in card.details.items()]
            yield step, text(f"findings/{card.title}", "\n\n".join(told))

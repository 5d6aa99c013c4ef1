"""Resumption: whether a run that goes on from its checkpoint is the one that never stopped."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sparring.checking.chance import seeded_globals
from sparring.checking.memory import memory
from sparring.checking.report import Remark, wrong
from sparring.checking.state import differences, in_words
from sparring.checking.subject import Subject, play
from sparring.runs.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from sparring.training.engine import Engine


def check_resumption(subject: Subject) -> Iterator[Remark]:
    """In every phase: two rounds, a checkpoint, two more, with and without a new engine in between."""
    for start in subject.starts:
        whole, resumed = subject.engine(start), subject.engine(start)
        play(whole)
        saved = on_disk(whole)
        remembered = memory(whole.game, subject.own)
        resumed.restore(saved)
        found = memory(resumed.game, subject.own)
        for engine in (whole, resumed):
            # Noise from elsewhere has a check of its own.
            with seeded_globals():
                play(engine)
        different = differences(whole.state(), resumed.state())
        if different:
            lost = [name for name, value in remembered.items() if found.get(name) != value]
            yield wrong(_sentence(whole.step, different, lost))
            return


def on_disk(engine: Engine) -> Mapping[str, Any]:
    """The engine's state as a checkpoint gives it back."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(engine.step, 0.0, {"engine": engine.state()})
        write_checkpoint(Path(folder), checkpoint, {})
        state: Mapping[str, Any] = read_checkpoint(Path(folder), {}).parts["engine"]
        return state


def _sentence(step: int, different: list[str], lost: list[str]) -> str:
    differs = (
        f"Two steps after a resumption, at step {step}, the run is another one: {in_words(different)} differ"
    )
    if lost:
        return (
            f"{differs}. Memory that is no parameter or buffer is in no checkpoint, such as "
            f"{in_words(lost)}: use self.register_buffer(name, tensor)."
        )
    return f"{differs}. Look for memory that is no parameter or buffer."

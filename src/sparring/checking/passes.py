"""Passes that must leave a run as it was, such as a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sparring.checking.chance import seeded_globals
from sparring.checking.health import measured
from sparring.checking.report import Remark, wrong
from sparring.checking.state import copied, differences, in_words
from sparring.checking.subject import Subject, play
from sparring.sample_pictures import sample_pictures
from sparring.training.engine import Engine


def check_passes(subject: Subject) -> Iterator[Remark]:
    """No pass changes the state, not by a bit, nor what becomes of the run afterwards."""
    passes: dict[str, Callable[[Engine], object]] = {
        "A test pass (test_losses, figures)": lambda engine: engine.test(),
        "Sampling": lambda engine: sample_pictures(engine.game, engine.dataset, 0, 1.0),
        "Measuring its health": lambda engine: measured(engine, subject),
    }
    alone, engine = subject.engine(), subject.engine()
    play(alone)
    play(engine)
    with seeded_globals(1):
        for name, look in passes.items():
            before, modes = copied(engine.state()), _modes(engine)
            look(engine)
            different = differences(before, engine.state())
            if different or modes != _modes(engine):
                what = in_words(different) if different else "which networks are in training mode"
                yield wrong(
                    f"{name} changes the run: {what}. Nothing that it calls may move or remember anything."
                )
                return
    for each in (alone, engine):
        with seeded_globals():
            play(each)
    different = differences(alone.state(), engine.state())
    if different:
        yield wrong(
            f"A run that was tested, sampled and measured becomes another one: {in_words(different)} differ. "
            "Something that these call remembers, outside parameters and buffers."
        )


def _modes(engine: Engine) -> list[bool]:
    return [module.training for module in engine.game.modules()]

"""Noise: whether all of it comes from the run's own source."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from sparring.checking.chance import GLOBALS, Locator, positions, seeded_globals, used_since
from sparring.checking.report import Remark, wrong
from sparring.checking.state import copied, differences, in_words
from sparring.checking.subject import Subject, play

INSTEAD = "draw from self.random (uniform, normal, integers, bernoulli ...), which a resumed run goes on with"


def check_noise(subject: Subject) -> Iterator[Remark]:
    """No global generator moves, networks begin the same each time, a step played twice is the same step."""
    yield from _building(subject)
    for start in subject.starts:
        remark = _global_use(subject, start) or _replay(subject, start)
        if remark is not None:
            yield remark
            return


def _building(subject: Subject) -> Iterator[Remark]:
    # torch's own initialisers draw from its global generator, which is seeded for them.
    locator = Locator(subject.own)
    before = positions()
    with locator.watching():
        first = subject.engine()
    for name in used_since(before):
        place = locator.found.get(name)
        yield wrong(f"Building the networks uses {GLOBALS[name]}{_at(place)}: {INSTEAD}.")
        return
    different = differences(first.state(), subject.engine().state())
    if different:
        yield wrong(
            f"Networks of the same seed begin differently: {in_words(different)}. Use torch's initialisers, "
            f"or {INSTEAD}."
        )


def _global_use(subject: Subject, start: int) -> Remark | None:
    engine = subject.engine(start)
    before = positions()
    play(engine)
    used = used_since(before)
    if not used:
        return None
    again, locator = subject.engine(start), Locator(subject.own)
    with locator.watching():
        play(again)
    uses = " and ".join(f"{GLOBALS[name]}{_at(locator.found.get(name))}" for name in used)
    dropout = any(isinstance(module, nn.Dropout) and module.p > 0 for module in engine.game.modules())
    hint = "; instead of nn.Dropout take sparring.nn.layers.Dropout(probability, random)" if dropout else ""
    return wrong(f"A round uses {uses}: {INSTEAD}{hint}.")


def _replay(subject: Subject, start: int) -> Remark | None:
    first = subject.engine(start)
    play(first, 1)
    state = copied(first.state())
    engines = [subject.engine(start) for _ in range(2)]
    for engine in engines:
        engine.restore(copied(state))
        with seeded_globals():
            play(engine, 1)
    different = differences(*(engine.state() for engine in engines))
    if not different:
        return None
    return wrong(
        f"The same step played twice is not the same: {in_words(different)} differ. Some chance comes from "
        "elsewhere, such as a generator of its own (numpy.random.default_rng, torch.Generator) or the time: "
        f"{INSTEAD}."
    )


def _at(place: str | None) -> str:
    return f" at {place}" if place else ""

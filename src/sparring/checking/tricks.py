"""Tricks: whether each works with the system, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sparring.checking.ranges import COUNT
from sparring.checking.report import Remark, Verdict, remark_on, wrong
from sparring.checking.state import differences
from sparring.checking.subject import Subject, play
from sparring.errors import SettingError
from sparring.mistakes.samples import generated, told
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.tricks import TRICKS


def check_tricks(subject: Subject) -> Iterator[Remark]:
    """Two rounds of every phase with each trick at its usual strength."""
    plain = {start: subject.engine(start) for start in subject.starts}
    for engine in plain.values():
        play(engine)
    refused = []
    for name, trick in TRICKS.items():
        tricked = {}
        try:
            for start in plain:
                tricked[start] = subject.engine(start, **trick.usual)
                play(tricked[start])
        except SettingError as error:
            refused.append(str(error).removeprefix("The trick ").rstrip("."))
        except Exception as error:  # noqa: BLE001  # people's code may raise anything
            yield remark_on(error, subject.own, f"with the trick '{name}', ")
        else:
            if not any(effect(plain[start], tricked[start]) for start in plain):
                yield wrong(
                    f"The trick '{name}' changes nothing: critics are to be called through self.judge or "
                    "self.show, costs to come from self.objective, networks to pass through self.built."
                )
    if refused:
        yield Remark(Verdict.OK, f"All tricks work but these: {'; '.join(refused)}.")


def effect(plain: Engine, tricked: Engine) -> bool:
    """Whether the networks have become others, the trick's own memory aside, or samples of the same noise."""
    ours, theirs = (
        {name: value for name, value in engine.state()["networks"].items() if not name.startswith("tricks.")}
        for engine in (plain, tricked)
    )
    return bool(differences(ours, theirs)) or not torch.equal(_samples(plain), _samples(tricked))


def _samples(engine: Engine) -> Tensor:
    game = engine.game
    latent, condition = game.latent(COUNT, Randomness(1)), told(game, engine.dataset, COUNT)
    made: Tensor = generated(game, "sample", latent, condition)
    return made

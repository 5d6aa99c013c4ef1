"""Samples: whether what a system generates is of the kind of its data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from sparring.checking.blame import place_of
from sparring.checking.chance import seeded_globals
from sparring.checking.ranges import COUNT, check_range
from sparring.checking.report import Remark, note, wrong
from sparring.checking.subject import Subject, play
from sparring.data.dataset import Column
from sparring.game import Game
from sparring.nn.modes import inference
from sparring.randomness import Randomness
from sparring.training.engine import Engine

COUNTS = (1, 5)
"""Samples that are asked for at a time."""


def check_samples(subject: Subject) -> Iterator[Remark]:
    """Noise, and what `generate` and `sample` make of it, after a few rounds."""
    engine = subject.engine()
    play(engine)
    found = list(_latents(engine.game)) or list(_made(engine))
    yield from found
    if not found:
        game, kind, condition = engine.game, engine.dataset.examples.kind, told(engine, COUNT)
        yield from check_range(
            game,
            kind,
            place_of(game.generate),
            lambda latent: generated(game, "generate", latent, condition),
        )
        yield from _condition(engine)


def told(engine: Engine, count: int) -> Tensor:
    """What so many samples are to be, encoded."""
    column: Column = engine.game.condition(engine.dataset)
    return column.kind.encode(column.kind.draw(count, lambda: column))


@torch.no_grad()
def generated(game: Game, method: str, latent: Tensor, condition: Tensor) -> Any:
    """What a method makes in evaluation mode."""
    with seeded_globals(), game.random.aside("check"), inference(game):
        return getattr(game, method)(latent, condition)


def _latents(game: Game) -> Iterator[Remark]:
    place = place_of(game.latent)
    for count in COUNTS:
        latents: list[Any] = [game.latent(count, Randomness(1)) for _ in range(2)]
        if not isinstance(latents[0], Tensor):
            yield wrong(
                f"{place} returns a {type(latents[0]).__name__}: return a tensor of shape (count, ...)."
            )
        elif latents[0].dim() == 0 or len(latents[0]) != count:
            yield wrong(
                f"{place} returns shape {tuple(latents[0].shape)} for {count} samples: its first must be "
                "count."
            )
        elif not torch.equal(*latents):
            yield wrong(
                f"{place} gives other noise for the same `random`: draw from the one that it is given, as in "
                "`random.normal(count, 64)`."
            )
        else:
            continue
        return


def _made(engine: Engine) -> Iterator[Remark]:
    game, kind = engine.game, engine.dataset.examples.kind
    for method in ("generate", "sample"):
        place = place_of(getattr(game, method))
        for count in COUNTS:
            latent, condition = game.latent(count, Randomness(1)), told(engine, count)
            made, again = (generated(game, method, latent, condition) for _ in range(2))
            if not isinstance(made, Tensor):
                yield wrong(f"{place} returns a {type(made).__name__}: return a tensor of examples.")
                return
            if tuple(made.shape) != (count, *kind.shape):
                yield wrong(
                    f"{place} makes shape {tuple(made.shape)} of {count} latents, and {kind.about} have "
                    f"{(count, *kind.shape)}."
                )
                return
            misfit = kind.misfit(kind.decode(made))
            if misfit is not None:
                yield wrong(
                    f"{place} makes {made.dtype} that are no {kind.about}: they are stored as {misfit}."
                )
                return
            if made.is_floating_point() and not made.isfinite().all():
                yield wrong(f"{place} makes numbers that are infinite or not a number.")
                return
            if not torch.equal(made, again):
                yield wrong(
                    f"{place} makes another sample of the same latent, in evaluation mode too: all its "
                    "chance must be in the latent, or be drawn from self.random."
                )
                return


def _condition(engine: Engine) -> Iterator[Remark]:
    """A word where a system that is told something does not listen."""
    game = engine.game
    conditions = told(engine, 2)
    if not game.conditional or conditions.numel() == 0 or torch.equal(conditions[0], conditions[1]):
        return
    latent = game.latent(1, Randomness(1))
    first, second = (generated(game, "generate", latent, conditions[place : place + 1]) for place in (0, 1))
    if torch.equal(first, second):
        yield note(
            f"{place_of(game.generate)} makes the same of a latent whatever the condition, though "
            f"{type(game).__name__} says `conditional = True`."
        )

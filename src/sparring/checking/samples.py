"""Samples: whether what a system generates is of the kind of its data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from sparring.blame import place_of
from sparring.checking.chance import seeded_globals
from sparring.checking.ranges import COUNT, check_range
from sparring.checking.report import Remark, all_wrong, note, wrong
from sparring.checking.subject import Subject, play
from sparring.game import Game
from sparring.mistakes.samples import METHODS, generated, latent_mistakes, made_mistakes, told
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
        game, kind, condition = (
            engine.game,
            engine.dataset.examples.kind,
            told(engine.game, engine.dataset, COUNT),
        )
        yield from check_range(
            game,
            kind,
            place_of(game.generate),
            lambda latent: _generated(game, "generate", latent, condition),
        )
        yield from _condition(engine)


def _latents(game: Game) -> Iterator[Remark]:
    for count in COUNTS:
        latents: list[Any] = [game.latent(count, Randomness(1)) for _ in range(2)]
        found = list(latent_mistakes(game, latents[0], count))
        yield from all_wrong(found)
        if not found and not torch.equal(*latents):
            yield wrong(
                f"{place_of(game.latent)} gives other noise for the same `random`: draw from the one that it "
                "is given, as in `random.normal(count, 64)`."
            )


def _made(engine: Engine) -> Iterator[Remark]:
    game, kind = engine.game, engine.dataset.examples.kind
    for method in METHODS:
        place = place_of(getattr(game, method))
        for count in COUNTS:
            latent, condition = game.latent(count, Randomness(1)), told(game, engine.dataset, count)
            made, again = (_generated(game, method, latent, condition) for _ in range(2))
            found = list(made_mistakes(game, kind, method, made, count))
            yield from all_wrong(found)
            if found:
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


def _generated(game: Game, method: str, latent: Tensor, condition: Tensor) -> Any:
    """What a method makes, with global generators that always begin alike."""
    with seeded_globals():
        return generated(game, method, latent, condition)


def _condition(engine: Engine) -> Iterator[Remark]:
    """A word where a system that is told something does not listen."""
    game = engine.game
    conditions = told(game, engine.dataset, 2)
    if not game.conditional or conditions.numel() == 0 or torch.equal(conditions[0], conditions[1]):
        return
    latent = game.latent(1, Randomness(1))
    first, second = (_generated(game, "generate", latent, conditions[place : place + 1]) for place in (0, 1))
    if torch.equal(first, second):
        yield note(
            f"{place_of(game.generate)} makes the same of a latent whatever the condition, though "
            f"{type(game).__name__} says `conditional = True`."
        )

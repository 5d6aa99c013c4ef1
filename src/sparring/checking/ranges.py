"""The range of what is generated: whether it is the one in which examples are dealt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from sparring.checking.report import Remark, note, wrong
from sparring.data.kinds import Kind
from sparring.game import Game
from sparring.randomness import Randomness

LITTLE = 0.1
"""Share of the range by which values may be outside."""
FAR = 2.0
"""Widths of the range by which no generator that is about to learn is outside."""
SCALE = 1000.0
"""Latents times this drive the last activation, where there is one, to its ends."""
COUNT = 50


def check_range(game: Game, kind: Kind, place: str, generate: Callable[[Tensor], Tensor]) -> Iterator[Remark]:
    """What is wrong with the range of the generated values, where the kind of data has one.

    Args:
        game: says what the range should be.
        kind: of the data.
        place: the method that generates, in words.
        generate: makes `COUNT` examples of as many latents.
    """
    low, high = game.value_range
    if kind.in_range(0.0, 1.0) == kind.in_range(-1.0, 1.0):
        return
    latent = game.latent(COUNT, Randomness(1))
    usual = generate(latent)
    driven = generate(SCALE * latent) if latent.is_floating_point() else usual
    ends = torch.cat([usual, driven])
    width = high - low
    beyond = torch.maximum(usual - high, low - usual) / width
    range_text, hint = f"({low:g}, {high:g})", "set `value_range` to what the last activation gives"
    for name, lowest, highest in (("tanh", -1.0, 1.0), ("sigmoid", 0.0, 1.0)):
        fits = ends.min() >= lowest and ends.max() <= highest and ends.max() > highest - LITTLE
        reaches = ends.min() < lowest + LITTLE
        if fits and reaches and (low, high) != (lowest, highest):
            yield wrong(
                f"{place} makes values from {lowest:g} to {highest:g}, as a {name} does, and examples are "
                f"dealt in {range_text}: {hint}, ({lowest:g}, {highest:g})."
            )
            return
    if beyond.max() > FAR:
        yield wrong(
            f"{place} makes values from {usual.min():.3g} to {usual.max():.3g}, far outside {range_text}, in "
            f"which examples are dealt: {hint}."
        )
    elif (beyond > LITTLE).float().mean() > 0.5:
        yield note(
            f"{place} makes values from {usual.min():.3g} to {usual.max():.3g}, more than half of them "
            f"outside {range_text}, in which examples are dealt."
        )

"""Mistakes in what a game says of how good it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from sparring.blame import place_of
from sparring.game import Figure, Game
from sparring.mistakes import described, takes
from sparring.shown import counted


def figure_mistakes(game: Game) -> Iterator[str]:
    """What is wrong with what `test_losses` and `figures` return."""
    losses: Any = game.test_losses()
    method = place_of(game.test_losses)
    if not isinstance(losses, Mapping):
        yield f"{method} returns {described(losses)}: return a dictionary from players' names to losses."
    else:
        for name, loss in losses.items():
            if not callable(loss) or not takes(loss, None):
                said = place_of(loss) if callable(loss) else described(loss)
                yield f"{method} gives {said} for '{name}': a test loss is a function of one batch."
    figures: Any = game.figures()
    method = place_of(game.figures)
    if not isinstance(figures, Mapping):
        yield f"{method} returns {described(figures)}: return a dictionary from names to Figures."
        return
    for name, figure in figures.items():
        if not isinstance(figure, Figure) or not callable(figure.measure):
            yield f"{method} gives {described(figure)} for '{name}': write Figure(measure, about)."


def measure_mistakes(figure: Figure, measured: Any, count: int) -> Iterator[str]:
    """What is wrong with what a figure gave for so many examples."""
    if not isinstance(measured, Tensor) or tuple(measured.shape) != (count,):
        given = f"shape {tuple(measured.shape)}" if isinstance(measured, Tensor) else described(measured)
        shown = counted(count, "example")
        yield f"{place_of(figure.measure)} returns {given} for {shown}: return a number for each."

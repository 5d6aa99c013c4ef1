"""The pictures of a run's samples, the same noise in all of them."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.dataset import Column, Dataset, even_places
from sparring.game import Game
from sparring.generating import generate
from sparring.randomness import Randomness, derived_seed

SAMPLES, REAL, BEFORE, AFTER = "samples", "real", "before", "after"
"""The names of the pictures."""
ROWS_BESIDE = 2
"""Rows of images that stand over those which are made of them."""


def sample_pictures(game: Game, dataset: Dataset, seed: int, epoch: float) -> dict[str, bytes]:
    """What shows a run's samples, from latents that depend on the seed alone: PNGs, or texts, by name.

    In `samples`, images stand in the game's grid. A class-conditional system has a column for each class,
    and the same noise in all of them; if the game wants it, real examples sorted by class stand beside them.
    An image that is made of another stands beside that, and, if the game wants it, beside the one that it
    should be; then `before` and `after` have some of both by themselves, each at the same place.

    Args:
        game: what generates them.
        dataset: what it is trained on, in its range.
        seed: decides the noise.
        epoch: decides which real examples are shown.
    """
    random = Randomness(derived_seed(seed, "picture"), next(game.parameters()).device)
    kind = dataset.examples.kind
    rows, columns = kind.grid(*game.grid)
    shown = dataset if dataset.held_out is None else dataset.held_out
    source = game.condition(shown.evenly(rows * columns)).evenly(rows * columns)
    layout = source.kind.layout(rows, columns, lambda: source)
    columns = layout.columns
    noises = game.latent(rows * columns // layout.same_noise, random)
    latent = noises.repeat_interleave(layout.same_noise, dim=0)
    made = generate(game, latent, Column(source.kind, layout.condition)).unflatten(0, (rows, columns))
    blocks = [*layout.beside, made]
    if layout.matched and game.shows_real:
        blocks.append(_targets(dataset, rows, columns))
    elif game.shows_real:
        blocks.append(_real_block(dataset, rows, columns, epoch))
    if not layout.matched:
        titles = [layout.titles if block is made else () for block in blocks]
        return {SAMPLES: kind.picture(blocks, dataset, titles)}
    return {
        SAMPLES: kind.picture(kind.side_by_side(blocks), dataset),
        BEFORE: source.kind.picture([layout.beside[-1][:ROWS_BESIDE]]),
        AFTER: kind.picture([made[:ROWS_BESIDE]]),
    }


def real_picture(game: Game, dataset: Dataset) -> bytes | None:
    """Real examples in the arrangement of a run's samples, taken evenly from the data.

    Args:
        game: whose samples they are to be looked at beside.
        dataset: what it is trained on.

    Returns:
        None where the picture of the samples shows real examples itself.
    """
    kind = dataset.examples.kind
    rows, columns = kind.grid(*game.grid)
    source = game.condition(dataset[: rows * columns])
    layout = source.kind.layout(rows, columns, lambda: source)
    if game.shows_real or layout.matched or kind.drawn_with_real:
        return None
    told = game.condition(dataset).values
    if layout.titles and bool(torch.isin(layout.condition, told).all()):
        chosen, titles = _of_the_same(layout.condition, told), layout.titles
    else:
        # What is alike stands in one column.
        order = dataset.condition.kind.order(dataset.condition.values)
        count = rows * layout.columns
        chosen = order[torch.arange(count) * len(dataset) // count]
        chosen, titles = chosen.unflatten(0, (layout.columns, rows)).T.flatten(), ()
    block = dataset.examples.values[chosen].reshape(rows, layout.columns, *dataset.spec.shape)
    return kind.picture([block], dataset, [titles])


def _of_the_same(wanted: Tensor, told: Tensor) -> Tensor:
    """For each thing that is wanted the place of an example told the same, evenly from all of these."""
    chosen = torch.zeros(len(wanted), dtype=torch.int64)
    for each in wanted.unique():
        own, cells = (told == each).nonzero().flatten(), (wanted == each).nonzero().flatten()
        chosen[cells] = own[torch.arange(len(cells)) * len(own) // len(cells)]
    return chosen


def _targets(dataset: Dataset, rows: int, columns: int) -> Tensor:
    """The real examples that belong to the conditions of a picture."""
    shown = dataset if dataset.held_out is None else dataset.held_out
    places = even_places(len(shown), rows * columns)
    chosen = places[torch.arange(rows * columns) % len(places)]
    return shown.examples.values[chosen].reshape(rows, columns, *shown.spec.shape)


def _real_block(dataset: Dataset, rows: int, columns: int, epoch: float) -> Tensor:
    """Real examples, other ones each epoch, sorted by what they are down the columns."""
    first = max(0, int(epoch) - 1) * rows * columns
    chosen = (torch.arange(rows * columns) + first) % len(dataset)
    chosen = chosen[dataset.condition.kind.order(dataset.condition.values[chosen])]
    return dataset.examples.values[chosen].reshape(columns, rows, *dataset.spec.shape).transpose(0, 1)

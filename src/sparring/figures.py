"""Figures of a game's own: of held-out data, or of what is known of the distribution behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.data.dataset import Batch, Dataset
from sparring.data.stream import batches_in_order
from sparring.data.truth import Figure
from sparring.mistakes import refuse
from sparring.mistakes.figures import measure_mistakes
from sparring.mistakes.losses import loss_mistakes
from sparring.nn.modes import inference

if TYPE_CHECKING:
    from sparring.game import Game

BATCH = 500
"""Held-out examples looked at in one go."""
SAMPLES = 1000
"""Samples that the truth behind the data is asked about after each epoch."""


def tested(game: Game, dataset: Dataset, device: torch.device) -> dict[str, float]:
    """The test losses of each player by `test/player/term`, and figures by `figure/name`, after an epoch.

    All of it is computed in evaluation mode and with noise of its own: the game is, bit for bit, as it was.
    """
    figures = game_figures(game, dataset, device) | truth_figures(game, dataset)
    means = {f"figure/{name}": values.double().mean().item() for name, values in figures.items()}
    return test_losses(game, dataset, device) | means


@torch.no_grad()
def test_losses(game: Game, dataset: Dataset, device: torch.device) -> dict[str, float]:
    """The game's test losses over the held-out data; none where there is none."""
    sums: dict[str, float] = {}
    losses = game.test_losses()
    if dataset.held_out is None or not losses:
        return sums
    with game.random.aside(f"test losses at {game.step}"), inference(game):
        for player, loss in losses.items():
            for batch in batches_in_order(dataset.held_out, BATCH, device):
                terms = loss(batch)
                refuse(loss_mistakes(loss, terms))
                observed: Mapping[str, Tensor] = getattr(terms, "observed", {})
                values = {name: value.item() for name, value in terms.items()}
                numbers = {
                    "loss": sum(values.values()),
                    **values,
                    **{n: v.item() for n, v in observed.items()},
                }
                for name, value in numbers.items():
                    key = f"test/{player}/{name}"
                    sums[key] = sums.get(key, 0.0) + value * len(batch)
    return {name: total / len(dataset.held_out) for name, total in sums.items()}


@torch.no_grad()
def game_figures(game: Game, dataset: Dataset, device: torch.device) -> dict[str, Tensor]:
    """What a game says of each held-out example, or of those that it keeps for a figure itself, (count,), by
    the name of the figure; nothing of no examples.

    Args:
        game: whose figures they are.
        dataset: in the range of the game.
        device: where the game is.
    """
    figures = game.figures()
    measured: dict[str, list[Tensor]] = {name: [] for name in figures}

    def measure(batch: Batch, names: Iterable[str]) -> None:
        for name in names:
            numbers = figures[name].measure(batch)
            refuse(measure_mistakes(figures[name], numbers, len(batch)))
            measured[name].append(numbers.cpu())

    with game.random.aside(f"figures at {game.step}"), inference(game):
        for held_out, names in _held_out_of(figures, dataset):
            for batch in batches_in_order(held_out, BATCH, device):
                measure(batch, names)
        for name, figure in figures.items():
            if figure.batch is not None:
                measure(figure.batch(), [name])
    return {name: torch.cat(values) for name, values in measured.items() if values}


def _held_out_of(figures: Mapping[str, Figure], dataset: Dataset) -> Iterator[tuple[Dataset, list[str]]]:
    """Each part of the held-out data, and the names of the figures that are measured of it."""
    whole = dataset.held_out
    names: dict[str, list[str]] = {}
    for name, figure in figures.items():
        if figure.batch is None:
            names.setdefault(figure.part, []).append(name)
    for part, of_it in names.items():
        held_out = whole.parts.get(part) if whole is not None and part else whole
        if held_out is not None:
            yield held_out, of_it


@torch.no_grad()
def truth_figures(game: Game, dataset: Dataset) -> dict[str, Tensor]:
    """What the truth behind the data says of each of some samples, (count,), by the name of the figure.

    Args:
        game: generates the samples.
        dataset: in the range of the game; the truth is its own.
    """
    figures = dataset.truth.figures()
    if not figures:
        return {}
    with game.random.aside(f"samples at {game.step}"), inference(game):
        samples = generated(game, dataset, SAMPLES)
    return {name: figure.measure(samples).cpu() for name, figure in figures.items()}


@torch.no_grad()
def generated(game: Game, dataset: Dataset, count: int) -> Tensor:
    """Stored samples of conditions as the data has them, from the game's noise; on the CPU."""
    shown = dataset if dataset.held_out is None else dataset.held_out
    source = game.condition(shown.evenly(count)).evenly(count)
    condition = source.kind.encode(source.kind.draw(count, lambda: source)).to(game.random.device)
    examples = game.sample(game.latent(count, game.random), condition)
    return dataset.examples.kind.decode(examples).cpu()

"""Figures of a game's own: of held-out data, or of what is known of the distribution behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.data.dataset import Dataset
from sparring.data.stream import batches_in_order
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
    """What a game says of each held-out example, (count,), by the name of the figure; nothing of no examples.

    Args:
        game: whose figures they are.
        dataset: in the range of the game.
        device: where the game is.
    """
    figures = game.figures()
    if dataset.held_out is None or not figures:
        return {}
    measured: dict[str, list[Tensor]] = {name: [] for name in figures}
    with game.random.aside(f"figures at {game.step}"), inference(game):
        for part in dict.fromkeys(figure.part for figure in figures.values()):
            held_out = dataset.held_out.parts.get(part) if part else dataset.held_out
            for batch in batches_in_order(held_out, BATCH, device) if held_out is not None else ():
                for name, figure in figures.items():
                    if figure.part == part:
                        numbers = figure.measure(batch)
                        refuse(measure_mistakes(figure, numbers, len(batch)))
                        measured[name].append(numbers.cpu())
    return {name: torch.cat(values) for name, values in measured.items() if values}


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

"""Directions: along which a trained generator's samples change most, found in its weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparring.errors import SettingError
from sparring.game import Game
from sparring.nn.modes import inference

FIRST = nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d
"""Layers that may be the first to see noise."""


@torch.no_grad()
def find_directions(game: Game, latent: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
    """Closed-form factorisation (Shen and Zhou 2021, arXiv:2007.06600, equation 4), as in the authors' code.

    The directions are the eigenvectors of A Aᵀ, where A is the weight by which the first layer sees noise,
    with each of its outputs scaled to length 1.

    Args:
        game: trained.
        latent: some noise (count, dimensions), to find that layer.
        condition: what the samples would be told, encoded.

    Returns:
        Directions (dimensions, dimensions), each of length 1, the one of most effect first, and the
        eigenvalue of each.

    Raises:
        SettingError: no layer sees the noise as it is.
    """
    weight = _first_weight(game, latent, condition)
    factors = weight / weight.norm(dim=0, keepdim=True).clamp(min=1e-12)
    values, vectors = torch.linalg.eigh(factors.double() @ factors.double().T)
    directions = vectors.flip(1).T
    # The sign of an eigenvector is anyone's: the largest of its numbers is positive.
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return (directions * largest.sign()).float(), values.flip(0).float()


def _first_weight(game: Game, latent: Tensor, condition: Tensor) -> Tensor:
    """The weights (dimensions, outputs) by which the first layer sees each dimension of the noise."""
    size = latent.shape[1]
    found: list[nn.Module] = []

    def look(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        # Beside the noise there may be more, such as the embedding of a class.
        if not found and given[0].flatten(1).shape[1] >= size:
            found.append(layer)

    hooks = [layer.register_forward_pre_hook(look) for layer in game.modules() if isinstance(layer, FIRST)]
    try:
        with inference(game):
            game.sample(latent, condition)
    finally:
        for hook in hooks:
            hook.remove()
    if not found:
        raise SettingError(
            f"{type(game).__name__} has no linear or convolutional layer that sees the noise first, in whose "
            "weights directions could be found."
        )
    weight: Tensor = found[0].weight  # type: ignore[assignment]
    inputs = (
        weight if isinstance(found[0], nn.ConvTranspose1d | nn.ConvTranspose2d) else weight.transpose(0, 1)
    )
    return inputs.flatten(1)[:size]

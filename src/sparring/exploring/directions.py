"""Directions: along which a trained generator's samples change most, found in its weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparring.errors import SettingError
from sparring.game import Game
from sparring.nn.modes import inference

FIRST = nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d
"""Layers that may be the first to see noise."""


def find_directions(game: Game, latent: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
    """Closed-form factorisation (Shen and Zhou 2021, arXiv:2007.06600, equation 4), as in the authors' code.

    The directions are the eigenvectors of A Aᵀ, where A is the matrix by which noise comes to be the outputs
    of the first layer that sees it, with each of these scaled to length 1. That is the layer's weight where
    noise goes in as it is; otherwise the weight times what noise is multiplied by on its way there.

    Args:
        game: trained.
        latent: some noise (1, dimensions), to find that layer.
        condition: what the sample would be told, encoded.

    Returns:
        Directions (dimensions, dimensions), each of length 1, the one of most effect first, and the
        eigenvalue of each.

    Raises:
        SettingError: no layer sees the noise.
    """
    effect = _first_effect(game, latent, condition)
    factors = effect / effect.norm(dim=0, keepdim=True).clamp(min=1e-12)
    values, vectors = torch.linalg.eigh(factors.double() @ factors.double().T)
    directions = vectors.flip(1).T
    # The sign of an eigenvector is anyone's: the largest of its numbers is positive.
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return (directions * largest.sign()).float(), values.flip(0).float()


def _first_effect(game: Game, latent: Tensor, condition: Tensor) -> Tensor:
    """What each dimension of the noise adds to each output of the first layer (dimensions, outputs)."""
    latent = latent[:1].detach().requires_grad_()
    seen: list[tuple[nn.Module, Tensor]] = []

    def look(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        seen.append((layer, given[0]))

    hooks = [layer.register_forward_pre_hook(look) for layer in game.modules() if isinstance(layer, FIRST)]
    try:
        with inference(game), torch.enable_grad():
            game.sample(latent, condition[:1])
    finally:
        for hook in hooks:
            hook.remove()
    for layer, given in seen:
        # Others may have come before, such as those that see the class alone.
        slopes = _slopes(given, latent)
        if slopes is not None:
            weight: Tensor = layer.weight  # type: ignore[assignment]
            turned = isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d)
            inputs = (weight if turned else weight.transpose(0, 1)).detach().flatten(1)
            # Places share the weights of their channel.
            by_place = slopes.unflatten(1, (len(inputs), -1))
            return torch.einsum("dcp,co->dpo", by_place, inputs).flatten(1)
    raise SettingError(
        f"{type(game).__name__} has no linear or convolutional layer that sees the noise, in whose weights "
        "directions could be found."
    )


def _slopes(given: Tensor, latent: Tensor) -> Tensor | None:
    """By how much each dimension of noise moves each number (dimensions, numbers); None where none does."""
    numbers = given.flatten()
    if not numbers.requires_grad:
        return None
    (rows,) = torch.autograd.grad(
        numbers, latent, torch.eye(len(numbers)).to(numbers), is_grads_batched=True, allow_unused=True
    )
    return None if rows is None else rows[:, 0].T

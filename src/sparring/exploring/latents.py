"""Latents: ways from one noise to another, and nearer to the mean of all."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.kinds import Kind
from sparring.errors import SettingError
from sparring.game import Game
from sparring.nn.latent_mixture import LatentMixture
from sparring.nn.posterior_samples import PosteriorSamples
from sparring.nn.several import Several
from sparring.randomness import Randomness

DRAWN = 10_000
"""Latents whose mean stands for the middle of all (as many as StyleGAN's code averages)."""
PARALLEL = 1e-4
"""Sine of the angle below which two directions count as one."""


def spherical(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """The way from one latent to another on the sphere, at even angles (White 2016, arXiv:1609.04468).

    Straight ways lead through the middle, where a generator has seen next to no noise.

    Args:
        first: (count, dimensions).
        last: likewise.
        steps: places on each way, both ends among them.

    Returns:
        (count, steps, dimensions); lengths change evenly from that of the first to that of the last.
    """
    return between(first, last, torch.linspace(0, 1, steps, device=first.device))


def between(first: Tensor, last: Tensor, shares: Tensor) -> Tensor:
    """Places on the way from one latent to another on the sphere.

    Args:
        first: (count, dimensions).
        last: likewise.
        shares: how far along the way each place is, from 0 to 1, (places,).

    Returns:
        (count, places, dimensions).
    """
    lengths = [latent.norm(dim=1, keepdim=True).clamp(min=1e-12) for latent in (first, last)]
    ends = [latent / length for latent, length in zip((first, last), lengths, strict=True)]
    share = shares[None, :, None]
    angle = (ends[0] * ends[1]).sum(1).clamp(-1, 1).arccos()[:, None, None]
    sine = angle.sin()
    weights = (
        torch.where(sine > PARALLEL, ((1 - share) * angle).sin() / sine.clamp(min=PARALLEL), 1 - share),
        torch.where(sine > PARALLEL, (share * angle).sin() / sine.clamp(min=PARALLEL), share),
    )
    direction = weights[0] * ends[0][:, None] + weights[1] * ends[1][:, None]
    ways: Tensor = direction * ((1 - share) * lengths[0][:, None] + share * lengths[1][:, None])
    return ways


def truncated(latent: Tensor, game: Game, share: float) -> Tensor:
    """Latents moved towards the mean of all (Brock et al. 2019, arXiv:1809.11096, section 3.1): what they
    become is more usual, and less diverse.

    Args:
        latent: as `Game.latent` gives it.
        game: whose it is.
        share: of its distance from the mean that is left; 1 leaves it as it is, 0 makes all the same.
    """
    if share == 1.0:
        return latent
    mean: Tensor = game.latent(DRAWN, Randomness(0, latent.device)).mean(0)
    moved: Tensor = mean + share * (latent - mean)
    return moved


def require_ways(game: Game, condition: Kind) -> None:
    """Raise SettingError where there are no ways through the noise of a game.

    Args:
        game: the game.
        condition: what kind of thing it is told.

    Raises:
        SettingError: as `require_vectors` does; or its noise falls into clusters.
    """
    require_vectors(game, condition)
    clusters = next((each.clusters for each in game.modules() if isinstance(each, LatentMixture)), 0)
    if clusters:
        raise SettingError(
            f"The noise of this {type(game).__name__} falls into clusters ({clusters}) with nothing between "
            "them, so that a way through it would jump from one to another, and their middle means nothing: "
            "train with --latent-clusters 0 to explore or truncate it."
        )


def require_between(game: Game, condition: Kind) -> None:
    """Raise SettingError where nothing lies between two noises of a game.

    Args:
        game: the game.
        condition: what kind of thing it is told.

    Raises:
        SettingError: as `require_ways` does; or its noise says which of several generators makes an example.
    """
    require_ways(game, condition)
    several = [part for part in game.modules() if isinstance(part, Several | PosteriorSamples)]
    if sum(len(part.members if isinstance(part, Several) else part.networks()) for part in several) > 1:
        raise SettingError(
            f"The noise of this {type(game).__name__} says which of its generators makes an example, so that "
            "a way through it would jump from one to another: only the noise of one alone can be walked "
            "through or truncated."
        )


def require_vectors(game: Game, condition: Kind) -> None:
    """Raise SettingError unless each noise of a game is a vector that gives an example by itself.

    Args:
        game: the game.
        condition: what kind of thing it is told.

    Raises:
        SettingError: its noise is no vector, its examples are discrete, or they are made of what it is told
            rather than of noise.
    """
    if condition.from_data:
        raise SettingError(
            f"{type(game).__name__} makes its examples of what it is told ({condition.about}), not of noise: "
            "there is none to be explored or truncated."
        )
    if game.data.kind.discrete:
        raise SettingError(
            f"{type(game).__name__} generates {game.data.kind.about}, and nothing lies between two of these: "
            "only what changes little by little with its noise can be explored or truncated."
        )
    latent = game.latent(1, Randomness(0, next(game.parameters()).device))
    if latent.dim() != 2:
        raise SettingError(
            f"{type(game).__name__} generates from noise of shape {tuple(latent.shape[1:])}: only vectors of "
            "which each gives an example by itself can be explored."
        )

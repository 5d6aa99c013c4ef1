"""Generating: what a game makes of noise, as it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.game import Game
from sparring.nn.modes import inference

SAMPLE_BATCH = 250
"""Examples generated at a time; fixed, so that the same seed gives the same samples."""


@torch.no_grad()
def generated(game: Game, latent: Tensor, told: Column) -> Iterator[Tensor]:
    """Examples from latents in evaluation mode, as the game's networks have them, a batch at a time.

    Chance between a generator's layers, where there is any, follows from the latents: the same give the same.

    Args:
        game: what generates them.
        latent: noise, as `Game.latent` gives it.
        told: what each is to be.
    """
    digest = hashlib.sha256(latent.detach().cpu().numpy().tobytes()).hexdigest()
    with game.random.aside(f"samples of {digest}"), inference(game):
        for start in range(0, len(latent), SAMPLE_BATCH):
            chosen = slice(start, start + SAMPLE_BATCH)
            yield game.sample(latent[chosen], told[chosen].to(latent.device).encoded())


def generate(game: Game, latent: Tensor, told: Column) -> Tensor:
    """The same as they are stored, all together; on the CPU."""
    decode = game.data.kind.decode
    return torch.cat([decode(examples).cpu() for examples in generated(game, latent, told)])

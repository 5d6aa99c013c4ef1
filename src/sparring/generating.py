"""Generating: what a game makes of noise, as it is stored."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.game import Game
from sparring.nn.modes import inference

SAMPLE_BATCH = 250
"""Examples generated at a time; fixed, so that the same seed gives the same samples."""


@torch.no_grad()
def generate(game: Game, latent: Tensor, told: Column) -> Tensor:
    """Examples from latents in evaluation mode, as they are stored; on the CPU.

    Chance between a generator's layers, where there is any, follows from the latents: the same give the same.

    Args:
        game: what generates them.
        latent: noise, as `Game.latent` gives it.
        told: what each is to be.
    """
    parts = []
    digest = hashlib.sha256(latent.detach().cpu().numpy().tobytes()).hexdigest()
    with game.random.aside(f"samples of {digest}"), inference(game):
        for start in range(0, len(latent), SAMPLE_BATCH):
            chosen = slice(start, start + SAMPLE_BATCH)
            condition = told[chosen].to(latent.device).encoded()
            parts.append(game.data.kind.decode(game.sample(latent[chosen], condition)).cpu())
    return torch.cat(parts)

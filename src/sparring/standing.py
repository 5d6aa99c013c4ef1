"""Standing statistics: batch normalisation of a trained generator is measured anew, over many batches."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from sparring.data.dataset import Column
from sparring.errors import SettingError
from sparring.game import Game
from sparring.generating import SAMPLE_BATCH
from sparring.nn.modes import inference
from sparring.randomness import Randomness


@torch.no_grad()
def take_standing_statistics(game: Game, told: Callable[[int], Column], batches: int, seed: int) -> None:
    """Let a generator's batch normalisation use the mean statistics of some batches of samples, instead of
    those that moved along with training (Brock et al. 2019, arXiv:1809.11096, section 4.1).

    Args:
        game: the trained game; what makes its samples is changed.
        told: gives what so many samples are told.
        batches: of 250 samples, over which means are taken.
        seed: decides their noise.

    Raises:
        SettingError: no batch normalisation makes its samples.
    """
    random = Randomness(seed, game.random.device).child("standing statistics")
    used: list[_BatchNorm] = []
    norms = [part for part in game.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    hooks = [norm.register_forward_hook(lambda norm, *_: used.append(norm)) for norm in norms]

    asked = told(SAMPLE_BATCH)
    if not asked.kind.from_data:
        # Of all batches at once, so that none is told what another one was.
        asked = told(batches * SAMPLE_BATCH)

    def play(batch: int) -> None:
        places = (torch.arange(SAMPLE_BATCH) + batch * SAMPLE_BATCH) % len(asked)
        condition = asked[places].to(random.device).encoded()
        game.sample(game.latent(SAMPLE_BATCH, random), condition)

    with game.random.aside("standing statistics"), inference(game):
        try:
            # A whole batch: several generators may divide it between them.
            play(0)
        finally:
            for hook in hooks:
                hook.remove()
        if not used:
            raise SettingError(
                f"{type(game).__name__} makes its samples without batch normalisation: it has no statistics "
                "that could be taken."
            )
        for norm in used:
            norm.reset_running_stats()
            # None: the mean of all batches.
            norm.momentum = None
            norm.train()
        for batch in range(batches):
            play(batch)
        for norm in used:
            norm.eval()

"""Replay beside tricks for which a critic's loss is computed once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from sparring.data.dataset import dataset_of
from sparring.nn.image_pool import ImagePool
from sparring.training.engine import Engine
from sparring.zoo import find_system

IMAGES = dataset_of("images", (torch.arange(24 * 64) % 251).view(24, 1, 8, 8).to(torch.uint8))


@pytest.mark.parametrize("beside", [{}, {"gradient_penalty": 1.0}, {"consistency": 10.0}], ids=str)
def test_the_pool_keeps_what_the_critic_was_shown(
    beside: dict[str, Any], make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(find_system("gan"), IMAGES, batch_size=6, replay=600, **beside)
    (pool,) = (module for module in engine.game.modules() if isinstance(module, ImagePool))
    for rounds in (1, 2):
        engine.play_round()
        # Of so many places hardly two batches get the same.
        assert 6 * rounds - 2 <= int(pool.used.sum()) <= 6 * rounds

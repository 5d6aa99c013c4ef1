"""Running a network as when predicting, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def inference(network: nn.Module) -> Iterator[None]:
    """Run a network as when predicting (running statistics, no dropout), then put it back as it was."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True

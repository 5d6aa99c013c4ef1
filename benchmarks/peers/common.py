"""What the peers in PyTorch share: batches, a peer itself, and how their convolutions start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class Peer:
    """One system as one would write it for itself."""

    networks: list[nn.Module]
    """All that is trained."""
    step: Callable[[], None]
    """What ours does in a round."""


def batches(*columns: Tensor, size: int) -> Iterator[list[Tensor]]:
    """Shuffled batches without end, by torch's own loader, of images that are floats in memory already."""
    loader = DataLoader(TensorDataset(*columns), size, shuffle=True, drop_last=True)
    while True:
        yield from loader


def weights_init(layer: nn.Module) -> None:
    """Weights in N(0, 0.02²), as all scripts of this family have it; for `apply`."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)

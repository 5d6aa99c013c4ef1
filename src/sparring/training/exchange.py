"""What processes that train together exchange in every turn."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sparring.processes import Processes
from sparring.training.player import ActivePlayer


class Exchange:
    """Averages what a turn has computed over all processes, so that they stay equal.

    Args:
        game: whose running statistics must agree.
        processes: this process among those that train together.
    """

    def __init__(self, game: nn.Module, processes: Processes) -> None:
        self.processes = processes
        self._running_statistics = running_statistics(game) if processes.count > 1 else []
        self._stop: Tensor | None = None
        """The share of processes that were asked to stop, in the last turn; None in a run of one."""

    def average(self, player: ActivePlayer, scalars: Sequence[Tensor], stop_asked: bool) -> Tensor:
        """The scalars, packed, as the mean of all processes has them; so are the player's gradients and the
        running statistics from here on."""
        packed = torch.stack(list(scalars))
        if self.processes.count > 1:
            stop = packed.new_full((1,), float(stop_asked))
            self.processes.average([*player.gradients(), packed, stop, *self._running_statistics])
            self._stop = stop
        return packed

    def stopping(self, stop_asked: bool) -> bool:
        """Whether any process was asked to stop before the last turn; on a GPU this waits for the device."""
        return stop_asked if self._stop is None else bool(self._stop.item())


def running_statistics(game: nn.Module) -> Sequence[Tensor]:
    """The running means and variances of batch normalisation, which must agree between processes."""
    return [
        buffer
        for module in game.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for buffer in (module.running_mean, module.running_var)
        if buffer is not None
    ]

"""The stream that deals batches, in an order that seed, source, epoch decide."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sparring.data.dataset import Batch, Dataset, batch_of
from sparring.errors import DataError, SettingError
from sparring.processes import Processes
from sparring.randomness import derived_seed
from sparring.shown import counted

SMALLEST_DATA = 2
"""Fewer examples than this are nothing to learn a distribution from."""
SMALLEST_SHARE = 2
"""A last batch that leaves a process fewer examples than this is skipped: batch statistics need two."""


class Stream:
    """Deals a data set epoch after epoch, without end.

    Its whole state is `position`, the number of batches dealt. With several processes each gets an equal
    share of every batch; the examples of the last one that do not divide evenly sit out the epoch.

    Args:
        dataset: what is dealt, in the range of the game.
        batch_size: examples in a batch of all processes together.
        processes: this process among those that train together.
        seed: decides the order.
        shuffle: whether each epoch has an order of its own; otherwise all have that of the data.

    Raises:
        DataError: the data is a single example.
        SettingError: the data is smaller than a batch.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        processes: Processes,
        seed: int = 0,
        shuffle: bool = True,
    ) -> None:
        if len(dataset) < SMALLEST_DATA:
            raise DataError(
                f"{dataset.name} has one training example: nothing can be learnt from fewer than "
                f"{SMALLEST_DATA}, and little from fewer than hundreds: add more."
            )
        if len(dataset) < batch_size:
            raise SettingError(
                f"{dataset.name} has {counted(len(dataset), 'training example')}, fewer than a batch of "
                f"{batch_size}: use --batch-size {len(dataset)} or less, or more data."
            )
        self.examples = dataset.examples.to(processes.device)
        self.condition = dataset.condition.to(processes.device)
        self.batch_size = batch_size
        self.processes = processes
        self.seed = seed
        self.shuffle = shuffle
        self.position = 0
        whole, rest = divmod(len(dataset), batch_size)
        self.batches_per_epoch = whole + (rest >= SMALLEST_SHARE * processes.count)
        self._order: tuple[int, Tensor] | None = None

    def next_batch(self) -> Batch:
        """The next batch; this process's share of it."""
        batch = self.peek()
        self.position += 1
        return batch

    def peek(self, *, whole: bool = False) -> Batch:
        """The batch that comes next, without moving on: this process's share of it, or all of it."""
        epoch, place = divmod(self.position, self.batches_per_epoch)
        chosen = self._epoch_order(epoch)[place * self.batch_size : (place + 1) * self.batch_size]
        share = len(chosen) // self.processes.count
        first, end = self.processes.rank * share, (self.processes.rank + 1) * share
        indices = chosen if whole else chosen[first:end]
        return Batch(self.examples[indices].encoded(), self.condition[indices].encoded(), indices)

    def state(self) -> int:
        """How far it is."""
        return self.position

    def restore(self, state: int) -> None:
        """Go on from there."""
        self.position = state

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            count = len(self.examples)
            if self.shuffle:
                generator = torch.Generator().manual_seed(derived_seed(self.seed, f"order of epoch {epoch}"))
                order = torch.randperm(count, generator=generator)
            else:
                order = torch.arange(count)
            self._order = (epoch, order.to(self.processes.device))
        return self._order[1]


def batches_in_order(dataset: Dataset, batch_size: int, device: torch.device) -> Iterator[Batch]:
    """All of a data set once, in its own order; the last batch may be smaller."""
    for indices in torch.arange(len(dataset)).split(batch_size):
        batch = batch_of(dataset, indices)
        yield Batch(batch.examples.to(device), batch.condition.to(device), indices.to(device))

"""The stream that deals batches: by index from memory, in an order that the seed and the epoch decide."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sparring.data.dataset import Batch, Dataset, to_range
from sparring.errors import SettingError
from sparring.processes import Processes
from sparring.randomness import derived_seed

SMALLEST_SHARE = 2
"""A last batch that leaves a process fewer examples than this is skipped: batch statistics need two."""


class Stream:
    """Deals the training set epoch after epoch, without end.

    Its whole state is `position`, the number of batches dealt. With several processes each gets an equal
    share of every batch; the examples that do not divide evenly sit out the epoch.

    Raises:
        SettingError: the data is smaller than a batch, or the batch does not divide among the processes.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        value_range: tuple[float, float],
        processes: Processes,
        seed: int = 0,
        shuffle: bool = True,
    ) -> None:
        if len(dataset) < batch_size:
            raise SettingError(
                f"{dataset.name} has {len(dataset):,} training examples, fewer than a batch of {batch_size}: "
                f"use --batch-size {max(1, len(dataset))} or less, or more data."
            )
        if batch_size % processes.count:
            raise SettingError(
                f"A batch of {batch_size} cannot be divided among {processes.count} processes: "
                f"use a multiple of {processes.count} as --batch-size."
            )
        self.examples = dataset.examples.to(processes.device)
        self.labels = None if dataset.labels is None else dataset.labels.to(processes.device)
        self.batch_size = batch_size
        self.value_range = value_range
        self.processes = processes
        self.seed = seed
        self.shuffle = shuffle
        self.position = 0
        whole, rest = divmod(len(dataset), batch_size)
        self.batches_per_epoch = whole + (rest >= SMALLEST_SHARE * processes.count)
        self._order: tuple[int, Tensor] | None = None

    def deal(self) -> Batch:
        """The next batch; this process's share of it."""
        epoch, place = divmod(self.position, self.batches_per_epoch)
        self.position += 1
        chosen = self._epoch_order(epoch)[place * self.batch_size : (place + 1) * self.batch_size]
        share = len(chosen) // self.processes.count
        return self._batch(chosen[self.processes.rank * share : (self.processes.rank + 1) * share])

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

    def _batch(self, indices: Tensor) -> Batch:
        labels = None if self.labels is None else self.labels[indices]
        return Batch(to_range(self.examples[indices], self.value_range), labels, indices)


def batches_in_order(
    dataset: Dataset, batch_size: int, value_range: tuple[float, float], device: torch.device
) -> Iterator[Batch]:
    """All of a data set once, in its own order; the last batch may be smaller."""
    for indices in torch.arange(len(dataset)).split(batch_size):
        labels = None if dataset.labels is None else dataset.labels[indices].to(device)
        examples = to_range(dataset.examples[indices].to(device), value_range)
        yield Batch(examples, labels, indices.to(device))

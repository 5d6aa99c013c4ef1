"""The only source of chance in a run: seeded, saved with it, and shared evenly between processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class Randomness:
    """A generator of noise whose state is part of the checkpoint.

    With several processes each draws the noise of the whole batch and keeps its own share, so that the
    processes together see what one process alone would have seen.

    Args:
        seed: any non-negative integer.
        device: where the tensors are wanted.
        rank: which share is this process's.
        processes: how many share a batch.
    """

    def __init__(
        self, seed: int, device: torch.device | str = "cpu", rank: int = 0, processes: int = 1
    ) -> None:
        self.seed = seed
        self.device = torch.device(device)
        self.rank = rank
        self.processes = processes
        self.generator = torch.Generator(self.device).manual_seed(seed)

    def child(self, name: str) -> Randomness:
        """An independent stream, the same for the same seed and name, not divided between processes."""
        return Randomness(derived_seed(self.seed, name), self.device)

    def renew(self, name: str) -> None:
        """Begin another stream, the same for the same seed and name."""
        self.generator.manual_seed(derived_seed(self.seed, name))

    def uniform(self, count: int, *shape: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        """Noise in U(low, high), of shape (count, *shape)."""
        noise = torch.empty((count * self.processes, *shape), device=self.device)
        return self._share(noise.uniform_(low, high, generator=self.generator))

    def normal(self, count: int, *shape: int) -> Tensor:
        """Noise in N(0, 1), of shape (count, *shape)."""
        noise = torch.empty((count * self.processes, *shape), device=self.device)
        return self._share(noise.normal_(generator=self.generator))

    def integers(self, count: int, below: int) -> Tensor:
        """Integers (int64) drawn evenly from 0 ... below - 1, of shape (count,)."""
        numbers = torch.empty(count * self.processes, dtype=torch.int64, device=self.device)
        return self._share(numbers.random_(0, below, generator=self.generator))

    def bernoulli(self, probability: float, count: int, *shape: int) -> Tensor:
        """Ones with the given probability, else zeros, as float32 of shape (count, *shape)."""
        coins = torch.empty((count * self.processes, *shape), device=self.device)
        return self._share(coins.bernoulli_(probability, generator=self.generator))

    def state(self) -> Tensor:
        """The state of the generator (uint8), to be saved."""
        return self.generator.get_state()

    def restore(self, state: Tensor) -> None:
        """Go on from a saved state."""
        self.generator.set_state(state.cpu())

    def _share(self, drawn: Tensor) -> Tensor:
        if self.processes == 1:
            return drawn
        own = len(drawn) // self.processes
        return drawn[self.rank * own : (self.rank + 1) * own]


def derived_seed(seed: int, name: str) -> int:
    """A seed of 63 bits that depends on every bit of `seed` and `name`."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big") >> 1


@contextmanager
def seeded_initialisation(seed: int) -> Iterator[None]:
    """Make torch's own initialisers, which draw from the global generator, repeatable; then put it back."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derived_seed(seed, "initialisation"))
        yield

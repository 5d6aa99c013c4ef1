"""The only source of chance in a run, seeded for each step."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from sparring.random_bits import BEGINNING, numbers_of_16_bits


class Randomness:
    """A generator of noise that begins anew at every step, so that any step can be played again alone.

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
        self._branches: dict[str, Randomness] = {}
        self._moment: str | None = None
        self._divided = True

    def begin(self, moment: str) -> None:
        """Begin the noise of a moment of the run, such as `step 12`, here and in all branches."""
        for each in self._all():
            each._begin(moment)

    def branch(self, name: str, *, divided: bool = True) -> Randomness:
        """Noise of its own, which begins anew whenever this does.

        Args:
            name: branches of different names are independent; those of the same name are one.
            divided: whether processes share a batch of it; otherwise all draw the same.
        """
        if name not in self._branches:
            rank, processes = (self.rank, self.processes) if divided else (0, 1)
            branch = Randomness(derived_seed(self.seed, name), self.device, rank, processes)
            branch._divided = divided and self._divided
            self._branches[name] = branch
            # Wherever in a step it is first asked for, it is as it would be in any other run of that step.
            branch._begin(self._moment)
        return self._branches[name]

    def child(self, name: str) -> Randomness:
        """An independent generator that goes on by itself: the same for seed and name, in all processes."""
        return Randomness(derived_seed(self.seed, name), self.device)

    def reseed(self, seed: int) -> None:
        """Go on with the noise of another seed, here and in all branches."""
        self.seed = seed
        for name, branch in self._branches.items():
            branch.reseed(derived_seed(seed, name))

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """Noise that leaves what comes after as it would have been, the same in all processes: for tests and
        pictures."""
        states = {each: each.generator.get_state() for each in self._all()}
        shares = {each: (each.rank, each.processes) for each in states}
        before = self._moment
        for each in states:
            each.rank, each.processes = 0, 1
        self.begin(name)
        try:
            yield
        finally:
            for each in self._all():
                # A branch that is new is as it would have been without this.
                each.rank, each.processes = shares.get(each, shares[self] if each._divided else (0, 1))
                each._begin(before)
                if each in states:
                    each.generator.set_state(states[each])

    def _begin(self, moment: str | None) -> None:
        self._moment = moment
        self.generator.manual_seed(self.seed if moment is None else derived_seed(self.seed, moment))

    def _all(self) -> list[Randomness]:
        return [self, *(each for branch in self._branches.values() for each in branch._all())]

    def uniform(self, count: int, *shape: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        """Noise in U(low, high), of shape (count, *shape)."""
        noise = torch.empty((count * self.processes, *shape), device=self.device)
        return self.share(noise.uniform_(low, high, generator=self.generator))

    def normal(self, count: int, *shape: int) -> Tensor:
        """Noise in N(0, 1), of shape (count, *shape)."""
        noise = torch.empty((count * self.processes, *shape), device=self.device)
        return self.share(noise.normal_(generator=self.generator))

    def integers(self, count: int, below: int) -> Tensor:
        """Integers (int64) drawn evenly from 0 ... below - 1, of shape (count,)."""
        numbers = torch.empty(count * self.processes, dtype=torch.int64, device=self.device)
        return self.share(numbers.random_(0, below, generator=self.generator))

    def bernoulli(self, probability: float, count: int, *shape: int) -> Tensor:
        """Ones with the given probability, else zeros, as float32 of shape (count, *shape)."""
        coins = torch.empty((count * self.processes, *shape), device=self.device)
        return self.share(coins.bernoulli_(probability, generator=self.generator))

    def coins(self, probability: float, count: int, *shape: int) -> Tensor:
        """Ones with the given probability to the nearest 65,536th, else zeros, float32 (count, *shape): for
        very many, where `bernoulli` on a CPU would take most of the time.

        Each takes 16 random bits. Neither all nor none come up unless the probability is 0 or 1.
        """
        if self.device.type != "cpu" or probability in (0.0, 1.0):
            return self.bernoulli(probability, count, *shape)
        beginning = torch.empty(BEGINNING, dtype=torch.int64)
        beginning.random_(-(2**63), None, generator=self.generator)
        own = math.prod((count, *shape))
        # Of those of the whole batch only this process's: they are so many.
        numbers = numbers_of_16_bits(beginning, self.rank * own, own).view(count, *shape)
        last = min(max(round(probability * 2**16), 1), 2**16 - 1) - 2**15 - 1
        return torch.le(numbers, last, out=torch.empty(count, *shape))

    def permutation(self, count: int) -> Tensor:
        """The numbers 0 ... count - 1 in a random order, int64 (count,), within this process's share."""
        return torch.randperm(count, generator=self.generator, device=self.device)

    def categories(self, logits: Tensor) -> Tensor:
        """A class for each row of logits (count, classes), int64 (count,): drawn by their softmax."""
        # The Gumbel trick: torch.multinomial would not be shared between processes.
        uniform = self.uniform(*logits.shape, low=0.0, high=1.0).clamp_(min=1e-20)
        return (logits.float() - torch.log(-torch.log(uniform))).argmax(-1)

    def share(self, whole: Tensor) -> Tensor:
        """This process's share of what is of a whole batch, along the first dimension."""
        if self.processes == 1:
            return whole
        own = len(whole) // self.processes
        return whole[self.rank * own : (self.rank + 1) * own]


def derived_seed(seed: int, name: str) -> int:
    """A seed of 63 bits that depends on every bit of `seed` and `name`."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big") >> 1


@contextmanager
def seeded_initialisation(seed: int) -> Iterator[None]:
    """Make torch's own initialisers, which draw from the global generator, repeatable; then put it back."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derived_seed(seed, "initialisation"))
        yield

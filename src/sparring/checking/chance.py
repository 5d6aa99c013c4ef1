"""The generators of noise that belong to nobody, such as torch's own."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
import torch

from sparring.blame import OwnCode, place_in

GLOBALS = {"torch": "torch's global generator", "numpy": "numpy.random", "python": "Python's random"}
"""What each is called."""


def positions() -> dict[str, Any]:
    """Where each global generator is, as something that can be compared."""
    name, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002  # it is their use that is looked for
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": (name, np.asarray(keys).tobytes(), *rest),
        "python": random.getstate(),
    }


def used_since(before: dict[str, Any]) -> list[str]:
    """Keys of the generators that have moved."""
    now = positions()
    return [name for name in GLOBALS if now[name] != before[name]]


@contextmanager
def seeded_globals(seed: int = 0) -> Iterator[None]:
    """Global generators that begin at a seed; then they are put back."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    torch.default_generator.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])


class Locator:
    """Finds the line of some code that uses a global generator.

    Args:
        own: the code that is looked at, line by line.
    """

    def __init__(self, own: OwnCode) -> None:
        self.own = own
        self.found: dict[str, str] = {}
        """The first line that used each generator, such as `LSGAN.latent (mygame.py, line 41)`."""
        self._last = ""
        self._before = positions()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at all that is done meanwhile."""
        other = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(other)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._step(frame, event, argument) if frame.f_code.co_filename in self.own else None

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        for name in used_since(self._before):
            self.found.setdefault(name, self._last)
        self._before = positions()
        self._last = place_in(frame.f_code, frame.f_lineno)
        return self._step

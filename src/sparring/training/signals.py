"""Signals by which a person, or what started a run, asks it to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def stop_signals(numbers: list[int], heard: Callable[[int, Any], None]) -> Iterator[None]:
    """Let signals be heard by a function; then put back who heard them before.

    Only the main thread can: elsewhere nothing is changed.

    Args:
        numbers: of the signals.
        heard: is given the number of a signal that came, and its handler of before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}

    def handle(number: int, frame: FrameType | None) -> None:
        heard(number, before[number])

    for number in numbers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Signals by which a person, or what started a run, asks it to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sparring.errors import Interrupted


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


@contextmanager
def saying(message: str) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop what has nothing to save; a second SIGTERM ends the process at once.

    Args:
        message: what is said then.

    Raises:
        Interrupted: one of them came.
    """
    received: list[int] = []

    def interrupt(number: int, before: Any) -> None:
        received.append(number)
        signal.signal(number, before)
        raise KeyboardInterrupt

    with stop_signals([signal.SIGTERM], interrupt):
        try:
            yield
        except KeyboardInterrupt:
            number = received[0] if received else signal.SIGINT
            raise Interrupted(message, 128 + number) from None

"""Holding a run while it trains."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from sparring.errors import Interrupted
from sparring.runs.folder import Run
from sparring.shown import quoted
from sparring.training.signals import stop_signals


@contextmanager
def holding(run: Run, writes: bool) -> Iterator[None]:
    """Release a run in the end, and say how to go on where Ctrl-C came while the loop did not hear it."""

    def heard(number: int, before: object) -> None:
        raise KeyboardInterrupt

    try:
        with stop_signals([signal.SIGINT], heard):
            yield
    except KeyboardInterrupt:
        path = quoted(run.path)
        if writes:
            run.mark_interrupted()
        raise Interrupted(f"Stopped. Go on with: sparring resume {path}", 128 + signal.SIGINT) from None
    finally:
        run.release()

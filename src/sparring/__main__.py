"""Where the command begins: it hears Ctrl-C before it imports the rest."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType

STOPPED = b"sparring: stopped before anything was begun.\n"
ENDED = b"sparring: stopped.\n"


def main() -> None:
    """Run `sparring`; see `cli.main`."""
    signal.signal(signal.SIGINT, stop)
    try:
        from sparring.cli import main as run

        run()
    except KeyboardInterrupt:
        # Before or after a command, or while it says that it was stopped.
        with contextlib.suppress(OSError):
            os.write(2, ENDED)
        sys.exit(128 + signal.SIGINT)
    finally:
        # What is left is Python's own end, in which there is nothing to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def stop(number: int, frame: FrameType | None) -> None:
    """End at once while modules are imported, which make other errors of an interrupt; later, raise it."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            with contextlib.suppress(OSError):
                os.write(2, STOPPED)
            os._exit(128 + number)
        frame = frame.f_back
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()

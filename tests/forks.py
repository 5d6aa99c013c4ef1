"""Work that is done in a copy of this process, which may be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path


def is_killed(work: Callable[[], object], log: Path) -> bool:
    """Whether a copy of this process is killed before it has done its work.

    Args:
        work: what the copy does.
        log: where it says what it says.
    """
    with warnings.catch_warnings():
        # Newer Pythons warn that threads do not survive a fork; this process has none that matter.
        warnings.simplefilter("ignore")
        child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert status in (0, signal.SIGKILL), log.read_text()
        return status == signal.SIGKILL
    code = 1
    try:
        with log.open("w") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
            try:
                work()
                code = 0
            except BaseException:  # noqa: BLE001  # all of it goes into the log
                traceback.print_exc(file=file)
    finally:
        os._exit(code)

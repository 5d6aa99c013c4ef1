"""What sparring raises when the user can mend something.

Every message is one sentence or two: what was given, what is accepted, what to do. The command line prints
it without a traceback and exits with `exit_code`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SparringError(Exception):
    """Something the user can mend; the base of all errors below."""

    exit_code = 2


class SettingError(SparringError):
    """A setting or a name that does not exist, or a value outside its range."""


class DataError(SparringError):
    """A data set that cannot be read, or that a system cannot train on."""


class RunError(SparringError):
    """A run folder that cannot be written, read or continued."""


class CheckpointError(RunError):
    """A checkpoint that is truncated, damaged, or of something else."""


class TrainingError(SparringError):
    """Training cannot go on: a loss is no longer a number."""

    exit_code = 3


class Interrupted(SparringError):
    """The run was stopped by a signal after it had saved itself."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as ` Did you mean 'acgan'?`, or nothing where no known name is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""

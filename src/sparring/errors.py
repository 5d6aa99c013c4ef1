"""What sparring raises when the user can mend something.

Every message is one sentence or two: what was given, what is accepted, what to do. The command line prints
it without a traceback and exits with `exit_code`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class SparringError(Exception):
    """Something the user can mend; the base of all errors below."""

    exit_code = 2


class SettingError(SparringError):
    """A setting or a name that does not exist, or a value outside its range."""


class MemoryShortage(SettingError):
    """Settings whose networks do not fit in memory."""


class DataError(SparringError):
    """A data set that cannot be read, or that a system cannot train on."""


class OwnCodeError(SparringError):
    """Code of one's own that cannot be imported, or a system or data that is not as all must be."""


class RunError(SparringError):
    """A run folder that cannot be written, read or continued."""


class CheckpointError(RunError):
    """A checkpoint that is truncated, damaged, or of something else."""


class TrainingError(SparringError):
    """Training cannot go on: a loss is no longer a number."""

    exit_code = 3


class NotANumber(TrainingError):
    """A term of a loss, or a gradient, became infinite or not a number.

    Args:
        step: the step at which it did.
        player: whose turn it was.
        term: the term's name, or `gradient`.
        value: what it became.
        broken: players whose weights are no longer finite.
    """

    def __init__(self, step: int, player: str, term: str, value: float, broken: Sequence[str] = ()) -> None:
        self.step, self.player, self.term, self.value = step, player, term, value
        self.broken = tuple(broken)
        own = term in ("gradient", "weights")
        what = f"the {player}'s {term}" if own else f"the term '{term}' of the {player}'s loss"
        others = [] if term == "weights" else broken
        weights = f"; the weights of the {' and the '.join(others)} are no numbers either" if others else ""
        super().__init__(f"At step {step:,} {what} became {value}{weights}.")


class Interrupted(SparringError):
    """The run was stopped by a signal after it had saved itself."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as ` Did you mean 'acgan'?`, or nothing where no known name is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""

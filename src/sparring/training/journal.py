"""The journal of a search: what optuna remembers it by, a line for each thing that happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sparring.errors import RunError
from sparring.runs.files import cut_torn_line, writing


class Journal:
    """A backend of optuna's journal storage that a full disk does no harm to.

    Args:
        path: the file.
        optuna: the library, whose own backend does the work.

    Raises:
        RunError: the file cannot be made.
    """

    def __init__(self, path: Path, optuna: Any) -> None:
        self.path = path
        with writing(path):
            self._file = optuna.storages.journal.JournalFileBackend(str(path))

    def append_logs(self, logs: Sequence[dict[str, Any]]) -> None:
        """Write lines; behind one that was not written to its end they would be lost with it.

        Raises:
            RunError: they cannot be written.
        """
        cut_torn_line(self.path)
        with writing(self.path):
            self._file.append_logs(logs)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The lines from a number on.

        Raises:
            RunError: one is no JSON.
        """
        try:
            yield from self._file.read_logs(log_number_from)
        except ValueError as error:
            raise RunError(f"{self.path} is damaged ({error}): restore it from a copy.") from error

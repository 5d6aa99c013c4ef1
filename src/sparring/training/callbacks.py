"""Callbacks: functions of one's own that are told how a run goes while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sparring.errors import OwnCodeError, SettingError, nearest
from sparring.runs.folder import Run

ON_STEP, ON_EPOCH, ON_END = "on_step", "on_epoch", "on_end"
NAMES = (ON_STEP, ON_EPOCH, ON_END)


@dataclass(frozen=True)
class Moment:
    """Where a run is when a callback is told of it."""

    run: Run
    step: int
    """Steps behind us."""
    total_steps: int | None
    """Of the whole run; None as long as minutes have not been turned into steps."""
    epoch: float
    """Epochs behind us."""
    seconds: float
    """Time spent on the run so far, over all its sessions."""
    values: Mapping[str, float | str | None] = field(default_factory=dict)
    """The numbers of the row that has just been written into the history: means over the steps since the row
    before, under `player/term`, or over the epoch, with `test/player/term` and `figure/name`; None for what
    is no finite number. Empty at the end."""
    suffix: str = ".png"

    @property
    def samples(self) -> Path | None:
        """The newest picture, or text, of samples; None where there is none yet."""
        path = self.run.path / f"samples{self.suffix}"
        return path if path.is_file() else None


Callback = Callable[[Moment], object]


@dataclass(frozen=True)
class Callbacks:
    """All that are told of a run, by when.

    They are called in the first process only, and what they give back is ignored. A run that goes on after an
    error in one of them is the same as if there had been none.
    """

    of: Mapping[str, tuple[Callback, ...]] = field(default_factory=dict)

    @classmethod
    def named(cls, given: Mapping[str, Callback | None]) -> Self:
        """The callbacks that were given by name.

        Args:
            given: `on_step` (after each row of the history, every `history_every` steps), `on_epoch` (after
                each epoch, once its samples are drawn), `on_end` (once the run is finished and written).

        Raises:
            SettingError: another name, or what cannot be called.
        """
        for name, callback in given.items():
            if name not in NAMES:
                raise SettingError(
                    f"There is no callback '{name}'; there are {', '.join(NAMES)}.{nearest(name, NAMES)}"
                )
            if callback is not None and not callable(callback):
                raise SettingError(f"{name} is called with a moment of the run, and {callback!r} cannot be.")
        return cls({name: (callback,) for name, callback in given.items() if callback is not None})

    def beside(self, others: Mapping[str, Callback]) -> Self:
        """These, and after them others."""
        names = {**self.of, **others}
        return type(self)(
            {name: (*self.of.get(name, ()), *([others[name]] if name in others else [])) for name in names}
        )

    def tell(self, name: str, moment: Moment) -> None:
        """Call those of a name.

        Raises:
            OwnCodeError: one of them raised an error, which is its cause.
        """
        for callback in self.of.get(name, ()):
            try:
                callback(moment)
            except Exception as error:
                left = (
                    "is finished"
                    if name == ON_END
                    else "is as it was saved last, and `sparring resume` goes on with it"
                )
                raise OwnCodeError(
                    f"{name} raised {type(error).__name__} at step {moment.step:,}: {error}. The run {left}."
                ) from error


SILENT = Callbacks()
"""None at all."""


def split(options: Mapping[str, Any]) -> tuple[dict[str, Any], Callbacks]:
    """Options of a run without its callbacks, and these."""
    given = {name: value for name, value in options.items() if name in NAMES}
    return {name: value for name, value in options.items() if name not in NAMES}, Callbacks.named(given)

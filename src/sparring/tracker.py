"""A tracker: a run's numbers in a library for tracking experiments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparring.errors import SettingError
from sparring.training.callbacks import ON_END, ON_EPOCH, ON_STEP, Moment

ASKED = ("init", "log", "finish")


class Tracker:
    """Passes on what a run writes into its history, and its pictures.

    Wandb, trackio and swanlab share the three functions that it calls: `init(name=, config=, ...)`,
    `log(values, step=)` and `finish()`; pictures are passed on where the library has an `Image`.

    Args:
        library: the module, imported by yourself.
        options: what else `init` is told, such as `project="digits"`.

    Raises:
        SettingError: the library lacks one of the functions.

    Example:
        >>> import wandb
        >>> sparring.train("gan", **sparring.Tracker(wandb, project="digits").callbacks)
    """

    def __init__(self, library: Any, **options: Any) -> None:
        missing = [name for name in ASKED if not callable(getattr(library, name, None))]
        if missing:
            name = getattr(library, "__name__", library)
            raise SettingError(
                f"{name} has no {' and no '.join(missing)}: a tracker takes a module that has init, log and "
                "finish, such as wandb, trackio or swanlab."
            )
        self.library = library
        self.options = options
        self._begun = False

    @property
    def callbacks(self) -> dict[str, Callable[[Moment], None]]:
        """What `train` and `resume` take."""
        return {ON_STEP: self.on_step, ON_EPOCH: self.on_epoch, ON_END: self.on_end}

    def on_step(self, moment: Moment) -> None:
        """Log a row of the history."""
        self._log(moment, {})

    def on_epoch(self, moment: Moment) -> None:
        """Log the row of an epoch, and the samples."""
        image = getattr(self.library, "Image", None)
        picture = moment.samples
        shown = image is not None and picture is not None and picture.suffix == ".png"
        self._log(moment, {"samples": image(str(picture))} if shown and image else {}, "epoch/")

    def on_end(self, moment: Moment) -> None:
        """Close it."""
        self._begin(moment)
        self.library.finish()
        self._begun = False

    def _log(self, moment: Moment, more: dict[str, Any], prefix: str = "") -> None:
        self._begin(moment)
        numbers = {f"{prefix}{name}": value for name, value in moment.values.items() if value is not None}
        self.library.log({**numbers, "epoch": moment.epoch, **more}, step=moment.step)

    def _begin(self, moment: Moment) -> None:
        if not self._begun:
            description = moment.run.description
            config = {name: description[name] for name in ("system", "settings", "seed", "limit")}
            config["data"] = description["data"]["name"]
            self.library.init(**{"name": moment.run.path.name, "config": config, **self.options})
            self._begun = True

"""What a system in the zoo implements: a `Game`, its `Turn`s, and the `Terms` of its losses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from sparring.data.dataset import Batch, DataSpec
from sparring.errors import DataError, SettingError, nearest
from sparring.randomness import Randomness
from sparring.settings import GameSettings, Limit

__all__ = ["Batch", "DataSpec", "Game", "GameSettings", "Limit", "Loss", "Terms", "Turn"]


class Terms(dict[str, Tensor]):
    """The named scalars of one loss; their sum is minimised, and each is a column of the history.

    >>> Terms(adversarial=a, penalty=p).observing(distance=d)

    minimises a + p and records d beside them.
    """

    def __init__(self, **terms: Tensor) -> None:
        super().__init__(**terms)
        self.observed: dict[str, Tensor] = {}

    def observing(self, **values: Tensor) -> Terms:
        """Record further scalars that are not minimised."""
        self.observed.update(values)
        return self


Loss = Callable[[Batch], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Turn:
    """One update of one player."""

    player: str
    """Name of the optimiser, among those of `Game.optimizers`, that steps; its parameters move, all others
    rest: they need no gradient and get none."""
    loss: Loss
    """What is minimised: a function of a batch of real examples that gives named terms."""
    fresh_batch: bool = False
    """Whether a new batch is dealt for this turn; otherwise it sees the batch of the turn before."""
    after: Callable[[Mapping[str, float]], None] | None = None
    """Called right after the optimiser's step with the values of the terms, averaged over all processes:
    the place for weight clipping, for moving averages, for a control variable."""


class Game(nn.Module):
    """One published GAN system: its networks, its losses, its order of turns, its settings.

    A game never knows about files, devices, progress bars or checkpoints. Whatever it must remember is a
    parameter or a buffer, so that the checkpoint holds it; all its chance comes from `self.random`.

    Args:
        settings: an instance of the class's own `Settings`.
        data: shape, classes and number of the examples.
        random: the run's source of noise.

    Raises:
        DataError: the system cannot train on such data.
    """

    Settings: ClassVar[type[GameSettings]] = GameSettings
    """The settings class: a frozen dataclass, a docstring under each field."""
    paper: ClassVar[str] = ""
    """Authors, year, and where to find the paper."""
    purpose: ClassVar[str] = ""
    """What the system is good for, in one line."""
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Named sets of settings for a purpose, which stand in for the defaults where one is asked for."""
    length: ClassVar[Limit] = Limit(epochs=20)
    """How long the paper or listing trains; the default length of a run."""
    value_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    """The range in which images are dealt and generated: (0, 1) for a sigmoid, (-1, 1) for a tanh."""
    grid: ClassVar[tuple[int, int]] = (8, 10)
    """Rows and columns of the sample picture; a system that is told classes has one column for each."""
    shows_real: ClassVar[bool] = False
    """Whether the sample picture has the real images beside the generated ones."""
    keep_every: ClassVar[int] = 0
    """Keep the networks of every so many epochs for good; 0 keeps only the latest checkpoint."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__()
        self.settings = settings
        self.data = data
        self.random = random
        self.step = 0
        """Rounds played before this one; set by the engine."""
        self.progress = 0.0
        """Share of the run behind us, from 0 to 1; set by the engine before each round."""

    @classmethod
    def preset_values(cls, name: str | None) -> dict[str, Any]:
        """The settings of a preset; none for None.

        Raises:
            SettingError: there is no such preset.
        """
        if name is None:
            return {}
        if name not in cls.presets:
            raise SettingError(
                f"{cls.__name__} has no preset '{name}'.{nearest(name, cls.presets)} "
                f"It has: {', '.join(cls.presets) or 'none'}."
            )
        return dict(cls.presets[name])

    @abstractmethod
    def optimizers(self) -> dict[str, Optimizer]:
        """Each player's optimiser by the player's name; an optimiser's parameters are what it moves."""

    @abstractmethod
    def round(self) -> Sequence[Turn]:
        """The turns of one step of the run, in order."""

    @abstractmethod
    def latent(self, count: int, random: Randomness) -> Tensor:
        """Noise to generate `count` examples from, of shape (count, ...)."""

    @abstractmethod
    def generate(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Examples of shape (count, *data.shape) in the value range; `labels` (int64, (count,)) if told."""

    def sample(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """What a user is shown: `generate`, or a generator kept for the purpose such as an average."""
        return self.generate(latent, labels)

    @property
    def conditional(self) -> bool:
        """Whether the system is told which class to generate."""
        return False

    def test_losses(self) -> dict[str, Loss]:
        """Losses by player to report on held-out data after each epoch; none by default."""
        return {}


def require_images(system: str, data: DataSpec, multiple: int = 1, least: int = 1) -> None:
    """Raise DataError unless the examples are images whose sides suit the system's up-sampling."""
    if not data.is_image:
        raise DataError(f"{system} trains on images; this data has points of {data.shape[0]} dimensions.")
    _, height, width = data.shape
    if height % multiple or width % multiple or min(height, width) < least:
        raise DataError(
            f"{system} needs images whose sides are multiples of {multiple} and at least {least} pixels; "
            f"these are {width} x {height}: choose another --size."
        )


def require_labels(system: str, data: DataSpec) -> None:
    """Raise DataError unless the examples have labels."""
    if data.classes == 0:
        raise DataError(
            f"{system} needs a label for every example and this data has none: use a folder with one "
            "sub-folder per class, a data set with labels such as mnist, or a system without labels."
        )

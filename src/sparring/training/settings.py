"""The settings of a run, whatever system it trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from sparring.data.resizing import Fit, Size
from sparring.data.texts import TokensName
from sparring.game_settings import preset_values
from sparring.runs.folder import Run
from sparring.settings import Count, Fraction, Limit, Natural, Positive, Range, Settings
from sparring.training.precision import PrecisionName
from sparring.zoo import find_system, short_name

Number = Annotated[Count | None, tyro.conf.arg(metavar="N")]
MOST_SEEDS = 1000
"""Runs side by side at the most."""
MOST_THREADS = 1024
"""Threads of a process at the most: with very many the system refuses some, and torch crashes."""

RECORDED = (
    "from_",
    "seed",
    "test_every",
    "history_every",
    "health_every",
    "on_unhealthy",
    "checkpoint_minutes",
    "device",
    "microbatches",
)
"""Settings of a run that go into its description as they are."""

LIMITS = ("epochs", "max_steps", "max_minutes")
"""The settings that say how long a run lasts."""


@dataclass(frozen=True)
class RunSettings(Settings):
    """What every run can be told, whatever system it trains."""

    data: str = "mnist"
    """The training data: mnist, ring, grid, stacked-mnist, idx:PATH, folder:PATH, pairs:PATH, unpaired:PATH,
    npz:FILE, mixture:FILE, text:FILE, oracle:FILE, or FILE.py:FUNCTION for a function of your own that gives
    a Dataset."""
    preset: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """A named set of settings of the system: `paper` has the paper's, and `sparring zoo` lists the others. By
    default they are chosen by rule for the data and the length of the run. Settings given beside it win."""
    out: Annotated[str | None, tyro.conf.arg(metavar="RUN")] = None
    """The run folder; by default the next free one in runs/."""
    from_: Annotated[str | None, tyro.conf.arg(name="from", metavar="RUN")] = None
    """Begin with the weights of another run, as far as names and shapes match: of classes with the same name,
    too, where there are others. `train("gan", from_=RUN)` in Python."""
    seed: Natural = 0
    """Decides the initial weights, the noise and the order of the data."""
    seeds: Annotated[Annotated[int, Range(low=1, high=MOST_SEEDS)] | None, tyro.conf.arg(metavar="N")] = None
    """Make so many runs side by side, with the seed and those after it: one single-threaded process for
    each core, all in one folder, which `resume`, `evaluate`, `compare` and `report` take like a run."""
    epochs: Number = None
    """Passes over the training data."""
    max_steps: Number = None
    """Rounds of turns."""
    max_minutes: Annotated[Positive | None, tyro.conf.arg(metavar="MINUTES")] = None
    """Wall-clock time; the first steps are timed and fix the number of steps."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 ..."""
    threads: Annotated[Annotated[int, Range(low=1, high=MOST_THREADS)] | None, tyro.conf.arg(metavar="N")] = (
        None
    )
    """CPU threads; small networks are often fastest with 1. By default what torch chooses."""
    size: Annotated[Size | None, tyro.conf.arg(metavar="PIXELS")] = None
    """Size that images are brought to, 64 for a square or 64x48 for width and height; by default their own.
    Those of `folder:` become squares of about their own size, but of at most 32 pixels, or 64 where
    --max-minutes is more than 60; or images of the size of a run that it begins with."""
    fit: tyro.conf.DisallowNone[Fit | None] = None
    """How images of another shape come to that size: `crop` keeps their central part, `pad` all of them with
    their edges repeated over what is left, `stretch` all of them, distorted. By default crop, or what a run
    that it begins with has."""
    stretch: bool = False
    """Make the brightest value of all images white, where files do not use the whole range: 12 bits in files
    of 16, or masks of 0 and 1."""
    precision: PrecisionName = "float32"
    """In which numbers losses are computed. bf16 is faster on GPUs and on some processors; on a CPU it is
    taken only where a short timing at the start says so."""
    compile: bool = False
    """Compile the networks with torch.compile, where a compiler is at hand and no loss differentiates
    twice."""
    microbatches: Count = 1
    """Parts into which every batch is cut, one after the other, where memory is short. What a loss compares
    within a batch, such as means of features, it compares within each part."""
    skip_bad_images: bool = False
    """Leave out images that cannot be read instead of refusing the folder."""
    alpha: tyro.conf.DisallowNone[bool | None] = None
    """Learn how opaque the images of a folder are, as a fourth channel, instead of putting them on white: by
    default only where a run that it begins with (--from) did."""
    tokens: TokensName | None = None
    """What the texts of text:FILE are cut into; by default characters, or what a run that it begins with
    has."""
    hold_out: Annotated[Fraction | None, tyro.conf.arg(metavar="SHARE")] = None
    """Share of the examples to keep aside, so that an evaluation compares with some that were never seen:
    where the data holds none out by itself, or of texts, of which it is else a tenth. 0 for none: all is
    trained on, and what only unseen examples show is not said."""
    hold_out_seed: Natural = 0
    """Decides which these are; the same for every seed of a run."""
    hold_out_classes: Annotated[str | None, tyro.conf.arg(metavar="NAMES")] = None
    """Folders within both domains of pairs: or unpaired: to keep aside, such as flags,symbols: whether what
    was learnt holds for what is of another class."""
    keep_every: Annotated[Natural | None, tyro.conf.arg(metavar="N")] = None
    """Keep the networks of every so many epochs for good; 0 for none; by default what the system says."""
    test_every: Annotated[Count, tyro.conf.arg(metavar="N")] = 1
    """Epochs between two tests, which compute losses of held-out data and figures; the last is always tested.
    Where epochs are short and much is held out, testing each takes a good part of the time."""
    history_every: Count = 50
    """Steps between two rows of the history."""
    health_every: Natural = 50
    """Steps between two looks at the run's health; 0 for none."""
    on_unhealthy: Literal["warn", "stop", "rollback"] = "warn"
    """What to do about a finding: say so and go on, stop with exit code 3, or go back to the last healthy
    checkpoint and on from there with other noise and half the learning rates, three times at the most. A
    loss that is no longer a number makes the run go back, unless it was told to stop."""
    checkpoint_minutes: Positive = 0.5
    """Minutes between two checkpoints; a run that is killed loses at most this."""
    evaluate: bool = False
    """Say at the end how good the run is, as `sparring evaluate` does."""
    quiet: bool = False
    """Print nothing."""

    def limit(self) -> Limit | None:
        """The limit that was given, or None.

        Raises:
            SettingError: more than one was given.
        """
        given = {"epochs": self.epochs, "steps": self.max_steps, "minutes": self.max_minutes}
        return Limit(**given) if any(value is not None for value in given.values()) else None  # type: ignore[arg-type]


def settings_of(system: str, options: Mapping[str, Any]) -> tuple[RunSettings, dict[str, Any]]:
    """The settings of a run, and those of its system that were given, from the options of `train`.

    Raises:
        SettingError: an option that does not exist, or a value that it does not accept.
    """
    game_class = find_system(system)
    names = {field.name for field in dataclasses.fields(RunSettings)}
    plain: dict[str, Any] = {}
    for name, value in options.items():
        place = value.path if isinstance(value, Run) else value
        plain[name] = str(place) if isinstance(place, Path) else place
    asked = RunSettings(**{name: value for name, value in plain.items() if name in names})
    given = {name: value for name, value in plain.items() if name not in names}
    # What is wrong with them is said before any data is read.
    game_class.Settings.of(preset_values(game_class, asked.preset) | given, short_name(system))
    return asked, given

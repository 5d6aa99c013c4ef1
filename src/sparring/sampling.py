"""Sample from a run in one call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sparring.errors import SettingError
from sparring.exploring.explorer import Steps
from sparring.loading import load
from sparring.runs.folder import Run
from sparring.sample_files import Samples, joined
from sparring.settings import check_value
from sparring.shown import counted

USUAL_COUNT = 100
"""Samples that are drawn where nobody says how many."""
USUAL_WAYS = 10
"""Ways from one noise to another, likewise."""


def sample(
    run: Run | Path | str,
    count: int | None = None,
    *,
    label: str | int | None = None,
    seed: int = 0,
    truncation: float = 1.0,
    rejection: float = 0.0,
    standing_statistics: int = 0,
    interpolate: int | None = None,
    around: Path | str | None = None,
    epoch: int | None = None,
    device: str = "auto",
    **sampling: float,
) -> Samples:
    """Generate examples from a run: `load(run, epoch, device, **sampling).sample(count, label, seed)`.

    Args:
        run: the run or its folder.
        count: how many; by default 100, or ten ways.
        label: the class of all of them, by its label in the data; by default all classes in turn.
        seed: decides the noise.
        truncation: share of the distance of the noise from its mean that is left: below 1 samples are more
            usual, and less diverse.
        rejection: share of what is generated that has less than an even chance to be kept, by what the critic
            says of it; 0 keeps all, the paper has 0.8.
        standing_statistics: batches of samples over which batch normalisation takes its statistics, instead
            of those of training; 0 for these, usual are 16 and more.
        interpolate: so many samples on each way from one noise to another: a row of a picture, and the
            frames of a film (.gif, .mp4 ...).
        around: an image in a file, of any format and size: samples like the nearest that can be generated.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to generate them: auto, cpu, cuda ...
        sampling: settings of the system that say how samples are made, such as `temperature=0.7`.
    """
    parts, _ = in_parts(
        run,
        count,
        label=label,
        seed=seed,
        truncation=truncation,
        rejection=rejection,
        standing_statistics=standing_statistics,
        interpolate=interpolate,
        around=around,
        epoch=epoch,
        device=device,
        **sampling,
    )
    return joined(list(parts))


def in_parts(
    run: Run | Path | str,
    count: int | None,
    *,
    label: str | int | None,
    seed: int,
    truncation: float,
    rejection: float,
    standing_statistics: int,
    interpolate: int | None,
    around: Path | str | None,
    epoch: int | None,
    device: str,
    **sampling: float,
) -> tuple[Iterator[Samples], int]:
    """The samples that `sample` gives, and how many they are: a few at a time where they are drawn so.

    Raises:
        SettingError: as `sample` does, at once.
    """
    model = load(run, epoch, device, **sampling)
    model.take_standing_statistics(standing_statistics)
    if around is not None:
        from sparring.exploring.runs import image_for

        if interpolate is not None or truncation != 1.0 or rejection:
            raise SettingError(
                "Samples around an image are neither ways nor truncated nor rejected: leave these out."
            )
        count = USUAL_COUNT if count is None else count
        return iter([model.around(image_for(model, around), count, label, seed)]), count
    if interpolate is None:
        count = USUAL_COUNT if count is None else count
        return model.batches(count, label, seed, truncation, rejection), count
    if rejection:
        raise SettingError("What lies on a way is not rejected: leave one of the two out.")
    interpolate = check_value("interpolate", interpolate, Steps)
    count = USUAL_WAYS * interpolate if count is None else count
    ways, rest = divmod(count, interpolate)
    if rest or not ways:
        raise SettingError(
            f"{counted(count, 'sample')} cannot be parted into ways of {interpolate}: give a count such as "
            f"{max(1, ways) * interpolate} or {max(2, ways + 1) * interpolate}."
        )
    return iter([model.interpolate(ways, interpolate, label, seed, truncation)]), ways * interpolate

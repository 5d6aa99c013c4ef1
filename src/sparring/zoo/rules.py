"""Rules that several systems share for what they recommend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sparring.data.dataset import DataSpec
from sparring.recommendation import Recommendation, by_width
from sparring.tricks.augmentation import augmentation_for, reason_for

POINT_STEPS = 3000
"""Steps that networks for points want."""


def by_width_or_points(
    data: DataSpec,
    rates: Mapping[str, float],
    points: Mapping[str, Any],
    **others: Callable[[], list[Recommendation]],
) -> list[Recommendation]:
    """What suits convolutional networks whose published width is 64: four widths for images, with
    augmentation where these are few, and settings of their own for points.

    Args:
        data: what is trained on.
        rates: the published learning rates, by the name of the setting.
        points: the settings for points.
        others: what gives the recommendations for other kinds of data, by the name of the kind.
    """
    return data.kind.choose(
        images=lambda: by_width((64, 32, 16, 8), rates, augmentation_for(data), reason_for(data)),
        points=lambda: [Recommendation(points, why="narrow modes may be among the points")],
        **others,
    )()


def by_likelihood(
    epochs: int,
    settings_of: Callable[[int], Mapping[str, Any]] = lambda epochs: {},
    beside: Mapping[str, Any] = MappingProxyType({}),
    why: str = "",
) -> list[Recommendation]:
    """A first phase of maximum likelihood as long as usual, half as long, and so on down to one epoch: a run
    gets the longest that leaves time for the phases after it.

    Args:
        epochs: its usual length.
        settings_of: the settings that go with a length.
        beside: those that are the same for all.
        why: what of the data speaks for these.
    """
    lengths = [epochs >> halved for halved in range(epochs.bit_length())]
    first = "the likelihood comes first and must leave time for what comes after it"
    reasons = f"{first}; {why}" if why else first
    return [
        Recommendation({"likelihood_epochs": each, **settings_of(each)}, beside, reasons) for each in lengths
    ]


def steps_by_width(data: DataSpec, width: int, each: int, **others: int) -> int:
    """About how many steps convolutional networks want, in proportion to their width, as far as digits
    show it; those for points are small and always the same.

    Args:
        data: what is trained on.
        width: of the networks.
        each: steps for each unit of it.
        others: steps for other kinds of data, by the name of the kind.
    """
    return data.kind.choose(images=each * width, points=POINT_STEPS, **others)

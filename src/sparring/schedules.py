"""Schedules: what a learning rate, or a trick's strength, is multiplied by, as a function of progress."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]
"""From progress (0 to 1) to a factor."""


def constant(progress: float) -> float:
    """Always 1."""
    return 1.0


def linear_decay(share: float = 1.0, to: float = 0.0) -> Schedule:
    """1, then falling linearly over the last `share` (0 to 1) of the phase; none where the share is 0."""

    def schedule(progress: float) -> float:
        left = min(1.0, (1.0 - progress) / share) if share else 1.0
        return to + (1.0 - to) * left

    return schedule


def fading(progress: float, share: float) -> float:
    """From 1 linearly to 0 over the first `share` (0 to 1) of the phase; always 0 where the share is 0."""
    return max(0.0, 1.0 - progress / share) if share else 0.0


def cosine(to: float = 0.0) -> Schedule:
    """From 1 to `to` along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5)."""
    return lambda progress: to + (1.0 - to) * (1.0 + math.cos(math.pi * progress)) / 2


def warm_up(share: float, then: Schedule = constant) -> Schedule:
    """Rising linearly from 0 over the first `share` of the phase; then another schedule over what is left."""

    def schedule(progress: float) -> float:
        if progress < share:
            return progress / share
        return then((progress - share) / (1.0 - share) if share < 1.0 else 1.0)

    return schedule

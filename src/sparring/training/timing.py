"""Timing: how long a step takes on this machine, how many fit into some minutes, what is faster."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence

import torch

from sparring.kept_memory import memory_kept
from sparring.processes import Processes
from sparring.training.course import Course
from sparring.training.engine import Engine

TIMING_SECONDS = 2.0
"""How long the first steps are timed before a run whose length depends on the speed of the machine."""
MOST_STEPS = 200
"""Steps timed at the most."""
FEWEST_STEPS = 2
"""Steps of a run whose limit is a time, however short: in one, nobody answers anybody."""
TRIAL_STEPS = 2
"""Steps by which two ways to compute the same are compared."""


def seconds_per_step(engine: Engine, seconds: float = TIMING_SECONDS) -> list[float]:
    """Mean duration of a step in each phase, from the first few; the engine is as it was afterwards.

    All processes come to the same numbers: they agree on how many steps to time and average the results.
    """
    share = seconds / max(1, len(engine.course.legs))

    def timed(play: Callable[[], None]) -> float:
        mean_seconds(play, TRIAL_STEPS, engine.processes)
        few = mean_seconds(play, TRIAL_STEPS, engine.processes)
        return mean_seconds(play, max(TRIAL_STEPS, min(MOST_STEPS, int(share / few))), engine.processes)

    return of_each_phase(engine, timed)


def rough_seconds_per_step(engine: Engine, patience: float = math.inf) -> list[float]:
    """The same from very few steps: from the first alone, where that takes longer than so many seconds."""

    def timed(play: Callable[[], None]) -> float:
        first = mean_seconds(play, 1, engine.processes)
        return first if first > patience else mean_seconds(play, TRIAL_STEPS, engine.processes)

    return of_each_phase(engine, timed)


@memory_kept()
def of_each_phase(engine: Engine, timed: Callable[[Callable[[], None]], float]) -> list[float]:
    """How long a step of each phase takes; the engine is as it was afterwards.

    Args:
        engine: which plays them itself.
        timed: calls what it is given, several times, and says how many seconds a call takes.
    """

    def play_and_stay() -> None:
        step = engine.step
        engine.play_round()
        engine.soundness.look()
        engine.step = step

    first, seconds = copy.deepcopy(engine.state()), []
    try:
        for leg in engine.course.legs:
            if leg.steps:
                engine.step = leg.first
                seconds.append(timed(play_and_stay))
            else:
                seconds.append(0.0)
    finally:
        engine.restore(first)
    return seconds


def trial(engine: Engine) -> float:
    """Seconds of a step in each phase, added up, from very few steps; the engine is as it was afterwards."""
    return sum(rough_seconds_per_step(engine))


def mean_seconds(play: Callable[[], None], times: int, processes: Processes) -> float:
    """Mean duration of a call, over all processes."""
    synchronise(processes.device)
    began = time.perf_counter()
    for _ in range(times):
        play()
    synchronise(processes.device)
    seconds = torch.tensor([(time.perf_counter() - began) / times], device=processes.device)
    processes.average([seconds])
    return seconds.item()


def synchronise(device: torch.device) -> None:
    """Wait for what a device still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def steps_in(seconds: float, done: int, course: Course, per_step: Sequence[float]) -> int:
    """Length of a run of which so many steps are done and for whose rest so many seconds are left.

    Args:
        seconds: what is left.
        done: steps behind us.
        course: of a run whose length is not known yet.
        per_step: duration of a step in each phase.
    """
    total = done
    for leg, duration in zip(course.legs, per_step, strict=True):
        left = leg.first + leg.steps - max(total, leg.first)
        if left <= 0:
            continue
        fit = max(0, int(seconds / duration)) if duration else 0
        if fit < left:
            return max(FEWEST_STEPS, total + fit)
        total += int(left)
        seconds -= left * duration
    return max(FEWEST_STEPS, total)


def seconds_of(course: Course, per_step: Sequence[float]) -> float:
    """How long a run of known length takes, from its beginning."""
    return math.fsum(leg.steps * duration for leg, duration in zip(course.legs, per_step, strict=True))

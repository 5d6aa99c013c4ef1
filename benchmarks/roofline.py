"""How much arithmetic a piece of work is, how much the machine can do at most, and where the time goes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from sparring.nn import convolution

SIDE = 1000
BLOCKS, PRODUCTS = 4, 3


def seconds(work: Callable[[], object], times: int) -> float:
    """How long one call takes, of so many in a row."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def peak() -> float:
    """Operations a second of products of two square matrices of 1,000 in float32, with torch's threads."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    times = [seconds(lambda: left @ right, PRODUCTS) for _ in range(BLOCKS)]
    return 2 * SIDE**3 / statistics.median(times)


def arithmetic(work: Callable[[], object]) -> float:
    """Operations of the convolutions and products of matrices in a call, all convolutions by the direct way:
    where there is one that needs fewer, it may come to more than the peak."""
    with mock.patch.object(convolution, "is_plain", return_value=False), Counting() as counting:
        work()
    return counting.operations


class Counting(TorchDispatchMode):
    """Counts operations as torch's own counter does, which stops where there are gradients in a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do it, and count it if it is a convolution or a product of matrices."""
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.operations += count(*args, **(kwargs or {}), out_val=result)
        return result


def shares(work: Callable[[], object], times: int, parts: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    """Shares of the time of so many calls by kind of work.

    Args:
        work: what is called.
        times: how often.
        parts: kinds of work, by the beginnings of their names in the profile; all else is `all else`.
    """
    spent = profiled(work, times)
    whole = sum(spent.values())
    by_part = {
        part: sum(time for key, time in spent.items() if key.startswith(beginnings)) / whole
        for part, beginnings in parts.items()
    }
    return by_part | {"all else": 1.0 - sum(by_part.values())}


def profiled(work: Callable[[], object], times: int) -> dict[str, float]:
    """Microseconds of each of torch's operators itself, in so many calls together."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(times):
            work()
    return {event.key: event.self_cpu_time_total for event in found.key_averages()}

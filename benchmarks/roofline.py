"""How much arithmetic a piece of work is, how much the machine can do at most, and where the time goes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest import mock

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from sparring.nn import convolution
from sparring.nn.products import by_onednn

SIDE = 1000
BLOCKS, PRODUCTS = 4, 3


def seconds(work: Callable[[], object], times: int) -> float:
    """How long one call takes, of so many in a row."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def peak() -> float:
    """Operations a second of products of two square matrices of 1,000 in float32, with torch's threads, by
    the faster library."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    with by_onednn(True):
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


MATRICES = "convolutions and products"
KINDS = {
    MATRICES: (
        *("aten::convolution", "aten::_convolution", "aten::mkldnn_convolution", "aten::slow_conv"),
        *("aten::thnn_conv", "aten::_slow_conv", "aten::im2col", "aten::col2im", "aten::mm", "aten::addmm"),
        *("aten::bmm", "aten::baddbmm", "aten::mkldnn_linear", "aten::linear"),
    ),
    "activations": (
        *("aten::leaky_relu", "aten::threshold", "aten::clamp", "aten::relu", "aten::elu", "aten::tanh"),
        *("aten::sigmoid", "aten::softplus", "aten::log_sigmoid", "aten::gelu"),
    ),
    "normalisation": ("aten::native_batch_norm", "aten::native_layer_norm", "aten::batch_norm"),
    "copies": ("aten::copy_", "aten::clone", "aten::cat", "aten::contiguous", "aten::index", "aten::fill_"),
    "sums and products of elements": ("aten::add", "aten::mul", "aten::sub", "aten::div", "aten::sum"),
    "optimisers and averages": ("aten::_fused_adam", "aten::_foreach", "Optimizer.", "aten::lerp"),
    "noise": ("aten::normal_", "aten::uniform_", "aten::bernoulli_", "aten::random_", "aten::randperm"),
}
"""Kinds of work by the beginnings of operators' names, each name under the first that it is of."""
OTHERS, OUTSIDE = "other operators", "outside of operators"


def shares(
    work: Callable[[], object], times: int, kinds: Mapping[str, Sequence[str]] = KINDS
) -> dict[str, float]:
    """Shares of the time of so many calls by kind of work; the rest is of other operators, or of none.

    Args:
        work: what is called.
        times: how often.
        kinds: kinds of work, by the beginnings of their names in the profile.
    """
    spent, whole = profiled(work, times)
    found = dict.fromkeys((*kinds, OTHERS), 0.0)
    for name, time_of in spent.items():
        kind = next((kind for kind, begin in kinds.items() if name.startswith(tuple(begin))), OTHERS)
        found[kind] += time_of / whole
    return found | {OUTSIDE: 1.0 - sum(found.values())}


def profiled(work: Callable[[], object], times: int) -> tuple[dict[str, float], float]:
    """Seconds of each of torch's operators itself in so many calls together, and of all of these calls."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        began = time.perf_counter()
        for _ in range(times):
            work()
        whole = time.perf_counter() - began
    return {event.key: event.self_cpu_time_total / 1e6 for event in found.key_averages()}, whole

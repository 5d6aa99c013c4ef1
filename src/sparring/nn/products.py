"""Products of matrices by oneDNN, where the library that torch takes by itself is slower.

On the processor of AMD's that was measured, Intel's MKL multiplies at about half the speed of oneDNN. Torch
has that as well, but takes it for products in float32 only if these may be rounded to bfloat16. oneDNN does
so on processors with units for such products (AMX) alone; whether it does is tried once.
`benchmarks/products.py` measures both.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sparring.process_wide import ProcessWide, Undo

LARGE = 4_000_000
"""Multiplications in the largest product of a network from which on oneDNN is faster for a whole round: it
takes some 15 microseconds more to begin."""
SIDE = 256
"""Of the matrices that are tried."""


@contextmanager
def by_onednn(wanted: bool) -> Iterator[None]:
    """Let oneDNN multiply matrices of float32 meanwhile, where `onednn_multiplies`.

    What torch is told is told to all of its process; `torch.get_float32_matmul_precision` fails meanwhile.
    """
    with _ONEDNN.changed() if wanted and onednn_multiplies() else nullcontext():
        yield


def take_onednn() -> Undo:
    """Let it multiply from now on."""
    products = precision_of_products()
    before, products.fp32_precision = products.fp32_precision, "bf16"

    def choose_again() -> None:
        # "none" leaves it to the setting for all operations, which keeps all digits as well.
        products.fp32_precision = "none" if before == "ieee" else before

    return choose_again


_ONEDNN = ProcessWide(take_onednn)


def has_large_products(networks: nn.Module, examples: int) -> bool:
    """Whether a product is large, for a batch of so many examples."""
    return largest_product(networks, examples) >= LARGE


def largest_product(networks: nn.Module, examples: int) -> int:
    """Multiplications of a batch of so many examples with the largest layer, at one place of each."""
    return examples * max((weight.numel() for weight in networks.parameters() if weight.dim() > 1), default=0)


@cache
def onednn_multiplies() -> bool:
    """Whether this processor is one of AMD's, and oneDNN is there and keeps all digits of float32."""
    products = precision_of_products()
    if products is None or not torch.backends.mkldnn.is_available() or not made_by_amd():
        return False
    # All of them have digits that bfloat16 has not.
    exact = torch.full((SIDE, SIDE), 1 + 2**-12, dtype=torch.float32, device="cpu")
    one = torch.eye(SIDE, dtype=torch.float32, device="cpu")
    before, products.fp32_precision = products.fp32_precision, "bf16"
    try:
        return torch.equal(exact @ one, exact)
    finally:
        products.fp32_precision = before


def precision_of_products() -> Any:
    """Where torch keeps which digits oneDNN may leave out of products; None in older versions of it."""
    return getattr(torch.backends.mkldnn, "matmul", None)


def made_by_amd() -> bool:
    """Whether this processor is one of AMD's."""
    try:
        about = Path("/proc/cpuinfo").read_text()
    except OSError:
        about = platform.processor()
    return "AuthenticAMD" in about

"""Random bits, very many at a time, from any place of their stream on.

torch draws them one number at a time, and all that come before. numpy's PCG64 is faster, and can leave out
what is not wanted (`advance`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray
from torch import Tensor

BEGINNING = 4
"""Numbers of 64 random bits with which a stream begins."""
IN_A_WORD = 4
"""Numbers of 16 bits among 64."""


def numbers_of_16_bits(beginning: Tensor, first: int, count: int) -> Tensor:
    """So many numbers of a stream, int16 (count,), evenly from -32,768 ... 32,767.

    Args:
        beginning: random, int64 (BEGINNING,), on the CPU; the same has the same stream.
        first: how many of the stream come before them.
        count: how many.
    """
    given = _Given(beginning.numpy().view(np.uint64))
    stream = np.random.PCG64(given)  # type: ignore[arg-type]  # numpy's hints know only its own sequences
    words, left_out = divmod(first, IN_A_WORD)
    stream.advance(words)
    drawn: NDArray[np.uint64] = stream.random_raw(-(-(left_out + count) // IN_A_WORD))
    return torch.from_numpy(drawn.view(np.int16))[left_out : left_out + count]


class _Given(ISeedSequence):
    """A beginning that is random already; numpy would mix it first, for as long as thousands of bits take."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[np.uint64]:
        """All of it, which is as much as is asked for."""
        return self.words

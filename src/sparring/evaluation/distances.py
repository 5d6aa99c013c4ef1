"""Euclidean distances between many vectors, a block at a time: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.data.kinds import Points

ROWS, COLUMNS = 1024, 8192
"""Size of one block of a distance matrix: 32 MiB of float32."""

EXACT_UP_TO = 16
"""Dimensions up to which differences are squared one by one: there |x|^2 + |y|^2 - 2xy is no faster, and its
rounding is larger than the gaps between points of a dense two-dimensional mixture."""


def as_column(vectors: Tensor) -> Column:
    """Vectors (N, D), such as features, as a column."""
    return Column(Points(tuple(vectors.shape[1:])), vectors)


def squared_distances(queries: Tensor, references: Tensor) -> Tensor:
    """Squared distances (Q, R) of float32 vectors (Q, D) to vectors (R, D)."""
    if queries.shape[1] <= EXACT_UP_TO:
        exact = torch.cdist(queries, references, compute_mode="donot_use_mm_for_euclid_dist")
        return exact.square_()
    # Distances survive a shift, and float32 keeps more of their digits near the origin.
    centre = references.mean(0)
    queries, references = queries - centre, references - centre
    squares = references.square().sum(1) + queries.square().sum(1, keepdim=True)
    return squares.addmm_(queries, references.T, alpha=-2).clamp_(min=0)


def blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover 0 ... count."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def nearest(queries: Column, references: Column, k: int = 1, *, same: bool = False) -> tuple[Tensor, Tensor]:
    """The k nearest references of each query, by the distance of their vectors.

    Args:
        queries: Q values.
        references: R values whose vectors are as long.
        k: how many; at most R, or R - 1 where `same`.
        same: both are the same set, and nothing counts as its own neighbour.

    Returns:
        Distances (Q, k), float32, ascending; and positions in the references (Q, k), int64.
    """
    parts = [_nearest(queries, references, k, rows, same) for rows in blocks(len(queries), ROWS)]
    return torch.cat([distances for distances, _ in parts]), torch.cat([found for _, found in parts])


def _nearest(queries: Column, references: Column, k: int, rows: slice, same: bool) -> tuple[Tensor, Tensor]:
    block = queries[rows].vectors()
    best = torch.full((len(block), 0), torch.inf)
    found = torch.zeros((len(block), 0), dtype=torch.int64)
    for columns in blocks(len(references), COLUMNS):
        distances = squared_distances(block, references[columns].vectors())
        if same:
            _ignore_self(distances, rows, columns)
        nearer, positions = distances.topk(min(k, distances.shape[1]), largest=False)
        best, found = torch.cat([best, nearer], 1), torch.cat([found, positions + columns.start], 1)
        best, order = best.topk(min(k, best.shape[1]), largest=False)
        found = found.gather(1, order)
    return best.sqrt(), found


def near_counts(examples: Column, radius: float) -> Tensor:
    """For each of N values, how many of the others are within `radius` of it, int64 (N,)."""
    counts = torch.zeros(len(examples), dtype=torch.int64)
    for rows in blocks(len(examples), ROWS):
        block = examples[rows].vectors()
        for columns in blocks(len(examples), COLUMNS):
            distances = squared_distances(block, examples[columns].vectors())
            _ignore_self(distances, rows, columns)
            counts[rows] += (distances <= radius**2).sum(1)
    return counts


def _ignore_self(distances: Tensor, rows: slice, columns: slice) -> None:
    """Put infinity where row and column of a block of a square matrix are the same element."""
    start, stop = max(rows.start, columns.start), min(rows.stop, columns.stop)
    diagonal = torch.arange(start, max(start, stop))
    distances[diagonal - rows.start, diagonal - columns.start] = torch.inf

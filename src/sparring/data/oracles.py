"""Oracles: networks that write the texts to be learnt, so that every text has a likelihood."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sparring.data.arrays import Array, Arrays
from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Tokens
from sparring.data.truth import Axis, Figure, Truth
from sparring.errors import DataError
from sparring.nn.writer import Writer
from sparring.randomness import Randomness

LENGTH = 20
"""Tokens of a text."""
TRAINING_TEXTS = 10_000
HELD_OUT_TEXTS = 2_000
GATES = ("i", "f", "c", "og")
"""The gates as the arrays call them, in the order of PyTorch's LSTM: input, forget, candidate, output."""


@dataclass(frozen=True, eq=False)
class Oracle(Truth):
    """A recurrent network that is taken for the distribution of texts (Yu et al. 2017, arXiv:1609.05473,
    section 4)."""

    writer: Writer

    def figures(self) -> Mapping[str, Figure]:
        """How likely samples are."""
        about = "surprise of the oracle at samples, nats a token; lower is better, too low is too few texts"
        return {"oracle_nll": Figure(self.nll, about, Axis.QUALITY)}

    @torch.no_grad()
    def nll(self, texts: Tensor) -> Tensor:
        """Negative log-likelihood of texts (count, length) in nats a token, (count,)."""
        parts = texts.split(1000)
        return torch.cat([self.writer.surprise(part, torch.ones_like(part))[1].mean(1) for part in parts])

    @torch.no_grad()
    def draw(self, count: int, chance: Randomness) -> Tensor:
        """Texts of the oracle's own, int64 (count, 20)."""
        # In double precision: rounding, which differs between machines, almost never changes a token then.
        noise = chance.uniform(count, LENGTH, low=0.0, high=1.0).double()
        return copy.deepcopy(self.writer).double().write(noise)


def read_oracle(path: Path, seed: int = 0) -> Dataset:
    """10 000 texts for training and 2 000 held-out ones, written by an oracle.

    Args:
        path: a .npz file with the 15 arrays of the published oracle: `emb` (V, E); `Wi`, `Wf`, `Wc`, `Wog`
            (E, H), `Ui`, `Uf`, `Uc`, `Uog` (H, H) and `bi`, `bf`, `bc`, `bog` (H,) of the gates; `Wo` (H, V)
            and `bo` (V,). Texts begin with the token 0.
        seed: which draw of the texts to take.

    Raises:
        DataError: the file cannot be read, or these are not its arrays.
    """
    oracle = Oracle(_writer(Arrays(path), path))
    kind = Tokens((LENGTH,), tuple(str(number) for number in range(oracle.writer.scores.out_features)))
    chance, name = Randomness(seed).child("oracle"), f"oracle:{path}"

    def texts(count: int, part: str) -> Column:
        return Column(kind, oracle.draw(count, chance.child(part)))

    held_out = Dataset(name, texts(HELD_OUT_TEXTS, "held out"), truth=oracle)
    return Dataset(name, texts(TRAINING_TEXTS, "training"), held_out=held_out, truth=oracle)


def _writer(arrays: Mapping[str, Array], path: Path) -> Writer:
    """The network that arrays are the weights of; it is not trained."""
    _check(arrays, path)
    weights = {name: torch.from_numpy(array).float() for name, array in arrays.items()}
    (vocabulary, embedding), hidden = arrays["emb"].shape, len(arrays["bi"])
    writer = Writer(vocabulary, embedding, hidden).requires_grad_(False).eval()
    gates = {part: torch.cat([weights[f"{part}{gate}"].t() for gate in GATES]) for part in "WUb"}
    writer.load_state_dict(
        {
            "embedding.weight": weights["emb"],
            "memory.weight_ih_l0": gates["W"],
            "memory.weight_hh_l0": gates["U"],
            "memory.bias_ih_l0": gates["b"],
            "memory.bias_hh_l0": torch.zeros_like(gates["b"]),
            "scores.weight": weights["Wo"].t(),
            "scores.bias": weights["bo"],
        }
    )
    return writer


def _check(arrays: Mapping[str, Array], path: Path) -> None:
    """Raise DataError unless these are the arrays of an oracle."""
    names = ["emb", *(f"{part}{gate}" for gate in GATES for part in "WUb"), "Wo", "bo"]
    if set(arrays) != set(names):
        raise DataError(
            f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}; an oracle has the arrays "
            f"{', '.join(names)}."
        )
    if arrays["emb"].ndim != 2 or arrays["bi"].ndim != 1:
        raise DataError(f"In {path}, 'emb' must be a matrix and 'bi' a row of numbers.")
    (vocabulary, embedding), hidden = arrays["emb"].shape, len(arrays["bi"])
    shapes = {"emb": (vocabulary, embedding), "Wo": (hidden, vocabulary), "bo": (vocabulary,)}
    for gate in GATES:
        shapes |= {f"W{gate}": (embedding, hidden), f"U{gate}": (hidden, hidden), f"b{gate}": (hidden,)}
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f" or not torch.from_numpy(array).isfinite().all():
            raise DataError(
                f"'{name}' in {path} must hold finite floats of shape {shape}, and is {array.dtype} of shape "
                f"{array.shape}."
            )

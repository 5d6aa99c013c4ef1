"""Oracles: their likelihood is that of the equations, their texts are drawn by it, odd files are refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.data import Dataset, load_dataset
from sparring.data.oracles import GATES, Oracle
from sparring.errors import DataError
from sparring.randomness import Randomness

VOCABULARY, EMBEDDING, HIDDEN = 4, 3, 5
Arrays = dict[str, Any]


def arrays() -> Arrays:
    """A small oracle with weights of the normal distribution, as the published one has."""
    random = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {"emb": (VOCABULARY, EMBEDDING)}
    for gate in GATES:
        shapes |= {f"W{gate}": (EMBEDDING, HIDDEN), f"U{gate}": (HIDDEN, HIDDEN), f"b{gate}": (HIDDEN,)}
    shapes |= {"Wo": (HIDDEN, VOCABULARY), "bo": (VOCABULARY,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Dataset]:
    def loaded(given: Arrays) -> Dataset:
        np.savez(tmp_path / "oracle.npz", **given)
        return load_dataset(f"oracle:{tmp_path / 'oracle.npz'}")

    return loaded


def by_the_equations(given: Arrays, text: tuple[int, ...]) -> float:
    """Nats a token of a text, as the paper's oracle is written down."""
    given = {name: array.astype(np.float64) for name, array in given.items()}
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    hidden, cell, before, total = np.zeros(HIDDEN), np.zeros(HIDDEN), 0, 0.0
    for token in text:
        x = given["emb"][before]
        i, f, c, o = (x @ given[f"W{g}"] + hidden @ given[f"U{g}"] + given[f"b{g}"] for g in GATES)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
        hidden = sigmoid(o) * np.tanh(cell)
        logits = hidden @ given["Wo"] + given["bo"]
        total += np.log(np.exp(logits).sum()) - logits[token]
        before = token
    return float(total / len(text))


def test_likelihoods_are_those_of_the_equations_and_add_up_to_one(load: Callable[..., Dataset]) -> None:
    given = arrays()
    oracle = load(given).truth
    assert isinstance(oracle, Oracle)
    every = torch.tensor(list(itertools.product(range(VOCABULARY), repeat=3)))
    found = oracle.nll(every)
    expected = [by_the_equations(given, tuple(text)) for text in every.tolist()]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32))
    assert (-3 * found).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_texts_are_drawn_by_their_likelihood(load: Callable[..., Dataset]) -> None:
    """The first two tokens of 10,000 texts, by a chi-squared of 15 degrees of freedom."""
    dataset = load(arrays())
    assert dataset.held_out is not None
    assert (len(dataset), len(dataset.held_out)) == (10_000, 2_000)
    pairs = torch.tensor(list(itertools.product(range(VOCABULARY), repeat=2)))
    expected = 10_000 * (-2 * dataset.truth.nll(pairs)).exp()  # type: ignore[attr-defined]
    first = dataset.examples.values[:, :2]
    found = torch.bincount(first[:, 0] * VOCABULARY + first[:, 1], minlength=len(pairs))
    assert ((found - expected) ** 2 / expected).sum().item() < 37.7  # One in a thousand is beyond.


def test_an_oracle_is_less_surprised_by_its_own_texts(load: Callable[..., Dataset]) -> None:
    """It writes what it thinks likely; the held-out texts are like the others."""
    dataset = load(arrays())
    figure = dataset.truth.figures()["oracle_nll"]
    assert dataset.held_out is not None
    own, others = figure.measure(dataset.examples.values), figure.measure(dataset.held_out.examples.values)
    error = (own.var() / len(own) + others.var() / len(others)).sqrt()
    assert abs(own.mean() - others.mean()) < 4 * error
    even = figure.measure(torch.randint(VOCABULARY, (1000, 20), generator=torch.Generator().manual_seed(0)))
    assert own.mean() < np.log(VOCABULARY) < even.mean()


def test_the_same_file_gives_the_same_texts_and_another_seed_others(tmp_path: Path) -> None:
    np.savez(tmp_path / "oracle.npz", **arrays())
    name = f"oracle:{tmp_path / 'oracle.npz'}"
    first, again, other = (load_dataset(name, seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_drawing_leaves_the_oracle_as_it_was(load: Callable[..., Dataset]) -> None:
    oracle = load(arrays()).truth
    assert isinstance(oracle, Oracle)
    before = oracle.nll(torch.zeros(2, 20, dtype=torch.int64))
    oracle.draw(3, Randomness(0))
    assert torch.equal(oracle.nll(torch.zeros(2, 20, dtype=torch.int64)), before)


@pytest.mark.parametrize(("changed", "message"), [
    ({"emb": None}, r"holds Uc, .*; an oracle has the arrays emb, Wi, Ui, bi, Wf"),
    ({"bog": np.zeros(4, np.float32)}, r"'bog' in .* must hold finite floats of shape \(5,\), and is"),
    ({"emb": np.zeros(4, np.float32)}, r"'emb' must be a matrix"),
    ({"bo": np.zeros(4, np.int64)}, r"'bo' in .* finite floats of shape \(4,\), and is int64"),
    ({"bo": np.full(4, np.nan, np.float32)}, r"'bo' in .* finite floats"),
])  # fmt: skip
def test_what_is_no_oracle_is_refused(load: Callable[..., Dataset], changed: Arrays, message: str) -> None:
    given = {name: array for name, array in (arrays() | changed).items() if array is not None}
    with pytest.raises(DataError, match=message):
        load(given)

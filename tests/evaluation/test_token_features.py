"""Features of sequences of tokens: their closed forms, and what a Frechet distance of them tells."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sparring.evaluation.features import TokenFeatures
from sparring.evaluation.features.tokens import DIRECTIONS
from sparring.evaluation.figures.fidelity import fid
from sparring.randomness import Randomness

VOCABULARY, LENGTH = 12, 20


def chain(count: int, seed: int) -> Tensor:
    """Sequences in which the next token mostly is one or two above the last."""
    random = Randomness(seed)
    tokens = [random.integers(count, VOCABULARY)]
    while len(tokens) < LENGTH:
        step = 1 + random.integers(count, 2)
        tokens.append(
            torch.where(random.bernoulli(0.9, count) > 0, tokens[-1] + step, tokens[-1]) % VOCABULARY
        )
    return torch.stack(tokens, 1)


def damaged(tokens: Tensor, share: float) -> Tensor:
    """A share of the tokens replaced by any."""
    random = Randomness(7)
    others = random.integers(tokens.numel(), VOCABULARY).view_as(tokens)
    return torch.where(random.bernoulli(share, *tokens.shape) > 0, others, tokens)


def distance(first: Tensor, second: Tensor, part: slice = slice(None)) -> float:
    extractor = TokenFeatures(VOCABULARY)
    return fid(extractor.features(first)[:, part], extractor.features(second)[:, part]).value


def test_they_are_the_same_whoever_asks() -> None:
    tokens = chain(250, 0)
    first, second = TokenFeatures(VOCABULARY), TokenFeatures(VOCABULARY)
    assert first.name == second.name
    assert torch.equal(first.features(tokens), second.features(tokens))
    torch.testing.assert_close(first.features(tokens[:7]), first.features(tokens)[:7], rtol=0, atol=0)
    assert first.features(tokens).shape == (250, first.size)
    assert first.name != TokenFeatures(VOCABULARY + 1).name


def test_they_leave_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    TokenFeatures(VOCABULARY)
    assert torch.equal(torch.get_rng_state(), before)


def test_one_token_over_and_over_has_the_length_of_its_count() -> None:
    """n equal signs, divided by the root of n."""
    features = TokenFeatures(VOCABULARY).features(torch.full((1, LENGTH), 3))[0]
    torch.testing.assert_close(features[:DIRECTIONS].abs(), torch.full((DIRECTIONS,), LENGTH**0.5))
    torch.testing.assert_close(features[DIRECTIONS:].abs(), torch.full((DIRECTIONS,), (LENGTH - 1) ** 0.5))


def test_the_mean_square_is_one_where_nothing_occurs_twice() -> None:
    tokens = torch.stack(
        [torch.randperm(500, generator=Randomness(n).generator)[:LENGTH] for n in range(300)]
    )
    features = TokenFeatures(500).features(tokens)
    assert features[:, :DIRECTIONS].square().mean().item() == pytest.approx(1, abs=0.05)
    assert features[:, DIRECTIONS:].square().mean().item() == pytest.approx(1, abs=0.05)


def test_inner_products_follow_those_of_the_counts() -> None:
    """Of the pairs, too, although there is no table of pairs: each has a direction that no other has."""
    vocabulary = 40
    tokens = Randomness(0).integers(60 * 200, vocabulary).view(60, 200) // 8 * 8
    pairs = tokens[:, :-1] * vocabulary + tokens[:, 1:]
    features = TokenFeatures(vocabulary).features(tokens).double()
    for part, items in ((features[:, :DIRECTIONS], tokens), (features[:, DIRECTIONS:], pairs)):
        counts = torch.stack([row.bincount(minlength=vocabulary**2) for row in items]).double()
        expected = counts @ counts.T / items.shape[1]
        found = part @ part.T / DIRECTIONS
        assert (found - expected).abs().mean() < 0.15 * expected.diagonal().mean()


def test_order_shows_in_the_pairs_alone() -> None:
    tokens = chain(200, 0)
    shuffled = tokens[:, torch.randperm(LENGTH, generator=Randomness(0).generator)]
    first, second = (TokenFeatures(VOCABULARY).features(each) for each in (tokens, shuffled))
    torch.testing.assert_close(first[:, :DIRECTIONS], second[:, :DIRECTIONS])
    assert (first[:, DIRECTIONS:] != second[:, DIRECTIONS:]).any(1).all()
    pairs = slice(DIRECTIONS, None)
    real = chain(2000, 1)
    other = chain(2000, 2)
    mixed = other[:, torch.randperm(LENGTH, generator=Randomness(0).generator)]
    assert distance(real, mixed, pairs) > 20 * distance(real, other, pairs)


def test_the_distance_grows_with_the_damage() -> None:
    real = chain(2000, 1)
    distances = [distance(real, damaged(chain(2000, 2), share)) for share in (0.0, 0.05, 0.2, 0.5, 1.0)]
    assert distances == sorted(distances)
    assert distances[1] > 2 * distances[0]


def test_missing_tokens_show() -> None:
    real, other = chain(2000, 1), chain(2000, 2)
    assert distance(real, other.clamp(max=VOCABULARY // 2)) > 20 * distance(real, other)


def test_a_sequence_of_one_token_has_no_pairs() -> None:
    features = TokenFeatures(VOCABULARY).features(torch.arange(VOCABULARY).unsqueeze(1))
    assert (features[:, :DIRECTIONS].abs() == 1).all()
    assert (features[:, DIRECTIONS:] == 0).all()

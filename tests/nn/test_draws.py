"""Draws out of a vocabulary: the distribution function computed whole."""

import pytest
import torch
from torch.nn import functional as F

from sparring.nn.draws import BLOCK, Draws


def test_tokens_are_drawn_by_their_chances() -> None:
    shares = torch.tensor([0.2, 0.5, 0.3])
    noise = torch.tensor([0.0, 0.19, 0.21, 0.69, 0.71, 0.999999, 1.0])
    draws = Draws(torch.zeros(3, 1), shares.log())
    assert draws(torch.zeros(7, 1), noise).tolist() == [0, 0, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("vocabulary", [2, BLOCK, 3 * BLOCK + 5])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_a_draw_is_where_noise_falls(vocabulary: int, temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    weight, bias = (torch.randn(vocabulary, *size, generator=generator) for size in ((8,), ()))
    hidden, noise = torch.randn(300, 8, generator=generator), torch.rand(300, generator=generator)
    noise[:2] = torch.tensor([0.0, 1.0 - 2**-24])
    drawn = Draws(weight, bias, temperature)(hidden, noise)
    shares = ((hidden @ weight.t() + bias) / temperature).double().softmax(1).cumsum(1)
    shares = F.pad(shares, (1, 0))
    low, high = (shares.gather(1, drawn[:, None] + more).squeeze(1) for more in (0, 1))
    assert (low - 1e-5 <= noise).all()
    assert (noise <= high + 1e-5).all()
    assert 0 <= drawn.min() <= drawn.max() < vocabulary
    assert len(drawn.unique()) > min(vocabulary, 30) - 1


@pytest.mark.parametrize("temperature", [0.01, 1e-10])
def test_the_coldest_draw_is_the_likeliest_token(temperature: float) -> None:
    """Also where all scores are far below 0, and the vocabulary fills no block."""
    bias = torch.full((BLOCK + 5,), -30.0).index_fill(0, torch.tensor(7), -20.0)
    draws = Draws(torch.zeros(BLOCK + 5, 1), bias, temperature)
    assert draws(torch.zeros(9, 1), torch.linspace(0, 1, 10)[:9]).tolist() == [7] * 9

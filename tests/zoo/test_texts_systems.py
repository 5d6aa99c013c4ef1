"""Systems that write texts: their losses and figures by closed forms, their samples by their settings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Tokens
from sparring.data.kinds.tokens import END, MARKS
from sparring.nn.clipping import ClippedAdam
from sparring.training.engine import Engine

Make = Callable[..., Engine]
LENGTH = 6


def texts(count: int = 40, **more: Any) -> Dataset:
    """Random texts of up to six letters, an end among them."""
    kind = Tokens((LENGTH,), (*MARKS, *"abcde"), "", ends=True)
    tokens = torch.randint(3, 8, (count, LENGTH), generator=torch.Generator().manual_seed(count))
    tokens[torch.arange(count), 2 + torch.arange(count) % 4] = END
    return Dataset("texts", Column(kind, kind.decode(tokens)), **more)


def surprise(engine: Engine, tokens: Tensor) -> Tensor:
    """Of each token, by the logits."""
    return F.cross_entropy(engine.game.generator(tokens).transpose(1, 2), tokens, reduction="none")


def test_likelihood_is_of_the_tokens_up_to_the_end(make_engine: Make) -> None:
    engine = make_engine("language-model", texts())
    tokens = texts().examples.values
    counted = (torch.arange(LENGTH) <= 2 + (torch.arange(40) % 4)[:, None]).float()
    each = surprise(engine, tokens)
    batch = engine.streams["real"].peek()
    order = batch.indices
    terms = engine.game.likelihood(batch)
    expected = (each * counted)[order].sum() / counted[order].sum()
    assert terms["likelihood"].item() == pytest.approx(expected.item(), rel=1e-5)
    figure = engine.game.figures()["held_out_nll"].measure(batch)
    torch.testing.assert_close(figure, ((each * counted).sum(1) / counted.sum(1))[order])


def test_every_epoch_knows_the_surprise_at_held_out_texts(make_engine: Make) -> None:
    """Eight tokens of even chances, at first; what is held out is learnt where it is what is trained on."""
    engine = make_engine("language-model", texts(held_out=texts()), batch_size=20)
    first = engine.test()["figure/held_out_nll"]
    assert first == pytest.approx(math.log(8), abs=0.1)
    for _ in range(60):
        engine.play_round()
    assert engine.test()["figure/held_out_nll"] < first - 0.4


def test_a_low_temperature_writes_one_text_over_and_over(make_engine: Make) -> None:
    with torch.no_grad():
        counts = [
            len(make_engine("language-model", texts(), temperature=temperature).game.fake(50).unique(dim=0))
            for temperature in (1e-4, 1.0)
        ]
    assert counts[0] == 1
    assert counts[1] > 30


def test_weights_begin_as_the_code_has_them(make_engine: Make) -> None:
    """N(0, 0.1²), and one bias for each gate."""
    generator = make_engine("language-model", texts(), embedding_size=64, hidden_size=64).game.generator
    for name, parameter in generator.named_parameters():
        deviation = 0.0 if name == "memory.bias_hh_l0" else 0.1
        assert parameter.std().item() == pytest.approx(deviation, rel=0.5)


@pytest.mark.parametrize(("largest", "left"), [(1.0, 0.2), (10.0, 1.0)])
def test_gradients_are_clipped_together(largest: float, left: float) -> None:
    """Of length 5, as 3 and 4; what Adam sees of them is in its memory."""
    parameters = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = ClippedAdam(parameters, 0.1, largest, fused=True)
    for parameter, gradient in zip(parameters, (3.0, 4.0), strict=True):
        parameter.grad = torch.tensor([gradient])
    optimizer.step()
    seen = [optimizer.state[parameter]["exp_avg"].item() / 0.1 for parameter in parameters]
    assert seen == pytest.approx([3.0 * left, 4.0 * left], rel=1e-4)

"""The network that writes texts: what surprises it, and what it writes from noise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.nn import surprise
from sparring.nn.surprise import summed_surprise
from sparring.nn.writer import Writer

VOCABULARY, LENGTH = 7, 5


@pytest.fixture
def writer() -> Writer:
    torch.manual_seed(0)
    return Writer(VOCABULARY, 3, 4)


def texts(count: int = 6) -> Tensor:
    return torch.randint(VOCABULARY, (count, LENGTH), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("place", "bias"), [(3, 2.0), (3, 200.0), (3, -200.0), (slice(None), 200.0), (slice(None), -200.0)]
)
@pytest.mark.parametrize("at_once", [1, 3 * VOCABULARY, 2**19])
def test_surprise_and_its_gradients_are_those_of_a_cross_entropy(
    at_once: int, place: int | slice, bias: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In chunks of one, three and all; with one logit, or all, whose exponential is infinite, or 0."""
    monkeypatch.setattr(surprise, "AT_ONCE", at_once)
    random = torch.Generator().manual_seed(0)
    given = [torch.randn(shape, generator=random) for shape in ((10, 4), (VOCABULARY, 4), (VOCABULARY,))]
    given[2][place] = bias
    tokens = torch.randint(VOCABULARY, (10,), generator=random)
    weights = torch.randn(10, generator=random)
    ours, theirs = ([value.clone().requires_grad_() for value in given] for _ in range(2))
    total, each = summed_surprise(*ours, tokens, weights)
    hidden, weight, bias = theirs
    expected = F.cross_entropy(F.linear(hidden, weight, bias), tokens, reduction="none")
    # float32 holds a logit of 200 to 2e-5.
    torch.testing.assert_close(each, expected, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(total, (weights * expected).sum(), atol=1e-4, rtol=1e-5)
    assert not each.requires_grad
    (3 * total).backward()
    (3 * weights * expected).sum().backward()
    for own, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(own.grad, other.grad, atol=1e-4, rtol=1e-4)


def test_tokens_may_share_what_is_remembered() -> None:
    random = torch.Generator().manual_seed(0)
    given = [torch.randn(shape, generator=random) for shape in ((3, 4), (VOCABULARY, 4), (VOCABULARY,))]
    tokens, rows = torch.tensor([1, 4, 1, 0, 2]), torch.tensor([0, 2, 0, 0, 2])
    weights = torch.randn(5, generator=random)
    ours, theirs = ([value.clone().requires_grad_() for value in given] for _ in range(2))
    total, each = summed_surprise(*ours, tokens, weights, rows)
    expected, of_each = summed_surprise(theirs[0][rows], *theirs[1:], tokens, weights)
    torch.testing.assert_close(each, of_each)
    torch.testing.assert_close(total, expected)
    total.backward()
    expected.backward()
    for own, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(own.grad, other.grad)


def test_nothing_is_kept_for_gradients_that_nobody_wants() -> None:
    with torch.no_grad():
        total, _ = summed_surprise(
            torch.ones(2, 3), torch.ones(4, 3), torch.ones(4), torch.tensor([0, 1]), torch.ones(2)
        )
    assert not total.requires_grad
    assert total.item() == pytest.approx(2 * torch.tensor(4.0).log().item())


def test_a_text_is_read_from_its_start(writer: Writer) -> None:
    """What comes after a token changes nothing before it."""
    tokens = texts()
    logits = writer(tokens)
    assert logits.shape == (6, LENGTH, VOCABULARY)
    changed = tokens.clone()
    changed[:, 2] = (changed[:, 2] + 1) % VOCABULARY
    after = writer(changed)
    assert torch.equal(after[:, :3], logits[:, :3])
    assert not torch.equal(after[:, 3], logits[:, 3])
    _, each = writer.surprise(tokens, torch.ones(6, LENGTH))
    torch.testing.assert_close(each, F.cross_entropy(logits.transpose(1, 2), tokens, reduction="none"))


def test_texts_of_one_token_are_as_likely_as_it_is_first(writer: Writer) -> None:
    tokens = texts()[:, :1]
    _, each = writer.surprise(tokens, torch.ones(6, 1))
    expected = F.cross_entropy(writer(tokens).flatten(0, 1), tokens.flatten(), reduction="none")
    torch.testing.assert_close(each.flatten(), expected)


def test_a_temperature_changes_what_surprises_as_it_changes_what_is_written(writer: Writer) -> None:
    tokens = texts()
    _, each = writer.surprise(tokens, torch.ones(6, LENGTH), temperature=0.5)
    expected = F.cross_entropy(2 * writer(tokens).transpose(1, 2), tokens, reduction="none")
    torch.testing.assert_close(each, expected)


def test_what_is_written_has_the_chances_that_are_read(writer: Writer) -> None:
    """The share of each second token after each first one, over 20,000 texts."""
    with torch.no_grad():
        noise = torch.rand(20_000, 2, generator=torch.Generator().manual_seed(2))
        written = writer.write(noise)
        logits = writer(written)
        for token in range(VOCABULARY):
            after = written[written[:, 0] == token, 1]
            found = torch.bincount(after, minlength=VOCABULARY) / len(after)
            chances = logits[written[:, 0] == token, 1].softmax(1)[0]
            assert (found - chances).abs().max().item() < 4 * (0.25 / len(after)) ** 0.5


def test_a_low_temperature_takes_the_likeliest(writer: Writer) -> None:
    with torch.no_grad():
        noise = torch.rand(50, LENGTH, generator=torch.Generator().manual_seed(3))
        cold = writer.write(noise, temperature=1e-4)
        assert len(cold.unique(dim=0)) == 1
        assert torch.equal(cold, writer(cold).argmax(2))
        assert len(writer.write(noise).unique(dim=0)) > 40

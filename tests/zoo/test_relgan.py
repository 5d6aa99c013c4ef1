"""RelGAN: softened texts by the definition of the Gumbel-softmax, its losses by closed forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data.dataset import Column, Dataset, DataSpec
from sparring.data.kinds import Tokens
from sparring.data.kinds.tokens import END, MARKS, PADDING
from sparring.errors import OwnCodeError
from sparring.training.engine import Engine
from sparring.zoo import find_system

Make = Callable[..., Engine]
KIND = Tokens((6,), (*MARKS, *"abcde"), "", ends=True)
TINY = {"likelihood_epochs": 1, "critic_steps": 2, "critic_filters": 8, "critic_embedding": 8, "dropout": 0.0}
ADVERSARIAL = 4
"""The step at which the second phase begins, of 40 texts in batches of 10."""


def at(make_engine: Make, step: int = ADVERSARIAL, **settings: Any) -> Engine:
    tokens = torch.randint(1, 8, (40, 6), generator=torch.Generator().manual_seed(0))
    engine = make_engine("relgan", Dataset("texts", Column(KIND, KIND.decode(tokens))), **(TINY | settings))
    engine.step = step
    return engine


def gumbel(*shape: int) -> Tensor:
    return -(-torch.rand(*shape, generator=torch.Generator().manual_seed(1)).log()).log()


def test_tokens_are_draws_and_shares_their_softmax(make_engine: Make) -> None:
    """Read on is the token itself, so that the scores are those of the text."""
    generator, noise = at(make_engine).game.generator, gumbel(3000, 6, 8)
    with torch.no_grad():
        shares, tokens = generator.write_softly(noise, 4.0)
        noisy = generator(tokens) + noise
    torch.testing.assert_close(shares, (4 * noisy).softmax(2), atol=1e-5, rtol=1e-4)
    assert torch.equal(tokens, noisy.argmax(2))
    first = tokens[:, 0].bincount(minlength=8) / 3000
    torch.testing.assert_close(first, generator(tokens)[0, 0].softmax(0).detach(), atol=0.03, rtol=0)


def test_behind_the_end_stands_padding_alone(make_engine: Make) -> None:
    shares = at(make_engine, largest_gradient=1.0).game.softened(200)
    torch.testing.assert_close(shares.sum(2), torch.ones(200, 6))
    tokens = shares.argmax(2)
    behind = ~KIND.counted(tokens)
    assert 100 < behind.sum() < 1000
    assert torch.equal(
        shares[behind], F.one_hot(torch.tensor(PADDING), 8).float().expand(int(behind.sum()), 8)
    )
    assert (tokens == END).any()


def test_shares_grow_sharper(make_engine: Make) -> None:
    game = at(make_engine, sharpness=50.0).game
    entropy = []
    for game.progress in (0.0, 0.5, 1.0):
        shares = game.softened(100)
        entropy.append(-torch.xlogy(shares, shares).sum(2).mean().item())
    assert entropy[0] > 2 * entropy[1] > 8 * entropy[2]


def test_the_gradient_of_a_critic_comes_through(make_engine: Make) -> None:
    """Through the shares, to every weight: the tokens themselves let nothing pass."""
    engine = at(make_engine)
    game, batch = engine.game, engine.streams["real"].peek()
    sum(game.adversarial_loss(batch).values()).backward()
    for name, parameter in game.generator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name
    assert not game.generate(game.latent(10, game.random), torch.zeros(10, 0)).is_floating_point()


def test_straight_through_shows_tokens_with_the_gradient_of_their_shares(make_engine: Make) -> None:
    """The same noise, softened and not: what is seen differs, what comes back of a linear critic does not."""
    seen, slopes = [], []
    for straight in (False, True):
        game = at(make_engine, straight_through=straight).game
        with game.random.aside("noise"):
            shares = game.softened(20)
        weight = gumbel(8)
        (shares @ weight).sum().backward()
        seen.append(shares.detach())
        slopes.append(game.generator.scores.weight.grad)
    assert torch.equal(seen[1], KIND.softened(seen[1].argmax(2)))
    assert torch.equal(seen[0].argmax(2), seen[1].argmax(2))
    assert (seen[0] - seen[1]).abs().max() > 0.1
    torch.testing.assert_close(*slopes)


def test_straight_through_shows_the_critic_tokens_beside_tokens(
    make_engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, shown = at(make_engine, straight_through=True), []
    critic = engine.game.critic
    monkeypatch.setattr(critic, "forward", lambda x: shown.append(x.dtype) or x.float().flatten(1).mean(1))
    batch = engine.streams["real"].peek()
    engine.game.critic_loss(batch)
    engine.game.adversarial_loss(batch)
    assert shown == [torch.int64, torch.float32, torch.int64]


@pytest.mark.parametrize(("size", "wanted"), [(30, False), (3000, True)])
def test_a_large_vocabulary_gets_tokens_beside_tokens(size: int, wanted: bool) -> None:
    data = DataSpec(Tokens((4,), tuple(map(str, range(size)))), count=6400)
    for rung in find_system("relgan").recommended(data):
        assert rung.settings.get("straight_through", False) == wanted


def test_words_themselves_let_no_gradient_pass(make_engine: Make) -> None:
    """As the page on why GANs fail has it."""
    argmax = find_system(f"{Path(__file__).parents[2] / 'docs' / 'figures' / 'argmax.py'}:Argmax")
    engine = make_engine(argmax, at(make_engine).dataset, **TINY)
    engine.play_round()
    engine.step = ADVERSARIAL
    with pytest.raises(OwnCodeError, match="has no gradient for 'adversary'"):
        engine.play_round()


def test_losses_are_relativistic(make_engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = at(make_engine)
    game, batch = engine.game, engine.streams["real"].peek()
    fake = gumbel(10, 6, 8).softmax(2)
    monkeypatch.setattr(game, "softened", lambda count: fake)
    real = game.critic(batch.examples)
    torch.testing.assert_close(game.critic(game.kind.softened(batch.examples)), real)
    gap = real - game.critic(fake)
    torch.testing.assert_close(game.critic_loss(batch)["relativistic"], F.softplus(-gap).mean())
    torch.testing.assert_close(game.adversarial_loss(batch)["relativistic"], F.softplus(gap).mean())


@pytest.mark.parametrize("step", [0, ADVERSARIAL], ids=["likelihood", "adversarial"])
def test_it_resumes_exactly_in_the_middle_of_each_phase(
    make_engine: Make, resumes_exactly: Callable[[Engine, Engine], None], step: int
) -> None:
    resumes_exactly(at(make_engine, step, dropout=0.25), at(make_engine, 0, dropout=0.25))


def test_the_second_phase_moves_both(make_engine: Make) -> None:
    engine = at(make_engine)
    before = {name: value.clone() for name, value in engine.game.named_parameters()}
    values = engine.play_round()
    assert all(not torch.equal(before[name], value) for name, value in engine.game.named_parameters())
    assert {"adversary/relativistic", "critic/relativistic", "critic/logit_gap"} <= values.keys()

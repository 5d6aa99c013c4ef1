"""Systems that write texts: their losses and figures by closed forms, their samples by their settings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data.dataset import Batch, Column, Dataset
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
    """Where a user is shown samples: what is trained on does not know of it."""
    for temperature, sampled in ((1e-4, 1), (1.0, 50)):
        game = make_engine("language-model", texts(), temperature=temperature).game
        with torch.no_grad():
            latent = game.latent(50, game.random)
            assert len(game.generate(latent, latent[:, :0]).unique(dim=0)) > 30
            assert len(game.sample(latent, latent[:, :0]).unique(dim=0)) <= sampled


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


# -- SeqGAN ----------------------------------------------------------------------------------------------

TINY = {"likelihood_epochs": 1, "critic_epochs": 1, "critic_steps": 2, "rollouts": 3, "batch_size": 10}
PHASES = {"likelihood": 0, "critic": 4, "rewards": 8}
"""The step at which each phase begins, of 40 texts in batches of 10."""


def at(make_engine: Make, step: int, **settings: Any) -> Engine:
    engine = make_engine("seqgan", texts(), **(TINY | settings))
    engine.step = step
    return engine


def test_it_has_three_phases(make_engine: Make) -> None:
    legs = make_engine("seqgan", texts(), **TINY).course.legs
    assert {leg.phase.name: leg.first for leg in legs} == PHASES
    assert [[turn.player for turn in leg.phase.turns] for leg in legs] == [
        ["generator"], ["critic"], ["policy", "critic", "critic"],
    ]  # fmt: skip


@pytest.mark.parametrize("step", PHASES.values(), ids=PHASES)
def test_it_resumes_exactly_in_the_middle_of_each_phase(
    make_engine: Make, resumes_exactly: Callable[[Engine, Engine], None], step: int
) -> None:
    resumes_exactly(at(make_engine, step), at(make_engine, 0))


def test_completions_keep_their_beginnings_and_are_written_as_texts_are(make_engine: Make) -> None:
    """The same noise as of a whole text continues a beginning of it to that text."""
    generator = make_engine("seqgan", texts(), **TINY).game.generator
    noise, others = (torch.rand(9, *shape, LENGTH) for shape in ((), (2, LENGTH - 1)))
    with torch.no_grad():
        written = generator.write(noise)
        same = generator.complete(written, noise[:, None, None].expand(9, 2, LENGTH - 1, LENGTH))
        other = generator.complete(written, others)
    assert torch.equal(same, written[None, :, None].expand_as(same))
    for kept, completed in enumerate(other, 1):
        assert torch.equal(completed[..., :kept], written[:, None, :kept].expand(9, 2, kept))
        assert not torch.equal(completed, written[:, None].expand(9, 2, LENGTH))


def test_a_token_is_rewarded_for_what_can_follow_it(
    make_engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a critic that wants token 3 first, and by another that wants it last."""
    game = at(make_engine, 8, rollouts=400).game
    tokens = torch.tensor([[3, 4, 5, 6, 7, 3], [4, 4, 4, 4, 4, 4]])
    monkeypatch.setattr(game.critic, "forward", lambda x: torch.where(x[:, 0] == 3, 50.0, -50.0))
    torch.testing.assert_close(game.rewards(tokens), torch.tensor([[1.0], [0.0]]).expand(2, LENGTH))
    monkeypatch.setattr(game.critic, "forward", lambda x: torch.where(x[:, -1] == 3, 50.0, -50.0))
    rewards = game.rewards(tokens)
    assert rewards[:, -1].tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    # Before that it is one of eight tokens, unless the text has ended by then.
    assert 0.02 < rewards[:, :-1].min().item() < rewards[:, :-1].max().item() < 0.2


def test_a_delayed_copy_may_complete_texts(make_engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes after the generator in both phases in which that moves, and is what is asked."""
    assert at(make_engine, 8).game.average is None
    engine = at(make_engine, 200, rollout_delay=0.8, likelihood_epochs=10, critic_epochs=1)
    game = engine.game
    for step in (2, 200):
        engine.step = step
        before = game.average.network.scores.weight.clone()
        engine.play_round()
        # In the first rounds the past weighs less.
        past = min(0.8, (1 + step) / (10 + step))
        expected = past * before + (1 - past) * game.generator.scores.weight
        torch.testing.assert_close(game.average.network.scores.weight, expected)
    keep = lambda texts, noise: texts[None, :, None].expand(5, 10, 3, 6)  # noqa: E731
    monkeypatch.setattr(game.average.network, "complete", keep)
    monkeypatch.setattr(game.critic, "forward", lambda texts: (texts[:, 0] == 3) * 100.0 - 50.0)
    assert game.rewards(torch.tensor([3, 4, 4, 4, 4, 4]).expand(10, 6)).min() > 0.99


@pytest.mark.parametrize("summed", [True, False])
@pytest.mark.parametrize("baseline", [True, False])
def test_the_policy_loss_is_the_surprise_times_the_reward(
    make_engine: Make, monkeypatch: pytest.MonkeyPatch, summed: bool, baseline: bool
) -> None:
    engine = at(make_engine, 8, summed=summed, baseline=baseline)
    game, written = engine.game, texts(10).examples.values
    rewards = torch.rand(10, LENGTH, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(game, "fake", lambda count: written)
    monkeypatch.setattr(game, "rewards", lambda texts: rewards)
    counted = game.kind.counted(written).float()
    gain = rewards - rewards.mean(0) if baseline else rewards
    expected = (surprise(engine, written) * gain * counted).sum()
    terms = game.policy(engine.streams["real"].peek())
    expected = expected if summed else expected / counted.sum()
    assert terms["policy"].item() == pytest.approx(expected.item(), rel=1e-4, abs=1e-5)


def test_a_sum_over_a_batch_is_the_mean_of_those_of_its_parts(
    make_engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As several processes, and microbatches, have them."""
    engine = at(make_engine, 8)
    game, written, batch = engine.game, texts(10).examples.values, engine.streams["real"].peek()
    monkeypatch.setattr(game, "rewards", lambda texts: texts.float())

    def policy(part: Batch, first: int) -> float:
        monkeypatch.setattr(game, "fake", lambda count: written[first : first + count])
        return float(game.policy(part)["policy"].detach())

    parts = [policy(part, 5 * place) for place, part in enumerate(batch.chunks(2))]
    assert sum(parts) / 2 == pytest.approx(policy(batch, 0), rel=1e-5)


@pytest.mark.parametrize("critic", ["small", "authors"])
def test_critics_learn_to_tell_texts_apart(make_engine: Make, critic: str) -> None:
    engine = at(make_engine, 4, critic=critic, critic_epochs=20)
    for _ in range(40):
        values = engine.play_round()
    assert values["critic/logit_gap"] > 0.5

"""Settings that `gan` and `dcgan` have from the paper of 2014: k of algorithm 1, the loss of equation 1."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import sparring
from sparring.game import Batch, Turn
from sparring.training.engine import Engine

Make = Callable[..., Engine]
SETTINGS: dict[str, dict[str, Any]] = {"gan": {}, "dcgan": {"width": 4}}
systems = pytest.mark.parametrize("system", SETTINGS)


def batches_by_turn(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, ...]]]:
    """The player of every turn of a round, and the indices of the real examples that it saw."""
    seen: list[tuple[str, tuple[int, ...]]] = []
    take = engine._take_turn

    def look(turn: Turn, batches: Any, moves: Any) -> Any:
        (real,) = batches
        seen.append((turn.player, tuple(real.indices.tolist())))
        return take(turn, batches, moves)

    monkeypatch.setattr(engine, "_take_turn", look)
    engine.play_round()
    return seen


@systems
def test_one_discriminator_step_shares_the_batch_of_the_generator(
    system: str, make_engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(system, **SETTINGS[system])
    seen = batches_by_turn(engine, monkeypatch)
    order = ["generator", "discriminator"] if system == "gan" else ["discriminator", "generator"]
    assert [player for player, _ in seen] == order
    assert seen[0][1] == seen[1][1]
    assert engine.course.at(0).steps_per_epoch == 5


@systems
def test_k_discriminator_steps_see_k_batches(
    system: str, make_engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(system, discriminator_steps=3, **SETTINGS[system])
    seen = batches_by_turn(engine, monkeypatch)
    assert sorted(player for player, _ in seen) == ["discriminator"] * 3 + ["generator"]
    indices = [index for player, batch in seen if player == "discriminator" for index in batch]
    assert len(set(indices)) == len(indices) == 30
    (of_generator,) = [batch for player, batch in seen if player == "generator"]
    assert set(of_generator) <= set(indices), "the generator needs no batch of its own"
    assert engine.streams["real"].position == 3
    assert engine.course.at(0).steps_per_epoch == 2, "five batches, three a round"


class Doubtful(nn.Module):
    """Gives every example the same log-odds of being real."""

    def forward(self, examples: Tensor) -> Tensor:
        return torch.full((len(examples),), -2.0)


@systems
def test_the_setting_chooses_the_loss(
    system: str, make_engine: Make, deal: Callable[[Engine], Batch]
) -> None:
    losses = {}
    for saturating in (False, True):
        engine = make_engine(system, saturating=saturating, **SETTINGS[system])
        engine.game.discriminator = Doubtful()
        losses[saturating] = engine.game.generator_loss(deal(engine))["adversarial"]
    believed = torch.tensor(-2.0).sigmoid()
    torch.testing.assert_close(losses[False], -believed.log())
    torch.testing.assert_close(losses[True], (1 - believed).log())


@systems
def test_the_original_game_trains(system: str, tiny_npz: Path, tmp_path: Path) -> None:
    run = sparring.train(
        system,
        data=f"npz:{tiny_npz}",
        out=tmp_path / "run",
        max_steps=4,
        history_every=1,
        discriminator_steps=2,
        saturating=True,
        threads=1,
        quiet=True,
        **SETTINGS[system],
    )
    rows = [row for row in run.history() if row["kind"] == "steps"]
    assert len(rows) == 4
    assert all(row["generator/adversarial"] < 0 for row in rows), "a logarithm of a probability"
    assert sparring.load(run).sample(3).examples.shape == (3, 1, 20, 20)

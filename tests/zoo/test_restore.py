"""`restore`: pairs that it makes itself, anew in training and the same in pictures and figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import sparring
from sparring.data.dataset import Dataset
from sparring.errors import SettingError
from sparring.figures import game_figures
from sparring.training.engine import Engine
from sparring.translation.degradations import DEGRADATIONS
from sparring.zoo.restore import Restore

Make = Callable[..., Engine]
CPU = torch.device("cpu")


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_every_degradation_trains(make_engine: Make, make_dataset: Callable[..., Dataset], name: str) -> None:
    engine = make_engine("restore", make_dataset(20, channels=3, held_out=5), degradation=name)
    assert all(torch.tensor(value).isfinite() for value in engine.play_round().values())
    found = game_figures(engine.game, engine.dataset, CPU)
    assert {values.shape for values in found.values()} == {(5,)}
    assert found["PSNR of the input"].max() < 60


def test_each_time_anew_in_training_and_the_same_elsewhere(make_engine: Make) -> None:
    engine = make_engine("restore", degradation="noise", jitter=0.0, flips=False)
    game, batch = engine.game, engine.streams["real"].peek()
    sources = []
    for step in range(2):
        game.random.begin(f"step {step}")
        source, target = game.jittered(batch)
        assert torch.equal(target, batch.examples)
        sources.append(source)
    assert not torch.equal(*sources)
    first, again = game.condition(engine.dataset), game.condition(engine.dataset)
    assert torch.equal(first.values, again.values)
    for _ in range(2):
        figures = [game_figures(game, engine.dataset, CPU) for _ in range(2)]
        assert str(figures[0]) == str(figures[1])


def test_sources_may_have_fewer_channels(make_engine: Make, make_dataset: Callable[..., Dataset]) -> None:
    game = make_engine("restore", make_dataset(20, channels=3), degradation="edges").game
    source, made = game.kinds("AtoB")
    assert (source.shape, made.shape) == ((1, 20, 20), (3, 20, 20))
    assert isinstance(game, Restore)


def test_grey_is_not_taken_from_grey(make_engine: Make) -> None:
    with pytest.raises(SettingError, match=r"images are grey, so that .* takes nothing from them"):
        make_engine("restore", degradation="grey")


def test_from_the_command_line_to_a_picture(tiny_npz: Any, tmp_path: Any) -> None:
    small = {"width": 4, "critic_width": 4, "batch_size": 20, "max_steps": 2, "threads": 1, "quiet": True}
    data = {"data": f"npz:{tiny_npz}", "hold_out": 0.2, "out": tmp_path / "run"}
    run = sparring.train("restore", degradation="hole", **data, **small)
    picture = torch.randint(0, 256, (33, 47), dtype=torch.uint8).numpy()
    assert sparring.load(run).translate(picture).shape == (33, 47)
    found = sparring.evaluate(run, quiet=True).figures
    assert {"PSNR", "PSNR of the input", "fid", "fid_of_input"} <= set(found)

"""`inpaint`: what is known stays, losses are those of the holes, and what each shape of hole takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from sparring.data.dataset import Dataset
from sparring.data.kinds.images import alike
from sparring.randomness import Randomness
from sparring.sample_pictures import sample_pictures
from sparring.training.engine import Engine
from sparring.translation.holes import HOLES

Make = Callable[..., Engine]


@pytest.mark.parametrize("name", HOLES)
@pytest.mark.parametrize(("height", "width"), [(28, 28), (9, 40)])
def test_holes_take_a_part_of_every_image(name: str, height: int, width: int) -> None:
    holes = HOLES[name](200, height, width, Randomness(0))
    assert holes.shape == (200, 1, height, width)
    shares = holes.float().flatten(1).mean(1)
    assert shares.min() > 0.03
    assert shares.max() <= 0.27
    assert torch.equal(holes, HOLES[name](200, height, width, Randomness(0)))
    assert name == "centre" or len(holes.unique(dim=0)) > 100


def test_the_centre_is_the_centre() -> None:
    hole = HOLES["centre"](1, 8, 12, Randomness(0))[0, 0]
    assert hole[2:6, 3:9].all()
    assert hole.sum() == 4 * 6


def test_what_is_known_stays_and_what_is_hidden_is_not_seen(make_engine: Make, deal: Any) -> None:
    engine = make_engine("inpaint")
    game, whole = engine.game, deal(engine).examples
    source = game.left_of(whole, Randomness(0))  # type: ignore[operator]
    known = source[:, -1:] > 0
    made = game.generate(game.latent(len(whole), Randomness(0)), source)
    assert torch.equal(made.where(known, 0.0), whole.where(known, 0.0))
    assert not torch.equal(made, whole)
    # Whatever stands in a hole, such as what a mask of one's own hides, changes nothing.
    hidden = torch.cat([source[:, :-1].where(known, 0.7), source[:, -1:]], 1)
    assert torch.equal(game.generate(game.latent(len(whole), Randomness(0)), hidden), made)


def test_losses_are_means_over_the_holes(make_engine: Make) -> None:
    game = make_engine("inpaint", l1_weight=2.0).game
    target, known = torch.zeros(2, 3, 4, 4), torch.ones(2, 1, 4, 4)
    known[0, :, :2] = -1.0
    made = target.clone()
    made[0, :, 0] = 0.5  # Half of the hole.
    made[1] = 9.0  # No hole at all.
    terms = game.distance(made, target, torch.cat([target, known], 1))  # type: ignore[operator]
    assert terms["l2"].item() == pytest.approx(0.999 * 0.25 / 2)
    assert terms["l1"].item() == pytest.approx(2 * 0.5 / 2)
    assert "l1" not in make_engine("inpaint").game.distance(made, target, torch.cat([target, known], 1))  # type: ignore[operator]


def test_without_an_adversary_there_is_the_square_alone(make_engine: Make) -> None:
    engine = make_engine("inpaint", adversarial_weight=0.0)
    assert set(engine.players) == {"generator"}
    assert {name for name in engine.play_round() if name.startswith("generator/")} >= {"generator/l2"}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_show_what_is_missing(
    make_engine: Make, make_dataset: Callable[..., Dataset], channels: int, tmp_path: Path
) -> None:
    engine = make_engine("inpaint", make_dataset(20, channels=channels, held_out=5))
    assert sample_pictures(engine.game, engine.dataset, seed=0, epoch=1.0)["samples"].startswith(b"\x89PNG")


def test_what_is_not_known_of_transparent_images_is_transparent() -> None:
    image = torch.tensor([10, 20, 30, 200, 255], dtype=torch.uint8).view(1, 1, 5, 1, 1).repeat(1, 1, 1, 2, 2)
    image[..., 4, 0, 0] = 0
    shown, beside = alike([image, image[:, :, :3]])
    assert shown[0, 0, :, 0, 0].tolist() == [10, 20, 30, 0]
    assert shown[0, 0, :, 1, 1].tolist() == [10, 20, 30, 200]
    assert beside[0, 0, :, 0, 0].tolist() == [10, 20, 30, 255]
    grey = image[:, :, [0, 4]]
    assert alike([grey, grey[:, :, :1]])[1][0, 0, :, 0, 0].tolist() == [10, 255]

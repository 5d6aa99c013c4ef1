"""`srgan`: two phases, losses in closed form, sizes, and what is made of pictures of any size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

import sparring
from sparring.cli import main
from sparring.data.dataset import Dataset
from sparring.errors import SettingError
from sparring.nn.upscaler import Upscaler, enlarged
from sparring.training.engine import Engine

Make = Callable[..., Engine]


def test_what_is_made_begins_near_the_bicubic_image() -> None:
    torch.manual_seed(0)
    source = torch.rand(2, 3, 7, 5) * 2 - 1
    network = Upscaler(3, scale=4, width=8, blocks=2)
    made = network(source)
    assert made.shape == (2, 3, 28, 20)
    assert 0 < (made - enlarged(source, 4)).abs().mean() < 0.1
    plain = torch.full((1, 1, 6, 6), 0.25)
    assert torch.allclose(enlarged(plain, 2), torch.full((1, 1, 12, 12), 0.25))


def test_squares_first_then_the_critic(make_engine: Make) -> None:
    engine = make_engine("srgan", resnet_steps=2)
    rows = [set(engine.play_round()) for _ in range(3)]
    assert all("generator/l2" in row and not any("discriminator" in name for name in row) for row in rows[:2])
    assert {"generator/features", "generator/adversarial", "discriminator/real"} <= rows[2]
    assert "generator/l2" not in rows[2]


def test_without_an_adversary_all_is_the_first_phase(make_engine: Make) -> None:
    engine = make_engine("srgan", resnet_steps=1, adversarial_weight=0.0)
    assert [phase.name for phase in engine.game.phases()] == ["resnet"]
    assert set(engine.players) == {"generator"}
    for _ in range(3):
        assert "generator/l2" in engine.play_round()


def test_losses_are_their_formulas(make_engine: Make, deal: Any) -> None:
    engine = make_engine("srgan", flips=False, adversarial_weight=0.5, feature_weight=3.0)
    game: Any = engine.game
    batch = deal(engine)
    source, target = game.pair(batch)
    made = game.generate(game.latent(len(batch), game.random), source)
    assert game.squares(batch)["l2"].item() == pytest.approx((made - target).square().mean().item())
    terms = game.generator_loss(batch)
    logits = game.discriminator(made)
    assert terms["adversarial"].item() == pytest.approx(0.5 * F.softplus(-logits).mean().item(), rel=1e-5)
    layers = zip(game.looks.answers(made), game.looks.answers(target), strict=True)
    expected = sum((ours - theirs).square().mean().item() for ours, theirs in layers) / 3
    assert terms["features"].item() == pytest.approx(3 * expected, rel=1e-5)
    assert game.looks.apart(target, target).max() == 0


@pytest.mark.parametrize("scale", [2, 4])
def test_pictures_become_so_many_times_as_large(
    scale: int, tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = "--width 4 --critic-width 4 --blocks 1 --batch-size 10 --max-steps 2 --resnet-steps 1 --threads 1"
    words = f"train srgan --data npz:{tiny_npz} --hold-out 0.2 --out run --scale {scale} --quiet {small}"
    main(words.split())
    random = np.random.default_rng(0)
    for size in ((3, 5), (33, 18)):
        pixels = random.integers(0, 256, (*size, 4), dtype=np.uint8)
        Image.fromarray(pixels).save("in.png")
        main(["translate", "run", "in.png", "out.png", "--quiet"])
        with Image.open("out.png") as made:
            assert made.size == (size[1] * scale, size[0] * scale)
            assert made.mode == "LA" or made.mode == "RGBA"
    if scale == 2:
        found = sparring.evaluate("run", count=50, quiet=True).figures
        assert {"PSNR", "PSNR of the input", "fid", "fid_of_input"} <= set(found)


def test_other_scales_are_refused(make_engine: Make) -> None:
    with pytest.raises(SettingError, match=r"scale is 3: .* give 2 or 4"):
        make_engine("srgan", scale=3)


def test_the_input_is_compared_by_a_bicubic_kernel(
    make_dataset: Callable[..., Dataset], make_engine: Make
) -> None:
    engine = make_engine("srgan", make_dataset(12, channels=3))
    told, kind = engine.game.condition(engine.dataset), engine.dataset.examples.kind
    own = kind.as_own(told)
    assert own is not None
    expected = enlarged(told.values.float(), 4).round().clamp(0, 255).byte()
    assert torch.equal(own, expected)
    assert kind.as_own(engine.dataset.condition) is None


@pytest.mark.parametrize(("steps", "hint"), [(3, False), (2, True)])
def test_a_run_that_ends_before_the_critic_says_so(
    tiny_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: int, hint: bool
) -> None:
    small = f"--width 4 --blocks 1 --critic-width 4 --batch-size 10 --max-steps {steps} --threads 1"
    words = f"train srgan --data npz:{tiny_npz} --out {tmp_path / 'run'} --resnet-steps 2 {small}"
    main(words.split())
    said = " ".join(capsys.readouterr().out.split())
    assert ("the run ends before its phase 'adversarial': give it more steps" in said) is hint

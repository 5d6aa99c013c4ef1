"""FastGAN: its losses against closed forms, what excites what, and what is rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sparring.data.dataset import Dataset, dataset_of
from sparring.game import Batch
from sparring.nn.skip_excitation import ExcitedGenerator, RebuildingCritic, SkipExcitation
from sparring.training.engine import Engine

Make = Callable[..., Engine]
SMALL: dict[str, Any] = {"width": 4, "latent_size": 8, "batch_size": 8}


class Known(nn.Module):
    """Scores 0.5 for bright images and -2 for dark ones, in two parts, and rebuilds all as grey."""

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        bright = images.flatten(1).mean(1, keepdim=True) > 0
        scores = torch.where(bright, 0.5, -2.0).expand(-1, 2)
        return scores, images

    def rebuild(self, features: Tensor) -> Tensor:
        return torch.full((len(features), features.shape[1], 16, 16), 0.25)


@pytest.mark.parametrize(("rebuilt", "lost"), [(8, 0.75), (2, 1.5)])
def test_losses_are_the_hinge_and_what_is_lost_of_real_images(
    rebuilt: int, lost: float, make_engine: Make, monkeypatch: Any
) -> None:
    game = make_engine("fastgan", **SMALL, rebuilding_weight=2.0, rebuilt_images=rebuilt).game
    game.discriminator = Known()
    monkeypatch.setattr(game, "generate", lambda latent, condition: -torch.ones(len(latent), 1, 20, 20))
    # All are rebuilt as 0.25: 0.75 from white images, 0.25 from those half as bright; and it counts twice.
    shades = torch.tensor([1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    batch = Batch(shades.view(8, 1, 1, 1).expand(-1, 1, 20, 20), torch.zeros(8, 0), torch.arange(8))
    terms = game.discriminator_loss(batch)
    assert terms["real"].item() == 0.5, "max(0, 1 - 0.5)"
    assert terms["fake"].item() == 0.0, "max(0, 1 - 2)"
    assert terms["rebuilding"].item() == pytest.approx(lost)
    assert game.generator_loss(batch)["adversarial"].item() == 2.0
    assert game.critic_score(batch.examples, batch.condition).tolist() == [0.5] * 8


def test_a_gate_multiplies_each_channel_of_the_fine_map_by_a_share() -> None:
    excite = SkipExcitation(3, 5)
    coarse, fine = torch.randn(2, 3, 4, 4), torch.rand(2, 5, 16, 16) + 1
    share = excite(coarse, fine) / fine
    assert share.min() > 0
    assert share.max() < 1
    torch.testing.assert_close(share, share[:, :, :1, :1].expand_as(share))
    assert not torch.allclose(excite(coarse + 1, fine) / fine, share), "the coarse map decides"


@pytest.mark.parametrize(
    ("side", "excited"),
    [(8, []), (16, [(4, 8)]), (28, [(7, 14)]), (64, [(4, 32)]), (128, [(4, 64)]), (256, [(4, 64), (8, 128)])],
)
def test_coarse_maps_excite_those_four_sizes_later(
    side: int, excited: list[tuple[int, int]], make_dataset: Callable[..., Dataset]
) -> None:
    generator = ExcitedGenerator(make_dataset(2, size=side).spec, 8, 2)
    assert len(generator.excite) == len(excited)
    seen: list[tuple[int, int]] = []

    class Closed(nn.Module):
        def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
            seen.append((coarse.shape[3], fine.shape[3]))
            return 0 * fine

    assert generator(torch.randn(2, 8)).shape == (2, 1, side, side)
    generator.excite = nn.ModuleList(Closed() for _ in excited)
    made = generator(torch.randn(2, 8))
    assert seen == excited
    assert torch.equal(made[0], made[1]) == bool(excited), "through a closed gate nothing comes"


@pytest.mark.parametrize(
    ("shape", "rebuilt", "parts"),
    [((1, 7, 5), 16, 2), ((1, 8, 8), 16, 1), ((3, 28, 36), 16, 24), ((4, 64, 64), 32, 25)],
)
def test_what_is_rebuilt_has_the_colours_of_the_image(
    shape: tuple[int, int, int], rebuilt: int, parts: int
) -> None:
    data: Any = SimpleNamespace(shape=shape)
    critic = RebuildingCritic(data, 2)
    scores, features = critic(torch.randn(3, *shape))
    assert critic.rebuild(features).shape == (3, shape[0], rebuilt, rebuilt)
    assert scores.shape == (3, parts)


def test_the_critic_learns_to_rebuild_and_the_generator_is_not_asked_to(make_engine: Make) -> None:
    shades = torch.tensor([0, 80, 160, 240], dtype=torch.uint8).repeat(16)
    data = dataset_of("shades", shades[:, None, None, None].expand(-1, 1, 20, 20).contiguous())
    engine = make_engine("fastgan", data, **SMALL, discriminator_lr=5e-3)
    first = engine.play_round(True)
    assert "generator/rebuilding" not in first
    values = [float(engine.play_round(True)["discriminator/rebuilding"]) for _ in range(30)]
    assert sum(values[-5:]) / 5 < 0.5 * float(first["discriminator/rebuilding"])

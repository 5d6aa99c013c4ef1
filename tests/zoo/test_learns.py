"""Every system gets nearer to its data than it began, in seconds, by the energy distance.

Networks are small, rates are large, and the data is easy: what is tested is that nothing in a system stands
in the way of learning, not how good it gets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from sparring.data.dataset import Column, Dataset, dataset_of
from sparring.data.kinds import Tokens
from sparring.nn.modes import inference
from sparring.training.engine import Engine
from sparring.zoo import SYSTEMS

SAMPLES = 256
NEARER = 0.5
"""Share of the first distance that may be left at the most; most come to a fifth."""


def energy_distance(ours: Tensor, theirs: Tensor) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'| of vectors (count, D), which is 0 only for the same distribution."""
    between, within, beyond = (
        torch.cdist(one, other).double().mean()
        for one, other in ((ours, theirs), (ours, ours), (theirs, theirs))
    )
    return (2 * between - within - beyond).item()


def three_modes(count: int = 512) -> Dataset:
    """Points around three corners of a square that is not in the middle."""
    random = torch.Generator().manual_seed(0)
    centres = torch.tensor([[1.5, 0.0], [0.0, 1.5], [1.5, 1.5]])[torch.arange(count) % 3]
    return dataset_of("three modes", centres + 0.15 * torch.randn(count, 2, generator=random))


def one_mode(count: int = 512) -> Dataset:
    """Points around one place."""
    random = torch.Generator().manual_seed(0)
    return dataset_of("one mode", torch.tensor([1.5, 1.0]) + 0.3 * torch.randn(count, 2, generator=random))


def bars(side: int = 8, count: int = 256) -> Dataset:
    """Dark images with a bright half, the left or the right one; which it is is the class."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 2
    brightness = torch.randint(120, 250, (count, 1, 1, 1), generator=random)
    right = (torch.arange(side) >= side // 2).expand(count, 1, side, side)
    images = torch.where(right == labels.view(-1, 1, 1, 1).bool(), brightness, torch.tensor(30))
    return dataset_of("bars", images.to(torch.uint8), labels, ("left", "right"))


def plains(side: int = 20, count: int = 256) -> Dataset:
    """Images of one grey, the brighter ones in a class of their own."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 2
    grey = (torch.randint(180, 220, (count,), generator=random) + 30 * labels).view(-1, 1, 1, 1)
    return dataset_of(
        "plains", grey.expand(-1, 1, side, side).to(torch.uint8).contiguous(), labels, ("grey", "bright")
    )


def noisy_bars() -> Dataset:
    """Such images of 16 pixels, and the same with noise."""
    clean = bars(16)
    noise = 50 * torch.randn(clean.examples.values.shape, generator=torch.Generator().manual_seed(0))
    noisy = (clean.examples.values + noise).clamp(0, 255).to(torch.uint8)
    parts = {
        "A": Dataset("noisy", Column(clean.examples.kind, noisy)),
        "B": Dataset("clean", clean.examples),
    }
    return Dataset("noisy bars", clean.examples, parts=parts)


def rhymes(count: int = 256) -> Dataset:
    """Texts of six letters whose second half is the first, of a few letters out of many."""
    random = torch.Generator().manual_seed(0)
    half = 5 + torch.randint(3, (count, 3), generator=random)
    kind = Tokens((6,), tuple("abcdefghijklmnop"), "")
    return Dataset("rhymes", Column(kind, torch.cat([half, half], 1)))


@dataclass(frozen=True)
class Lesson:
    """What a system is to learn, and how."""

    system: str
    data: Callable[[], Dataset]
    steps: int
    settings: dict[str, Any] = field(default_factory=dict)


POINTS = {"batch_size": 64, "point_units": 32}
LESSONS = [
    Lesson(
        "gan",
        bars,
        500,
        {
            "batch_size": 64,
            "latent_size": 4,
            "fixed_noise": False,
            "generator_lr": 3e-4,
            "discriminator_lr": 3e-4,
        },
    ),
    Lesson("dcgan-tflearn", bars, 60, {"batch_size": 16}),
    Lesson(
        "acgan", plains, 80, {"batch_size": 8, "dropout": 0.0, "generator_lr": 1e-3, "discriminator_lr": 5e-5}
    ),
    Lesson("dcgan", three_modes, 200, POINTS | {"generator_lr": 1e-3, "discriminator_lr": 1e-3}),
    Lesson("wgan", three_modes, 100, POINTS | {"generator_lr": 1e-3, "critic_lr": 1e-3, "clip": 0.1}),
    Lesson("wgan-gp", three_modes, 100, POINTS | {"generator_lr": 1e-3, "critic_lr": 1e-3}),
    Lesson(
        "wgan-gp",
        rhymes,
        80,
        {"batch_size": 32, "width": 16, "n_critic": 3, "generator_lr": 1e-3, "critic_lr": 1e-3},
    ),
    Lesson(
        "began",
        one_mode,
        300,
        POINTS
        | {"latent_size": 2, "exponent": 2, "gamma": 0.7, "k_rate": 0.05}
        | {"generator_lr": 1e-3, "discriminator_lr": 1e-3},
    ),
    Lesson(
        "r3gan",
        three_modes,
        150,
        POINTS
        | {"discriminator_units": 32, "gamma": 0.1, "average_decay": 0.98}
        | {"generator_lr": 2e-3, "discriminator_lr": 2e-3},
    ),
    Lesson(
        "r3gan",
        bars,
        300,
        {"batch_size": 32, "generator_width": 8, "discriminator_width": 8, "discriminator_units": 16}
        | {"generator_lr": 2e-3, "discriminator_lr": 2e-3, "gamma": 0.1, "average_decay": 0.98},
    ),
    Lesson(
        "fastgan",
        bars,
        40,
        {"width": 4, "latent_size": 8, "batch_size": 16, "average_decay": 0.95}
        | {"generator_lr": 1e-3, "discriminator_lr": 1e-3},
    ),
    Lesson("language-model", rhymes, 60, {"batch_size": 64}),
    Lesson(
        "seqgan", rhymes, 50, {"batch_size": 64, "likelihood_epochs": 10, "critic_epochs": 1, "rollouts": 4}
    ),
    Lesson(
        "relgan",
        rhymes,
        90,
        {
            "batch_size": 64,
            "likelihood_epochs": 10,
            "critic_steps": 2,
            "critic_filters": 16,
            "critic_embedding": 16,
            "adversarial_lr": 1e-3,
            "critic_lr": 1e-3,
            "sharpness": 10.0,
        },
    ),
    Lesson("bad-gan", bars, 60, {"batch_size": 32, "labelled": 8, "density_epochs": 1}),
    Lesson(
        "bayesian-gan",
        three_modes,
        150,
        POINTS | {"generators": 2, "generator_lr": 1e-3, "discriminator_lr": 1e-3},
    ),
    Lesson("pix2pix", bars, 40, {"width": 8, "critic_width": 8, "flips": False, "generator_lr": 2e-3}),
    Lesson(
        "restore",
        bars,
        40,
        {"width": 8, "critic_width": 8, "flips": False, "generator_lr": 2e-3, "degradation": "hole"},
    ),
    Lesson(
        "srgan",
        lambda: bars(16),
        40,
        {"width": 8, "critic_width": 8, "blocks": 1, "flips": False, "resnet_steps": 30}
        | {"generator_lr": 2e-3},
    ),
    Lesson(
        "denoise",
        noisy_bars,
        60,
        {"width": 16, "depth": 4, "noise": "white", "flips": False, "denoiser_lr": 1e-2},
    ),
    Lesson(
        "cartoon",
        lambda: bars(16),
        180,
        {"width": 8, "critic_width": 8, "blocks": 1, "flips": False, "jitter": 0.0, "content_steps": 1}
        | {"content_weight": 0.0, "structure_weight": 0.0, "surface_weight": 1.0, "steadiness_weight": 0.0}
        | {"generator_lr": 1e-3, "discriminator_lr": 3e-3},
    ),
    Lesson(
        "inpaint", bars, 40, {"width": 8, "critic_width": 8, "flips": False, "holes": "centre", "skips": True}
    ),
    Lesson(
        "cyclegan",
        bars,
        120,
        {"width": 8, "critic_width": 8, "blocks": 1, "flips": False, "generator_lr": 2e-3}
        | {"discriminator_lr": 1e-3},
    ),
    Lesson("improved-gan", bars, 60, {"batch_size": 32, "labelled": 8, "generator_lr": 1e-3}),
    Lesson(
        "dcgan", bars, 300, {"batch_size": 32, "width": 8, "generator_lr": 1e-3, "discriminator_lr": 1e-3}
    ),
]


def distance(engine: Engine) -> float:
    """From samples as a user gets them to the data, each together with what it was told to be."""
    told = engine.game.condition(engine.dataset)
    with engine.game.random.aside("distance"), inference(engine.game), torch.no_grad():
        condition = told.kind.draw(SAMPLES, lambda: told)
        latent = engine.game.latent(SAMPLES, engine.game.random)
        made = engine.dataset.examples.kind.decode(engine.game.sample(latent, told.kind.encode(condition)))
    first = slice(SAMPLES)
    real = torch.cat([engine.dataset.examples[first].vectors(), told[first].vectors()], dim=1)
    samples = torch.cat([engine.dataset.examples.kind.vectors(made), told.kind.vectors(condition)], dim=1)
    return energy_distance(samples, real)


def test_every_system_has_a_lesson() -> None:
    assert {lesson.system for lesson in LESSONS} == set(SYSTEMS)


def test_the_energy_distance_is_its_formula() -> None:
    """Of two points at distance d it is 2 d, and of a set to itself nothing."""
    assert energy_distance(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])) == pytest.approx(10.0)
    vectors = three_modes(30).examples.vectors()
    assert energy_distance(vectors, vectors.flip(0)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: f"{lesson.system}, {lesson.data.__name__}")
def test_gets_nearer_to_its_data(lesson: Lesson, make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(lesson.system, lesson.data(), steps=lesson.steps, **lesson.settings)
    before = distance(engine)
    for _ in range(lesson.steps):
        engine.play_round()
    assert distance(engine) < NEARER * before

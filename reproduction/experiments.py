"""The experiments behind the tables: what is trained, for how long, and what was published of it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
POINTS = f"{HERE / 'packed_points.py'}:PackedPoints"
DIGITS = f"{HERE / 'stacked_digits.py'}:StackedDigits"
FASHION = HERE / "few_fashion.py"
GAN, WGAN_GP = "GAN", "WGAN-GP"
ARCHITECTURES = 20


@dataclass(frozen=True)
class Arm:
    """Runs that differ by their seed alone."""

    system: str
    data: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Beside the preset `paper`, unless they name another or None, one thread, and the length."""
    published: str = "–"


@dataclass(frozen=True)
class Length:
    """How long each run is, and how many there are."""

    settings: Mapping[str, float]
    """A limit as `train` takes it, and what is not as published."""
    seeds: int


@dataclass(frozen=True)
class Experiment:
    """What is compared in one table."""

    arms: Mapping[str, Arm]
    lengths: Mapping[str, Length]
    """`short`, and `full`: as published."""
    figures: Mapping[str, str]
    """Their titles, by the figure's name."""
    published: str
    """The title of what was published; empty where that is no column."""
    samples: int = 2500
    thresholds: Sequence[float] = ()
    """FIDs at which runs count as successful, where success is what is compared."""

    @property
    def page(self) -> Path:
        """Where the table is written."""
        (name,) = (name for name, each in EXPERIMENTS.items() if each is self)
        return HERE / f"{name}.md"


def packed(data: str, count: int, published: str) -> Arm:
    """A GAN on points whose critic judges packs; a batch has a hundred."""
    options = {"packing": count, "batch_size": 100 * count, "history_every": 500, "health_every": 0}
    return Arm(POINTS, data, options, published)


def stacked(published: str, **options: Any) -> Arm:
    """A small GAN on stacked digits."""
    return Arm(DIGITS, "stacked-mnist", {"history_every": 100, "health_every": 0, **options}, published)


SEEN = {
    "always": {"augment_colour": 1.0, "augment_translation": 0.125, "augment_cutout": 0.5},
    "adaptive": {"adaptive_augmentation": 0.6},
    "never": {},
}
"""How a critic sees images changed, by how often."""


def few_images(data: str, steps: int, changed: str, **options: Any) -> Arm:
    """R3GAN with what is chosen by rule for few images, whose critic sees them changed so often."""
    plain = {"augment_colour": 0.0, "augment_translation": 0.0, "augment_cutout": 0.0}
    return Arm("r3gan", data, {"preset": None, "max_steps": steps, **plain, **SEEN[changed], **options})


def architectures() -> dict[str, Arm]:
    """Random small networks, each as a GAN and as a WGAN with a gradient penalty."""
    activations = ["relu", "leaky-relu", "softplus", "tanh"]
    every = [*itertools.product((4, 8, 16), activations, activations, ("batch", "none"), (True, False))]
    arms = {}
    # No two are the same.
    for number, drawn in enumerate(random.Random(0).sample(every, ARCHITECTURES)):
        width, generator, critic, norm, normalised = drawn
        options: dict[str, Any] = {
            "width": width,
            "generator_activation": generator,
            "critic_activation": critic,
            "generator_norm": norm,
        }
        # Statistics of a batch do not go with a penalty on each example (Gulrajani et al. 2017, section 4).
        norms = {GAN: "batch", WGAN_GP: "layer"}
        objectives: dict[str, dict[str, Any]] = {
            GAN: {},
            WGAN_GP: {"loss": "wasserstein", "gradient_penalty": 10.0, "discriminator_steps": 5},
        }
        for name, objective in objectives.items():
            critic_norm = norms[name] if normalised else "none"
            own = {"batch": "own"}
            chosen = {flag: own.get(value, value) for flag, value in options.items()}
            arms[f"{number}, {name}"] = Arm(
                "dcgan", "mnist", chosen | objective | {"critic_norm": own.get(critic_norm, critic_norm)}
            )
    return arms


QUICK = {"generator_lr": 1e-3, "discriminator_lr": 1e-3, "batch_size": 32}
"""For networks that are to learn something in some hundred steps."""
MODES = {"modes": "modes", "reverse_kl": "reverse KL"}
EXPERIMENTS = {
    "pacgan": Experiment(
        {
            "ring, 1": packed("ring", 1, "6.3 ± 0.5, 98.2 ± 0.2 %, 0.45 ± 0.09"),
            "ring, 2": packed("ring", 2, "7.9 ± 0.1, 95.6 ± 2.0 %, 0.07 ± 0.03"),
            "ring, 4": packed("ring", 4, "7.8 ± 0.1, 95.9 ± 1.4 %, 0.07 ± 0.02"),
            "grid, 1": packed("grid", 1, "17.3 ± 0.8, 94.8 ± 0.7 %, 0.70 ± 0.07"),
            "grid, 2": packed("grid", 2, "23.8 ± 0.7, 91.3 ± 0.8 %, 0.13 ± 0.04"),
            "grid, 4": packed("grid", 4, "24.8 ± 0.2, 93.6 ± 0.6 %, 0.04 ± 0.01"),
        },
        {"short": Length({"max_steps": 8000}, 3), "full": Length({"max_steps": 400_000}, 10)},
        {"modes": "modes", "high_quality_share": "good", "reverse_kl": "reverse KL"},
        "published, 400,000 steps: modes, good, reverse KL",
    ),
    "unrolled": Experiment(
        {
            "plain": stacked("78.5 ± 17.56, 5.21 ± .19"),
            "packing 2": stacked("484.5 ± 32.99, 2.61 ± .22", packing=2, batch_size=256),
            "packing 4": stacked("667.4 ± 29.0, 1.81 ± .15", packing=4, batch_size=512),
            "unrolling 1": stacked("65.4 ± 34.75, 5.91 ± .14", unrolling=1),
            "unrolling 5": stacked("236.4 ± 63.3, 4.67 ± .43", unrolling=5),
        },
        {
            # At the published rates so short a run makes nothing that is clearly a digit.
            "short": Length({"max_steps": 1500, "generator_lr": 1e-3, "discriminator_lr": 2e-3}, 2),
            "full": Length({"max_steps": 100_000}, 10),
        },
        MODES,
        "published: modes, KL",
        samples=25_600,
    ),
    "relativistic": Experiment(
        {
            "relativistic, R1 and R2": stacked("1000, .0781", share=1.0, loss="relativistic", r1=1.0, r2=1.0),
            "not relativistic, R1 and R2": stacked("693, .9270", share=1.0, r1=1.0, r2=1.0),
            "relativistic, R1": stacked("failed", share=1.0, loss="relativistic", r1=1.0),
            "not relativistic, R1": stacked("failed", share=1.0, r1=1.0),
        },
        {"short": Length({"max_steps": 2000}, 3), "full": Length({"max_steps": 80_000}, 5)},
        MODES,
        "published, of networks of 20 million parameters: modes, KL",
        samples=25_600,
    ),
    "few_images": Experiment(
        {
            f"{name}, {changed}": few_images(*data, changed, **options)
            for name, data, options in (
                ("600 of Fashion", (f"{FASHION}:six_hundred", 1500), {}),
                ("6,000 of Fashion", (f"{FASHION}:six_thousand", 1500), {}),
                ("1,906 emoji", ("folder:emoji", 1000), {"size": 32}),
            )
            for changed in SEEN
        },
        {"short": Length({}, 3)},
        {"fid": "FID", "recall": "recall", "coverage": "coverage", "memorised": "memorised"},
        "",
    ),
    "architectures": Experiment(
        architectures(),
        # At a fifth of these rates, and batches four times as large, no FID was below 39 after 400 steps.
        {"short": Length(QUICK | {"max_steps": 600}, 1), "full": Length({"max_steps": 20_000}, 1)},
        {"fid": "FID"},
        "",
        thresholds=(50.0, 40.0, 30.0, 20.0),
    ),
}
"""What is compared, by the name of its page."""

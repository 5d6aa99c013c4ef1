"""The settings that translators share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from sparring.game import GameSettings
from sparring.game_settings import OF_THE_OBJECTIVE
from sparring.settings import OF_THE_TASK, Count, Fraction, NonNegative, Positive, Range

ObjectiveName = Annotated[
    Literal["non-saturating", "least squares", "hinge", "relativistic"], OF_THE_OBJECTIVE
]


OF_THE_DISCRIMINATOR = ("discriminator_lr", "critic_width", "receptive_field", "objective")
"""Settings that say nothing where a generator learns by distances alone."""


def without_discriminator(weight: float, *names: str) -> dict[str, str]:
    """The settings that change nothing where the adversarial weight is 0, each with why.

    Args:
        weight: the adversarial one.
        names: what else is for a discriminator.
    """
    if weight:
        return {}
    return dict.fromkeys((*OF_THE_DISCRIMINATOR, *names), "with --adversarial-weight 0 nothing judges")


@dataclass(frozen=True)
class Cut(GameSettings):
    """How images are changed each time that they are seen."""

    jitter: NonNegative = 30 / 256
    """Share by which images are enlarged before they are cut to their size at a random place."""
    flips: Annotated[bool, OF_THE_TASK] = True
    """Mirror half of the images; not for digits or letters."""


@dataclass(frozen=True)
class TranslatorSettings(Cut):
    """Settings of translators whose critics judge patches, as those of pix2pix and CycleGAN do."""

    batch_size: Count = 1
    """Pairs in a batch, or images of each domain; the papers have 1, that of pix2pix up to 10."""
    width: Count = 64
    """Channels of a generator's first layer: at half the size in pix2pix, at the whole in CycleGAN."""
    critic_width: Count = 64
    """Channels of a discriminator's first layer."""
    receptive_field: Annotated[int, Range(low=1)] | None = None
    """Side in pixels of the patches that a discriminator judges: 1, 16, 34, 70, 142 or 286. By default the
    paper's 70 from 128 pixels, 34 from 48, and 16 below."""
    objective: ObjectiveName = "non-saturating"
    """What the players pay for logits; relativistic is that of r3gan."""
    generator_lr: Positive = 2e-4
    """Adam's learning rate for generators."""
    discriminator_lr: Positive = 2e-4
    """Adam's learning rate for discriminators."""
    adam_beta1: Fraction = 0.5
    """Adam's decay of the first moment, for both players."""

"""Holes in images, filled by a context encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from sparring.game import Limit, Needs
from sparring.randomness import Randomness
from sparring.settings import OF_THE_TASK, Count, Dropped, NonNegative, Positive
from sparring.translation.holes import HOLES
from sparring.translation.self_paired import SelfPaired
from sparring.zoo.pix2pix import Pix2Pix


class Inpaint(SelfPaired, Pix2Pix):
    """A context encoder: told what is known of an image and where, it makes what is missing.

    What is known stays as it is. The generator pays for the square of every difference in the holes, and a
    little for what the critic says of the whole image, which is not told where the holes were. Networks are
    those of pix2pix, at any size: an encoder and a decoder, whose layers of the same size can be joined.
    The authors' border of the hole, which is predicted as well, has nothing to do where what is known stays.
    """

    paper = "Pathak, Krahenbuhl, Donahue, Darrell and Efros 2016, arXiv:1604.07379"
    purpose = "holes in images filled, and parts that a mask says replaced: any images will do"
    needs = Needs(examples=("images",), least=8)
    length = Limit(epochs=500)
    fills: ClassVar[bool] = True
    presets = {
        "small": {"batch_size": 16, "width": 24, "critic_width": 24, "skips": True}
        | {"adversarial_weight": 0.3, "discriminator_lr": 1e-3}
    }

    @dataclass(frozen=True)
    class Settings(Pix2Pix.Settings):
        """Settings of context encoders; the paper's section 3 and the authors' code."""

        batch_size: Count = 64
        """Images in a batch."""
        holes: Annotated[Literal["mixed", "centre", "block", "blocks", "region"], OF_THE_TASK] = "mixed"
        """What is missing of images in training: a rectangle of half the sides in the centre; the same
        anywhere (block); several smaller ones (blocks); a region of any shape; or one of the last three, by
        chance. Each takes about a quarter of an image."""
        l2_weight: NonNegative = 0.999
        """Weight of the mean square of the differences in the holes (lambda_rec of equation 3)."""
        adversarial_weight: NonNegative = 0.001
        """Weight of what the discriminator says (lambda_adv of equation 3); with 0 there is none, which is
        the paper's L2 alone."""
        l1_weight: NonNegative = 0.0
        """Weight of the mean distance in the holes, beside the square; none in the paper."""
        told: bool = False
        """Whether the discriminator is told what was known, and where; not in the paper."""
        skips: bool = False
        """Whether layers of the same size are joined; otherwise all passes through the bottleneck."""
        dropout: Dropped = 0.0
        """Share of activations that noise sets to 0, in the deepest layers; none in the paper."""
        generator_lr: Positive = 2e-3
        """Adam's learning rate for the generator, ten times that of the discriminator."""

    settings: Settings

    def shape_left(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """With a channel more, which says what is known."""
        return (shape[0] + 1, *shape[1:])

    def left_of(self, whole: Tensor, random: Randomness) -> Tensor:
        """Images that are grey in their holes, and 1 for what is known beside -1 for the holes."""
        count, _, *size = whole.shape
        hole = HOLES[self.settings.holes](count, size[0], size[1], random)
        return torch.cat([whole.masked_fill(hole, 0.0), 1 - 2 * hole.to(whole.dtype)], 1)

    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """Images that are as they were where they are known."""
        known = source[:, -1:] > 0
        seen = torch.cat([source[:, :-1].where(known, 0.0), source[:, -1:]], 1)
        return torch.where(known, source[:, :-1], super().make(latent, seen, direction))

    def distance(self, made: Tensor, target: Tensor, source: Tensor) -> dict[str, Tensor]:
        """||M (x - F((1 - M) x))||² (equation 1), a mean over the holes."""
        s, hole = self.settings, source[:, -1:] <= 0
        apart = (made - target) * hole
        places = hole.sum() * target.shape[1]
        terms = {"l2": s.l2_weight * apart.square().sum() / places}
        return terms | ({"l1": s.l1_weight * apart.abs().sum() / places} if s.l1_weight else {})

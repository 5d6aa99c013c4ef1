"""R3GAN's game: a relativistic loss, regularised on both sides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor
from torch.nn import functional as F

from sparring.game import (
    Batch,
    DataSpec,
    Game,
    GameSettings,
    Limit,
    Needs,
    Number,
    Player,
    Recommendation,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.nn.average import Average
from sparring.nn.conditional import ConditionalSettings, LabelledGenerator, ProjectionDiscriminator
from sparring.nn.optimisers import Adam
from sparring.nn.points import Scale, buffers_of_scales, fit_scales
from sparring.objectives import RELATIVISTIC, Objective, critic_statistics
from sparring.penalties import Critic, zero_centred_penalty, zero_centred_penalty_by_differences
from sparring.randomness import Randomness
from sparring.settings import Fraction, NonNegative, Positive
from sparring.tricks.adaptive_augmentation import adaptive_augmentation_for
from sparring.tricks.augmentation import reason_for

SIDE = 32
"""Pixels of a side up to which images do not count as large."""
BATCH, SMALLEST_BATCH = 64, 8
"""Images in a batch, and in the smallest one that is chosen where they are large."""
QUICK = {
    "batch_norm": True,
    "gamma": 0.3,
    "gamma_final": 0.3,
    "exact_penalty": False,
    "auxiliary_weight": 0.3,
    "average_decay": 0.998,
}
"""What brings images in minutes on a core or two, at any width; see reproduction/."""


def networks(times: float, sides: Sequence[int] = (SIDE, SIDE)) -> dict[str, Any]:
    """Networks with so many times the channels that do for digits, and batches of no more pixels than those
    of 32 x 32 have. Adam's best rate goes as one over the channels of the widest layer, which has more where
    the shorter side, which is halved, is beyond 32 pixels, and as the root of the batch."""
    batch = batch_for(sides)
    rate = 3e-3 / (times * max(1.0, min(sides) / SIDE)) * math.sqrt(batch / BATCH)
    found = {"generator_width": round(32 * times), "discriminator_width": round(16 * times)}
    smaller = {"batch_size": batch} if batch < BATCH else {}
    return found | smaller | dict.fromkeys(("generator_lr", "discriminator_lr"), round(rate, 6))


def penalties(sides: Sequence[int]) -> dict[str, float]:
    """Weights of the penalties: as many times more as images have more pixels, at each of which the slope is
    less, and as batches have fewer images (Karras et al. 2020, arXiv:2006.06676, appendix C)."""
    weight = QUICK["gamma"] * larger(sides) * BATCH / batch_for(sides)
    return dict.fromkeys(("gamma", "gamma_final"), round(weight, 2))


def batch_for(sides: Sequence[int]) -> int:
    """Images in a batch where each has so many pixels along its sides."""
    return max(SMALLEST_BATCH, round(BATCH / larger(sides)))


def larger(sides: Sequence[int]) -> float:
    """How many times the pixels of 32 x 32 an image has, at least 1."""
    return max(1.0, math.prod(sides) / SIDE**2)


LARGE = {"output_skips": True, "blur": 4}
"""For sides of 64 pixels and more, beside smaller batches: small images are learnt first."""
NARROW: dict[str, Any] = {
    "latent_clusters": 400,
    "cluster_spread": 0.0075,
    "residual": True,
    "fourier_octaves": 4,
    "batch_size": 512,
    "generator_lr": 1e-3,
    "discriminator_lr": 2e-3,
    "gamma": 0.05,
    "gamma_final": 0.0005,
}
"""What finds modes as narrow as those of `ring` and `grid`, in a minute of a core."""
MANY_MODES = 50
"""From how many on modes count as many."""
MANY = {
    "cluster_spread": 0.005,
    "cluster_shares": True,
    "batch_size": 1024,
    "generator_lr": 5e-4,
    "gamma": 0.02,
    "gamma_final": 0.0002,
    "adam_beta2": 0.999,
    "average_decay": 0.995,
}
"""What is otherwise where there are so many, and a hundred are found in a few minutes: a slower generator,
larger batches, narrower clusters and weaker penalties leave less between them; where shares of
clusters are learnt, modes have as many samples as they should, and hardly a cluster stays between two."""
CONNECTED = {
    "residual": True,
    "fourier_octaves": 3,
    "generator_lr": 1e-3,
    "discriminator_lr": 1e-3,
    "gamma": 0.1,
    "gamma_final": 0.01,
}
"""For points of which no modes are known, which may lie on curves: noise of clusters covers less of those."""


def for_modes(count: int) -> Recommendation:
    """What suits points with so many modes; 0 where none are known."""
    if not count:
        return Recommendation({}, CONNECTED, "no modes of the points are known")
    if count < MANY_MODES:
        return Recommendation({}, NARROW, "the points have modes, which may be narrow")
    clusters = {"latent_clusters": max(NARROW["latent_clusters"], 4 * count)}
    return Recommendation({}, NARROW | MANY | clusters, f"the points have {count:,} modes")


OF_CLASSES = ("embedding_size", "auxiliary_weight")
"""Settings of what is told the classes."""


class R3GAN(Game):
    """A relativistic pairing loss with zero-centred gradient penalties on real (R1) and generated (R2) data.

    The penalties act at every step, never lazily. Penalty weight and learning rates follow schedules over the
    run, and samples come from a moving average of the generator. Told the classes where the data has them.
    The networks are small and plain, not the paper's ResNeXt: it is the loss that carries over.
    """

    paper = "Huang, Gokaslan, Kuleshov and Tompkin 2024, arXiv:2501.05441"
    purpose = "the modern default: trains without tricks, covers all modes"
    needs = Needs(examples=("images", "points"))
    length = Limit(epochs=100)
    grid = (10, 10)
    conditional = True
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "digits": QUICK | networks(1.0),
        "points": NARROW,
    }
    searched: ClassVar[Mapping[str, tuple[float, float]]] = {"gamma": (0.03, 3.0)}

    @dataclass(frozen=True)
    class Settings(ConditionalSettings):
        """Settings of R3GAN; the paper has no batch normalisation."""

        learning_rate_decay: Fraction = 1.0
        """Share of the run, counted from its end, over which all learning rates fall linearly to 0."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 2e-4
        """Adam's learning rate for the discriminator."""
        adam_beta2: Fraction = 0.99
        """Adam's decay of the second moment; that of the first is 0."""
        gamma: NonNegative = 1.0
        """Weight of both penalties at the beginning of the run (the penalties count half of it)."""
        gamma_final: NonNegative = 0.1
        """The same at its end; in between it changes linearly."""
        exact_penalty: bool = True
        """Penalties by second derivatives, as in the paper, rather than by finite differences."""
        auxiliary_weight: NonNegative = 0.0
        """Weight of a classifier's cross-entropy in both players' losses, beside the projection."""
        average_decay: Fraction = 0.999
        """Decay of the moving average of the generator, by step."""

    settings: Settings
    generator: LabelledGenerator

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.generator = self.built(Role.GENERATOR, LabelledGenerator(data, settings))
        self.discriminator = self.built(Role.CRITIC, ProjectionDiscriminator(data, settings))
        self.average = Average(self.generator, settings.average_decay)
        self.of_data = buffers_of_scales(self)

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """Quick settings at three widths."""
        points = [for_modes(data.modes)]
        sides = data.shape[1:] or (SIDE, SIDE)
        beside = QUICK | penalties(sides) | adaptive_augmentation_for(data)
        if data.shape[0] > 1:
            # In colour the checkerboards of transposed convolutions are plain; grey digits have none.
            beside |= {"resize_convolutions": True}
        if min(sides) >= 2 * SIDE:
            beside |= LARGE
        sizes = [networks(times, sides) for times in (2.0, 1.0, 0.5)]
        images = [Recommendation(size, beside, reason_for(data)) for size in sizes]
        return data.kind.choose(images=images, points=points)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """Where there are no classes what is of them; likewise of clusters."""
        assert isinstance(settings, cls.Settings)
        idle = dict(super().idle_settings(settings, data))
        if not data.classes:
            idle |= dict.fromkeys(OF_CLASSES, "this data has no classes")
        if not settings.latent_clusters:
            without = "noise has clusters only with --latent-clusters"
            idle |= dict.fromkeys(("cluster_spread", "cluster_shares"), without)
        return idle

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """As the square of the widths, beyond those that do for digits, which take some 1,200 steps, as their
        cube; beyond 32 x 32 as the pixels, and the more the smaller batches are by rule. Points with many
        modes want more than others."""
        assert isinstance(settings, cls.Settings)
        wide = (settings.generator_width + settings.discriminator_width) / 48
        sides = data.shape[1:]
        images = 1200 * wide**2 * max(1.0, wide) * larger(sides) * BATCH / batch_for(sides)
        return data.kind.choose(images=round(images), points=7000 if data.modes >= MANY_MODES else 3000)

    def start(self, **first: Batch) -> None:
        """Networks for points may have to know where the data lies."""
        fit_scales(self, first["real"].examples)

    def players(self) -> dict[str, Player]:
        """Adam without momentum for both."""
        s = self.settings
        betas = (0.0, s.adam_beta2)
        return two_players(
            Adam(self.generator.parameters(), s.generator_lr, betas),
            discriminator=Adam(self.discriminator.parameters(), s.discriminator_lr, betas),
        )

    def aim(self) -> Objective:
        """f(D(x) - D(G(z))) against f(D(G(z)) - D(x)) (equation 2)."""
        return RELATIVISTIC

    @property
    def second_derivatives(self) -> bool:  # type: ignore[override]
        """Where the penalties are exact."""
        return self.settings.exact_penalty

    def round(self) -> list[Turn]:
        """The discriminator, then the generator, on the same batch; then the average moves."""
        return [
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss, after=self.move_average),
        ]

    def discriminator_loss(self, real: Batch) -> Terms:
        """f(D(x) - D(G(z))) + gamma/2 (R1 + R2) (equation 2 and section 2.2)."""
        fake = self.fake(len(real), real.condition)
        shown, labels = self.show(real.examples, real.condition, real=True)
        fake, fake_labels = self.show(fake, real.condition, real=False)
        if self.settings.exact_penalty:
            # The penalties are on the slopes of the very scores that the loss is of.
            # A trick may have made them ask already, and goes back through them as well.
            shown, fake = (
                images if images.requires_grad else images.detach().requires_grad_()
                for images in (shown, fake)
            )
        real_scores, classes = self.discriminator(shown, labels)
        fake_scores, _ = self.discriminator(fake, fake_labels)
        return Terms(
            **self.objective.for_critic(real_scores, fake_scores),
            r1=self.penalty(shown, labels, real_scores),
            r2=self.penalty(fake, fake_labels, fake_scores),
            **self.auxiliary(classes, labels),
        ).observing(**critic_statistics(real_scores, fake_scores, self.objective))

    def generator_loss(self, real: Batch) -> Terms:
        """f(D(G(z)) - D(x))."""
        labels = real.condition
        latent = self.latent(len(real), self.random)
        fake = self.generate(latent, labels)
        fake_scores, classes = self.judge(self.discriminator, fake, labels, real=False)
        terms = self.objective.for_generator(
            fake_scores, lambda: self.judge(self.discriminator, real.examples, labels, real=True)[0]
        )
        mixture = self.generator.mixture
        shares = {} if mixture is None else mixture.shares_term(latent, fake_scores)
        return Terms(**terms, **shares, **self.auxiliary(classes, labels))

    def penalty(self, examples: Tensor, labels: Tensor, scores: Tensor) -> Tensor:
        """gamma/2 E[|grad D|²], exactly or by differences; where points are seen by their scale, with slopes
        by deviation, so that it does not matter in which units they are."""
        critic: Critic = lambda examples: self.discriminator(examples, labels)[0]  # noqa: E731
        unit = self.unit()
        if self.settings.exact_penalty:
            penalty = zero_centred_penalty(critic, examples, scores, unit)
        else:
            penalty = zero_centred_penalty_by_differences(critic, examples, scores, self.random, unit=unit)
        return self.scheduled_gamma() / 2 * penalty

    def unit(self) -> Tensor | None:
        """The deviations of the numbers of a point, where the discriminator sees points by these."""
        scales = (module for module in self.discriminator.modules() if isinstance(module, Scale))
        return next((scale.deviation for scale in scales), None)

    def auxiliary(self, classes: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The classifier's part of a loss, where there is one."""
        if self.data.classes == 0 or self.settings.auxiliary_weight == 0:
            return {}
        return {"auxiliary": self.settings.auxiliary_weight * F.cross_entropy(classes, labels)}

    def scheduled_gamma(self) -> float:
        """gamma at this point of the run."""
        s = self.settings
        return s.gamma + (s.gamma_final - s.gamma) * self.progress

    def move_average(self, values: Mapping[str, Number]) -> None:
        """Move the averaged generator towards the trained one."""
        self.average.update(self.generator, self.step)

    def class_logits(self, examples: Tensor) -> Tensor | None:
        """What the auxiliary classifier says, where there is one: what is real for a class is no probability
        of it."""
        if self.data.classes == 0 or self.settings.auxiliary_weight == 0:
            return None
        any_class = examples.new_zeros(len(examples)).long()
        logits: Tensor = self.discriminator(examples, any_class)[1]
        return logits

    def critic_score(self, examples: Tensor, condition: Tensor) -> Tensor:
        """What the discriminator says, of classes apart."""
        said: Tensor = self.discriminator(examples, condition)[0]
        return said.flatten()

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in N(0, I)."""
        return random.normal(count, self.generator.latent_size)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Images in [-1, 1] of the given classes, or points."""
        examples: Tensor = self.generator(latent, condition)
        return examples

    def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
        """The same from the averaged generator."""
        examples: Tensor = self.average.network(latent, condition)
        return examples

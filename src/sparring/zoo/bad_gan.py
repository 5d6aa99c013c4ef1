"""Bad GAN: a classifier from a few labels, taught by a generator of what lies beside the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from sparring.data.dataset import DataSpec
from sparring.game import Batch, Figure, GameSettings, Limit, Phase, Player, Role, Terms, Turn
from sparring.nn.made import MADE
from sparring.nn.mixture_density import MixtureDensity
from sparring.nn.optimisers import Adam
from sparring.randomness import Randomness
from sparring.settings import Count, Fraction, NonNegative, Positive
from sparring.zoo.improved_gan import ImprovedGAN

LARGEST_DENSITY = 10_000_000
"""Weights of each layer of the MADE, and numbers of the mixture's places, at the most."""
EPSILON = 1e-4
"""Adam's, of both players, as large as in Improved GAN, where 1e-8 is within the root. With that beside the
root, as in the code, a discriminator that was never wrong left the generator behind within ten epochs."""
OF_DENSITY = ("density_quantile", "density_units", "density_epochs", "density_lr")
"""Settings that are of the density alone."""


class BadGAN(ImprovedGAN):
    """Semi-supervised learning with a complement generator.

    A generator whose images are as good as real ones teaches a classifier nothing; one that fills the space
    between the classes makes it draw its boundaries there (section 3). So beside feature matching, as in
    Improved GAN, the generator's images are to differ (pull-away), and not to be likely ones; the classifier
    is to be sure of images without a label (conditional entropy).

    Settings are those of the authors' code for SVHN, with the networks for MNIST, which it shares with
    Improved GAN. How likely an image is says a MADE that is trained first, in the place of their PixelCNN++,
    and a point a mixture of Gaussians; what counts as likely is taken from examples that are trained on, and
    not, as there, from test images. Adam's epsilon is larger than theirs, and its memory of squares that of
    their code for MNIST. Its rates fall over the last two thirds of the run, theirs over the last third; how
    likely images are counts in every step, there in every tenth after 9,000.
    """

    paper = "Dai et al. 2017, arXiv:1705.09783; most settings of the authors' code"
    purpose = "the same, by a generator of what lies between the classes"
    length = Limit(epochs=2000)

    @dataclass(frozen=True)
    class Settings(ImprovedGAN.Settings):
        """Settings of Bad GAN."""

        generator_lr: Positive = 1e-3
        """Adam's learning rate for the generator."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment for the discriminator; the generator's Adam has none."""
        learning_rate_decay: Fraction = 2 / 3
        """Share of each phase, counted from its end, over which all learning rates fall linearly to 0."""
        pull_away: NonNegative = 0.8
        """Weight of the squared cosines of generated images' features."""
        entropy: NonNegative = 0.1
        """Weight of the entropy of what is said of unlabelled images."""
        density_weight: NonNegative = 1e-4
        """Weight of how far the log-density of generated images is above that of unlikely real ones; with 0
        there is no density."""
        density_quantile: Fraction = 0.1
        """Share of real images that are less likely than what counts as likely."""
        density_units: Count = 500
        """Hidden units of the MADE, fewer for images of more than 20,000 numbers, or Gaussians."""
        density_epochs: Count = 3
        """Passes over the data in which the density is trained, before the rest."""
        density_lr: Positive = 1e-3
        """Adam's learning rate for the density."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.density: MADE | MixtureDensity | None = None
        if settings.density_weight:
            size = data.kind.vector_size
            units = min(settings.density_units, max(1, LARGEST_DENSITY // size))
            density = data.kind.choose(images=MADE, points=MixtureDensity)(size, units)
            self.density = self.built(Role.OTHER, density)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """As in Improved GAN; without a density what is of it."""
        assert isinstance(settings, cls.Settings)
        idle = super().idle_settings(settings, data)
        if settings.density_weight:
            return idle
        return {**idle, **dict.fromkeys(OF_DENSITY, "there is no density where density_weight is 0")}

    def start(self, first: Batch, **others: Batch) -> None:
        """As in Improved GAN; the density begins as the first examples lie."""
        super().start(first, **others)
        if self.density is not None:
            self.density.begin(first.examples)

    def players(self) -> dict[str, Player]:
        """Adam for all, with a long memory of squares; without momentum for the generator."""
        s = self.settings
        generator = Adam(self.generator.parameters(), s.generator_lr, (0.0, 0.9999), EPSILON)
        players = super().players() | {"generator": Player(Role.GENERATOR, generator)}
        if self.density is not None:
            players["density"] = Player(Role.OTHER, Adam(self.density.parameters(), s.density_lr))
        return players

    def classifier_optimizer(self, classifier: nn.Module) -> Optimizer:
        """Adam with a long memory of squares."""
        s = self.settings
        return Adam(classifier.parameters(), s.discriminator_lr, (s.adam_beta1, 0.9999), EPSILON)

    def phases(self) -> list[Phase]:
        """The density, which then rests; then both players."""
        training = Phase("training", tuple(self.round()))
        if self.density is None:
            return [training]
        density = Turn("density", self.density_loss, ("unlabelled",))
        return [Phase("density", (density,), Limit(epochs=self.settings.density_epochs)), training]

    def density_loss(self, unlabelled: Batch) -> Terms:
        """-log p of unlabelled images."""
        assert self.density is not None
        return Terms(surprise=-self.density(unlabelled.examples).mean())

    def unlabelled_terms(self, logits: Tensor) -> dict[str, Tensor]:
        """The entropy of what is said of unlabelled images (section 3.2)."""
        return {"entropy": self.settings.entropy * conditional_entropy(logits)}

    def generator_loss(self, matched: Batch) -> Terms:
        """Features whose means match, and which differ among each other; images that are not likely."""
        s, features = self.settings, self.discriminator[0]
        real = self.judge(features, matched.examples, real=True)
        generated = self.fake(len(matched))
        fake = self.judge(features, generated, real=False)
        terms = Terms(matching=F.l1_loss(fake.mean(0), real.mean(0)), pull_away=s.pull_away * pull_away(fake))
        if self.density is not None:
            threshold = self.density(matched.examples).quantile(s.density_quantile)
            terms["density"] = s.density_weight * likely_part(self.density(generated), threshold)
        return terms

    def figures(self) -> dict[str, Figure]:
        """Errors, and the paper's monitors: how often real and generated images pass for real (section 4)."""
        found = super().figures()
        for which, images in {"held-out": _held_out, "generated": self._generated}.items():
            about = f"share of {which} images {{}}; {'higher' if which == 'held-out' else 'lower'} is better"
            found[f"{which} that pass"] = Figure(
                self._share(images, lambda logits: logits.logsumexp(1)), about.format("taken for real")
            )
            found[f"{which} with a sure class"] = Figure(
                self._share(images, lambda logits: logits.max(1).values),
                about.format("with a class whose logit is positive"),
            )
        return found

    def _generated(self, batch: Batch) -> Tensor:
        return self.fake(len(batch))

    def _share(
        self, images: Callable[[Batch], Tensor], score: Callable[[Tensor], Tensor]
    ) -> Callable[[Batch], Tensor]:
        """Says of each image whether the averaged weights give it a positive score."""
        return lambda batch: score(self.average(images(batch))) > 0


def _held_out(batch: Batch) -> Tensor:
    return batch.examples


def conditional_entropy(logits: Tensor) -> Tensor:
    """The mean entropy of the softmax of logits (count, classes), in nats."""
    logarithms = logits.log_softmax(1)
    return -(logarithms.exp() * logarithms).sum(1).mean()


def pull_away(features: Tensor) -> Tensor:
    """The mean squared cosine of the angle between the features (count, D) of two examples (section 3.1)."""
    count, directions = len(features), F.normalize(features, dim=1)
    cosines = directions @ directions.t()
    return (cosines.square().sum() - cosines.diagonal().square().sum()) / (count * max(1, count - 1))


def likely_part(densities: Tensor, threshold: Tensor) -> Tensor:
    """The mean of how far log-densities (count,) are above a threshold, over those that are (section 3.1)."""
    above = densities > threshold
    return torch.where(above, densities - threshold, 0.0).sum() / above.sum().clamp_min(1)

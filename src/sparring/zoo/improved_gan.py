"""Improved GAN: a classifier from a few labels, taught by a generator whose features are to match."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data import Dataset
from sparring.errors import SettingError
from sparring.game import (
    Batch,
    DataSpec,
    Figure,
    Game,
    GameSettings,
    Limit,
    Needs,
    Number,
    Player,
    Role,
    Source,
    Terms,
    Turn,
    two_players,
)
from sparring.nn.adam_inside import AdamInside
from sparring.nn.average import Average
from sparring.nn.initialisers import glorot_uniform, initialise, normal
from sparring.nn.layers import Dropout, GaussianNoise, Shift
from sparring.nn.networks import build_generator
from sparring.nn.weight_norm import WeightNormed, fit
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness, derived_seed
from sparring.settings import Count, Fraction, Natural, NonNegative, Positive

FITTED_BATCHES = 5
"""The first so many batches decide the first scales of the discriminator: 500 images, as in the code."""
HIDDEN = (1000, 500, 250, 250, 250)
"""Units of the discriminator's hidden layers."""
LARGEST_FOR_PERCEPTRONS = 32 * 32
"""Numbers in an image up to which both networks are perceptrons by default."""


class ImprovedGAN(Game):
    """Semi-supervised learning by feature matching.

    The discriminator has a logit for each class; what belongs to none is generated: D(x) = Z / (Z + 1) with
    Z the sum of exp(logits) (section 5). It sees few labels and many images without. The generator makes
    images whose mean features are those of real ones (section 3.1).

    As in the authors' code for MNIST: noise on every layer of the discriminator, its weights normalised and
    first scaled by data, epsilon inside Adam's root, labelled images that are among the unlabelled too. The
    test error is of averaged weights; here the average is shorter in the first rounds, where theirs, begun
    at zero, still remembers its beginning.
    """

    paper = "Salimans et al. 2016, arXiv:1606.03498, section 5; networks and settings of the authors' code"
    purpose = "a classifier from a hundred labels and many images without"
    needs = Needs(examples=("images",), condition=("classes",), least=8)
    length = Limit(epochs=300)
    value_range = (0.0, 1.0)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of Improved GAN."""

        batch_size: Count = 100
        """Images in each of the three batches: labelled, unlabelled, generated."""
        labelled: Count = 100
        """Images whose label may be seen, in all, evenly by class."""
        labelled_seed: Natural = 1
        """Decides which those are, whatever the run's seed."""
        network: Literal["auto", "perceptron", "convolutional"] = "auto"
        """Kind of both networks: the code's perceptrons for MNIST, or convolutions. By default perceptrons
        for grey images of up to 32 pixels."""
        width: Count = 32
        """Channels of the first convolutions; twice as many further on."""
        latent_size: Count = 100
        """Dimensions of the noise z in U(0, 1)."""
        generator_lr: Positive = 3e-3
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 3e-3
        """Adam's learning rate for the discriminator."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment, for both players."""
        unlabelled_weight: NonNegative = 1.0
        """Weight of the loss of unlabelled and generated images."""
        average_decay: Fraction = 0.9999
        """Weight of the past in the average of the discriminator's weights, once the rounds are many."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        small = settings.network == "auto" and data.kind.vector_size <= LARGEST_FOR_PERCEPTRONS
        make = perceptrons if small or settings.network == "perceptron" else convolutions
        generator, features, size = make(settings, data, random)
        head = nn.Sequential(GaussianNoise(0.5, random), normalised(nn.Linear(size, data.classes)))
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, nn.Sequential(features, head))
        self.average = Average(self.discriminator, settings.average_decay)

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        """All images without labels, once for each player; a few with; the first ones, which give the first
        scales."""
        assert isinstance(settings, cls.Settings)
        few = chosen_evenly(data, settings.labelled, settings.labelled_seed)
        # So few that a batch would be smaller than the others are dealt several times an epoch.
        repeats = -(-settings.batch_size // len(few))
        first = settings.batch_size * FITTED_BATCHES
        return {
            "unlabelled": Source(data, settings.batch_size),
            "matched": Source(data, settings.batch_size),
            "labelled": Source(data[few.repeat(repeats)], settings.batch_size),
            "first": Source(data, first if first <= len(data) else settings.batch_size),
        }

    def start(self, first: Batch, **others: Batch) -> None:
        """Every layer's outputs have mean 0 and variance 1 over the first images, with noise on."""
        (shown,) = self.show(first.examples, real=True)
        fit(self.discriminator, shown)

    def players(self) -> dict[str, Player]:
        """Adam for both, with epsilon inside the root."""
        s = self.settings
        return two_players(
            AdamInside(self.generator.parameters(), s.generator_lr, (s.adam_beta1, 0.999)),
            discriminator=AdamInside(
                self.discriminator.parameters(), s.discriminator_lr, (s.adam_beta1, 0.999)
            ),
        )

    def round(self) -> list[Turn]:
        """The discriminator, then the generator on unlabelled images of its own."""
        return [
            Turn("discriminator", self.discriminator_loss, ("labelled", "unlabelled"), after=self.remember),
            Turn("generator", self.generator_loss, ("matched",)),
        ]

    def discriminator_loss(self, labelled: Batch, unlabelled: Batch) -> Terms:
        """The class of the labelled, and real or generated of the others (section 5)."""
        fake = self.fake(len(unlabelled)).detach()
        shown = [
            *self.show(labelled.examples, real=True),
            *self.show(unlabelled.examples, real=True),
            *self.show(fake, real=False),
        ]
        said = self.discriminator(torch.cat(shown)).split([len(part) for part in shown])
        # log Z is the log-odds of being real: softplus(-log Z) = -log D(x), softplus(log Z) = -log(1 - D(x)).
        real, generated = said[1].logsumexp(1), said[2].logsumexp(1)
        unlabelled_terms = self.objective.for_critic(real, generated)
        half = 0.5 * self.settings.unlabelled_weight
        return Terms(
            {name: half * term for name, term in unlabelled_terms.items()},
            labelled=F.cross_entropy(said[0], labelled.condition),
        ).observing(**critic_statistics(real, generated))

    def generator_loss(self, matched: Batch) -> Terms:
        """The squared distance of the mean features, a mean over the features (section 3.1)."""
        features = self.discriminator[0]
        # In passes of their own: nothing goes back through what the discriminator makes of real images.
        real = self.judge(features, matched.examples, real=True)
        fake = self.judge(features, self.fake(len(matched)), real=False)
        return Terms(matching=F.mse_loss(fake.mean(0), real.mean(0)))

    def remember(self, terms: Mapping[str, Number]) -> None:
        """Average the discriminator's weights."""
        self.average.update(self.discriminator, self.step)

    def figures(self) -> dict[str, Figure]:
        """The share of held-out images that the classifier misnames."""
        about = "share of held-out images that {} misname; lower is better"
        return {
            "test error": Figure(self.misnamed_by(self.average), about.format("the averaged weights")),
            "test error, current weights": Figure(
                self.misnamed_by(self.discriminator), about.format("the current weights")
            ),
        }

    def misnamed_by(self, classifier: nn.Module) -> Callable[[Batch], Tensor]:
        """Says of each image of a batch whether a classifier misnames it."""
        return lambda real: (classifier(real.examples).argmax(1) != real.condition).float()

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(0, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size, low=0.0)


def chosen_evenly(data: Dataset, count: int, seed: int) -> Tensor:
    """Places of so many examples, as evenly by class as the count allows, int64 (count,).

    Raises:
        SettingError: there are more classes than that, or a class has too few examples.
    """
    labels, classes = data.condition.values, data.condition.kind.classes
    if count < classes:
        raise SettingError(f"labelled is {count}: with {classes} classes it must be at least {classes}.")
    order = Randomness(derived_seed(seed, "labelled")).permutation(len(data))
    wanted = [count // classes + (label < count % classes) for label in range(classes)]
    places = [order[labels[order] == label][:few] for label, few in enumerate(wanted)]
    least = min(len(place) for place in places)
    if [len(place) for place in places] != wanted:
        raise SettingError(
            f"labelled is {count}, which is {wanted[0]} of each class, but there is one with only {least}: "
            f"ask for {least * classes} or fewer."
        )
    return torch.cat(places)


def perceptrons(
    settings: ImprovedGAN.Settings, data: DataSpec, random: Randomness
) -> tuple[nn.Module, nn.Module, int]:
    """The code's networks for MNIST: generator, the discriminator's features, and how many those are."""
    pixels = data.kind.vector_size
    layers: list[nn.Module] = []
    for inputs in (settings.latent_size, 500):
        norm = nn.BatchNorm1d(500, eps=1e-6, affine=False)
        layers += [nn.Linear(inputs, 500, bias=False), norm, Shift(500), nn.Softplus()]
    last = nn.Linear(500, pixels)
    generator = nn.Sequential(*layers, WeightNormed(last), nn.Sigmoid(), nn.Unflatten(1, data.shape))
    initialise(generator, {nn.Linear: glorot_uniform})
    features: list[nn.Module] = [nn.Flatten(), GaussianNoise(0.3, random)]
    for inputs, units in pairwise((pixels, *HIDDEN)):
        layer = normalised(nn.Linear(inputs, units), learn_scale=False)
        features += [layer, nn.ReLU(), GaussianNoise(0.5, random)]
    # The noise after the last hidden layer is no part of the features that are matched.
    return generator, nn.Sequential(*features[:-1]), HIDDEN[-1]


def convolutions(
    settings: ImprovedGAN.Settings, data: DataSpec, random: Randomness
) -> tuple[nn.Module, nn.Module, int]:
    """The code's networks for CIFAR-10 with fewer channels: generator, features, and how many those are."""
    width = settings.width
    generator = build_generator(data, settings.latent_size, width=2 * width, units=0, output=nn.Sigmoid)
    features: list[nn.Module] = [Dropout(0.2, random)]
    channels = data.shape[0]
    for after, strides in ((width, (1, 1, 2)), (2 * width, (1, 1, 2)), (2 * width, (1,))):
        for stride in strides:
            convolution = nn.Conv2d(channels, after, 3, stride, padding=1)
            features += [normalised(convolution, learn_scale=False), nn.LeakyReLU(0.2)]
            channels = after
        features.append(Dropout(0.5, random))
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return generator, nn.Sequential(*features[:-1], *pooled), channels


def normalised(layer: nn.Linear | nn.Conv2d, learn_scale: bool = True) -> WeightNormed:
    """The layer with normalised weights whose directions are those of N(0, 0.1²)."""
    initialise(layer, {type(layer): normal(0.1)})
    return WeightNormed(layer, learn_scale)

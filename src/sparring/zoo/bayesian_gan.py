"""Bayesian GAN: several generators, drawn from a posterior of their weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data import Dataset
from sparring.data.few_labels import parted, repeated
from sparring.data.unlabelled import with_unlabelled
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
    Recommendation,
    Role,
    Source,
    Terms,
    Turn,
    two_players,
)
from sparring.nn.networks import Norm, build_critic, build_generator, no_norm, noise_size
from sparring.nn.posterior import Posterior
from sparring.nn.posterior_samples import PosteriorSamples
from sparring.nn.several import Several, made_by, saying
from sparring.nn.weight_norm import fit
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness
from sparring.settings import Count, Fraction, Natural, NonNegative, Positive
from sparring.zoo.few_label_networks import few_label_networks
from sparring.zoo.rules import by_width_or_points, steps_by_width

POINTS = {"generator_lr": 1e-3, "discriminator_lr": 1e-3, "learning_rate_decay": 1.0}
"""For points: larger rates, which fall to 0."""
Make = Callable[[], nn.Module]
"""Makes a network."""
POSTERIOR = "posterior"
"""Name of the branch of noise that moves weights."""


class BayesianGAN(Game):
    """A posterior over generators in place of one: together they cover what each alone leaves out.

    Every generator plays against every discriminator (equations 1 and 2). Weights have a Gaussian prior, and
    noise moves them about their posterior. A sample comes from a generator chosen at random, among those of
    now and those kept from earlier rounds.

    With `labelled`, a classifier from few labels and many examples without: discriminators have a logit for
    each class and a fixed one for "generated", as in Improved GAN, whose networks and whose matching of
    features this form has, as the authors' code does. What it says of a class is the mean over all
    discriminators, those kept too.

    The paper moves weights by SGHMC. The authors' code adds small noise to gradients and leaves the rest to
    Adam; where the paper has the mean over all opponents it has a logsumexp, so that the worst counts most;
    its prior's share is a mean over the weights of a tensor, and not a sum.
    """

    paper = "Saatchi and Wilson 2017, arXiv:1705.09558, algorithm 1; steps of the authors' code too"
    purpose = "several generators from a posterior, which together miss less; a classifier from few labels"
    needs = Needs(examples=("images", "points"))
    length = Limit(steps=5000)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"points": POINTS}

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of Bayesian GAN."""

        generators: Count = 10
        """Generators; 1 with `code` is nearly a plain GAN."""
        discriminators: Count = 1
        """Discriminators."""
        samples: Natural = 2
        """Samples of the weights of all that are kept from earlier rounds."""
        sample_every: Count = 500
        """Rounds between two of them."""
        posterior: Literal["code", "sghmc"] = "code"
        """How weights move: as in the authors' code, or by the paper's SGHMC, which wants other rates."""
        friction: Fraction = 1e-3
        """Share of the velocity that SGHMC loses in a step; it decides the noise of both. The paper has 0.01,
        the code of its synthetic experiment this. With 0 there is no noise."""
        prior_deviation: Positive = 10.0
        """Standard deviation of the weights' Gaussian prior."""
        labelled: Natural = 0
        """Examples whose label may be seen, in all, evenly by class; 0 learns no classes."""
        labelled_seed: Natural = 1
        """Decides which those are, whatever the run's seed."""
        matching: NonNegative = 1.0
        """Weight of how far the mean features of generated examples are from those of real ones, with
        labels."""
        network: Literal["auto", "perceptron", "convolutional"] = "auto"
        """Kind of the networks with labels: those of Improved GAN, perceptrons or convolutions. By default
        perceptrons for points, and for grey images of up to 32 pixels."""
        latent_size: Count | None = None
        """Dimensions of the noise z in U(-1, 1); by default 100, those of a point for points. One more
        number says which generator."""
        width: Count = 16
        """Channels at half the image's size; twice as many at each size below."""
        point_units: Count = 128
        """Units of each hidden layer where the data is points."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generators, or SGHMC's step size: the paper's times the number of
        examples."""
        discriminator_lr: Positive = 2e-4
        """The same for the discriminators."""
        labels_lr: Positive = 3e-3
        """The rate of both with labels, where these two do not count: weights are normalised there."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment, for both players."""

    settings: Settings
    generator: Several

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.latent_size = noise_size(settings.latent_size, data, for_images=100)
        as_code = settings.posterior == "code"
        self.posterior = Posterior(as_code, settings.friction, settings.prior_deviation, data.count)
        if settings.labelled and not data.classes:
            raise SettingError(
                f"labelled is {settings.labelled}, and this data has {data.condition.about}: choose data "
                "with labels, or leave it out."
            )
        makers = self.classifying_networks if settings.labelled else self.plain_networks
        generator, discriminator = makers()
        self.generator = Several(
            [self.built(Role.GENERATOR, generator()) for _ in range(settings.generators)]
        )
        self.discriminators = nn.ModuleList(
            self.built(Role.CRITIC, discriminator()) for _ in range(settings.discriminators)
        )
        self.kept_generators = PosteriorSamples(self.generator.members, settings.samples)
        self.kept_discriminators = PosteriorSamples(self.discriminators, settings.samples)

    def plain_networks(self) -> tuple[Make, Make]:
        """What makes a generator, and a discriminator that gives the log-odds of being real."""
        s, data = self.settings, self.data
        size: dict[str, Any] = {"width": s.width, "units": s.point_units}
        norms: dict[str, Norm] = {"images": nn.BatchNorm2d, "points": no_norm}
        norm = data.kind.choose(**norms)
        return (
            lambda: build_generator(data, self.latent_size, norm=norm, **size),
            lambda: build_critic(data, **size),
        )

    def classifying_networks(self) -> tuple[Make, Make]:
        """What makes a generator, and a discriminator that gives logits of the classes."""
        make = partial(few_label_networks, self.settings, self.data, self.random, nn.Tanh)
        return lambda: make()[0], lambda: make()[1]

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        """All examples, those without a label too; with `labelled`, a few with theirs."""
        assert isinstance(settings, cls.Settings)
        if not settings.labelled:
            return super().sources(settings, data)
        few, _ = parted(data, settings.labelled, 0, settings.labelled_seed)
        return {
            "real": Source(with_unlabelled(data), settings.batch_size),
            "labelled": Source(repeated(data, few, settings.batch_size), settings.batch_size),
        }

    def start(self, **first: Batch) -> None:
        """With labels every layer's outputs begin with mean 0 and variance 1, over real examples."""
        if self.settings.labelled:
            (shown,) = self.show(first["real"].examples, real=True)
            for discriminator in self.discriminators:
                fit(discriminator, shown)

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """Four widths for images; for points larger rates, which fall to 0."""
        return by_width_or_points(data, {"generator_lr": 2e-4, "discriminator_lr": 2e-4}, POINTS)

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width."""
        assert isinstance(settings, cls.Settings)
        return steps_by_width(data, settings.width, 150)

    def players(self) -> dict[str, Player]:
        """One optimiser for all generators, one for all discriminators."""
        s = self.settings
        # Weights are the same in all processes, and so must be what moves them.
        noise = self.random.branch(POSTERIOR, divided=False)
        rates = (s.labels_lr, s.labels_lr) if s.labelled else (s.generator_lr, s.discriminator_lr)
        generators, discriminators = (
            self.posterior.mover(networks.parameters(), rate, s.adam_beta1, noise)
            for networks, rate in zip((self.generator, self.discriminators), rates, strict=True)
        )
        return two_players(generators, discriminator=discriminators)

    def round(self) -> list[Turn]:
        """The discriminators, then all generators."""
        seen = ("real", "labelled") if self.settings.labelled else ("real",)
        return [
            Turn("discriminator", self.discriminator_loss, seen),
            Turn("generator", self.generator_loss, after=self.keep_samples),
        ]

    def discriminator_loss(self, real: Batch, labelled: Batch | None = None) -> Terms:
        """-log D(x) - log(1 - D(G(z))) over the generators, and the prior, summed over the discriminators;
        with labels, that of the class as well."""
        with torch.no_grad():
            fakes = self.fakes(len(real))
        costs, said = [], []
        for critic in self.discriminators:
            genuine = self.realness(critic, real.examples, real=True)
            made = [self.realness(critic, fake, real=False) for fake in fakes]
            costs.append(
                self.posterior.joined([total(self.objective.for_critic(genuine, each)) for each in made])
            )
            said.append((genuine, torch.cat(made)))
        terms = Terms(adversarial=torch.stack(costs).sum(), prior=self.posterior.prior(self.discriminators))
        if labelled is not None:
            classes = [self.class_loss(critic, labelled) for critic in self.discriminators]
            terms["labelled"] = torch.stack(classes).sum()
        genuine, fake = (torch.cat(parts) for parts in zip(*said, strict=True))
        return terms.observing(**critic_statistics(genuine, fake))

    def class_loss(self, critic: nn.Module, labelled: Batch) -> Tensor:
        """-log p of the class."""
        return F.cross_entropy(self.judge(critic, labelled.examples, real=True), labelled.condition)

    def generator_loss(self, real: Batch) -> Terms:
        """-log D(G(z)) over the discriminators, and the prior, summed over the generators: each has weights
        of its own."""
        wanted = [self.mean_features(critic, real) for critic in self.discriminators]
        pairs = list(zip(self.discriminators, wanted, strict=True))
        costs = [
            self.posterior.joined([self.deceit(critic, fake, real, mean) for critic, mean in pairs])
            for fake in self.fakes(len(real))
        ]
        return Terms(adversarial=torch.stack(costs).sum(), prior=self.posterior.prior(self.generator))

    def mean_features(self, critic: nn.Module, real: Batch) -> Tensor | None:
        """The mean of a discriminator's features over real examples, where they are to be matched."""
        if not self.settings.labelled:
            return None
        features, _ = critic.children()
        seen: Tensor = self.judge(features, real.examples, real=True)
        return seen.mean(0)

    def deceit(self, critic: nn.Module, fake: Tensor, real: Batch, wanted: Tensor | None) -> Tensor:
        """What a generator pays for examples that a discriminator should take for real, and whose features
        should have a mean."""
        if wanted is None:
            return total(self.deceive(critic, fake, real.examples))
        features, head = critic.children()
        seen = self.judge(features, fake, real=False)
        terms = self.objective.for_generator(
            self.log_odds(head(seen)), lambda: self.realness(critic, real.examples, real=True)
        )
        return total(terms) + self.settings.matching * F.mse_loss(seen.mean(0), wanted)

    def realness(self, critic: nn.Module, examples: Tensor, *, real: bool) -> Tensor:
        """The log-odds of being real that a discriminator gives examples, (count,)."""
        return self.log_odds(self.judge(critic, examples, real=real))

    def log_odds(self, said: Tensor) -> Tensor:
        """The log-odds of being real that a discriminator says: of its logits of classes, their logsumexp."""
        return said.logsumexp(1) if self.settings.labelled else said

    def fakes(self, count: int) -> list[Tensor]:
        """So many examples of each generator."""
        members = self.settings.generators
        said = saying(members, count).to(self.random.device)
        noise = [self.random.uniform(count, self.latent_size) for _ in range(members)]
        made: Tensor = self.generator(torch.cat([torch.cat(noise), said[:, None]], 1))
        return list(made.split(count))

    def keep_samples(self, terms: Mapping[str, Number]) -> None:
        """Keep a sample of all weights now and then."""
        if self.step % self.settings.sample_every == self.settings.sample_every - 1:
            self.kept_generators.take(self.generator.members)
            self.kept_discriminators.take(self.discriminators)

    def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Examples of all generators, those kept too."""
        return made_by([*self.generator.members, *self.kept_generators.networks()], latent)

    def class_logits(self, examples: Tensor) -> Tensor | None:
        """The logarithm of the mean of the probabilities of all discriminators, those kept too."""
        if not self.settings.labelled:
            return None
        critics = [*self.discriminators, *self.kept_discriminators.networks()]
        return mean_of_probabilities([critic(examples) for critic in critics])

    def figures(self) -> dict[str, Figure]:
        """The share of held-out examples that are misnamed, where it learns classes."""
        if not self.settings.labelled:
            return {}
        about = "share of held-out examples that all discriminators together misname; lower is better"
        return {"test error": Figure(self.misnamed, about)}

    def misnamed(self, real: Batch) -> Tensor:
        """Whether each example is misnamed."""
        logits = self.class_logits(real.examples)
        assert logits is not None
        return (logits.argmax(1) != real.condition).float()

    def critic_score(self, examples: Tensor, condition: Tensor) -> Tensor:
        """The mean of what the discriminators say."""
        return torch.stack([self.log_odds(critic(examples)) for critic in self.discriminators]).mean(0)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size, and a number that says which generator."""
        return random.uniform(count, self.latent_size + 1)


def mean_of_probabilities(logits: Sequence[Tensor]) -> Tensor:
    """The logarithm of the mean of the softmax of several logits (count, classes)."""
    return torch.stack([each.log_softmax(1) for each in logits]).logsumexp(0) - math.log(len(logits))


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms of a loss."""
    return torch.stack(list(terms.values())).sum()

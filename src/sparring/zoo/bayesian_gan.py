"""Bayesian GAN: several generators, drawn from a posterior of their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data import Dataset
from sparring.data.few_labels import parted, repeated
from sparring.data.unlabelled import count_with_unlabelled, with_unlabelled
from sparring.errors import SettingError
from sparring.game import (
    Batch,
    DataSpec,
    Figure,
    GameSettings,
    Limit,
    Needs,
    Phase,
    Player,
    Recommendation,
    Source,
    Terms,
    Turn,
)
from sparring.nn.points import buffers_of_scales, fit_scales
from sparring.nn.weight_norm import fit
from sparring.randomness import Randomness
from sparring.schedules import linear_decay
from sparring.settings import OF_THE_TASK, Fraction, Natural, NonNegative, Positive
from sparring.zoo.few_label_networks import are_perceptrons, few_label_networks, idle_widths
from sparring.zoo.posterior_game import Make, PosteriorGame, total
from sparring.zoo.rules import by_width_or_points, steps_by_width

POINTS = {"generator_lr": 1e-3, "discriminator_lr": 1e-3, "learning_rate_decay": 1.0}
"""For points: larger rates, which fall to 0."""
STEPS_WITH_LABELS = 15_000
"""About how many rounds digits of which a hundred have a label want; they are learnt slowly."""
OF_LABELS = ("labelled_seed", "matching", "deceiving", "network", "labels_lr", "labels_decay")
"""Settings of the game with labels alone."""
WITHOUT_LABELS = ("point_units", "generator_lr", "discriminator_lr")
"""Settings of the game without labels alone."""


class BayesianGAN(PosteriorGame):
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
    class Settings(PosteriorGame.Settings):
        """Settings of Bayesian GAN."""

        labelled: Annotated[Natural, OF_THE_TASK] = 0
        """Examples whose label may be seen, in all, evenly by class; 0 learns no classes."""
        labelled_seed: Annotated[Natural, OF_THE_TASK] = 1
        """Decides which those are, whatever the run's seed."""
        matching: NonNegative = 1.0
        """Weight of how far the mean features of generated examples are from those of real ones, with
        labels."""
        deceiving: NonNegative = 0.0
        """Weight of -log D(G(z)) beside that: 1 in the authors' code. Improved GAN has none."""
        network: Literal["auto", "perceptron", "convolutional"] = "auto"
        """Kind of the networks with labels: those of Improved GAN, perceptrons or convolutions. By default
        perceptrons for points, and for grey images of up to 32 pixels or colour of up to 18."""
        labels_lr: Positive = 3e-3
        """The rate of both players with labels, where their own do not count: weights are normalised
        there."""
        labels_decay: Fraction = 0.25
        """Share of the run, counted from its end, over which that falls to 0; where `learning_rate_decay` is
        given, that counts. With a smaller rate the borders between classes move more slowly."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        if settings.labelled and not data.classes:
            raise SettingError(
                f"labelled is {settings.labelled}, and this data has no classes: choose data with labels, or "
                "leave it out."
            )
        super().__init__(settings, data, random)
        self.of_data = buffers_of_scales(self)

    def makers(self) -> tuple[Make, Make]:
        """With labels, discriminators that give logits of the classes."""
        if not self.settings.labelled:
            return super().makers()

        def both() -> tuple[nn.Module, nn.Module]:
            return few_label_networks(self.settings, self.data, self.random, self.value_range)

        return lambda: both()[0], lambda: both()[1]

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        """All examples, those without a label too; with `labelled`, a few with theirs."""
        assert isinstance(settings, cls.Settings)
        real = {"real": Source(with_unlabelled(data), settings.batch_size)}
        if not settings.labelled:
            return real
        few, _ = parted(data, settings.labelled, 0, settings.labelled_seed)
        return real | {"labelled": Source(repeated(data, few, settings.batch_size), settings.batch_size)}

    @classmethod
    def examples_given(cls, settings: GameSettings, data: DataSpec) -> int:
        """Those without a label too."""
        return count_with_unlabelled(data)

    def start(self, **first: Batch) -> None:
        """With labels every layer's outputs begin with mean 0 and variance 1, over real examples; networks
        for points learn where these lie."""
        if self.settings.labelled:
            fit_scales(self, first["real"].examples)
            (shown,) = self.show(first["real"].examples, real=True)
            for discriminator in self.discriminators:
                fit(discriminator, shown)

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """Four widths for images; for points larger rates, which fall to 0."""
        data = replace(data, count=count_with_unlabelled(data))
        return by_width_or_points(data, {"generator_lr": 2e-4, "discriminator_lr": 2e-4}, POINTS)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """With labels the rates of the game without, and what perceptrons do not ask for; without labels what
        is of labels."""
        assert isinstance(settings, cls.Settings)
        idle = super().idle_settings(settings, data)
        if not settings.labelled:
            return {**idle, **dict.fromkeys(OF_LABELS, "without --labelled no image has a label")}
        own = dict.fromkeys(WITHOUT_LABELS, "with labels networks and rates are others")
        return {**idle, **own, **idle_widths(settings, data)}

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width; with labels more, and of perceptrons always as many."""
        assert isinstance(settings, cls.Settings)
        if settings.labelled and are_perceptrons(settings, data):
            return STEPS_WITH_LABELS
        return steps_by_width(data, settings.width, 300 if settings.labelled else 150)

    def players(self) -> dict[str, Player]:
        """With labels at rates that fall."""
        players = super().players()
        if not self.settings.labelled or self.settings.learning_rate_decay:
            return players
        schedule = linear_decay(self.settings.labels_decay)
        return {name: replace(player, schedule=schedule) for name, player in players.items()}

    def rates(self) -> tuple[float, float]:
        """With labels one rate for all."""
        s = self.settings
        return (s.labels_lr, s.labels_lr) if s.labelled else super().rates()

    def adam_epsilon(self) -> float:
        """With labels a larger one, as in Improved GAN, where 1e-8 is within the root and so its own root
        counts: a discriminator that is never wrong moves little."""
        return 1e-4 if self.settings.labelled else super().adam_epsilon()

    def phases(self) -> list[Phase]:
        """With labels a run has another length."""
        length = Limit(steps=STEPS_WITH_LABELS) if self.settings.labelled else None
        return [replace(phase, length=length) for phase in super().phases()]

    def round(self) -> list[Turn]:
        """The discriminators, who see a few labels if there are any; then all generators."""
        discriminators, generators = super().round()
        if self.settings.labelled:
            discriminators = replace(discriminators, sources=("real", "labelled"))
        return [discriminators, generators]

    def discriminator_loss(self, real: Batch, labelled: Batch | None = None) -> Terms:
        """With labels, -log p of the class as well."""
        if labelled is None:
            return super().discriminator_loss(real)
        fakes = self.unmoved_fakes(len(real))
        said, wrong = [], []
        for critic in self.discriminators:
            shown = [
                *self.show(labelled.examples, real=True),
                *self.show(real.examples, real=True),
                *(part for fake in fakes for part in self.show(fake, real=False)),
            ]
            classes, *others = in_one_pass(critic, shown)
            genuine, *made = map(self.log_odds, others)
            said.append((genuine, made))
            wrong.append(F.cross_entropy(classes, labelled.condition))
        terms = self.telling_apart(said)
        terms["labelled"] = torch.stack(wrong).sum()
        return terms

    def deceits(self, critic: nn.Module, fakes: Sequence[Tensor], real: Batch) -> list[Tensor]:
        """With labels, features whose mean is that of real examples; they may deceive as well."""
        s = self.settings
        if not s.labelled:
            return super().deceits(critic, fakes, real)
        features, head = critic.children()
        wanted = self.judge(features, real.examples, real=True).mean(0)
        shown = [part for fake in fakes for part in self.show(fake, real=False)]
        costs = []
        for seen in in_one_pass(features, shown):
            cost = s.matching * F.mse_loss(seen.mean(0), wanted)
            if s.deceiving:
                terms = self.objective.for_generator(
                    self.log_odds(head(seen)),
                    lambda: self.log_odds(self.judge(critic, real.examples, real=True)),
                )
                cost = cost + s.deceiving * total(terms)
            costs.append(cost)
        return costs

    def log_odds(self, said: Tensor) -> Tensor:
        """With labels, the logsumexp of the logits of the classes."""
        return said.logsumexp(1) if self.settings.labelled else said

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
        return logits.argmax(1) != real.condition


def in_one_pass(network: nn.Module, batches: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """What a network gives for each of several batches: its weights are gone through once for all."""
    said: tuple[Tensor, ...] = network(torch.cat(list(batches))).split([len(each) for each in batches])
    return said


def mean_of_probabilities(logits: Sequence[Tensor]) -> Tensor:
    """The logarithm of the mean of the softmax of several logits (count, classes)."""
    return torch.stack([each.log_softmax(1) for each in logits]).logsumexp(0) - math.log(len(logits))

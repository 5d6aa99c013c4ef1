"""Improved GAN: a classifier from a few labels, taught by a generator whose features are to match."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from sparring.data import Dataset
from sparring.data.few_labels import parted, repeated
from sparring.data.unlabelled import count_with_unlabelled, with_unlabelled
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
from sparring.game_settings import ImageWidth
from sparring.nn.adam_inside import AdamInside
from sparring.nn.average import Average
from sparring.nn.points import buffers_of_scales, fit_scales
from sparring.nn.weight_norm import fit
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness
from sparring.settings import OF_THE_TASK, Count, Fraction, Natural, NonNegative, Positive
from sparring.zoo.few_label_networks import are_perceptrons, few_label_networks, idle_widths
from sparring.zoo.rules import steps_by_width

FITTED_BATCHES = 5
"""The first so many batches decide the first scales of the discriminator: 500 images, as in the code."""


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
    needs = Needs(examples=("images", "points"), condition=("classes",), least=8)
    length = Limit(epochs=300)
    value_range = (0.0, 1.0)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of Improved GAN."""

        batch_size: Count = 100
        """Images in each of the three batches: labelled, unlabelled, generated."""
        labelled: Annotated[Count, OF_THE_TASK] = 100
        """Images whose label may be seen, in all, evenly by class; all there are where they are fewer."""
        labelled_seed: Annotated[Natural, OF_THE_TASK] = 1
        """Decides which those are, whatever the run's seed."""
        validation: Annotated[Natural, OF_THE_TASK] = 0
        """The label of so many of them, evenly by class, is not trained on: by the error on them settings and
        a moment to stop may be chosen without looking at the test error."""
        baseline: Annotated[bool, OF_THE_TASK] = False
        """Train beside it the same classifier on the labels alone: what the images without labels are good
        for is the difference between the two test errors."""
        network: Literal["auto", "perceptron", "convolutional"] = "auto"
        """Kind of both networks: the code's perceptrons for MNIST, or convolutions. By default perceptrons
        for points, and for grey images of up to 32 pixels or colour of up to 18."""
        width: ImageWidth = 32
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
    validation_images: Tensor
    validation_classes: Tensor

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        generator, discriminator = few_label_networks(settings, data, random)
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, discriminator)
        self.average = Average(self.discriminator, settings.average_decay)
        self.baseline: nn.Module | None = None
        if settings.baseline:
            _, self.baseline = few_label_networks(settings, data, random.branch("baseline"))
            self.baseline_average = Average(self.baseline, settings.average_decay)
        if settings.validation:
            self.register_buffer("validation_images", torch.zeros(settings.validation, *data.shape))
            self.register_buffer("validation_classes", torch.zeros(settings.validation, dtype=torch.int64))
        self.of_data = ("validation_images", "validation_classes", *buffers_of_scales(self))

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """For data that gets convolutions by itself three widths, and rates that fall: at constant ones the
        classifier, and that of the labels alone, was undone now and then. Otherwise the paper's settings."""
        if are_perceptrons(cls.Settings(), data):
            return ()
        falling = {} if cls.Settings().learning_rate_decay else {"learning_rate_decay": 0.5}
        why = "images that are large or in colour"
        return [Recommendation({"width": width}, falling, why) for width in (32, 16, 8)]

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """Of perceptrons about fifteen passes of the digits, after which most of what a few labels bring has
        come; of convolutions as many at the largest width, and in proportion to it."""
        assert isinstance(settings, cls.Settings)
        if are_perceptrons(settings, data):
            return data.kind.choose(images=9000, points=1000)
        return steps_by_width(data, settings.width, 300)

    @classmethod
    def examples_given(cls, settings: GameSettings, data: DataSpec) -> int:
        """Those without a label too."""
        return count_with_unlabelled(data)

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        """All images without labels, once for each player; a few with; the first ones, which give the first
        scales."""
        assert isinstance(settings, cls.Settings)
        few, aside = parted(data, settings.labelled, settings.validation, settings.labelled_seed)
        first = settings.batch_size * FITTED_BATCHES
        whole = with_unlabelled(data)
        return {
            "unlabelled": Source(whole, settings.batch_size),
            "matched": Source(whole, settings.batch_size),
            "labelled": Source(repeated(data, few, settings.batch_size), settings.batch_size),
            "first": Source(whole, first if first <= len(whole) else settings.batch_size),
            **({"validation": Source(data[aside], len(aside))} if len(aside) else {}),
        }

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """For perceptrons their channels too."""
        assert isinstance(settings, cls.Settings)
        idle = {**super().idle_settings(settings, data), **idle_widths(settings, data)}
        if settings.baseline:
            # It has the discriminator's rate, and is no critic.
            idle.pop("discriminator_lr", None)
        return idle

    def start(self, first: Batch, **others: Batch) -> None:
        """Every layer's outputs have mean 0 and variance 1 over the first images, with noise on; those of the
        baseline, which knows no others, over labelled ones. Networks for points learn where these lie."""
        fit_scales(self, first.examples)
        (shown,) = self.show(first.examples, real=True)
        fit(self.discriminator, shown)
        if self.baseline is not None:
            labelled = others["labelled"].examples
            fit_scales(self.baseline, labelled)
            fit(self.baseline, labelled)
        if "validation" in others:
            self.validation_images.copy_(others["validation"].examples)
            self.validation_classes.copy_(others["validation"].condition)

    def players(self) -> dict[str, Player]:
        """Adam for both, with epsilon inside the root."""
        s = self.settings
        generator = AdamInside(self.generator.parameters(), s.generator_lr, (s.adam_beta1, 0.999))
        players = two_players(generator, discriminator=self.classifier_optimizer(self.discriminator))
        if self.baseline is not None:
            players["baseline"] = Player(Role.OTHER, self.classifier_optimizer(self.baseline))
        return players

    def classifier_optimizer(self, classifier: nn.Module) -> Optimizer:
        """What trains the discriminator, and likewise the baseline."""
        s = self.settings
        return AdamInside(classifier.parameters(), s.discriminator_lr, (s.adam_beta1, 0.999))

    def round(self) -> list[Turn]:
        """The discriminator, then the generator on unlabelled images of its own."""
        turns = [
            Turn("discriminator", self.discriminator_loss, ("labelled", "unlabelled"), after=self.remember),
            Turn("generator", self.generator_loss, ("matched",)),
        ]
        if self.baseline is not None:
            turns.append(Turn("baseline", self.baseline_loss, ("labelled",), after=self.remember_baseline))
        return turns

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
            **self.unlabelled_terms(said[1]),
        ).observing(**critic_statistics(real, generated, self.objective))

    def unlabelled_terms(self, logits: Tensor) -> dict[str, Tensor]:
        """What else the discriminator pays for the logits of unlabelled images: nothing."""
        return {}

    def generator_loss(self, matched: Batch) -> Terms:
        """The squared distance of the mean features, a mean over the features (section 3.1)."""
        features = self.discriminator[0]
        # In passes of their own: nothing goes back through what the discriminator makes of real images.
        real = self.judge(features, matched.examples, real=True)
        fake = self.judge(features, self.fake(len(matched)), real=False)
        return Terms(matching=F.mse_loss(fake.mean(0), real.mean(0)))

    def baseline_loss(self, labelled: Batch) -> Terms:
        """The class of the labelled, shown as to the discriminator, and nothing else."""
        assert self.baseline is not None
        logits = self.judge(self.baseline, labelled.examples, real=True)
        return Terms(labelled=F.cross_entropy(logits, labelled.condition))

    def remember(self, terms: Mapping[str, Number]) -> None:
        """Average the discriminator's weights."""
        self.average.update(self.discriminator, self.phase_step)

    def remember_baseline(self, terms: Mapping[str, Number]) -> None:
        """Average the weights of what sees the labels alone."""
        assert self.baseline is not None
        self.baseline_average.update(self.baseline, self.phase_step)

    def class_logits(self, examples: Tensor) -> Tensor:
        """What the averaged weights say."""
        logits: Tensor = self.average(examples)
        return logits

    def validation(self) -> Batch | None:
        """The images whose labels are kept from training."""
        count = self.settings.validation
        if count == 0:
            return None
        return Batch(self.validation_images, self.validation_classes, torch.arange(count))

    def figures(self) -> dict[str, Figure]:
        """The share of held-out images that the classifier misnames, and what to hold it against."""
        about = "share of held-out images that {} misname; lower is better"
        figures = {
            "test error": Figure(self.misnamed_by(self.average), about.format("the averaged weights")),
            "test error, current weights": Figure(
                self.misnamed_by(self.discriminator), about.format("the current weights")
            ),
        }
        if self.baseline is not None:
            figures["test error, labels alone"] = Figure(
                self.misnamed_by(self.baseline_average), about.format("the same networks, of labels alone,")
            )
        if self.settings.validation:
            figures["validation error"] = Figure(
                self.misnamed_by(self.average),
                "share of the labelled images kept from training that are misnamed; lower is better",
                batch=self.validation,
            )
        return figures

    def misnamed_by(self, classifier: nn.Module) -> Callable[[Batch], Tensor]:
        """Says of each image of a batch whether a classifier misnames it."""
        return lambda real: classifier(real.examples).argmax(1) != real.condition

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(0, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size, low=0.0)

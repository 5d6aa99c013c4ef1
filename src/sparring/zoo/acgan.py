"""The auxiliary-classifier GAN, as the Keras listing has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.game import (
    Batch,
    DataSpec,
    Game,
    GameSettings,
    Limit,
    Loss,
    Needs,
    Player,
    Recommendation,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.game_settings import OF_THE_OBJECTIVE, ImageWidth
from sparring.nn.convolution import Conv2d, ConvTranspose2d
from sparring.nn.initialisers import glorot_normal, glorot_uniform, initialise
from sparring.nn.layers import Dropout
from sparring.nn.modes import inference
from sparring.nn.optimisers import Adam
from sparring.nn.order import Flatten
from sparring.objectives import NON_SATURATING, Objective, binary_cross_entropy, critic_statistics, smoothed
from sparring.randomness import Randomness
from sparring.recommendation import by_width
from sparring.settings import Count, Dropped, Fraction, NonNegative, Positive
from sparring.tricks.augmentation import augmentation_for, reason_for


class Generator(nn.Module):
    """Noise times an embedding of the class, then three transposed convolutions from 3 x 3 (at 28 pixels).

    Batch normalisation has Keras's defaults: epsilon 1e-3, running statistics moving by a hundredth.
    """

    def __init__(self, latent_size: int, data: DataSpec, width: int) -> None:
        super().__init__()
        channels, height, across = data.shape
        base = (4 * width, height // 4 - 4, across // 4 - 4)
        self.embedding = nn.Embedding(data.classes, latent_size)
        self.body = nn.Sequential(
            nn.Linear(latent_size, base[0] * base[1] * base[2]),
            nn.ReLU(),
            nn.Unflatten(1, base),
            ConvTranspose2d(4 * width, 2 * width, 5),
            nn.ReLU(),
            nn.BatchNorm2d(2 * width, eps=1e-3, momentum=0.01),
            ConvTranspose2d(2 * width, width, 5, stride=2, padding=2, output_padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(width, eps=1e-3, momentum=0.01),
            ConvTranspose2d(width, channels, 5, stride=2, padding=2, output_padding=1),
            nn.Tanh(),
        )
        initialise(
            self,
            {nn.Linear: glorot_uniform, nn.ConvTranspose2d: glorot_normal, nn.Embedding: glorot_normal},
        )

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Images in [-1, 1] of the given classes."""
        images: Tensor = self.body(latent * self.embedding(labels))
        return images


class Discriminator(nn.Module):
    """Four convolutions with leaky ReLU and dropout, then two heads."""

    def __init__(self, data: DataSpec, width: int, dropout: float, random: Randomness) -> None:
        super().__init__()
        channels, height, across = data.shape
        layers: list[nn.Module] = []
        for times, stride in [(1, 2), (2, 1), (4, 2), (8, 1)]:
            convolution = Conv2d(channels, times * width, 3, stride=stride, padding=1)
            layers += [convolution, nn.LeakyReLU(0.2), Dropout(dropout, random)]
            channels = times * width
        self.features = nn.Sequential(*layers, Flatten())
        size = channels * (height // 4) * (across // 4)
        self.generation = nn.Linear(size, 1)
        self.auxiliary = nn.Linear(size, data.classes)
        initialise(self, {nn.Linear: glorot_uniform, nn.Conv2d: glorot_uniform})

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of being real (count,), and of each class (count, classes)."""
        features = self.features(images)
        return self.generation(features).squeeze(1), self.auxiliary(features)


class ACGAN(Game):
    """The discriminator also names the class; the generator is told which class to make.

    As in the listing: real images have the soft label 0.95 (one-sided); the auxiliary loss counts real images
    twice and generated ones not at all in the discriminator's turn, so that it does not learn classes from
    bad pictures; the generator's turn has twice the batch; the generated images that the discriminator learns
    from are made in inference mode, with the running statistics of batch normalisation.

    TensorFlow pads `same` convolutions with stride 2 one pixel more at the end, torch at the beginning: the
    networks here are the listing's seen in a mirror.
    """

    paper = "Odena et al. 2016, arXiv:1610.09585; networks of the Keras example"
    purpose = "images of the class one asks for, and a report after every epoch"
    needs = Needs(examples=("images",), condition=("classes",), multiple=4, least=20, most=200)
    conditional = True
    length = Limit(epochs=100)
    grid = (40, 10)
    shows_real = True
    keep_every = 1

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of the Keras ACGAN."""

        batch_size: Count = 100
        """Real examples in a batch; the generator's turn has twice as many."""
        shuffle: bool = False
        """Deal the examples in a new order each epoch; the listing does not."""
        width: ImageWidth = 32
        """The discriminator's channels at half the image's size, where the generator has three times as many;
        at a quarter it has eight times as many."""
        latent_size: Count = 100
        """Dimensions of the noise z in U(-1, 1), and of the class embedding."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 2e-4
        """Adam's learning rate for the discriminator."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment, for both players."""
        soft_one: Annotated[Fraction, OF_THE_OBJECTIVE] = 0.95
        """The target for `real`, in both players' turns."""
        real_weight: NonNegative = 2.0
        """Weight of real images in the discriminator's auxiliary loss, where generated ones have 0. The
        listing's comment means 2 to make up for the zeros (1 here), but the Keras of its time makes up for
        them by itself, so that real classes really counted twice."""
        dropout: Dropped = 0.3
        """Share of the discriminator's activations that are dropped after each convolution."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        s = settings
        self.generator = self.built(Role.GENERATOR, Generator(s.latent_size, data, 3 * s.width))
        self.discriminator = self.built(Role.CRITIC, Discriminator(data, s.width, s.dropout, random))

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The listing's settings at three widths, with augmentation where images are few; shuffled, because
        images in folders lie class after class."""
        rates = {"generator_lr": 2e-4, "discriminator_lr": 2e-4}
        return by_width((32, 16, 8), rates, {"shuffle": True, **augmentation_for(data)}, reason_for(data))

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """About two epochs of digits, whatever the width."""
        return 1200

    def players(self) -> dict[str, Player]:
        """Adam for both, with Keras's epsilon."""
        s = self.settings
        betas = (s.adam_beta1, 0.999)
        return two_players(
            Adam(self.generator.parameters(), s.generator_lr, betas, 1e-7),
            discriminator=Adam(self.discriminator.parameters(), s.discriminator_lr, betas, 1e-7),
        )

    def aim(self) -> Objective:
        """Cross-entropy whose target for `real` is soft in both players' turns."""
        return smoothed(NON_SATURATING, real=self.settings.soft_one, deceive=self.settings.soft_one)

    def round(self) -> list[Turn]:
        """The discriminator on real and generated images, then the generator on twice as many."""
        return [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]

    def discriminator_loss(self, real: Batch) -> Terms:
        """Real or generated, for all; which class, for the real ones."""
        with inference(self.generator):
            fake, _ = self.generate_any(len(real))
        (shown,), (fake,) = self.show(real.examples, real=True), self.show(fake, real=False)
        generation, auxiliary = self.discriminator(torch.cat([shown, fake]))
        real_logits, fake_logits = generation.chunk(2)
        terms = self.objective.for_critic(real_logits, fake_logits)
        # Keras 2 divides a weighted loss by the share of weights that are not 0: the mean over the real half.
        auxiliary_loss = self.settings.real_weight * F.cross_entropy(auxiliary[: len(real)], real.condition)
        return Terms(
            generation_loss=torch.stack(list(terms.values())).mean(), auxiliary_loss=auxiliary_loss
        ).observing(**critic_statistics(real_logits, fake_logits, self.objective))

    def generator_loss(self, real: Batch) -> Terms:
        """Be taken for real, and for the class asked for."""
        fake, labels = self.generate_any(2 * len(real))
        generation, auxiliary = self.judge(self.discriminator, fake, real=False)
        (generation_loss,) = self.objective.for_generator(
            generation, lambda: self.judge(self.discriminator, real.examples, real=True)[0].repeat(2)
        ).values()
        return Terms(generation_loss=generation_loss, auxiliary_loss=F.cross_entropy(auxiliary, labels))

    def test_losses(self) -> dict[str, Loss]:
        """The same losses with hard labels, and with equal weights in the auxiliary loss."""
        return {
            "generator": self.generator_test_loss,
            "discriminator": self.discriminator_test_loss,
        }

    def generator_test_loss(self, real: Batch) -> Terms:
        """Be taken for real, with a hard label, and for the class asked for."""
        fake, labels = self.generate_any(2 * len(real))
        generation, auxiliary = self.discriminator(fake)
        return Terms(
            generation_loss=binary_cross_entropy(generation, 1.0),
            auxiliary_loss=F.cross_entropy(auxiliary, labels),
        )

    def discriminator_test_loss(self, real: Batch) -> Terms:
        """Real or generated, and which class, for all images alike."""
        fake, labels = self.generate_any(len(real))
        generation, auxiliary = self.discriminator(torch.cat([real.examples, fake]))
        return Terms(
            generation_loss=(
                binary_cross_entropy(generation[: len(real)], 1.0)
                + binary_cross_entropy(generation[len(real) :], 0.0)
            )
            / 2,
            auxiliary_loss=F.cross_entropy(auxiliary, torch.cat([real.condition, labels])),
        )

    def generate_any(self, count: int) -> tuple[Tensor, Tensor]:
        """Generated images of classes drawn evenly, and those classes."""
        latent = self.latent(count, self.random)
        labels = self.random.integers(count, self.data.classes)
        return self.generate(latent, labels), labels

    def class_logits(self, examples: Tensor) -> Tensor:
        """What the auxiliary head says."""
        logits: Tensor = self.discriminator(examples)[1]
        return logits

    def critic_score(self, examples: Tensor, condition: Tensor) -> Tensor:
        """What the discriminator says, of classes apart."""
        said: Tensor = self.discriminator(examples)[0]
        return said.flatten()

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Images in [-1, 1] of the given classes."""
        images: Tensor = self.generator(latent, condition)
        return images

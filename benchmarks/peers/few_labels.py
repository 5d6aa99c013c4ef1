"""Improved GAN and Bad GAN for digits in eager PyTorch, as ports of the authors' code write them."""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from peers.common import Peer, batches
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm
from torch.optim import Adam

from sparring.zoo.bad_gan import BadGAN
from sparring.zoo.improved_gan import ImprovedGAN


class Noise(nn.Module):
    """Gaussian noise in training."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, values: Tensor) -> Tensor:
        """Add it."""
        return values + self.deviation * torch.randn_like(values) if self.training else values


class Bias(nn.Module):
    """A bias alone, after batch normalisation without its own."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, values: Tensor) -> Tensor:
        """Add it."""
        return values + self.bias


class MADE(nn.Module):
    """The log-density of images of grey pixels."""

    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.hidden, self.logits = nn.Linear(size, units), nn.Linear(units, size)
        places, sees = torch.arange(size), torch.linspace(0, size - 2, units).round()
        self.register_buffer("before", (sees[:, None] >= places).float())
        self.register_buffer("after", (places[:, None] > sees).float())

    def forward(self, images: Tensor) -> Tensor:
        """log p of each."""
        pixels = images.flatten(1)
        hidden = F.relu(F.linear(pixels, self.hidden.weight * self.before, self.hidden.bias))
        logits = F.linear(hidden, self.logits.weight * self.after, self.logits.bias)
        return -F.binary_cross_entropy_with_logits(logits, pixels, reduction="none").sum(1)


def make_generator(latent: int) -> nn.Sequential:
    """Noise to images by three dense layers."""
    layers: list[nn.Module] = []
    for inputs in (latent, 500):
        norm = nn.BatchNorm1d(500, 1e-6, affine=False)
        layers += [nn.Linear(inputs, 500, bias=False), norm, Bias(500), nn.Softplus()]
    return nn.Sequential(
        *layers, weight_norm(nn.Linear(500, 784)), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
    )


class Classifier(nn.Module):
    """Dense layers with noise on each; features, and logits of the classes."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten(), Noise(0.3)]
        for inputs, units in pairwise((784, 1000, 500, 250, 250, 250)):
            layer = weight_norm(nn.Linear(inputs, units))
            layer.parametrizations.weight.original0.requires_grad_(False)
            layers += [layer, nn.ReLU(True), Noise(0.5)]
        self.features = nn.Sequential(*layers[:-1])
        self.head = nn.Sequential(layers[-1], weight_norm(nn.Linear(250, 10)))

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.features(images))
        return logits


class Game:
    """What both have: networks, optimisers, batches, and the discriminator's step."""

    def __init__(self, images: Tensor, labels: Tensor, s: ImprovedGAN.Settings, beta2: float) -> None:
        self.s = s
        self.generator, self.discriminator = make_generator(s.latent_size), Classifier()
        self.average = copy.deepcopy(self.discriminator)
        betas = (s.adam_beta1, beta2)
        trained = [p for p in self.discriminator.parameters() if p.requires_grad]
        self.optimizer_g = Adam(self.generator.parameters(), s.generator_lr, betas)
        self.optimizer_d = Adam(trained, s.discriminator_lr, betas)
        self.unlabelled = batches(images, size=s.batch_size)
        self.matched = batches(images, size=s.batch_size)
        self.labelled = batches(images[: s.labelled], labels[: s.labelled], size=s.batch_size)

    def discriminator_step(self, entropy: float = 0.0) -> None:
        """The classes of the labelled; real or generated, for the rest."""
        (known, classes), (unknown,) = next(self.labelled), next(self.unlabelled)
        self.optimizer_d.zero_grad()
        made = self.generator(torch.rand(len(unknown), self.s.latent_size)).detach()
        said, real, fake = self.discriminator(torch.cat([known, unknown, made])).split(self.s.batch_size)
        real_sums, fake_sums = torch.logsumexp(real, 1), torch.logsumexp(fake, 1)
        loss_unlabelled = F.softplus(-real_sums).mean() + F.softplus(fake_sums).mean()
        loss = F.cross_entropy(said, classes) + 0.5 * self.s.unlabelled_weight * loss_unlabelled
        if entropy:
            loss = loss - entropy * (real.softmax(1) * real.log_softmax(1)).sum(1).mean()
        loss.backward()
        self.optimizer_d.step()
        with torch.no_grad():
            both = zip(self.average.parameters(), self.discriminator.parameters(), strict=True)
            for own, new in both:
                own.mul_(self.s.average_decay).add_(new, alpha=1 - self.s.average_decay)
        loss.item()

    def generator_step(self, loss: Tensor) -> None:
        """Move against a loss."""
        self.optimizer_g.zero_grad()
        loss.backward()
        self.optimizer_g.step()
        loss.item()


def improved_gan(images: Tensor, labels: Tensor, s: ImprovedGAN.Settings) -> Peer:
    """The discriminator, then features whose means match."""
    game = Game(images, labels, s, 0.999)

    def step() -> None:
        game.discriminator_step()
        (real,) = next(game.matched)
        made = game.generator(torch.rand(len(real), s.latent_size))
        features = game.discriminator.features
        game.generator_step(F.mse_loss(features(made).mean(0), features(real).mean(0).detach()))

    return Peer([game.generator, game.discriminator], step)


def bad_gan(images: Tensor, labels: Tensor, s: BadGAN.Settings) -> Peer:
    """The same with entropy; features that differ, and images that are not likely."""
    game, density = Game(images, labels, s, 0.9999), MADE(784, s.density_units)

    def pull_away(features: Tensor) -> Tensor:
        directions = F.normalize(features)
        cosines = (directions @ directions.t()).square()
        return (cosines.sum() - cosines.diagonal().sum()) / (len(features) * (len(features) - 1))

    def step() -> None:
        game.discriminator_step(s.entropy)
        (real,) = next(game.matched)
        made = game.generator(torch.rand(len(real), s.latent_size))
        shown = game.discriminator.features(made)
        known = game.discriminator.features(real).detach()
        likely = density(made) - density(real).detach().quantile(s.density_quantile)
        above = (likely > 0).float()
        unlikely = (likely * above).sum() / above.sum().clamp(min=1)
        loss = F.l1_loss(shown.mean(0), known.mean(0)) + s.pull_away * pull_away(shown)
        game.generator_step(loss + s.density_weight * unlikely)

    return Peer([game.generator, game.discriminator, density], step)

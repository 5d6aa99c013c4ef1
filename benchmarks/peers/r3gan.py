"""The game of R3GAN on small networks in eager PyTorch, with the losses of the authors' code."""

from __future__ import annotations

import copy

import torch
from peers.common import Peer, batches
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.zoo.r3gan import R3GAN


class Generator(nn.Module):
    """Noise beside an embedding of the class to images of 28 x 28."""

    def __init__(self, s: R3GAN.Settings) -> None:
        super().__init__()
        width = s.generator_width
        self.embedding = nn.Embedding(10, s.embedding_size)
        first, second = ([nn.BatchNorm2d(n)] if s.batch_norm else [] for n in (2 * width, width))
        self.body = nn.Sequential(
            nn.Linear((s.latent_size or 64) + s.embedding_size, 2 * width * 7 * 7, bias=not s.batch_norm),
            nn.Unflatten(1, (2 * width, 7, 7)),
            *first,
            nn.ReLU(True),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=not s.batch_norm),
            *second,
            nn.ReLU(True),
            nn.ConvTranspose2d(width, 1, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Images."""
        images: Tensor = self.body(torch.cat([latent, self.embedding(labels)], 1))
        return images


class Discriminator(nn.Module):
    """Three strided convolutions, a projection of the class, a classifier."""

    def __init__(self, s: R3GAN.Settings) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for after in (s.discriminator_width << level for level in range(3)):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.2, True)]
            before = after
        units = s.discriminator_units
        self.features = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(before * 9, units), nn.LeakyReLU(0.2, True)
        )
        self.score = nn.Linear(units, 1)
        self.embedding = nn.Embedding(10, units)
        self.classifier = nn.Linear(units, 10)

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Scores, and logits of the class."""
        features = self.features(images)
        scores = self.score(features).squeeze(1) + (features * self.embedding(labels)).sum(1)
        return scores, self.classifier(features)


def r3gan(images: Tensor, labels: Tensor, s: R3GAN.Settings) -> Peer:
    """The discriminator with both penalties, the generator, then its average."""
    latent = s.latent_size or 64
    generator, discriminator = Generator(s), Discriminator(s)
    average = copy.deepcopy(generator)
    optimizer_g = Adam(generator.parameters(), s.generator_lr, (0.0, s.adam_beta2))
    optimizer_d = Adam(discriminator.parameters(), s.discriminator_lr, (0.0, s.adam_beta2))
    loader = batches(images, labels, size=s.batch_size)

    def penalty(shown: Tensor, classes: Tensor, scores: Tensor) -> Tensor:
        if s.exact_penalty:
            (gradient,) = torch.autograd.grad(scores.sum(), shown, create_graph=True)
            return gradient.square().sum((1, 2, 3)).mean()
        moved = shown.detach() + 0.1 * torch.randn_like(shown)
        return (discriminator(moved, classes)[0] - scores).square().mean() / 0.1**2

    def named(said: Tensor, classes: Tensor) -> Tensor | float:
        return s.auxiliary_weight * F.cross_entropy(said, classes) if s.auxiliary_weight else 0.0

    def step() -> None:
        real, classes = next(loader)

        optimizer_d.zero_grad()
        made = generator(torch.randn(len(real), latent), classes).detach().requires_grad_(s.exact_penalty)
        real.requires_grad_(s.exact_penalty)
        real_scores, said = discriminator(real, classes)
        fake_scores, _ = discriminator(made, classes)
        adversarial = F.softplus(fake_scores - real_scores).mean()
        r1, r2 = penalty(real, classes, real_scores), penalty(made, classes, fake_scores)
        loss_d = adversarial + s.gamma / 2 * (r1 + r2) + named(said, classes)
        loss_d.backward()
        optimizer_d.step()

        optimizer_g.zero_grad()
        real = real.detach()
        made = generator(torch.randn(len(real), latent), classes)
        fake_scores, said = discriminator(made, classes)
        real_scores, _ = discriminator(real, classes)
        loss_g = F.softplus(real_scores - fake_scores).mean() + named(said, classes)
        loss_g.backward()
        optimizer_g.step()
        with torch.no_grad():
            for own, new in zip(average.parameters(), generator.parameters(), strict=True):
                own.copy_(torch.lerp(new, own, s.average_decay))
        loss_d.item(), loss_g.item()

    return Peer([generator, discriminator], step)

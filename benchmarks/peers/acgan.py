"""The Keras example's ACGAN for digits in eager PyTorch, as the popular scripts write it."""

from __future__ import annotations

import torch
from peers.common import Peer, batches
from torch import Tensor, nn
from torch.optim import Adam

from sparring.zoo.acgan import ACGAN


class Generator(nn.Module):
    """Noise times an embedding of the class, then three transposed convolutions."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, latent)
        self.body = nn.Sequential(
            nn.Linear(latent, 384 * 3 * 3),
            nn.ReLU(True),
            nn.Unflatten(1, (384, 3, 3)),
            nn.ConvTranspose2d(384, 192, 5),
            nn.ReLU(True),
            nn.BatchNorm2d(192, 1e-3, 0.01),
            nn.ConvTranspose2d(192, 96, 5, 2, 2, 1),
            nn.ReLU(True),
            nn.BatchNorm2d(96, 1e-3, 0.01),
            nn.ConvTranspose2d(96, 1, 5, 2, 2, 1),
            nn.Tanh(),
        )

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Images."""
        images: Tensor = self.body(latent * self.embedding(labels))
        return images


class Discriminator(nn.Module):
    """Four convolutions with dropout, then two heads."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, stride in ((1, 32, 2), (32, 64, 1), (64, 128, 2), (128, 256, 1)):
            layers += [
                nn.Conv2d(before, after, 3, stride, 1),
                nn.LeakyReLU(0.2, True),
                nn.Dropout(dropout),
            ]
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.generation = nn.Sequential(nn.Linear(256 * 7 * 7, 1), nn.Sigmoid())
        self.auxiliary = nn.Linear(256 * 7 * 7, 10)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Whether real, and logits of the class."""
        features = self.features(images)
        return self.generation(features), self.auxiliary(features)


def acgan(images: Tensor, labels: Tensor, s: ACGAN.Settings) -> Peer:
    """The discriminator on real and generated images, then the generator on twice as many."""
    generator, discriminator = Generator(s.latent_size), Discriminator(s.dropout)
    optimizer_g = Adam(generator.parameters(), s.generator_lr, (s.adam_beta1, 0.999), 1e-7)
    optimizer_d = Adam(discriminator.parameters(), s.discriminator_lr, (s.adam_beta1, 0.999), 1e-7)
    adversarial, auxiliary = nn.BCELoss(), nn.CrossEntropyLoss()
    loader = batches(images, labels, size=s.batch_size)

    def drawn(count: int) -> tuple[Tensor, Tensor]:
        return torch.rand(count, s.latent_size) * 2 - 1, torch.randint(10, (count,))

    def step() -> None:
        real, classes = next(loader)
        count = len(real)

        optimizer_d.zero_grad()
        generator.eval()
        with torch.no_grad():
            made = generator(*drawn(count))
        generator.train()
        soft = torch.cat([torch.full((count, 1), s.soft_one), torch.zeros(count, 1)])
        validity, said = discriminator(torch.cat([real, made]))
        loss_d = adversarial(validity, soft) + s.real_weight * auxiliary(said[:count], classes)
        loss_d.backward()
        optimizer_d.step()

        optimizer_g.zero_grad()
        z, wanted = drawn(2 * count)
        validity, said = discriminator(generator(z, wanted))
        loss_g = adversarial(validity, torch.full((2 * count, 1), s.soft_one)) + auxiliary(said, wanted)
        loss_g.backward()
        optimizer_g.step()
        loss_d.item(), loss_g.item()

    return Peer([generator, discriminator], step)

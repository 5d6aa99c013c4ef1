"""The tflearn example's convolutional GAN in eager PyTorch, as the popular scripts write it."""

from __future__ import annotations

import torch
from peers.common import Peer, batches
from torch import Tensor, nn
from torch.optim import Adam

from sparring.zoo.dcgan_tflearn import DCGANTflearn


def dcgan_tflearn(images: Tensor, labels: Tensor, s: DCGANTflearn.Settings) -> Peer:
    """A discriminator with two outputs, each player with noise of its own for every image."""
    generator = nn.Sequential(
        nn.Linear(s.latent_size, 128 * 7 * 7),
        nn.BatchNorm1d(128 * 7 * 7),
        nn.Tanh(),
        nn.Unflatten(1, (128, 7, 7)),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(128, 64, 5, padding=2),
        nn.Tanh(),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(64, 1, 5, padding=2),
        nn.Sigmoid(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 64, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(64, 128, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(128 * 7 * 7, 1024),
        nn.Tanh(),
        nn.Linear(1024, 2),
    )
    optimizer_g = Adam(generator.parameters(), s.generator_lr)
    optimizer_d = Adam(discriminator.parameters(), s.discriminator_lr)
    criterion = nn.CrossEntropyLoss()
    noise = [torch.rand(len(images), s.latent_size) * 2 - 1 for _ in range(2)]
    loader = batches(images, *noise, size=s.batch_size)

    def step() -> None:
        real, z_d, z_g = next(loader)
        valid, fake = torch.ones(len(real)).long(), torch.zeros(len(real)).long()

        optimizer_d.zero_grad()
        made = generator(z_d).detach()
        loss_d = (criterion(discriminator(real), valid) + criterion(discriminator(made), fake)) / 2
        loss_d.backward()
        optimizer_d.step()

        optimizer_g.zero_grad()
        loss_g = criterion(discriminator(generator(z_g)), valid)
        loss_g.backward()
        optimizer_g.step()
        loss_d.item(), loss_g.item()

    return Peer([generator, discriminator], step)

"""The GAN of two perceptrons in eager PyTorch, as the popular scripts write it."""

from __future__ import annotations

import torch
from peers.common import Peer, batches
from torch import Tensor, nn
from torch.optim import Adam

from sparring.zoo.gan import GAN


def gan(images: Tensor, labels: Tensor, s: GAN.Settings) -> Peer:
    """The generator, then the discriminator, on noise of each image; binary cross-entropy."""
    pixels = images[0].numel()
    generator = nn.Sequential(
        nn.Linear(s.latent_size, s.hidden_size),
        nn.ReLU(),
        nn.Linear(s.hidden_size, pixels),
        nn.Sigmoid(),
        nn.Unflatten(1, images.shape[1:]),
    )
    discriminator = nn.Sequential(
        nn.Flatten(),
        nn.Linear(pixels, s.hidden_size),
        nn.ReLU(),
        nn.Linear(s.hidden_size, 1),
        nn.Sigmoid(),
    )
    optimizer_g = Adam(generator.parameters(), s.generator_lr)
    optimizer_d = Adam(discriminator.parameters(), s.discriminator_lr)
    criterion = nn.BCELoss()
    noise = torch.rand(len(images), s.latent_size) * 2 - 1
    loader = batches(images, noise, size=s.batch_size)

    def step() -> None:
        real, z = next(loader)
        valid, fake = torch.ones(len(real), 1), torch.zeros(len(real), 1)

        optimizer_g.zero_grad()
        loss_g = criterion(discriminator(generator(z)), valid)
        loss_g.backward()
        optimizer_g.step()

        optimizer_d.zero_grad()
        loss_real = criterion(discriminator(real), valid)
        loss_fake = criterion(discriminator(generator(z).detach()), fake)
        loss_d = loss_real + loss_fake
        loss_d.backward()
        optimizer_d.step()
        loss_g.item(), loss_d.item()

    return Peer([generator, discriminator], step)

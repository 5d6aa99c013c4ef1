"""DCGAN, WGAN and WGAN-GP for images of 28 x 28 in eager PyTorch, as the popular scripts write them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from peers.common import Peer, batches, weights_init
from torch import Tensor, nn
from torch.optim import Adam, RMSprop

from sparring.zoo.dcgan import DCGAN
from sparring.zoo.wgan import WGAN
from sparring.zoo.wgan_gp import WGANGP

Norm = Callable[[int], nn.Module]


def make_generator(latent: int, width: int, kernel: int) -> nn.Sequential:
    """Noise to images by two transposed convolutions."""
    geometry = (kernel, 2, (kernel - 1) // 2, kernel % 2)
    return nn.Sequential(
        nn.Linear(latent, 2 * width * 7 * 7, bias=False),
        nn.Unflatten(1, (2 * width, 7, 7)),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(True),
        nn.ConvTranspose2d(2 * width, width, *geometry, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(True),
        nn.ConvTranspose2d(width, 1, *geometry),
        nn.Tanh(),
    )


def make_critic(width: int, kernel: int, norm: Norm) -> nn.Sequential:
    """Images to a score each by three strided convolutions."""
    geometry = (kernel, 2, (kernel - 1) // 2)
    biased = norm is not nn.BatchNorm2d
    side = 4 if kernel == 5 else 3
    return nn.Sequential(
        nn.Conv2d(1, width, *geometry),
        nn.LeakyReLU(0.2, True),
        nn.Conv2d(width, 2 * width, *geometry, bias=biased),
        norm(2 * width),
        nn.LeakyReLU(0.2, True),
        nn.Conv2d(2 * width, 4 * width, *geometry, bias=biased),
        norm(4 * width),
        nn.LeakyReLU(0.2, True),
        nn.Flatten(),
        nn.Linear(4 * width * side * side, 1),
    )


def dcgan(images: Tensor, labels: Tensor, s: DCGAN.Settings) -> Peer:
    """Real and generated images apart, then new noise for the generator."""
    generator = make_generator(s.latent_size, s.width, 5).apply(weights_init)
    discriminator = make_critic(s.width, 5, nn.BatchNorm2d).apply(weights_init)
    optimizer_g = Adam(generator.parameters(), s.generator_lr, (s.adam_beta1, 0.999))
    optimizer_d = Adam(discriminator.parameters(), s.discriminator_lr, (s.adam_beta1, 0.999))
    criterion = nn.BCEWithLogitsLoss()
    loader = batches(images, size=s.batch_size)

    def step() -> None:
        (real,) = next(loader)
        valid, fake = torch.ones(len(real), 1), torch.zeros(len(real), 1)

        optimizer_d.zero_grad()
        loss_real = criterion(discriminator(real), valid)
        loss_real.backward()
        made = generator(torch.rand(len(real), s.latent_size) * 2 - 1)
        loss_fake = criterion(discriminator(made.detach()), fake)
        loss_fake.backward()
        optimizer_d.step()

        optimizer_g.zero_grad()
        loss_g = criterion(discriminator(generator(torch.rand(len(real), s.latent_size) * 2 - 1)), valid)
        loss_g.backward()
        optimizer_g.step()
        loss_real.item(), loss_fake.item(), loss_g.item()

    return Peer([generator, discriminator], step)


def wgan(images: Tensor, labels: Tensor, s: WGAN.Settings) -> Peer:
    """Several steps of a critic whose weights are clipped, then the generator."""
    latent = s.latent_size or 100
    generator = make_generator(latent, s.width, 4).apply(weights_init)
    critic = make_critic(s.width, 4, nn.BatchNorm2d).apply(weights_init)
    optimizer_g = RMSprop(generator.parameters(), s.generator_lr)
    optimizer_c = RMSprop(critic.parameters(), s.critic_lr)
    loader = batches(images, size=s.batch_size)

    def step() -> None:
        for _ in range(s.n_critic):
            (real,) = next(loader)
            optimizer_c.zero_grad()
            made = generator(torch.randn(len(real), latent)).detach()
            loss_c = critic(made).mean() - critic(real).mean()
            loss_c.backward()
            optimizer_c.step()
            for parameter in critic.parameters():
                parameter.data.clamp_(-s.clip, s.clip)
            loss_c.item()
        optimizer_g.zero_grad()
        loss_g = -critic(generator(torch.randn(s.batch_size, latent))).mean()
        loss_g.backward()
        optimizer_g.step()
        loss_g.item()

    return Peer([generator, critic], step)


def wgan_gp(images: Tensor, labels: Tensor, s: WGANGP.Settings) -> Peer:
    """Several steps of a critic that pays for the length of its gradients, then the generator."""
    latent = s.latent_size or 128
    generator = make_generator(latent, s.width, 4)
    critic = make_critic(s.width, 4, lambda channels: nn.GroupNorm(1, channels))
    optimizer_g = Adam(generator.parameters(), s.generator_lr, (0.0, 0.9))
    optimizer_c = Adam(critic.parameters(), s.critic_lr, (0.0, 0.9))
    loader = batches(images, size=s.batch_size)

    def gradient_penalty(real: Tensor, made: Tensor) -> Tensor:
        alpha = torch.rand(len(real), 1, 1, 1)
        between = (alpha * real + (1 - alpha) * made).requires_grad_(True)
        scores = critic(between)
        (gradients,) = torch.autograd.grad(
            scores, between, torch.ones_like(scores), create_graph=True, retain_graph=True
        )
        return ((gradients.flatten(1).norm(2, dim=1) - 1) ** 2).mean()

    def step() -> None:
        for _ in range(s.n_critic):
            (real,) = next(loader)
            optimizer_c.zero_grad()
            made = generator(torch.randn(len(real), latent)).detach()
            loss_c = critic(made).mean() - critic(real).mean() + 10.0 * gradient_penalty(real, made)
            loss_c.backward()
            optimizer_c.step()
            loss_c.item()
        optimizer_g.zero_grad()
        loss_g = -critic(generator(torch.randn(s.batch_size, latent))).mean()
        loss_g.backward()
        optimizer_g.step()
        loss_g.item()

    return Peer([generator, critic], step)

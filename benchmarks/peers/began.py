"""BEGAN for images of 28 x 28 in eager PyTorch, as the popular scripts write it."""

from __future__ import annotations

import torch
from peers.common import Peer, batches
from torch import Tensor, nn
from torch.optim import Adam

from sparring.zoo.began import BEGAN


def convolution(before: int, after: int, norm: bool = False) -> list[nn.Module]:
    """3 x 3, and ELU."""
    normed = [nn.BatchNorm2d(after)] if norm else []
    return [nn.Conv2d(before, after, 3, padding=1), *normed, nn.ELU(True)]


def make_encoder(n: int, code: int) -> nn.Sequential:
    """Images to codes."""
    return nn.Sequential(
        *convolution(1, n),
        *convolution(n, n),
        *convolution(n, 2 * n),
        nn.AvgPool2d(2),
        *convolution(2 * n, 2 * n),
        *convolution(2 * n, 3 * n),
        nn.AvgPool2d(2),
        *convolution(3 * n, 3 * n),
        nn.Flatten(),
        nn.Linear(3 * n * 7 * 7, code),
    )


def make_decoder(n: int, code: int, norm: bool) -> nn.Sequential:
    """Codes to images."""
    layers: list[nn.Module] = [nn.Linear(code, n * 7 * 7), nn.Unflatten(1, (n, 7, 7))]
    layers += [nn.BatchNorm2d(n)] if norm else []
    for _ in range(2):
        layers += [*convolution(n, n, norm), *convolution(n, n, norm), nn.Upsample(scale_factor=2)]
    layers += [*convolution(n, n, norm), *convolution(n, n, norm), nn.Conv2d(n, 1, 3, padding=1)]
    return nn.Sequential(*layers)


def began(images: Tensor, labels: Tensor, s: BEGAN.Settings) -> Peer:
    """The autoencoder, the generator, then the control variable."""
    generator = make_decoder(s.width, s.latent_size, s.batch_norm)
    discriminator = nn.Sequential(
        make_encoder(s.width, s.latent_size), make_decoder(s.width, s.latent_size, False)
    )
    optimizer_g = Adam(generator.parameters(), s.generator_lr)
    optimizer_d = Adam(discriminator.parameters(), s.discriminator_lr)
    loader = batches(images, size=s.batch_size)
    k = 0.0

    def restoration(shown: Tensor) -> Tensor:
        return ((discriminator(shown) - shown).abs() ** s.exponent).mean()

    def step() -> None:
        nonlocal k
        (real,) = next(loader)

        optimizer_d.zero_grad()
        made = generator(torch.rand(len(real), s.latent_size) * 2 - 1)
        loss_real = restoration(real)
        loss_d = loss_real - k * restoration(made.detach())
        loss_d.backward()
        optimizer_d.step()

        optimizer_g.zero_grad()
        loss_g = restoration(generator(torch.rand(len(real), s.latent_size) * 2 - 1))
        loss_g.backward()
        optimizer_g.step()
        gap = (s.gamma * loss_real - loss_g).item()
        k = min(max(k + s.k_rate * gap, 0.0), 1.0)
        loss_d.item(), loss_g.item()

    return Peer([generator, discriminator], step)

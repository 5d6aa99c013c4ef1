"""pix2pix and CycleGAN for images of 64 x 64 in eager PyTorch, as the popular scripts write them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import torch
from peers.common import Peer, batches, weights_init
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.zoo.cyclegan import CycleGAN
from sparring.zoo.pix2pix import Pix2Pix


class UNet(nn.Module):
    """Six halvings, six doublings, what was on the way down joined on the way up."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        channels = [width * min(1 << level, 8) for level in range(6)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, (before, after) in enumerate(itertools.pairwise([3, *channels])):
            normed = 0 < level < 5
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            layers.append(nn.Conv2d(before, after, 4, 2, 1, bias=not normed))
            layers += [nn.InstanceNorm2d(after, affine=True)] if normed else []
            self.down.append(nn.Sequential(*layers))
        for level in reversed(range(6)):
            before, after = channels[level] * (1 if level == 5 else 2), channels[level - 1] if level else 3
            layers = [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1, bias=not level)]
            layers += [nn.InstanceNorm2d(after, affine=True)] if level else []
            layers += [nn.Dropout(dropout)] if level == 4 else []
            self.up.append(nn.Sequential(*layers))

    def forward(self, values: Tensor) -> Tensor:
        """Images made of others."""
        known = []
        for layer in self.down:
            values = layer(values)
            known.append(values)
        for position, layer in enumerate(self.up):
            values = layer(torch.cat([values, known[5 - position]], 1) if position else values)
        return values.tanh()


def make_critic(channels: int, width: int, affine: bool) -> nn.Sequential:
    """Patches of 34 x 34 pixels."""
    layers: list[nn.Module] = []
    for number, stride in enumerate((2, 2, 1)):
        before, after = (width << (number - 1)) if number else channels, width << number
        layers.append(nn.Conv2d(before, after, 4, stride, 1))
        layers += [nn.InstanceNorm2d(after, affine=affine)] if number else []
        layers.append(nn.LeakyReLU(0.2, True))
    return nn.Sequential(*layers, nn.Conv2d(width << 2, 1, 4, 1, 1))


def jitter(*images: Tensor, enlarge: float, flips: bool) -> list[Tensor]:
    """All enlarged, cut at one random place, and mirrored or not."""
    side = images[0].shape[-1]
    large = round(side * (1 + enlarge))
    top, left, mirrored = (
        random.randint(0, large - side),
        random.randint(0, large - side),
        flips and random.random() < 0.5,
    )
    cut = [
        F.interpolate(each, (large, large), mode="bilinear")[..., top : top + side, left : left + side]
        for each in images
    ]
    return [each.flip(3) if mirrored else each for each in cut]


def jittered(loader: Iterator[list[Tensor]], s: Pix2Pix.Settings | CycleGAN.Settings) -> list[Tensor]:
    """The next batch, each image of which is cut by itself."""
    pairs = zip(*next(loader), strict=True)
    cut = [jitter(*(each[None] for each in pair), enlarge=s.jitter, flips=s.flips) for pair in pairs]
    return [torch.cat(column) for column in zip(*cut, strict=True)]


def pix2pix(sources: Tensor, targets: Tensor, s: Pix2Pix.Settings) -> Peer:
    """The discriminator, then the generator, on the same pairs."""
    generator = UNet(s.width, s.dropout).apply(weights_init)
    discriminator = make_critic(6, s.critic_width, affine=True).apply(weights_init)
    optimizer_g = Adam(generator.parameters(), s.generator_lr, (s.adam_beta1, 0.999))
    optimizer_d = Adam(discriminator.parameters(), s.discriminator_lr, (s.adam_beta1, 0.999))
    adversarial, l1 = nn.BCEWithLogitsLoss(), nn.L1Loss()
    loader = batches(sources, targets, size=s.batch_size)

    def step() -> None:
        source, target = jittered(loader, s)
        made = generator(source)

        optimizer_d.zero_grad()
        said_real = discriminator(torch.cat([target, source], 1))
        said_fake = discriminator(torch.cat([made.detach(), source], 1))
        loss_real = adversarial(said_real, torch.ones_like(said_real))
        loss_d = (loss_real + adversarial(said_fake, torch.zeros_like(said_fake))) * 0.5
        loss_d.backward()
        optimizer_d.step()

        optimizer_g.zero_grad()
        said = discriminator(torch.cat([made, source], 1))
        loss_g = adversarial(said, torch.ones_like(said)) + s.l1_weight * l1(made, target)
        loss_g.backward()
        optimizer_g.step()
        loss_d.item(), loss_g.item()

    return Peer([generator, discriminator], step)


class Residual(nn.Module):
    """Two convolutions that are added to what they were given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
            layers.append(nn.ReLU(True))
        self.block = nn.Sequential(*layers[:-1])

    def forward(self, values: Tensor) -> Tensor:
        """The sum."""
        result: Tensor = values + self.block(values)
        return result


def make_resnet(width: int, blocks: int) -> nn.Sequential:
    """Two halvings, residual blocks, two doublings."""
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width)]
    layers.append(nn.ReLU(True))
    for n in (width, 2 * width):
        layers += [nn.Conv2d(n, 2 * n, 3, 2, 1), nn.InstanceNorm2d(2 * n), nn.ReLU(True)]
    layers += [Residual(4 * width) for _ in range(blocks)]
    for n in (2 * width, width):
        layers += [nn.ConvTranspose2d(2 * n, n, 3, 2, 1, 1), nn.InstanceNorm2d(n), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


class ImagePool:
    """Images made before, half of which are shown in the place of new ones."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def query(self, made: Tensor) -> Tensor:
        """What is shown."""
        shown = []
        for image in made:
            if len(self.images) < self.size:
                self.images.append(image)
                shown.append(image)
            elif random.random() > 0.5:
                place = random.randrange(self.size)
                shown.append(self.images[place].clone())
                self.images[place] = image
            else:
                shown.append(image)
        return torch.stack(shown)


def cyclegan(images_a: Tensor, images_b: Tensor, s: CycleGAN.Settings) -> Peer:
    """Both generators, then both critics, on images of pools."""
    g_ab, g_ba = (make_resnet(s.width, s.blocks or 6).apply(weights_init) for _ in range(2))
    d_a, d_b = (make_critic(3, s.critic_width, affine=False).apply(weights_init) for _ in range(2))
    betas = (s.adam_beta1, 0.999)
    optimizer_g = Adam(itertools.chain(g_ab.parameters(), g_ba.parameters()), s.generator_lr, betas)
    optimizer_d = Adam(itertools.chain(d_a.parameters(), d_b.parameters()), s.discriminator_lr, betas)
    mse, l1 = nn.MSELoss(), nn.L1Loss()
    loader_a, loader_b = (batches(images, size=s.batch_size) for images in (images_a, images_b))
    pool_a, pool_b = ImagePool(s.pool), ImagePool(s.pool)
    identity = s.identity_weight * s.cycle_weight

    def against(said: Tensor, wanted: float) -> Tensor:
        loss: Tensor = mse(said, torch.full_like(said, wanted))
        return loss

    def step() -> None:
        (real_a,), (real_b,) = jittered(loader_a, s), jittered(loader_b, s)

        optimizer_g.zero_grad()
        fake_b, fake_a = g_ab(real_a), g_ba(real_b)
        loss_g = against(d_b(fake_b), 1.0) + against(d_a(fake_a), 1.0)
        loss_g = loss_g + s.cycle_weight * (l1(g_ba(fake_b), real_a) + l1(g_ab(fake_a), real_b))
        loss_g = loss_g + identity * (l1(g_ba(real_a), real_a) + l1(g_ab(real_b), real_b))
        loss_g.backward()
        optimizer_g.step()

        optimizer_d.zero_grad()
        for critic, real, fake, pool in ((d_a, real_a, fake_a, pool_a), (d_b, real_b, fake_b, pool_b)):
            said = critic(pool.query(fake.detach()))
            loss_d = (against(critic(real), 1.0) + against(said, 0.0)) / 2
            loss_d.backward()
            loss_d.item()
        optimizer_d.step()
        loss_g.item()

    return Peer([g_ab, g_ba, d_a, d_b], step)

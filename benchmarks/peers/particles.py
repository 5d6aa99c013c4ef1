"""particlegan on a grid of 10 x 10 Gaussians: after so many updates each, the seconds so far and its samples.

    python particles.py SEED UPDATES SECONDS EVERY FOLDER

It ends after all updates, or with the first look after so many seconds of training.

The package's own recipe for this grid (`e22`, with the size of its table, its batches and its noise), with
the networks that its documentation says it was measured with: a generator that begins as the identity, and a
critic of three layers of 128 with sines and cosines of its input. For each look a line of JSON, and in the
folder a file of 10,000 samples.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from particlegan import GANTrainer, get_recipe, init
from torch import Tensor, nn

SIDE, DEVIATION, SAMPLES = 10, 0.03, 10_000


class Waves(nn.Module):
    """A point beside the sines and cosines of pi, 2 pi and 4 pi times it."""

    def forward(self, points: Tensor) -> Tensor:
        """(count, 2) to (count, 14)."""
        angles = torch.cat([torch.pi * 2**octave * points for octave in range(3)], dim=1)
        return torch.cat([points, angles.sin(), angles.cos()], dim=1)


def make_critic() -> nn.Module:
    """Three hidden layers."""
    layers: list[nn.Module] = [Waves()]
    for inputs in (14, 128, 128):
        layers += [nn.Linear(inputs, 128), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(128, 1), nn.Flatten(0))


def real(count: int) -> Tensor:
    """Points of the grid, whose centres are 1 apart."""
    return torch.randint(SIDE, (count, 2)) - (SIDE - 1) / 2 + DEVIATION * torch.randn(count, 2)


def main(seed: int, updates: int, seconds: float, every: int, folder: Path) -> None:
    """Train, and look."""
    torch.manual_seed(seed)
    recipe = get_recipe("e22", num_particles=20_000, z_dim=2, batch_size=2048, output_noise_std=0.029)
    prior = recipe.make_prior()
    generator, critic = nn.Linear(2, 2), make_critic()
    with torch.no_grad():
        prior.z.uniform_(-SIDE / 2, SIDE / 2)
        generator.weight.copy_(torch.eye(2))
        generator.bias.zero_()
    init.deterministic_orthogonal_(critic, seed=seed + 1)
    trainer = GANTrainer(recipe, generator, critic, prior=prior, seed=seed)
    taken = 0.0
    for update in range(1, updates + 1):
        began = time.perf_counter()
        trainer.step(real(recipe.batch_size))
        taken += time.perf_counter() - began
        if update % every == 0:
            path = folder / f"{update}.npy"
            np.save(path, trainer.sample(SAMPLES, output_noise=True).detach().numpy())
            print(json.dumps({"updates": update, "seconds": taken, "samples": str(path)}), flush=True)
            if taken > seconds:
                break


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))

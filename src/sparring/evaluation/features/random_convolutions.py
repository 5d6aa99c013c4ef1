"""Features of images that need no training: what fixed random convolutions answer to."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.evaluation.features.extractor import FeatureExtractor, in_batches, weights_hash
from sparring.randomness import Randomness, derived_seed

WIDTHS = (32, 64, 128)
"""Channels of the layers; images are halved after each but the last."""
SEED = 2020
SMALLEST_SPREAD = 0.05
"""Beside which the spread of an even image counts for nothing; answers are about 1."""
BATCH = 250
"""Images looked at in one go."""


class RandomConvolutions(FeatureExtractor):
    """Means, and logarithms of spreads, over an image of the answers of convolutions with random weights.

    Naeem et al. 2020 (arXiv:2002.09797, section 5) propose random features where images are unlike those
    that a trained network has seen. Mean answers say which colours and edges there are, their spread how
    they are arranged. Weights are orthogonal (Saxe et al. 2014, arXiv:1312.6120), so that no direction of
    colour is preferred; those of half the convolutions sum to 0, and spreads are logarithms: what is fine
    counts beside what is coarse. `benchmarks/features.py` is what decided between these and others.

    Args:
        channels: of an image.
        device: where it computes; results are always on the CPU.
        seed: of the weights.
    """

    def __init__(self, channels: int, device: torch.device | str = "cpu", seed: int = SEED) -> None:
        random = Randomness(derived_seed(seed, f"random convolutions of {channels}"))
        self.weights = []
        for before, after in zip((channels, *WIDTHS), WIDTHS, strict=False):
            weight = torch.empty(after, before, 3, 3)
            nn.init.orthogonal_(weight, gain=2**0.5, generator=random.generator)
            # Half of them answer to differences between neighbours alone, which blurring takes away.
            weight[after // 2 :] -= weight[after // 2 :].mean((2, 3), keepdim=True)
            self.weights.append(weight.to(device))
        self.device = torch.device(device)
        self.size = 2 * sum(WIDTHS)
        self.name = f"random-{weights_hash({str(n): weight for n, weight in enumerate(self.weights)})}"

    def features(self, examples: Tensor) -> Tensor:
        """Float32 (N, 448) of images, uint8 (N, C, H, W)."""
        return in_batches(self._look, examples, BATCH)

    def _look(self, images: Tensor) -> Tensor:
        # However they lie in memory, sums are rounded alike.
        stored = images.to(self.device).clone(memory_format=torch.contiguous_format)
        found = []
        for answers in self.answers(stored.float().div_(127.5).sub_(1)):
            spread, mean = torch.std_mean(answers, (2, 3), correction=0)
            found += [mean, (spread + SMALLEST_SPREAD).log()]
        return torch.cat(found, 1)

    def answers(self, images: Tensor) -> Iterator[Tensor]:
        """What each layer answers to images (N, C, H, W) in -1 ... 1, at its own size."""
        answers = images
        for number, weight in enumerate(self.weights):
            if number and min(answers.shape[2:]) > 1:
                answers = F.avg_pool2d(answers, 2, ceil_mode=True)
            answers = F.leaky_relu(F.conv2d(F.pad(answers, (1, 1, 1, 1), mode="replicate"), weight), 0.2)
            yield answers

    def apart(self, images: Tensor, others: Tensor) -> Tensor:
        """Mean square of the differences of the answers to images (N, C, H, W) in -1 ... 1 and to others,
        a mean over the layers, (N,)."""
        layers = zip(self.answers(images), self.answers(others), strict=True)
        return torch.stack([(ours - theirs).square().flatten(1).mean(1) for ours, theirs in layers]).mean(0)

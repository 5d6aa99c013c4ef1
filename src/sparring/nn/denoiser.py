"""The denoising network DnCNN, for images of any size."""

from __future__ import annotations

from torch import Tensor, nn


class Denoiser(nn.Module):
    """Convolutions of 3 x 3 at the size of the image that find the noise, which is taken from it.

    Zhang et al. 2017 (arXiv:1608.03981), figure 1: batch normalisation after all layers but the first and the
    last. Before training no noise is found.

    Args:
        channels: of the images.
        width: channels within.
        depth: how many layers, 2 at least.
    """

    def __init__(self, channels: int, *, width: int = 64, depth: int = 17) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        last = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.layers = nn.Sequential(*layers, last)

    def forward(self, noisy: Tensor) -> Tensor:
        """Images (count, channels, height, width) without their noise."""
        clean: Tensor = noisy - self.layers(noisy)
        return clean

"""The U-Net of white-box cartoonisation, for images of any size."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from sparring.nn.layers import Crop
from sparring.nn.unet import continued

SLOPE = 0.2
HALVINGS = 2


class CartoonUNet(nn.Module):
    """Images halved twice, changed by residual blocks, enlarged twice; no layer is normalised.

    Wang and Yu 2020, as their code has it. Without normalisation, what is made of a place does not depend on
    the rest of a picture, and so not on what else moves in a video.

    Args:
        channels: of the images.
        width: channels at the image's size; twice and four times as many below.
        blocks: residual blocks.
    """

    def __init__(self, channels: int, *, width: int = 32, blocks: int = 4) -> None:
        super().__init__()
        self.first = _layer(channels, width, kernel=7)
        self.down = nn.ModuleList(
            nn.Sequential(_layer(before, before, stride=2), _layer(before, 2 * before))
            for before in (width, 2 * width)
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(_layer(4 * width, 4 * width), _convolution(4 * width, 4 * width))
            for _ in range(blocks)
        )
        self.narrow = _layer(4 * width, 2 * width)
        self.widen = nn.Sequential(_layer(2 * width, 2 * width), _layer(2 * width, width))
        self.last = nn.Sequential(_layer(width, width), _convolution(width, channels, kernel=7))

    def forward(self, source: Tensor) -> Tensor:
        """Images made of others of the same shape (count, channels, height, width), in no range."""
        whole = self.first(continued(source, 1 << HALVINGS))
        half = self.down[0](whole)
        values = self.down[1](half)
        for block in self.blocks:
            values = values + block(values)
        values = self.widen(_doubled(self.narrow(values)) + half)
        made: Tensor = Crop(*source.shape[2:])(self.last(_doubled(values) + whole))
        return made


def _layer(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs, kernel, stride), nn.LeakyReLU(SLOPE))


def _convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    # Continued at the edges, where black would be seen: between tiles, too.
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, padding_mode="replicate")


def _doubled(images: Tensor) -> Tensor:
    return F.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)

"""The residual generator of CycleGAN, for images of any size."""

from __future__ import annotations

from torch import Tensor, nn

from sparring.nn.layers import Crop
from sparring.nn.unet import continued

HALVINGS = 2


class Residual(nn.Module):
    """Two convolutions whose result is added to what they were given.

    Args:
        channels: of both.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (
            [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
            for _ in range(2)
        )
        self.layers = nn.Sequential(*first, nn.ReLU(), *second)

    def forward(self, values: Tensor) -> Tensor:
        """Values (count, channels, height, width), and what is added to them."""
        result: Tensor = values + self.layers(values)
        return result


class ResidualGenerator(nn.Module):
    """Images halved twice, changed by residual blocks, and doubled twice (Zhu et al. 2017, appendix 7.2).

    c7s1-64, d128, d256, R256 ..., u128, u64, c7s1-3, with instance normalisation and reflected edges. Images
    whose sides are no multiples of 4 are continued at their edges, and what is made is cut to their size.

    Args:
        inputs: channels of the source.
        outputs: channels of what is made.
        blocks: how many residual blocks.
        width: channels at the image's size.
    """

    def __init__(self, inputs: int, outputs: int, *, blocks: int, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, width, 7), *_normed(width)]
        for halving in range(HALVINGS):
            before = width << halving
            layers += [nn.Conv2d(before, 2 * before, 3, 2, 1), *_normed(2 * before)]
        layers += [Residual(width << HALVINGS) for _ in range(blocks)]
        for halving in reversed(range(HALVINGS)):
            after = width << halving
            layers += [nn.ConvTranspose2d(2 * after, after, 3, 2, 1, output_padding=1), *_normed(after)]
        self.layers = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh())

    def forward(self, source: Tensor) -> Tensor:
        """Images (count, outputs, height, width) in [-1, 1] made of others."""
        height, width = source.shape[2:]
        made: Tensor = Crop(height, width)(self.layers(continued(source, 1 << HALVINGS)))
        return made


def _normed(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(channels), nn.ReLU()

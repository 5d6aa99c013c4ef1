"""Convolutions over texts whose tokens are shares of a vocabulary (Gulrajani et al. 2017, section 5.6)."""

from __future__ import annotations

from torch import Tensor, nn

BLOCKS = 5
KERNEL = 5
SHARE = 0.3
"""Of what a block finds, how much is added to what it was given."""


class Block(nn.Module):
    """Two convolutions, added to their input.

    Args:
        width: channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.found = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(width, width, KERNEL, padding="same"),
            nn.ReLU(),
            nn.Conv1d(width, width, KERNEL, padding="same"),
        )

    def forward(self, texts: Tensor) -> Tensor:
        """Texts (count, width, length), changed a little."""
        changed: Tensor = texts + SHARE * self.found(texts)
        return changed


class Turned(nn.Module):
    """The last two dimensions of texts in the place of each other."""

    def forward(self, texts: Tensor) -> Tensor:
        """(count, a, b) as (count, b, a)."""
        return texts.transpose(1, 2)


def blocks(width: int) -> list[nn.Module]:
    """As many as the paper has."""
    return [Block(width) for _ in range(BLOCKS)]


def text_generator(inputs: int, length: int, vocabulary: int, width: int) -> nn.Module:
    """A network from noise (count, inputs) to shares (count, length, vocabulary)."""
    return nn.Sequential(
        nn.Linear(inputs, width * length),
        nn.Unflatten(1, (width, length)),
        *blocks(width),
        nn.Conv1d(width, vocabulary, 1),
        Turned(),
        nn.Softmax(2),
    )


def text_trunk(length: int, vocabulary: int, width: int) -> tuple[nn.Module, int]:
    """A network from shares (count, length, vocabulary) to features, and how many these are."""
    layers = (Turned(), nn.Conv1d(vocabulary, width, 1), *blocks(width), nn.Flatten())
    return nn.Sequential(*layers), width * length

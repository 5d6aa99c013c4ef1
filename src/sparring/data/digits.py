"""The MNIST digits that come with the package."""

from __future__ import annotations

import importlib.resources

from sparring.data.dataset import Dataset
from sparring.data.idx import read_idx
from sparring.data.resizing import Frame

MNIST_SHA256 = {
    "train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
"""SHA-256 of each bundled file, as it is in the package."""


def mnist(frame: Frame | None = None) -> Dataset:
    """The MNIST digits that come with sparring: 60 000 to train on, 10 000 held out.

    Images are uint8 (count, 1, 28, 28), or brought to a frame; ink is 255, paper 0. Labels are 0 ... 9.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition",
    1998; the files by LeCun, Cortes and Burges.
    """
    return read_idx("mnist", importlib.resources.files("sparring.data") / "mnist", frame)

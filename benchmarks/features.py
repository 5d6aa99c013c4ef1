"""Features: which of several put known damage to images in the right order, at the price of how much time?

    python benchmarks/features.py folder:emoji idx:fashion-mnist

Of each data set two halves are taken that have no image in common. One half, damaged more and more, is
compared with the other by the Frechet distance of each kind of features. Right features put every step of
every damage above the one before; the better they are, the further a slight damage lies from none, measured
in standard deviations of the distance between undamaged halves. Grey images are given colours of their own
by class.
"""

from __future__ import annotations

import io
import itertools
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from sparring.data import Dataset, load_dataset
from sparring.data.kinds import Images
from sparring.evaluation.features import FeatureExtractor, RandomConvolutions, VectorFeatures
from sparring.evaluation.figures.fidelity import fid

SIZE = 32
HALF = 700
SPLITS = 5
"""Pairs of halves by which the spread of an undamaged distance is estimated."""
Damage = Callable[[Tensor, Tensor, float], Tensor]


def blurred(images: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Mixed with the mean of 3 x 3 pixels."""
    values = images.float()
    mean = F.avg_pool2d(F.pad(values, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return stored(values + strength * (mean - values))


def noisy(images: Tensor, labels: Tensor, strength: float) -> Tensor:
    """With Gaussian noise."""
    return stored(images + 60 * strength * torch.randn(images.shape))


def compressed(images: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Through JPEG of falling quality."""
    made = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(
            buffer, "JPEG", quality=round(95 - 90 * strength)
        )
        with Image.open(buffer) as opened:
            made.append(torch.from_numpy(np.array(opened)).permute(2, 0, 1))
    return torch.stack(made)


def miscoloured(images: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Mixed with the same image whose channels are exchanged."""
    return stored(images.float() + strength * (images.roll(1, 1).float() - images.float()))


def with_missing_classes(images: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Only of some classes, as many images."""
    kept = max(1, round((1 - strength) * (int(labels.max()) + 1)))
    chosen = (labels < kept).nonzero().flatten()
    return images[chosen[torch.arange(len(images)) % len(chosen)]]


def repeated(images: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Fewer different ones, each several times."""
    return images[torch.arange(len(images)) % max(1, round((1 - strength) ** 2 * len(images)))]


DAMAGES: dict[str, Damage] = {
    "blur": blurred,
    "noise": noisy,
    "JPEG": compressed,
    "wrong colours": miscoloured,
    "missing classes": with_missing_classes,
    "duplicates": repeated,
}
STRENGTHS = (0.2, 0.4, 0.8)


def stored(values: Tensor) -> Tensor:
    """Numbers as bytes."""
    return values.round().clamp(0, 255).to(torch.uint8)


def coloured(dataset: Dataset) -> Tensor:
    """The images in three channels; those that are grey in the hue of their class, varied a little."""
    images = dataset.examples.values
    if images.shape[1] == 3:
        return images
    hue = torch.rand(dataset.spec.classes or 1, 3)[dataset.condition.values if dataset.spec.classes else 0]
    tint = (hue + 0.1 * torch.randn(len(images), 3)).clamp(0.2, 1)
    return stored(images.float() * tint.view(-1, 3, 1, 1))


def distance(ours: Tensor, theirs: Tensor) -> float:
    """The Frechet distance of two sets of features."""
    return fid(theirs, ours, interval=False).value


def table(name: str, extractors: Sequence[FeatureExtractor]) -> None:
    """Print what each of the features makes of the damages to one data set."""
    torch.manual_seed(0)
    whole = load_dataset(name, size=SIZE)
    dataset = whole[torch.randperm(len(whole))[: 4 * HALF]]
    images = coloured(dataset)
    labels = dataset.condition.values if dataset.spec.classes else torch.zeros(len(images), dtype=torch.int64)
    halves = [torch.randperm(len(images))[: 2 * HALF].chunk(2) for _ in range(SPLITS)]
    for extractor in extractors:
        began = time.perf_counter()
        features = extractor.features(images)
        seconds = time.perf_counter() - began
        plain = [distance(features[a], features[b]) for a, b in halves]
        usual, spread = statistics.mean(plain), statistics.stdev(plain)
        a, b = halves[0]
        cells, right = [], 0
        for damage in DAMAGES.values():
            found = [
                distance(extractor.features(damage(images[a], labels[a], strength)), features[b])
                for strength in STRENGTHS
            ]
            steps = [usual, *found]
            right += sum(after > before for before, after in itertools.pairwise(steps))
            cells.append(f"{(found[0] - usual) / spread:.1f}")
        share = f"{right} of {len(DAMAGES) * len(STRENGTHS)}"
        short = dataset.name.rpartition("/")[2]
        words = [short, extractor.name, share, *cells, f"{1000 * seconds / len(images):.2f}"]
        print(f"| {' | '.join(words)} |", flush=True)


def main(names: Sequence[str]) -> None:
    """Print the table for some data sets."""
    torch.set_num_threads(1)
    titles = ["data", "features", "steps in order", *DAMAGES, "ms per image"]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    kind = Images((3, SIZE, SIZE))
    for name in names:
        table(name, [VectorFeatures("pixels", kind), RandomConvolutions(3)])


if __name__ == "__main__":
    main(sys.argv[1:] or ["mnist"])

"""Features of images that a trained classifier makes on its way to a class."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import torch
from torch import Tensor

from sparring.errors import DataError
from sparring.evaluation.features.extractor import FeatureExtractor, in_batches, weights_hash
from sparring.evaluation.networks import DigitNet
from sparring.randomness import seeded_initialisation


class ClassifierFeatures(FeatureExtractor):
    """Penultimate layer of a trained `DigitNet`.

    Args:
        state: the network's tensors, as `train_classifier` returns them.
        shape: shape (C, H, W) of the images that it was trained on.
        class_names: a name for each class.
        label: the part of the recorded name before the hash.
        accuracy: test accuracy in 0 ... 1, where known.
        device: where to compute; results are always on the CPU.
    """

    def __init__(
        self,
        state: Mapping[str, Tensor],
        shape: tuple[int, ...],
        class_names: tuple[str, ...],
        *,
        label: str = "classifier",
        accuracy: float | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        classes, size = state["head.weight"].shape
        with seeded_initialisation(0):  # only to leave the global generator alone
            self.network = DigitNet(shape[0], classes, size)
        self.network.load_state_dict(dict(state))
        self.network.eval().requires_grad_(False).to(device)
        self.device = torch.device(device)
        self.size = size
        self.shape = tuple(shape)
        self.class_names = class_names
        self.accuracy = accuracy
        self.name = f"{label}-{weights_hash(state)}"

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        if tuple(examples.shape[1:]) != self.shape:
            raise DataError(
                f"The features '{self.name}' are for images of shape {self.shape}, not "
                f"{tuple(examples.shape[1:])}. Use '--features pixels', or train a classifier of this data: "
                "python -m sparring.evaluation.classifier --help"
            )
        network = self.network
        return in_batches(lambda images: network.features(network.see(images.to(self.device))), examples)

    def scores(self, features: Tensor) -> Tensor:  # noqa: D102
        scores: Tensor = self.network.head(features.to(self.device))
        return scores.cpu()


class StackedFeatures(FeatureExtractor):
    """A one-channel classifier applied to each channel of a stack of grey images.

    Features are the channels' features side by side; the class of a stack is the number that the classes of
    its channels spell, first channel first (Stacked MNIST: Metz et al. 2017, arXiv:1611.02163).
    """

    def __init__(self, single: ClassifierFeatures, channels: int = 3) -> None:
        self.single = single
        self.channels = channels
        self.shape = (channels, *single.shape[1:])
        self.size = channels * single.network.head.in_features
        self.class_names = tuple("".join(names) for names in product(single.class_names, repeat=channels))
        self.name = f"{single.name}-x{channels}"

    def features(self, examples: Tensor) -> Tensor:  # noqa: D102
        return self.single.features(examples.flatten(0, 1).unsqueeze(1)).view(len(examples), -1)

    def scores(self, features: Tensor) -> Tensor:
        """Sums of the log-probabilities of the channels' classes, as if channels were independent."""
        scores = torch.zeros(len(features), 1)
        for channel in features.chunk(self.channels, 1):
            single = self.single.scores(channel).log_softmax(1)
            scores = (scores.unsqueeze(2) + single.unsqueeze(1)).flatten(1)
        return scores

    def guesses(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest class, int64 (N,), and the probability of its least certain channel, float32 (N,)."""
        spelt = torch.zeros(len(features), dtype=torch.int64)
        confidence = torch.ones(len(features))
        for channel in features.chunk(self.channels, 1):
            classes, certain = self.single.guesses(channel)
            spelt = spelt * len(self.single.class_names) + classes
            confidence = confidence.minimum(certain)
        return spelt, confidence

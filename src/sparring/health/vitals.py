"""Vital signs of a run: how the samples of fixed latents lie among themselves and among real examples."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.dataset import Dataset, to_bytes, to_range
from sparring.evaluation.distances import nearest, squared_distances
from sparring.evaluation.features import FeatureExtractor, default_extractor
from sparring.evaluation.modes import histogram
from sparring.evaluation.neighbours import COPY_QUANTILE, copy_ratios
from sparring.game import Game
from sparring.randomness import Randomness

COUNT = 128
"""Samples looked at, and at most so many real examples that they are compared with."""
FOLLOWED = 16
"""Samples whose way is followed from check to check."""
DUPLICATE = 0.2
"""Two samples nearer than this share of the usual distance between nearest real examples are duplicates."""
LEAST = 1e-9
"""What distances are relative to is at least this, where all real examples are alike."""
SMALL = 4096
"""Data sets of up to so many examples are searched for copies; larger ones are seldom learnt by heart."""

Values = dict[str, float]


class SampleVitals:
    """Measures what a generator makes of latents that stay the same for the whole run.

    All distances are relative to the mean distance between real examples, the `spread`, and between pixels or
    coordinates unless said otherwise.

    Args:
        game: the game that is watched.
        dataset: what it trains on.
        random: where latents and real examples are drawn from.
    """

    def __init__(self, game: Game, dataset: Dataset, random: Randomness) -> None:
        self.game = game
        self.dataset = dataset
        chosen = random.integers(COUNT, len(dataset)).cpu()
        # One that is drawn twice would be its own nearest neighbour.
        self.real_examples = dataset.examples[chosen.unique()]
        self.labels = None
        if game.conditional and dataset.labels is not None:
            self.labels = dataset.labels[chosen].to(random.device)
        self.latent = game.latent(COUNT, random)
        self.real = to_range(self.real_examples, game.value_range).float().flatten(1)
        among_real = squared_distances(self.real, self.real).sqrt()
        self.spread = max(LEAST, mean_between(among_real).item())
        self.usual_nearest = max(LEAST, nearest_other(among_real).median().item())
        self.previous = self.anchor = torch.zeros(0)
        self.path = 0.0

    @torch.no_grad()
    def generate(self) -> Tensor:
        """The samples, in evaluation mode: (COUNT, *shape), on the CPU."""
        training = self.game.training
        self.game.eval()
        samples = self.game.generate(self.latent, self.labels).cpu()
        self.game.train(training)
        return samples

    def measure(self, samples: Tensor) -> Values:
        """What every check records.

        `diversity`: mean distance between two samples; 1 is as diverse as real examples.
        `nearest`: median distance of a sample to the nearest other, relative to that among real examples.
        `duplicates`: share of samples that have nearly the same beside them.
        `distance`: energy distance between samples and real examples (Székely and Rizzo 2013); 0 if equal.
        `movement`: mean distance that a sample has come since the last check.
        """
        flat = samples.flatten(1)
        among = squared_distances(flat, flat).sqrt()
        across = squared_distances(flat, self.real).sqrt().mean()
        closest = nearest_other(among)
        diversity = mean_between(among) / self.spread
        values = {
            "diversity": diversity.item(),
            "nearest": closest.median().item() / self.usual_nearest,
            "duplicates": (closest < DUPLICATE * self.usual_nearest).float().mean().item(),
            "distance": (2 * across / self.spread - diversity - 1).item(),
        }
        followed = flat[:FOLLOWED].clone()
        if len(self.previous):
            values["movement"] = self._way(self.previous, followed)
            self.path += values["movement"]
        self.previous = followed
        return values

    def measure_way(self) -> Values:
        """What every tenth check records of the way since the one before.

        `return`: distance between the samples' places then and now, as a share of the way they took from
            check to check; 0 where they came back.
        """
        values: Values = {}
        if len(self.anchor) and self.path > 0:
            values["return"] = self._way(self.anchor, self.previous) / self.path
        self.anchor, self.path = self.previous, 0.0
        return values

    def _way(self, before: Tensor, after: Tensor) -> float:
        way: float = (after - before).norm(dim=1).mean().item()
        return way / self.spread


def mean_between(distances: Tensor) -> Tensor:
    """Mean of a matrix of distances (N, N) without its diagonal."""
    count = len(distances)
    return distances.sum() / (count * (count - 1))


def nearest_other(distances: Tensor) -> Tensor:
    """Smallest distance of each of N to another, from a matrix (N, N)."""
    return distances.clone().fill_diagonal_(torch.inf).min(1).values


class FeatureVitals:
    """Measures samples through a feature extractor: slower, hence more seldom.

    Args:
        vitals: the real examples, and the game that is watched.
        extractor: by default what suits the data.
    """

    def __init__(self, vitals: SampleVitals, extractor: FeatureExtractor | None = None) -> None:
        self.dataset = vitals.dataset
        self.value_range = vitals.game.value_range
        self.extractor = extractor or default_extractor(vitals.dataset)
        features = self.extractor.features(vitals.real_examples)
        self.spread = max(LEAST, mean_between(squared_distances(features, features).sqrt()).item())
        self.real_classes = self._effective_classes(features)
        self.copy_limit = None
        if self.dataset.spec.is_image and COUNT < len(self.dataset) <= SMALL:
            real = copy_ratios(self.dataset.examples, self.dataset.examples, same=True)
            self.copy_limit = real.quantile(COPY_QUANTILE).item()

    def measure(self, samples: Tensor) -> Values:
        """What every tenth check records.

        `feature_diversity`: as `diversity`, between features.
        `classes`: number of classes, or of modes of a mixture, that the samples are spread over evenly
            (exponential of the entropy of their shares), where the features know classes; beside it
            `real_classes`, the same of as many real examples.
        `copies`: share of near-copies of training images (see `evaluation.neighbours`), for small data sets.
        """
        examples = to_bytes(samples, self.value_range) if self.dataset.spec.is_image else samples
        features = self.extractor.features(examples)
        among = mean_between(squared_distances(features, features).sqrt())
        values = {"feature_diversity": among.item() / self.spread}
        classes = self._effective_classes(features)
        if classes is not None and self.real_classes is not None:
            values |= {"classes": classes, "real_classes": self.real_classes}
        if self.copy_limit is not None:
            ratios = copy_ratios(examples, self.dataset.examples)
            values["copies"] = (ratios < self.copy_limit).float().mean().item()
        return values

    def _effective_classes(self, features: Tensor) -> float | None:
        if self.dataset.mixture is not None:
            count = len(self.dataset.mixture.means)
            found = nearest(features, self.dataset.mixture.means)[1][:, 0]
        elif self.extractor.class_names:
            count = len(self.extractor.class_names)
            found = self.extractor.guesses(features)[0]
        else:
            return None
        shares = histogram(found, count).double() / len(found)
        return float(torch.exp(-torch.xlogy(shares, shares).sum()))

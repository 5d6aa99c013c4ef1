"""Vital signs of a run: how samples of fixed latents lie among real examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sparring.data.dataset import Column, Dataset
from sparring.data.unlabelled import with_unlabelled
from sparring.evaluation.distances import squared_distances
from sparring.evaluation.features import FeatureExtractor
from sparring.evaluation.figures.copies import FEWEST, copy_limit, copy_ratios
from sparring.evaluation.figures.manifold import precision_recall
from sparring.evaluation.figures.ngrams import copied, unique_texts
from sparring.game import Game
from sparring.nn.modes import inference
from sparring.randomness import Randomness
from sparring.settings import NonNegative
from sparring.training.meter import Values
from sparring.validation import Misfit, check, within

SAMPLES = 128
"""Samples looked at, and at most so many real examples that they are compared with."""
FOLLOWED = 16
"""Samples that are followed from check to check."""
DUPLICATE_DISTANCE = 0.2
"""Two samples nearer than this share of the usual distance between nearest real examples are duplicates."""
SMALLEST_DISTANCE = 1e-9
"""What distances are relative to is at least this."""
NEIGHBOURS = 5
"""Real examples up to which it is near to one of them."""
MOST_SEARCHED = 4096
"""Data sets of up to so many examples are searched for copies; larger ones are seldom learnt by heart."""


@dataclass(frozen=True)
class VitalsState:
    """What is remembered of the samples."""

    path: NonNegative
    previous: Tensor
    anchor: Tensor


class SampleVitals:
    """Measures what a generator makes of latents that stay the same for the whole run.

    All distances are relative to the mean distance between real examples, the `spread`, or, where these are
    all the same, to that of vectors which differ by 1 in each number. They lie between the vectors that the
    kind of the data gives: pixels, coordinates, codes of tokens. Samples are not rounded to what is stored
    (see `Kind.encoded_vectors`): a generator that hardly moves is not one that stands still.

    Args:
        game: the game that is watched.
        dataset: what it trains on, in the game's range.
        random: where latents and real examples are drawn from.
    """

    def __init__(self, game: Game, dataset: Dataset, random: Randomness) -> None:
        self.game = game
        self.dataset = dataset
        self.kind = dataset.examples.kind
        chosen = random.integers(SAMPLES, len(dataset)).cpu()
        # One that is drawn twice would be its own nearest neighbour.
        self.real_examples = dataset.examples[chosen.unique()]
        told = game.condition(dataset[chosen])
        # The conditions of unpaired data may be fewer than its examples.
        self.condition = told[torch.arange(SAMPLES) % len(told)].encoded().to(random.device)
        self.answers_known = told.kind.from_data and game.shows_real
        """Whether each sample is made of an example that was trained on, and another is the right answer."""
        self.apart = slice(None) if not told.kind.from_data else _apart(self.condition.cpu(), chosen)
        """Samples of which no two are made of the same example, which would be alike."""
        self.latent = game.latent(SAMPLES, random)
        self.real = self.real_examples.vectors()
        among_real = squared_distances(self.real, self.real).sqrt()
        self.alike = self.real_examples.alike
        """Whether there is nothing that the diversity of samples could be relative to."""
        self.spread = spread(among_real) if not self.alike else self.kind.vector_size**0.5
        usual_nearest = max(SMALLEST_DISTANCE, nearest_other(among_real).median().item())
        self.usual_nearest = None if self.real_examples.mostly_twins() else usual_nearest
        """None where most real examples have a twin, as short texts may: those of samples mean nothing."""
        self.real_distinct = different(self.real_examples.values) if self.kind.discrete else None
        """Share of different examples among the real ones, of a kind of which some are the same exactly."""
        self.previous = self.anchor = torch.zeros(0)
        self.path = 0.0

    @torch.no_grad()
    def generate(self) -> Tensor:
        """The samples, encoded (SAMPLES, *shape), on the CPU. The game is left, bit for bit, as it was."""
        with self.game.random.aside("health"), inference(self.game):
            return self.game.generate(self.latent, self.condition).cpu()

    def measure(self, samples: Tensor) -> Values:
        """What every check records.

        `diversity`: mean distance between two samples; 1 is as diverse as real examples, unless these are
            all the same.
        `nearest`: median distance of a sample to the nearest other, relative to that among real examples.
        `duplicates`: share of samples that have nearly the same beside them. Both are of samples that are
            made of different examples, if of any.
        `distinct`: share of different samples, relative to that of real examples; of texts.
        `distance`: energy distance between samples and real examples (Székely and Rizzo 2013); 0 if equal.
        `movement`: mean distance that a sample has come since the last check.

        Args:
            samples: as `generate` gives them.
        """
        vectors = self.kind.encoded_vectors(samples)
        among = squared_distances(vectors, vectors).sqrt()
        across = squared_distances(vectors, self.real).sqrt().mean()
        diversity = mean_between(among) / self.spread
        values = {} if self.alike else {"diversity": diversity.item()}
        apart = among[self.apart][:, self.apart]
        if self.usual_nearest is not None and len(apart) > 1:
            closest = nearest_other(apart)
            values["nearest"] = closest.median().item() / self.usual_nearest
            values["duplicates"] = (closest < DUPLICATE_DISTANCE * self.usual_nearest).float().mean().item()
        if self.real_distinct is not None:
            # Of more samples than real examples fewer would be different.
            as_many = samples[: len(self.real_examples)]
            values["distinct"] = different(self.kind.decode(as_many)) / self.real_distinct
        values["distance"] = (2 * across / self.spread - diversity).item() - (not self.alike)
        followed = vectors[:FOLLOWED].clone()
        if len(self.previous):
            values["movement"] = self._displacement(self.previous, followed)
            self.path += values["movement"]
        self.previous = followed
        return values

    def net_displacement(self) -> Values:
        """What every full check records of the way since the one before.

        `return`: distance between the samples' places then and now, as a share of the way they took from
            check to check; 0 where they came back.
        """
        values: Values = {}
        if len(self.anchor) and self.path > 0:
            values["return"] = self._displacement(self.anchor, self.previous) / self.path
        self.anchor, self.path = self.previous, 0.0
        return values

    def state(self) -> dict[str, Any]:
        """Where the followed samples were at the last check and the last full one, and the way in between."""
        return {"path": self.path, "previous": self.previous, "anchor": self.anchor}

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `Misfit` unless a state could be that of such samples."""
        check(state, VitalsState)
        followed = (FOLLOWED, self.real.shape[1])
        for name in ("previous", "anchor"):
            tensor = state[name]
            if tensor.dtype != torch.float32 or tuple(tensor.shape) not in ((0,), followed):
                with within(name):
                    raise Misfit(f"cannot be {tuple(tensor.shape)} of {tensor.dtype}")

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.path, self.previous, self.anchor = state["path"], state["previous"], state["anchor"]

    def _displacement(self, before: Tensor, after: Tensor) -> float:
        distance: float = (after - before).norm(dim=1).mean().item()
        return distance / self.spread


class FeatureVitals:
    """Measures samples through a feature extractor: slower, hence more seldom.

    Args:
        vitals: the real examples, and the game that is watched.
        extractor: by default what suits the data.
    """

    def __init__(self, vitals: SampleVitals, extractor: FeatureExtractor | None = None) -> None:
        self.dataset = vitals.dataset
        self.kind = vitals.kind
        self.extractor = extractor or self.kind.extractor(vitals.dataset, vitals.game.random.device)
        real = vitals.real_examples.values
        features = self.extractor.features(real)
        # Of a kind that is counted, or where most have a twin, to be near to a real example says nothing.
        unlike = vitals.usual_nearest is not None and not self.kind.discrete
        self.real = features if unlike and len(features) > NEIGHBOURS else None
        among_real = squared_distances(features, features).sqrt()
        self.spread = None if vitals.alike else spread(among_real)
        self.real_classes = self._effective_classes(real, features)
        self.only_once = unique_texts(self.dataset.examples) if self.kind.discrete else None
        self.searched, self.copy_limit = None, 0.0
        trained_on = with_unlabelled(self.dataset).examples
        searches = self.kind.has_near_duplicates and not vitals.answers_known
        if searches and len(trained_on) <= MOST_SEARCHED:
            distinct = trained_on.distinct()
            if len(distinct) >= FEWEST:
                self.searched, self.copy_limit = distinct, copy_limit(distinct, distinct)

    def measure(self, samples: Tensor) -> Values:
        """What every full check records.

        `feature_diversity`: as `diversity`, between features; likewise.
        `coverage`: share of the real examples with a sample near, between features (see `precision_recall`).
        `classes`: number of classes, or of modes, that the samples are spread over evenly (exponential of the
            entropy of their shares), where the features know classes or the data has known modes; beside it
            `real_classes`, the same of as many real examples.
        `copies`: share of near-copies of training examples (see `copy_ratios`), for small data sets; of texts
            the share of those that are a training text, of those that occur once.

        Args:
            samples: as `SampleVitals.generate` gives them.
        """
        stored = self.kind.decode(samples)
        features = self.extractor.features(stored)
        values = {}
        if self.spread is not None:
            among = mean_between(squared_distances(features, features).sqrt())
            values["feature_diversity"] = among.item() / self.spread
        if self.real is not None:
            covered = precision_recall(self.real, features, NEIGHBOURS).coverage
            values["coverage"] = covered.float().mean().item()
        classes = self._effective_classes(stored, features)
        if classes is not None and self.real_classes is not None:
            values |= {"classes": classes, "real_classes": self.real_classes}
        if self.searched is not None:
            ratios = copy_ratios(Column(self.kind, stored), self.searched)
            values["copies"] = (ratios < self.copy_limit).float().mean().item()
        if self.only_once is not None:
            values["copies"] = copied(self.kind.sequences(stored), self.only_once).double().mean().item()
        return values

    def _effective_classes(self, stored: Tensor, features: Tensor) -> float | None:
        truth = self.dataset.truth
        if truth.modes:
            return effective_number(truth.nearest_mode(stored), truth.modes)
        if self.extractor.class_names:
            return effective_number(self.extractor.guesses(features)[0], len(self.extractor.class_names))
        return None


def _apart(conditions: Tensor, chosen: Tensor) -> Tensor:
    """The places of samples that are made of different examples: of one, different things may be left."""
    firsts = _firsts(conditions)
    return firsts[torch.isin(firsts, _firsts(chosen[:, None]))]


def _firsts(values: Tensor) -> Tensor:
    """The places at which different values stand first, in order."""
    others, place = values.flatten(1).unique(dim=0, return_inverse=True)
    firsts = torch.full((len(others),), len(values))
    return firsts.scatter_reduce(0, place, torch.arange(len(values)), "amin").sort().values


def mean_between(distances: Tensor) -> Tensor:
    """Mean of a matrix of distances (N, N) without its diagonal."""
    count = len(distances)
    return distances.sum() / (count * (count - 1))


def spread(distances: Tensor) -> float:
    """What distances are relative to, from a matrix of those between real examples (N, N)."""
    return max(SMALLEST_DISTANCE, mean_between(distances).item())


def nearest_other(distances: Tensor) -> Tensor:
    """Smallest distance of each of N to another, from a matrix (N, N)."""
    return distances.clone().fill_diagonal_(torch.inf).min(1).values


def different(stored: Tensor) -> float:
    """Number of different ones among stored values, as a share of all."""
    return len(stored.unique(dim=0)) / len(stored)


def effective_number(classes: Tensor, count: int) -> float:
    """Number of classes that examples are spread over: the exponential of the entropy of their shares.

    Args:
        classes: the class of each, int64 (N,), from 0 to count - 1; those of none, written -1, do not count.
        count: how many classes there are.
    """
    found = torch.bincount(classes[classes >= 0], minlength=count).double()
    shares = found / found.sum().clamp(min=1)
    return float(torch.exp(-torch.xlogy(shares, shares).sum()))

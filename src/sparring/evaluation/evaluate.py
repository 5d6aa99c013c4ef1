"""How far generated examples are from real ones, in all figures at once.

Each figure stands beside its reference, which is the same figure of real examples compared with other real
ones: an FID of 4 says nothing, but an FID of 4 where real digits have 0.5 does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import torch
from rich.table import Table
from torch import Tensor

from sparring.data.dataset import Dataset
from sparring.errors import DataError, RunError, SettingError, nearest
from sparring.evaluation import cas, fidelity, modes, ndb, neighbours
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.features import FeatureExtractor, default_extractor
from sparring.randomness import Randomness

FORMAT = 1
HELD_OUT = 10_000
"""Held-out real examples that are compared with, or more where more are generated."""
NEIGHBOURHOOD = 10_000
"""Samples among which neighbours are sought, at most."""
PAIRS_WORK = 8e10
"""Multiplications that comparing all pairs of two sets may take: 10 000 digits by their pixels."""
COPIES_SOUGHT = 2000
"""Samples that are looked for among all training examples, at most."""
COPIES_WORK = 9.5e10
"""Multiplications that this may take: 2000 digits among 60 000."""
RESAMPLES = 20
FEWEST = 20
"""Fewer samples than this are not worth a figure."""


@dataclass(frozen=True)
class Figure:
    """One figure: its value for the generated examples, a 95 % interval, and its value for real ones."""

    value: float
    low: float
    high: float
    reference: float


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate_samples` found."""

    extractor: str
    """Name of the feature extractor, with a hash of its weights."""
    data: str
    """Name of the data set that was compared with."""
    count: int
    """Number of generated examples."""
    figures: dict[str, Figure]
    """The figures by name, in lower case."""
    checkpoint: dict[str, Any] = field(default_factory=dict)
    """What made the examples: whatever the caller wants on record."""

    def to_json(self) -> str:
        """As JSON text, which `from_json` reads."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Evaluation:
        """Read what `to_json` wrote."""
        try:
            facts = json.loads(text)
            if facts["format"] != FORMAT:
                raise RunError(f"This evaluation has format {facts['format']}; this version reads {FORMAT}.")
            figures = {name: Figure(**figure) for name, figure in facts["figures"].items()}
            checkpoint = facts.get("checkpoint", {})
            return cls(facts["extractor"], facts["data"], facts["count"], figures, checkpoint)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"This is not an evaluation written by sparring ({error!r}).") from error

    def summary(self) -> str:
        """The most telling figures in a sentence or two."""
        said = []
        if "label_agreement" in self.figures:
            share = self.figures["label_agreement"].value
            said.append(f"{share:.1%} of the samples are of the class that was asked for")
        if "modes" in self.figures:
            modes = self.figures["modes"]
            said.append(f"{modes.value:.0f} of {modes.reference:.0f} modes or classes appear")
        if "fid" in self.figures:
            fid = self.figures["fid"]
            said.append(f"FID {_short(fid.value)} where other real examples have {_short(fid.reference)}")
        return "; ".join(said) + "."

    def table(self) -> Table:
        """A table for people."""
        title = f"{self.count} samples against {self.data}, seen through {self.extractor}"
        table = Table(title=title)
        table.add_column("figure")
        for column in ("value", "95 % interval", "real"):
            table.add_column(column, justify="right")
        table.add_column("what it is")
        for name, figure in self.figures.items():
            interval = f"{_short(figure.low)} – {_short(figure.high)}"
            about = KINDS[name].about if name in KINDS else ""
            table.add_row(name, _short(figure.value), interval, _short(figure.reference), about)
        return table

    def compare(self, other: Evaluation) -> dict[str, tuple[Figure, Figure]]:
        """The figures that both evaluations have, side by side.

        Raises:
            SettingError: they looked through different features, at different data, or at different numbers
                of samples, so that their figures cannot be compared.
        """
        for what, mine, others in (
            ("features", self.extractor, other.extractor),
            ("data", self.data, other.data),
            ("count", self.count, other.count),
        ):
            if mine != others:
                raise SettingError(
                    f"These evaluations cannot be compared: one has {what} {mine}, the other {others}. "
                    f"Evaluate both with the same --{what}."
                )
        return {
            name: (mine, other.figures[name]) for name, mine in self.figures.items() if name in other.figures
        }


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"


class Sample:
    """Examples of one origin, and what the extractor makes of them, computed once and when asked for."""

    def __init__(
        self,
        examples: Tensor,
        labels: Tensor | None,
        extractor: FeatureExtractor,
        features: Tensor | None = None,
    ) -> None:
        self.examples = examples
        self.labels = labels
        self.extractor = extractor
        self._features = features

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def features(self) -> Tensor:
        """Feature vectors (N, D)."""
        if self._features is None:
            self._features = self.extractor.features(self.examples)
        return self._features

    @cached_property
    def guesses(self) -> tuple[Tensor, Tensor]:
        """The classifier's classes (N,) and their probabilities (N,)."""
        return self.extractor.guesses(self.features)

    def class_counts(self) -> Tensor:
        """How many examples the classifier puts into each class (K,)."""
        return torch.bincount(self.guesses[0], minlength=len(self.extractor.class_names))

    def few(self, count: int, randomness: Randomness) -> Sample:
        """A random part of `count` examples, or this very sample where it has no more."""
        if count >= len(self):
            return self
        chosen = torch.randperm(len(self), generator=randomness.child("few").generator)[:count].sort().values
        labels = None if self.labels is None else self.labels[chosen]
        features = None if self._features is None else self._features[chosen]
        return Sample(self.examples[chosen], labels, self.extractor, features)


class Real:
    """The real examples, and what of them serves several figures."""

    def __init__(
        self, dataset: Dataset, extractor: FeatureExtractor, count: int, randomness: Randomness
    ) -> None:
        self.dataset = dataset
        self.randomness = randomness.child("real")
        training, held_out = _training_and_held_out(dataset, extractor, self.randomness)
        if min(len(training), len(held_out)) < FEWEST:
            raise DataError(
                f"'{dataset.name}' has {len(training)} examples to train on and {len(held_out)} held out; an "
                f"evaluation needs {FEWEST} of each."
            )
        self.training = training
        self.held_out = held_out.few(max(count, HELD_OUT), self.randomness)
        numbers = math.prod(dataset.spec.shape)
        self.pairwise = min(NEIGHBOURHOOD, math.isqrt(int(PAIRS_WORK / numbers)))
        """How many examples can be compared with as many others by their pixels."""
        self.sought = min(COPIES_SOUGHT, max(200, int(COPIES_WORK / (numbers * len(training)))))
        """How many examples can be looked for in the training set."""

    @property
    def labelled(self) -> bool:
        """Whether both training and held-out examples have labels."""
        return self.training.labels is not None and self.held_out.labels is not None

    @cached_property
    def held_out_pairwise(self) -> Sample:
        """Held-out examples to compare by pixels."""
        return self.held_out.few(self.pairwise, self.randomness)

    @cached_property
    def centres(self) -> Tensor:
        """Centres of the bins of NDB."""
        examples = self.training.few(2 * NEIGHBOURHOOD, self.randomness).examples
        return ndb.cluster(examples, self.randomness.child("bins"), min(ndb.BINS, len(examples) // 10))

    @cached_property
    def bin_counts(self) -> Tensor:
        """Training examples in each bin."""
        return self.bins(self.training.examples)

    def bins(self, examples: Tensor) -> Tensor:
        """Examples in each bin."""
        return torch.bincount(ndb.assign(examples, self.centres), minlength=len(self.centres))

    @cached_property
    def held_out_copy_ratios(self) -> Tensor:
        """How much the held-out examples look like copies."""
        return self.copy_ratios(self.held_out)

    def copy_ratios(self, sample: Sample) -> Tensor:
        """How much a sample's examples look like copies of training examples."""
        return neighbours.copy_ratios(
            sample.few(self.sought, self.randomness).examples, self.training.examples
        )

    @cached_property
    def duplicate_radius(self) -> float:
        """How near two examples must be to pass for the same."""
        others = self.training.few(self.pairwise, self.randomness)
        return neighbours.duplicate_radius(self.held_out_pairwise.examples, others.examples)


def _training_and_held_out(
    dataset: Dataset, extractor: FeatureExtractor, randomness: Randomness
) -> tuple[Sample, Sample]:
    """Training and test split; where there is no test split, two random halves."""
    whole = Sample(dataset.examples, dataset.labels, extractor)
    if dataset.test is not None:
        return whole, Sample(dataset.test.examples, dataset.test.labels, extractor)
    order = torch.randperm(len(dataset), generator=randomness.child("halves").generator)

    def part(chosen: Tensor) -> Sample:
        labels = None if dataset.labels is None else dataset.labels[chosen]
        return Sample(dataset.examples[chosen], labels, extractor)

    first, second = order.chunk(2)
    return part(first), part(second)


@dataclass
class Trial:
    """A sample, generated or real, on trial against real examples."""

    sample: Sample
    real: Real
    resamples: int

    @cached_property
    def manifold(self) -> fidelity.Manifold:
        """Precision, recall, density and coverage of every sample."""
        real, fake = (
            part.few(NEIGHBOURHOOD, self.real.randomness) for part in (self.real.held_out, self.sample)
        )
        return fidelity.precision_recall(real.features, fake.features)

    @cached_property
    def modes(self) -> Tensor:
        """The mode of each sample, or -1."""
        if self.real.dataset.mixture is not None:
            return modes.mixture_modes(self.sample.examples, self.real.dataset.mixture)
        return modes.confident_modes(*self.sample.guesses)

    @property
    def mode_counts(self) -> Tensor:
        """Good samples per mode."""
        mixture = self.real.dataset.mixture
        count = len(self.sample.extractor.class_names) if mixture is None else len(mixture.means)
        return modes.histogram(self.modes, count)


Measure = Callable[[Trial, Randomness], Estimate]
Condition = Callable[[Trial], bool]


@dataclass(frozen=True)
class Kind:
    """What a figure is."""

    measure: Measure
    about: str
    """What it is and which way is better, in one short line."""
    applies: Condition = lambda trial: True
    held_out: bool = False
    """Whether its reference is of held-out rather than training examples: a classifier, or a search for
    copies, knows the training examples."""


def _fid(trial: Trial, randomness: Randomness) -> Estimate:
    return fidelity.fid(trial.real.held_out.features, trial.sample.features, randomness, trial.resamples)


def _kid(trial: Trial, randomness: Randomness) -> Estimate:
    return fidelity.kid(trial.real.held_out.features, trial.sample.features, randomness)


def _inception_score(trial: Trial, randomness: Randomness) -> Estimate:
    scores = trial.sample.extractor.scores(trial.sample.features)
    return fidelity.inception_score(scores, randomness, trial.resamples)


def _manifold(name: str) -> Measure:
    return lambda trial, randomness: of_mean(getattr(trial.manifold, name), randomness)


def _label_agreement(trial: Trial, randomness: Randomness) -> Estimate:
    _, labels = _labelled(trial.sample)
    return of_mean(trial.sample.guesses[0] == labels, randomness)


def _class_balance(trial: Trial, randomness: Randomness) -> Estimate:
    return modes.class_balance(trial.sample.class_counts(), trial.real.held_out.class_counts(), randomness)


def _labelled(sample: Sample) -> tuple[Tensor, Tensor]:
    assert sample.labels is not None, "the condition of the figure sees to it"
    return sample.examples, sample.labels


def _one_nn_error(trial: Trial, randomness: Randomness) -> Estimate:
    few = trial.sample.few(trial.real.pairwise, trial.real.randomness)
    return neighbours.one_nn_error(*_labelled(few), *_labelled(trial.real.held_out_pairwise), randomness)


def _cas_error(trial: Trial, randomness: Randomness) -> Estimate:
    few = trial.sample.few(NEIGHBOURHOOD, trial.real.randomness)
    held_out, classes = trial.real.held_out, trial.real.dataset.spec.classes
    return cas.cas_error(*_labelled(few), *_labelled(held_out), classes, randomness)


def _ndb(trial: Trial, randomness: Randomness) -> Estimate:
    return ndb.ndb(trial.real.bin_counts, trial.real.bins(trial.sample.examples), randomness)


def _memorised(trial: Trial, randomness: Randomness) -> Estimate:
    real = trial.real
    is_held_out = trial.sample is real.held_out
    ratios = real.held_out_copy_ratios if is_held_out else real.copy_ratios(trial.sample)
    return neighbours.memorised(ratios, real.held_out_copy_ratios, randomness)


def _support(trial: Trial, randomness: Randomness) -> Estimate:
    few = trial.sample.few(trial.real.pairwise, trial.real.randomness)
    return neighbours.support(few.examples, trial.real.duplicate_radius, randomness)


def _modes(trial: Trial, randomness: Randomness) -> Estimate:
    return modes.modes_found(trial.mode_counts, randomness)


def _high_quality_share(trial: Trial, randomness: Randomness) -> Estimate:
    return modes.high_quality_share(trial.modes, randomness)


def _reverse_kl(trial: Trial, randomness: Randomness) -> Estimate:
    return modes.reverse_kl(trial.mode_counts, randomness)


def _is_image(trial: Trial) -> bool:
    return trial.real.dataset.spec.is_image


def _is_classifier(trial: Trial) -> bool:
    return bool(trial.sample.extractor.class_names)


def _knows_classes(trial: Trial) -> bool:
    return _is_classifier(trial) and trial.sample.extractor.class_names == trial.real.dataset.class_names


def _has_labels(trial: Trial) -> bool:
    return trial.sample.labels is not None and trial.real.labelled


def _has_modes(trial: Trial) -> bool:
    return trial.real.dataset.mixture is not None or _knows_classes(trial)


KINDS: dict[str, Kind] = {
    "fid": Kind(_fid, "distance of feature Gaussians; lower is better"),
    "kid": Kind(_kid, "kernel distance of features; lower is better"),
    "inception_score": Kind(
        _inception_score, "clear and varied classes; higher is better", _is_classifier, held_out=True
    ),
    "precision": Kind(_manifold("precision"), "share of samples that look real; higher is better"),
    "recall": Kind(_manifold("recall"), "share of real examples within reach; higher is better"),
    "density": Kind(_manifold("density"), "how densely real the samples are; about 1"),
    "coverage": Kind(_manifold("coverage"), "share of real examples with a sample near; higher is better"),
    "label_agreement": Kind(
        _label_agreement,
        "share of samples of the class asked for; higher is better",
        lambda trial: _knows_classes(trial) and _has_labels(trial),
        held_out=True,
    ),
    "class_balance": Kind(_class_balance, "1 where classes are as frequent as in the data", _knows_classes),
    "one_nn_error": Kind(
        _one_nn_error, "real examples misjudged by nearest sample; lower is better", _has_labels
    ),
    "cas_error": Kind(
        _cas_error,
        "real examples misjudged by a network that saw samples; lower is better",
        lambda trial: _has_labels(trial) and _is_image(trial),
    ),
    "ndb": Kind(_ndb, "share of bins of wrong frequency; lower is better", held_out=True),
    "memorised": Kind(_memorised, "share of near-copies of training examples; about 0.01", held_out=True),
    "support": Kind(_support, "distinct samples it can make; higher is better", _is_image),
    "modes": Kind(_modes, "modes found; higher is better", _has_modes, held_out=True),
    "high_quality_share": Kind(
        _high_quality_share,
        "share of samples good enough for a mode; higher is better",
        _has_modes,
        held_out=True,
    ),
    "reverse_kl": Kind(_reverse_kl, "unevenness of the modes; lower is better", _has_modes, held_out=True),
}
"""Every figure, by its name."""


def evaluate_samples(
    examples: Tensor,
    labels: Tensor | None,
    dataset: Dataset,
    *,
    extractor: FeatureExtractor | None = None,
    seed: int = 0,
    figures: Iterable[str] | None = None,
    checkpoint: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Compare generated examples with real ones.

    Real examples are the held-out ones of the data set, or a random half where it has none. The reference of
    each figure is computed on as many real examples, where there are as many. The same seed gives the same
    figures.

    Args:
        examples: uint8 images (N, C, H, W) or float32 points (N, dimensions) shaped as the data; on the CPU.
        labels: the class that was asked for, int64 (N,), where the game is conditional.
        dataset: the real examples.
        extractor: what images are compared by; None takes what suits the data (`default_extractor`).
        seed: of subsets and resamples.
        figures: names of the figures wanted (keys of `KINDS`); None takes all that apply.
        checkpoint: what made the examples, for the record.
    """
    extractor = extractor or default_extractor(dataset)
    _check(examples, labels, dataset)
    randomness = Randomness(seed)
    real = Real(dataset, extractor, len(examples), randomness)
    trial = Trial(Sample(examples, None if labels is None else labels.long(), extractor), real, RESAMPLES)
    trained, held_out = (
        Trial(sample.few(len(examples), real.randomness), real, resamples=0)
        for sample in (real.training, real.held_out)
    )
    results = {}
    for name in _wanted(figures, trial):
        kind = KINDS[name]
        found = kind.measure(trial, randomness.child(name))
        reference = kind.measure(held_out if kind.held_out else trained, randomness.child(name))
        results[name] = Figure(found.value, found.low, found.high, reference.value)
    return Evaluation(extractor.name, dataset.name, len(examples), results, dict(checkpoint or {}))


def _wanted(figures: Iterable[str] | None, trial: Trial) -> list[str]:
    if figures is None:
        return [name for name, kind in KINDS.items() if kind.applies(trial)]
    wanted = list(figures)
    for name in wanted:
        if name not in KINDS:
            raise SettingError(
                f"There is no figure '{name}'; there are {', '.join(KINDS)}.{nearest(name, KINDS)}"
            )
        if not KINDS[name].applies(trial):
            raise SettingError(
                f"The figure '{name}' does not apply to these samples of '{trial.real.dataset.name}' seen "
                f"through '{trial.sample.extractor.name}': it lacks labels, known classes or images."
            )
    return wanted


def _check(examples: Tensor, labels: Tensor | None, dataset: Dataset) -> None:
    wanted, given = dataset.examples, examples
    if given.shape[1:] != wanted.shape[1:] or (given.dtype == torch.uint8) != (wanted.dtype == torch.uint8):
        raise DataError(
            f"The samples are {given.dtype} of shape {tuple(given.shape[1:])}, but the examples of "
            f"'{dataset.name}' are {wanted.dtype} of shape {tuple(wanted.shape[1:])}."
        )
    if len(given) < FEWEST:
        raise DataError(f"An evaluation needs at least {FEWEST} samples, not {len(given)}.")
    if given.is_floating_point() and not given.isfinite().all():
        raise DataError("Some samples are not finite numbers, so nothing can be said of them.")
    if labels is not None and labels.shape != given.shape[:1]:
        raise DataError(f"There are {len(given)} samples but labels of shape {tuple(labels.shape)}.")
    if (
        labels is not None
        and dataset.class_names
        and not 0 <= labels.min() <= labels.max() < dataset.spec.classes
    ):
        raise DataError(
            f"Labels are from {labels.min()} to {labels.max()}, but '{dataset.name}' has the classes "
            f"0 to {dataset.spec.classes - 1}."
        )

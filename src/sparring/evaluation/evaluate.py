"""How far generated examples are from real ones, in all figures at once.

Each figure stands beside its reference, which is the same figure of real examples compared with other real
ones: an FID of 4 says nothing, but an FID of 4 where real digits have 0.5 does.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sparring.data.dataset import Column, Dataset, no_condition
from sparring.data.truth import Axis
from sparring.errors import DataError, SettingError, nearest
from sparring.evaluation.comparison import Comparison, Examples, Real
from sparring.evaluation.enough import check_enough_samples
from sparring.evaluation.features import FeatureExtractor
from sparring.evaluation.figures import FIGURES, Measurement, Reference
from sparring.evaluation.figures.own import of_truth
from sparring.evaluation.result import EstimatedFigure, Evaluation
from sparring.randomness import Randomness

RESAMPLES = 20
"""How often costly figures are computed anew for their interval."""


def evaluate_samples(
    samples: Dataset,
    dataset: Dataset,
    *,
    extractor: FeatureExtractor | None = None,
    seed: int = 0,
    figures: Iterable[str] | None = None,
    own: Mapping[str, Measurement] | None = None,
    checkpoint: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
    short: str = "",
    trained_on: bool = True,
) -> Evaluation:
    """Compare generated examples with real ones.

    Real examples are the held-out ones of the data set, or a random half of the training examples where it
    has none, which the evaluation then says. The reference of each figure is computed on as many real
    examples, where there are as many. The same seed gives the same figures.

    Args:
        samples: generated examples, on the CPU, with what was asked for of each where it counts: figures that
            need classes take those of a kind that the data has, too. `dataset_of` makes them of tensors.
        dataset: the real examples.
        extractor: what examples are compared by; None takes what suits the data.
        seed: of subsets and resamples.
        figures: names of the figures wanted, among those of `FIGURES`, of the truth behind the data, and of
            `own`; None takes all that apply.
        own: further figures, such as a game's (see `figures.own`).
        checkpoint: what made the examples, for the record.
        progress: told of each figure before it is measured.
        short: why the run that made them is too short to be judged, if it is.
        trained_on: whether the data is what their generator was trained on, of which copies are sought.

    Raises:
        DataError: the samples are too few, unlike the data, or not finite; or there is too little data.
        SettingError: there is no such figure, it does not apply, or two have the same name.
    """
    extractor = extractor or dataset.examples.kind.extractor(dataset)
    randomness = Randomness(seed)
    comparison = _comparison(samples, dataset, extractor, randomness, trained_on)
    real, references = comparison.real, _references(comparison)
    known = _known(dataset, own or {})
    results, about = {}, {}
    wanted = _wanted(figures, known, comparison)
    for place, name in enumerate(wanted, 1):
        if progress is not None:
            progress(f"{name} ({place} of {len(wanted)})")
        measurement = known[name]
        found = measurement.measure(comparison, randomness.child(name))
        like = references.get(measurement.reference)
        reference = measurement.measure(like, randomness.child(name)) if like else None
        if not all(each.is_finite for each in (found, reference) if each is not None):
            warnings.warn(
                f"The figure '{name}' is left out: of numbers as large as some of these it is not finite.",
                stacklevel=2,
            )
            continue
        results[name] = EstimatedFigure.of(found, reference)
        about[name] = measurement.about
    return Evaluation(
        extractor.name,
        dataset.name,
        len(samples),
        results,
        dict(checkpoint or {}),
        about,
        extractor.why,
        real.unseen,
        short,
        real=len(real.held_out),
        trained_on=trained_on,
        contents=(dataset if dataset.held_out is None else dataset.held_out).fingerprint,
    )


def figures_on(
    axis: Axis, samples: Dataset, dataset: Dataset, own: Mapping[str, Measurement] | None = None
) -> list[str]:
    """The figures of samples that stand for quality, or for diversity, where the two are traded.

    Args:
        axis: which of the two.
        samples: generated examples.
        dataset: the real examples.
        own: further figures, such as a game's.
    """
    extractor = dataset.examples.kind.extractor(dataset)
    comparison = _comparison(samples, dataset, extractor, Randomness(0))
    known = _known(dataset, own or {})
    return [name for name, one in known.items() if one.axis is axis and one.applies(comparison)]


def check_has_reference(figure: str, samples: Dataset, dataset: Dataset) -> None:
    """Raise SettingError unless a figure of that name means something of such samples, and of real examples
    in their place.

    Args:
        figure: its name.
        samples: a few of what is to be evaluated, or of what stands for it.
        dataset: the real examples.
    """
    comparison = _comparison(samples, dataset, dataset.examples.kind.extractor(dataset), Randomness(0))
    known, references = _known(dataset, {}), _references(comparison)

    def is_compared(name: str) -> bool:
        return known[name].reference in references and known[name].applies(comparison)

    if figure not in known or not is_compared(figure):
        raise no_reference(figure, filter(is_compared, known))


def no_reference(figure: str, known: Iterable[str]) -> SettingError:
    """What is wrong where samples are to be judged by a figure that is not among those known of such samples
    and of real examples."""
    known = list(known)
    return SettingError(
        f"There is no figure '{figure}' of such samples to compare with real examples; there are "
        f"{', '.join(known)}.{nearest(figure, known)}"
    )


def _comparison(
    samples: Dataset,
    dataset: Dataset,
    extractor: FeatureExtractor,
    randomness: Randomness,
    trained_on: bool = True,
) -> Comparison:
    """The samples beside real examples."""
    examples, condition = _checked(samples, dataset)
    real = Real(dataset, extractor, len(examples), randomness, trained_on)
    return Comparison(Examples(examples, condition, extractor), real, RESAMPLES)


def _among_real(part: Examples, comparison: Comparison) -> Comparison:
    """Real examples in the place of the samples, as many where there are as many."""
    real = comparison.real
    return Comparison(part.subsample(len(comparison.sample), real.randomness), real, resamples=0)


def _references(comparison: Comparison) -> dict[Reference, Comparison]:
    """The real examples that take the place of the samples, as far as there are some."""
    real = comparison.real
    held_out = _among_real(real.held_out, comparison)
    unseen = {Reference.UNSEEN: held_out} if real.unseen else {}
    return {
        Reference.TRAINING: _among_real(real.training, comparison),
        Reference.HELD_OUT: held_out,
        **unseen,
    }


def _known(dataset: Dataset, own: Mapping[str, Measurement]) -> dict[str, Measurement]:
    """Every figure there is; what the truth and the table both have is measured once, as the table says."""
    known = FIGURES | {name: one for name, one in of_truth(dataset.truth).items() if name not in FIGURES}
    for name in own:
        if name in known:
            raise SettingError(
                f"A figure of the system is called '{name}', as another is: give it another name."
            )
    return known | dict(own)


def _wanted(
    figures: Iterable[str] | None, known: Mapping[str, Measurement], comparison: Comparison
) -> list[str]:
    if figures is None:
        return [name for name, measurement in known.items() if measurement.applies(comparison)]
    wanted = list(figures)
    for name in wanted:
        if name not in known:
            raise SettingError(
                f"There is no figure '{name}'; there are {', '.join(known)}.{nearest(name, known)}"
            )
        if not known[name].applies(comparison):
            raise SettingError(
                f"The figure '{name}' does not apply to these samples of '{comparison.real.dataset.name}', "
                f"seen through '{comparison.sample.extractor.name}': it lacks labels, classes, images, "
                "examples that differ or occur only once, or that were trained on."
            )
    return wanted


def _checked(samples: Dataset, dataset: Dataset) -> tuple[Column, Column]:
    """The samples as what the data is, with what was asked for of each."""
    values = dataset.examples.kind.renumbered(samples.examples.kind, samples.examples.values)
    wrong = dataset.examples.kind.misfit(values)
    if wrong:
        raise DataError(
            f"The samples are not such as the examples of '{dataset.name}': they are {wrong}. What helps: "
            f"{dataset.examples.kind.advice(samples.examples.kind)}."
        )
    check_enough_samples(len(values))
    if not values.isfinite().all():
        raise DataError("Some samples are not finite numbers, so nothing can be said of them.")
    return Column(dataset.examples.kind, values), _asked_for(samples, dataset)


def _asked_for(samples: Dataset, dataset: Dataset) -> Column:
    """What was asked for of each sample, if it is of the kind that the data says of its examples, or of the
    examples' own: what it was made of."""
    kind, asked = dataset.condition.kind, samples.condition
    if len(asked) != len(samples):
        raise DataError(
            f"There are {len(samples)} samples but {len(asked)} {asked.kind.name}: give one for each."
        )
    if asked.kind.name == dataset.examples.kind.name:
        return asked
    if asked.kind.name != kind.name:
        return no_condition(len(samples))
    values = asked.values
    if asked.kind.class_names not in ((), kind.class_names):
        values = kind.from_arrays(asked.kind.to_arrays(values))
    wrong = kind.misfit(values)
    if wrong:
        raise DataError(f"What was asked for of the samples is not such as '{dataset.name}' has: {wrong}.")
    return Column(kind, values)

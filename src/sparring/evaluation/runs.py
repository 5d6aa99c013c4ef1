"""Evaluate a run, or samples from anywhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from sparring.classifying.figures import Judged, judged
from sparring.console import Stages
from sparring.data import READING, Dataset, load_dataset
from sparring.data.dataset import Column
from sparring.data.kinds import Kind
from sparring.data.resizing import Fit, Size
from sparring.errors import DataError, RunError, SettingError
from sparring.evaluation.enough import check_enough_real, check_enough_samples
from sparring.evaluation.evaluate import evaluate_samples
from sparring.evaluation.features import FeatureExtractor, wanted_extractor
from sparring.evaluation.figures import Measurement
from sparring.evaluation.figures.labels_kept import labels_kept
from sparring.evaluation.figures.own import of_game
from sparring.evaluation.files import are_samples, evaluate_files, real_examples
from sparring.evaluation.kept import CHOSEN, keep
from sparring.evaluation.kin import kin_picture
from sparring.evaluation.result import Evaluation
from sparring.figures import game_figures
from sparring.game import Game
from sparring.kept_memory import memory_kept
from sparring.loading import load
from sparring.model import Model
from sparring.runs.files import check_writable
from sparring.runs.folder import Run
from sparring.runs.origins import dataset_of_run, has_changed, recorded_dataset
from sparring.settings import Count, Natural, check_value
from sparring.translation.translator import Translator
from sparring.verdict import too_short


@dataclass(frozen=True)
class Making:
    """How the samples of a run are made, whichever its system; by default as the run makes them by itself."""

    truncation: float = 1.0
    rejection: float = 0.0
    standing_statistics: int = 0

    @property
    def unusual(self) -> dict[str, float]:
        """What is not so by default, by its name."""
        plain = Making()
        return {name: value for name, value in asdict(self).items() if value != getattr(plain, name)}


def evaluate(
    target: Run | Path | str,
    count: int = 10_000,
    *,
    data: str | None = None,
    size: Size | None = None,
    fit: Fit = "crop",
    stretch: bool = False,
    features: str | None = None,
    seed: int = 0,
    truncation: float = 1.0,
    rejection: float = 0.0,
    standing_statistics: int = 0,
    epoch: int | None = None,
    device: str = "auto",
    quiet: bool = False,
    **sampling: float,
) -> Evaluation:
    """Say how far generated examples are from real ones.

    Args:
        target: a run; an `.npz` of samples with `images` or `points`, and `labels` where classes were asked
            for; or a folder of pictures, in a folder for each class where classes were asked for. The
            evaluation of a run also has the figures of its system, where the data is such as it was trained
            on. It is kept in the run's `evaluations/`, beside those of other features, counts and
            checkpoints, and is `evaluation.json` if it means most; where it cannot be kept, a warning says so
            before anything is computed.
        count: how many samples to draw from a run, or to take of a file at the most. Of a run that makes
            images of images there are as many as held-out sources, or as all sources where none is held out.
        data: the real examples; by default what the run was trained on. In other data no copies of training
            examples are looked for.
        size: size in pixels that the real examples are brought to, 64 or `64x48`, where samples come from
            files; by default their own, or 28 for folders. Those of a run come to the size of the run.
        fit: how the real examples come to that size, as `load_dataset` takes it; those of a run as the run
            read them.
        stretch: likewise: scale their values so that the brightest of them becomes white.
        features: what examples are compared by: `digits`, `random`, `pixels`, or a file (see
            `load_extractor`); by default what suits the data.
        seed: of the samples, subsets and resamples.
        truncation: how the samples of a run are made, as `sample` takes it: below 1 they are more usual, and
            less diverse. What is not of samples as the run makes them stands for it only where it has no
            other evaluation.
        rejection: likewise: the share that the critic rejects; 0 keeps all.
        standing_statistics: likewise: batches over which batch normalisation takes its statistics.
        epoch: evaluate the networks kept after this epoch instead of the latest checkpoint.
        device: where to generate samples, as well as their features.
        quiet: do not say which figure is being measured.
        sampling: settings of the run's system that say how samples are made, such as `temperature=0.7`.

    Raises:
        SparringError: no such run or file, samples that are not shaped as the data, unknown features.
    """
    count, seed = check_value("count", count, Count), check_value("seed", seed, Natural)
    check_enough_samples(count)
    making = Making(truncation, rejection, standing_statistics)
    with memory_kept(), Stages("Evaluating", quiet) as stages:
        if not isinstance(target, Run) and are_samples(Path(target)):
            of_runs = {} if epoch is None else {"epoch": epoch}
            for name in making.unusual | sampling | of_runs:
                raise SettingError(f"{target} holds samples that are made: leave {name} out.")
            dataset = real_examples(Path(target), data, size, fit, stretch)
            return evaluate_files(Path(target), count, dataset, features, seed, device, stages)
        given = {"size": size is not None, "fit": fit != "crop", "stretch": stretch}
        for name in (name for name, is_given in given.items() if is_given):
            raise SettingError(
                f"{target} is a run, whose real examples are read as it read them: leave --{name} out."
            )
        run = Run.open(target.path if isinstance(target, Run) else target)
        # Said before it takes its minutes, and it is shown all the same.
        can_be_kept = _succeeds(lambda: check_writable(run.path / CHOSEN))
        evaluation, kin = _evaluate_run(
            run, count, data, features, seed, epoch, device, making, sampling, stages
        )
    if can_be_kept:
        _succeeds(lambda: keep(run, evaluation, kin))
    return evaluation


def _evaluate_run(
    run: Run,
    count: int,
    data: str | None,
    features: str | None,
    seed: int,
    epoch: int | None,
    device: str,
    making: Making,
    sampling: Mapping[str, float],
    stages: Stages,
) -> tuple[Evaluation, bytes | None]:
    """The evaluation, and a picture of some samples beside what they may have been copied from."""
    stages("real examples")
    dataset, trained_on = _data_of(run, data)
    check_enough_real(dataset)
    model = load(run, epoch, device, **sampling)
    model.take_standing_statistics(making.standing_statistics)
    stages("samples")
    if model.condition.from_data:
        # The same source again would only seem to be another sample.
        count = len(model.conditions(count))
        check_enough_samples(count)
    step = model.step if epoch is None else run.end_of(epoch)
    samples = model.sample(
        count,
        seed=seed,
        truncation=making.truncation,
        rejection=making.rejection,
        told=classes_as_in(dataset, count, model.condition),
    )
    made = making.unusual | dict(sampling)
    classifier = classifier_on(model.game, dataset)
    extractor = wanted_extractor(features, dataset, model.game.random.device)
    evaluation = evaluate_samples(
        Dataset(run.path.name, samples.columns, samples.told),
        dataset,
        extractor=extractor,
        seed=seed,
        own=own_figures(model.game, dataset, classifier) | _of_labels(model, count, extractor),
        checkpoint={
            "run": run.path.name,
            "step": step,
            "epoch": epoch,
            "seed": seed,
            **({"sampling": made} if made else {}),
        },
        progress=stages,
        short=too_short(step, run.description.get("enough_steps")),
        trained_on=trained_on,
    )
    if classifier is not None:
        evaluation = replace(evaluation, classes=classifier.tables())
    return evaluation, kin_picture(samples.columns, dataset) if trained_on else None


def classes_as_in(dataset: Dataset, count: int, condition: Kind) -> Column | None:
    """The classes that so many samples are told to be of, each as often as among the real examples: else a
    generator that is right would be held against another distribution.

    Args:
        dataset: the real examples.
        count: how many samples.
        condition: what the system is told.

    Returns:
        None where it is told no classes, or others than these examples have.
    """
    real = dataset if dataset.held_out is None else dataset.held_out
    if condition.from_data or not condition.classes or real.condition.kind != condition:
        return None
    return real.condition[torch.arange(count) * len(real) // count]


def _of_labels(model: Model, count: int, extractor: FeatureExtractor) -> dict[str, Measurement]:
    """The figures of what becomes of the classes of so many sources, of a run that makes images of images."""
    if not isinstance(model.game, Translator):
        return {}
    held_out = model.data.held_out
    sources, unseen = model.game.domains(model.data if held_out is None else held_out)
    _, targets = model.game.domains(model.data)
    return labels_kept(sources.evenly(count), targets, None if held_out is None else unseen, extractor)


def _succeeds(write: Callable[[], object]) -> bool:
    """Whether something can be written; a warning where it cannot."""
    try:
        write()
    except RunError as error:
        warnings.warn(f"{error} The figures are shown, and not kept in the run.", stacklevel=3)
        return False
    return True


def own_figures(game: Game, dataset: Dataset, classifier: Judged | None = None) -> dict[str, Measurement]:
    """The figures of a system, of held-out examples of data such as it knows, and of the classifier it is."""
    dataset = dataset.in_range(*game.value_range)
    if not _knows(game, dataset):
        return {}
    own = of_game(game_figures(game, dataset, game.random.device), game.figures())
    return ({} if classifier is None else classifier.figures()) | own


def classifier_on(game: Game, dataset: Dataset) -> Judged | None:
    """What a system says, as a classifier, of held-out examples of data such as it knows."""
    dataset = dataset.in_range(*game.value_range)
    return judged(game, dataset) if _knows(game, dataset) else None


def _knows(game: Game, dataset: Dataset) -> bool:
    """Whether data, in its range, is such as a system was trained on."""
    return (dataset.spec.kind, dataset.spec.condition) == (game.data.kind, game.data.condition)


def _data_of(run: Run, data: str | None) -> tuple[Dataset, bool]:
    """The real examples to compare with, those of a run or others that are read as those were; and whether
    they are its own."""
    if data is None:
        return recorded_dataset(run), True
    recorded = run.description["data"]
    # Nothing of other data was trained on, so nothing need be held out.
    options = [name for name in READING if name in recorded and not name.startswith("hold_out")]
    dataset = load_dataset(data, **{name: recorded[name] for name in options})
    # Of its own data the run says what was held out, by whatever name that is asked for.
    if dataset.name == recorded["name"]:
        return recorded_dataset(run), True
    moved = _parted_as_own(run, dataset) if has_changed(run, dataset) else dataset
    return (dataset, False) if moved is None else (moved, True)


def _parted_as_own(run: Run, dataset: Dataset) -> Dataset | None:
    """The run's own data, where this is it in another place; None where it is other data."""
    recorded = run.description["data"]
    share, classes = recorded.get("hold_out"), recorded.get("hold_out_classes")
    if share is None and classes is None:
        return None
    try:
        parted = dataset_of_run(run, dataset.name)
    except DataError:
        # What cannot be parted in this way is no copy of what was.
        return None
    return None if has_changed(run, parted) else parted

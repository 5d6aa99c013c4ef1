"""A trained game as one uses it: `load` a run, `sample` from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sparring.classifying.classifier import Classified, Classifier, classifier_of
from sparring.data import READING, load_dataset
from sparring.data.dataset import Column, Dataset, spec_from
from sparring.data.kinds import Kind, kind_from
from sparring.data.loading import Watch, unwatched
from sparring.data.own import is_own
from sparring.errors import CheckpointError, DataError, RunError, SettingError
from sparring.exploring.explorer import Explorer
from sparring.exploring.latents import require_vectors, truncated
from sparring.exporting.layout import WEIGHTS, is_exported, read_config
from sparring.game import Game, GameSettings
from sparring.generating import SAMPLE_BATCH
from sparring.processes import join_processes
from sparring.randomness import Randomness, seeded_initialisation
from sparring.runs.checkpoint import read_weights, unpacked
from sparring.runs.folder import Run
from sparring.runs.place import is_group
from sparring.sample_files import Samples, joined
from sparring.settings import Count, Fraction, Natural, check_value
from sparring.zoo import find_system, short_name

if TYPE_CHECKING:
    from PIL import Image


USUAL_COUNT = 100
"""Samples that are drawn where nobody says how many."""
USUAL_WAYS = 10
"""Ways from one noise to another, likewise."""


class Model(Explorer):
    """A trained game, ready to be sampled.

    Args:
        game: the game with its weights.
        condition: what kind of thing it is told.
        dataset: gives the data it was trained on, in its range, where a condition has to come from there.
    """

    def __init__(self, game: Game, condition: Kind, dataset: Callable[[], Dataset]) -> None:
        super().__init__(game, condition)
        self._dataset = cache(dataset)

    def sample(
        self, count: int = 100, label: str | int | None = None, seed: int = 0, truncation: float = 1.0
    ) -> Samples:
        """Generate examples; the same seed gives the same ones.

        Args:
            count: how many.
            label: a class, by its label in the data, for all of them; by default all classes in turn.
            seed: decides the noise.
            truncation: share of the distance of the noise from its mean that is left: below 1 samples are
                more usual, and less diverse.

        Raises:
            SettingError: count below 1, seed below 0, or a label that the system cannot be told.
        """
        return joined(list(self.batches(count, label, seed, truncation)))

    def batches(
        self, count: int = 100, label: str | int | None = None, seed: int = 0, truncation: float = 1.0
    ) -> Iterator[Samples]:
        """The same examples a few at a time, so that memory does not grow with their number.

        Args:
            count: how many in all.
            label: as `sample` takes it.
            seed: decides the noise.
            truncation: as `sample` takes it.

        Raises:
            SettingError: as `sample` does, at once.
        """
        count, seed = check_value("count", count, Count), check_value("seed", seed, Natural)
        share = check_value("truncation", truncation, Fraction)
        if share != 1.0:
            require_vectors(self.game, self.condition)
        return self._batches(self.told(count, label), seed, share)

    def told(self, count: int, label: str | int | None) -> Column:
        """What so many samples are told: a label, or all in turn."""
        if label is None:
            condition = self.condition.draw(count, lambda: self.conditions(count))
        else:
            condition = self.condition.named(label).expand(count, *[-1] * len(self.condition.shape))
        return Column(self.condition, condition)

    def translate(
        self,
        images: Image.Image | NDArray[np.uint8],
        direction: str | None = None,
        seed: int = 0,
        mask: Image.Image | None = None,
    ) -> Any:
        """What a system that translates makes of images of any size, in overlapping tiles.

        Args:
            images: a Pillow image, or an array of uint8: height x width x channels, or several of one size.
            direction: AtoB or BtoA, where it translates both ways; None for the first that it has.
            seed: decides the noise, which is the same for all.
            mask: of the size of the images, white where holes are to be filled, for systems that do so.

        Returns:
            The same kind of thing as `images`.

        Raises:
            SettingError: the system does not translate, or not in this direction, or not with a mask.
            DataError: the array is no image, or the mask is of another size.
        """
        from sparring.translation.filling import translation_of

        translation = translation_of(self.game, mask, direction, check_value("seed", seed, Natural))
        return translation.of_array(images) if isinstance(images, np.ndarray) else translation(images)

    def _batches(self, told: Column, seed: int, truncation: float) -> Iterator[Samples]:
        random = self._noise(seed, "samples")
        for first in range(0, len(told), SAMPLE_BATCH):
            part = told[first : first + SAMPLE_BATCH]
            latent = truncated(self.game.latent(SAMPLE_BATCH, random)[: len(part)], self.game, truncation)
            yield self._made(latent, part)

    @cached_property
    def classifier(self) -> Classifier:
        """The game as a classifier of stored examples; its data is read to fit the probabilities.

        Raises:
            SettingError: the system tells no classes apart.
        """
        return classifier_of(self.game, self._dataset)

    def classify(self, examples: Tensor) -> Classified:
        """Name the class of examples.

        Args:
            examples: images as uint8 (count, channels, height, width), or points as float32 (count,
                dimensions), of the size of the run's data.

        Raises:
            SettingError: the system tells no classes apart.
            DataError: the examples are not such as the run's data has.
        """
        misfit = self.game.data.kind.misfit(examples)
        if misfit:
            raise DataError(f"These examples are not {self.game.data.kind.about}: they are {misfit}.")
        return self.classifier(examples)

    def conditions(self, count: int) -> Column:
        """What the data can tell for so many samples: of held-out examples where there are some.

        Where the data has fewer, all that there are.
        """
        dataset = self._dataset()
        return self.game.condition((dataset if dataset.held_out is None else dataset.held_out)[:count])[
            :count
        ]


def load(run: Run | Path | str, epoch: int | None = None, device: str = "auto", **sampling: float) -> Model:
    """The trained game of a run.

    Args:
        run: the run or its folder, or one that `export` wrote.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to put it.
        sampling: settings of its `Game.sampling`, such as a temperature; by default as the run has them.

    Raises:
        SparringError: no such run, no checkpoint yet, a damaged one, one of another system, or a setting that
            says more than how samples are made.
    """
    if not isinstance(run, Run) and is_exported(run):
        if epoch is not None:
            raise SettingError(
                f"{run} is an exported model, which has the networks of one moment: leave the epoch out."
            )
        return _exported(Path(run), device, sampling)
    run = Run.open(run.path if isinstance(run, Run) else run)
    game_class = recorded_system(run)
    if epoch is None:
        checkpoint = run.latest()
        if checkpoint is None:
            raise CheckpointError(
                f"{run.path} has no checkpoint yet: wait for its first, or go on with "
                f"`sparring resume {run.path}`."
            )
        networks = checkpoint.networks
    else:
        networks = run.kept_networks(epoch)
    return _model(
        game_class,
        run.description,
        networks,
        run.path,
        device,
        sampling,
        lambda: recorded_dataset(run).in_range(*game_class.value_range),
    )


def _exported(path: Path, device: str, sampling: Mapping[str, float]) -> Model:
    """The model in a folder that `export` wrote."""
    config = read_config(path)
    if ":" in config["system"]:
        refuse_what_came_with(path, "system", config["system"])
    networks = unpacked(read_weights(path / WEIGHTS), path / WEIGHTS)

    def no_data() -> Dataset:
        raise SettingError(f"{path} is an exported model, which has no data: sample from the run itself.")

    return _model(find_system(config["system"]), config, networks, path, device, sampling, no_data)


def _model(
    game_class: type[Game],
    described: Mapping[str, Any],
    networks: dict[str, Tensor],
    path: Path,
    device: str,
    sampling: Mapping[str, float],
    dataset: Callable[[], Dataset],
) -> Model:
    """A game as a folder describes it, with the weights in it."""
    spec = spec_from(described["data"]["spec"], game_class.value_range)
    condition = kind_from(described["condition"]).in_range(*game_class.value_range)
    settings = game_class.Settings.of(described["settings"], str(path))
    settings = with_sampling(game_class, settings, sampling)
    processes = join_processes(device)
    # Not before: weights are refused where they are of other settings, however large their networks are.
    with seeded_initialisation(described["seed"]):
        game = game_class(settings, spec, Randomness(0, processes.device)).to(processes.device)
    check_networks(game, networks, f"{path} ({short_name(described['system'])})")
    game.load_state_dict(networks)
    return Model(game, condition, dataset)


def with_sampling(system: type[Game], settings: GameSettings, sampling: Mapping[str, float]) -> GameSettings:
    """Settings with others for how samples are made.

    Raises:
        SettingError: one says more than that, or has a value that it does not accept.
    """
    for name in sampling:
        if name not in system.sampling:
            raise SettingError(
                f"{system.__name__} cannot be given another '{name}' once it is trained: "
                f"{' and '.join(system.sampling) or 'no setting'} may change where samples are made."
            )
    changed: dict[str, Any] = dict(sampling)
    return dataclasses.replace(settings, **changed)


def recorded_system(run: Run) -> type[Game]:
    """The class of a run's system.

    Opening a stranger's run must not run code that came with it. So a system of one's own is taken only from
    the full path that `train` recorded, and never from within the run.

    Raises:
        RunError: the path is relative, leads through links, or lies in the run folder.
        SettingError: there is no such system.
    """
    reference = run.description["system"]
    if ":" in reference:
        refuse_what_came_with(run.path, "system", reference)
    return find_system(reference)


def recorded_dataset(run: Run, watch: Watch = unwatched) -> Dataset:
    """The data that a run was trained on.

    A function of one's own that gives it is taken as a system of one's own is.

    Args:
        run: the run.
        watch: is told how many images of a folder are read, and how many there are.

    Raises:
        RunError: the path of the function is relative, leads through links, or lies in the run folder.
        SparringError: the data cannot be loaded any more.
    """
    name = run.description["data"]["name"]
    if is_own(name):
        refuse_what_came_with(run.path, "data", name)
    return dataset_of_run(run, name, watch)


def dataset_of_run(run: Run, name: str, watch: Watch = unwatched) -> Dataset:
    """A data set, read as that of a run was.

    Args:
        run: that says how.
        name: of the data, as `load_dataset` takes it.
        watch: is told how many files are read.

    Raises:
        SparringError: it cannot be loaded.
    """
    data = run.description["data"]
    # A run of before there was a choice of fit, or of stretching, does not record one.
    return load_dataset(name, **{option: data[option] for option in READING if option in data}, watch=watch)


def refuse_what_came_with(folder: Path, what: str, reference: str) -> None:
    """Raise RunError unless `path/to/file.py:name` certainly did not come with a run, or a group of runs."""
    file, came = Path(reference.rpartition(":")[0]), folder.resolve()
    if is_group(came.parent):
        came = came.parent
    # A path through links, such as the system's own link to the current folder, is as good as relative.
    if not file.is_absolute() or file != file.resolve() or file.is_relative_to(came):
        raise RunError(
            f"{folder} names its {what} as {reference}, which may have come with the run: a {what} of "
            "one's own is only taken from a full path, without links, outside the run folder."
        )


def check_networks(game: Game, networks: dict[str, Tensor], owner: str) -> None:
    """Raise CheckpointError unless saved tensors are such as a game has.

    Args:
        game: for which they are meant.
        networks: by name.
        owner: whose they are, in words.
    """
    expected = {name: _form(tensor) for name, tensor in game.state_dict().items()}
    found = {name: _form(tensor) for name, tensor in networks.items()}
    if expected != found:
        wrong = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )
        raise CheckpointError(
            f"The checkpoint of {owner} is of another system or other settings: '{wrong[0]}' is "
            f"{found.get(wrong[0], 'missing')} in it and should be {expected.get(wrong[0], 'absent')}."
        )


def _form(tensor: Tensor) -> str:
    """Shape and type of a tensor in words."""
    return f"{tuple(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"


def sample(
    run: Run | Path | str,
    count: int | None = None,
    *,
    label: str | int | None = None,
    seed: int = 0,
    truncation: float = 1.0,
    interpolate: int | None = None,
    around: Path | str | None = None,
    epoch: int | None = None,
    device: str = "auto",
    **sampling: float,
) -> Samples:
    """Generate examples from a run: `load(run, epoch, device, **sampling).sample(count, label, seed)`.

    Args:
        run: the run or its folder.
        count: how many; by default 100, or ten ways.
        label: the class of all of them, by its label in the data; by default all classes in turn.
        seed: decides the noise.
        truncation: share of the distance of the noise from its mean that is left: below 1 samples are more
            usual, and less diverse.
        interpolate: so many samples on each way from one noise to another: a row of a picture, and the
            frames of a film (.gif, .mp4 ...).
        around: an image in a file, of any format and size: samples like the nearest that can be generated.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to generate them: auto, cpu, cuda ...
        sampling: settings of the system that say how samples are made, such as `temperature=0.7`.
    """
    model = load(run, epoch, device, **sampling)
    if around is not None:
        from sparring.exploring.runs import image_for

        if interpolate is not None or truncation != 1.0:
            raise SettingError("Samples around an image are neither ways nor truncated: leave these out.")
        return model.around(image_for(model, around), USUAL_COUNT if count is None else count, label, seed)
    if interpolate is None:
        return model.sample(USUAL_COUNT if count is None else count, label, seed, truncation)
    ways, rest = divmod(USUAL_WAYS * interpolate if count is None else count, max(1, interpolate))
    if rest or not ways:
        raise SettingError(
            f"{count} samples are no whole number of ways of {interpolate}: give a count such as "
            f"{max(1, ways) * interpolate} or {(ways + 1) * interpolate or interpolate}."
        )
    return model.interpolate(ways, interpolate, label, seed, truncation)

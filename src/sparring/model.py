"""A trained game as one uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sparring.classifying.classifier import Classified, Classifier, classifier_of
from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Kind
from sparring.data.resizing import Fit
from sparring.errors import DataError, RunError
from sparring.exploring.explorer import Explorer
from sparring.exploring.latents import require_between, require_vectors, truncated
from sparring.game import Game
from sparring.generating import SAMPLE_BATCH
from sparring.rejection import Rejection, fitted, kept
from sparring.sample_files import Samples, joined
from sparring.settings import Count, Fraction, Natural, check_value
from sparring.standing import take_standing_statistics

if TYPE_CHECKING:
    from PIL import Image


class Model(Explorer):
    """A trained game, ready to be sampled.

    Args:
        game: the game with its weights.
        condition: what kind of thing it is told.
        dataset: gives the data it was trained on, in its range, where a condition has to come from there.
        white: the share of the range of values that became white in its images; None where it is unknown.
        fit: how its images came to their size, as a picture does that is read for it.
        step: of the checkpoint that the weights are from; None of those kept after an epoch, or exported.
    """

    def __init__(
        self,
        game: Game,
        condition: Kind,
        dataset: Callable[[], Dataset],
        white: float | None = 1.0,
        fit: Fit = "crop",
        step: int | None = None,
    ) -> None:
        super().__init__(game, condition)
        self.fit = fit
        self.step = step
        self._dataset = cache(dataset)
        self._white = white

    @property
    def white(self) -> float:
        """The share of the range of its values that becomes white where a picture is read for this game.

        Raises:
            RunError: it was trained on stretched images, of before this was recorded.
        """
        if self._white is None:
            raise RunError(
                "This run was trained with --stretch, and does not say what became white: train it again to "
                "give it pictures."
            )
        return self._white

    def sample(
        self,
        count: int = 100,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        rejection: float = 0.0,
        told: Column | None = None,
    ) -> Samples:
        """Generate examples; the same seed gives the same ones.

        Args:
            count: how many.
            label: a class, by its label in the data, for all of them; by default all classes in turn.
            seed: decides the noise.
            truncation: share of the distance of the noise from its mean that is left: below 1 samples are
                more usual, and less diverse.
            rejection: share of what is generated that has less than an even chance to be kept, by what the
                critic says of it (see `rejection.py`); 0 keeps all. The paper has 0.8.
            told: what each of them is told, where it is not to be a label, or all in turn.

        Raises:
            SettingError: count below 1, seed below 0, a label that the system cannot be told, or nothing that
                could be rejected.
        """
        return joined(list(self.batches(count, label, seed, truncation, rejection, told)))

    def batches(
        self,
        count: int = 100,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float = 1.0,
        rejection: float = 0.0,
        told: Column | None = None,
    ) -> Iterator[Samples]:
        """The same examples a few at a time, so that memory does not grow with their number.

        Args:
            count: how many in all.
            label: as `sample` takes it.
            seed: decides the noise.
            truncation: as `sample` takes it.
            rejection: likewise.
            told: likewise.

        Raises:
            SettingError: as `sample` does, at once.
        """
        count, seed = check_value("count", count, Count), check_value("seed", seed, Natural)
        share, rejected = (
            check_value(name, value, Fraction)
            for name, value in (("truncation", truncation), ("rejection", rejection))
        )
        if share != 1.0:
            require_between(self.game, self.condition)
        if rejected:
            require_vectors(self.game, self.condition)
        told = self.told(count, label) if told is None else told
        rule = fitted(self.game, self._dataset(), told, rejected, seed) if rejected else None
        return self._batches(told, seed, share, rule)

    def take_standing_statistics(self, batches: int, seed: int = 0) -> None:
        """Let batch normalisation use the mean statistics of some batches of samples, see `standing.py`.

        Args:
            batches: how many, of 250 samples; 0 leaves the statistics of training.
            seed: decides their noise.

        Raises:
            SettingError: fewer than none, or no batch normalisation makes the samples.
        """
        if check_value("standing_statistics", batches, Natural):
            take_standing_statistics(self.game, self._any, batches, seed)

    def _any(self, count: int) -> Column:
        """What so many samples are told where nothing is asked for."""
        return self.told(count, None)

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

        seed = check_value("seed", seed, Natural)
        translation = translation_of(self.game, mask, direction, seed, white=self.white)
        return translation.of_array(images) if isinstance(images, np.ndarray) else translation(images)

    def _batches(
        self, told: Column, seed: int, truncation: float, rule: Rejection | None
    ) -> Iterator[Samples]:
        random, coins = self._noise(seed, "samples"), self._noise(seed, "rejection")
        for first in range(0, len(told), SAMPLE_BATCH):
            part = told[first : first + SAMPLE_BATCH]

            def draw(count: int = len(part)) -> Tensor:
                return truncated(self.game.latent(SAMPLE_BATCH, random)[:count], self.game, truncation)

            latent = draw() if rule is None else kept(self.game, rule, part, draw, coins)
            yield self._made(latent, part)

    @property
    def data(self) -> Dataset:
        """What the game was trained on, in its range; read when it is first asked for."""
        return self._dataset()

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
        """What the data can tell for so many samples, evenly from all: of held-out examples where there are
        some.

        Where the data has fewer, all that there are.
        """
        dataset = self._dataset()
        shown = dataset if dataset.held_out is None else dataset.held_out
        # A part of the data, which a system may take conditions from, is whole whatever was chosen.
        return self.game.condition(shown.evenly(count)).evenly(count)

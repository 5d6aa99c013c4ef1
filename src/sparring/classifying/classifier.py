"""The classifier that a game holds, with its temperature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from sparring.blame import place_of
from sparring.classifying.temperature import fitted_temperature
from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Kind
from sparring.errors import DataError, OwnCodeError, SettingError
from sparring.game import Game
from sparring.mistakes import described
from sparring.nn.modes import inference

BATCH = 500
"""Examples looked at in one go."""


@dataclass(frozen=True, eq=False)
class Classified:
    """What a classifier says of some examples."""

    kind: Kind
    """The classes."""
    probabilities: Tensor
    """Of each class, float32 (count, classes)."""

    def __len__(self) -> int:
        return len(self.probabilities)

    def __getitem__(self, chosen: Tensor) -> Classified:
        """Some of them."""
        return Classified(self.kind, self.probabilities[chosen])

    @property
    def numbers(self) -> Tensor:
        """The most probable class of each, int64 (count,), from 0."""
        return self.probabilities.argmax(1)

    @property
    def labels(self) -> NDArray[Any]:
        """The same by the label that the data has for it."""
        return self.kind.to_arrays(self.numbers)

    @property
    def certainty(self) -> Tensor:
        """The probability of that class, (count,)."""
        return self.probabilities.max(1).values


@dataclass(frozen=True)
class Classifier:
    """A game as a classifier.

    Args:
        game: tells classes apart, as `Game.class_logits` says.
        temperature: its logits are divided by this.
        fitted: what the temperature was fitted on, in words.
    """

    game: Game
    temperature: float = 1.0
    fitted: str = "nothing, for no labelled examples were kept from training"

    def __call__(self, stored: Tensor) -> Classified:
        """What it says of stored examples (count, *shape)."""
        logits = class_logits(self.game, Column(self.game.data.kind, stored))
        probabilities = (logits.double() / self.temperature).softmax(1).float()
        return Classified(self.game.data.condition, probabilities)


def classifier_of(game: Game, dataset: Callable[[], Dataset]) -> Classifier:
    """The classifier of a game, its temperature fitted on examples whose label was not trained on.

    Those are the validation examples of the run, where it kept some, else one half of those held out.

    Args:
        game: in evaluation mode.
        dataset: gives its data, in its range; where it cannot, nothing is fitted, and `fitted` says why.

    Raises:
        SettingError: the game tells no classes apart.
    """
    validation = game.validation()
    if validation is not None:
        logits = _logits(game, validation.examples)
        temperature = fitted_temperature(logits, validation.condition.cpu())
        return Classifier(game, temperature, f"the {len(validation)} validation examples of the run")
    try:
        held_out = dataset().held_out
    except DataError as error:
        return Classifier(game, fitted=f"nothing, for the data of the run cannot be read ({error})")
    if held_out is None or held_out.condition.kind != game.data.condition:
        return Classifier(game)
    chosen = held_out[halves(held_out.condition.values)[0]]
    temperature = fitted_temperature(class_logits(game, chosen.examples), chosen.condition.values)
    return Classifier(game, temperature, "every second held-out example of each class")


def halves(classes: Tensor) -> tuple[Tensor, Tensor]:
    """Places of two halves of examples, as many of each class in both, whatever the order of the data.

    Args:
        classes: of all, int64 (count,).
    """
    order = classes.argsort(stable=True)
    return order[::2], order[1::2]


def class_logits(game: Game, examples: Column) -> Tensor:
    """What a game says of stored examples, on the CPU, (count, classes).

    Raises:
        SettingError: the game tells no classes apart.
    """
    starts = range(0, len(examples), BATCH)
    return torch.cat([_logits(game, examples[start : start + BATCH].encoded()) for start in starts])


@torch.no_grad()
def _logits(game: Game, encoded: Tensor) -> Tensor:
    with game.random.aside("classes"), inference(game):
        logits = game.class_logits(encoded.to(game.random.device))
    if logits is None:
        raise SettingError(
            f"{type(game).__name__} does not tell classes apart: train a system that does, such as "
            "improved-gan or acgan (or r3gan with --auxiliary-weight)."
        )
    if not isinstance(logits, Tensor) or logits.shape != (len(encoded), game.data.classes):
        raise OwnCodeError(
            f"{place_of(game.class_logits)} gives {described(logits)}: it must give a logit for each of the "
            f"{game.data.classes} classes, of shape (count, {game.data.classes})."
        )
    return logits.float().cpu()

"""Conditioning: a system whose generator makes anything makes the class that it is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data.dataset import Batch
from sparring.nn.modes import inference
from sparring.nn.posterior_samples import PosteriorSamples
from sparring.randomness import Randomness
from sparring.settings import OF_THE_TASK
from sparring.tricks.layers import inputs_of, outputs_of, weighted_layers
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparring.game import Game, Role, Turn

TOLD = ("generate", "sample", "critic_score")
"""Methods of a game whose second argument is what examples are, or are to be."""


class Conditioning(Trick):
    """Generators and critics are told the class of each example: their first layers have an input for each
    class, which is 1 for that of the example and 0 for all others.

    In a turn generated examples are of the same classes as the real ones of its batch. What the new inputs
    add to a layer is as large at first as what all others add.
    """

    source = "Mirza and Osindero 2014, arXiv:1411.1784, section 3"
    usual = {"conditioning": True}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of conditioning."""

        conditioning: Annotated[bool, OF_THE_TASK] = False
        """Tell a system that takes no classes the class of each example, so that samples can be asked for by
        class."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.count = 0
        """How many classes there are to be told apart."""
        self.conditional = False
        """Whether the system is told of its examples' conditions anyway."""
        self.told = Told()
        self.listening: set[str] = set()
        """Roles of networks that are told."""
        self.misdealt: tuple[str, ...] = ()
        """The sources of a turn whose batches are not all of one class each."""

    def prepare(self, game: Game) -> None:
        """Let the game be asked for classes."""
        self.conditional = game.conditional or bool(game.needs.condition)
        if not self.settings.conditioning or self.conditional or game.data.classes < 2:
            return
        self.count = game.data.classes
        game.conditional = True
        for name in TOLD:
            setattr(game, name, self.told.beside(getattr(game, name)))

    def refuses(self, game: Game) -> str | None:
        """Systems that are told of each example what it is, or take labels of their own; data without
        two classes; networks without a dense or convolutional layer, or among which examples are divided."""
        if not self.settings.conditioning:
            return None
        if self.conditional:
            return f"{type(game).__name__} is told what each of its examples is already"
        if not self.count:
            return f"it tells classes apart, and this data has {game.data.condition.about}"
        deaf = [role for role in ("generator", "critic") if role not in self.listening]
        if deaf:
            return f"no network of the role {deaf[0]} has a layer that could be told"
        if any(isinstance(part, PosteriorSamples) for part in game.modules()):
            return f"{type(game).__name__} divides a batch between networks, those among them that it keeps"
        classes = torch.arange(self.count, device=game.random.device)
        try:
            with game.random.aside("conditioning"), inference(game), torch.no_grad():
                game.sample(game.latent(self.count, game.random), classes)
        except Misdealt as error:
            return f"{type(game).__name__} divides a batch between networks ({error})"
        return None

    def idle(self, game: Game) -> str | None:
        """Turns with batches of several sources."""
        if not self.misdealt:
            return None
        return f"the classes in a turn are those of one batch, and one has {' and '.join(self.misdealt)}"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A network whose first layer is told classes."""
        layers = weighted_layers(network)
        if self.count and role != "other" and layers:
            layers[0].register_parameter("classes", nn.Parameter(inputs_for_classes(layers[0], self.count)))
            layers[0].register_forward_hook(adding(self.told))
            self.listening.add(str(role))
        return network

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """The turn, in which the classes are those of its batch."""
        sources = turn.sources or next((each.sources[:1] for each in others if each.sources), ())
        if not self.count or not sources:
            return turn
        if len(sources) > 1:
            self.misdealt = sources

        def loss(*batches: Batch) -> Mapping[str, Tensor]:
            with self.told.of(batches[0].condition):
                return turn.loss(*batches[: len(turn.sources)])

        return replace(turn, loss=loss, sources=sources)


class Misdealt(RuntimeError):
    """A network is not used with as many examples as something was said of."""


class Told:
    """What networks are told at the moment."""

    def __init__(self) -> None:
        self.classes: Tensor | None = None
        """int64 (count,); None where nothing was said."""

    @contextmanager
    def of(self, classes: Tensor) -> Iterator[None]:
        """Tell some classes, unless they are of shape (count, 0), which says nothing."""
        before = self.classes
        self.classes = classes if classes.dim() == 1 else before
        try:
            yield
        finally:
            self.classes = before

    def beside(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method that tells its second argument while it works."""

        @wraps(method)
        def told(examples: Tensor, condition: Tensor) -> Any:
            with self.of(condition):
                return method(examples, condition)

        return told

    def for_batch(self, count: int) -> Tensor:
        """The classes of so many examples, which are those of a batch, or several times those.

        Raises:
            Misdealt: they are not, or nothing was said.
        """
        if self.classes is None:
            raise Misdealt("a network is used where nobody says for which classes")
        if count == self.classes.shape[0]:
            return self.classes
        times, more = divmod(count, len(self.classes))
        if more:
            raise Misdealt(
                f"a network is given {count} examples where {len(self.classes)} are told their class"
            )
        return self.classes.repeat(times)


def adding(told: Told) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    """A hook that adds to what a layer gives what it gives for the inputs of classes."""

    # Not a method: a copy of a network, such as an average, has to listen to the same.
    def add(layer: nn.Module, given: Any, outputs: Tensor) -> Tensor:
        weights = layer.classes
        assert isinstance(weights, Tensor)
        # Not len, which would make an exported graph one of so many examples.
        added = F.embedding(told.for_batch(outputs.shape[0]), weights)
        # In half precision, too; no page knows a conversion.
        added = added if added.dtype == outputs.dtype else added.to(outputs.dtype)
        places = [1] * (outputs.dim() - 2)
        shape = (*places, -1) if isinstance(layer, nn.Linear) else (-1, *places)
        return outputs + added.view(outputs.shape[0], *shape)

    return add


def inputs_for_classes(layer: nn.Module, classes: int) -> Tensor:
    """Weights (classes, outputs) of new inputs, one of which is 1, that together add about as much to a layer
    as all its others where these are about 1."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    # A transposed convolution that comes first has one place to look at.
    transposed = isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d)
    fan = inputs_of(layer) if transposed else weight[0].numel()
    return weight.detach().std() * math.sqrt(fan) * torch.randn(classes, outputs_of(layer))

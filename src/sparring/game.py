"""What a system implements: a `Game`, whose `Player`s take `Turn`s."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from sparring.blame import place_of, place_of_class
from sparring.data.dataset import Batch, Column, Dataset, DataSpec, no_condition
from sparring.data.needs import Needs
from sparring.data.truth import Figure
from sparring.errors import OwnCodeError
from sparring.game_settings import (
    GameSettings,
    beside_another_objective,
    beside_other_rates,
    for_other_kinds,
)
from sparring.imports import asked
from sparring.mistakes import described
from sparring.objectives import NON_SATURATING, Objective
from sparring.randomness import Randomness
from sparring.recommendation import Recommendation
from sparring.settings import Limit
from sparring.tricks import make_tricks
from sparring.turns import (
    Loss,
    Number,
    Phase,
    Player,
    Role,
    Source,
    Terms,
    Turn,
    is_players,
    two_players,
)

__all__ = [
    "Batch",
    "DataSpec",
    "Figure",
    "Game",
    "GameSettings",
    "Limit",
    "Loss",
    "Needs",
    "Number",
    "Phase",
    "Player",
    "Recommendation",
    "Role",
    "Source",
    "Terms",
    "Turn",
    "two_players",
]


class Game(nn.Module):
    """One published system: its networks, its losses, its order of turns, its settings.

    A game never knows about files, devices, progress bars or checkpoints. Whatever it must remember is a
    parameter or a buffer, so that the checkpoint holds it; all its chance comes from `self.random`.

    Args:
        settings: an instance of the class's own `Settings`.
        data: what the data is: kinds, shapes, number of examples.
        random: the run's source of noise.
    """

    Settings: ClassVar[type[GameSettings]] = GameSettings
    """The settings class: a frozen dataclass, a docstring under each field."""
    needs: ClassVar[Needs] = Needs()
    """What data the system can train on."""
    paper: ClassVar[str] = ""
    """Authors, year, and where to find the paper."""
    purpose: ClassVar[str] = ""
    """What the system is good for, in one line."""
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Named sets of settings for a purpose, which stand in for the defaults where one is asked for; `paper`,
    which every system has, is the defaults themselves."""
    length: ClassVar[Limit] = Limit(epochs=20)
    """How long the paper or listing trains; the default length of a run whose last phase has none."""
    value_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    """The range in which images are dealt and generated: (0, 1) for a sigmoid, (-1, 1) for a tanh."""
    grid: ClassVar[tuple[int, int]] = (8, 10)
    """Rows and columns of the sample picture; a class-conditional system has one column for each."""
    shows_real: bool = False
    """Whether the sample picture has real examples beside the generated ones; a game may say it when it is
    built, where it depends on the data."""
    keep_every: ClassVar[int] = 0
    """Keep the networks of every so many epochs for good; 0 keeps only the latest checkpoint."""
    conditional: bool = False
    """Whether the generator is told the condition of the data, such as the class, where the data has one; the
    trick of that name may say it of a game."""
    sampling: ClassVar[Mapping[str, Sequence[float]]] = {}
    """Settings that only say how samples are made, and so may be given anew for a trained run: each with the
    values at which a sweep tries it, the less diverse the later."""
    searched: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Settings between whose ends `sparring tune` looks for better ones, beside rates and widths."""
    of_data: Collection[str] = ()
    """Names of tensors that `start` fills with what the data is, or what was measured of it: a run that
    begins with the weights of another keeps its own. A game may say them when it is built."""
    second_derivatives: bool = False
    """Whether a loss differentiates through a gradient of the critic: such a critic cannot be compiled."""

    generator: nn.Module
    """The network that `generate` uses, unless that is overridden."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__()
        self.settings = settings
        self.data = data
        self.random = random
        self.step = 0
        """Rounds played before this one; set by the engine."""
        self.phase_step = 0
        """The same of the phase."""
        self.progress = 0.0
        """Share of the phase behind us, from 0 to 1; set by the engine before each round."""
        self.gather: Callable[[Tensor], Tensor] = lambda own: own
        """Joins what all processes have, for a memory that they share such as a pool; set by the engine."""
        self.tricks = make_tricks(settings.tricks, random)
        self.tricks.prepare(self)
        self.networks: list[tuple[Role, nn.Module]] = []
        """What `built` was given, as it was built."""

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """What a run on some data gets where no settings are given, from the largest networks to the
        smallest; none where these are always the defaults."""
        return ()

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """Names of settings that change nothing for such data or beside these others, which then no rule
        chooses and no search looks at, each with why, a clause; by default those whose annotations are marked
        as being for other kinds of examples, and those in whose place a trick has put another objective or
        other rates."""
        return {
            **for_other_kinds(cls.Settings, data.kind),
            **beside_another_objective(settings),
            **beside_other_rates(settings),
        }

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """About how many steps networks of this size want before their samples are worth a look; 0 where that
        is not known."""
        return 0

    # -- data ---------------------------------------------------------------------------------------------

    @classmethod
    def examples_given(cls, settings: GameSettings, data: DataSpec) -> int:
        """How many examples a batch is drawn from."""
        return data.count

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        """The streams it learns from, by name, each dealt by itself; an epoch is a pass over the first."""
        return {"real": Source(data, settings.batch_size)}

    def condition(self, data: Dataset) -> Column:
        """What the generator is told, a value for each example of some data."""
        return data.condition if self.conditional else no_condition(len(data))

    def heeds_condition(self) -> bool:
        """Whether examples belong to the condition that the data has for them, such as a class: not where it
        has none, nor where the generator is told something else, or nothing."""
        told = self.conditional and type(self).condition is Game.condition
        return bool(self.data.condition.vector_size) and (told or bool(self.needs.condition))

    def start(self, **first: Batch) -> None:
        """Look at the first batch of each source before a run begins, for weights that depend on data.

        Each of several processes is shown the whole batch, and all must come to the same weights: noise, if
        any, is of a branch that is not divided.
        """

    # -- networks -----------------------------------------------------------------------------------------

    def built(self, role: Role, network: nn.Module) -> Any:
        """A network of a player with this role, as the tricks that are on want it.

        Raises:
            OwnCodeError: it is given something else.
        """
        if not isinstance(role, Role) or not isinstance(network, nn.Module):
            raise OwnCodeError(
                f"self.built is given {described(role)} and {described(network)}: it takes a Role, such as "
                "Role.GENERATOR, and a network."
            )
        network = self.tricks.build(network, role)
        self.networks.append((role, network))
        return network

    @abstractmethod
    def players(self) -> dict[str, Player]:
        """Who takes turns, by name, each with a new optimiser."""

    @cached_property
    def roster(self) -> dict[str, Player]:
        """The players as the tricks that are on want them, made once, so that all who look at them see the
        same optimisers."""
        players: dict[str, Player] = asked(self.players)
        if not is_players(players):
            # What they are instead is said by those who check it.
            return players
        return {name: self.tricks.move(player, self) for name, player in players.items()}

    # -- turns --------------------------------------------------------------------------------------------

    def round(self) -> Sequence[Turn]:
        """The turns of one step, in order, of a game that has only one phase."""
        raise OwnCodeError(
            f"{place_of_class(type(self))} lacks round() or phases(): one must give the turns of a step."
        )

    def phases(self) -> Sequence[Phase]:
        """The parts of a run, in order: one, by default, that has the turns of `round`."""
        return [Phase("training", tuple(self.round()))]

    def aim(self) -> Objective:
        """The system's own objective."""
        return NON_SATURATING

    @cached_property
    def objective(self) -> Objective:
        """The objective, as the tricks that are on want it.

        Raises:
            OwnCodeError: `aim` says something else.
        """
        own = asked(self.aim)
        if not isinstance(own, Objective):
            raise OwnCodeError(
                f"{place_of(self.aim)} returns {described(own)}: return an Objective, such as "
                "sparring.objectives.LEAST_SQUARES."
            )
        return self.tricks.aim(own, self)

    def show(self, examples: Tensor, *condition: Tensor, real: bool) -> tuple[Tensor, ...]:
        """What a critic is to be shown of some examples, and told of them: the one door to it.

        Args:
            examples: encoded, (count, *shape).
            condition: what the critic is told, if anything.
            real: whether they are real; otherwise they are generated.
        """
        examples, condition = self.tricks.see(examples, condition, real, self)
        return (examples, *condition)

    def judge(self, critic: nn.Module, examples: Tensor, *condition: Tensor, real: bool) -> Any:
        """What a critic says of examples, seen through `show`."""
        return critic(*self.show(examples, *condition, real=real))

    def judge_together(self, critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """What a critic says of real and of generated examples, in one pass over both."""
        shown = [*self.show(real, real=True), *self.show(fake, real=False)]
        said = critic(torch.cat(shown)).split([len(part) for part in shown])
        return said[0], said[1]

    def deceive(self, critic: nn.Module, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        """What a generator pays for examples that a critic should take for real, by the name of the term.

        Args:
            critic: gives logits.
            fake: generated examples.
            real: as many real ones, which are judged only where the objective compares the two.
        """
        said = self.judge(critic, fake, real=False)
        return self.objective.for_generator(said, lambda: self.judge(critic, real, real=True))

    # -- samples ------------------------------------------------------------------------------------------

    @abstractmethod
    def latent(self, count: int, random: Randomness) -> Tensor:
        """Noise to generate `count` examples from, of shape (count, ...)."""

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Examples (count, *data.shape) in the value range: what the network `generator` makes of noise.

        Args:
            latent: noise, as `latent` gives it.
            condition: what they should be, encoded: classes, int64 (count,); or of shape (count, 0).
        """
        examples: Tensor = self.generator(latent)
        return examples

    def fake(self, count: int, condition: Tensor | None = None) -> Tensor:
        """Examples generated from new noise, of no condition unless one is given."""
        nothing = torch.zeros(count, 0, device=self.random.device)
        return self.generate(self.latent(count, self.random), nothing if condition is None else condition)

    def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
        """What a user is shown: `generate`, or a generator kept for the purpose such as an average."""
        return self.generate(latent, condition)

    def critic_score(self, examples: Tensor, condition: Tensor) -> Tensor | None:
        """How real its critic finds examples, whatever it makes of them otherwise: (count,), more for what it
        takes for real; None where it gives no such number.

        By default what its critic says, where it has one alone, whose answer is a number for each example,
        and the system tells its generator nothing, so that its critic need not be told it either.

        Args:
            examples: encoded, (count, *shape).
            condition: what they are, encoded; or of shape (count, 0).
        """
        critics = [network for role, network in self.networks if role is Role.CRITIC]
        if type(self).conditional or len(critics) != 1:
            return None
        said: Tensor = critics[0](examples)
        return said.flatten() if said.numel() == len(examples) else None

    def class_logits(self, examples: Tensor) -> Tensor | None:
        """What the system, as a classifier, says of real examples: logits (count, classes), of which a
        softmax gives probabilities; None where it does not tell classes apart.

        Args:
            examples: encoded, (count, *shape).
        """
        return None

    def validation(self) -> Batch | None:
        """Labelled examples that the game itself keeps from training, where it does."""
        return None

    # -- how good it is -----------------------------------------------------------------------------------

    def test_losses(self) -> dict[str, Loss]:
        """Losses by player to report on held-out data after each epoch; none by default."""
        return {}

    def figures(self) -> Mapping[str, Figure]:
        """Its own figures, of held-out batches, for each epoch's report and `evaluate`; none by default."""
        return {}

    def forward(self, loss: Loss, *batches: Batch) -> Mapping[str, Tensor]:
        """A loss of some batches: what a turn computes, also with other weights (`torch.func`)."""
        return loss(*batches)

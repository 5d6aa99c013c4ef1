"""Weight average: samples are made by a moving average of a generator's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MethodType
from typing import TYPE_CHECKING, Any

from torch import nn

from sparring.nn.average import Average
from sparring.randomness import Randomness
from sparring.settings import Fraction
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Number, Role, Turn


class WeightAverage(Trick):
    """What a generator makes outside of training is made by the exponential moving average of its weights,
    which is moved after each of its turns. Training takes no notice of it.

    In the first steps the average is shorter, so that it does not remember the initial weights.
    """

    source = "Karras et al. 2018, arXiv:1710.10196, section 4; Yazici et al. 2019, arXiv:1806.04498"
    usual = {"weight_average": 0.99}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of the weight average."""

        weight_average: Fraction = 0.0
        """Decay of a moving average of the generator's weights, by which samples are made; 0 for none. A
        usual one is 0.999."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.followed: list[nn.Module] = []
        """Generators, which are the game's."""
        self.forwards = set[Callable[..., Any]]()
        """What computes them; a copy of a generator has the same."""
        self.averages = nn.ModuleList()
        self.playing: Callable[[], bool] = lambda: True
        """Whether the game is trained, whatever the mode of a generator for a turn."""

    def prepare(self, game: Game) -> None:
        """Let it be known when the game is trained."""
        # No attribute: a trick is a part of its game already.
        self.playing = lambda: game.training

    def refuses(self, game: Game) -> str | None:
        """Texts, which are written token by token; systems that keep an average of their own, or copies of
        their generators, or make samples by something else."""
        if not self.settings.weight_average:
            return None
        if game.data.kind.discrete:
            return f"samples are to be made in one pass, and this data has {game.data.kind.about}"
        own = [part for name, part in game.named_modules() if not name.startswith("tricks.")]
        if any(isinstance(part, Average) for part in own):
            return f"{type(game).__name__} keeps an average by itself"
        if not self.followed or any(role == "other" for role, _ in game.networks):
            return f"{type(game).__name__} does not make samples by networks of the role generator alone"
        others = [part.__dict__.get("forward") for part in own if part not in self.followed]
        copied = any(getattr(each, "__func__", None) in self.forwards for each in others)
        return f"{type(game).__name__} keeps copies of its generators" if copied else None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A generator that leaves what is no training to its average."""
        if role == "generator" and self.settings.weight_average:
            average = Average(network, self.settings.weight_average)
            self.followed.append(network)
            self.averages.append(average)

            def forward(used: nn.Module, *given: Any, **named: Any) -> Any:
                if self.playing() or used is not network:
                    return type(network).forward(used, *given, **named)
                return average.network.forward(*given, **named)

            # In the place of its forward, so that what others do before and after it, they do once. Bound, so
            # that a copy's is its own.
            network.forward = MethodType(forward, network)
            self.forwards.add(forward)
        return network

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A generator's turn, after which the averages move."""
        if not self.followed or game.roster[turn.player].role != "generator":
            return turn

        def after(values: Mapping[str, Number]) -> None:
            if turn.after is not None:
                turn.after(values)
            for network, average in zip(self.followed, self.averages, strict=True):
                assert isinstance(average, Average)
                average.update(network, game.step)

        return replace(turn, after=after)

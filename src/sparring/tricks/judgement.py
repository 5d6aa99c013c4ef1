"""Terms of a critic's loss that follow from its logits: the base of tricks which add some."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from sparring.nn.image_pool import ImagePool
from sparring.objectives import Cost, Objective
from sparring.randomness import Randomness
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.data.dataset import Batch
    from sparring.game import Game, Number, Terms, Turn


@dataclass(frozen=True)
class Judgement:
    """What critics were shown in a turn, and the logits that their player paid for."""

    shown: list[tuple[bool, Tensor]] = field(default_factory=list)
    """Whether they are real, and examples (count, ...), in the order in which they were shown."""
    real: list[Tensor] = field(default_factory=list)
    """Logits that were called real, once each however often they are paid for; where the objective compares
    pairs, real less generated."""
    fake: list[Tensor] = field(default_factory=list)
    """Logits that were called generated, likewise; none where the objective compares pairs."""

    def examples(self, real: bool) -> list[Tensor]:
        """What was shown of one kind."""
        return [examples for each, examples in self.shown if each is real]

    def pay(self, logits: Tensor, real: bool) -> None:
        """Remember logits that their player pays for, unless they are there."""
        known = self.real if real else self.fake
        if not any(each is logits for each in known):
            known.append(logits)


Again = Callable[[Sequence[Tensor]], Judgement]
"""Plays the turn's loss again with other examples in the places of those that were shown."""


class CriticTerms(Trick):
    """Base of tricks that add terms to the loss of a critic's turn, whatever the critic's form.

    What is shown, and what is paid for, is seen at the doors that all critics have; so a critic may have two
    outputs, be told classes, or judge patches.
    """

    needs_numbers: ClassVar[bool] = True
    """Whether it wants what was shown, and so cannot do with tokens, beside the logits."""

    takes_pairs: ClassVar[bool] = False
    """Whether it can do with logits that are differences of pairs."""

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self._judgement: Judgement | None = None
        self._instead: Iterator[Tensor] | None = None
        self._paused = False
        self._found = not self.strong
        self._suited = False
        self._paired = False

    @property
    @abstractmethod
    def strong(self) -> bool:
        """Whether there is anything to add."""

    @abstractmethod
    def terms(self, judgement: Judgement, again: Again, game: Game) -> Terms:
        """What is added to the loss, and observed.

        Args:
            judgement: of the turn; gradients may be taken by what was shown.
            again: for other examples.
            game: whose turn it is.
        """

    def learn(self, values: Mapping[str, Number]) -> None:
        """Remember something of a turn that had terms, of which all are given; by default nothing."""

    def idle(self, game: Game) -> str | None:
        """Critics whose logits no objective costs; where it needs these, those that are shown no numbers, or
        whose objective compares pairs."""
        if self._found:
            return None
        if self._paired and not self.takes_pairs:
            return "it is about logits of single examples, and the objective compares pairs"
        shown = "is shown numbers and " if self.needs_numbers else ""
        return f"no critic of {type(game).__name__} {shown}pays its objective's cost of logits"

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The examples, or those in their place; where gradients are wanted, as leaves of their graph."""
        if self._judgement is None or not examples.is_floating_point():
            return examples, condition
        examples = examples if self._instead is None else next(self._instead)
        if self.second_derivatives:
            examples = examples.detach().requires_grad_()
        self._judgement.shown.append((real, examples))
        return examples, condition

    def aim(self, objective: Objective, game: Game) -> Objective:
        """The objective, whose critic's logits are remembered."""
        if not self.strong:
            return objective
        self._paired = objective.paired

        def watched(cost: Cost, real: bool) -> Cost:
            def paid(logits: Tensor) -> Tensor:
                if self._judgement is not None:
                    self._judgement.pay(logits, real)
                return cost(logits)

            return paid

        return replace(objective, real=watched(objective.real, True), fake=watched(objective.fake, False))

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A critic's turn with further terms."""
        if not self.strong or game.roster[turn.player].role != "critic":
            return turn

        def loss(*batches: Batch) -> Mapping[str, Tensor]:
            return turn.loss(*batches) if self._paused else self._with_terms(turn, batches, game)

        def after(values: Mapping[str, Number]) -> None:
            if turn.after is not None:
                turn.after(values)
            if self._suited:
                self.learn(values)

        return replace(turn, loss=loss, after=after)

    def _with_terms(self, turn: Turn, batches: Sequence[Batch], game: Game) -> Mapping[str, Tensor]:
        from sparring.game import Terms

        device = game.random.device.type
        # Half precision loses the squares of small slopes.
        precise = torch.autocast(device, enabled=False) if self.second_derivatives else _as_it_is()
        with precise:
            own, judgement = self._judged(turn, batches, None)
            self._suited = self._suits(judgement)
            if not self._suited:
                return own

            def again(examples: Sequence[Tensor]) -> Judgement:
                with self._others_paused(game), pools_resting(game):
                    return self._judged(turn, batches, examples)[1]

            self._found = True
            more = self.terms(judgement, again, game)
            # A system may have a term of the same name, which it keeps paying.
            both = {name: own[name] + term if name in own else term for name, term in more.items()}
            return Terms({**own, **both}).observing(**getattr(own, "observed", {}), **more.observed)

    def _suits(self, judgement: Judgement) -> bool:
        """Whether there is what the terms are made of."""
        return bool(
            judgement.real
            and (judgement.shown or not self.needs_numbers)
            and (judgement.fake or self.takes_pairs)
        )

    def _judged(
        self, turn: Turn, batches: Sequence[Batch], instead: Sequence[Tensor] | None
    ) -> tuple[Mapping[str, Tensor], Judgement]:
        """The terms of a turn's loss, and what was judged for it."""
        judgement = self._judgement = Judgement()
        self._instead = None if instead is None else iter(instead)
        try:
            return turn.loss(*batches), judgement
        finally:
            self._judgement = self._instead = None

    @contextmanager
    def _others_paused(self, game: Game) -> Iterator[None]:
        """Let other such tricks take no notice: what is judged now is no critic's turn of theirs."""
        others = [trick for trick in game.tricks if isinstance(trick, CriticTerms) and trick is not self]
        before = [(trick, trick._judgement, trick._paused) for trick in others]
        for trick in others:
            trick._judgement, trick._paused = None, True
        try:
            yield
        finally:
            for trick, judgement, paused in before:
                trick._judgement, trick._paused = judgement, paused


@contextmanager
def pools_resting(game: Game) -> Iterator[None]:
    """Let no pool of a game keep what is made meanwhile: a critic is shown none of it."""
    with ExitStack() as pools:
        for module in game.modules():
            if isinstance(module, ImagePool):
                pools.enter_context(module.resting())
        yield


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield

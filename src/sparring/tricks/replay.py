"""Replay: a critic is shown generated examples of earlier beside new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torch import Tensor

from sparring.nn.image_pool import ImagePool
from sparring.randomness import Randomness
from sparring.settings import Natural
from sparring.shown import counted
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.data.dataset import Batch
    from sparring.game import Game, Turn


class Replay(Trick):
    """In a critic's turn half of the generated examples are exchanged for some from a pool of those that it
    was shown before, so that it does not forget what the generator has left behind."""

    source = "Shrivastava et al. 2017, arXiv:1612.07828, section 2.3; Chintala et al. 2016, ganhacks"
    usual = {"replay": 12}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of replay."""

        replay: Natural = 0
        """Generated examples that are kept to be shown again, at least as many as a batch has; a usual number
        is ten batches. 0 for none."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.shared = random.branch("pool", divided=False)
        self._at_turn = False
        self._told = False

    def prepare(self, game: Game) -> None:
        """An empty pool."""
        self.pool = ImagePool(self.settings.replay, tuple(game.data.shape))

    def refuses(self, game: Game) -> str | None:
        """Examples that are no numbers, conditions, two domains, pools smaller than a batch."""
        size, batch = self.settings.replay, game.settings.batch_size
        if not size:
            return None
        if not game.data.kind.continuous:
            return f"it keeps numbers, and this data has {game.data.kind.about}"
        if game.heeds_condition():
            return (
                f"an example would be shown again beside the condition of another, and this system has "
                f"{game.data.condition.about} for its examples"
            )
        if game.needs.parts:
            return f"{type(game).__name__} has examples of more than one kind"
        if size < batch:
            return f"the pool has {counted(size, 'place')} and a batch {batch} examples"
        return None

    def idle(self, game: Game) -> str | None:
        """Critics that are told something of each example."""
        if self._told:
            return "an example would be shown again beside what the critic is told of another"
        return None

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Generated examples, half of them of earlier turns."""
        if real or not self._at_turn:
            return examples, condition
        self._told |= any(told.numel() for told in condition)
        share = len(examples)
        mixed = self.pool.swap(game.gather(examples.detach()), self.shared)
        return mixed[game.random.rank * share :][:share], condition

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A critic's turn, in which examples are replayed."""
        if not self.settings.replay or game.roster[turn.player].role != "critic":
            return turn

        def loss(*batches: Batch) -> Mapping[str, Tensor]:
            self._at_turn = True
            try:
                return turn.loss(*batches)
            finally:
                self._at_turn = False

        return replace(turn, loss=loss)

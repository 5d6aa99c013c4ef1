"""Soundness: whether all numbers of a run are finite."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from torch import Tensor

from sparring.errors import NotANumber
from sparring.game import Number
from sparring.training.player import ActivePlayer


class Soundness:
    """Looks at the numbers of every turn before its player moves.

    Args:
        players: who moves, by name.
        at_once: whether numbers are read in every turn, which is free on a CPU; a GPU would have to be waited
            for, so there they stay until `look`.
    """

    def __init__(self, players: Mapping[str, ActivePlayer], at_once: bool) -> None:
        self.players = players
        self.at_once = at_once
        self._unread: list[tuple[int, str, list[str], Tensor]] = []

    def numbers(self, step: int, player: ActivePlayer, names: list[str], packed: Tensor) -> Sequence[Number]:
        """The numbers of a turn, one for each name; gradients beside any that is not finite are made zero.

        Args:
            step: rounds behind us.
            player: whose turn it is.
            names: of the numbers, that of the sum of all terms first.
            packed: the numbers, and one that is finite if the gradients are.

        Raises:
            NotANumber: one is not finite, where they are read at once.
        """
        if self.at_once:
            read: list[float] = packed.tolist()
            self._check(step, player.name, names, read)
            return read[:-1]
        player.withhold_unless(packed.isfinite().all())
        self._unread.append((step, player.name, names, packed))
        return packed.double().unbind()[:-1]

    def look(self) -> None:
        """Read what has not been read yet.

        Raises:
            NotANumber: a term or a gradient was not finite in a round since the last look.
        """
        unread, self._unread = self._unread, []
        for step, player, names, packed in unread:
            self._check(step, player, names, packed.tolist())

    def forget(self) -> None:
        """Leave unread what has not been read yet."""
        self._unread = []

    @property
    def holds(self) -> bool:
        """Whether all numbers are finite so far, read or not, and all weights."""
        unread = all(bool(packed.isfinite().all()) for *_, packed in self._unread)
        return unread and not self._broken()

    def check_weights(self, step: int) -> None:
        """Raise NotANumber unless all weights are finite: nothing else is worth a checkpoint."""
        for player in self._broken():
            raise NotANumber(step, player, "weights", math.nan, [player])

    def _check(self, step: int, player: str, names: Sequence[str], numbers: Sequence[float]) -> None:
        if all(map(math.isfinite, numbers)):
            return
        # A term says more than the sum of all of them, or than the gradient that comes of it.
        (total, loss), *terms = zip(names, numbers[:-1], strict=True)
        found = [*terms, (total, loss), ("gradient", numbers[-1])]
        name, value = next((name, value) for name, value in found if not math.isfinite(value))
        raise NotANumber(step + 1, player, name, value, self._broken())

    def _broken(self) -> list[str]:
        """Names of the players with weights that are not finite."""
        return [name for name, player in self.players.items() if not player.is_finite]

"""More turns: players of a role move several times where a system lets them move once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sparring.settings import Count
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role, Turn


class MoreTurns(Trick):
    """Each turn of a role's players is taken k times in a row: a critic's further ones on new batches, a
    generator's on the same batch, whose noise is new where the system draws it for a turn.

    A system that gives a player several turns by itself gives it k times as many.
    """

    source = "Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1 (its k); Chintala et al. 2016, ganhacks"
    usual = {"critic_turns": 2}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of more turns."""

        generator_turns: Count = 1
        """How often generators take each of their turns."""
        critic_turns: Count = 1
        """How often critics take each of their turns."""

    settings: Settings

    @classmethod
    def places(cls) -> frozenset[str]:
        """All turns of a round together."""
        return super().places() | {"turn"}

    def refuses(self, game: Game) -> str | None:
        """Games without a player of the role."""
        roles = {player.role for player in game.roster.values()}
        missing = [role for role, count in self._counts().items() if count > 1 and role not in roles]
        return f"{type(game).__name__} has no player of the role {missing[0]}" if missing else None

    def round(self, turns: Sequence[Turn], game: Game) -> Sequence[Turn]:
        """The turns, some of them several times."""
        return [again for turn in turns for again in self._several(turn, game.roster[turn.player].role)]

    def _several(self, turn: Turn, role: Role) -> list[Turn]:
        further = replace(turn, fresh=turn.fresh or (role == "critic" and bool(turn.sources)))
        return [turn, *[further] * (self._counts().get(role, 1) - 1)]

    def _counts(self) -> dict[str, int]:
        return {"generator": self.settings.generator_turns, "critic": self.settings.critic_turns}

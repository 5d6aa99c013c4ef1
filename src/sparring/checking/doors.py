"""Doors: whether a system comes by the places at which tricks act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from sparring.blame import place_of
from sparring.checking.report import Remark, note, wrong
from sparring.checking.subject import Subject, play
from sparring.game import Batch, Game, Role, Turn
from sparring.training.engine import Engine


def check_doors(subject: Subject) -> Iterator[Remark]:
    """No loss calls a critic but through judge or show, and the objective is asked for."""
    remarks: list[Remark] = []
    asked, has_critic = False, False
    for start in subject.starts:
        engine = subject.engine(start)
        watch = _Watch(engine)
        play(engine, 1)
        remarks += watch.remarks
        asked = asked or watch.asked or "objective" in vars(engine.game)
        has_critic = has_critic or bool(critics(engine))
    if has_critic and not asked:
        remarks.append(
            note(
                f"{subject.system.__name__} never asks for self.objective: tricks that change what a critic "
                "aims at, such as soft labels, cannot be had."
            )
        )
    yield from dict.fromkeys(remarks)


class _Watch:
    """Follows which losses call a critic, and how.

    Args:
        engine: whose losses are followed from now on.
    """

    def __init__(self, engine: Engine) -> None:
        self.remarks: list[Remark] = []
        self.asked = False
        self.calls = self.shows = 0
        game: Any = engine.game
        show, aim = game.show, game.aim

        def counted_show(*arguments: Any, **more: Any) -> Any:
            self.shows += 1
            return show(*arguments, **more)

        def counted_aim() -> Any:
            self.asked = True
            return aim()

        game.show, game.aim = counted_show, counted_aim
        for critic in critics(engine):
            critic.register_forward_pre_hook(self._count)
        engine.phases = [
            replace(phase, turns=tuple(self._followed(turn, game) for turn in phase.turns))
            for phase in engine.phases
        ]
        engine.set_length(engine.total_steps)

    def _count(self, *call: Any) -> None:
        self.calls += 1

    def _followed(self, turn: Turn, game: Game) -> Turn:
        def loss(*batches: Batch) -> Mapping[str, Tensor]:
            self.calls = self.shows = 0
            terms = turn.loss(*batches)
            if self.calls and not self.shows:
                self.remarks.append(
                    wrong(
                        f"{place_of(turn.loss)} calls a critic directly, so that tricks which change what it "
                        "is shown do nothing: write self.judge(critic, examples, real=...), or show what it "
                        "sees through self.show."
                    )
                )
            return terms

        return replace(turn, loss=loss)


def critics(engine: Engine) -> list[nn.Module]:
    """The networks of the critics: those built as such, and attributes whose weights only critics move."""
    game = engine.game
    moved = {
        id(weight)
        for player in engine.players.values()
        if player.role is Role.CRITIC
        for weight in player.moved
    }
    found = [network for role, network in game.networks if role is Role.CRITIC]
    for module in game.children():
        weights = {id(weight) for weight in module.parameters()}
        if weights and weights <= moved and not any(module is network for network in found):
            found.append(module)
    return found

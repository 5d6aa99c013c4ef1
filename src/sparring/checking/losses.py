"""Losses: whether each returns named, finite scalars, with a gradient for the player whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from sparring.blame import OwnCode, place_of
from sparring.checking.report import Remark, Verdict, in_place, note, remark_on, wrong
from sparring.checking.subject import Subject, play
from sparring.game import Batch, Terms, Turn
from sparring.mistakes.losses import loss_mistakes, without_gradient
from sparring.training.engine import Engine
from sparring.training.player import ActivePlayer

ROUNDS = 2


def check_losses(subject: Subject) -> Iterator[Remark]:
    """Every turn of every phase, in order, as a run takes them."""
    remarks: list[Remark] = []
    for start in subject.starts:
        engine = subject.engine(start)
        inspect_turns(engine, subject.own, remarks)
        try:
            play(engine, ROUNDS)
        except Exception as error:  # noqa: BLE001  # of a turn's `after`: people's code may raise anything
            # What comes of a loss that is wrong need not be said.
            if not _any_wrong(remarks):
                remarks.append(remark_on(error, subject.own))
    yield from dict.fromkeys(remarks)


def inspect_turns(engine: Engine, own: OwnCode, remarks: list[Remark]) -> None:
    """Have the engine look at all that its losses return.

    Args:
        engine: goes on without the turns of losses that are wrong.
        own: the code of the system.
        remarks: where what is found is added.
    """
    engine.phases = [
        replace(phase, turns=tuple(_inspected(turn, engine, own, remarks) for turn in phase.turns))
        for phase in engine.phases
    ]
    engine.set_length(engine.total_steps)


def _inspected(turn: Turn, engine: Engine, own: OwnCode, remarks: list[Remark]) -> Turn:
    player = engine.players[turn.player]
    failed: list[bool] = []

    def loss(*batches: Batch) -> Mapping[str, Tensor]:
        if failed:
            return _nothing(player)
        returned, found = _tried(turn, batches, player, own)
        if not _any_wrong(found) and engine.step > 0 and batches and min(map(len, batches)) >= 4:
            halves = [batch.chunks(2)[1] for batch in batches]
            _, found = _tried(
                turn, halves, player, own, "on a smaller batch, as the last of an epoch may be, "
            )
        remarks.extend(found)
        if _any_wrong(found):
            failed.append(True)
            return _nothing(player)
        terms: Mapping[str, Tensor] = returned
        return terms

    def after(values: Mapping[str, Any]) -> None:
        if turn.after is not None and not failed:
            turn.after(values)

    return replace(turn, loss=loss, after=after)


def _any_wrong(remarks: Sequence[Remark]) -> bool:
    return any(remark.verdict is Verdict.WRONG for remark in remarks)


def _nothing(player: ActivePlayer) -> Terms:
    """A loss that moves nothing."""
    return Terms(nothing=torch.stack([weight.sum() * 0.0 for weight in player.moved]).sum())


def _tried(
    turn: Turn, batches: Sequence[Batch], player: ActivePlayer, own: OwnCode, where: str = ""
) -> tuple[Any, list[Remark]]:
    """What the loss of a turn returns, and what is wrong with it."""
    try:
        returned = turn.loss(*batches)
        return returned, list(mistakes(returned, turn, player, where))
    except Exception as error:  # noqa: BLE001  # people's code may raise anything
        return None, [remark_on(error, own, where)]


def mistakes(returned: Any, turn: Turn, player: ActivePlayer, where: str = "") -> Iterator[Remark]:
    """What is wrong with the value of a loss, in sentences.

    Args:
        returned: the value.
        turn: whose loss it is.
        player: who takes the turn.
        where: what was special, such as `on a smaller batch, `.
    """
    place = place_of(turn.loss)
    for look in (_not_terms, _not_finite, _not_differentiable):
        for sentence in look(returned, turn, player):
            yield wrong(in_place(where, sentence))
            return
    if "loss" in returned and len(returned) > 1:
        yield note(
            f"{place} calls one of several terms 'loss', which is the name of their sum in the history: call "
            "it something else."
        )


def _not_terms(returned: Any, turn: Turn, player: ActivePlayer) -> Iterator[str]:
    return loss_mistakes(turn.loss, returned)


def _not_finite(returned: Any, turn: Turn, player: ActivePlayer) -> Iterator[str]:
    for name, value in {**returned, **getattr(returned, "observed", {})}.items():
        if not value.isfinite():
            yield (
                f"{place_of(turn.loss)} has the term '{name}' at {value.item()} in the first rounds: it must "
                "be a finite number."
            )


def _not_differentiable(returned: Any, turn: Turn, player: ActivePlayer) -> Iterator[str]:
    total = torch.stack([term.float() for term in returned.values()]).sum()
    reached: Sequence[Tensor | None] = []
    if total.requires_grad:
        reached = torch.autograd.grad(total, player.moved, retain_graph=True, allow_unused=True)
    if all(gradient is None for gradient in reached):
        yield without_gradient(turn)

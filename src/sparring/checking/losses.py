"""Losses: whether each returns named, finite scalars, with a gradient for the player whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from sparring.checking.blame import OwnCode, in_place, place_of, remark_on
from sparring.checking.report import Remark, Verdict, note, wrong
from sparring.checking.subject import Subject, play
from sparring.game import Batch, Terms, Turn
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
    for test in (_not_terms, _not_scalars, _not_finite, _not_differentiable):
        sentence = test(returned, turn, player)
        if sentence is not None:
            yield wrong(in_place(where, f"{place} {sentence}"))
            return
    if "loss" in returned and len(returned) > 1:
        yield note(
            f"{place} calls one of several terms 'loss', which is the name of their sum in the history: call "
            "it something else."
        )


def _not_terms(returned: Any, turn: Turn, player: ActivePlayer) -> str | None:
    hint = "return named terms, as in `return Terms(adversarial=...)`."
    if isinstance(returned, Mapping):
        return None if returned else f"returns no term at all: {hint}"
    if returned is None:
        return f"returns None: {hint}"
    kind = "tensor" if isinstance(returned, Tensor) else type(returned).__name__
    return f"returns {'an' if kind[0] in 'aeiou' else 'a'} {kind}: {hint}"


def _not_scalars(returned: Any, turn: Turn, player: ActivePlayer) -> str | None:
    for name, value in _numbers(returned).items():
        if not isinstance(value, Tensor):
            return (
                f"has the term '{name}' as {type(value).__name__} {value!r}: a term is a tensor, neither "
                ".item() nor float() of one."
            )
        if value.dim() > 0:
            shape = tuple(value.shape)
            return f"has the term '{name}' of shape {shape}: a term is one number, such as its .mean()."
        if value.is_complex():
            return f"has the term '{name}' as a complex number: a term is real, such as its .abs()."
    return None


def _numbers(returned: Mapping[str, Any]) -> dict[str, Any]:
    """All that a loss gives the history."""
    return {**returned, **getattr(returned, "observed", {})}


def _not_finite(returned: Any, turn: Turn, player: ActivePlayer) -> str | None:
    for name, value in _numbers(returned).items():
        if not value.isfinite():
            return f"has the term '{name}' at {value.item()} in the first rounds: it must be a finite number."
    return None


def _not_differentiable(returned: Any, turn: Turn, player: ActivePlayer) -> str | None:
    total = torch.stack([term.float() for term in returned.values()]).sum()
    reached: Sequence[Tensor | None] = []
    if total.requires_grad:
        reached = torch.autograd.grad(total, player.moved, retain_graph=True, allow_unused=True)
    if any(gradient is not None for gradient in reached):
        return None
    return (
        f"has no gradient for '{turn.player}': what it returns does not depend on the parameters that this "
        "player moves, or was detached from them (.detach(), torch.no_grad(), .item(), argmax ...)."
    )

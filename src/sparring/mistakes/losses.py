"""Mistakes in what a loss returns."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from sparring.blame import place_of
from sparring.game import Batch, Loss, Turn
from sparring.mistakes import described, refuse


def refusing(turn: Turn) -> Turn:
    """The turn, whose loss raises OwnCodeError where what it returns is no loss.

    What is looked at takes about a millionth of a second, so it is looked at in every round.
    """

    @functools.wraps(turn.loss)
    def loss(*batches: Batch) -> Mapping[str, Tensor]:
        terms = turn.loss(*batches)
        refuse(loss_mistakes(turn.loss, terms))
        if torch.is_grad_enabled() and not any(term.requires_grad for term in terms.values()):
            refuse([without_gradient(turn)])
        return terms

    return replace(turn, loss=loss)


def loss_mistakes(loss: Loss, returned: Any) -> Iterator[str]:
    """What is wrong with the terms that a loss has returned.

    Args:
        loss: of a turn, or a test loss.
        returned: by it.
    """
    if not isinstance(returned, Mapping) or not returned:
        kind = "no term at all" if isinstance(returned, Mapping) else described_value(returned)
        yield f"{place_of(loss)} returns {kind}: return named terms, as in `return Terms(adversarial=...)`."
        return
    for values in (returned, getattr(returned, "observed", {})):
        for name, value in values.items():
            if not isinstance(value, Tensor) or value.dim() or value.is_complex():
                yield f"{place_of(loss)} has the term '{name}' {_no_scalar(value)}"


def described_value(returned: Any) -> str:
    """What was returned, by its type alone: `a tensor`, `a float`."""
    if returned is None:
        return "None"
    kind = "tensor" if isinstance(returned, Tensor) else type(returned).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _no_scalar(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"as {described(value)}: a term is a tensor, neither .item() nor float() of one."
    if value.dim():
        return f"of shape {tuple(value.shape)}: a term is one number, such as its .mean()."
    return "as a complex number: a term is real, such as its .abs()."


def without_gradient(turn: Turn) -> str:
    """What is said of a loss that does not depend on what its player moves."""
    return (
        f"{place_of(turn.loss)} has no gradient for '{turn.player}': what it returns does not depend on the "
        "parameters that this player moves, or was detached from them (.detach(), torch.no_grad(), .item(), "
        "argmax ...)."
    )

"""Surprise: the negative log-likelihood of tokens out of a large vocabulary, without all logits at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

AT_ONCE = 320_000
"""Logits computed in one go: 1.3 MB, which a processor keeps at hand beside the weights."""
SAFE = 1e30
"""Sums of exponentials between its inverse and this leave room in float32 for what they are multiplied by."""


def summed_surprise(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor,
    tokens: Tensor,
    weights: Tensor,
    rows: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """-log softmax(hidden weight' + bias) at some tokens, summed with weights, in float32.

    The same as a cross-entropy of the logits (count, vocabulary), which are never whole in memory: their
    gradient is computed where they are, chunk by chunk, so that none is read or written twice. (The memory
    of such losses is what Wijmans et al. 2024, arXiv:2411.09009, are after; on a CPU it is the time as well.)

    Args:
        hidden: (rows, size).
        weight: (vocabulary, size).
        bias: (vocabulary,).
        tokens: int64 (count,).
        weights: what each counts for, (count,); no gradient goes to them.
        rows: which row of `hidden` each token goes with, int64 (count,); by default each has its own.

    Returns:
        The sum, and the surprise at each token (count,), which has no gradient.
    """
    with torch.autocast(hidden.device.type, enabled=False):
        wanted = torch.is_grad_enabled()
        rows = torch.arange(len(hidden), device=hidden.device) if rows is None else rows
        total, each = _Surprise.apply(
            hidden.float(), weight.float(), bias.float(), tokens, weights.float(), rows, wanted
        )
    return total, each


class _Surprise(Function):
    """The sum with its gradients, which are computed on the way forward."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        tokens: Tensor,
        weights: Tensor,
        rows: Tensor,
        wanted: bool,
    ) -> tuple[Tensor, Tensor]:
        hidden_of_token, weight_of_token, counted = hidden[rows], weight[tokens], weights[:, None]
        of_rows = weights.new_zeros(len(hidden)).index_add_(0, rows, weights)
        sums, to_hidden, to_scores = _log_sums(hidden, weight, bias, of_rows, wanted)
        each = sums[rows] - (hidden_of_token * weight_of_token).sum(1) - bias[tokens]
        if wanted:
            to_hidden.index_add_(0, rows, weight_of_token * counted, alpha=-1)
            to_scores.index_add_(1, tokens, torch.cat([hidden_of_token * counted, counted], 1).t(), alpha=-1)
            ctx.save_for_backward(to_hidden, to_scores[:-1].t(), to_scores[-1])
        ctx.mark_non_differentiable(each)
        return (each * weights).sum(), each

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        gradients = [outer * gradient for gradient in ctx.saved_tensors]
        return (*gradients, None, None, None, None)


def _log_sums(
    hidden: Tensor, weight: Tensor, bias: Tensor, weights: Tensor, wanted: bool, shifted: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """log sum exp(logits) of each row (count,), and the gradients of their weighted sum.

    With each logit as little is done as can be: what the slopes of a row have in common goes to the rows of
    the products of matrices that they are for, and biases are a row of the weights. The largest logit of a
    row is taken off all of them, which are gone through twice more for it, only where their sum needs it.

    Args:
        wanted: whether gradients are; else they are undefined.
        shifted: whether the largest is taken off.

    Returns:
        The logarithms; the gradient of `hidden`, (count, size); that of `weight` and `bias`, (size + 1,
        vocabulary).
    """
    seen = torch.cat([hidden, torch.ones_like(weights)[:, None]], 1)
    scores = torch.cat([weight.t(), bias[None]])
    to_hidden, to_scores = torch.empty_like(hidden), torch.zeros_like(scores)
    sums, largest = torch.empty_like(weights), torch.zeros_like(weights)
    rows = max(1, AT_ONCE // len(weight))
    space = hidden.new_empty(min(rows, len(hidden)), len(weight))
    for start in range(0, len(hidden), rows):
        part = slice(start, start + rows)
        shares = torch.mm(seen[part], scores, out=space[: len(seen[part])])
        if shifted:
            torch.amax(shares, 1, out=largest[part])
            shares.sub_(largest[part, None])
        torch.sum(shares.exp_(), 1, out=sums[part])
        if wanted:
            torch.mm(shares, weight, out=to_hidden[part])
            to_scores.addmm_((seen[part] * (weights[part] / sums[part])[:, None]).t(), shares)
    if not shifted and not bool(((sums > 1 / SAFE) & (sums < SAFE)).all()):
        return _log_sums(hidden, weight, bias, weights, wanted, shifted=True)
    return sums.log().add_(largest), to_hidden.mul_((weights / sums)[:, None]), to_scores

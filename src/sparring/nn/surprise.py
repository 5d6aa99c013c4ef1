"""Surprise: the negative log-likelihood of tokens out of a large vocabulary, without all logits at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

AT_ONCE = 2**19
"""Logits computed in one go: 2 MiB, which a processor keeps at hand."""


def summed_surprise(
    hidden: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """-log softmax(hidden weight' + bias) at some tokens, summed with weights, in float32.

    The same as a cross-entropy of the logits (count, vocabulary), which are never whole in memory: their
    gradient is computed where they are, chunk by chunk, so that none is read or written twice. (The memory
    of such losses is what Wijmans et al. 2024, arXiv:2411.09009, are after; on a CPU it is the time as well.)

    Args:
        hidden: (count, size).
        weight: (vocabulary, size).
        bias: (vocabulary,).
        tokens: int64 (count,).
        weights: what each counts for, (count,); no gradient goes to them.

    Returns:
        The sum, and the surprise at each token (count,), which has no gradient.
    """
    with torch.autocast(hidden.device.type, enabled=False):
        wanted = torch.is_grad_enabled()
        total, each = _Surprise.apply(
            hidden.float(), weight.float(), bias.float(), tokens, weights.float(), wanted
        )
    return total, each


class _Surprise(Function):
    """The sum with its gradients, which are computed on the way forward."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, tokens: Tensor, weights: Tensor, wanted: bool
    ) -> tuple[Tensor, Tensor]:
        each = torch.empty_like(weights)
        gradients = [torch.zeros_like(value) for value in (hidden, weight, bias)] if wanted else []
        rows = max(1, AT_ONCE // len(weight))
        space = hidden.new_empty(min(rows, len(hidden)), len(weight))
        for start in range(0, len(hidden), rows):
            part = slice(start, start + rows)
            seen, at = hidden[part], tokens[part, None]
            logits = torch.addmm(bias, seen, weight.t(), out=space[: len(seen)])
            own, largest = logits.gather(1, at), logits.amax(1, keepdim=True)
            shares = logits.sub_(largest).exp_()
            total = shares.sum(1, keepdim=True)
            each[part] = (total.log() + largest - own).squeeze(1)
            if wanted:
                factor = weights[part, None]
                slopes = shares.mul_(factor / total).scatter_add_(1, at, -factor)
                torch.mm(slopes, weight, out=gradients[0][part])
                gradients[1].addmm_(slopes.t(), seen)
                gradients[2].add_(slopes.sum(0))
        ctx.save_for_backward(*gradients)
        ctx.mark_non_differentiable(each)
        return (each * weights).sum(), each

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        gradients = [outer * gradient for gradient in ctx.saved_tensors]
        return (*gradients, None, None, None)

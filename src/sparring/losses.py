"""Adversarial objectives that more than one system uses, computed from logits so that none can be log(0)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def real_loss(logits: Tensor, target: float = 1.0) -> Tensor:
    """Mean cross-entropy of logits whose images should be called real: -log D(x) where the target is 1.

    Args:
        logits: log-odds of being real, any shape.
        target: the probability asked for; below 1 this is one-sided label smoothing (Salimans et al. 2016,
            arXiv:1606.03498, section 3.4).
    """
    return F.softplus(-logits).mean() if target == 1.0 else binary_cross_entropy(logits, target)


def fake_loss(logits: Tensor) -> Tensor:
    """Mean cross-entropy of logits whose images should be called fake: -log(1 - D(x))."""
    return F.softplus(logits).mean()


def minimax_loss(logits: Tensor) -> Tensor:
    """Mean log(1 - D(G(z))), which the generator of the original minimax game minimises (Goodfellow et al.
    2014, arXiv:1406.2661, equation 1). Its gradient vanishes where the discriminator wins (section 3)."""
    return -fake_loss(logits)


def generator_loss(logits: Tensor, saturating: bool) -> Tensor:
    """What a generator minimises, from the logits of its examples.

    Args:
        logits: log-odds of being real, any shape.
        saturating: the original minimax loss, log(1 - D(G(z))), instead of -log D(G(z)).
    """
    return minimax_loss(logits) if saturating else real_loss(logits)


def binary_cross_entropy(logits: Tensor, target: float) -> Tensor:
    """Mean cross-entropy of log-odds against one probability."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def relativistic_loss(better: Tensor, worse: Tensor) -> Tensor:
    """-log sigmoid(better - worse), paired and averaged: the loss of whoever wants `better` above `worse`
    (Jolicoeur-Martineau 2019, arXiv:1807.00734; Huang et al. 2024, equation 2).

    Args:
        better, worse: scores of paired examples, (count,).
    """
    return F.softplus(worse - better).mean()


def verdict(real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
    """What a discriminator made of a batch: the share it judged rightly, and the gap of its mean logits."""
    right = (real_logits > 0).float().mean() + (fake_logits <= 0).float().mean()
    return {"accuracy": right / 2, "logit_gap": real_logits.mean() - fake_logits.mean()}

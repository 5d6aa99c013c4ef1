"""Critics that judge whole texts by the patterns in them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sparring.nn.layers import Dropout
from sparring.randomness import Randomness


class TextCritic(nn.Module):
    """Convolutions of several widths over the embeddings of a text, each at its largest, then a linear layer
    (Kim 2014, arXiv:1408.5882), with a highway layer in between (Srivastava et al. 2015, arXiv:1505.00387).

    Args:
        vocabulary: number of tokens.
        length: tokens of a text; wider convolutions are left out.
        embedding_size: numbers that stand for a token.
        filters: how many of each width.
        highway: whether there is a highway layer.
        dropout: share of the features that are left out in training.
        random: where its coins come from.
    """

    def __init__(
        self,
        vocabulary: int,
        length: int,
        embedding_size: int,
        filters: Mapping[int, int],
        highway: bool,
        dropout: float,
        random: Randomness,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding_size)
        nn.init.uniform_(self.embedding.weight, -1.0, 1.0)
        self.patterns = nn.ModuleList(
            nn.Conv1d(embedding_size, count, width) for width, count in filters.items() if width <= length
        )
        features = sum(count for width, count in filters.items() if width <= length)
        self.highway = nn.Linear(features, 2 * features) if highway else None
        self.dropout = Dropout(dropout, random)
        self.logit = nn.Linear(features, 1)
        for layer in (*self.patterns, self.logit):
            nn.init.trunc_normal_(layer.get_parameter("weight"), std=0.1, a=-0.2, b=0.2)
            nn.init.constant_(layer.get_parameter("bias"), 0.1)

    def forward(self, texts: Tensor) -> Tensor:
        """The log-odds (count,) that texts are real: int64 (count, length), or a share for each token of the
        vocabulary, (count, length, vocabulary)."""
        shares = texts.is_floating_point()
        seen = (texts @ self.embedding.weight if shares else self.embedding(texts)).transpose(1, 2)
        found = torch.cat([pattern(seen).amax(2).relu() for pattern in self.patterns], 1)
        if self.highway is not None:
            gate, changed = self.highway(found).chunk(2, 1)
            found = torch.lerp(found, changed.relu(), gate.sigmoid())
        logits: Tensor = self.logit(self.dropout(found)).squeeze(1)
        return logits

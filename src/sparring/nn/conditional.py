"""Networks that are told classes where the data has them, and do without where it has none."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from sparring.data.dataset import DataSpec
from sparring.nn.networks import build_generator, build_trunk


class LabelledGenerator(nn.Module):
    """Noise, joined to an embedding of the class if there are classes, to an example.

    Args:
        data: what it generates.
        latent_size: dimensions of the noise.
        embedding_size: dimensions of the embedding of a class.
        network: further arguments of `build_generator`.
    """

    def __init__(self, data: DataSpec, latent_size: int, embedding_size: int, **network: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(data.classes, embedding_size) if data.classes else None
        self.body = build_generator(data, latent_size + (embedding_size if data.classes else 0), **network)

    def forward(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Examples of the given classes."""
        if self.embedding is not None and labels is not None:
            latent = torch.cat([latent, self.embedding(labels)], dim=1)
        examples: Tensor = self.body(latent)
        return examples


class ProjectionDiscriminator(nn.Module):
    """Features, their score, and with classes the projection of the class (Miyato and Koyama 2018,
    arXiv:1802.05637, equation 3) and a linear classifier.

    Args:
        data: what it looks at.
        features: number of features that are scored, projected and classified.
        network: further arguments of `build_trunk`.
    """

    def __init__(self, data: DataSpec, features: int, **network: Any) -> None:
        super().__init__()
        trunk, size = build_trunk(data, **network)
        self.features = nn.Sequential(trunk, nn.Linear(size, features), nn.LeakyReLU(0.2))
        self.score = nn.Linear(features, 1)
        self.embedding = nn.Embedding(data.classes, features) if data.classes else None
        self.classifier = nn.Linear(features, data.classes) if data.classes else None
        if self.embedding is not None:
            nn.init.zeros_(self.embedding.weight)

    def forward(self, examples: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Scores (count,), and class logits (count, classes), empty where there are no classes."""
        features = self.features(examples)
        scores = self.score(features).squeeze(1)
        if self.embedding is None or self.classifier is None or labels is None:
            return scores, features[:, :0]
        return scores + (features * self.embedding(labels)).sum(1), self.classifier(features)

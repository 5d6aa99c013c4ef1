"""Networks that are conditioned on classes where the data has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from sparring.data.dataset import DataSpec
from sparring.game import GameSettings
from sparring.game_settings import FOR_IMAGES, FOR_POINTS, ImageWidth, PointUnits
from sparring.nn.latent_mixture import LatentMixture
from sparring.nn.networks import build_generator, build_trunk, no_norm, noise_size
from sparring.settings import Count, Natural, Positive


@dataclass(frozen=True)
class ConditionalSettings(GameSettings):
    """How large the two networks are; the base of the settings of a system that uses them."""

    latent_size: Count | None = None
    """Dimensions of the noise; by default 64 for images, and those of a point for points."""
    embedding_size: Count = 32
    """Dimensions of the class embedding that the generator is given beside the noise."""
    generator_width: ImageWidth = 32
    """The generator's channels at half the image's size; twice as many at each size below."""
    discriminator_width: ImageWidth = 32
    """The discriminator's channels at half the image's size; twice as many at each size below."""
    discriminator_units: Count = 128
    """Features that the discriminator scores, projects and classifies."""
    point_units: PointUnits = 128
    """Units of each hidden layer where the data is points."""
    latent_clusters: Natural = 0
    """Clusters that the noise falls into, whose centres are learnt, so that fewer samples lie between modes;
    0 for none."""
    cluster_spread: Positive = 0.02
    """Standard deviation of the noise of a cluster, where that of all centres is 1 at first."""
    cluster_shares: bool = False
    """Learn how much of the noise falls into each cluster, by how its samples are judged; otherwise as much
    as into any other."""
    residual: Annotated[bool, FOR_POINTS] = False
    """Generated points are the noise, with the mean and the deviation of the data, moved by what the network
    makes of it: so they lie about where the data does from the beginning."""
    fourier_octaves: Annotated[Natural, FOR_POINTS] = 0
    """Octaves of sines and cosines of the points that the discriminator sees beside them, so that it learns
    faster what is narrow (Tancik et al. 2020, arXiv:2006.10739)."""
    batch_norm: bool = False
    """Batch normalisation in the generator."""
    resize_convolutions: Annotated[bool, FOR_IMAGES] = False
    """Maps are doubled by repeating their pixels, and a convolution, instead of by a transposed one, so that
    images have no checkerboards."""
    output_skips: Annotated[bool, FOR_IMAGES] = False
    """An image is made at each size, and all are added up, so that a generator of large images makes small
    ones from the beginning (Karras et al. 2020, arXiv:1912.04958, section 4.1: output skips)."""
    wavelets: Annotated[bool, FOR_IMAGES] = False
    """Networks make and see Haar wavelets of images, four numbers for every two by two pixels, so that they
    are those of images of half the size (Gal et al. 2021, arXiv:2102.06108)."""


class LabelledGenerator(nn.Module):
    """Noise, joined to an embedding of the class if there are classes, to an example.

    Args:
        data: what it generates.
        settings: its sizes.
    """

    def __init__(self, data: DataSpec, settings: ConditionalSettings) -> None:
        super().__init__()
        embedded = settings.embedding_size
        self.latent_size = noise_size(settings.latent_size, data, for_images=64)
        clusters = settings.latent_clusters
        self.mixture = (
            LatentMixture(clusters, self.latent_size, settings.cluster_spread, settings.cluster_shares)
            if clusters
            else None
        )
        self.embedding = nn.Embedding(data.classes, embedded) if data.classes else None
        self.body = build_generator(
            data,
            self.latent_size + (embedded if data.classes else 0),
            width=settings.generator_width,
            units=settings.point_units,
            norm=nn.BatchNorm2d if settings.batch_norm else no_norm,
            resize=settings.resize_convolutions,
            output_skips=settings.output_skips,
            residual=settings.residual,
            wavelets=settings.wavelets,
        )

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Examples of the given classes; `labels` are of shape (count, 0) where there are none."""
        if self.mixture is not None:
            latent = self.mixture(latent)
        if self.embedding is not None:
            latent = torch.cat([latent, self.embedding(labels)], dim=1)
        examples: Tensor = self.body(latent)
        return examples


class ProjectionDiscriminator(nn.Module):
    """Features, their score, and with classes the projection of the class (Miyato and Koyama 2018,
    arXiv:1802.05637, equation 3) and a linear classifier.

    Args:
        data: what it looks at.
        settings: its sizes.
    """

    def __init__(self, data: DataSpec, settings: ConditionalSettings) -> None:
        super().__init__()
        features = settings.discriminator_units
        trunk, size = build_trunk(
            data,
            width=settings.discriminator_width,
            units=settings.point_units,
            fourier_octaves=settings.fourier_octaves,
            wavelets=settings.wavelets,
        )
        self.features = nn.Sequential(trunk, nn.Linear(size, features), nn.LeakyReLU(0.2))
        self.score = nn.Linear(features, 1)
        self.embedding = nn.Embedding(data.classes, features) if data.classes else None
        self.classifier = nn.Linear(features, data.classes) if data.classes else None
        if self.embedding is not None:
            nn.init.zeros_(self.embedding.weight)

    def forward(self, examples: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (count,), and class logits (count, classes), empty where there are no classes."""
        features = self.features(examples)
        scores = self.score(features).squeeze(1)
        if self.embedding is None or self.classifier is None:
            return scores, features[:, :0]
        return scores + (features * self.embedding(labels)).sum(1), self.classifier(features)

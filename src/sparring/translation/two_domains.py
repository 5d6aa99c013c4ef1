"""A translator that learns from images of two domains, of which none need belong to any other."""

from __future__ import annotations

from torch import Tensor

from sparring.data import Column, Dataset
from sparring.data.kinds import Kind
from sparring.errors import DataError
from sparring.game import Batch, DataSpec, Figure, GameSettings, Source
from sparring.randomness import Randomness
from sparring.translation.jitter import jittered
from sparring.translation.settings import Cut
from sparring.translation.translator import Translator

A, B = "A", "B"
"""The parts of the data: what images are made of, and what they should look like."""


class TwoDomains(Translator):
    """Base of the translators from A to B that are dealt images of both, each domain by itself."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.paired = data.condition == data.parts[A].kind
        """Whether the data knows which image of B belongs to which of A."""
        self.shows_real = self.paired

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        """Both domains, each dealt by itself. The larger comes first, and an epoch is a pass over it, as in
        the code of CycleGAN."""
        larger_first = sorted((A, B), key=lambda domain: len(data.parts[domain]), reverse=True)
        return {domain: Source(data.parts[domain], settings.batch_size) for domain in larger_first}

    def condition(self, data: Dataset) -> Column:
        """Images of A."""
        return data.parts[A].examples

    def source_kind(self, data: DataSpec) -> Kind:
        """What images of A are."""
        return data.parts[A].kind

    def kinds(self, direction: str) -> tuple[Kind, Kind]:
        """Of the domain that comes first, and of the other."""
        source, made = direction.split("to")
        return self.data.parts[source].kind, self.data.parts[made].kind

    def changed(self, batch: Batch) -> Tensor:
        """Images of a batch, each cut and mirrored by itself."""
        cut: Cut = self.settings  # type: ignore[assignment]
        return jittered(self.random, batch.examples, enlarge=cut.jitter, flips=cut.flips)[0]

    def both(self, a: Batch, b: Batch) -> dict[str, Tensor]:
        """Images of both domains, changed: as many of each, since the last batch of an epoch may have fewer,
        and domains have epochs of their own."""
        count = min(len(a), len(b))
        return {domain: self.changed(batch)[:count] for domain, batch in ((A, a), (B, b))}

    def figures(self) -> dict[str, Figure]:
        """How like the true images what is made is, where the data knows them."""
        return super().figures() if self.paired else {}


def common_shape(data: DataSpec, a: str, b: str) -> tuple[int, ...]:
    """The shape (channels, height, width) of the images of both domains.

    Args:
        data: what is trained on.
        a: what the images of A are in errors, such as `photographs`.
        b: what those of B are.

    Raises:
        DataError: they have different shapes.
    """
    first, second = data.parts[A].kind, data.parts[B].kind
    if first.shape != second.shape:
        raise DataError(
            f"The {a}, A, are {first.about} and the {b}, B, {second.about}: give both the same channels and, "
            "with --size, the same size."
        )
    return first.shape

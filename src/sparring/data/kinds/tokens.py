"""Tokens: sequences of numbers that stand for the words or characters of a vocabulary."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import torch
from torch import Tensor

from sparring.data.kinds.kind import Kind, Length
from sparring.validation import Check, filled

if TYPE_CHECKING:
    from sparring.data.dataset import Dataset
    from sparring.evaluation.features import FeatureExtractor

CODE_SIZE = 32
"""Numbers that stand for a token in `vectors`."""
PADDING, END, UNKNOWN = range(3)
"""The first tokens of a vocabulary whose texts end."""
MUCH_UNKNOWN = 0.2
"""The share of unknown tokens from which on a hint is given."""
MARKS = ("<padding>", "<end>", "\N{REPLACEMENT CHARACTER}")
"""What these stand for; only the last is ever shown."""
GLIMPSED = 3
"""Texts shown on a screen."""


@dataclass(frozen=True)
class Described:
    """What a description holds."""

    length: Length
    vocabulary: Annotated[list[str], Check(filled)]
    separator: str


@dataclass(frozen=True)
class Tokens(Kind):
    """Sequences of the same length, stored as int64 (count, length) from 0 to the vocabulary's size - 1."""

    described: ClassVar[type] = Described
    name: ClassVar[str] = "tokens"
    arrays: ClassVar[str] = "tokens"
    usual_system: ClassVar[str | None] = "language-model"
    suffix: ClassVar[str] = ".txt"
    formats: ClassVar[tuple[str, ...]] = ("txt",)
    dtype: ClassVar[torch.dtype] = torch.int64
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = False
    sequential: ClassVar[bool] = True

    shape: tuple[int, ...]
    """(length,)."""
    vocabulary: tuple[str, ...]
    """What each number stands for."""
    separator: str = " "
    """What stands between two tokens of a text: nothing where they are characters."""
    ends: bool = False
    """Whether texts may be shorter: then the vocabulary begins with `MARKS`, a text that is shorter than the
    length has the end behind it, and padding behind that."""

    @property
    def meanings(self) -> tuple[str, ...]:
        """The vocabulary; its marks are not tokens that happen to be written as they are."""
        marks = len(MARKS) if self.ends else 0
        return (*(f"the mark {mark}" for mark in self.vocabulary[:marks]), *self.vocabulary[marks:])

    def with_one_more(self) -> Tokens:
        """A token more."""
        return replace(self, vocabulary=(*self.vocabulary, "one more"))

    @property
    def about(self) -> str:
        """Such as `sequences of 20 tokens out of 5,000`."""
        what = "texts of up to" if self.ends else "sequences of"
        return f"{what} {self.shape[0]} tokens out of {len(self.vocabulary):,}"

    def description(self) -> dict[str, Any]:
        """Kind, length, vocabulary."""
        return {
            "kind": self.name,
            "length": self.shape[0],
            "vocabulary": list(self.vocabulary),
            "separator": self.separator,
            "ends": self.ends,
        }

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Tokens:
        """Sequences over the described vocabulary."""
        return cls((values["length"],), tuple(values["vocabulary"]), values["separator"], values["ends"])

    def counted(self, tokens: Tensor) -> Tensor:
        """Whether each token is of a text, its end included, rather than behind it: bool (count, length)."""
        if not self.ends:
            return torch.ones_like(tokens, dtype=torch.bool)
        is_end = tokens == END
        return is_end.cumsum(1) - is_end.long() == 0

    def decode(self, made: Tensor) -> Tensor:
        """Tokens with padding behind the end of each text, whatever was there."""
        return made.masked_fill(~self.counted(made), PADDING) if self.ends else made

    def softened(self, encoded: Tensor) -> Tensor:
        """Each token as shares of the vocabulary, all of which is the token: float32 (count, length, V)."""
        shares = torch.zeros(*encoded.shape, len(self.vocabulary), device=encoded.device)
        return shares.scatter_(-1, encoded[..., None], 1.0)

    def hardened(self, made: Tensor) -> Tensor:
        """The largest of the shares of each token, int64 (count, length), with padding behind the end."""
        return self.decode(made.argmax(2))

    def texts(self, stored: Tensor) -> list[str]:
        """Each sequence as a text."""
        return [
            self.separator.join(self.vocabulary[token] for token in row) for row in self.sequences(stored)
        ]

    def sequences(self, stored: Tensor) -> list[list[int]]:
        """The tokens of each text, without its end."""
        silent = (PADDING, END) if self.ends else ()
        return [[token for token in row if token not in silent] for row in self.decode(stored).tolist()]

    def reader(self, dataset: Dataset) -> FeatureExtractor:
        """A small recurrent network that has learnt what comes next in the examples."""
        from sparring.evaluation.features import ReaderFeatures

        return ReaderFeatures(self, dataset.examples.values)

    def known(self, stored: Tensor) -> Tensor:
        """Whether no token of each text is unknown."""
        return ~(stored == UNKNOWN).any(1) if self.ends else super().known(stored)

    def hints(self, stored: Tensor) -> list[str]:
        """That much of the texts is unknown."""
        if not self.ends:
            return []
        counted = self.counted(stored) & (stored != END)
        share = ((stored == UNKNOWN) & counted).sum().item() / max(1, counted.sum().item())
        if share < MUCH_UNKNOWN:
            return []
        instead = " Where no spaces stand between words, give --tokens characters." if self.separator else ""
        return [
            f"{share:.0%} of the tokens are too rare to be known (they are shown as {MARKS[UNKNOWN]}): to "
            f"every network and figure they are one and the same.{instead}"
        ]

    def misfit(self, stored: Tensor) -> str | None:
        """Sequences of another length or type, or tokens that the vocabulary lacks."""
        wrong = super().misfit(stored)
        if wrong is None and len(stored) and not 0 <= stored.min() <= stored.max() < len(self.vocabulary):
            return f"tokens from {stored.min()} to {stored.max()} and not below {len(self.vocabulary)}"
        return wrong

    def renumbered(self, other: Kind, stored: Tensor) -> Tensor:
        """Sequences of another vocabulary by what their tokens stand for. What this one lacks is unknown, or
        no token where it knows of nothing unknown."""
        if not isinstance(other, Tokens) or other.vocabulary == self.vocabulary:
            return stored
        numbers = {meaning: number for number, meaning in enumerate(self.meanings)}
        lacking = UNKNOWN if self.ends else -1
        return torch.tensor([numbers.get(meaning, lacking) for meaning in other.meanings])[stored]

    def vectors(self, stored: Tensor) -> Tensor:
        """A random code for each token, side by side: the squared distance is, on average, the number of
        places at which two sequences differ."""
        codes: Tensor = self._codes()[stored.cpu()].flatten(1)
        return codes

    @property
    def vector_size(self) -> int:
        """Length of the codes of a sequence."""
        return self.shape[0] * CODE_SIZE

    def _codes(self) -> Tensor:
        generator = torch.Generator().manual_seed(len(self.vocabulary))
        codes = torch.randn(len(self.vocabulary), CODE_SIZE, generator=generator)
        scaled: Tensor = codes / (2 * CODE_SIZE) ** 0.5
        return scaled

    def extractor(self, dataset: Dataset, device: torch.device | str = "cpu") -> FeatureExtractor:
        """How often tokens, and pairs of neighbours, occur in a sequence, in random directions."""
        from sparring.evaluation.features import TokenFeatures

        return TokenFeatures(len(self.vocabulary), device)

    def file(self, value: Tensor, form: str) -> bytes:
        """The sequence as UTF-8 text."""
        return (self.texts(value[None])[0] + "\n").encode()

    def grid(self, rows: int, columns: int) -> tuple[int, int]:
        """A text in each row."""
        return rows * columns, 1

    def picture(
        self, blocks: Sequence[Tensor], dataset: Dataset | None = None, titles: Sequence[Sequence[str]] = ()
    ) -> bytes:
        """The samples as UTF-8 text, one in each line."""
        return ("\n".join(self.texts(blocks[-1].flatten(0, 1))) + "\n").encode("utf-8", "backslashreplace")

    def glimpse(self, picture: bytes) -> list[str]:
        """The first texts; what would steer a terminal has a sign in its place."""
        lines = picture.decode().split("\n")[:GLIMPSED]
        return ["".join(MARKS[UNKNOWN] if unicodedata.category(c) == "Cc" else c for c in x) for x in lines]

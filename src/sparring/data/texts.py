"""Texts of one's own: a file of UTF-8 with a text in each line."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import torch

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Tokens
from sparring.data.kinds.tokens import END, MARKS, PADDING, UNKNOWN
from sparring.data.limits import LARGEST_TEXT
from sparring.errors import DataError
from sparring.opening import read_bounded
from sparring.randomness import Randomness
from sparring.shown import counted

TokensName = Literal["characters", "words"]
HELD_OUT_SHARE = 0.1
"""Share of the different texts of a file that are not trained on, unless another is given."""
LARGEST_VOCABULARY = 20_000
"""Tokens that are told apart; rarer ones are unknown."""
LEAST_COUNT = 2
"""Times that a token must occur in what is trained on: what occurs once teaches how the unknown is used."""
LONGEST = 1000
"""Tokens of a text, at the most."""
JOINER = "\N{ZERO WIDTH JOINER}"
JOINERS = (JOINER, "\N{ZERO WIDTH NON-JOINER}")
SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")
TAGS = ("\U000e0020", "\U000e007f")
"""Letters behind a black flag that make it one of a region, such as that of Scotland."""
VOWELS = ("\N{THAI CHARACTER SARA AM}", "\N{LAO VOWEL SIGN AM}")
"""Vowels that are letters of their own to Unicode's categories, and parts of a character to its Annex 29."""
FLAG_LETTERS = ("\U0001f1e6", "\U0001f1ff")


def read_texts(
    path: Path, tokens: TokensName = "characters", share: float | None = None, seed: int = 0
) -> Dataset:
    """Read a file of UTF-8 text: each line that is not blank is an example.

    A share of the different texts is held out, with all their repetitions. The vocabulary is made of the
    others. Texts are brought to Unicode's composed form (NFC), so that an accent is
    the same however it was typed.

    Args:
        path: the file.
        tokens: `characters` as a reader sees them (a letter with its accents, an emoji with its modifiers),
            or `words`, which are what stands between spaces.
        share: how many of the different texts are held out, below 1: None for a tenth, 0 for none.
        seed: decides which.

    Raises:
        DataError: the file cannot be read, a line is not UTF-8 or too long, or there is too little.
    """
    if tokens not in CUTS:
        raise DataError(f"Texts are cut into {' or '.join(CUTS)}, not into '{tokens}'.")
    cut = CUTS[tokens]
    lines = {number: cut(line) for number, line in _lines(path).items()}
    for number, line in lines.items():
        if len(line) > LONGEST:
            raise DataError(
                f"Line {number:,} of {path} has {len(line):,} {tokens}, and a text may have {LONGEST:,}: "
                "break it into several lines."
            )
    texts = [tuple(line) for line in lines.values()]
    training, held_out = _split(texts, path, HELD_OUT_SHARE if share is None else share, seed)
    vocabulary = _vocabulary(training, tokens, path)
    # One place more for the end of the longest text.
    kind = Tokens((max(map(len, texts)) + 1,), vocabulary, " " if tokens == "words" else "", ends=True)
    name = f"text:{path}"
    unseen = Dataset(name, _column(kind, held_out)) if held_out else None
    return Dataset(name, _column(kind, training), held_out=unseen)


def characters(text: str) -> list[str]:
    """The characters of a text as a reader sees them: a letter with its accents, an emoji with its
    modifiers, a flag (the rules of Unicode's annex 29 that matter once a text is composed)."""
    found: list[str] = []
    for letter in text:
        if found and _belongs(letter, found[-1]):
            found[-1] += letter
        else:
            found.append(letter)
    return found


CUTS: dict[TokensName, Callable[[str], list[str]]] = {"characters": characters, "words": str.split}
"""How a text is cut into tokens."""


def _belongs(letter: str, before: str) -> bool:
    """Whether a letter is part of the character before it."""
    if _continues(letter):
        return True
    if before.endswith(JOINER):
        return unicodedata.category(letter) == "So"
    return all(FLAG_LETTERS[0] <= half <= FLAG_LETTERS[1] for half in (letter, before)) and len(before) == 1


@cache
def _continues(letter: str) -> bool:
    """Whether it never stands alone: an accent, a vowel sign, a modifier."""
    tone = SKIN_TONES[0] <= letter <= SKIN_TONES[1]
    tag = TAGS[0] <= letter <= TAGS[1]
    return tone or tag or letter in JOINERS + VOWELS or unicodedata.category(letter).startswith("M")


def _lines(path: Path) -> dict[int, str]:
    """The lines that are not blank, by their numbers from 1."""
    try:
        content = read_bounded(path, LARGEST_TEXT, follow=True)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if b"\0" in content:
        raise DataError(f"{path} holds characters of number 0, as UTF-16 does: save it as UTF-8.")
    lines = {}
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        try:
            text = unicodedata.normalize("NFC", line.decode()).strip()
        except UnicodeDecodeError as error:
            raise DataError(
                f"Line {number:,} of {path} is not UTF-8: its byte {error.start + 1:,} is "
                f"0x{line[error.start]:02x}. Save the file as UTF-8, such as with `iconv -f latin1 -t utf-8`."
            ) from error
        if text:
            lines[number] = text
    return lines


def _split(
    texts: Sequence[tuple[str, ...]], path: Path, share: float, seed: int
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What is trained on, and what is held out: no text is in both."""
    different = list(dict.fromkeys(texts))
    if len(different) < 2:
        raise DataError(
            f"{path} has {counted(len(different), 'different text')}, one in each line: it needs at least "
            "two."
        )
    count = min(max(1, round(share * len(different))), len(different) - 1) if share else 0
    order = Randomness(seed).child("held-out texts").permutation(len(different))
    held_out = {different[place] for place in order[:count].tolist()}
    return [text for text in texts if text not in held_out], [text for text in texts if text in held_out]


def _vocabulary(training: Sequence[tuple[str, ...]], tokens: TokensName, path: Path) -> tuple[str, ...]:
    """The marks, then the tokens that occur often enough, the most frequent first."""
    counts = Counter(token for text in training for token in text)
    known = sorted(
        (t for t, n in counts.items() if n >= LEAST_COUNT), key=lambda token: (-counts[token], token)
    )
    if not known:
        raise DataError(
            f"None of the {tokens} of {path} occurs twice in what is trained on: there is nothing to learn."
        )
    return (*MARKS, *known[: LARGEST_VOCABULARY - len(MARKS)])


def _column(kind: Tokens, texts: Sequence[tuple[str, ...]]) -> Column:
    """Texts as numbers, with their end and padding behind them."""
    numbers = {token: number for number, token in enumerate(kind.vocabulary) if number > UNKNOWN}
    values = torch.full((len(texts), *kind.shape), PADDING, dtype=kind.dtype)
    for row, text in zip(values, texts, strict=True):
        row[: len(text) + 1] = torch.tensor([*(numbers.get(token, UNKNOWN) for token in text), END])
    return Column(kind, values)

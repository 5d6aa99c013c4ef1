"""Texts of one's own: what is a token, what is held out, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from sparring.data import Dataset, load_dataset
from sparring.data.kinds import Tokens
from sparring.data.kinds.tokens import END, PADDING, UNKNOWN
from sparring.data.summary import summary
from sparring.data.texts import characters
from sparring.errors import DataError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(*lines: str | bytes, end: bytes = b"\n") -> Path:
        path = tmp_path / "texts.txt"
        path.write_bytes(end.join(x if isinstance(x, bytes) else x.encode() for x in lines))
        return path

    return file


def load(path: Path, **options: Any) -> Dataset:
    return load_dataset(f"text:{path}", **options)


def kind_of(dataset: Dataset) -> Tokens:
    assert isinstance(dataset.examples.kind, Tokens)
    return dataset.examples.kind


def shown(dataset: Dataset) -> list[str]:
    return kind_of(dataset).texts(dataset.examples.values)


def test_how_many_are_held_out_may_be_said_and_none_may_be(write: Write) -> None:
    lines = [f"{letter}{other}" for letter in "abcde" for other in "vwxyz"]
    path = write(*lines, "a", "a")
    nothing, half, other = (
        load(path, hold_out=share, hold_out_seed=seed) for share, seed in ((0, 0), (0.5, 0), (0.5, 1))
    )
    assert nothing.held_out is None
    assert sorted(shown(nothing)) == sorted([*lines, "a", "a"])
    assert summary(nothing).endswith("held out: none")
    assert half.held_out is not None
    assert len({*shown(half.held_out)}) == 13
    assert not {*shown(half)} & {*shown(half.held_out)}
    assert shown(half) != shown(other)
    assert load(path).held_out is not None, "a tenth, where nobody says anything"
    with pytest.raises(DataError, match="--hold-out is 1; give a share below 1"):
        load(path, hold_out=1.0)


SCOTLAND = "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbsct\x7f")
"""A flag: a black one, and letters that are not seen."""


@pytest.mark.parametrize(("text", "cut"), [
    ("ab c", ["a", "b", " ", "c"]),
    ("春眠不覺曉", ["春", "眠", "不", "覺", "曉"]),
    ("e\u0301x", ["e\u0301", "x"]),
    ("👍🏽👍", ["👍🏽", "👍"]),
    ("👨‍👩‍👧❤️!", ["👨‍👩‍👧", "❤️", "!"]),
    ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
    ("हिन्दी", ["हि", "न्", "दी"]),
    ("می‌خواهم"[:4], ["م", "ی\u200c", "خ"]),
    (SCOTLAND + "x", [SCOTLAND, "x"]),
    ("กำก", ["กำ", "ก"]),
    ("", []),
])  # fmt: skip
def test_characters_are_what_a_reader_sees(text: str, cut: list[str]) -> None:
    assert characters(text) == cut


def test_every_text_is_there_once_and_none_is_both_trained_on_and_held_out(write: Write) -> None:
    texts = [f"{word} {number % 7}" for number in range(30) for word in ("春", "été", "👍🏽")]
    dataset = load(write(*texts))
    assert dataset.held_out is not None
    training, held_out = shown(dataset), shown(dataset.held_out)
    assert sorted(training + held_out) == sorted(texts)
    assert not set(training) & set(held_out)
    assert len(set(held_out)) == round(0.1 * len(set(texts))) == 2
    assert kind_of(dataset) == kind_of(dataset.held_out)
    again = load(write(*texts))
    assert again.fingerprint == dataset.fingerprint


def test_a_text_has_its_end_and_padding_behind_it(write: Write) -> None:
    dataset = load(write(*["ab", "a", "abb", "ba"] * 5))
    kind, values = kind_of(dataset), dataset.examples.values
    assert kind.shape == (4,)
    assert kind.misfit(values) is None
    for row in values.tolist():
        length = row.index(END)
        assert min(row[:length]) > UNKNOWN
        assert set(row[length + 1 :]) <= {PADDING}
    assert torch.equal(kind.counted(values).sum(1), torch.tensor([len(text) + 1 for text in shown(dataset)]))


def test_words_are_what_stands_between_spaces(write: Write) -> None:
    path = write(*["the  cat ,\tsat", "the cat", "cat the", ", , sat"] * 3)
    dataset = load(path, tokens="words")
    kind = kind_of(dataset)
    assert set(kind.vocabulary[UNKNOWN + 1 :]) == {"the", "cat", ",", "sat"}
    assert set(shown(dataset)) <= {"the cat , sat", "the cat", "cat the", ", , sat"}


def test_the_frequent_comes_first_and_what_occurs_once_is_unknown(write: Write) -> None:
    path = write(*[f"aaab{'c' * (number % 2)}{chr(0x4E00 + number)}" for number in range(40)])
    dataset = load(path)
    assert kind_of(dataset).vocabulary == ("<padding>", "<end>", "�", "a", "b", "c")
    assert all(text.endswith("�") for text in shown(dataset))


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_odd_files_are_read(write: Write, end: bytes) -> None:
    """A mark of the byte order, the line ends of Windows or of old Macs, blank lines, no end to the last
    line, an accent typed in two ways."""
    path = write("\ufeffab", "", "  ", *["ba ", "e\u0301ba", "\u00e9ba", "ab"] * 2, end=end)
    dataset = load(path)
    assert dataset.held_out is not None
    found = shown(dataset) + shown(dataset.held_out)
    assert [found.count(text) for text in ("ab", "ba", "\u00e9ba")] == [3, 2, 4]
    assert len(found) == 9


@pytest.mark.parametrize(("lines", "options", "message"), [
    (["ab", b"a\xe9b", "c"], {}, r"Line 2 of .* is not UTF-8: its byte 2 is 0xe9\. Save the file as UTF-8"),
    (["a" * 1001, "b"], {}, r"Line 1 of .* has 1,001 characters, and a text may have 1,000: break it"),
    (["ab", "ab"], {}, r"has 1 different text, one in each line: it needs at least two"),
    (["ab".encode("utf-16-le").decode(), "ba"], {}, r"holds characters of number 0, as UTF-16 does: save"),
    ([""], {}, r"has 0 different texts"),
    (["春眠", "不覺"], {}, r"None of the characters of .* occurs twice"),
    (["aa bb", "cc dd"], {"tokens": "words"}, r"None of the words of .* occurs twice"),
    (["ab", "ba"], {"tokens": "letters"}, r"into characters or words, not into 'letters'"),
    (["ab", "ba"] * 3, {"size": 8}, r"holds tokens, not images, so it takes no image size"),
])  # fmt: skip
def test_what_cannot_be_read_is_said(
    write: Write, lines: list[str | bytes], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(write(*lines), **options)


def test_only_texts_are_cut_into_tokens() -> None:
    with pytest.raises(DataError, match="'ring' is not cut into tokens, as 'text:FILE' is"):
        load_dataset("ring", tokens="words")

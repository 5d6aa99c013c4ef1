"""Texts as they are shown: whatever a name holds, it never steers a terminal and can be written anywhere."""

from __future__ import annotations

import codecs
import os
import re
import shlex
import sys
import unicodedata
from typing import TextIO

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder the text around them, so that a command could read as another one."""
LONGEST_WORD = 1000
"""Letters of a word that is shown whole: a name has 255 at the most, and hardly any path as many as this."""
_LAYOUT = frozenset("\n\t")
_PLAINER = {"–": "-", "—": "-", "×": "x", "…": "...", "•": "*", "→": "->", "“": '"', "”": '"', "’": "'"}
"""What stands for a sign of ours where a terminal cannot write it."""


def counted(number: int, name: str) -> str:
    """So many of something, such as `1 check` or `24 classes`."""
    return amount(f"{number:,}", name)


def amount(number: str, name: str) -> str:
    """The same of a number as it is shown, such as `2.5 epochs`."""
    plural = f"{name}es" if name.endswith(("ss", "tch")) else f"{name}s"
    return f"{number} {name if number == '1' else plural}"


def visible(text: object) -> str:
    """A text whose characters are all seen: what steers a terminal, reorders a line or cannot be written is
    escaped, such as `\\x1b`; lines and tabs stay."""
    return "".join(_escaped(each) if _steers(each) and each not in _LAYOUT else each for each in str(text))


def visible_line(text: object) -> str:
    """The same in one line."""
    return "".join(_escaped(each) if _steers(each) else each for each in str(text))


def shortened(text: str) -> str:
    """A text without words of a length that nobody wants to see: of longer ones only the ends stay."""
    return re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: f"{word[0][:100]}...{word[0][-100:]}", text)


def quoted(path: object) -> str:
    """A path as a shell takes it, on one line and without a character that steers the terminal."""
    text = str(path)
    if visible_line(text) == text:
        return shlex.quote(text)
    letters = (chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\" else f"\\x{byte:02x}"
               for byte in os.fsencode(text))  # fmt: skip
    return f"$'{''.join(letters)}'"


def say(*lines: object, file: TextIO | None = None) -> None:
    """Print lines."""
    stream = file or sys.stdout
    write_anything(stream)
    print(*map(visible, lines), sep="\n", file=stream, flush=True)


def write_anything(stream: TextIO) -> None:
    """Let a stream of any encoding write any text: what it has no sign for is replaced or escaped."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="sparring.shown")


def _steers(character: str) -> bool:
    return character in _DIRECTIONS or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    plainer = (_PLAINER.get(each) or each.encode("ascii", "backslashreplace").decode() for each in wrong)
    return "".join(plainer), error.end


codecs.register_error("sparring.shown", _replace)

"""An index of published GANs: what is new in each, and which system here is it, or nearest to it."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from sparring.errors import SettingError

if TYPE_CHECKING:
    from sparring.table import Table

LONGEST_NUMBER = len("1406.02661")
"""Letters of a number at arXiv, at the most."""


@dataclass(frozen=True)
class Variant:
    """A published GAN."""

    name: str
    """What its authors, or others, call it; several may have the same name."""
    year: int
    """When its first version was put in the open."""
    arxiv: str
    """Its number at arXiv, such as `1406.2661`; empty where it is not there."""
    runs: str
    """What follows `sparring train` to run it here, such as `gan --packing 2`; empty where it cannot."""
    nearest: str
    """The system here that is nearest to it; empty where it runs itself."""
    new: str
    """What was new in it, in a few words."""

    @property
    def link(self) -> str:
        """Where to read it; empty where it is not at arXiv."""
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else ""


def variants() -> list[Variant]:
    """All that the index has, in the order of their numbers at arXiv."""
    lines = (files(__package__) / "index.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Variant(year=int(row.pop("year")), **row) for row in rows]


def search(term: str) -> list[Variant]:
    """The variants that have every word of a term somewhere: in name, year, number, system, or what is new.

    Upper and lower case are one, and so are names with and without hyphens or blanks. Those whose name is the
    term come first.

    Args:
        term: such as `stylegan`, `super-resolution 2018` or `1611.02163`.

    Raises:
        SettingError: there is none.
    """
    known = variants()
    words = term.casefold().split()
    found = [variant for variant in known if words and all(word in _text(variant) for word in words)]
    found += [variant for variant in known if variant not in found and _plain(term) == _plain(variant.name)]
    if not found:
        raise SettingError(f"The index of {len(known)} GANs has nothing on '{term}'.{_near(term, known)}")
    return sorted(found, key=lambda variant: _plain(variant.name) != _plain(term))


def table_of(found: Sequence[Variant]) -> Table:
    """What was found, a row for each."""
    from rich.text import Text

    from sparring.table import Table

    table = Table("name", "year")
    table.add_column("arXiv", min_width=LONGEST_NUMBER)
    table.add_column("here")
    table.add_column("what is new")
    for variant in found:
        here = f"sparring train {variant.runs}" if variant.runs else f"nearest: {variant.nearest}"
        number = Text(variant.arxiv, style=f"link {variant.link}" if variant.link else "")
        table.add_row(variant.name, str(variant.year), number, here, variant.new)
    return table


def _text(variant: Variant) -> str:
    """All in which a word is looked for, names also without what stands between their parts."""
    fields = (variant.name, _plain(variant.name), variant.year, variant.arxiv, variant.runs, variant.nearest)
    return " ".join(map(str, (*fields, variant.new))).casefold()


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _near(term: str, known: Sequence[Variant]) -> str:
    """A hint at names that are like a term."""
    names = {_plain(variant.name): variant.name for variant in known}
    close = difflib.get_close_matches(_plain(term), names, n=3)
    return f" The nearest names are {', '.join(names[name] for name in close)}." if close else ""

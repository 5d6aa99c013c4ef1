"""What came of checking a system, in words."""

from __future__ import annotations

import traceback
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sparring.blame import sentence_of
from sparring.errors import SettingError
from sparring.shown import counted


class Verdict(StrEnum):
    """How bad something is."""

    OK = "ok"
    NOTE = "note"
    """Something to know, with which a system works."""
    WRONG = "wrong"


ORDER = list(Verdict)
"""From the best to the worst."""


@dataclass(frozen=True)
class Remark:
    """Something that a check has to say."""

    verdict: Verdict
    sentence: str
    traceback: str = ""
    """Where it comes from an error: the whole of it."""


def note(sentence: str) -> Remark:
    """Something to know."""
    return Remark(Verdict.NOTE, sentence)


def wrong(sentence: str) -> Remark:
    """Something to mend."""
    return Remark(Verdict.WRONG, sentence)


def all_wrong(sentences: Iterable[str]) -> Iterator[Remark]:
    """Several things to mend."""
    return map(wrong, sentences)


def remark_on(error: BaseException, own: Container[str], where: str = "") -> Remark:
    """An error as a sentence.

    Args:
        error: what was raised.
        own: names of the files that are the system's code.
        where: what was done when it arose, such as `with packing, `.
    """
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return Remark(Verdict.WRONG, in_place(where, sentence_of(error, own)), "".join(lines))


def in_place(where: str, sentence: str) -> str:
    """A sentence that begins with what was done, if there is anything to say of that."""
    return f"{where[:1].upper()}{where[1:]}{sentence}"


@dataclass(frozen=True)
class Result:
    """What one check found."""

    name: str
    """The check's."""
    proves: str
    """What is true where nothing was found, in a line."""
    remarks: tuple[Remark, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """That of the worst remark."""
        return max((remark.verdict for remark in self.remarks), key=ORDER.index, default=Verdict.OK)

    def text(self, traceback: bool = False) -> str:
        """A line for each remark, or the one that says what is proved.

        Args:
            traceback: whether to show those of errors, too.
        """
        lines = []
        for remark in self.remarks or (Remark(Verdict.OK, self.proves),):
            lines.append(f"{remark.verdict:6} {self.name:10} {remark.sentence}")
            if traceback and remark.traceback:
                lines.append(remark.traceback.rstrip())
        return "\n".join(lines)


@dataclass(frozen=True)
class CheckReport:
    """What came of all checks of a system."""

    system: str
    """Its name."""
    heading: str
    """On what data it was checked, in a line."""
    results: tuple[Result, ...]
    unmade: tuple[str, ...] = ()
    """Names of the checks that wait until what was found is mended."""

    def __str__(self) -> str:
        return self.text()

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.named(Verdict.WRONG)

    @property
    def sentences(self) -> list[str]:
        """All remarks, the worst first."""
        remarks = [remark for result in self.results for remark in result.remarks]
        return [remark.sentence for remark in sorted(remarks, key=lambda r: -ORDER.index(r.verdict))]

    def named(self, verdict: Verdict) -> list[str]:
        """Names of the checks that ended so."""
        return [result.name for result in self.results if result.verdict is verdict]

    @property
    def summary(self) -> str:
        """How many checks ended how."""
        counts = ", ".join(f"{len(self.named(verdict))} {verdict}" for verdict in Verdict)
        later = f" Once that is mended: {', '.join(self.unmade)}." if self.unmade else ""
        return f"{counted(len(self.results), 'check')} of {self.system}: {counts}.{later}"

    def text(self, traceback: bool = False) -> str:
        """A line for each check, the last one with the count."""
        lines = [self.heading, *(result.text(traceback) for result in self.results), self.summary]
        return "\n".join(lines)

    def raise_if_wrong(self) -> None:
        """Raise SettingError where something is wrong."""
        names = self.named(Verdict.WRONG)
        if names:
            raise SettingError(f"{self.system} does not pass: {', '.join(names)}.")

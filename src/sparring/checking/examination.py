"""The examination of a system: all checks, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from sparring.checking.chance import seeded_globals
from sparring.checking.report import CheckReport, Remark, Result, Verdict, remark_on
from sparring.checking.subject import Subject
from sparring.checking.suitable import subject_of
from sparring.checking.table import CHECKS, Check
from sparring.process_wide import threads_of
from sparring.zoo import absolute_reference, class_of


def check(system: str, data: str | None = None) -> CheckReport:
    """Find out whether a system does all that the systems of the zoo do, and what is wrong where it does not.

    Args:
        system: a name in the zoo, or `path/to/file.py:ClassName` for one of your own.
        data: a data set to try it on, of which it takes a few hundred examples; by default small made ones of
            every kind that the system accepts.

    Raises:
        SparringError: there is no such system or data, or no data that suits it.

    Example:
        >>> print(sparring.check("mygame.py:LSGAN"))
    """
    examination = Examination(system, data)
    return examination.report(list(examination.results()))


class Examination:
    """The checks of one system.

    Args:
        system: its name, as `check` takes it.
        data: a data set, as `check` takes it.
        checks: which checks.
        values: settings that differ from the defaults.
    """

    def __init__(
        self,
        system: str,
        data: str | None = None,
        checks: Sequence[Check] = CHECKS,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self.reference = absolute_reference(system)
        self.data = data
        self.checks = checks
        self.values = values or {}
        self.system = class_of(system)

    @cached_property
    def subject(self) -> Subject:
        """The system on the data that suits it."""
        with threads_of(1), seeded_globals():
            return subject_of(self.reference, self.system, self.data, self.values)

    @property
    def heading(self) -> str:
        """On what data the checks are made, in a line."""
        others = f"; a little on {', '.join(self.subject.others)}" if self.subject.others else ""
        lost = self.subject.data in self.subject.refused
        hint = " (it does not say in `needs` what it trains on, and fails on all small data)" if lost else ""
        return f"{self.subject.name} on {self.subject.about_data}{others}{hint}."

    def results(self) -> Iterator[Result]:
        """What each check finds."""
        for check in self.checks:
            result = self._result(check)
            yield result
            if check.essential and result.verdict is Verdict.WRONG:
                return

    def report(self, results: Sequence[Result]) -> CheckReport:
        """All that was found."""
        made = [result.name for result in results]
        unmade = tuple(check.name for check in self.checks if check.name not in made)
        return CheckReport(self.subject.name, self.heading, tuple(results), unmade)

    def _result(self, check: Check) -> Result:
        remarks: list[Remark] = []
        try:
            # Global generators are left as they were, whatever people's code does to them.
            with threads_of(1), seeded_globals():
                remarks.extend(check.look(self.subject))
        except Exception as error:  # noqa: BLE001  # people's code may raise anything
            remarks.append(remark_on(error, self.subject.own))
        return Result(check.name, check.proves, tuple(dict.fromkeys(remarks)))

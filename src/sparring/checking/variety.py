"""Whether a system works on all data that it says it can train on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sparring.checking.report import Remark, note, remark_on
from sparring.checking.samples import check_samples
from sparring.checking.subject import Subject, play


def check_other_data(subject: Subject) -> Iterator[Remark]:
    """Some rounds on every other small data set that it accepts, and samples of it."""
    for data in subject.others:
        other = replace(subject, data=data)
        try:
            play(other.engine())
            found = list(check_samples(other))
        except Exception as error:  # noqa: BLE001  # people's code may raise anything
            found = [remark_on(error, subject.own)]
        for remark in found:
            yield replace(remark, sentence=f"On {other.about_data}: {remark.sentence}")
    if subject.refused:
        kinds = subject.dataset.examples.kind.name
        reasons = "; ".join(f"{data}: {reason}" for data, reason in subject.refused.items())
        yield note(
            f"It accepts any data and fails on some: say what it trains on, as in `needs = Needs(examples="
            f'("{kinds}",))` ({reasons.rstrip(".")}).'
        )

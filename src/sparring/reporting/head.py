"""The head of a report: what a person should know first."""

from __future__ import annotations

from sparring.reporting import html
from sparring.reporting.facts import Facts
from sparring.reporting.figures import FIGURE, figure_columns, newest
from sparring.reporting.html import Html, Section, contents, paragraph, tag
from sparring.reporting.text import bounded_text, count_text, number_text, seconds_text, value_text
from sparring.shown import visible
from sparring.verdict import OF_FIGURES

MOST_FIGURES = 6
"""Figures that the head has at the most."""
FIRST = ("fid", "fed")
"""The figures that a reader looks for."""


def head(facts: Facts, sections: list[Section]) -> Html:
    """State, verdict, the figures that say most, and what is on the page."""
    return tag(
        "header",
        tag("h1", visible(facts.description["title"])),
        paragraph(f"{facts.state}: {facts.progress} in {seconds_text(facts.status.get('seconds'))}"),
        _how_it_stands(facts),
        paragraph(value_text(facts.verdict.text), class_="verdict"),
        _figures(facts),
        contents(sections),
    )


def _figures(facts: Facts) -> Html | None:
    """The figures that say most, each beside that of real examples; or the command that measures."""
    measured = _measured(facts) or _of_epochs(facts)
    if not measured:
        return paragraph("Not measured yet: ", tag("code", facts.command("evaluate")), class_="quiet")
    tiles = [
        tag("div", tag("dt", name), tag("dd", value), tag("dd", beside, class_="small"))
        for name, value, beside in measured[:MOST_FIGURES]
    ]
    return tag("dl", *tiles, class_="tiles")


def _measured(facts: Facts) -> list[tuple[str, str, str]]:
    """Figures of the evaluation: first a system's own, then those by which it is judged."""
    evaluation = facts.shown_evaluation
    if evaluation is None:
        return []
    figures = evaluation.figures
    judged = [name for name in (*FIRST, *OF_FIGURES) if name in figures]
    own = [name for name, figure in figures.items() if figure.reference is None and name not in OF_FIGURES]
    return [
        (
            visible(name),
            bounded_text(figures[name].value, figures[name].at_least),
            "" if figures[name].reference is None else f"real {number_text(figures[name].reference)}",
        )
        for name in dict.fromkeys([*own[: MOST_FIGURES - 2], *judged])
    ]


def _of_epochs(facts: Facts) -> list[tuple[str, str, str]]:
    """The newest figures of the epochs."""
    values = newest(facts, figure_columns(facts))
    return [(visible(name.removeprefix(FIGURE)), number_text(value), "") for name, value in values.items()]


def _how_it_stands(facts: Facts) -> Html | None:
    """A note where the run has not come to its end."""
    go_on = f"`{facts.command('resume')}` goes on with it."
    if facts.state == "finished":
        return None
    if facts.state == "running":
        go_on = f"It was training when this was written. If it is killed, {go_on}"
    if facts.state == "killed":
        saved = f"What is after step {count_text(facts.status.get('step', 0))} was not saved."
        go_on = f"It was killed: no process of this machine trains it any more. {saved} {go_on}"
    reasons = [event["reason"] for event in facts.events_of("failed") if "reason" in event]
    why = f"It failed: {value_text(reasons[-1])} " if facts.state == "failed" and reasons else ""
    return paragraph(html.prose(why + go_on), class_="note")

"""The sections of a report that say what was asked of a run, what happened in it, how to repeat it."""

from __future__ import annotations

from typing import Any

from sparring.reporting import html
from sparring.reporting.facts import Facts
from sparring.reporting.findings import FINDING
from sparring.reporting.html import Html, Section, paragraph, section, tag
from sparring.reporting.repeat import train_command
from sparring.reporting.settings import Setting, run_settings, system_settings, trick_settings
from sparring.reporting.text import seconds_text, step_text, value_text
from sparring.shown import visible


def settings_section(facts: Facts) -> Section:
    """Every setting, those marked that are not the defaults."""
    groups = {
        "of the system": system_settings(facts),
        "of the run": run_settings(facts),
        "of tricks": trick_settings(facts),
    }
    changed = sum(setting.differs for settings in groups.values() for setting in settings)
    about = f"{changed or 'None'} of them {'differs' if changed == 1 else 'differ'} from the defaults"
    about += ", marked •." if changed else "."
    if facts.system is None:
        about += (
            " The defaults of a system of one's own are not known here: a report runs no code of the run."
        )
    tables = [
        tag("div", tag("h3", title), _settings_table(settings))
        for title, settings in groups.items()
        if settings
    ]
    return section("Settings", paragraph(about, class_="quiet"), tag("div", *tables, class_="panels"))


def _settings_table(settings: list[Setting]) -> Html:
    rows = [
        html.table_row(
            setting.name,
            tag("span", value_text(setting.value), class_="value"),
            value_text(setting.default) if setting.known else "–",
            class_="changed" if setting.differs else None,
        )
        for setting in settings
    ]
    return html.table(("setting", "value", "default"), rows)


def events_section(facts: Facts) -> Section:
    """What happened, and when."""
    if not facts.events:
        return section("Events", paragraph("Nothing has been recorded.", class_="quiet"))
    rows = [_event_row(event) for event in facts.events]
    return section("Events", html.table(("time", "event", "step", "after", "details"), rows))


def _event_row(event: dict[str, Any]) -> Html:
    """An event of any kind: what all of them have in columns, the rest by name."""
    others = {
        name: value for name, value in event.items() if name not in ("time", "event", "step", "seconds")
    }
    if event.get("event") == FINDING:
        # The rest of it stands under the health of the run.
        others = {name: value for name, value in others.items() if name == FINDING}
    details = [tag("span", f"{name}: {value_text(value)}", class_="name") for name, value in others.items()]
    time = value_text(event.get("time", "–")).replace("T", " ").replace("+00:00", " UTC")
    return html.table_row(
        tag("span", time, class_="time"),
        value_text(event.get("event", "–")),
        step_text(event),
        seconds_text(event.get("seconds")),
        details,
    )


def repeat_section(facts: Facts) -> Section:
    """The command that makes the same run again."""
    versions = facts.description.get("versions")
    made_with = versions.items() if isinstance(versions, dict) else ()
    with_these = ", ".join(f"{visible(name)} {value_text(version)}" for name, version in made_with)
    about = f"It was made with {with_these}. " if with_these else ""
    about += (
        "On the same machine and with the same versions the numbers are the same; elsewhere they are close."
    )
    if facts.length_changed or (facts.limit is not None and facts.limit.minutes is not None):
        about += (
            " But its length was not known from the beginning: where anything follows that, such as a "
            "falling learning rate, they are close at most."
        )
    path, step = facts.description.get("from_"), facts.description.get("from_step")
    if step is not None:
        about += (
            f" It began with the weights of {visible(path)} at step {value_text(step)}: `--from` takes the "
            "newest there is."
        )
    fingerprint = value_text(facts.description["data"]["fingerprint"])
    return section(
        "How to repeat it",
        html.command(visible(train_command(facts))),
        _lengthened(facts),
        paragraph(about, class_="quiet"),
        paragraph(f"Fingerprint of the data: {fingerprint}", class_="quiet"),
    )


def _lengthened(facts: Facts) -> Html | None:
    """A caution where the length of the run was changed on its way."""
    if not facts.length_changed:
        return None
    return paragraph(
        "The length of this run was changed when a part of it was played. Schedules that follow the length "
        "of a run, such as a falling learning rate, were at another place than in a run of this length.",
        class_="note",
    )

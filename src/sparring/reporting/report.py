"""The report of a run: one HTML file with all there is to see, which needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparring.errors import SettingError
from sparring.reporting import html
from sparring.reporting.charts import term_panels
from sparring.reporting.compare import compare
from sparring.reporting.facts import Facts, class_names, kind_text
from sparring.reporting.figures import epochs_section, evaluation_section
from sparring.reporting.findings import FINDING
from sparring.reporting.health import health_section
from sparring.reporting.html import Html, paragraph, section, tag
from sparring.reporting.repeat import train_command
from sparring.reporting.settings import Setting, run_settings, system_settings, trick_settings
from sparring.reporting.shots import film
from sparring.reporting.sweep import sweep_section
from sparring.reporting.text import (
    as_number,
    count_text,
    names_text,
    seconds_text,
    step_text,
    value_text,
)
from sparring.runs.folder import Run
from sparring.runs.group import Group, is_group
from sparring.shown import visible
from sparring.zoo import short_name


def report(
    run: Run | Path | str, out: Path | str | None = None, *, beside: Run | Path | str | None = None
) -> Path:
    """Write a report of a run: one HTML file that shows everything without a network or another file.

    It has the samples over time, what its health checks found, the curves, the figures of each epoch, the
    evaluation if there is one, the settings, what happened, and how to repeat the run. The run may be another
    person's: whatever its files hold is shown as text, and no code of it is run.

    Args:
        run: the run or its folder; it may still be training. Of a group of seeds, its runs are put side by
            side, as `compare` does.
        out: the file; by default `report.html` in the run folder.
        beside: another run, such as a language model, whose curve of quality against diversity is drawn with
            that of this one (see `sweep`).

    Returns:
        The file.

    Raises:
        RunError: there is no such run, it is damaged, or the file cannot be written.
        SettingError: the file's ending is not .html, or there are no two curves to be drawn together.
    """
    folder = run.path if isinstance(run, Run) else Path(run)
    path = html.check_page_file(out if out is not None else folder / "report.html")
    if is_group(folder):
        if beside is not None:
            raise SettingError(f"{folder} is a group of runs: a curve is drawn beside that of one of them.")
        compare(Group.open(folder).runs(), path)
        return path
    facts = Facts.of(run)
    html.write_page(path, report_page(facts, None if beside is None else Facts.of(beside)))
    return path


def report_page(facts: Facts, beside: Facts | None = None) -> str:
    """The report as text, with what another run is drawn beside it for."""
    title = visible(facts.description["title"])
    return html.page(
        f"{title}: {facts.state}",
        _head(facts),
        _samples(facts),
        health_section(facts),
        _curves(facts),
        epochs_section(facts),
        evaluation_section(facts),
        sweep_section(facts, beside),
        _settings(facts),
        _events(facts),
        _repeat(facts),
    )


def _head(facts: Facts) -> Html:
    """What was trained, and how far it came."""
    return tag(
        "header",
        tag("h1", visible(facts.description["title"])),
        paragraph(f"{facts.state}: {facts.progress} in {seconds_text(facts.status.get('seconds'))}"),
        _how_it_stands(facts),
        tag("dl", *(_fact(name, value) for name, value in _facts(facts).items())),
    )


def _fact(name: str, value: str) -> Html:
    return Html(tag("dt", name) + tag("dd", value))


def _facts(facts: Facts) -> dict[str, str]:
    description = facts.description
    data, spec = description["data"], description["data"]["spec"]
    said = {"system": _system_text(facts)}
    if facts.system is not None and facts.system.paper:
        said["paper"] = facts.system.paper
    said["players"] = names_text(list(facts.players.values()))
    said["data"] = f"{visible(data['name'])}: {_spec_text(spec)}"
    parts = spec.get("parts")
    if isinstance(parts, dict) and parts:
        said["parts"] = names_text([f"{name}: {_spec_text(part)}" for name, part in parts.items()])
    classes = class_names(spec.get("condition"))
    if classes:
        said["classes"] = names_text(classes)
    said["generator is told"] = kind_text(description["condition"])
    said["length"] = _length_text(facts)
    if facts.timeline.phases:
        said["phases"] = _phases_text(facts)
    said["seed"] = count_text(description["seed"])
    said["folder"] = visible(facts.run.path)
    return said


def _spec_text(spec: Any) -> str:
    """How many examples of what, each with which condition."""
    if not isinstance(spec, dict):
        return value_text(spec)
    about = ", ".join(kind_text(spec.get(name)) for name in ("examples", "condition"))
    return f"{count_text(spec.get('count', '–'))} examples, {about}"


def _phases_text(facts: Facts) -> str:
    """The phases so far, and where among them a run is that has not come to its end."""
    begun = [f"{mark.name} from step {count_text(mark.place)}" for mark in facts.timeline.phases]
    now = "" if facts.state == "finished" else f"; now {value_text(facts.status.get('phase', '–'))}"
    return names_text(begun) + now


def _system_text(facts: Facts) -> str:
    name = visible(short_name(facts.description["system"]))
    if facts.system is None:
        return f"{name} ({visible(facts.description['system'])})"
    return f"{name}: {facts.system.purpose}"


def _length_text(facts: Facts) -> str:
    epoch = as_number(facts.status.get("epoch"))
    passed = "" if epoch is None else f", {epoch:.4g} epochs"
    asked = "" if facts.limit is None else f"; asked for: {facts.limit}"
    return f"{facts.progress}{passed}{asked}"


def _how_it_stands(facts: Facts) -> Html | None:
    """A note where the run has not come to its end."""
    go_on = f"`{facts.command('resume')}` goes on with it."
    if facts.state == "finished":
        return None
    if facts.state == "running":
        go_on = f"It was training when this was written, or was killed; if it was killed, {go_on}"
    reasons = [event["reason"] for event in facts.events_of("failed") if "reason" in event]
    why = f"It failed: {value_text(reasons[-1])} " if facts.state == "failed" and reasons else ""
    return paragraph(html.prose(why + go_on), class_="note")


def _samples(facts: Facts) -> Html:
    missing = "There are no samples yet: some are shown at the end of every epoch."
    return section("Samples over time", film(facts) or paragraph(missing, class_="quiet"))


def _curves(facts: Facts) -> Html:
    panels = term_panels(facts.rows, facts.timeline.over_steps)
    if not panels:
        return section("Curves", paragraph("The history has no rows yet.", class_="quiet"))
    every = facts.description["history_every"]
    about = f"Means over {count_text(every)} steps each; behind each name stands its last value."
    return section("Curves", paragraph(about, class_="quiet"), tag("div", *panels, class_="panels"))


def _settings(facts: Facts) -> Html:
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


def _events(facts: Facts) -> Html:
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


def _repeat(facts: Facts) -> Html:
    versions = facts.description.get("versions")
    made_with = versions.items() if isinstance(versions, dict) else ()
    with_these = ", ".join(f"{visible(name)} {value_text(version)}" for name, version in made_with)
    about = f"It was made with {with_these}. " if with_these else ""
    about += (
        "On the same machine and with the same versions the numbers are the same; elsewhere they are close."
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
    """A caution where the run was made longer after it had finished."""
    kinds = [event.get("event") for event in facts.events]
    if "finished" not in kinds or "resumed" not in kinds[kinds.index("finished") :]:
        return None
    return paragraph(
        "This run had finished and was then made longer. Schedules that follow the length of a run, such as "
        "a falling learning rate, were at another place in it than they will be in a run of this length.",
        class_="note",
    )

"""The report of a run: one HTML file with all there is to see, which needs nothing else."""

from __future__ import annotations

from pathlib import Path

from sparring.errors import SettingError
from sparring.reporting import html
from sparring.reporting.about import about_section
from sparring.reporting.charts import term_panels
from sparring.reporting.compare import compare
from sparring.reporting.facts import Facts
from sparring.reporting.figures import epochs_section, evaluation_section
from sparring.reporting.head import head
from sparring.reporting.health import health_section
from sparring.reporting.html import Section, paragraph, section, tag
from sparring.reporting.records import events_section, repeat_section, settings_section
from sparring.reporting.samples import samples_section
from sparring.reporting.sweep import sweep_section
from sparring.reporting.text import count_text
from sparring.runs.folder import Run
from sparring.runs.group import Group, is_group
from sparring.shown import amount, visible


def report(
    run: Run | Path | str, out: Path | str | None = None, *, beside: Run | Path | str | None = None
) -> Path:
    """Write a report of a run: one HTML file that shows everything without a network or another file.

    It begins with the verdict, the figures that say most and the samples over time, and goes on with the
    evaluation if there is one, the figures of each epoch, what the health checks found, the losses, the
    settings, what happened, and how to repeat the run. The run may be another person's: whatever its files
    hold is shown as text, and no code of it is run.

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
    found = (
        samples_section(facts),
        evaluation_section(facts),
        epochs_section(facts),
        sweep_section(facts, beside),
        health_section(facts),
        _losses(facts),
        about_section(facts),
        settings_section(facts),
        events_section(facts),
        repeat_section(facts),
    )
    sections = [each for each in found if each is not None]
    title = visible(facts.description["title"])
    return html.page(f"{title}: {facts.state}", head(facts, sections), *sections)


def _losses(facts: Facts) -> Section:
    panels = term_panels(facts.rows, facts.timeline.over_steps)
    if not panels:
        return section("Losses", paragraph("The history has no rows yet.", class_="quiet"))
    every = facts.description["history_every"]
    about = f"Means over {amount(count_text(every), 'step')} each; behind each name stands its last value."
    return section("Losses", paragraph(about, class_="quiet"), tag("div", *panels, class_="panels"))

"""The health of a run in its report and in comparisons: findings, roll-backs, curves, and their absence."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import sparring
from sparring.evaluation import EstimatedFigure
from sparring.plots import curves_png
from sparring.runs.folder import Run

Pages = Callable[[Path], Any]
Watch = Callable[..., None]

FINDING = {
    "time": "2030-01-02T03:04:05+00:00", "event": "finding", "step": 1200, "seconds": 33.1,
    "finding": "mode collapse", "evidence": "diversity fell to 0.2", "meaning": "all samples are alike",
    "remedy": "lower `--generator-lr`, or <b>wait</b>",
}  # fmt: skip
ROLLED_BACK = {
    "time": "2030-01-02T03:05:00+00:00", "event": "rolled back", "step": 900, "to": 750,
    "reason": "a loss was infinite", "learning_rate_factor": 0.5, "seconds": 40,
}  # fmt: skip


def check(step: int, **values: Any) -> dict[str, Any]:
    named = {"generator/gradient_norm": 0.01, "discriminator/gradient_norm": 0.02, "samples/diversity": 0.8}
    return {"kind": "health", "step": step, "epoch": step / 6} | named | values


def write_health(run: Path, checks: list[dict[str, Any]], *events: dict[str, Any]) -> None:
    for name, rows in (("history", checks), ("events", events)):
        with (run / f"{name}.jsonl").open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def section_of(path: Path, title: str) -> str:
    """The markup of one section of a page."""
    text = path.read_text(encoding="utf-8")
    return next(
        part
        for part in text.split("<section>")
        if part.startswith(f'<h2 id="{title.lower().replace(" ", "-")}">')
    )


def test_findings_and_roll_backs_are_cards(run: Path, page: Pages) -> None:
    write_health(run, [check(6), check(12)], FINDING, ROLLED_BACK)
    path = sparring.report(run)
    said = page(path).text
    for part in (
        "1 finding and 1 roll-back in 2 checks.",
        "mode collapse at step 1,200, after 33 seconds seen diversity fell to 0.2 meaning all samples are "
        "alike try lower --generator-lr , or <b>wait</b>",
        "rolled back to step 750 at step 900, after 40 seconds reason a loss was infinite "
        "learning rate times 0.5",
    ):
        assert part in said, part
    assert section_of(path, "Health").count("<article") == 2
    assert "<code>--generator-lr</code>" in section_of(path, "Health")
    order = re.findall("<h2 .*?>(.*?)</h2>", path.read_text())
    assert order[:4] == ["Samples over time", "Evaluation", "Health", "Losses"]


def test_among_the_events_a_finding_has_only_its_name(run: Path) -> None:
    write_health(run, [check(6)], FINDING | {"surprise": "of its own"}, ROLLED_BACK)
    path = sparring.report(run)
    events = section_of(path, "Events")
    assert "finding: mode collapse" in events
    for part in ("diversity fell", "all samples", "generator-lr", "of its own"):
        assert part not in events
        assert part in section_of(path, "Health")
    assert "to: 750" in events


def test_a_panel_for_each_term_with_its_explanation(run: Path, page: Pages) -> None:
    rows = [check(step, **{"samples/oddness": step, "samples/movement": None}) for step in (6, 12, 18)]
    rows[0]["samples/classes"] = 2.5
    write_health(run, rows)
    path = sparring.report(run)
    labels = [str(svg["aria-label"]) for svg in page(path).all("svg")]
    assert labels[:5] == [
        "diversity over steps: samples",
        "classes over steps: samples",
        "movement over steps: samples",
        "gradient norm over steps: generator, discriminator (critic)",
        "oddness over steps: samples",
    ]
    health = section_of(path, "Health")
    assert re.search(r'<h3>diversity</h3><p class="small">[^<]*1 is as diverse as real', health)
    assert "<h3>oddness</h3><svg" in health, "a term that nobody knows has no explanation, but a curve"
    assert "samples 2.5</span>" in health
    assert "samples –</span>" in health, "a column of nothing but null"
    assert "health" not in section_of(path, "Losses"), "its curves are the losses alone"


def test_nothing_found_and_not_watched_are_two_things(run: Path, runs: dict[str, Path], page: Pages) -> None:
    for path in run.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        kept = [row for row in rows if row.get("kind") != "health" and row.get("event") != "finding"]
        path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    said = page(sparring.report(run)).text
    assert "This run was not watched" in said
    assert "Nothing unusual" not in said
    write_health(run, [check(6, **{"samples/diversity": 0.95})])
    said = page(sparring.report(run)).text
    assert "Nothing unusual was seen in 1 check." in said
    assert "Close to real" in said
    assert "not watched" not in said
    write_health(run, [check(12, **{"samples/diversity": 0.95})] * 23)
    assert "Nothing unusual was seen in 24 checks." in page(sparring.report(run)).text


def test_what_falls_short_is_never_called_usual(
    run: Path, page: Pages, evaluated: Callable[..., Any]
) -> None:
    for path in run.glob("*.jsonl"):
        path.write_text("")
    write_health(run, [check(12)] * 24)
    said = page(sparring.report(run)).text
    assert "None of the troubles that health looks for was seen in 24 checks." in said
    assert (
        "Not yet close to real: samples differ by 80 % of what real examples differ by (real ones: 100 %); "
        "but the run is too short to be judged: 18 steps, where its settings want some 150."
    ) in said
    figures = {"coverage": EstimatedFigure(0.05, 0.04, 0.06, 0.95)}
    verdict = evaluated(run, figures=figures).verdict.text
    assert verdict == "Much is missing: samples cover 5 % of what is real (real ones: 95 %)."
    assert "was seen in 24 checks." in section_of(sparring.report(run), "Health")
    assert page(sparring.report(run)).text.count(verdict) == 1, "said once, at the head"
    assert "Nothing unusual" not in page(sparring.report(run)).text
    write_health(run, [], FINDING)
    assert "1 finding in 24 checks.</p>" in section_of(sparring.report(run), "Health")


def test_an_evaluation_of_the_latest_step_goes_before_checks(
    run: Path, page: Pages, evaluated: Callable[..., Any]
) -> None:
    for path in run.glob("*.jsonl"):
        path.write_text("")
    write_health(run, [check(12)] * 24)
    close = {"coverage": EstimatedFigure(0.94, 0.93, 0.95, 0.95)}
    evaluated(run, figures=close)
    said = page(sparring.report(run)).text
    assert "Close to real by every figure that is judged" in said
    assert "Nothing unusual was seen in 24 checks." in said
    evaluated(run, figures=close, checkpoint={"step": 6, "epoch": None})
    assert "Nothing unusual" not in page(sparring.report(run)).text


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>`\u202e\x1b[2J"


def test_whatever_the_files_hold_is_text(run: Path, page: Pages) -> None:
    odd = dict.fromkeys(("time", "finding", "evidence", "remedy", HOSTILE), HOSTILE)
    write_health(
        run,
        [check(6, **{f"{HOSTILE}/{HOSTILE}": 1.0, "samples/diversity": HOSTILE})],
        odd | {"event": "finding"},
        odd | {"event": "rolled back"},
        {"event": "finding"},
        {"event": "rolled back"},
        {"event": "rolled back", "to": None},
        {"event": ["finding"]},
    )
    path = sparring.report(run)
    seen = page(path)
    assert len(seen.scripts) == len(seen.all("script")) == 1
    assert all(not name.startswith("on") for _, attributes in seen.elements for name in attributes)
    assert section_of(path, "Health").count("<article") == 4
    assert not {"\x1b", "\u202e"} & set(path.read_text())
    assert "&lt;script&gt;alert(1)" in section_of(path, "Health")


def lines_of(comparison: sparring.Comparison) -> list[str]:
    return [f"findings: {entry.about['findings']}" for entry in comparison.entries]


def test_a_comparison_says_what_was_found(runs: dict[str, Path], page: Pages, tmp_path: Path) -> None:
    copies = [Path(shutil.copytree(runs[name], tmp_path / name)) for name in ("seed-0", "faster", "dcgan")]
    for path in copies:
        (path / "events.jsonl").unlink()
    (copies[2] / "history.jsonl").unlink()
    write_health(copies[0], [check(6)], FINDING, FINDING | {"step": 1500}, FINDING | {"finding": "\x1b[2Jx"})
    write_health(copies[1], [check(6)], ROLLED_BACK)
    comparison = sparring.compare(copies, tmp_path / "all.html")
    assert lines_of(comparison) == [
        r"findings: mode collapse at step 1,200, 1,500; \x1b[2Jx at step 1,200",
        "findings: none",
        "findings: –",
    ]
    console = Console(file=io.StringIO(), width=100)
    console.print(*comparison.tables(100))
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    row = next(line for line in printed.splitlines() if line.startswith("│ findings"))
    assert [cell.split()[0] for cell in row.strip("│").split("│")[1:]] == ["mode", "none", "–"]
    for line in ("findings: mode collapse at", "findings: none", "findings: –"):
        assert line in page(tmp_path / "all.html").text


def test_of_several_seeds_it_says_how_many(runs: dict[str, Path], tmp_path: Path) -> None:
    copies = [Path(shutil.copytree(runs[f"seed-{seed}"], tmp_path / f"{seed}")) for seed in range(3)]
    for path in copies:
        rows = [row for row in Run(path).history() if row["kind"] != "health"]
        (path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (path / "events.jsonl").unlink()
    assert lines_of(sparring.compare(copies)) == ["findings: –"]
    write_health(copies[0], [check(6)])
    assert lines_of(sparring.compare(copies)) == ["findings: none in 1 of 3 runs"]
    write_health(copies[1], [check(6)])
    write_health(copies[2], [check(6)])
    assert lines_of(sparring.compare(copies)) == ["findings: none"]
    write_health(copies[1], [], FINDING, FINDING | {"step": 1300})
    write_health(copies[2], [], FINDING | {"step": 7})
    (said,) = lines_of(sparring.compare(copies))
    assert said == "findings: mode collapse at step 1,200, 1,300, 7 in 2 of 3 runs"


@pytest.mark.parametrize("first", [True, False])
def test_checks_leave_the_picture_of_the_curves_alone(run: Path, first: bool) -> None:
    steps = [{"kind": "steps", "step": step, "epoch": 0.1, "generator/loss": 1.0 / step} for step in (2, 4)]
    checks = [check(2, **{"samples/movement": None}), check(4, **{"samples/copies": 0.0})]
    mixed = [*checks, *steps] if first else [*steps, *checks]
    assert curves_png(mixed) == curves_png(steps)

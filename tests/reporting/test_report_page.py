"""The report of a run: what it says, that it needs nothing else, and that a stranger's run cannot use it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sparring
from sparring.errors import RunError, SettingError
from sparring.evaluation.kept import keep
from sparring.evaluation.result import EstimatedFigure

Pages = Callable[[Path], Any]


def test_a_finished_run(runs: dict[str, Path], page: Pages, tmp_path: Path) -> None:
    path = sparring.report(runs["seed-0"], tmp_path / "out.html")
    assert path == tmp_path / "out.html"
    seen = page(path)
    for said in (
        "gan-npz", "finished: 18 steps in", "Goodfellow et al. 2014", "generator, discriminator (critic)",
        "300 examples, grey images of 20 x 20, 3 classes", "classes 0, 1, 2", "18 steps, 3 epochs; asked",
        "generator is told no condition", "3 epochs", "Samples over time", "epoch 1", "epoch 3",
        "Means over 2 steps each", "adversarial", "This run has not been evaluated.",
        f"sparring evaluate {runs['seed-0']}", "started", "UTC", "How to repeat it", "sparring train gan",
    ):  # fmt: skip
        assert said in seen.text, said
    for unsaid in ("resume", "Figures of each epoch", "phases"):
        assert unsaid not in seen.text, unsaid


def test_the_file_is_in_the_run_by_default(run: Path) -> None:
    assert sparring.report(sparring.Run.open(run)) == run / "report.html"
    assert (run / "report.html").is_file()
    assert sparring.resume(run).finished, "it does not stand in the run's way"


def test_nothing_is_loaded(run: Path, page: Pages, evaluated: Callable[..., Any]) -> None:
    evaluated(run)
    path = sparring.report(run)
    seen = page(path)
    loading = {"src", "href", "srcset", "poster", "action", "formaction", "background", "data", "xlink:href"}
    for tag, attributes in seen.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form", "use", "image"}
        for name in loading & attributes.keys():
            value = str(attributes[name])
            assert (tag, name, value[:22]) == ("img", "src", "data:image/png;base64,") or value[:1] == "#"
    text = path.read_text()
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(", text)
    # A browser holds itself to that too.
    policies = [meta["content"] for meta in seen.all("meta") if meta.get("http-equiv")]
    assert len(policies) == len(seen.scripts) == 1
    digest = base64.b64encode(hashlib.sha256(seen.scripts[0].encode()).digest()).decode()
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'; img-src data:;")
    assert f"script-src 'sha256-{digest}'" in policies[0]


def test_pictures_stand_in_order_of_time_and_only_the_last_is_shown(run: Path, page: Pages) -> None:
    # As a run leaves them that had finished amid an epoch and was made longer.
    shutil.copy(run / "samples" / "epoch-0001.png", run / "samples" / "step-00000009.png")
    shutil.copy(run / "samples" / "epoch-0001.png", run / "samples" / "not ours.png")
    seen = page(sparring.report(run))
    shown = [image["alt"] for image in seen.all("img")]
    assert shown == [
        *(f"samples of gan-npz after {when}" for when in ("epoch 1", "step 9", "epoch 2", "epoch 3")),
        "real examples",
    ]
    hidden = ["hidden" in figure for figure in seen.all("figure")[:4]]
    assert hidden == [True, True, True, False]
    slider = seen.all("input")[0]
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "3", "3")
    drawn = base64.b64decode(str(seen.all("img")[3]["src"]).partition(",")[2])
    assert drawn == (run / "samples.png").read_bytes()


def test_curves_have_a_panel_for_each_term_and_a_line_for_each_player(run: Path, page: Pages) -> None:
    seen = page(sparring.report(run))
    panels = [str(svg["aria-label"]) for svg in seen.all("svg")]
    assert panels == [
        "loss over steps: generator, discriminator",
        "adversarial over steps: generator",
        "real over steps: discriminator",
        "fake over steps: discriminator",
        "accuracy over steps: discriminator",
        "logit gap over steps: discriminator",
    ]
    lines = [path["class"] for path in seen.all("path") if str(path["class"]).startswith("curve")]
    assert lines == ["curve k0", "curve k1", "curve k0", *["curve k1"] * 4]


def test_evaluation_with_intervals_and_reference(
    run: Path, page: Pages, evaluated: Callable[..., Any], change: Callable[..., None]
) -> None:
    evaluated(run, fid=4.25, why="it suits them")
    said = page(sparring.report(run)).text
    assert "fid distance of feature Gaussians; lower is better 4.25 3.75 – 4.75 0.25" in said
    assert (
        "1,000 samples of step 18 against held-out examples of tiny. Seen through digits-1: it suits them."
        in said
    )
    assert "sparring evaluate" not in said, "it is up to date"
    made = {"step": 18, "epoch": None, "sampling": {"truncation": 0.7}}
    evaluated(run, checkpoint=made)
    assert "1,000 samples of step 18, truncation 0.7, against held-out" in page(sparring.report(run)).text
    evaluated(run)
    change(run / "status.json", state="failed", step=30)
    assert "sparring evaluate" not in page(sparring.report(run)).text, "what came after it was not saved"
    (run / "checkpoints" / "step-00000018").rename(run / "checkpoints" / "step-00000030")
    assert "is of step 18, and the run is now at step 30" in page(sparring.report(run)).text


def test_what_must_be_known_of_an_evaluation_is_said(
    run: Path, page: Pages, evaluated: Callable[..., Any]
) -> None:
    figures = {"support": EstimatedFigure(2000, 2000, 2000, 3000, True, True)}
    keep(sparring.Run.open(run), evaluated(run, count=50))
    keep(sparring.Run.open(run), evaluated(run, figures=figures, unseen=False))
    said = page(sparring.report(run)).text
    assert "support at least 2,000 at least 3,000" in said
    assert "against training examples of tiny" in said
    assert "Nothing was held out" in said
    assert "the one that means most of 2 in the folder evaluations" in said
    assert "digits-1-1000-step-18" in said


ODD_ABOUT = {"format": 1, "extractor": "", "data": "", "count": 1, "figures": {}, "about": []}


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}', "\x00", json.dumps(ODD_ABOUT), "[" * 9999])
def test_a_damaged_evaluation_is_named_and_the_rest_reported(run: Path, page: Pages, content: str) -> None:
    (run / "evaluation.json").write_text(content)
    said = page(sparring.report(run)).text
    assert "evaluation.json is damaged" in said
    assert f"sparring evaluate {run}" in said
    assert "How to repeat it" in said


def test_settings_that_differ_are_marked(runs: dict[str, Path], page: Pages, tmp_path: Path) -> None:
    path = sparring.report(runs["faster"], tmp_path / "out.html")
    assert "4 of them differ from the defaults, marked •." in page(path).text
    marked = re.findall(r'<tr class="changed"><th scope="row">(\w+)</th>', path.read_text())
    assert marked == ["batch_size", "generator_lr", "history_every", "health_every"]


def test_an_interrupted_run_without_samples(interrupted: Path, page: Pages) -> None:
    said = page(sparring.report(interrupted)).text
    assert "interrupted: 3 of 600 steps in" in said
    assert f"sparring resume {interrupted} goes on with it." in said
    assert "There are no samples yet" in said
    assert "Means over 2 steps each" in said


def test_a_run_that_was_killed_at_its_beginning(run: Path, page: Pages) -> None:
    for name in ("status.json", "history.jsonl", "events.jsonl"):
        (run / name).unlink()
    shutil.rmtree(run / "samples")
    said = page(sparring.report(run)).text
    for part in ("not started: 0 steps in –", "no samples yet", "no rows yet", "Nothing has been recorded"):
        assert part in said


def test_a_run_that_was_killed_says_so_and_one_that_trains_does_not(
    run: Path, page: Pages, change: Callable[..., None]
) -> None:
    change(run / "status.json", state="running", step=9)
    said = page(sparring.report(run)).text
    assert "killed: 9 of 18 steps" in said
    assert "It was killed: no process of this machine trains it any more. What is after step 9" in said
    assert f"step 9 was not saved. sparring resume {run} goes on with it." in said
    other = shutil.copytree(run, run.with_name("other"))
    assert sparring.compare([run, other]).entries[0].progress == "9 of 18 steps, killed"
    training = sparring.Run.open(run)
    training.acquire()
    try:
        said = page(sparring.report(run)).text
    finally:
        training.release()
    assert "running: 9 of 18 steps" in said
    assert "It was training when this was written." in said


def test_the_head_has_what_a_reader_looks_for(run: Path, page: Pages, evaluated: Callable[..., Any]) -> None:
    figures = {name: EstimatedFigure(value, value, value, 0.9) for name, value in
               (("kid", 3.0), ("recall", 0.5), ("coverage", 0.4), ("fid", 4.0))}  # fmt: skip
    evaluated(run, figures={"error": EstimatedFigure(0.125, 0.1, 0.2)} | figures)
    path = sparring.report(run)
    text = path.read_text()
    head = text[text.index("<header>") : text.index("</header>")]
    assert re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", head) == [
        ("error", "0.125"), ("fid", "4"), ("coverage", "0.4"), ("recall", "0.5")
    ]  # fmt: skip
    verdict = "Much is missing: samples cover 40 % of what is real (real ones: 90 %)."
    assert text.count(verdict) == 1
    assert verdict in head
    titles = re.findall('<section><h2 id="(.*?)">(.*?)</h2>', text)
    assert re.findall('<a href="#(.*?)">(.*?)</a>', head) == titles
    assert [title for _, title in titles][:2] == ["Samples over time", "Evaluation"]


def test_failures_and_events_of_unknown_kinds(run: Path, page: Pages, change: Callable[..., None]) -> None:
    events = [
        {"time": "2030-01-02T03:04:05+00:00", "event": "failed", "step": 9, "reason": "loss is not a number",
         "seconds": 100.0},
        {"time": "2030-01-02T03:04:06+00:00", "event": "measured", "kind": "collapse",
         "evidence": {"classes": [1, 7]}},
        {"odd": None},
    ]  # fmt: skip
    with (run / "events.jsonl").open("a") as file:
        file.write(
            "\n".join(
                [*map(json.dumps, events), "17", '{"torn'],
            )
        )
    change(run / "status.json", state="failed")
    said = page(sparring.report(run)).text
    assert "It failed: loss is not a number" in said
    assert "2030-01-02 03:04:05 UTC failed 9 2 minutes reason: loss is not a number" in said
    assert '2030-01-02 03:04:06 UTC measured – – kind: collapse evidence: {"classes": [1, 7]}' in said
    assert "odd: none" not in said, "it does not say what happened"


@pytest.mark.parametrize(
    "kind",
    [
        None, 7, "images", [], {}, {"kind": []}, {"kind": "images"}, {"kind": "images", "shape": 7},
        {"kind": "images", "shape": [1]}, {"kind": "images", "shape": [[], 1, 1]},
        {"kind": "points", "shape": []},
        {"kind": "tokens", "length": {}, "vocabulary": 7, "separator": 7}, {"kind": "classes", "names": None},
        {"kind": "classes", "names": {"a": 1}}, {"kind": "of tomorrow", "shape": [1]},
    ],
)  # fmt: skip
def test_data_that_nobody_knows_is_refused_by_its_place(
    run: Path, change: Callable[..., None], kind: Any
) -> None:
    described = json.loads((run / "run.json").read_text())
    spec = described["data"]["spec"]
    for place, changed in (
        ("examples", spec | {"examples": kind}),
        ("condition", spec | {"condition": kind}),
        ("parts/a/examples", spec | {"parts": {"a": spec | {"examples": kind}}}),
    ):
        change(run / "run.json", data=described["data"] | {"spec": changed})
        with pytest.raises(RunError, match=rf"run\.json is damaged: 'data/spec/{place}"):
            sparring.report(run)


def test_numbers_and_nests_that_nobody_writes(run: Path, page: Pages, change: Callable[..., None]) -> None:
    described = json.loads((run / "run.json").read_text())
    nest: Any = []
    for _ in range(200):
        nest = {"a": [nest]}
    for name, value, said in (
        ("limit", {"minutes": 10**400}, "'limit/minutes' cannot be 1000"),
        ("total_steps", 10**400, "'total_steps' cannot be 1000"),
        ("settings", described["settings"] | {"deep": nest}, "is nested deeper than 40 levels"),
    ):
        change(run / "run.json", **{name: value})
        with pytest.raises(RunError, match=said):
            sparring.report(run)
        change(run / "run.json", **{name: described[name]})
    change(run / "run.json", limit={"steps": 2**60}, seed=2**60)
    assert "How to repeat it" in page(sparring.report(run)).text


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)></style>&amp;\u202e\x1b[2J\ud800"


def test_a_strangers_run_is_only_ever_text(
    run: Path, page: Pages, change: Callable[..., None], tmp_path: Path
) -> None:
    described = json.loads((run / "run.json").read_text())
    classes = {"kind": "classes", "names": [HOSTILE]}
    spec = {"examples": classes, "count": 7, "condition": classes, "parts": {}}
    spec["parts"] = {HOSTILE: dict(spec)}
    data = described["data"] | {"name": HOSTILE, "fingerprint": HOSTILE, "spec": spec}
    settings = described["settings"] | {HOSTILE: HOSTILE, "batch_size": HOSTILE, "hidden_size": [HOSTILE]}
    settings["tricks"] = {HOSTILE: HOSTILE, "packing": [HOSTILE], "unrolling": {HOSTILE: {}}}
    change(run / "run.json", title=HOSTILE, system=HOSTILE, data=data, settings=settings, device=HOSTILE,
           versions={HOSTILE: HOSTILE}, limit={HOSTILE: HOSTILE},
           roles={HOSTILE: HOSTILE}, condition=classes)  # fmt: skip
    change(run / "status.json", state=HOSTILE, phase=HOSTILE)
    row = {"kind": "steps", "step": 2, f"{HOSTILE}/{HOSTILE}": 1.0, "a/loss": HOSTILE}
    figures = {"kind": "epoch", "step": 2, f"figure/{HOSTILE}": HOSTILE, "test/": HOSTILE,
               f"test/{HOSTILE}": 1.0, f"test/{HOSTILE}/{HOSTILE}/a": 1.0}  # fmt: skip
    rows = [row, row | {"kind": HOSTILE}, figures, figures | {"epoch": 1e300, f"figure/{HOSTILE}": 7}]
    (run / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    events = [dict.fromkeys(("time", "event", "step", HOSTILE), HOSTILE)]
    events += [{"event": "phase", "step": step, "phase": HOSTILE} for step in (HOSTILE, -1, 0, 1, 10**400)]
    events += [{"event": "phase", "step": 1, "phase": [HOSTILE]}, {"event": "phase"}]
    (run / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    figure = {"value": HOSTILE, "low": HOSTILE, "high": 1e999, "reference": None}
    evaluation = {"format": 1, "extractor": HOSTILE, "data": HOSTILE, "count": HOSTILE,
                  "figures": {HOSTILE: figure}, "checkpoint": {"step": HOSTILE, "epoch": []},
                  "about": {HOSTILE: [HOSTILE]}}  # fmt: skip
    (run / "evaluation.json").write_text(json.dumps(evaluation))
    (run / "samples" / "epoch-0002.txt").write_text(HOSTILE.replace("\ud800", ""))
    odd = run.rename(tmp_path / "<img src=x onerror=alert(1)>&'\"")
    seen = page(sparring.report(odd))
    assert len(seen.scripts) == len(seen.all("script")) == 1
    assert "alert" not in seen.scripts[0]
    assert all(not name.startswith("on") for _, attributes in seen.elements for name in attributes)
    assert all(str(image["src"]).startswith("data:") for image in seen.all("img"))
    assert seen.text.count("<script>alert(1)</script><img src=x onerror=alert(1)></style>&amp;") > 20
    assert not {"\x1b", "\u202e", "\ud800"} & set((odd / "report.html").read_text())


def test_pictures_that_are_none_are_left_out(run: Path, page: Pages, tmp_path: Path) -> None:
    private = tmp_path / "private.png"
    shutil.copy(run / "samples.png", private)
    (run / "samples" / "epoch-0005.png").write_text("<svg onload=alert(1)>")
    (run / "samples" / "epoch-0006.png").mkdir()
    (run / "samples" / "epoch-0007.png").write_bytes(private.read_bytes()[:16] + b"\xff" * 16)
    assert len(page(sparring.report(run)).all("img")) == 4


def test_files_that_are_no_samples_are_left_out(run: Path, page: Pages) -> None:
    (run / "samples" / "epoch-0005.txt").mkdir()
    (run / "samples" / "notes.txt").write_text("my secret")
    seen = page(sparring.report(run))
    assert "my secret" not in seen.text
    assert len(seen.all("img")) == 4


@pytest.mark.parametrize("name", ["epoch-0004.png", "epoch-0004.txt"])
def test_what_lies_elsewhere_is_not_shown(run: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("my secret")
    (run / "samples" / name).symlink_to(tmp_path / name)
    with pytest.raises(RunError, match=f"{name} is not opened: it is a link"):
        sparring.report(run)


def test_no_code_of_a_run_is_run(run: Path, page: Pages, change: Callable[..., None], tmp_path: Path) -> None:
    evil = tmp_path.resolve() / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    change(run / "run.json", system=f"{evil}:Evil")
    said = page(sparring.report(run)).text
    assert not (tmp_path / "ran").exists()
    assert "a report runs no code of the run" in said
    assert f"evil ({evil}:Evil)" in said


@pytest.mark.parametrize("out", ["report.txt", "report", "nowhere/report.html"])
def test_files_that_cannot_be_written(run: Path, tmp_path: Path, out: str) -> None:
    with pytest.raises((SettingError, RunError), match=r"\.html|Cannot write"):
        sparring.report(run, tmp_path / out)


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run"):
        sparring.report(tmp_path)


def test_the_command_line(
    run_here: Callable[..., subprocess.CompletedProcess[str]], runs: dict[str, Path], tmp_path: Path
) -> None:
    done = run_here("report", runs["seed-0"], "--out", "a.html", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Wrote a.html\n", "")
    assert (tmp_path / "a.html").stat().st_size > 10_000


def test_what_no_parser_can_read(run: Path, page: Pages) -> None:
    abyss = "[" * 100_000
    with (run / "events.jsonl").open("a") as file:
        file.write(f'{abyss}\n{{"event": "after it"}}\n')
    (run / "evaluation.json").write_text(abyss)
    (run / "status.json").write_text(abyss)
    said = page(sparring.report(run)).text
    assert "after it" in said
    assert "evaluation.json is damaged" in said
    for name in ("history.jsonl", "run.json"):
        (run / name).write_text(abyss + "\n")
        with pytest.raises(RunError, match="is damaged"):
            sparring.report(run)

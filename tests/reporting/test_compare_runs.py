"""Runs side by side: rows and groups, intervals over seeds, what cannot be compared, and the page."""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
import torch
from rich.console import Console
from scipy import stats

import sparring
from sparring.cli import main
from sparring.errors import RunError, SettingError
from sparring.evaluation.bootstrap import of_share
from sparring.evaluation.kept import keep
from sparring.evaluation.result import EstimatedFigure
from sparring.reporting.statistics import Spread, share_over_seeds
from sparring.runs.group import Group

Evaluated = Callable[..., Any]


@pytest.fixture
def copies(runs: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """Copies of all runs, to be changed."""
    return {name: Path(shutil.copytree(path, tmp_path / name)) for name, path in runs.items()}


def seeds(runs: dict[str, Path]) -> list[Path]:
    return [runs[f"seed-{seed}"] for seed in range(3)]


def printed(comparison: sparring.Comparison, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    for table in comparison.tables(width):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def student(numbers: Iterable[float]) -> tuple[float, float, float]:
    numbers = list(numbers)
    scale = stdev(numbers) / math.sqrt(len(numbers))
    low, high = stats.t.interval(0.95, len(numbers) - 1, loc=mean(numbers), scale=scale)
    return mean(numbers), float(low), float(high)


def last_losses(run: Path, column: str = "generator/loss") -> float:
    """The mean over steps above 16.2 of 18: the row of step 18 alone."""
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return next(row[column] for row in rows if row["kind"] == "steps" and row["step"] == 18)


def test_shares_over_seeds_stay_among_shares(copies: dict[str, Path], evaluated: Evaluated) -> None:
    for seed, recall in zip(seeds(copies), (0.99, 0.98, 1.0), strict=True):
        figures = {
            "recall": of_share(torch.arange(100) < 100 * recall),
            "memorised": of_share(torch.zeros(20, dtype=torch.bool)),
        }
        evaluated(seed, figures={name: EstimatedFigure.of(found, None) for name, found in figures.items()})
        row = {"kind": "epoch", "step": 18, "epoch": 3.0, "figure/recall": recall}
        with (seed / "history.jsonl").open("a") as history:
            history.write(json.dumps(row) + "\n")
    comparison = sparring.compare([*seeds(copies), copies["faster"]])
    for name in ("recall", "figure/recall"):
        assert comparison.entries[0].numbers[name] == share_over_seeds([0.99, 0.98, 1.0])
    assert comparison.cells("memorised")[0] == ("0", "0 – 0.1611")
    assert "0.8895 – 0.9992" in comparison.to_html()


def test_seeds_become_one_row_with_students_interval(copies: dict[str, Path], evaluated: Evaluated) -> None:
    fids = [4.0, 5.5, 4.75]
    for run, fid in zip(seeds(copies), fids, strict=True):
        evaluated(run, fid=fid)
    evaluated(copies["faster"], fid=9.0)
    comparison = sparring.compare([*seeds(copies), copies["faster"]])
    group, single = comparison.entries
    assert (group.name, len(group.runs), single.name) == ("seed-0, seed-1, seed-2", 3, "faster")
    found = group.figures["fid"]
    assert (found.value, found.low, found.high) == pytest.approx(student(fids))
    found = group.losses["generator/loss"]
    assert (found.value, found.low, found.high) == pytest.approx(student(map(last_losses, seeds(copies))))
    assert (single.figures["fid"].value, single.figures["fid"].low, single.figures["fid"].high) == (
        9.0,
        8.5,
        9.5,
    )
    assert single.losses["generator/loss"].low is None, "one run says nothing about others"
    assert group.differs == ("--generator-lr 0.001",)
    assert single.differs == ("--generator-lr 0.0005",)
    assert comparison.references == {"fid": Spread(0.25), "recall": Spread(0.9)}
    assert comparison.best("fid") == {0}, "4.75 is nearer to 0.25 than 9"
    assert comparison.best("recall") == frozenset(), "0.5 in both"
    assert comparison.best("generator/loss") == frozenset(), "real examples have no loss"
    said = printed(comparison, 200)
    for text in ("seed-0, seed-1, seed-2", "--generator-lr 0.0005", "18 steps", "real", "8.5 – 9.5"):
        assert text in said, text
    assert any("seeds" in note for note in comparison.notes)
    assert any(
        "1,000 samples against held-out examples of tiny, seen through digits-1" in note
        for note in comparison.notes
    )
    verdict = "Not yet close to real: 50 % of what is real is within their reach (real ones: 90 %)."
    assert any(note.endswith(verdict) for note in comparison.notes)


def test_final_losses_are_of_the_last_tenth(run: Path, runs: dict[str, Path]) -> None:
    rows = [{"kind": "steps", "step": step, "generator/loss": float(step)} for step in range(1, 101)]
    rows += [{"kind": "epoch", "step": 100, "generator/loss": 1e9}]
    (run / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    first = sparring.compare([run, runs["dcgan"]]).entries[0]
    assert first.losses["generator/loss"].value == mean(range(91, 101))


def test_repetitions_of_a_seed_do_not_narrow_the_interval(copies: dict[str, Path], tmp_path: Path) -> None:
    again = shutil.copytree(copies["seed-1"], tmp_path / "again")
    comparison = sparring.compare([*seeds(copies), again, copies["seed-0"]])
    assert [row.name for row in comparison.entries] == ["seed-0, seed-1, seed-2", "again"]


def test_runs_of_other_lengths_or_evaluated_at_other_times_stand_apart(
    copies: dict[str, Path], evaluated: Evaluated, change: Callable[..., None]
) -> None:
    change(copies["seed-1"] / "status.json", step=9, state="interrupted")
    evaluated(copies["seed-2"])
    comparison = sparring.compare(seeds(copies))
    assert [row.name for row in comparison.entries] == ["seed-0", "seed-1", "seed-2"]
    assert comparison.entries[1].progress == "9 of 18 steps, interrupted"
    checkpoints = copies["seed-2"] / "checkpoints"
    (checkpoints / "step-00000018").rename(checkpoints / "step-00000020")
    notes = " ".join(sparring.compare(seeds(copies)).notes)
    assert "The evaluation of seed-2 is of step 18, and the run is now at step 20" in notes


def test_a_group_of_seeds_stands_for_its_runs(
    runs: dict[str, Path], change: Callable[..., None], page: Any, tmp_path: Path
) -> None:
    def group(name: str) -> Path:
        folder = Group.create(tmp_path / name, name, "gan", {}, [0, 1, 2, 3]).path
        for seed in range(3):
            shutil.copytree(runs[f"seed-{seed}"], folder / f"seed-{seed}")
        return folder

    first, second = group("first"), group("second")
    (row,) = sparring.compare([first]).entries
    assert (row.name, len(row.runs)) == ("first", 3), "one of its four has not begun"
    assert [row.name for row in sparring.compare([first, runs["faster"]]).entries] == ["first", "faster"]
    assert sparring.report(first) == first / "report.html"
    assert "3 runs side by side" in page(first / "report.html").text
    change(second / "seed-1" / "status.json", step=9)
    names = [row.name for row in sparring.compare([second, first / "seed-0"]).entries]
    assert names == ["second/seed-0, second/seed-2", "second/seed-1", "first/seed-0"]
    again = group("elsewhere/first")
    change(again / "seed-0" / "run.json", on_unhealthy="stop")
    change(again / "seed-1" / "run.json", on_unhealthy="stop")
    change(again / "seed-2" / "run.json", on_unhealthy="stop")
    assert [row.name for row in sparring.compare([first, again]).entries] == [str(first), str(again)]


def test_runs_that_answer_trouble_otherwise_stand_apart(
    copies: dict[str, Path], change: Callable[..., None]
) -> None:
    change(copies["seed-1"] / "run.json", on_unhealthy="rollback")
    comparison = sparring.compare(seeds(copies))
    assert [(row.name, row.differs) for row in comparison.entries] == [
        ("seed-0, seed-2", ("--on-unhealthy warn",)),
        ("seed-1", ("--on-unhealthy rollback",)),
    ]


@pytest.mark.parametrize(
    ("asked", "before", "flag"),
    [({"precision": "bf16"}, "--precision float32", "--precision bf16"),
     ({"microbatches": 2}, "--microbatches 1", "--microbatches 2"),
     ({"compile": True}, "--no-compile", "--compile"),
     ({"settings": {"packing": 3}}, "--packing 1", "--packing 3")],
)  # fmt: skip
def test_runs_that_were_computed_otherwise_stand_apart(
    copies: dict[str, Path], change: Callable[..., None], asked: dict[str, Any], before: str, flag: str
) -> None:
    described = json.loads((copies["seed-1"] / "run.json").read_text())
    tricks = described["settings"]["tricks"] | asked.get("settings", {})
    change(copies["seed-1"] / "run.json", **asked | {"settings": described["settings"] | {"tricks": tricks}})
    comparison = sparring.compare(seeds(copies))
    assert [(row.name, row.differs) for row in comparison.entries] == [
        ("seed-0, seed-2", (before,)),
        ("seed-1", (flag,)),
    ]


def test_other_systems_are_named_and_not_all_their_settings(runs: dict[str, Path]) -> None:
    comparison = sparring.compare([*seeds(runs), runs["dcgan"]])
    assert [row.differs for row in comparison.entries] == [("system gan",), ("system dcgan",)]


def test_runs_without_evaluation_show_losses_and_what_to_do(runs: dict[str, Path]) -> None:
    comparison = sparring.compare([runs["seed-0"], runs["faster"]])
    assert comparison.names == ["generator/loss", "discriminator/loss"]
    assert comparison.references == {}
    assert "real" not in printed(comparison, 100)
    for name in ("seed-0", "faster"):
        assert f"{name} has no evaluation yet: `sparring evaluate {runs[name]}` makes it." in comparison.notes


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        ({"extractor": "pixels"}, "features digits-1, the other pixels"),
        ({"data": "mnist"}, "data tiny, the other mnist"),
        ({"count": 50}, "count 1000, the other 50"),
    ],
)
def test_different_measures_are_refused(
    copies: dict[str, Path], evaluated: Evaluated, difference: dict[str, Any], said: str
) -> None:
    evaluated(copies["seed-0"])
    evaluated(copies["faster"], **difference)
    with pytest.raises(SettingError, match=said) as refused:
        sparring.compare([copies["seed-0"], copies["dcgan"], copies["faster"]])
    assert f"{copies['seed-0']} and {copies['faster']} cannot stand side by side." in str(refused.value)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ([1, 8, 16], "grey images of 20 x 20 and of grey images of 16 x 8"),
        ([3, 20, 20], "and of colour images"),
    ],
)
def test_figures_of_other_sizes_are_refused(
    copies: dict[str, Path], evaluated: Evaluated, change: Callable[..., None], shape: list[int], said: str
) -> None:
    described = json.loads((copies["faster"] / "run.json").read_text())["data"]
    spec = described["spec"] | {"examples": {"kind": "images", "shape": shape}}
    change(copies["faster"] / "run.json", data=described | {"spec": spec})
    two = [copies["seed-0"], copies["faster"]]
    evaluated(two[0])
    sparring.compare(two)
    evaluated(two[1])
    with pytest.raises(SettingError, match=said):
        sparring.compare(two)


def test_data_that_was_read_otherwise_is_said_by_flags(
    copies: dict[str, Path], change: Callable[..., None]
) -> None:
    described = json.loads((copies["dcgan"] / "run.json").read_text())["data"]
    change(copies["dcgan"] / "run.json", data=described | {"size": "16x8", "fingerprint": "0"})
    first, second = sparring.compare([copies["seed-0"], copies["dcgan"]]).entries
    assert first.differs == ("system gan", "--size none")
    assert second.differs == ("system dcgan", "--size 16x8")


def test_figures_of_different_examples_of_one_name_are_said_to_be(
    copies: dict[str, Path], evaluated: Evaluated, change: Callable[..., None]
) -> None:
    two = [copies["seed-0"], copies["dcgan"]]
    described = json.loads((copies["dcgan"] / "run.json").read_text())["data"]
    for run in two:
        evaluated(run, data=described["name"])
    said = "Runs were evaluated on different examples of"
    assert not any(note.startswith(said) for note in sparring.compare(two).notes)
    change(copies["dcgan"] / "run.json", data=described | {"stretch": True, "fingerprint": "0"})
    assert any(note.startswith(said) for note in sparring.compare(two).notes)


def test_of_several_evaluations_those_that_all_runs_have_alike_are_compared(
    copies: dict[str, Path], evaluated: Evaluated
) -> None:
    """Of these, the one that means most: here of 1000 samples rather than of 50."""
    for name, fids in (("seed-0", {50: 1.0, 1000: 2.0, 9000: 3.0}), ("faster", {50: 4.0, 1000: 5.0})):
        for count, fid in fids.items():
            keep(sparring.Run.open(copies[name]), evaluated(copies[name], fid=fid, count=count))
    comparison = sparring.compare([copies["seed-0"], copies["faster"], copies["dcgan"]])
    assert [row.figures["fid"].value for row in comparison.entries if row.figures] == [2.0, 5.0]
    assert any("1,000 samples" in note for note in comparison.notes)


def truncated(step: int) -> dict[str, Any]:
    """Where an evaluation of truncated samples comes from."""
    return {"step": step, "epoch": None, "sampling": {"truncation": 0.7}}


def test_samples_made_otherwise_do_not_stand_beside_plain_ones(
    copies: dict[str, Path], evaluated: Evaluated
) -> None:
    both = [copies["seed-0"], copies["faster"]]
    evaluated(both[0], checkpoint=truncated(18))
    evaluated(both[1])
    with pytest.raises(
        SettingError, match=r"with truncation 0\.7, those of the other with nothing"
    ) as refused:
        sparring.compare(both)
    assert "Evaluate both alike" in str(refused.value)
    evaluated(both[1], checkpoint=truncated(18))
    assert any("1,000 samples, truncation 0.7, against" in note for note in sparring.compare(both).notes)


def test_a_group_that_is_evaluated_is_compared_by_what_was_asked_for(
    tiny_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group = tmp_path / "group"
    train = ["train", "gan", "--data", f"npz:{tiny_npz}", "--max-steps", "2", "--seeds", "2", "--quiet"]
    main([*train, "--batch-size", "20", "--device", "cpu", "--out", str(group)])
    evaluate = ["evaluate", str(group), "--count", "50", "--device", "cpu", "--quiet"]
    main(evaluate)
    capsys.readouterr()
    main([*evaluate, "--truncation", "0.5"])
    assert "Figures: 50 samples, truncation 0.5, against" in capsys.readouterr().out.replace("\n", " ")
    main(["compare", str(group)])
    assert "Figures: 50 samples against" in capsys.readouterr().out.replace("\n", " ")


def test_a_lower_bound_is_shown_as_one(copies: dict[str, Path], evaluated: Evaluated) -> None:
    bound = {"support": EstimatedFigure(2000, 2000, 2000, 3000, True, True)}
    exact = {"support": EstimatedFigure(400, 300, 500, 2500)}
    for name, figures in (("seed-0", bound), ("seed-1", exact), ("faster", exact)):
        evaluated(copies[name], figures=figures)
    comparison = sparring.compare([copies["seed-0"], copies["seed-1"], copies["faster"]])
    assert comparison.cells("support") == [
        ("at least 1,200", ""),
        ("400", "300 – 500"),
        ("at least 2,667", ""),
    ]
    assert "at least 1,200" in comparison.to_html()


def test_what_nothing_was_held_out_of_is_said_to_be(copies: dict[str, Path], evaluated: Evaluated) -> None:
    for name in ("seed-0", "faster"):
        evaluated(copies[name], unseen=False)
    notes = sparring.compare([copies["seed-0"], copies["faster"]]).notes
    assert any("against training examples of tiny" in note for note in notes)
    assert any("Nothing was held out" in note for note in notes)


def test_two_different_runs_are_needed(runs: dict[str, Path]) -> None:
    for given in ([], [runs["seed-0"]], [runs["seed-0"], runs["seed-0"] / ".." / "seed-0"]):
        with pytest.raises(SettingError, match="at least two different runs"):
            sparring.compare(given)


def test_mistakes(copies: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run"):
        sparring.compare([copies["seed-0"], tmp_path])
    with pytest.raises(SettingError, match=r"written as \.html"):
        sparring.compare(seeds(copies), tmp_path / "table.txt")
    (copies["seed-0"] / "evaluation.json").write_text("{}")
    with pytest.raises(RunError, match=r"evaluation\.json is damaged.*sparring evaluate"):
        sparring.compare(seeds(copies))


def test_the_command(runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main(["compare", "--out", str(tmp_path / "c.html"), *map(str, [*seeds(runs), runs["faster"]])])
    said = capsys.readouterr().out
    assert said.endswith(f"Wrote {tmp_path / 'c.html'}\n")
    assert "seed-0, seed-1, seed-2" in said
    assert "\x1b" not in said, "no control codes where there is no terminal"
    assert "faster" in said
    with pytest.raises(SystemExit) as stop:
        main(["compare"])
    assert stop.value.code == 2
    assert "sparring compare needs RUNS, as in `sparring compare runs/" in capsys.readouterr().err


def test_tables_fit_the_terminal(copies: dict[str, Path], evaluated: Evaluated) -> None:
    names = [f"a_figure_number_{number}" for number in range(17)]
    figures = {name: EstimatedFigure(0.12345, 0.10004, 0.15004, 0.5) for name in names}
    for run in copies.values():
        evaluated(run, figures=figures)
    comparison = sparring.compare(copies.values())
    for width in (80, 100, 140, 400):
        said = printed(comparison, width)
        assert max(map(len, said.splitlines())) <= width
        assert {line[-1] for line in said.splitlines()} == set("┓┃┩│┤┘"), "nothing is cut off"
        assert all(name in said for name in names)
        assert "…" not in said
    for width in (30, 40):
        narrow = printed(comparison, width)
        assert max(map(len, narrow.splitlines())) <= width
        assert narrow.count("0.1235") == said.count("0.1235"), "names are broken before numbers"


def test_a_strangers_run_cannot_steer_the_terminal_or_the_page(
    copies: dict[str, Path], evaluated: Evaluated, change: Callable[..., None], page: Any, tmp_path: Path
) -> None:
    odd = "[red]<script>alert(1)</script>\x1b[2J"
    evaluation = evaluated(copies["seed-0"], extractor=odd)
    figures = evaluation.figures | {odd: 1}
    evaluated(copies["faster"], extractor=odd)
    written = json.loads((copies["faster"] / "evaluation.json").read_text())
    written["figures"][odd] = {"value": 1.0, "low": 0.0, "high": 2.0, "reference": None}
    (copies["faster"] / "evaluation.json").write_text(json.dumps(written))
    settings = json.loads((copies["faster"] / "run.json").read_text())["settings"]
    change(copies["faster"] / "run.json", settings=settings | {"hidden_size": odd})
    with (copies["faster"] / "history.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "steps", "step": 18, f"{odd}/loss": 1.0}) + "\n")
    strange = copies["faster"].rename(tmp_path / "[red]<script>alert(1)<")
    comparison = sparring.compare([copies["seed-0"], strange], tmp_path / "out.html")
    said = printed(comparison, 300) + " ".join(comparison.notes)
    assert "\x1b" not in said
    assert "[red]<script>" in said, "markup is text"
    seen = page(tmp_path / "out.html")
    assert len(seen.all("script")) == 1
    assert odd not in figures or "\x1b" not in (tmp_path / "out.html").read_text()


def test_the_page(copies: dict[str, Path], evaluated: Evaluated, page: Any, tmp_path: Path) -> None:
    for run in copies.values():
        evaluated(run)
    shutil.rmtree(copies["dcgan"] / "samples")
    sparring.compare(copies.values(), tmp_path / "out.html")
    seen = page(tmp_path / "out.html")
    for said in (
        "5 runs side by side",
        "seed-0, seed-1, seed-2",
        "nearest to real examples",
        "3.5 – 4.5",
        "faster, epoch 3",
    ):
        assert said in seen.text, said
    assert len(seen.all("img")) == 4
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in seen.all("img"))
    first = next(svg["aria-label"] for svg in seen.all("svg"))
    assert first == "generator: loss over steps: seed-0, seed-1, seed-2, faster, dcgan"
    assert "http" not in (tmp_path / "out.html").read_text().replace("http-equiv", "")


def test_what_began_with_another_run_is_no_other_seed(
    copies: dict[str, Path], change: Callable[..., None]
) -> None:
    change(copies["seed-1"] / "run.json", from_="/somewhere/first")
    comparison = sparring.compare([copies["seed-0"], copies["seed-1"]])
    assert [entry.name for entry in comparison.entries] == ["seed-0", "seed-1"]
    assert comparison.entries[1].differs == ("--from /somewhere/first",)
    change(copies["seed-0"] / "run.json", from_="/somewhere/first", from_step=400)
    change(copies["seed-1"] / "run.json", from_step=1200)
    comparison = sparring.compare([copies["seed-0"], copies["seed-1"]])
    assert [entry.differs for entry in comparison.entries] == [
        ("--from /somewhere/first at step 400",),
        ("--from /somewhere/first at step 1,200",),
    ]


@pytest.mark.parametrize(
    "more",
    [
        '{"event": "finished", "step": 3}\n{"event": "resumed", "step": 3}\n',
        '{"event": "resumed", "step": 3, "length_before": 5}\n',
    ],
)
def test_what_was_to_be_of_another_length_is_no_other_seed(copies: dict[str, Path], more: str) -> None:
    """Its schedules were at another place."""
    with (copies["seed-1"] / "events.jsonl").open("a") as events:
        events.write(more)
    comparison = sparring.compare([copies["seed-0"], copies["seed-1"]])
    assert [entry.name for entry in comparison.entries] == ["seed-0", "seed-1"]
    assert [entry.differs for entry in comparison.entries] == [
        ("length kept",),
        ("length changed on its way",),
    ]


def test_systems_of_one_name_in_two_files_are_two(
    copies: dict[str, Path], change: Callable[..., None]
) -> None:
    for name, file in (("seed-0", "/a/v1.py:Mine"), ("seed-1", "/a/v2.py:Mine")):
        change(copies[name] / "run.json", system=file)
    comparison = sparring.compare([copies["seed-0"], copies["seed-1"]])
    assert [entry.name for entry in comparison.entries] == ["seed-0", "seed-1"]
    assert "/a/v2.py:Mine" in str(comparison.entries[1].differs)

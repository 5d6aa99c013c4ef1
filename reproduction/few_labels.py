"""Classifiers from few labels: the runs that say how good they are, beside what their papers have.

    python reproduction/few_labels.py make FOLDER [NAME ...]    # make the runs that are missing; go on later
    python reproduction/few_labels.py table                     # the table in few_labels.md

Rows are made in order, or those that are named; each run is a command of the command line. `fashion-mnist`,
with its four files, and `emoji/google`, with a folder for each of nine categories, are looked for in the
folder in which the command is given.
Run folders may be deleted once their lines are in few_labels.jsonl.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines

from sparring import __version__
from sparring.cli import main as sparring
from sparring.runs.folder import Run

HERE = Path(__file__).parent
RECORD, PAGE = HERE / "few_labels.jsonl", HERE / "few_labels.md"
TEST, ALONE = "figure/test error", "figure/test error, labels alone"


@dataclass(frozen=True)
class Row:
    """A row of the table: a command, and the seeds with which it is run."""

    command: str
    """What follows `sparring train`, without seed, threads and folder."""
    seeds: Sequence[int] = (0,)
    """With which it is run."""
    published: str = "none"
    """What the paper has: errors of 10,000, with the deviation over its seeds."""
    whole: bool = False
    """Whether it has as many epochs as the paper."""
    continues: str = ""
    """The row whose runs these are, gone on with until they have as many epochs as the command says."""

    @property
    def epochs(self) -> str:
        """How many the command asks for."""
        words = self.command.split()
        return words[words.index("--epochs") + 1]

    @property
    def short(self) -> str:
        """How many epochs there are, where the paper has more."""
        return "" if self.whole else f"{self.epochs} epochs"


def of_mnist(labels: int, epochs: int, precision: str = "float32") -> str:
    """A command for some labels of MNIST."""
    beside = "" if precision == "float32" else f" --precision {precision}"
    return f"improved-gan --preset paper --labelled {labels} --epochs {epochs} --baseline{beside}"


def salimans(errors: str) -> str:
    """What the paper of improved-gan has of MNIST."""
    return f"{errors} errors of 10,000 (Salimans et al. 2016; 10 seeds, 300 epochs)"


HUNDRED = salimans("93 ± 6.5")
"""With a hundred labels."""
FIFTY = "--preset paper --labelled 100 --epochs 50 --test-every 5"
"""What `bad-gan` and the matching of features alone have in common where they are compared."""
EMOJI = "--data folder:emoji/google --size 32 --hold-out 0.2"
ROWS = {
    "fashion-1000": Row(
        "improved-gan --data idx:fashion-mnist --labelled 1000 --epochs 15 --baseline --precision bf16",
        range(3),
    ),
    "emoji-20": Row(
        f"improved-gan {EMOJI} --labelled 180 --width 16 --epochs 120 --test-every 5 --baseline "
        "--precision bf16",
        range(3),
    ),
    "bayesian-100": Row(
        "bayesian-gan --preset paper --labelled 100 --generators 2 --batch-size 100 --epochs 24 "
        "--precision bf16",
        (0,),
        "79 ± 5.8 errors of 10,000 (Saatchi and Wilson 2017; 10 generators, convolutions)",
    ),
    "mnist-100-float32": Row(of_mnist(100, 100), range(3), HUNDRED),
    "mnist-100": Row(of_mnist(100, 100, "bf16"), (0,), HUNDRED),
    "matching-50": Row(f"improved-gan {FIFTY}", range(5), HUNDRED),
    "bad-gan-50": Row(
        f"bad-gan {FIFTY}",
        range(5),
        "79.5 ± 9.8 errors of 10,000 (Dai et al. 2017; 10 seeds, 2000 epochs, least test error of each)",
    ),
    "mnist-100-full": Row(of_mnist(100, 300), (2,), HUNDRED, True, continues="mnist-100-float32"),
    "mnist-20": Row(of_mnist(20, 50), (0,), salimans("1677 ± 452")),
    "mnist-20-back": Row(of_mnist(20, 50) + " --on-unhealthy rollback", (0,), salimans("1677 ± 452")),
    "mnist-50": Row(of_mnist(50, 50), (0,), salimans("221 ± 136")),
    "mnist-200": Row(of_mnist(200, 50), (0,), salimans("90 ± 4.2")),
}


def make(folder: Path, names: Sequence[str]) -> None:
    """Make the runs of some rows, or of all, that have no line in the record."""
    done = {(line["row"], line["seed"]) for line in kept_lines.read(RECORD)}
    for name in names or ROWS:
        for seed in ROWS[name].seeds:
            if (name, seed) in done:
                continue
            row = ROWS[name]
            out = folder / f"{row.continues or name}-{seed}"
            if not (out / "run.json").is_file():
                chance = ["--seed", str(seed), "--threads", "1", "--out", str(out), "--quiet"]
                sparring(["train", *row.command.split(), *chance])
            elif row.continues or not Run.open(out).finished:
                sparring(["resume", str(out), "--epochs", row.epochs, "--quiet"])
            line = {"row": name, "seed": seed, **errors(Run.open(out))}
            if line["epochs"] != float(row.epochs):
                sys.exit(
                    f"{out} has {line['epochs']:g} epochs, and {name} {row.epochs}: give another folder."
                )
            kept_lines.append(
                RECORD, line | {"date": f"{datetime.now(UTC):%Y-%m-%d}", "sparring": __version__}
            )
            print(line, flush=True)


def errors(run: Run) -> dict[str, Any]:
    """The epochs of a run, and its test errors after the last."""
    last = [row for row in run.history() if row["kind"] == "epoch"][-1]
    return {"epochs": last["epoch"], "error": last[TEST], "labels_alone": last.get(ALONE)}


def table(lines: Sequence[kept_lines.Line]) -> str:
    """The table as Markdown, with a row for each command of which there are runs."""
    rows = ["| command | seeds | test error, % | labels alone, % | published |", "|---|---|---|---|---|"]
    for name, row in ROWS.items():
        runs = [line for line in lines if line["row"] == name]
        if runs:
            cells = [percent(runs, column) for column in ("error", "labels_alone")]
            beside = kept_lines.published(row.published, row.short)
            rows.append(f"| `{row.command}` | {len(runs)} | {' | '.join(cells)} | {beside} |")
    return "\n".join(rows) + "\n" if len(rows) > 2 else ""


def percent(runs: Sequence[kept_lines.Line], column: str) -> str:
    """The mean over seeds with its interval, in percent; nothing where it was not measured."""
    values = [run[column] for run in runs if run[column] is not None]
    return kept_lines.percent(values, ".2f") if values else "–"


def main(words: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(words):
        case ["make", folder, *names] if set(names) <= ROWS.keys():
            make(Path(folder), names)
        case ["table"]:
            kept_lines.write(PAGE, RECORD, table)
        case _:
            sys.exit(f"{__doc__}\nRows: {', '.join(ROWS)}.")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Runs whose outcome is known, to hold the health monitor to: does it find just what is wrong?

    python reproduction/health.py train FOLDER test     # train and evaluate what is missing; go on any time
    python reproduction/health.py table FOLDER test     # judge what is there, as a table

Each case is trained with several seeds. Those of the split `choose` served to choose the thresholds of the
monitor, those of the split `test` did not; those of `again` are one new seed for each case, for after a
change to the core, and those of `early` two more, for after players were looked at more often at first. What
a run came to is said by an evaluation of its samples (`truth`), never by the monitor; a run that did not come
to what its case is for is counted apart.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sparring.health.checks import of_newest_phase
from sparring.health.findings import RULES, find
from sparring.health.remedies import Context
from sparring.runs.folder import Run
from sparring.zoo.gan import GAN

HERE = Path(__file__).parent
Truth = Callable[[dict[str, Any]], bool]
"""Whether the figures of an evaluation (see `sparring evaluate --json`) are those of such a run."""


def value(figures: dict[str, Any], name: str) -> float:
    """A figure, or 0 where there is none."""
    return float(figures.get(name, {"value": 0.0})["value"])


def healthy(figures: dict[str, Any]) -> bool:
    """All classes or modes are there, fairly evenly."""
    all_modes = value(figures, "modes") >= value_of_reference(figures, "modes")
    return all_modes and value(figures, "reverse_kl") < 0.5


def collapsed(figures: dict[str, Any]) -> bool:
    """Classes or modes are missing, or hardly any of the real examples have a sample near them."""
    missing = value(figures, "modes") < value_of_reference(figures, "modes")
    return missing or value(figures, "coverage") < 0.05


def unlearnt(figures: dict[str, Any]) -> bool:
    """Hardly any of the real examples has a sample near it."""
    return value(figures, "coverage") < 0.05


def copied(figures: dict[str, Any]) -> bool:
    """Many samples are near-copies of training examples."""
    return value(figures, "memorised") > 0.3


def value_of_reference(figures: dict[str, Any], name: str) -> float:
    """The same figure of real examples."""
    return float(figures[name]["reference"])


def whatever(figures: dict[str, Any]) -> bool:
    """Known by construction."""
    return True


@dataclass(frozen=True)
class Case:
    """Some options, and what comes of them."""

    kind: str
    command: str
    """The words after `sparring train`; {data} is the folder with mixtures, {here} that of this file."""
    seeds: dict[str, range]
    """By split."""
    truth: Truth
    expected: tuple[str, ...]
    """Findings of which one is the right answer; none for a healthy run."""


def seeds(choose: int, test: int) -> dict[str, range]:
    """So many seeds for each split, none in both."""
    return {
        "choose": range(choose),
        "test": range(200, 200 + test),
        "again": range(400, 401),
        "early": range(500, 502),
    }


COLLAPSE = ("mode collapse", "partial mode collapse")
DIGITS = "r3gan --preset digits --max-steps 500"
CASES = [
    Case("healthy", DIGITS, seeds(1, 4), healthy, ()),
    Case("healthy", "r3gan --data ring --max-steps 3000", seeds(1, 4), healthy, ()),
    Case("healthy", "r3gan --data mixture:{data}/nine.json --max-steps 3000", seeds(1, 4), healthy, ()),
    Case("healthy", "dcgan --data ring --max-steps 4000", seeds(2, 4), healthy, ()),
    Case("healthy", "dcgan --data mixture:{data}/nine.json --max-steps 3000", seeds(1, 4), healthy, ()),
    Case(
        "healthy",
        "wgan-gp --preset points --data mixture:{data}/nine.json --max-steps 1500",
        seeds(1, 4),
        healthy,
        (),
    ),
    Case("healthy", "gan --epochs 25", seeds(2, 2), healthy, ()),
    Case("collapse", "gan --generator-lr 0.01 --max-steps 3000", seeds(2, 5), collapsed, COLLAPSE),
    Case("collapse", "gan --generator-lr 0.05 --max-steps 3000", seeds(1, 3), collapsed, COLLAPSE),
    Case("collapse", "gan --discriminator-lr 1e-5 --max-steps 3000", seeds(2, 4), collapsed, COLLAPSE),
    Case("collapse", "gan --hidden-size 4 --max-steps 3000", seeds(1, 3), collapsed, COLLAPSE),
    Case(
        "collapse", "dcgan --data ring --generator-lr 0.05 --max-steps 3000", seeds(1, 3), collapsed, COLLAPSE
    ),
    Case(
        "collapse",
        "dcgan --data mixture:{data}/hundred.json --latent-size 1 --point-units 4 --max-steps 3000",
        seeds(1, 3),
        collapsed,
        COLLAPSE,
    ),
    Case("collapse", "gan --data stacked-mnist --max-steps 3000", seeds(1, 2), collapsed, COLLAPSE),
    Case(
        "collapse",
        "dcgan --data mixture:{data}/nine.json --generator-lr 0.05 --max-steps 3000",
        seeds(1, 3),
        collapsed,
        COLLAPSE,
    ),
    Case(
        "vanishing gradient",
        "gan --saturating --discriminator-steps 5 --max-steps 1500",
        seeds(2, 8),
        unlearnt,
        ("vanishing gradient",),
    ),
    Case(
        "vanishing gradient",
        "gan --saturating --discriminator-lr 0.005 --max-steps 2000",
        seeds(1, 6),
        unlearnt,
        ("vanishing gradient",),
    ),
    Case(
        "vanishing gradient",
        "dcgan --data mixture:{data}/far.json --saturating --discriminator-steps 5 --max-steps 2000",
        seeds(1, 6),
        unlearnt,
        ("vanishing gradient",),
    ),
    Case(
        "divergence",
        "wgan --data ring --clip 1000 --critic-lr 0.002 --max-steps 1500",
        seeds(1, 5),
        whatever,
        ("divergence",),
    ),
    Case(
        "divergence",
        "wgan --data grid --clip 1000 --critic-lr 0.002 --max-steps 1500",
        seeds(1, 4),
        whatever,
        ("divergence",),
    ),
    Case(
        "divergence",
        "wgan-gp --data ring --penalty-weight 0 --critic-lr 0.002 --generator-lr 4e-4 --max-steps 1000",
        seeds(1, 4),
        whatever,
        ("divergence",),
    ),
    Case(
        "divergence",
        "wgan-gp --data grid --penalty-weight 0 --critic-lr 0.002 --generator-lr 4e-4 --max-steps 1000",
        seeds(1, 4),
        whatever,
        ("divergence",),
    ),
    Case(
        "divergence",
        "gan --generator-lr 1 --discriminator-lr 1 --max-steps 1000",
        seeds(1, 4),
        whatever,
        ("divergence",),
    ),
    Case(
        "generator overpowering",
        "gan --discriminator-lr 1e-7 --max-steps 2000",
        seeds(1, 4),
        unlearnt,
        ("generator overpowering",),
    ),
    Case("dead run", "gan --generator-lr 1e-9 --max-steps 1000", seeds(1, 4), whatever, ("dead run",)),
    Case(
        "oscillation",
        "dcgan --data ring --generator-lr 0.05 --max-steps 4000",
        seeds(1, 4),
        whatever,
        ("oscillation",),
    ),
    Case(
        "memorisation",
        "language-model --data text:{data}/forty.txt --hold-out 0.5 --batch-size 20 --max-steps 2500",
        seeds(1, 4),
        copied,
        ("memorisation",),
    ),
    *(
        Case("not a number", command, seeds(1, 5), whatever, ("not a number",))
        for command in (
            "{here}/injected.py:BrokenTerm --max-steps 1000",
            "{here}/injected.py:BrokenGradient --data ring --max-steps 1000",
            "{here}/injected.py:BrokenWeights --data grid --max-steps 500",
            "{here}/injected.py:BrokenOverflow --data ring --max-steps 800",
        )
    ),
]


def write_data(folder: Path) -> None:
    """The data sets of some cases: nine wide modes, a hundred, and two far from where a generator begins;
    forty texts of letters drawn by chance."""
    folder.mkdir(parents=True, exist_ok=True)
    hundred = [[x, y] for x in range(10) for y in range(10)]
    nine = [[2.0 * x, 2.0 * y] for x in range(-1, 2) for y in range(-1, 2)]
    far = [[20.0, 20.0], [24.0, 20.0]]
    for name, means, deviation in (("nine", nine, 0.3), ("hundred", hundred, 0.05), ("far", far, 0.2)):
        (folder / f"{name}.json").write_text(json.dumps({"means": means, "deviation": deviation}))
    chance = random.Random(0)
    texts = ["".join(chance.choices("abcdefghijklmnop", k=12)) for _ in range(40)]
    (folder / "forty.txt").write_text("\n".join(texts) + "\n")


def run_of(folder: Path, number: int, seed: int) -> Path:
    """Where the run of a case and a seed is."""
    return folder / f"{number:02d}-{CASES[number].kind.replace(' ', '-')}-{seed}"


def train(folder: Path, split: str) -> None:
    """Train and evaluate all runs of a split that are not there yet, two at a time."""
    write_data(folder)
    jobs = [(number, seed) for number, case in enumerate(CASES) for seed in case.seeds[split]]
    # By seed first: if there is no time for all, every case has some.
    jobs.sort(key=lambda job: job[1])
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda job: train_one(folder, *job), jobs))


WORKERS = int(os.environ.get("WORKERS", "2"))


def train_one(folder: Path, number: int, seed: int) -> None:
    """Train and evaluate one run, unless it is there."""
    case, out = CASES[number], run_of(folder, number, seed)
    sparring = [sys.executable, "-m", "sparring"]
    quiet = {"env": os.environ | {"OMP_NUM_THREADS": "1"}, "capture_output": True, "text": True}
    if not Run(out).finished:
        words = case.command.format(data=folder, here=HERE).split()
        # The cases were chosen with the paper's settings.
        words += [] if "--preset" in words else ["--preset", "paper"]
        options = ["--seed", str(seed), "--threads", "1", "--quiet", "--out", str(out)]
        done = subprocess.run([*sparring, "train", *words, *options], **quiet)  # type: ignore[call-overload]
        print(out.name, done.returncode, done.stderr[-300:], flush=True)
    if not is_complete(case, out):
        subprocess.run([*sparring, "evaluate", str(out), "--count", "1000"], **quiet)  # type: ignore[call-overload]


def is_complete(case: Case, out: Path) -> bool:
    """Whether a run is trained and, where that is needed, evaluated."""
    return Run(out).finished and (case.truth is whatever or (out / "evaluation.json").exists())


def findings_of(run: Run) -> dict[str, int]:
    """What the rules of today find in the recorded checks, and at which step."""
    history = run.history()
    rows = [row for row in history if row["kind"] == "health"]
    # Only the roles matter here: remedies are not looked at.
    context = Context("gan", GAN, GAN.Settings(), "", run.description["roles"])
    found: dict[str, int] = {}
    for count, row in enumerate(rows, start=1):
        for finding in find(of_newest_phase(rows[:count]), context, set(found)):
            found[finding.name] = row["step"]
    for event in run.events():
        if event.get("event") == "finding" and event["finding"] not in RULES:
            found.setdefault(event["finding"], event["step"])
    return found


def table(folder: Path, split: str) -> None:
    """Print, for every case and every kind, how many were found, how late, and what else was said."""
    totals: dict[str, list[tuple[bool, int | None]]] = {}
    print("| kind | command | runs | as intended | found | median delay (steps) | other findings |")
    print("|---|---|---|---|---|---|---|")
    for number, case in enumerate(CASES):
        runs = [run_of(folder, number, seed) for seed in case.seeds[split]]
        runs = [path for path in runs if is_complete(case, path)]
        intended = [path for path in runs if case.truth(figures_of(path))]
        found, delays, others = 0, [], []
        for path in intended:
            findings = findings_of(Run(path))
            steps = [step for name, step in findings.items() if name in case.expected]
            right = bool(steps) if case.expected else not findings
            found += right
            delays += [min(steps)] if steps else []
            others += [f"{name} ({step})" for name, step in findings.items() if name not in case.expected]
            totals.setdefault(case.kind, []).append((right, min(steps) if steps else None))
        delay = f"{median(delays):,.0f}" if delays else "–"
        shown = f"{found}" if case.expected else f"{len(intended) - found} false alarms"
        command = case.command.replace("{data}/", "").replace("{here}/", "")
        cells = (case.kind, f"`{command}`", len(runs), len(intended), shown, delay, ", ".join(others) or "–")
        print(f"| {' | '.join(map(str, cells))} |")
    print()
    for kind, results in totals.items():
        count = sum(right for right, _ in results)
        delays = [step for _, step in results if step is not None]
        print(f"{kind}: {count} of {len(results)} right; delay {sorted(delays)}")


def figures_of(path: Path) -> dict[str, Any]:
    """The figures of a run's evaluation; empty where it has none."""
    file = path / "evaluation.json"
    if not file.exists():
        return {}
    figures: dict[str, Any] = json.loads(file.read_text())["figures"]
    return figures


if __name__ == "__main__":
    {"train": train, "table": table}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])

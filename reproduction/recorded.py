"""Recorded runs: makes them, keeps what they were, and writes the tables of README.md from what was kept.

    python reproduction/recorded.py make FOLDER [NAME ...]    # train and evaluate; go on any time
    python reproduction/recorded.py keep FOLDER               # copy small files of finished runs into runs/
    python reproduction/recorded.py table                     # write the tables in README.md anew

The oracle's file and that of the quatrains are looked for in the folder in which the command is given.

Of each run are kept run.json, evaluation.json, status.json, and the history's rows of epochs and findings; of
texts ten samples of seed 0 as well.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import kept_lines
from experiments import EXPERIMENTS

from sparring.evaluation.result import EstimatedFigure, Evaluation
from sparring.evaluation.runs import evaluate
from sparring.reporting.statistics import mean_over_seeds, share_over_seeds
from sparring.runs.folder import Run
from sparring.sampling import sample
from sparring.training.resume import resume
from sparring.training.train import train

HERE = Path(__file__).parent
KEPT = HERE / "runs"
BEGIN, END = "<!-- written by recorded.py: {}: begin -->\n", "<!-- written by recorded.py: {}: end -->\n"
PERCENT = ("label_agreement", "high_quality_share", "coverage", "recall")
COLUMNS = {
    "pictures": {
        "fid": "FID",
        "recall": "recall",
        "coverage": "coverage",
        "label_agreement": "digit asked for",
        "modes": "modes or classes",
        "high_quality_share": "clearly of a mode",
        "reverse_kl": "reverse KL",
    },
    "texts": {
        "oracle_nll": "NLL of samples by the oracle",
        "held_out_nll": "NLL of held-out texts",
        "bleu_2": "BLEU-2",
        "self_bleu_2": "self-BLEU-2",
        "fed": "Fréchet distance",
        "distinct_texts": "different samples",
    },
}
"""Figures that have a column, with its title, of each of the tables."""
SHOWN = 10
"""Samples of texts that are kept."""


@dataclass(frozen=True)
class Row:
    """One row of a table: a command, and the seeds with which it was run."""

    command: str
    """What follows `sparring train`, without seed and threads."""
    seeds: Sequence[int]
    published: str
    """What the paper or listing has, or `none`."""
    table: str = "pictures"
    """Which table it stands in."""
    short: str = ""
    """What it has of the published length, where that is not all of it."""
    threads: int = 1
    """CPU threads of a run."""

    @property
    def system(self) -> str:
        """The system that is trained."""
        return self.command.split()[0]

    @property
    def options(self) -> dict[str, str | int | float]:
        """The options of the command, as `train` takes them."""
        words, found = iter(self.command.split()[1:]), {}
        for flag in words:
            name = flag.removeprefix("--").removeprefix("no-").replace("-", "_")
            found[name] = False if flag.startswith("--no-") else number_or_text(next(words))
        return found


LIKELIHOOD = "9.038"
"""What maximum likelihood comes to in SeqGAN's paper."""
OTHER_POEMS = "BLEU-2 of other poems, against a whole test set (Yu et al. 2017)"
EMOJI, ANIMALS, SMILEYS = "--data folder:emoji", "--data folder:animals", "--data folder:smileys"
BY_RULE = "none by these features; settings chosen by rule, {}"
"""Of rows that show what a user's own images come to in minutes."""


def plain_gan(data: str) -> str:
    """What is published of points of such data."""
    found = EXPERIMENTS["pacgan"].arms[f"{data}, 1"].published
    return (
        f"none of R3GAN; of a plain GAN after 400,000 steps {found} (modes, clearly of one, reverse KL; "
        "Lin et al. 2018)"
    )


def by_rule(command: str, threads: int = 2) -> Row:
    """What a user's own images come to in minutes of so many cores."""
    cores = "one core" if threads == 1 else "two cores"
    return Row(command, (0, 1, 2), BY_RULE.format(cores), threads=threads)


ROWS = {
    "gan": Row(
        "gan --preset paper --epochs 100",
        (0,),
        "none for the listing's networks; larger ones have a Parzen log-likelihood of 225 ± 2 nats "
        "(Goodfellow et al. 2014, table 1)",
    ),
    "acgan": Row(
        "acgan --preset paper --epochs 2",
        (0,),
        "none for the listing's networks",
        short="2 of the listing's 100 epochs",
    ),
    "demo": Row(
        "r3gan --preset digits --max-steps 3500",
        (0,),
        "none of MNIST; on CIFAR-10 with classes FID 1.96 by Inception's features (Huang et al. 2024)",
        short="about two minutes",
    ),
    "ring": Row(
        "r3gan --preset points --data ring --max-steps 3000",
        (0, 1, 2),
        plain_gan("ring"),
        short="3,000 steps",
    ),
    "grid": Row(
        "r3gan --preset points --data grid --max-steps 3000",
        (0, 1, 2),
        plain_gan("grid"),
        short="3,000 steps",
    ),
    "seqgan": Row(
        "seqgan --data oracle:seqgan_oracle.npz",
        (0, 1, 2),
        f"NLL by the oracle 8.736 (Yu et al. 2017, table 1; maximum likelihood alone: {LIKELIHOOD})",
        "texts",
        "a smaller critic and fewer steps",
    ),
    "language-model": Row(
        "language-model --data oracle:seqgan_oracle.npz --epochs 120",
        (0,),
        f"NLL by the oracle {LIKELIHOOD} (Yu et al. 2017, table 1; the log of the authors' code: 9.07)",
        "texts",
    ),
    "quatrains-language-model": Row(
        "language-model --data text:quatrains.txt --epochs 8", (0, 1, 2), OTHER_POEMS + ": 0.667", "texts"
    ),
    "quatrains-seqgan": Row(
        "seqgan --data text:quatrains.txt --likelihood-epochs 8 --critic-epochs 2 --rounds 40",
        (0, 1, 2),
        OTHER_POEMS + ": 0.739",
        "texts",
        "fewer steps",
    ),
    "quatrains-relgan": Row(
        "relgan --data text:quatrains.txt --likelihood-epochs 8 --rounds 200",
        (0, 1, 2),
        "none of such poems",
        "texts",
        "200 of 3,000 rounds",
    ),
    "emoji-32": by_rule(f"r3gan {EMOJI} --size 32 --max-minutes 10"),
    "emoji-64": by_rule(f"r3gan {EMOJI} --size 64 --max-minutes 10"),
    "animals-32": by_rule(f"r3gan {ANIMALS} --size 32 --max-minutes 10"),
    "animals-64": by_rule(f"r3gan {ANIMALS} --size 64 --max-minutes 10"),
    "smileys-32": by_rule(f"r3gan {SMILEYS} --size 32 --max-minutes 10"),
    "smileys-64": by_rule(f"r3gan {SMILEYS} --size 64 --max-minutes 10"),
    "fashion": by_rule("r3gan --data idx:fashion-mnist --max-minutes 2", threads=1),
    "digits-by-rule": by_rule("r3gan --max-minutes 2", threads=1),
}


def number_or_text(word: str) -> str | int | float:
    """A word of a command, as `train` takes it."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(word)
    return word


def make(folder: Path, names: Sequence[str]) -> None:
    """Train and evaluate what is not finished yet, one run after the other."""
    for name in names or ROWS:
        row = ROWS[name]
        for seed in row.seeds:
            path = folder / f"{name}-{seed}"
            if not (path / "run.json").is_file():
                train(row.system, **row.options, seed=seed, threads=row.threads, out=path, quiet=True)
            elif not Run.open(path).finished:
                resume(path, quiet=True)
            if not (path / "evaluation.json").is_file():
                evaluate(path)


def keep(folder: Path) -> None:
    """Copy the small files of the runs that are finished and evaluated."""
    for name, row in ROWS.items():
        for seed in row.seeds:
            source, target = folder / f"{name}-{seed}", KEPT / f"{name}-{seed}"
            if not (source / "evaluation.json").is_file() or not Run.open(source).finished:
                print(f"{source} is not finished: left out")
                continue
            target.mkdir(parents=True, exist_ok=True)
            for file in ("run.json", "status.json", "evaluation.json"):
                # Files of data stand in the same folder, and by their names alone.
                text = (source / file).read_text().replace(f"{folder.resolve()}/", "")
                (target / file).write_text(text)
            if row.table == "texts":
                sample(source, SHOWN).save(target / "samples.txt")
            rows = [line for line in Run.open(source).history() if line["kind"] in ("epoch", "finding")]
            (target / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rows))


def table(title: str) -> str:
    """A table as Markdown, from the runs that were kept."""
    columns = COLUMNS[title]
    titles = ["command", "seeds", "steps", *columns.values(), "published"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for name, row in ROWS.items():
        if row.table != title:
            continue
        runs = kept_runs(name)
        if not runs:
            continue
        found = evaluations(runs)
        steps = json.loads((runs[0] / "status.json").read_text())["step"]
        cells = [cell(column, found) for column in columns]
        beside = kept_lines.published(row.published, row.short)
        words = [f"`{row.command}`", str(len(runs)), f"{steps:,}", *cells, beside]
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines) + "\n"


def kept_runs(name: str) -> list[Path]:
    """The kept runs of a row, a folder for each seed."""
    runs = [KEPT / f"{name}-{seed}" for seed in ROWS[name].seeds]
    return [run for run in runs if run.is_dir()]


def evaluations(runs: Sequence[Path]) -> list[Evaluation]:
    """What the kept runs were found to be."""
    return [Evaluation.from_json((run / "evaluation.json").read_text()) for run in runs]


def cell(figure: str, found: Sequence[Evaluation]) -> str:
    """One figure of runs that differ by their seeds alone, beside that of real examples."""
    values = [evaluation.figures[figure] for evaluation in found if figure in evaluation.figures]
    if not values:
        return "–"
    reference = values[0].reference
    beside = "" if reference is None else f"; real {shown(figure)(reference)}"
    return over_seeds(figure, values) + beside


def over_seeds(figure: str, values: Sequence[EstimatedFigure]) -> str:
    """The mean with Student's interval over seeds, of log-odds for shares, or one's own interval."""
    show = shown(figure)
    mean = share_over_seeds if figure in PERCENT else mean_over_seeds
    spread = mean([value.value for value in values])
    low, high = (values[0].low, values[0].high) if spread.low is None else (spread.low, spread.high)
    assert low is not None
    assert high is not None
    return f"{show(spread.value)} [{show(low)}, {show(high)}]"


def shown(figure: str) -> Callable[[float], str]:
    """How a figure is written."""
    if figure in PERCENT:
        return lambda value: f"{100 * value:.1f} %"
    return lambda value: f"{value:.3g}" if math.isfinite(value) else "–"


def write_tables() -> None:
    """Replace the tables in README.md."""
    page = HERE / "README.md"
    for title in COLUMNS:
        begin, end = BEGIN.format(title), END.format(title)
        before, _, rest = page.read_text().partition(begin)
        _, _, after = rest.partition(end)
        page.write_text(before + begin + table(title) + end + after)


def main(words: Sequence[str]) -> None:
    """Carry out one of the three commands."""
    match list(words):
        case ["make", folder, *names]:
            make(Path(folder), names)
        case ["keep", folder]:
            keep(Path(folder))
        case ["table"]:
            write_tables()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What each system of the zoo reached here, beside what is published of it: what `sparring zoo` shows.

    python reproduction/systems.py write    # after any of the records has changed

Figures come from what the other scripts keep; those of runs that were not kept, from the tables of pages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import dropwhile, takewhile
from pathlib import Path

import bayesian_gan
import few_labels
import kept_lines
import recorded
import steadiness
import time_to_quality
import translating

import sparring
from sparring.reporting.statistics import geometric_mean_over_seeds
from sparring.settings import as_option
from sparring.shown import counted
from sparring.zoo.measured import Comparison

HERE = Path(__file__).parent
SHOWN = Path(sparring.__file__).parent / "zoo" / "measured.json"
"""What `sparring zoo` shows of each system."""
README, LARGE_IMAGES = HERE / "README.md", HERE / "large_images.md"
LISTINGS, FIVE = "## The three listings", "## Five systems, five minutes each"
OF_0_1 = "by sparring 0.1"
QUALITY = {"PSNR": "PSNR", "fid": "FID"}
"""What is shown of images made of others, with its titles."""
PUBLISHED = {
    "dcgan": "none by these figures; features of its critic classify 82.8 % of CIFAR-10 "
    "(Radford et al. 2015)",
    "wgan": "none: pictures, and curves of the loss (Arjovsky et al. 2017)",
    "wgan-gp": "none of these networks; of others on MNIST FID 6.915 ± 0.10 by another classifier's "
    "features (Bińkowski et al. 2018, table 3)",
    "began": "none of digits; on CIFAR-10 an inception score of 5.62 (as Gulrajani et al. 2017 quote it)",
    "fastgan": "none of such images; the paper has others, of up to 1,024 pixels (Liu et al. 2021)",
    "bayesian-gan": "of what is generated no number: curves, in which ten generators come nearer to the data "
    "than one (Saatchi and Wilson 2017, section 4.1)",
    "cartoon": "no figure of such videos",
}
"""What there is of systems whose records have no column for it."""


@dataclass(frozen=True)
class Record:
    """What is known of a system from one place."""

    published: str
    make: str = ""
    """The command that makes the runs, where a script does."""
    found: str = ""
    """The figures and how they were got; empty where there are no runs."""

    @property
    def comparison(self) -> Comparison:
        """It in the words of the zoo."""
        return Comparison(self.published, self.found or f"not recorded yet: {self.make}")


def said(figures: str, seeds: int, command: str, *notes: str) -> str:
    """Figures, and how they were got."""
    return f"{figures} ({'; '.join([counted(seeds, 'seed'), *notes])}): {command}"


def of_run(name: str, *figures: str) -> Record:
    """A row of recorded.py."""
    row = recorded.ROWS[name]
    make = f"python reproduction/recorded.py make FOLDER {name}"
    found = [evaluation.figures for evaluation in recorded.evaluations(recorded.kept_runs(name))]
    if not found:
        return Record(row.published, make)
    titles = recorded.COLUMNS[row.table]
    words = [f"{titles[each]} {recorded.over_seeds(each, [run[each] for run in found])}" for each in figures]
    command = f"sparring train {row.command}"
    return Record(row.published, make, said(", ".join(words), len(found), command, *short(row.short)))


def short(length: str) -> Sequence[str]:
    """That runs have only such a length; nothing where that is the published one."""
    return [f"short: {length}"] if length else []


def of_few_labels(name: str) -> Record:
    """A row of few_labels.py."""
    row = few_labels.ROWS[name]
    make = f"python reproduction/few_labels.py make FOLDER {name}"
    runs = [line for line in kept_lines.read(few_labels.RECORD) if line["row"] == name]
    if not runs:
        return Record(row.published, make)
    words = ", ".join(
        f"{title} {few_labels.percent(runs, column)} %"
        for column, title in (("error", "test error"), ("labels_alone", "from the labels alone"))
        if runs[0][column] is not None
    )
    command = f"sparring train {row.command}"
    return Record(row.published, make, said(words, len(runs), command, *short(row.short)))


def of_translation(name: str, figures: Mapping[str, str] = QUALITY) -> Record:
    """A claim of translating.py: figures of the whole system, and of what it is compared with."""
    claim = translating.CLAIMS[name]
    make = f"python reproduction/translating.py measure FOLDER {name}"
    runs = {each: translating.kept().get(claim.command(each), {}) for each in ("whole", "less")}
    seeds = [seed for seed in runs["whole"] if seed in runs["less"]]
    if not seeds:
        return Record(claim.published, make)
    whole, less = (
        ", ".join(
            f"{title} {translating.over_seeds(figure, [runs[each][seed][figure] for seed in seeds])}"
            for figure, title in figures.items()
        )
        for each in ("whole", "less")
    )
    other = {option: value for option, value in claim.less.items() if claim.whole.get(option) != value}
    words = " ".join(word for option, value in other.items() for word in as_option(option, value))
    found = f"{whole}; with {words} {less}"
    return Record(claim.published, make, said(found, len(seeds), claim.command("whole"), "short"))


def of_minutes(system: str, published: str) -> Record:
    """A system's three minutes of time_to_quality.py."""
    make = f"python reproduction/time_to_quality.py make FOLDER {system}"
    runs = [line for line in kept_lines.read(time_to_quality.RECORD) if line["name"] == system]
    if not runs:
        return Record(published, make)
    last = [run["points"][-1] for run in runs]
    words = ", ".join(
        f"{title} {time_to_quality.cell(figure, last)}"
        for figure, title in time_to_quality.FIGURES.items()
        if figure in ("fid", "coverage")
    )
    command = time_to_quality.ATTEMPTS[system].command
    return Record(published, make, said(words, len(runs), command, "short"))


def of_generators() -> Record:
    """Ten generators of bayesian_gan.py against one."""
    published, make = PUBLISHED["bayesian-gan"], "python reproduction/bayesian_gan.py make FOLDER"
    lines = [line for line in kept_lines.read(bayesian_gan.RECORD) if line["steps"] == bayesian_gan.STEPS]
    jsd = {
        count: [line["jsd"] for line in lines if line["generators"] == count]
        for count in bayesian_gan.GENERATORS
    }
    if not all(jsd.values()):
        return Record(published, make)
    one, ten = (geometric(values, ".3f") for values in jsd.values())
    words = f"Jensen-Shannon divergence {ten} of ten generators, {one} of one"
    return Record(published, make, said(words, len(jsd[10]), make, "smaller networks"))


def of_videos() -> Record:
    """What steadiness.py found of a pan."""
    make = "python reproduction/steadiness.py measure FOLDER"
    lines = kept_lines.read(steadiness.KEPT)
    without, steady = (
        [line["pan warping made"] for line in lines if line["weight"] == weight]
        for weight in steadiness.WEIGHTS
    )
    if not without or not steady:
        return Record(PUBLISHED["cartoon"], make)
    words = (
        f"warping error of a pan {geometric(steady, '.4f')} with --steadiness-weight "
        f"{steadiness.WEIGHTS[1]:g}, {geometric(without, '.4f')} without"
    )
    return Record(PUBLISHED["cartoon"], make, said(words, len(steady), make, "short"))


def geometric(values: Sequence[float], form: str) -> str:
    """The geometric mean over seeds with its interval."""
    return kept_lines.interval(geometric_mean_over_seeds(values), form)


def of_listing() -> Record:
    """The convolutional listing, in a table of README.md."""
    row = row_of(README, LISTINGS, "`dcgan-tflearn`")
    length = row["length"].removesuffix(": shortened")
    command = row["command"].strip("`")
    return Record(row["published"], found=said(row["here"], 1, command, *short(length), OF_0_1))


def of_five(system: str, threads: int) -> Record:
    """A system's five minutes, in a table of README.md."""
    row = row_of(README, FIVE, f"`{system}`")
    preset = "" if "--preset" in system else " --preset paper"
    command = f"sparring train {system}{preset} --max-minutes 5 --seed 0 --threads {threads}"
    words = f"FID {row['FID']}, coverage {row['coverage']}"
    return Record(
        PUBLISHED[system.split()[0]], found=said(words, 1, command, f"short: {row['steps']} steps", OF_0_1)
    )


def of_emoji() -> Record:
    """FastGAN's ten minutes of emoji, in a table of the page on large images."""
    row = row_of(LARGE_IMAGES, "After ten minutes of one core", "`fastgan`")
    command = "sparring train fastgan --data folder:emoji --size 64 --max-minutes 10 --seed 0 --threads 1"
    words = f"FID {row['FID']}, recall {row['recall']}, coverage {row['coverage']}"
    return Record(PUBLISHED["fastgan"], found=said(words, 1, command, f"short: {row['steps']} steps"))


def is_row(line: str) -> bool:
    """Whether a line is of a table."""
    return line.startswith("|")


def row_of(page: Path, after: str, name: str) -> Mapping[str, str]:
    """The row of a name in the first table after some words of a page, each cell by its title."""
    _, _, rest = page.read_text().partition(after)
    table = takewhile(is_row, dropwhile(lambda line: not is_row(line), rest.splitlines()))
    titles, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
    return dict(zip(titles, next(row for row in rows if row[0] == name), strict=True))


def records() -> dict[str, Sequence[Record]]:
    """All that is known of each system, first what says most of it."""
    return {
        "gan": [of_run("gan", "fid", "coverage")],
        "dcgan-tflearn": [of_listing()],
        "acgan": [of_run("acgan", "label_agreement", "fid")],
        "dcgan": [of_minutes("dcgan", PUBLISHED["dcgan"]), of_five("dcgan", 2)],
        "wgan": [of_minutes("wgan", PUBLISHED["wgan"]), of_five("wgan", 2)],
        "wgan-gp": [of_minutes("wgan-gp", PUBLISHED["wgan-gp"]), of_five("wgan-gp --preset digits", 1)],
        "began": [of_minutes("began", PUBLISHED["began"]), of_five("began --preset digits", 1)],
        "r3gan": [
            of_run("demo", "fid", "label_agreement"),
            of_run("ring", "modes", "high_quality_share"),
            of_run("grid", "modes", "high_quality_share"),
        ],
        "fastgan": [of_emoji(), of_minutes("fastgan", PUBLISHED["fastgan"])],
        "language-model": [
            of_run("language-model", "oracle_nll", "held_out_nll"),
            of_run("quatrains-language-model", "bleu_2", "held_out_nll"),
        ],
        "seqgan": [
            of_run("seqgan", "oracle_nll", "held_out_nll"),
            of_run("quatrains-seqgan", "bleu_2", "held_out_nll"),
        ],
        "relgan": [of_run("quatrains-relgan", "bleu_2", "held_out_nll")],
        "improved-gan": [
            of_few_labels(name)
            for name in (
                "mnist-100-full",
                "mnist-100-float32",
                "mnist-100",
                "matching-50",
                "fashion-1000",
                "emoji-20",
            )
        ],
        "bad-gan": [of_few_labels("bad-gan-50")],
        "bayesian-gan": [of_generators(), of_few_labels("bayesian-100")],
        "pix2pix": [of_translation("emoji"), of_translation("skips")],
        "restore": [of_translation("edges")],
        "inpaint": [of_translation("inpaint")],
        "srgan": [of_translation("srgan")],
        "denoise": [of_translation("denoise")],
        "cyclegan": [of_translation("digits", {"label kept": "label kept"}), of_translation("identity")],
        "cartoon": [of_videos()],
    }


def shown() -> dict[str, list[dict[str, str]]]:
    """Of each system what was found; of one of which nothing was, how it will be."""
    return {
        system: [asdict(each.comparison) for each in known if each.found] or [asdict(known[0].comparison)]
        for system, known in records().items()
    }


def text() -> str:
    """What the packaged file has."""
    return json.dumps(shown(), indent=1, ensure_ascii=False) + "\n"


def main(words: Sequence[str]) -> None:
    """Carry out the command."""
    match list(words):
        case ["write"]:
            SHOWN.write_text(text())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

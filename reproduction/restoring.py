"""What the critics of inpaint, srgan and denoise do, measured against the same system without.

    python reproduction/restoring.py measure FOLDER [NAME ...]    # train and evaluate; go on any time
    python reproduction/restoring.py table                        # write restoring.md from what was measured

`measure` is given in a folder that holds Fashion-MNIST as `fashion-mnist` (the four .gz files), and keeps
only figures, in restoring.json; FOLDER is for runs that are not finished.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from sparring.data import Column, Dataset, load_dataset
from sparring.data.kinds import Images
from sparring.evaluation.runs import evaluate
from sparring.randomness import Randomness
from sparring.reporting.statistics import mean_over_seeds
from sparring.runs.folder import Run
from sparring.training.resume import resume
from sparring.training.train import train
from sparring.translation.degradations import correlated_noise

HERE = Path(__file__).resolve().parent
KEPT, PAGE = HERE / "restoring.json", HERE / "restoring.md"
FASHION = "idx:fashion-mnist"
SEEDS = (0, 1, 2)
SAMPLES = 2000
FIGURES = ("PSNR", "PSNR of the input", "SSIM", "fid", "fid_of_input")
DULL, DARKEST = 0.6, 51
"""Contrast that is left of images before noise is added, and what black becomes: nothing is cut off."""


@dataclass(frozen=True)
class Claim:
    """Two variants of a system, and what is published of them."""

    system: str
    data: str
    options: dict[str, str | int | float | bool]
    whole: dict[str, str | int | float]
    """The options of the system itself."""
    less: dict[str, str | int | float]
    """And of what it is compared with."""
    claim: str


CLAIMS = {
    "inpaint": Claim(
        "inpaint",
        FASHION,
        {"preset": "small", "flips": False, "jitter": 0.0, "max_steps": 1000},
        {"adversarial_weight": 0.03},
        {"adversarial_weight": 0.0},
        "the joint loss is below squares alone in PSNR, and better in FID (Pathak et al. 2016)",
    ),
    "srgan": Claim(
        "srgan",
        FASHION,
        {"preset": "small", "flips": False, "resnet_steps": 700, "max_steps": 1400},
        {"adversarial_weight": 0.01},
        {"adversarial_weight": 0.0},
        "SRGAN is below SRResNet in PSNR (29.40 and 32.05 on Set5), and better in FID (Ledig et al. 2017)",
    ),
    "denoise": Claim(
        "denoise",
        f"{Path(__file__).resolve()}:noisy_fashion",
        {"preset": "small", "flips": False, "batch_size": 32, "n_critic": 3, "noise_steps": 500},
        {"noise": "learnt", "max_steps": 1200},
        {"noise": "white", "max_steps": 700},
        "noise learnt from noisy images alone makes a better denoiser than white noise that is as strong "
        "(Chen et al. 2018)",
    ),
}


def noisy_fashion() -> Dataset:
    """Fashion of less contrast with noise that is alike in neighbours; other images without noise."""
    whole = load_dataset(FASHION)
    assert whole.held_out is not None
    train, test = (_noisy(part.examples.values, seed) for seed, part in enumerate((whole, whole.held_out)))
    half = len(train) // 2
    parts = {
        "A": Dataset("noisy", train.condition[:half]),
        "B": Dataset("clean", train.examples[half:]),
    }
    held = {"A": Dataset("noisy", test.condition), "B": Dataset("clean", test.examples)}
    held_out = Dataset("pairs", test.examples, test.condition, parts=held)
    return Dataset("noisy fashion", train.examples, train.condition, held_out, parts=parts)


def _noisy(images: torch.Tensor, seed: int) -> Dataset:
    kind = Images(tuple(images.shape[1:]))
    clean = (images.float() * DULL + DARKEST).round().to(torch.uint8)
    parts, random = [], Randomness(seed)
    for part in clean.split(1000):
        parts.append(kind.decode(correlated_noise(kind.encode(part), random)))
    return Dataset("noisy", Column(kind, clean), Column(kind, torch.cat(parts)))


def measure(folder: Path, names: Sequence[str]) -> None:
    """Train and evaluate what is not measured yet."""
    for seed in SEEDS:
        for name in names or CLAIMS:
            for variant in ("whole", "less"):
                key = f"{name} {variant} {seed}"
                if key not in kept():
                    found = figures_of(CLAIMS[name], variant, seed, folder / key.replace(" ", "-"))
                    KEPT.write_text(json.dumps(kept() | {key: found}, indent=1) + "\n")


def figures_of(claim: Claim, variant: str, seed: int, path: Path) -> dict[str, float]:
    """The figures of a run, which is trained, or gone on with, and then deleted."""
    options = claim.options | getattr(claim, variant)
    if not (path / "run.json").is_file():
        train(claim.system, data=claim.data, **options, seed=seed, threads=1, out=path, quiet=True)  # type: ignore[arg-type]
    elif not Run.open(path).finished:
        resume(path, quiet=True)
    found = evaluate(path, count=SAMPLES, quiet=True).figures
    shutil.rmtree(path)
    return {figure: found[figure].value for figure in FIGURES if figure in found}


def kept() -> dict[str, dict[str, float]]:
    """What was measured, by claim, variant and seed."""
    known: dict[str, dict[str, float]] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    return known


def table() -> str:
    """The page: for each claim its figures, and the differences of each seed's pair with their interval."""
    lines = [
        "# What critics do in restoring images",
        "",
        f"Fashion-MNIST, figures of {SAMPLES:,} of its test images; means of seeds with Student's 95 % "
        "interval, and of the differences within each seed. Runs are short, with the narrow networks of "
        "`--preset small`. Written by [restoring.py](restoring.py), which has the options, from "
        "[restoring.json](restoring.json).",
    ]
    for name, claim in CLAIMS.items():
        seeds = [
            seed for seed in SEEDS if all(f"{name} {each} {seed}" in kept() for each in ("whole", "less"))
        ]
        if not seeds:
            continue
        runs = {each: [kept()[f"{name} {each} {seed}"] for seed in seeds] for each in ("whole", "less")}
        lines += ["", f"## {name}: {claim.claim}", ""]
        titles = f"figure, {len(seeds)} seeds", _words(claim.whole), _words(claim.less), "difference"
        lines += [f"| {' | '.join(titles)} |", "|---|---|---|---|"]
        for figure in [figure for figure in FIGURES if figure in runs["whole"][0]]:
            whole, less = ([run[figure] for run in runs[each]] for each in ("whole", "less"))
            apart = [ours - theirs for ours, theirs in zip(whole, less, strict=True)]
            lines.append(f"| {figure} | {' | '.join(_spread(values) for values in (whole, less, apart))} |")
    return "\n".join(lines) + "\n"


def _words(options: dict[str, str | int | float]) -> str:
    return " ".join(f"`--{name.replace('_', '-')} {value}`" for name, value in options.items())


def _spread(values: Sequence[float]) -> str:
    spread = mean_over_seeds(values)
    beside = "" if spread.low is None else f" [{spread.low:.3g}, {spread.high:.3g}]"
    return f"{spread.value:.3g}{beside}"


def main(words: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(words):
        case ["measure", folder, *names]:
            measure(Path(folder), names)
        case ["table"]:
            PAGE.write_text(table())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

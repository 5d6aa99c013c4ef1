"""What parts of the systems that make images of images do, measured against the same system without.

    python reproduction/translating.py measure FOLDER [NAME ...]    # train and evaluate; go on any time
    python reproduction/translating.py table                        # write translating.md

`measure` is given in a folder that holds Fashion-MNIST as `fashion-mnist` (the four .gz files) and emoji in
two styles as `emoji` (google/ and twitter/), and keeps only figures, in translating.json; FOLDER is for runs
that are not finished.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kept_lines
from trained import trained
from translation_data import FASHION

from sparring.evaluation.runs import evaluate
from sparring.reporting.statistics import mean_over_seeds, share_over_seeds
from sparring.settings import as_option
from sparring.shown import counted

HERE = Path(__file__).resolve().parent
KEPT, PAGE = HERE / "translating.json", HERE / "translating.md"
EMOJI, MADE = "pairs:emoji", HERE / "translation_data.py"
SEEDS = (0, 1, 2)
SAMPLES = 2000
SHARES = ("label kept", "label kept of the input", "label of real targets")
FIGURES = (
    "PSNR",
    "PSNR of the input",
    "SSIM",
    "SSIM of the input",
    "feature distance",
    "feature distance of the input",
    "fid",
    "fid_of_input",
    "cycle error of A",
    "cycle error of B",
    *SHARES,
)


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
    published: str = "no figure of such images"
    """What the paper has of the two, with other data, larger networks and longer runs."""

    def command(self, variant: str) -> str:
        """How `whole`, or `less`, is trained, without its seed; claims may have runs in common."""
        words = _words(self.options | getattr(self, variant))
        return f"sparring train {self.system} --data {Path(self.data).name} {words}"


PIX2PIX = {"size": 32, "preset": "small", "flips": False, "hold_out": 0.1, "max_steps": 1600}
UNKNOWN = {"hold_out_classes": "animals-nature,food-drink"}
CYCLEGAN = {"size": 32, "preset": "small", "flips": False, "hold_out": 0.1, "max_steps": 1000}
CLAIMS = {
    "emoji": Claim(
        "pix2pix",
        EMOJI,
        PIX2PIX,
        {"adversarial_weight": 1.0, "skips": True},
        {"adversarial_weight": 0.0, "skips": True},
        "L1 and critic have a better FID than L1 alone (Isola et al. 2017, table 1)",
        "on Cityscapes a network that was trained on real photographs recognises 66 % of the pixels that L1 "
        "and critic make, 42 % of those that L1 alone makes (Isola et al. 2017, table 1)",
    ),
    "skips": Claim(
        "pix2pix",
        EMOJI,
        PIX2PIX,
        {"adversarial_weight": 1.0, "skips": True},
        {"adversarial_weight": 1.0, "skips": False},
        "the U-Net is above an encoder-decoder (Isola et al. 2017, table 2)",
        "on Cityscapes a network that was trained on real photographs recognises 55 % of the pixels that the "
        "U-Net makes, 29 % of the encoder-decoder's (Isola et al. 2017, table 2)",
    ),
    "categories": Claim(
        "pix2pix",
        EMOJI,
        {"size": 32, "preset": "small", "flips": False, "max_steps": 1000} | UNKNOWN,
        {"adversarial_weight": 1.0},
        {"adversarial_weight": 0.0},
        "of categories that were never seen too, L1 and critic have a better FID than L1 alone",
    ),
    "edges": Claim(
        "restore",
        FASHION,
        {"preset": "small", "degradation": "edges", "flips": False, "jitter": 0.0, "max_steps": 1000},
        {"adversarial_weight": 1.0},
        {"adversarial_weight": 0.0},
        "of edges, L1 and critic have a better FID than L1 alone (Isola et al. 2017, table 1)",
    ),
    "inpaint": Claim(
        "inpaint",
        FASHION,
        {"preset": "small", "flips": False, "jitter": 0.0, "max_steps": 1000},
        {"adversarial_weight": 0.3},
        {"adversarial_weight": 0.0},
        "the joint loss is below squares alone in PSNR, and better in FID (Pathak et al. 2016)",
    ),
    "srgan": Claim(
        "srgan",
        FASHION,
        {"preset": "small", "flips": False, "resnet_steps": 700, "max_steps": 1400},
        {"adversarial_weight": 0.01},
        {"adversarial_weight": 0.0},
        "SRGAN is below SRResNet in PSNR, and better in FID (Ledig et al. 2017)",
        "PSNR on Set5, four times as large: SRGAN 29.40, SRResNet 32.05 (Ledig et al. 2017)",
    ),
    "denoise": Claim(
        "denoise",
        f"{MADE}:noisy_fashion",
        {"preset": "small", "flips": False, "batch_size": 32, "n_critic": 3, "noise_steps": 300},
        {"noise": "learnt", "max_steps": 800},
        {"noise": "white", "max_steps": 500},
        "noise learnt from noisy images alone makes a better denoiser than white noise that is as strong "
        "(Chen et al. 2018)",
    ),
    "identity": Claim(
        "cyclegan",
        EMOJI,
        CYCLEGAN,
        {"identity_weight": 0.5, "pool": 50},
        {"identity_weight": 0.0, "pool": 50},
        "identity keeps colours, and what is made is nearer to the true pair than the input is "
        "(Zhu et al. 2017)",
    ),
    "pool": Claim(
        "cyclegan",
        EMOJI,
        CYCLEGAN,
        {"identity_weight": 0.5, "pool": 50},
        {"identity_weight": 0.5, "pool": 0},
        "a pool of images made before steadies the critics (Shrivastava et al. 2017)",
    ),
    "digits": Claim(
        "cyclegan",
        f"{MADE}:recoloured_digits",
        {"preset": "small", "flips": False, "max_steps": 700},
        {"cycle_weight": 10.0},
        {"cycle_weight": 0.0},
        "digits of other colours stay what they are: at least 90 %, with the cycle",
    ),
}


def measure(folder: Path, names: Sequence[str]) -> None:
    """Train and evaluate what is not measured yet."""
    for seed in SEEDS:
        for name in names or CLAIMS:
            for variant in ("whole", "less"):
                command = CLAIMS[name].command(variant)
                if str(seed) not in kept().get(command, {}):
                    found = figures_of(CLAIMS[name], variant, seed, folder / f"{name}-{variant}-{seed}")
                    seeds = kept().get(command, {}) | {str(seed): found}
                    KEPT.write_text(json.dumps(kept() | {command: seeds}, indent=1) + "\n")


def figures_of(claim: Claim, variant: str, seed: int, path: Path) -> dict[str, float]:
    """The figures of a run, which is trained, or gone on with, and then deleted."""
    options = claim.options | getattr(claim, variant)
    trained(path, claim.system, data=claim.data, seed=seed, **options)
    found = evaluate(path, count=SAMPLES, quiet=True).figures
    shutil.rmtree(path)
    return {name: found[name].value for name in FIGURES if name in found}


def kept() -> dict[str, dict[str, dict[str, float]]]:
    """What was measured, by command, seed and figure."""
    known: dict[str, dict[str, dict[str, float]]] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    return known


def table() -> str:
    """The page: for each claim its figures, and the differences of each seed's pair with their interval."""
    lines = [
        "# What parts of translators do",
        "",
        f"Figures of up to {SAMPLES:,} held-out images; means of seeds with Student's 95 % interval (of "
        "shares, of their log-odds), and of the differences within each seed. Runs are short, with the "
        "narrow networks of `--preset small`. Written by [translating.py](translating.py), which has the "
        "options, from [translating.json](translating.json). `srgan` and `denoise` were measured before "
        "what is beyond black and white was cut off, as a picture does: their PSNR may be some tenths of a "
        "decibel more. SSIM stands only where runs were measured after 2026-11-29: before, it was taken of "
        "values from -1 to 1, of which its brightness means nothing.",
    ]
    for name, claim in CLAIMS.items():
        known = {each: kept().get(claim.command(each), {}) for each in ("whole", "less")}
        seeds = [seed for seed in known["whole"] if seed in known["less"]]
        if not seeds:
            continue
        runs = {each: [known[each][seed] for seed in seeds] for each in known}
        lines += ["", f"## {name}: {claim.claim}", "", f"Published: {claim.published}.", ""]
        titles = (
            f"figure, {counted(len(seeds), 'seed')}",
            f"`{_words(claim.whole)}`",
            f"`{_words(claim.less)}`",
            "difference",
        )
        lines += [f"| {' | '.join(titles)} |", "|---|---|---|---|"]
        every = [run for own in runs.values() for run in own]
        for figure in [figure for figure in FIGURES if all(figure in run for run in every)]:
            whole, less = ([run[figure] for run in runs[each]] for each in ("whole", "less"))
            apart = [ours - theirs for ours, theirs in zip(whole, less, strict=True)]
            difference = kept_lines.interval(mean_over_seeds(apart), ".3g")
            cells = (over_seeds(figure, whole), over_seeds(figure, less), difference)
            lines.append(f"| {figure} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def over_seeds(figure: str, values: Sequence[float]) -> str:
    """The mean over seeds with Student's interval, of shares that of their log-odds."""
    mean = share_over_seeds if figure in SHARES else mean_over_seeds
    return kept_lines.interval(mean(values), ".3g")


def _words(options: dict[str, Any]) -> str:
    return " ".join(word for name, value in options.items() for word in as_option(name, value))


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

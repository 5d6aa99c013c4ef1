"""What each trick does: trained with it and without, from two base systems, with several seeds.

    python reproduction/tricks.py measure BASE [NAME ...]    # make the runs that are missing; go on any time
    python reproduction/tricks.py write                      # tables, pictures, what `sparring tricks` shows

Of every run a line is kept in tricks.jsonl: figures, findings, seconds; its folder is dropped. A run with a
trick is compared with the run without that has the same seed, and a verdict follows from the interval alone
(see effects.py). The runs are short, and all that is written of them says so.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines
from advice import first_to_try, instead, optimisers, verdicts
from effects import AGAINST, WITHOUT, draw, effects, section

import sparring
from sparring import __version__
from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.errors import SettingError, TrainingError
from sparring.evaluation.evaluate import evaluate_samples
from sparring.loading import load
from sparring.runs.folder import Run
from sparring.settings import as_option
from sparring.tricks import TRICKS
from sparring.zoo import find_system

HERE = Path(__file__).parent
RECORD = HERE / "tricks.jsonl"
PAGE = HERE / "tricks.md"
GUIDE = HERE.parent / "docs" / "tricks.md"
QUALITY = HERE / "time_to_quality.jsonl"
"""Runs of whole systems in equal time."""
SHOWN = Path(sparring.__file__).parent / "tricks" / "measured.json"
"""What `sparring tricks` shows of each trick."""
SEEDS = range(5)
SAMPLES = 2500
FIGURES = ("fid", "coverage", "reverse_kl")


def words(settings: Mapping[str, Any]) -> str:
    """Settings as a command line has them."""
    return " ".join(word for name, value in settings.items() for word in as_option(name, value))


@dataclass(frozen=True)
class Base:
    """A system from which tricks are measured."""

    steps: int
    settings: Mapping[str, Any] = field(default_factory=dict)


BASES = {"gan": Base(2500), "dcgan-tflearn": Base(400, {"batch_size": 32, "width": 16})}


@dataclass(frozen=True)
class Arm:
    """Some flags, compared with none."""

    flags: Mapping[str, Any]
    advice: str = "–"
    """Whose advice it is: an item of the seven that surveys repeat (A) or of ganhacks' seventeen (G)."""

    @property
    def trick(self) -> str | None:
        """The name of the trick that the first of the flags is of; None for settings of the system."""
        first = next(iter(self.flags))
        of_tricks = {each.name: name for name, trick in TRICKS.items() for each in fields(trick.Settings)}
        return of_tricks.get(first)


ARMS = {
    "new noise at every step": Arm({"fixed_noise": False}),
    "minimax loss": Arm({"saturating": True}, "against G2"),
    "Gaussian noise": Arm({"gaussian_noise": True}, "G3"),
    "conditioning": Arm({"conditioning": True}, "A3, G12, G16"),
    "five critic steps": Arm({"discriminator_steps": 5}, "G14"),
    "two generator steps": Arm({"generator_turns": 2}, "against G14"),
    "weight average": Arm({"weight_average": 0.99}),
    "rates of 1e-4": Arm({"generator_lr": 1e-4, "discriminator_lr": 1e-4}, "A6"),
    "rates that fall to 0": Arm({"learning_rate_decay": 1.0}, "A6"),
    "critic at four times the rate": Arm({"discriminator_lr": 4e-3}),
    "instance noise": Arm({"instance_noise": 0.1}, "A7, G13"),
    "noise in the critic's layers": Arm({"layer_noise": 0.2}, "A7"),
    "fading blur": Arm({"blur": 4}),
    "one-sided smoothing": Arm({"smoothing": 0.1}, "A3, G6"),
    "two-sided smoothing": Arm({"smoothing": 0.1, "smoothing_fake": 0.1}, "A3, G6"),
    "flipped labels": Arm({"flipping": 0.05}, "A3, G6"),
    "top-k": Arm({"top_k": 0.5}),
    "packing": Arm({"packing": 2}),
    "spectral norm, critic": Arm({"spectral_norm": "critic"}),
    "spectral norm, both": Arm({"spectral_norm": "both"}),
    "unrolling": Arm({"unrolling": 3}),
    "historical averaging": Arm({"historical_averaging": 0.1}),
    "augmentation": Arm({"augment_colour": 1.0, "augment_translation": 0.125, "augment_cutout": 0.5}),
    "adaptive augmentation": Arm({"adaptive_augmentation": 0.6}),
    "images from -1 to 1": Arm({"tanh_output": True}, "A1, G1"),
    "Wasserstein, weights clipped": Arm({"loss": "wasserstein", "clip_weights": 0.01}, "A2"),
    "Wasserstein, gradient penalty": Arm({"loss": "wasserstein", "gradient_penalty": 10.0}, "A2"),
    "least squares": Arm({"loss": "least-squares"}),
    "hinge": Arm({"loss": "hinge"}),
    "relativistic": Arm({"loss": "relativistic"}),
    "relativistic, R1 and R2": Arm({"loss": "relativistic", "r1": 1.0, "r2": 1.0}),
    "R1": Arm({"r1": 1.0}),
    "R1 and R2": Arm({"r1": 1.0, "r2": 1.0}),
    "gradient penalty": Arm({"gradient_penalty": 1.0}),
    "LeCam": Arm({"lecam": 0.3}),
    "consistency": Arm({"consistency": 10.0}),
    "minibatch deviation": Arm({"minibatch_deviation": True}, "G15"),
    "minibatch discrimination": Arm({"minibatch_discrimination": 20}, "G15"),
    "feature matching": Arm({"feature_matching": True}),
    "separate batches": Arm({"separate_batches": True, "critic_norm": "batch"}, "G4"),
    "replay": Arm({"replay": 640}, "G8"),
    "batch norm, generator": Arm({"generator_norm": "batch"}, "A4"),
    "batch norm, critic": Arm({"critic_norm": "batch"}, "A4"),
    "instance norm, generator": Arm({"generator_norm": "instance"}, "A4"),
    "layer norm, generator": Arm({"generator_norm": "layer"}),
    "virtual batch norm, generator": Arm({"generator_norm": "virtual"}, "A4"),
    "virtual batch norm, critic": Arm({"critic_norm": "virtual"}, "A4"),
    "no norm, generator": Arm({"generator_norm": "none"}, "against A4"),
    "weight norm, both": Arm({"generator_norm": "weight", "critic_norm": "weight"}, "A4"),
    "leaky ReLU, critic": Arm({"critic_activation": "leaky-relu"}, "A5, G5"),
    "leaky ReLU, both": Arm(
        {"generator_activation": "leaky-relu", "critic_activation": "leaky-relu"}, "A5, G5"
    ),
    "ReLU, both": Arm({"generator_activation": "relu", "critic_activation": "relu"}, "against A5, G5"),
    "max pooling": Arm({"critic_pooling": "max"}, "against A5, G5"),
    "dropout in the generator": Arm({"generator_dropout": 0.5}),
    "dropout, at sampling too": Arm({"generator_dropout": 0.5, "generator_dropout_at_sampling": True}, "G17"),
    "SGD for the critic": Arm({"critic_optimizer": "sgd", "critic_rate": 0.1}, "G9"),
    "RMSProp for both": Arm(
        {
            "generator_optimizer": "rmsprop",
            "critic_optimizer": "rmsprop",
            "generator_rate": 1e-4,
            "critic_rate": 1e-4,
        },
        "against A6",
    ),
    **{
        f"SGD at {rate:g}": Arm(
            {
                "generator_optimizer": "sgd",
                "critic_optimizer": "sgd",
                "generator_rate": rate,
                "critic_rate": rate,
            },
            "against A6",
        )
        for rate in (0.01, 0.03, 0.1, 0.3, 1.0)
    },
    **{
        f"Adam at {rate:g}": Arm({"generator_rate": rate, "critic_rate": rate}, "A6")
        for rate in (3e-5, 3e-4, 3e-3)
    },
}
"""What is measured, by name."""
RATES = {
    "Adam": (WITHOUT, "rates of 1e-4", *(name for name in ARMS if name.startswith("Adam at"))),
    "SGD": tuple(name for name in ARMS if name.startswith("SGD at")),
}
"""Two optimisers, each at five rates."""


def measure(base: str, names: Sequence[str]) -> None:
    """Make the runs that have no line in the record, all of a seed before those of the next.

    Settings that a base has not, and tricks that it refuses, are passed over.
    """
    data = load_dataset("mnist")
    known = find_system(base).Settings.of({}, base).flat()
    arms = {WITHOUT: Arm({})} | ARMS
    done = {(line["base"], line["name"], line["seed"]) for line in kept_lines.read(RECORD)}
    for seed in SEEDS:
        for name in names or arms:
            if (base, name, seed) in done or not arms[name].flags.keys() <= known.keys():
                continue
            try:
                line = made(base, name, arms[name], seed, data)
            except SettingError as error:
                print(f"{base}, {name}: {error}", flush=True)
                continue
            kept_lines.append(RECORD, line)
            print(base, name, seed, line["figures"] or line["broken"], flush=True)


def made(base: str, name: str, arm: Arm, seed: int, data: Dataset) -> dict[str, Any]:
    """The line of a run: it is trained, evaluated and dropped."""
    settings, steps = {**BASES[base].settings, **arm.flags}, BASES[base].steps
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        out, broken = Path(folder) / "run", None
        options: dict[str, Any] = {"preset": "paper", "max_steps": steps, "seed": seed, "threads": 1}
        try:
            sparring.train(base, **options, **settings, quiet=True, out=out)
        except TrainingError as error:
            broken = str(error).replace(str(out), "RUN")
        seconds = time.process_time() - began
        findings = {
            row["finding"]: row["step"] for row in Run.open(out).history() if row["kind"] == "finding"
        }
        figures = {} if broken else figures_of(out, data)
    return {
        "base": base,
        "name": name,
        "command": f"sparring train {base} {words(options | settings)}",
        "seed": seed,
        "figures": figures,
        "findings": findings,
        "broken": broken,
        "processor_seconds": round(seconds, 1),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "sparring": __version__,
    }


def figures_of(run: Path, data: Dataset) -> dict[str, float]:
    """The figures of a run's samples."""
    samples = load(run).sample(SAMPLES, seed=0)
    evaluation = evaluate_samples(Dataset("samples", samples.columns, samples.told), data, figures=FIGURES)
    return {name: figure.value for name, figure in evaluation.figures.items()}


def write() -> None:
    """Write everything that follows from the record."""
    recorded = kept_lines.read(RECORD)
    PAGE.write_text(page(PAGE.read_text(), recorded))
    GUIDE.write_text(guide(GUIDE.read_text(), recorded))
    SHOWN.write_text(json.dumps(shown(recorded), indent=1) + "\n")
    for base in BASES:
        draw(base, recorded, HERE / "images" / f"tricks-{base}.png")


def page(text: str, recorded: Sequence[kept_lines.Line]) -> str:
    """The page of all figures with its tables written anew."""
    sections = [section(base, recorded, flags(), advice()) for base in BASES]
    return kept_lines.rewritten(text, "\n".join(filter(None, sections)))


def guide(text: str, recorded: Sequence[kept_lines.Line]) -> str:
    """The user's page with what is measured written anew."""
    elsewhere = {"G7": instead("dcgan", "gan", kept_lines.read(QUALITY))}
    found = verdicts([*BASES], recorded, advice(), {item: said for item, said in elsewhere.items() if said})
    lists = f"## The two lists of advice\n\n{found}"
    compared = "\n".join(filter(None, (optimisers(base, recorded, RATES) for base in BASES)))
    return kept_lines.rewritten(text, f"{first_to_try([*BASES], recorded, flags())}\n{compared}\n{lists}")


def flags() -> dict[str, str]:
    """How each trick is asked for."""
    beside = {name: f" against `{words(ARMS[other].flags)}`" for name, other in AGAINST.items()}
    return {name: f"`{words(arm.flags)}`{beside.get(name, '')}" for name, arm in ARMS.items()}


def advice() -> dict[str, str]:
    """Whose advice each trick is."""
    return {name: arm.advice for name, arm in ARMS.items()}


def shown(recorded: Sequence[kept_lines.Line]) -> dict[str, list[str]]:
    """For each trick what was found of it, a clause for each arm and base."""
    said: dict[str, list[str]] = {name: [] for name in TRICKS}
    for name, arm in ARMS.items():
        for base in BASES:
            found = [each for each in effects(base, recorded) if each.name == name]
            if arm.trick is not None:
                asked = flags()[name].replace("`", "")
                said[arm.trick] += [f"{asked} from {base}: {each.said}" for each in found]
    return {name: clauses for name, clauses in said.items() if clauses}


def main(arguments: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(arguments):
        case ["measure", base, *names] if base in BASES and {*names} <= {WITHOUT, *ARMS}:
            measure(base, names)
        case ["write"]:
            write()
        case _:
            sys.exit(f"{__doc__}\nBases: {', '.join(BASES)}.\nNames: {', '.join([WITHOUT, *ARMS])}.")


if __name__ == "__main__":
    main(sys.argv[1:])

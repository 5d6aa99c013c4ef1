"""Golden losses: the first steps of every system are, within rounding, as they were recorded.

`python tests/test_golden_losses.py [SYSTEM ...]` records them anew. That is for a new system, or for a change
that is meant to alter numbers, in a commit of its own that says why.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.zoo import SYSTEMS

FOLDER = Path(__file__).parent / "golden"
STEPS = 4
TOLERANCE = 2e-3
"""Processors round differently, and a few steps of Adam magnify that where a gradient is nearly zero."""

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"width": 4},
    "wgan": {"width": 4, "n_critic": 2},
    "wgan-gp": {"width": 4, "n_critic": 2},
    "fastgan": {"width": 4, "latent_size": 8},
    "began": {"width": 4, "latent_size": 8},
    "r3gan": {"generator_width": 4, "discriminator_width": 4, "discriminator_units": 16},
    "improved-gan": {"labelled": 10, "width": 4},
    "bad-gan": {"labelled": 10, "width": 4, "density_weight": 0.0},
    "bayesian-gan": {"width": 4, "generators": 2},
    "pix2pix": {"width": 4, "critic_width": 4, "jitter": 0.0, "flips": False},
    "restore": {"width": 4, "critic_width": 4, "jitter": 0.0, "flips": False},
    "srgan": {"width": 4, "critic_width": 4, "blocks": 1, "resnet_steps": 2, "flips": False},
    "denoise": {
        "width": 4,
        "depth": 3,
        "critic_width": 4,
        "noise_width": 4,
        "noise_steps": 1,
        "n_critic": 2,
        "flips": False,
    },
    "cartoon": {"width": 4, "critic_width": 4, "blocks": 1, "content_steps": 1, "flips": False},
    "inpaint": {"width": 4, "critic_width": 4, "jitter": 0.0, "flips": False},
    "cyclegan": {"width": 4, "critic_width": 4, "blocks": 1, "jitter": 0.0, "flips": False},
    "seqgan": {"likelihood_epochs": 1, "critic_epochs": 1, "critic_steps": 2, "rollouts": 2},
    "relgan": {"likelihood_epochs": 1, "critic_steps": 2, "critic_filters": 8, "critic_embedding": 8},
}
"""Settings that make a system's networks small."""
SLOW = {"bad-gan": {"generator_lr": 3e-5, "discriminator_lr": 3e-5}}
"""Rates of systems whose gradients are nearly zero at first: with larger ones processors differ."""
NOT_ON_RING = {
    "gan", "fastgan", "dcgan-tflearn", "acgan", "improved-gan", "bad-gan", "restore", "inpaint", "srgan",
}  # fmt: skip
TEXTS_ONLY = {"language-model", "seqgan", "relgan"}
PAIRED = {"pix2pix": "pairs", "cyclegan": "pairs", "denoise": "colour pairs", "cartoon": "colour pairs"}
DATA = ("mnist", "colour", "ring", "texts", "pairs", "colour pairs")
CASES = [
    (system, data)
    for system in SYSTEMS
    for data in DATA
    if (data == "texts") == (system in TEXTS_ONLY)
    and (data if data.endswith("pairs") else None) == PAIRED.get(system)
    and (data != "ring" or system not in NOT_ON_RING)
    and (data != "colour" or system in SMALL or system == "gan")
]


def losses(system: str, data: str, folder: Path) -> list[dict[str, float]]:
    """The rows of the history of the first steps."""
    made = {
        "colour": lambda: f"npz:{colour_images(folder)}",
        "texts": lambda: f"text:{texts(folder)}",
        "pairs": lambda: f"pairs:{pairs(folder, 'L')}",
        "colour pairs": lambda: f"pairs:{pairs(folder, 'RGB')}",
    }
    name = made[data]() if data in made else data
    run = sparring.train(
        system,
        data=name,
        preset="paper",
        out=folder / f"{system}-{data}",
        max_steps=STEPS,
        batch_size=8,
        history_every=1,
        health_every=0,
        threads=1,
        quiet=True,
        **SMALL.get(system, {}),
        **SLOW.get(system, {}),
    )
    rows = [row for row in run.history() if row["kind"] == "steps"]
    return [{name: value for name, value in row.items() if "/" in name} for row in rows]


def colour_images(folder: Path) -> Path:
    """Sixty colour images of 16 pixels, each with a bright square, in two classes."""
    random = np.random.default_rng(7)
    images = random.integers(0, 90, (60, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(60) % 2
    for image, label in zip(images, labels, strict=True):
        image[4 : 8 + 4 * label, 4:12, label] += 150
    path = folder / "colour.npz"
    np.savez(path, images=images, labels=labels)
    return path


def pairs(folder: Path, mode: str) -> Path:
    """Sixty colour images of 16 pixels, and each in another mode, or as it is."""
    with np.load(colour_images(folder)) as file:
        images = file["images"]
    for name in "AB":
        (folder / "pairs" / name).mkdir(parents=True)
    for number, image in enumerate(images):
        Image.fromarray(image).convert(mode).save(folder / "pairs" / "A" / f"{number}.png")
        Image.fromarray(image).save(folder / "pairs" / "B" / f"{number}.png")
    return folder / "pairs"


def texts(folder: Path) -> Path:
    """Sixty texts of one to six letters out of five."""
    random = np.random.default_rng(7)
    path = folder / "texts.txt"
    lines = ["".join(random.choice(list("abcde"), 1 + number % 6)) for number in range(60)]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(("system", "data"), CASES)
def test_the_first_losses_are_as_recorded(system: str, data: str, tmp_path: Path) -> None:
    recorded = json.loads((FOLDER / f"{system}.json").read_text())[data]
    found = losses(system, data, tmp_path)
    assert len(found) == len(recorded) == STEPS
    for step, (now, then) in enumerate(zip(found, recorded, strict=True), start=1):
        for name, value in then.items():
            assert now[name] == pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE), f"step {step}: {name}"


def record(systems: Sequence[str]) -> None:
    """Write the golden losses of some systems."""
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    for system in systems:
        with tempfile.TemporaryDirectory() as folder:
            rows = {data: losses(system, data, Path(folder)) for case, data in CASES if case == system}
        (FOLDER / f"{system}.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    record(sys.argv[1:] or list(SYSTEMS))

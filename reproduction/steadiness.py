"""Whether the videos that cartoon makes flicker, with what it pays for steadiness and without.

    python reproduction/steadiness.py measure FOLDER [SEED ...]    # train, measure on clips; go on any time
    python reproduction/steadiness.py table                        # write steadiness.md

Photographs are parts of two that matplotlib and scikit-learn ship, cartoons are drawn by chance; clips are a
pan and a zoom of a third photograph, so that the motion of each pixel is known exactly. FOLDER is for runs
and clips.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kept_lines
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor
from torch.nn import functional as F
from trained import trained

import sparring
from sparring.reporting.statistics import geometric_mean_over_seeds
from sparring.translation.video import write_frames

HERE = Path(__file__).resolve().parent
KEPT, PAGE = HERE / "steadiness.jsonl", HERE / "steadiness.md"
DATA = f"{HERE / 'photographs.py'}:photographs_and_drawings"
SEEDS = (0, 1, 2)
WEIGHTS = (0.0, 20.0)
OPTIONS: dict[str, Any] = {"preset": "small", "content_steps": 200, "max_steps": 500}
FRAME, FRAMES = (160, 120), 24
PAN = (2, 1)
"""Pixels to the right and down by which the view moves with each frame."""
ZOOM = 1.01
"""How much larger everything is in each frame."""
RATE = 12


def clips() -> dict[str, tuple[list[Image.Image], Tensor]]:
    """Frames of each clip, and which place of the frame before is seen at each place of a frame, as
    `torch.nn.functional.grid_sample` has it."""
    photo = Image.fromarray(load_sample_image("china.jpg"))
    width, height = FRAME
    pan = [
        photo.crop((at * PAN[0], at * PAN[1], at * PAN[0] + 2 * width, at * PAN[1] + 2 * height))
        for at in range(0, 2 * FRAMES, 2)
    ]
    middle = photo.width / 2, photo.height / 2
    zoomed = []
    for at in range(FRAMES):
        half = width / ZOOM**at, height / ZOOM**at
        box = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
        zoomed.append(photo.resize(FRAME, Image.Resampling.BICUBIC, box=box))
    moved = torch.tensor([[1.0, 0, 2 * PAN[0] / width], [0, 1.0, 2 * PAN[1] / height]])
    larger = torch.tensor([[1 / ZOOM, 0, 0], [0, 1 / ZOOM, 0]])
    return {
        "pan": ([frame.reduce(2) for frame in pan], _places(moved)),
        "zoom": (zoomed, _places(larger)),
    }


def _places(motion: Tensor) -> Tensor:
    return F.affine_grid(motion[None], [1, 3, FRAME[1], FRAME[0]], align_corners=False)


def warping_error(frames: Tensor, places: Tensor) -> float:
    """Mean distance of each frame from the one before, moved as is known, where that is seen; of pixels from
    0 to 1."""
    moved = F.grid_sample(frames[:-1], places.expand(len(frames) - 1, -1, -1, -1), align_corners=False)
    seen = (places.abs() < 1 - 4 / min(FRAME)).all(-1)[0]
    return (frames[1:] - moved).abs()[:, :, seen].mean().item()


def flicker(frames: Tensor) -> float:
    """Mean distance of each pixel from the mean of itself a frame before and after."""
    return (frames[1:-1] - (frames[:-2] + frames[2:]) / 2).abs().mean().item()


def measure(folder: Path, seeds: Sequence[int]) -> None:
    """Train and measure what is not measured yet."""
    for seed in seeds:
        for weight in WEIGHTS:
            if not any((line["seed"], line["weight"]) == (seed, weight) for line in kept_lines.read(KEPT)):
                kept_lines.append(KEPT, {"seed": seed, "weight": weight} | figures_of(seed, weight, folder))


def figures_of(seed: int, weight: float, folder: Path) -> dict[str, float]:
    """What a run, which is trained or gone on with, comes to on each clip."""
    path = folder / f"weight-{weight:g}-seed-{seed}"
    trained(path, "cartoon", data=DATA, seed=seed, steadiness_weight=weight, **OPTIONS)
    model, found = sparring.load(path), {}
    for name, (frames, places) in clips().items():
        made = [model.translate(frame) for frame in frames]
        for word, pictures in (("input", frames), ("made", made)):
            write_frames(pictures, 1 / RATE, folder / f"{path.name}-{name}-{word}.mp4")
            values = torch.stack([_values(np.asarray(picture)) for picture in pictures])
            found[f"{name} warping {word}"] = warping_error(values, places)
            found[f"{name} flicker {word}"] = flicker(values)
    return found


def _values(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255


def table() -> str:
    """The page: for each clip what both come to, and what steadiness multiplies it by."""
    rows = {(line["seed"], line["weight"]): line for line in kept_lines.read(KEPT)}
    seeds = [seed for seed in SEEDS if all((seed, weight) in rows for weight in WEIGHTS)]
    if not seeds:
        return ""
    without, with_it = ([rows[seed, weight] for seed in seeds] for weight in WEIGHTS)
    parts = [
        f"Geometric means of {len(seeds)} seeds with Student's 95 % interval of logarithms.\n",
        f"| clip | warping error of the input | without steadiness | `--steadiness-weight {WEIGHTS[1]:g}` | "
        "times | flicker, output over input |",
        "|---|---|---|---|---|---|",
    ]
    for name in ("pan", "zoom"):
        warped = [[line[f"{name} warping made"] for line in each] for each in (without, with_it)]
        times = geometric_mean_over_seeds([ours / theirs for theirs, ours in zip(*warped, strict=True)])
        over = [line[f"{name} flicker made"] / line[f"{name} flicker input"] for line in with_it]
        cells = [
            name,
            f"{with_it[0][f'{name} warping input']:.4f}",
            *(_of(values, ".4f") for values in warped),
            kept_lines.interval(times, ".2f"),
            _of(over, ".2f"),
        ]
        parts.append(f"| {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


def _of(values: Sequence[float], form: str) -> str:
    return kept_lines.interval(geometric_mean_over_seeds(values), form)


def main(words: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(words):
        case ["measure", folder, *seeds]:
            measure(Path(folder), [int(seed) for seed in seeds] or SEEDS)
        case ["table"]:
            kept_lines.write(PAGE, KEPT, lambda lines: table())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What translating takes: a clip of ten seconds, and a picture of 4,000 x 3,000 pixels by tiles.

    python benchmarks/translation.py clip RUN FOLDER       # seconds, frames a second, peak memory
    python benchmarks/translation.py picture RUN FOLDER    # seconds, peak memory
    python benchmarks/translation.py seams RUN             # what tiles differ from a picture in one piece

RUN translates colour images; for `seams` it is of a system whose tiles may be larger than the images that it
was trained on, such as srgan or cartoon. Clip and picture are made in FOLDER of the photograph that
matplotlib ships, and are given to the command line in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.cbook
import numpy as np
import torch
from PIL import Image

import sparring
from sparring.nn.modes import inference
from sparring.translation.filling import translation_of
from sparring.translation.tiles import larger_tile, overlap_of, starts
from sparring.translation.video import write_frames

SECONDS, RATE = 10, 25
FRAME = (320, 240)
PICTURE = (4000, 3000)
SEEN_WHOLE = (640, 240)
"""Several tiles, and small enough for memory in one piece, also where what is made is larger."""


def photograph(size: tuple[int, int]) -> Image.Image:
    """The photograph, cut to the form of a size and brought to it."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file, Image.open(file) as image:
        width = image.width
        form = image.crop((0, 0, width, width * size[1] // size[0])).convert("RGB")
    return form.resize(size, Image.Resampling.BICUBIC)


def clip(folder: Path) -> Path:
    """A pan of ten seconds to the right and down, a pixel each frame."""
    count = SECONDS * RATE
    path = folder / "clip.mp4"
    if not path.exists():
        whole = photograph((FRAME[0] + count, FRAME[1] + count))
        frames = [whole.crop((at, at, at + FRAME[0], at + FRAME[1])) for at in range(count)]
        write_frames(frames, 1 / RATE, path)
    return path


def picture(folder: Path) -> Path:
    """The photograph as a large picture."""
    path = folder / "picture.png"
    if not path.exists():
        photograph(PICTURE).save(path)
    return path


def timed(run: Path, given: Path) -> tuple[float, float]:
    """Seconds and peak memory in MiB of the command that translates a file."""
    made = given.with_name(f"made-{given.name}")
    made.unlink(missing_ok=True)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "sparring", "translate", run, given, made, "--quiet"], check=True)
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def seams(run: Path) -> str:
    """How far the picture by tiles is from that in one piece, near to where tiles end and elsewhere."""
    model = sparring.load(run)
    if not model.game.any_size:
        sys.exit(f"{type(model.game).__name__} sees no more than a tile: there is no picture in one piece.")
    pixels = np.asarray(photograph(SEEN_WHOLE))
    translation = translation_of(model.game, None)
    by_tiles = torch.from_numpy(translation.of_pixels(pixels))
    (_, *trained), (_, *made) = translation.source.shape, translation.made.shape
    with torch.no_grad(), model.game.random.aside(translation.moment), inference(model.game):
        source = translation.source.encode(torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None])
        whole = model.game.make(translation.noise, source, translation.direction)
    apart = (by_tiles.float() - translation.made.decode(whole)[0].permute(1, 2, 0).float()).abs().mean(2)
    near = torch.zeros_like(apart, dtype=torch.bool)
    tile = larger_tile(trained, pixels.shape[:2])
    sides = zip(pixels.shape[:2], tile, overlap_of(trained, tile), trained, made, strict=True)
    for axis, (side, length, overlap, before, after) in enumerate(sides):
        begins = starts(side, length, overlap)
        ends = {place for begin in begins for place in (begin, begin + length)} - {0, side}
        for end in ends:
            near.narrow(axis, end * after // before - 1, 2).fill_(True)
    return (
        f"levels of 255 apart: {apart[near].mean():.3f} at seams (at most {apart[near].max():.0f}), "
        f"{apart[~near].mean():.3f} elsewhere (at most {apart[~near].max():.0f})"
    )


def main(words: list[str]) -> None:
    """Carry out one of the commands."""
    match words:
        case ["clip", run, folder]:
            seconds, memory = timed(Path(run), clip(Path(folder)))
            print(f"{seconds:.1f} s, {SECONDS * RATE / seconds:.1f} frames a second, {memory:.0f} MiB")
        case ["picture", run, folder]:
            seconds, memory = timed(Path(run), picture(Path(folder)))
            print(f"{seconds:.1f} s, {memory:.0f} MiB")
        case ["seams", run]:
            print(seams(Path(run)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Fuzzing of everything that reads files: .npz, IDX, images, the files of runs.

`python benchmarks/fuzz.py --seconds 120 --seed 0 [--keep FOLDER]` changes small right files at random (bytes,
bits, cuts, repetitions, numbers, parts of JSON) and gives them to the readers. An input is read, or refused
with a SparringError; whatever else comes of one is an error of ours: it is printed, and its bytes are kept.
The same seed tries the same inputs.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import shutil
import struct
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

import sparring
from sparring.data import load_dataset
from sparring.errors import SparringError

SIDE = 8
FORMATS = ["png", "jpg", "gif", "bmp", "tif", "webp", "ppm", "tga", "pcx", "ico", "jp2", "dds", "qoi", "avif"]
NUMBERS = (0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
ODD = (
    "null",
    "-1",
    "1e999",
    "NaN",
    "[]",
    "{}",
    '"x"',
    "true",
    "9" * 400,
    "[" * 2000,
    '"\\ud800"',
    '"\\u0000"',
    "1.5",
)

Read = Callable[[Path], object]


def images(random: Random) -> np.ndarray:
    """A few small pictures."""
    return np.random.default_rng(random.randrange(2**32)).integers(0, 256, (4, SIDE, SIDE), np.uint8)


def npz(folder: Path, random: Random) -> tuple[Path, Read]:
    """A .npz of images and labels."""
    path, packed = folder / "data.npz", random.random() < 0.5
    (np.savez_compressed if packed else np.savez)(path, images=images(random), labels=np.arange(4))
    return path, lambda path: load_dataset(f"npz:{path}")


def array_in_npz(folder: Path, random: Random) -> tuple[Path, Read]:
    """An array that is changed before it is zipped, so that its sum is right."""
    content = io.BytesIO()
    np.save(content, images(random))
    path = folder / "images.npy"
    path.write_bytes(content.getvalue())

    def read(path: Path) -> object:
        with zipfile.ZipFile(folder / "data.npz", "w") as file:
            file.write(path, "images.npy")
        return load_dataset(f"npz:{folder / 'data.npz'}")

    return path, read


def idx(folder: Path, random: Random) -> tuple[Path, Read]:
    """An IDX file, plain or gzipped."""
    content = struct.pack(">HBB3I", 0, 8, 3, 4, SIDE, SIDE) + images(random).tobytes()
    path = folder / f"train-images-idx3-ubyte{random.choice(['', '.gz'])}"
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix else content)
    return path, lambda path: load_dataset(f"idx:{folder}")


def image(folder: Path, random: Random) -> tuple[Path, Read]:
    """A picture in one of Pillow's formats."""
    path = folder / f"a.{random.choice(FORMATS)}"
    mode = random.choice(["L", "RGB"])
    picture = Image.fromarray(images(random)[0]).resize((24, 24)).convert(mode)
    try:
        picture.save(path)
    except (OSError, ValueError, KeyError):
        path = path.with_suffix(".png")
        picture.save(path)
    return path, lambda path: load_dataset(f"folder:{folder}", size=SIDE)


def run(made: Path) -> Callable[[Path, Random], tuple[Path, Read]]:
    """One of the files of a run, and one of the things that are done with a run."""

    def make(folder: Path, random: Random) -> tuple[Path, Read]:
        path = Path(shutil.copytree(made, folder / "run"))
        files = sorted(file for file in path.rglob("*") if file.suffix in (".json", ".jsonl", ".safetensors"))
        use = random.choice(
            [
                lambda _: sparring.report(path, path / "report.html"),
                lambda _: sparring.sample(path, 2),
                lambda _: sparring.resume(path, max_steps=5, quiet=True),
            ]
        )
        return random.choice(files), lambda changed: use(_signed(changed))

    return make


def _signed(path: Path) -> Path:
    """Put the right digests into a checkpoint that was changed, so that more than they stop it."""
    state = path.parent / "state.json"
    try:
        value = json.loads(state.read_text())
        digests = value.pop("sha256")
        digests["state"] = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
        for name in ("networks", "training"):
            digests[name] = hashlib.sha256((path.parent / f"{name}.safetensors").read_bytes()).hexdigest()
        state.write_text(json.dumps(value | {"sha256": digests}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # It is none, or none any more.
    return path


def changed(content: bytes, random: Random, text: bool) -> bytes:
    """The content with one to four changes."""
    some = bytearray(content)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(max(1, len(some)))
        kind = random.randrange(8 if text else 6)
        if kind == 0 and some:
            some[place % len(some)] ^= 1 << random.randrange(8)
        elif kind == 1 and some:
            some[place % len(some)] = random.randrange(256)
        elif kind == 2:
            del some[place:]
        elif kind == 3:
            some[place:place] = some[place : place + random.randint(1, 64)] * random.randint(1, 4)
        elif kind == 4:
            some[place : place + 4] = struct.pack(random.choice("<>") + "I", random.choice(NUMBERS))
        elif kind == 5:
            del some[place : place + random.randint(1, 8)]
        else:
            # A whole value of JSON, as far as commas and colons tell.
            ends = [end for end in (some.find(sign, place) for sign in b",}]") if end >= 0]
            begin = max(some.rfind(sign, 0, place) for sign in b":,[")
            some[begin + 1 : min(ends, default=len(some))] = random.choice(ODD).encode()
    return bytes(some)


def attempt(path: Path, read: Read) -> str:
    """What becomes of an input, in a word or with its error."""
    try:
        read(path)
        return "read"
    except SparringError:
        return "refused"
    except Exception as error:  # noqa: BLE001 - to find those is what this is for.
        return f"{type(error).__name__}: {error}"


def main() -> None:
    """Fuzz for some time, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"))
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        start, data = Path(temporary) / "made", Path(temporary) / "tiny.npz"
        np.savez(data, images=np.arange(60 * SIDE * SIDE).reshape(60, SIDE, SIDE).astype(np.uint8))
        options = {"max_steps": 4, "batch_size": 10, "hidden_size": 4, "history_every": 1, "health_every": 2}
        sparring.train("gan", data=f"npz:{data}", out=start, quiet=True, threads=1, keep_every=1, **options)
        makers = {"npz": npz, "npy": array_in_npz, "idx": idx, "image": image, "run": run(start)}
        end, number = time.monotonic() + asked.seconds, 0
        while time.monotonic() < end:
            random = Random(f"{asked.seed}/{number}")
            kind = list(makers)[number % len(makers)]
            number += 1
            with tempfile.TemporaryDirectory(dir=temporary) as folder:
                path, read = makers[kind](Path(folder), random)
                content = changed(path.read_bytes(), random, path.suffix in (".json", ".jsonl"))
                path.write_bytes(content)
                what = attempt(path, read)
            if what not in ("read", "refused"):
                asked.keep.mkdir(exist_ok=True)
                (asked.keep / f"{asked.seed}-{number}-{path.name}").write_bytes(content)
                print(f"{kind} {path.name}, input {number}: {what[:300]}", flush=True)
            counts.setdefault(kind, Counter())[what if what in ("read", "refused") else "otherwise"] += 1
    for kind, found in counts.items():
        told = ", ".join(f"{found[what]:,} {what}" for what in ("read", "refused", "otherwise"))
        print(f"{kind}: {sum(found.values()):,} tried, {told}")


if __name__ == "__main__":
    main()

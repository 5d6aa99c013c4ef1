"""Peak memory of files that are small on disk and promise or become something enormous.

`python benchmarks/bombs.py [NAME ...]` makes each file in a temporary folder, gives it to the command line in
a process of its own, and prints how that ended, after how long, and the most memory it took.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

LARGE = 3_600_000_000
"""Bytes that a small file becomes."""
SECONDS = 60
SIDE = 13_370
"""Side of a picture just below the number of pixels at which Pillow stops by itself."""
ZEROS = bytes(2**24)


def idx(folder: Path, *shape: int, content: int) -> str:
    """A gzipped IDX file that promises a shape, and becomes so many bytes of content."""
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb") as file:
        file.write(struct.pack(">BBBBIII", 0, 0, 8, 3, *shape))
        for start in range(0, content, len(ZEROS)):
            file.write(ZEROS[: content - start])
    return f"idx:{folder}"


def npz(folder: Path, *shape: int, content: int, also: str = "") -> str:
    """A .npz whose images promise a shape and become so many bytes, or another array beside small ones."""
    header, small = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    np.save(small, np.zeros((100, 28, 28), np.uint8))
    with zipfile.ZipFile(folder / "data.npz", "w", zipfile.ZIP_DEFLATED) as file:
        if also:
            file.writestr("images.npy", small.getvalue())
        with file.open(f"{also or 'images'}.npy", "w", force_zip64=True) as member:
            member.write(header.getvalue())
            for start in range(0, content, len(ZEROS)):
                member.write(ZEROS[: content - start])
    return f"npz:{folder / 'data.npz'}"


def pictures(folder: Path) -> str:
    """Eight transparent pictures, each just small enough for Pillow."""
    row = bytes(1 + 4 * SIDE)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    for number in range(8):
        (folder / f"{number}.png").write_bytes(picture)
    return f"folder:{folder}"


def mixture(folder: Path) -> str:
    """Two Gaussians in 20,000 dimensions."""
    path = folder / "mixture.json"
    path.write_text(json.dumps({"means": [[0] * 20_000, [1] * 20_000], "deviation": 0.1}))
    return f"mixture:{path}"


def fifo(folder: Path) -> str:
    """A pipe that nobody writes to where an IDX file should be."""
    os.mkfifo(folder / "train-images-idx3-ubyte")
    return f"idx:{folder}"


DATA: dict[str, Callable[[Path], str]] = {
    "idx.gz that promises one image and becomes 3.6 GB": lambda f: idx(f, 1, 28, 28, content=LARGE),
    "idx.gz that promises 4 TB": lambda f: idx(f, 2_500_000_000, 40, 40, content=1000),
    "npz that becomes 3.6 GB": lambda f: npz(f, LARGE // 784, 28, 28, content=LARGE // 784 * 784),
    "npz that promises 4 TB": lambda f: npz(f, 5_000_000_000, 28, 28, content=1000),
    "npz with 3.6 GB that nobody asks for": lambda f: npz(f, LARGE, content=LARGE, also="other"),
    "8 pictures of 13,370 x 13,370": pictures,
    "mixture of 20,000 dimensions": mixture,
    "pipe instead of an idx file": fifo,
}
"""What makes each, and its name as data."""
RUN_FILES = ("run.json", "status.json", "history.jsonl", "events.jsonl", "evaluation.json")


def measured(command: list[str], cwd: Path) -> str:
    """How a command ended, after how long, with how much memory."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=cwd, stdout=said, stderr=said)
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            if time.monotonic() - began > SECONDS:
                process.kill()
            time.sleep(0.05)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines() or [""]
    seconds = time.monotonic() - began
    how = "killed" if process.returncode == -9 else f"exit code {process.returncode}"
    return f"{how} | {seconds:.0f} s | {ended[2].ru_maxrss / 2**20:.1f} GB | {lines[-1][:300]}"


def main(wanted: list[str]) -> None:
    """Try each bomb, or those whose names hold one of some words."""
    with tempfile.TemporaryDirectory() as temporary:
        for number, (name, make) in enumerate(DATA.items()):
            if not wanted or any(word in name for word in wanted):
                folder = Path(temporary) / str(number)
                folder.mkdir()
                data = make(folder)
                size = sum(path.stat().st_size for path in folder.iterdir())
                command = [sys.executable, "-m", "sparring", "train", "gan", f"--data={data}"]
                command += ["--max-steps=1", "--batch-size=1", "--size=28"][: 3 if "mixture" in data else 4]
                print(f"{name} ({size / 1e6:.1f} MB) | {measured(command, Path(temporary))}", flush=True)
        run = Path(temporary) / "run"
        command = [sys.executable, "-m", "sparring"]
        measured([*command, "train", "gan", "--max-steps=2", f"--out={run}"], Path(temporary))
        for file in RUN_FILES:
            if not wanted or any(word in file for word in wanted):
                before = (run / file).read_bytes() if (run / file).exists() else b""
                with (run / file).open("wb") as hole:
                    hole.truncate(LARGE)
                for verb in ("resume", "report"):
                    told = measured([*command, verb, str(run)], Path(temporary))
                    print(f"3.6 GB of zeros as {file}, {verb} | {told}", flush=True)
                (run / file).write_bytes(before)


if __name__ == "__main__":
    main(sys.argv[1:])

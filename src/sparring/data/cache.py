"""Decoded images kept for the next command, in the user's cache folder.

What was decoded is found again by what decides it: the files' names, sizes, inodes and times of change, to
the nanosecond; what they were brought to; and the code that did it. To read all files for a digest would take
as long as to decode many of them; and the time of change (ctime), unlike that of modification, is set by the
system alone, whatever copies or unpacks a file. The cache only saves time: where it cannot be read or
written, or is damaged, images are decoded as if there were none.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import PIL
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sparring.data import colours, decoding, loading, resizing
from sparring.data.loading import Loaded, Wanted
from sparring.runs.files import TEMPORARY

LARGEST = 4 * 2**30
"""Bytes of all that is kept; what was not used for longest goes first."""
BEING_WRITTEN = f"{TEMPORARY}decoded-"
"""How the names begin of files that are not whole yet."""
OWN_NAME = re.compile(rf"[0-9a-f]{{64}}\.safetensors|{re.escape(BEING_WRITTEN)}.*")
"""What the files are called that are kept here."""
WORTH_SECONDS = 1.0
"""What is decoded faster than this is not kept."""
SETTLED_SECONDS = 2.0
"""Files changed more recently may change once more within the same tick of a clock, and are not kept."""


def cache_folder() -> Path | None:
    """Where decoded images are kept, or None where they are not.

    The environment's `SPARRING_CACHE` names the folder, or is `off`; by default it is `sparring` in
    `$XDG_CACHE_HOME`, or else in `~/.cache`.
    """
    chosen = os.environ.get("SPARRING_CACHE", "")
    if chosen:
        return None if chosen == "off" else Path(chosen).expanduser()
    home = os.environ.get("XDG_CACHE_HOME", "")
    # The standard says that a relative path counts for nothing.
    return (Path(home) if os.path.isabs(home) else Path("~/.cache").expanduser()) / "sparring"


def cached(
    root: Path,
    files: Sequence[Path],
    wanted: Wanted,
    decode: Callable[[], Loaded],
    beside: Sequence[Path] = (),
) -> Loaded:
    """What `decode` gives, from the cache where it is there, else kept there for the next time.

    Args:
        root: the folder of the data set.
        files: its images, relative to `root`.
        wanted: what they are brought to.
        decode: decodes them.
        beside: further files that it looks at.
    """
    folder, began = cache_folder(), time.time()
    signature, newest = _signature(root, [*files, *beside], [len(files), asdict(wanted)])
    if folder is None or not signature:
        return decode()
    entry = folder / f"{signature}.safetensors"
    found = _read(entry)
    if found is not None:
        return found
    loaded = decode()
    if time.time() - began > WORTH_SECONDS and newest < began - SETTLED_SECONDS:
        _write(entry, loaded)
    return loaded


def _signature(root: Path, files: Sequence[Path], wanted: object) -> tuple[str, float]:
    """What decides the result, as a digest, and when the newest file changed; empty where a file cannot be
    looked at."""
    code = [inspect.getsource(module) for module in (colours, decoding, loading, resizing)]
    digest = hashlib.sha256(json.dumps([PIL.__version__, *code, wanted]).encode())
    newest = 0.0
    try:
        for file in files:
            known = os.stat(root / file)
            facts = (os.fsencode(file), known.st_size, known.st_ino, known.st_mtime_ns, known.st_ctime_ns)
            digest.update(repr(facts).encode())
            newest = max(newest, known.st_ctime, known.st_mtime)
    except OSError:
        return "", 0.0
    return digest.hexdigest(), newest


def _read(entry: Path) -> Loaded | None:
    """What was kept; None where nothing was, or where it is damaged."""
    try:
        with safe_open(entry, framework="pt") as file:
            images, kept = file.get_tensor("images"), file.metadata()
        if kept["digest"] != _digest(images, kept["facts"]):
            return None
        os.utime(entry)
        places, sizes, white, cut = json.loads(kept["facts"])
        return Loaded(images, places, [(width, height) for width, height in sizes], white, cut)
    except (OSError, SafetensorError, KeyError, TypeError):
        return None


def _write(entry: Path, loaded: Loaded) -> None:
    """Keep it, if there is room for it and the folder can be written."""
    if loaded.images.nbytes > LARGEST:
        return
    facts = json.dumps([loaded.kept, loaded.sizes, loaded.white, loaded.cut])
    metadata = {"facts": facts, "digest": _digest(loaded.images, facts)}
    with contextlib.suppress(OSError, SafetensorError):
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(entry.parent, loaded.images.nbytes)
        handle, temporary = tempfile.mkstemp(prefix=BEING_WRITTEN, dir=entry.parent)
        os.close(handle)
        try:
            save_file({"images": loaded.images.contiguous()}, temporary, metadata)
            os.replace(temporary, entry)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _make_room(folder: Path, needed: int) -> None:
    """Remove what was not used for longest, until there is room for so many bytes more. All else that lies in
    the folder, which someone may have chosen, is left alone."""
    room = LARGEST - needed
    kept = [file for file in folder.iterdir() if OWN_NAME.fullmatch(file.name)]
    for file in sorted(kept, key=lambda file: file.stat().st_mtime, reverse=True):
        room -= file.stat().st_size
        if room < 0:
            file.unlink()


def _digest(images: torch.Tensor, facts: str) -> str:
    digest = hashlib.sha256(facts.encode())
    digest.update(images.numpy().data)
    return digest.hexdigest()

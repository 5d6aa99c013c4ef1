"""The checkpoint: the state of all parts of a run after some step, as files that are safe to open.

    networks.safetensors    the game's parameters and buffers
    training.safetensors    all other tensors: the optimisers' memories and the like
    state.json              everything else, whose run it is, and the digests of all three

What the parts remember is a tree of mappings whose leaves are plain values or tensors. On disk the tensors
are taken out of the tree and named by their path in it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from sparring.errors import CheckpointError, RunError
from sparring.memory import require_memory
from sparring.opening import read_bounded
from sparring.runs.files import read_json, write_atomically, write_json
from sparring.settings import NonNegative
from sparring.validation import Whole

Tensors = dict[str, Tensor]
FILES = ("networks", "training")
DAMAGED_WEIGHTS = "is damaged, or was not written by sparring: restore it from a copy."
NETWORKS = ("engine", "networks")
"""Where the networks stand in the tree."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of everything after some step."""

    step: int
    seconds: float
    """Time spent on the run so far."""
    parts: dict[str, Any]
    """What each part of the run remembers, by the part's name."""

    @property
    def networks(self) -> Tensors:
        """The game's parameters and buffers."""
        tensors: Tensors = self.parts[NETWORKS[0]][NETWORKS[1]]
        return tensors


@dataclass(frozen=True)
class State:
    """What state.json holds."""

    step: Whole
    seconds: NonNegative
    of: dict[str, Any]
    parts: dict[str, dict[str, Any]]
    sha256: dict[str, str]


def write_checkpoint(folder: Path, checkpoint: Checkpoint, identity: dict[str, Any]) -> None:
    """Fill a folder with a checkpoint.

    Args:
        folder: exists, and is empty.
        checkpoint: the state of everything.
        identity: whose it is: all that decides the numbers in it.

    Raises:
        RunError: it cannot be written.
    """
    owner, name = NETWORKS
    others = {part: dict(tree) for part, tree in checkpoint.parts.items()}
    networks = others[owner].pop(name)
    state = {
        "step": checkpoint.step,
        "seconds": checkpoint.seconds,
        "of": identity,
        "parts": _without_tensors(others),
    }
    digests = {"state": _digest_of(state)}
    for file, tensors in zip(FILES, (networks, dict(_tensors_of(others))), strict=True):
        content = packed(tensors)
        digests[file] = hashlib.sha256(content).hexdigest()
        write_atomically(folder / f"{file}.safetensors", content)
    write_json(folder / "state.json", state | {"sha256": digests})


def read_checkpoint(folder: Path, identity: dict[str, Any]) -> Checkpoint:
    """A checkpoint whose contents are what was saved.

    Raises:
        CheckpointError: anything in it differs, or it is of another run.
    """
    try:
        state = read_json(folder / "state.json", State)
    except RunError as error:
        raise _damaged(folder, folder / "state.json") from error
    digests = state.pop("sha256")
    contents = {}
    for name in FILES:
        try:
            contents[name] = read_weights(folder / f"{name}.safetensors")
        except CheckpointError as error:
            raise _damaged(folder, folder / f"{name}.safetensors") from error
    found = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    found["state"] = _digest_of(state)
    for name in found.keys() | digests.keys():
        if digests.get(name) != found.get(name):
            raise _damaged(folder, folder / f"{name}.{'json' if name == 'state' else 'safetensors'}")
    networks, training = (unpacked(contents[name], folder / f"{name}.safetensors") for name in FILES)
    try:
        _check_identity(folder, state["of"], identity)
        parts = state["parts"]
        for path, tensor in training.items():
            _insert(parts, [_unescaped(word) for word in path.split("/")], tensor)
        owner, name = NETWORKS
        parts[owner][name] = networks
        return Checkpoint(state["step"], state["seconds"], parts)
    except (KeyError, TypeError) as error:
        # The digests are right, so someone meant it to be so.
        raise _damaged(folder, folder / "state.json") from error


def packed(tensors: Tensors) -> bytes:
    """Tensors as the contents of a safetensors file."""
    # Cloned, because networks may share parameters and the format has no notion of that.
    return safetensors.torch.save({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()})


def read_weights(path: Path) -> bytes:
    """The content of a safetensors file.

    Raises:
        CheckpointError: it cannot be read, or does not fit in memory.
    """
    try:
        # The content, and the tensors that are made of it.
        require_memory(2 * path.stat().st_size, f"To read {path}", CheckpointError)
        return read_bounded(path, sys.maxsize)
    except OSError as error:
        raise CheckpointError(f"{path} {DAMAGED_WEIGHTS}") from error


def unpacked(content: bytes, path: Path) -> Tensors:
    """The tensors in the content of a safetensors file.

    Raises:
        CheckpointError: it is damaged.
    """
    try:
        return safetensors.torch.load(content)
    except (safetensors.SafetensorError, KeyError) as error:
        # A KeyError is a type of numbers that torch does not have.
        raise CheckpointError(f"{path} {DAMAGED_WEIGHTS}") from error


def _tensors_of(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a tree by its path."""
    for name, value in tree.items():
        place = f"{path}{_escaped(name)}"
        if isinstance(value, Tensor):
            yield place, value
        elif isinstance(value, Mapping):
            yield from _tensors_of(value, f"{place}/")


def _without_tensors(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree without its tensors; mappings stay, even empty ones."""
    return {
        name: _without_tensors(value) if isinstance(value, Mapping) else value
        for name, value in tree.items()
        if not isinstance(value, Tensor)
    }


def _insert(tree: dict[str, Any], path: list[str], tensor: Tensor) -> None:
    for name in path[:-1]:
        tree = tree[name]
    tree[path[-1]] = tensor


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")


def _unescaped(name: str) -> str:
    return name.replace("%2F", "/").replace("%25", "%")


def _digest_of(state: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _check_identity(folder: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    # A checkpoint of another system has other settings too: the system is what to name then.
    for name, value in wanted.items():
        if name in found and found[name] != value:
            raise CheckpointError(
                f"{folder} is a checkpoint of another run: its {name} is {found[name]}, and that of this run "
                f"is {value}. Put the right one back, or remove it to start from what is left of the run."
            )


def _damaged(folder: Path, file: Path) -> CheckpointError:
    return CheckpointError(
        f"{file} is damaged: its contents are not what was saved. Restore it from a copy, or remove "
        f"{folder} to go on from what is left of the run."
    )

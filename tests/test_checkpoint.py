"""Checkpoints: what the parts of a run remember comes back as it was, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from sparring.errors import CheckpointError
from sparring.runs.checkpoint import (
    Checkpoint,
    packed,
    read_checkpoint,
    read_weights,
    unpacked,
    write_checkpoint,
)
from sparring.runs.checkpoints import Checkpoints

DTYPES = [
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64),
]
WHOSE = {"system": "gan", "data": "abc", "seed": 3, "setting batch_size": 64, "setting shuffle": True}


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """Of any type and shape, scalars and empty ones too, with bits that mean anything."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    count = int(torch.tensor(shape).prod()) if shape else 1
    if dtype == torch.bool:
        values = draw(st.lists(st.booleans(), min_size=count, max_size=count))
        return torch.tensor(values, dtype=torch.bool).reshape(shape)
    content = draw(st.binary(min_size=count * dtype.itemsize, max_size=count * dtype.itemsize))
    flat = torch.frombuffer(bytearray(content), dtype=dtype) if count else torch.empty(0, dtype=dtype)
    return flat.reshape(shape)


names = st.one_of(st.sampled_from(["a/b", "a%2Fb", "%", "%25", "/", "a", "0", ""]), st.text(max_size=6))
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
trees = st.recursive(
    st.dictionaries(names, plain | tensors(), max_size=3),
    lambda inner: st.dictionaries(names, inner | plain | tensors(), max_size=3),
    max_leaves=6,
)


def content(tensor: Tensor) -> list[int]:
    """Its bytes."""
    numbers: list[int] = tensor.contiguous().reshape(-1).view(torch.uint8).tolist()
    return numbers


def same(ours: Any, theirs: Any) -> bool:
    """Whether two trees are the same, to the bit, without turning one type into another."""
    if isinstance(ours, Tensor):
        return (
            isinstance(theirs, Tensor)
            and (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            and content(ours) == content(theirs)
        )
    if isinstance(ours, Mapping):
        return ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours)
    return type(ours) is type(theirs) and bool(ours == theirs)


def checkpoint_of(parts: dict[str, Any], networks: dict[str, Tensor] | None = None) -> Checkpoint:
    return Checkpoint(12, 3.5, {"engine": {"networks": networks or {}, "step": 12}} | parts)


@given(st.dictionaries(names.filter(lambda name: name != "engine"), trees, max_size=3), trees)
@example({"a": {"b": torch.ones(1)}, "a/b": {"c": {}}}, {"a%2Fb": torch.zeros(2), "a/b": torch.ones(2)})
def test_what_the_parts_remember_comes_back(parts: dict[str, Any], engine: dict[str, Any]) -> None:
    saved = checkpoint_of(parts, {"weight": torch.randn(2, 3)})
    saved.parts["engine"] = engine | saved.parts["engine"]
    with TemporaryDirectory() as folder:
        write_checkpoint(Path(folder), saved, WHOSE)
        found = read_checkpoint(Path(folder), WHOSE)
    assert (found.step, found.seconds) == (12, 3.5)
    assert same(found.parts, saved.parts)
    assert same(found.networks, saved.networks)


def test_writing_leaves_what_is_written_as_it_was(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    saved = checkpoint_of({"monitor": {"a": torch.zeros(1)}}, {"weight": weight})
    write_checkpoint(tmp_path, saved, WHOSE)
    assert saved.networks["weight"] is weight
    assert saved.parts.keys() == {"engine", "monitor"}


def test_tensors_that_share_memory_or_are_views() -> None:
    """Networks may share parameters, and a part may remember a slice."""
    whole = torch.arange(6.0).reshape(2, 3)
    parts = {
        "engine": {"networks": {"a": whole, "b": whole}},
        "recording": {"column": whole[:, 1], "t": whole.T},
    }
    with TemporaryDirectory() as folder:
        write_checkpoint(Path(folder), Checkpoint(1, 0.0, parts), WHOSE)
        found = read_checkpoint(Path(folder), WHOSE)
    assert same(found.parts, parts)


# -- damage --------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint to be damaged."""
    place = tmp_path / "step-00000012"
    place.mkdir()
    parts = {"recording": {"sums": {"loss": [1.5, 3]}, "table": torch.arange(9)}}
    write_checkpoint(place, checkpoint_of(parts, {"weight": torch.randn(4, 5)}), WHOSE)
    return place


FILES = ("networks.safetensors", "training.safetensors", "state.json")
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda content: content[:-9],
    "empty": lambda content: b"",
    "longer": lambda content: content + b" ",
    "of zeros": lambda content: bytes(len(content)),
    "a flipped bit at the beginning": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "a flipped bit at the end": lambda content: content[:-2] + bytes([content[-2] ^ 1]) + content[-1:],
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named(name: str, damage: str, folder: Path) -> None:
    file = folder / name
    before = file.read_bytes()
    file.write_bytes(DAMAGES[damage](before))
    if name == "state.json" and damage == "longer":
        # A space after JSON says nothing.
        assert read_checkpoint(folder, WHOSE).step == 12
        return
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(folder, WHOSE)
    assert str(caught.value) == (
        f"{file} is damaged: its contents are not what was saved. Restore it from a copy, or remove {folder} "
        "to go on from what is left of the run."
    )


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_no_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is damaged"):
        read_checkpoint(folder, WHOSE)
    (folder / name).mkdir()
    with pytest.raises(CheckpointError, match=f"{name} is damaged"):
        read_checkpoint(folder, WHOSE)


@pytest.mark.parametrize("text", ["[]", "17", "{}", '{"sha256": 1}', '{"sha256": {}}', "[" * 100_000, "{"])
def test_a_state_that_is_something_else(text: str, folder: Path) -> None:
    (folder / "state.json").write_text(text)
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(folder, WHOSE)


@pytest.mark.parametrize(
    "change",
    [
        {"parts": None},
        {"parts": {}},
        {"parts": {"engine": None, "recording": {}}},
        {"parts": {"engine": {}}},
        {"of": None},
    ],
)
def test_a_state_that_was_made_up(change: dict[str, Any], folder: Path) -> None:
    """With digests that are right, as a stranger may give it."""
    state = json.loads((folder / "state.json").read_text()) | change
    digests = state.pop("sha256")
    digests["state"] = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
    (folder / "state.json").write_text(json.dumps(state | {"sha256": digests}))
    with pytest.raises(CheckpointError, match=r"state\.json is damaged"):
        read_checkpoint(folder, WHOSE)


def test_a_file_of_networks_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"{}")
    for path in (tmp_path / "a.safetensors", tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(CheckpointError, match="is damaged, or was not written by sparring"):
            unpacked(read_weights(path), path)
    (tmp_path / "b.safetensors").write_bytes(packed({"weight": torch.ones(3)}))
    assert unpacked(read_weights(tmp_path / "b.safetensors"), tmp_path)["weight"].tolist() == [1.0, 1.0, 1.0]


# -- whose it is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"system": "acgan", "setting batch_size": 8}, "its system is gan, and that of this run is acgan."),
        ({"data": "xyz"}, "its data is abc, and that of this run is xyz."),
        ({"seed": 4}, "its seed is 3, and that of this run is 4."),
        ({"setting batch_size": 8}, "its setting batch_size is 64, and that of this run is 8."),
        ({"setting shuffle": False}, "its setting shuffle is True, and that of this run is False."),
    ],
)
def test_that_of_another_run_is_refused_by_what_differs(
    changed: dict[str, Any], said: str, folder: Path
) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(folder, WHOSE | changed)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{folder} is a checkpoint of another run: ")


def test_a_setting_that_came_later_is_no_difference(folder: Path) -> None:
    assert read_checkpoint(folder, WHOSE | {"setting new": 1}).step == 12


def test_one_that_gives_way_to_a_newer_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a run that goes on."""
    there = iter([[5], [7], [7]])

    def at(self: Checkpoints, step: int) -> int:
        if step == 5:
            raise CheckpointError("state.json is missing")
        return step

    monkeypatch.setattr(Checkpoints, "steps", lambda self: next(there))
    monkeypatch.setattr(Checkpoints, "at", at)
    assert Checkpoints(tmp_path).latest() == 7
    there = iter([[5], [5]])
    with pytest.raises(CheckpointError, match="is missing"):
        Checkpoints(tmp_path).latest()

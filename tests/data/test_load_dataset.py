"""Names of data sets: what is accepted, how wrong ones are answered, and that a name loads the same again."""

import json

import numpy as np
import pytest
import torch

from sparring.data import data_names, load_dataset
from sparring.errors import DataError


def test_every_name_has_a_line_of_help():
    names = data_names()
    assert list(names) == [
        "mnist",
        "ring",
        "grid",
        "stacked-mnist",
        "idx:PATH",
        "folder:PATH",
        "pairs:PATH",
        "unpaired:PATH",
        "npz:FILE",
        "mixture:FILE",
        "text:FILE",
        "oracle:FILE",
        "FILE.py:FUNCTION",
    ]
    assert all(line and "\n" not in line for line in names.values())


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("minst", " Did you mean 'mnist'?"),
        ("stacked_mnist", " Did you mean 'stacked-mnist'?"),
        ("foldr:photos", " Did you mean 'folder:photos'?"),
        ("folder", " Did you mean 'folder:PATH'?"),
        ("cifar100", ""),
        ("", ""),
    ],
)
def test_unknown_names(given, hint):
    with pytest.raises(DataError) as caught:
        load_dataset(given)
    accepted = ", ".join(data_names())
    assert str(caught.value) == f"There is no data set '{given}'; accepted are {accepted}.{hint}"


def test_a_bare_path_is_answered_with_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    with pytest.raises(DataError, match="Did you mean 'folder:photos'"):
        load_dataset("photos")


@pytest.mark.parametrize("kind", ["idx", "folder", "npz", "mixture"])
def test_a_missing_path_is_answered_with_the_nearest_sibling(tmp_path, kind):
    (tmp_path / "photographs").mkdir()
    with pytest.raises(DataError) as caught:
        load_dataset(f"{kind}:{tmp_path}/photograps")
    wanted = "folder" if kind in ("idx", "folder") else "file"
    assert str(caught.value) == f"There is no {wanted} {tmp_path}/photograps. Did you mean 'photographs'?"


def test_a_path_in_a_missing_folder(tmp_path):
    with pytest.raises(DataError, match=r"There is no folder .*/b\. The folder .*/a does not exist either"):
        load_dataset(f"folder:{tmp_path}/a/b")


@pytest.mark.parametrize("kind", ["idx", "folder", "npz", "mixture"])
def test_paths_that_are_no_paths(kind):
    with pytest.raises(DataError, match="lacks its path"):
        load_dataset(f"{kind}:")
    with pytest.raises(DataError, match="holds a zero byte"):
        load_dataset(f"{kind}:a\0b")
    with pytest.raises(DataError, match="cannot be read: file name too long"):
        load_dataset(f"{kind}:{'a' * 5000}")


@pytest.mark.parametrize("kind", ["idx", "folder"])
def test_a_file_where_a_folder_is_wanted(tmp_path, kind):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=f"file is a file, but '{kind}:' takes a folder"):
        load_dataset(f"{kind}:{tmp_path / 'file'}")


@pytest.mark.parametrize("kind", ["npz", "mixture"])
def test_a_folder_where_a_file_is_wanted(tmp_path, kind):
    with pytest.raises(DataError, match=f"is a folder, but '{kind}:' takes a file"):
        load_dataset(f"{kind}:{tmp_path}")


@pytest.mark.parametrize("size", [0, -1, 5000])
def test_impossible_sizes(size):
    with pytest.raises(DataError, match=f"An image size of {size} is not possible; give one from 1 to 4096"):
        load_dataset("mnist", size=size)


def test_points_take_no_size():
    with pytest.raises(DataError, match="'ring' holds points, not images, so it takes no image size"):
        load_dataset("ring", size=28)


def test_a_relative_path_is_recorded_as_an_absolute_one(tmp_path, monkeypatch):
    np.savez(tmp_path / "own.npz", images=np.zeros((2, 5, 5), np.uint8))
    (tmp_path / "own.json").write_text(json.dumps({"means": [[0.0]], "deviation": 1.0}))
    monkeypatch.chdir(tmp_path)
    loaded = [load_dataset("npz:own.npz"), load_dataset("mixture:./own.json")]
    assert [dataset.name for dataset in loaded] == [f"npz:{tmp_path}/own.npz", f"mixture:{tmp_path}/own.json"]
    monkeypatch.chdir("/")
    again = [load_dataset(dataset.name) for dataset in loaded]
    assert [one.fingerprint for one in loaded] == [one.fingerprint for one in again]


def test_a_path_may_start_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "own.npz", images=np.zeros((2, 5, 5), np.uint8))
    assert load_dataset("npz:~/own.npz").name == f"npz:{tmp_path}/own.npz"


def test_loading_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    load_dataset("grid")
    assert torch.equal(before, torch.get_rng_state())

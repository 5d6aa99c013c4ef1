"""Examples without a label: label -1 in .npz files, a folder `unlabelled` beside classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sparring.data import dataset_of, load_dataset
from sparring.data.few_labels import chosen_evenly
from sparring.data.holding_out import hold_out
from sparring.data.summary import hints, summary
from sparring.data.unlabelled import with_unlabelled
from sparring.errors import DataError


def npz(folder: Path, labels: list[int] | list[str]) -> str:
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None].repeat(8, 1).repeat(8, 2)
    np.savez(folder / "data.npz", images=images, labels=np.array(labels))
    return f"npz:{folder / 'data.npz'}"


def folder(root: Path, *files: str) -> str:
    for shade, name in enumerate(files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 10 * shade).save(root / name)
    return f"folder:{root}"


def test_the_label_minus_one_is_no_label(tmp_path: Path) -> None:
    dataset = load_dataset(npz(tmp_path, [3, -1, 0, 0, -1, 3]))
    assert dataset.class_names == ("0", "3")
    assert dataset.condition.values.tolist() == [1, 0, 0, 1]
    assert dataset.examples.values[:, 0, 0, 0].tolist() == [0, 2, 3, 5]
    part = dataset.parts["unlabelled"]
    assert part.examples.values[:, 0, 0, 0].tolist() == [1, 4]
    assert part.class_names == ()
    assert "unlabelled: 2 grey images" in summary(dataset)
    assert "2 examples without a label, as '-1' says" in hints(dataset)[0]


@pytest.mark.parametrize("labels", [[-1, 1, 1, -1], [-2, -1, 0, 1], ["-1", "cat", "dog"]])
def test_elsewhere_it_is_a_class(tmp_path: Path, labels: list[int] | list[str]) -> None:
    dataset = load_dataset(npz(tmp_path, labels))
    assert len(dataset.class_names) == len(set(labels))
    assert not dataset.parts


@pytest.mark.parametrize("name", ["unlabelled", "Unlabeled"])
def test_a_folder_of_that_name_is_no_class(tmp_path: Path, name: str) -> None:
    dataset = load_dataset(folder(tmp_path, "zebra/a.png", f"{name}/b.png", f"{name}/c.png", "ant/d.png"))
    assert dataset.class_names == ("ant", "zebra")
    assert dataset.condition.values.tolist() in ([0, 1], [1, 0])
    assert len(dataset.parts["unlabelled"]) == 2


def test_beside_one_class_alone_it_is_the_other(tmp_path: Path) -> None:
    dataset = load_dataset(folder(tmp_path, "ant/a.png", "unlabelled/b.png"))
    assert dataset.class_names == ("ant", "unlabelled")


def test_in_splits_held_out_images_have_the_same_classes(tmp_path: Path) -> None:
    files = (
        "train/ant/a.png",
        "train/bee/b.png",
        "train/unlabelled/c.png",
        "test/ant/d.png",
        "test/bee/e.png",
    )
    dataset = load_dataset(folder(tmp_path, *files))
    assert dataset.held_out is not None
    assert dataset.held_out.condition.kind == dataset.condition.kind
    assert len(dataset.parts["unlabelled"]) == 1
    assert not dataset.held_out.parts


def test_held_out_examples_of_which_none_has_a_label_are_no_test(tmp_path: Path) -> None:
    images = np.zeros((6, 8, 8), np.uint8)
    path, nothing = tmp_path / "data.npz", np.full(6, -1)
    some = np.array([0, 1, -1] * 2)
    np.savez(path, x_train=images, y_train=some, x_test=images, y_test=nothing)
    dataset = load_dataset(f"npz:{path}")
    assert dataset.held_out is None
    assert "Of those held out none has a label: they are left out." in hints(dataset)[0]
    np.savez(path, x_train=images, y_train=nothing, x_test=images, y_test=some)
    with pytest.raises(DataError, match=r"Of 6 training examples of .* none has a label, as '-1' says"):
        load_dataset(f"npz:{path}")


def test_labelled_ones_can_be_held_out(tmp_path: Path) -> None:
    dataset = hold_out(load_dataset(npz(tmp_path, [0, 1, -1] * 30)), 0.4)
    assert dataset.held_out is not None
    assert (len(dataset), len(dataset.held_out), len(dataset.parts["unlabelled"])) == (36, 24, 30)


@pytest.mark.parametrize(("copied", "others"), [(60, 0), (60, 5), (0, 5)])
def test_held_out_examples_are_not_trained_on_without_a_label(copied: int, others: int) -> None:
    def points(first: int, count: int) -> Tensor:
        return torch.arange(float(first), float(first + count)).unsqueeze(1)

    labelled = dataset_of("points", points(0, 60), torch.arange(60) % 2, ("a", "b"))
    unlabelled = dataset_of("points", torch.cat([points(0, copied), points(100, others)]))
    parted = hold_out(replace(labelled, parts={"unlabelled": unlabelled}), 0.4)
    assert parted.held_out is not None
    held_out = set(parted.held_out.examples.values.flatten().tolist())
    trained_on = with_unlabelled(parted).examples.values.flatten().tolist()
    assert len(held_out) == 24
    assert not held_out & set(trained_on)
    assert len(trained_on) == 36 + (36 if copied else 0) + others
    said = "24 examples left out: 24 without a label that equal held-out ones" in summary(parted)
    assert said == bool(copied)


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_that_are_all_the_same_teach_nothing(tmp_path: Path, label: int) -> None:
    with pytest.raises(DataError, match=f"are '{label}': a classifier needs two classes"):
        chosen_evenly(load_dataset(npz(tmp_path, [label] * 20)), 10, 0)


@pytest.mark.parametrize(("shared", "said"), [(0, ""), (1, "1 is trained on"), (3, "3 are trained on")])
def test_what_is_held_out_and_trained_on_as_well_is_counted(tmp_path: Path, shared: int, said: str) -> None:
    """Those without a label are trained on, too."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (60, 8, 8), dtype=np.uint8)
    labels = np.arange(40) % 4 - 1
    tested = np.concatenate([pixels[40 : 60 - shared], pixels[:shared]])
    np.savez(tmp_path / "x.npz", x_train=pixels[:40], y_train=labels, x_test=tested, y_test=np.arange(20) % 3)
    found = [
        hint for hint in hints(load_dataset(f"npz:{tmp_path / 'x.npz'}")) if "trained on as well" in hint
    ]
    assert len(found) == bool(shared)
    assert all(f"Of 20 grey images of 8 x 8 held out {said}" in hint for hint in found)

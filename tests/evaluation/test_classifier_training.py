from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from sparring.data import Dataset, dataset_of
from sparring.data.kinds import Images
from sparring.errors import DataError
from sparring.evaluation.augmentation import augment, outliers
from sparring.evaluation.classifier import main, save_classifier, train_classifier
from sparring.evaluation.features import load_extractor
from sparring.randomness import Randomness


def stripes(count: int, *, channels: int = 2, side: int = 16) -> Dataset:
    """Three classes of colour images: bright left, bright right, bright everywhere; no test split."""
    labels = torch.arange(count) % 3
    images = Randomness(0).integers(count * channels * side * side, 100).view(count, channels, side, side)
    images[labels == 0, :, :, : side // 2] += 150
    images[labels == 1, :, :, side // 2 :] += 150
    images[labels == 2] += 150
    return dataset_of("stripes", images.to(torch.uint8), labels, ("left", "right", "all"))


def test_any_labelled_images_can_be_learnt_twice_alike(tmp_path: Path) -> None:
    dataset = stripes(1500)
    epochs: list[int] = []
    state, accuracy = train_classifier(dataset, epochs=3, progress=lambda epoch, loss: epochs.append(epoch))
    again, _ = train_classifier(dataset, epochs=3)
    assert epochs == [1, 2, 3]
    assert accuracy > 0.95
    assert all(torch.equal(state[key], again[key]) for key in state)
    path = tmp_path / "stripes.safetensors"
    save_classifier(path, dataset, state, {"accuracy": f"{accuracy:.4f}"})
    extractor = load_extractor(str(path), dataset.examples.kind)
    assert extractor.class_names == dataset.class_names
    assert extractor.name.startswith("stripes-")
    assert (extractor.classes(dataset.examples.values) == dataset.condition.values).double().mean() > 0.95


def test_another_seed_gives_other_weights() -> None:
    dataset = stripes(200)
    first, second = (train_classifier(dataset, seed=seed, epochs=1)[0] for seed in (0, 1))
    assert not torch.equal(first["head.weight"], second["head.weight"])


def test_training_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    train_classifier(stripes(200), epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "dataset",
    [
        dataset_of("ring", torch.zeros(9, 2)),
        dataset_of("photos", torch.zeros(9, 1, 16, 16, dtype=torch.uint8)),
    ],
)
def test_data_without_labels_is_refused(dataset: Dataset) -> None:
    with pytest.raises(DataError, match="images with labels"):
        train_classifier(dataset)


def test_augmentation_and_outliers_keep_shape_and_range(small_mnist: Dataset) -> None:
    images = small_mnist.examples[:256].encoded()
    for made in (augment(images, Randomness(0)), outliers(images, Randomness(0))):
        assert made.shape == images.shape
        assert made.min() >= -1 - 1e-5
        assert made.max() <= 1 + 1e-5


def test_augmentation_moves_digits_but_little(small_mnist: Dataset) -> None:
    images = small_mnist.examples[:256].encoded()
    moved = augment(images, Randomness(0))
    assert not torch.equal(moved, images)
    assert (moved.mean() - images.mean()).abs() < 0.02


def test_the_command_reports_unknown_data_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", "mnits", "--out", str(tmp_path / "x.safetensors")]) == 2
    assert "mnits" in capsys.readouterr().err


def test_the_command_brings_images_to_the_size_of_runs(tmp_path: Path, tiny_npz: Path) -> None:
    out, asked = tmp_path / "x.safetensors", ["--data", f"npz:{tiny_npz}", "--epochs", "1"]
    assert main([*asked, "--size", "16x12", "--fit", "pad", "--out", str(out)]) == 0
    extractor = load_extractor(str(out), Images((1, 12, 16)))
    assert extractor.classes(torch.zeros(3, 1, 12, 16, dtype=torch.uint8)).shape == (3,)
    with safe_open(out, "pt") as opened:
        assert opened.metadata()["shape"] == "1x12x16"
    assert main([*asked, "--size", "big", "--out", str(tmp_path / "y.safetensors")]) == 2
    assert not (tmp_path / "y.safetensors").exists()


@pytest.mark.parametrize(
    "arguments",
    [["--out", "missing/x.safetensors"], ["--out", "x.pt"], ["--out", "x.safetensors", "--epochs=0"]],
)
def test_the_command_checks_before_it_trains(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--data", "mnist", *arguments]) == 2
    assert "give" in capsys.readouterr().err


def test_importing_the_package_needs_no_torchmetrics() -> None:
    code = "import sys, sparring.evaluation; sys.exit('torchmetrics' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

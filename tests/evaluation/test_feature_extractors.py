from __future__ import annotations

import string
import sys
import warnings
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors import safe_open
from torch import Tensor, nn

from sparring.data import Dataset, dataset_of
from sparring.data.dataset import Column
from sparring.data.kinds import Classes, Images, Points, Tokens
from sparring.errors import DataError, SettingError
from sparring.evaluation.features import (
    ClassifierFeatures,
    FeatureExtractor,
    ModuleFeatures,
    StackedFeatures,
    TokenFeatures,
    VectorFeatures,
    image_extractor,
    load_extractor,
    weights_hash,
)
from sparring.evaluation.features.default import recognised
from sparring.evaluation.features.random_convolutions import RandomConvolutions
from sparring.evaluation.figures.fidelity import fid
from sparring.randomness import Randomness

GREY = Images((1, 8, 8))


def images(count: int, *shape: int) -> Tensor:
    return Randomness(0).integers(count * torch.Size(shape).numel(), 256).view(count, *shape).to(torch.uint8)


def test_the_shipped_classifier_keeps_its_promise(mnist: Dataset, digits: ClassifierFeatures) -> None:
    assert mnist.held_out is not None
    right = digits.classes(mnist.held_out.examples.values) == mnist.held_out.condition.values
    assert digits.accuracy is not None
    assert right.double().mean().item() >= 0.994
    assert right.double().mean().item() == pytest.approx(digits.accuracy, abs=2e-4)


def test_the_shipped_file_is_small_and_says_how_it_was_made() -> None:
    with resources.as_file(resources.files("sparring.evaluation") / "digits.safetensors") as path:
        assert path.stat().st_size <= 2**20
        with safe_open(path, framework="pt") as file:
            assert {"accuracy", "seed", "epochs", "data", "shape", "class_names"} <= file.metadata().keys()


def test_features_have_unit_mean_square_and_lead_to_the_scores(
    small_mnist: Dataset, digits: ClassifierFeatures
) -> None:
    features = digits.features(small_mnist.examples.values[:2000])
    assert features.dtype == torch.float32
    assert features.shape == (2000, digits.size)
    assert features.square().mean().item() == pytest.approx(1, abs=0.05)
    torch.testing.assert_close(digits.scores(features), digits.logits(small_mnist.examples.values[:2000]))


def test_garbage_earns_no_confidence(small_mnist: Dataset, digits: ClassifierFeatures) -> None:
    digit_images = small_mnist.examples.values[:500]
    shuffled = digit_images.flatten(1)[:, torch.randperm(784, generator=Randomness(0).generator)]
    garbage = {
        "noise": images(500, 1, 28, 28),
        "black": torch.zeros_like(digit_images),
        "white": torch.full_like(digit_images, 255),
        "checkers": (torch.arange(28) % 2).to(torch.uint8).mul(255).expand(500, 1, 28, 28),
        "shuffled": shuffled.view_as(digit_images),
        "dots": (images(500, 1, 28, 28) > 230).to(torch.uint8) * 255,
    }
    credited = {
        name: (digits.guesses(digits.features(examples))[1] >= 0.9).double().mean().item()
        for name, examples in garbage.items()
    }
    assert max(credited.values()) <= 0.01, credited


def test_pixels_are_scaled_bytes_and_points_pass() -> None:
    extractor = load_extractor("pixels", Images((2, 4, 4)))
    assert extractor.name == "pixels"
    pixels = extractor.features(images(3, 2, 4, 4))
    torch.testing.assert_close(pixels, images(3, 2, 4, 4).flatten(1).float() / 255)
    points = torch.randn(5, 2, generator=Randomness(0).generator)
    torch.testing.assert_close(VectorFeatures("points", Points((2,))).features(points), points)
    with pytest.raises(SettingError, match="no classifier"):
        extractor.scores(pixels)


def test_the_default_suits_the_data(small_mnist: Dataset, digits: ClassifierFeatures) -> None:
    def default(dataset: Dataset) -> FeatureExtractor:
        return dataset.examples.kind.extractor(dataset)

    points = dataset_of("ring", torch.zeros(4, 2))
    colour = dataset_of("folder:photos", torch.zeros(4, 3, 28, 28, dtype=torch.uint8))
    other = replace(small_mnist, condition=Column(Classes(("shirt", "shoe")), small_mnist.condition.values))
    unlabelled = dataset_of("folder:digits", small_mnist.examples.values)
    numbers = tuple(f"{number:03d}" for number in range(1000))
    stacks = small_mnist.examples.values[:900].view(300, 3, 28, 28)
    spelt = small_mnist.condition.values[:900].view(300, 3) @ torch.tensor([100, 10, 1])
    stacked = dataset_of("stacked-mnist", stacks, spelt, numbers)
    texts = Dataset("texts", Column(Tokens((2,), ("a", "b")), torch.zeros(4, 2, dtype=torch.int64)))
    assert default(small_mnist).name == digits.name
    assert default(unlabelled).name == digits.name
    assert default(points).name == "points"
    assert default(colour).name == RandomConvolutions(3).name
    assert default(other).name == RandomConvolutions(1).name
    assert isinstance(default(stacked), StackedFeatures)
    assert default(texts).name == TokenFeatures(2).name


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 20), (4, 9, 9), (3, 1, 1)])
def test_random_convolutions_are_the_same_everywhere(shape: tuple[int, ...]) -> None:
    examples = images(7, *shape)
    first, second = RandomConvolutions(shape[0]), RandomConvolutions(shape[0])
    assert first.name == second.name
    found = first.features(examples)
    assert found.shape == (7, first.size)
    assert found.isfinite().all()
    assert torch.equal(found, second.features(examples))
    torch.testing.assert_close(first.features(examples[2:4]), found[2:4])
    assert RandomConvolutions(2).name != RandomConvolutions(3).name


def test_random_convolutions_see_colour_and_edges_and_the_worse_the_further() -> None:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(400, 3, 4, 4, generator=generator)
    plain = torch.nn.functional.interpolate(coarse, scale_factor=4, mode="bilinear") * 255
    extractor = RandomConvolutions(3)

    def distance(damaged: torch.Tensor) -> float:
        stored = damaged.round().clamp(0, 255).to(torch.uint8)
        real = extractor.features(plain[200:].round().to(torch.uint8))
        return fid(real, extractor.features(stored[:200]), interval=False).value

    noise = torch.randn(plain.shape, generator=generator)
    blurred = torch.nn.functional.avg_pool2d(plain, 3, 1, 1, count_include_pad=False)
    for way in (noise * 40, blurred - plain, plain.mean(1, keepdim=True) - plain):
        distances = [distance(plain + strength * way) for strength in (0.0, 0.5, 1.0)]
        assert distances == sorted(distances)
        assert distances[2] > 1.2 * distances[0]


def letters(count: int) -> torch.Tensor:
    """Grey 28x28 pictures of letters, white on black as digits are, each at a place of its own."""
    pictures = []
    for number in range(count):
        picture = Image.new("L", (28, 28))
        place, font = (14 + number % 5 - 2, 14 + number % 3 - 1), ImageFont.load_default(20)
        ImageDraw.Draw(picture).text(place, string.ascii_letters[number % 52], 255, font, anchor="mm")
        pictures.append(np.array(picture))
    return torch.from_numpy(np.stack(pictures)).unsqueeze(1)


def test_digits_are_seen_only_where_the_classifier_recognises_real_ones(small_mnist: Dataset) -> None:
    real, labels, names = small_mnist.examples.values, small_mnist.condition.values, small_mnist.class_names
    clothes_or_so = Randomness(0).integers(300 * 16, 256).view(300, 1, 4, 4).to(torch.uint8)
    others = {
        "letters without classes": dataset_of("letters", letters(260)),
        "ten classes called 0 to 9": dataset_of("letters", letters(260), torch.arange(260) % 10, names),
        "digits with wrong classes": dataset_of("wrong", real[:500], (labels[:500] + 1) % 10, names),
        "blocks": dataset_of("blocks", clothes_or_so.repeat_interleave(7, 2).repeat_interleave(7, 3)),
        "black": dataset_of("black", torch.zeros(30, 1, 28, 28, dtype=torch.uint8)),
    }
    for name, dataset in others.items():
        chosen = dataset.examples.kind.extractor(dataset)
        assert chosen.name.startswith("random-"), name
        assert "recognises" in chosen.why
    few_classes = small_mnist[labels.argsort()][:1500]  # zeros and ones, as a folder may have them
    chosen = image_extractor(few_classes, few_classes.examples.kind)
    assert chosen.name.startswith("digits-")
    assert "recognises 99% of the real examples" in chosen.why or "100%" in chosen.why


def test_what_is_recognised_is_known_surely_and_rightly(
    small_mnist: Dataset, digits: ClassifierFeatures
) -> None:
    half = torch.arange(len(small_mnist)) % 2
    labels = (small_mnist.condition.values + half) % 10
    halfway = dataset_of("halfway", small_mnist.examples.values, labels, small_mnist.class_names)
    assert recognised(digits, small_mnist) > 0.98
    # Not only those at even places.
    assert recognised(digits, halfway) == pytest.approx(0.5, abs=0.1)
    assert recognised(digits, halfway[:300]) == pytest.approx(0.5, abs=0.01)


def test_stacks_are_spelt_first_channel_first(small_mnist: Dataset, digits: ClassifierFeatures) -> None:
    stacks = small_mnist.examples.values[:900].view(300, 3, 28, 28)
    numbers = small_mnist.condition.values[:900].view(300, 3) @ torch.tensor([100, 10, 1])
    extractor = StackedFeatures(digits)
    features = extractor.features(stacks)
    classes, confidence = extractor.guesses(features)
    assert features.shape == (300, 192)
    assert (classes == numbers).double().mean() > 0.98
    assert confidence.min() > 0
    assert confidence.max() <= 1
    assert torch.equal(extractor.scores(features).argmax(1), classes)
    assert extractor.class_names[42] == "042"


def test_modules_and_torchscript_files_give_the_same_features(tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
    path = tmp_path / "network.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(network), str(path))
    extractor = ModuleFeatures(network, label="network")
    grey = extractor.features(images(7, 1, 8, 8))
    assert grey.shape == (7, 16)
    torch.testing.assert_close(grey, network(images(7, 1, 8, 8).float().expand(-1, 3, -1, -1)).flatten(1))
    scripted = load_extractor(str(path), GREY)
    assert scripted.name == extractor.name
    torch.testing.assert_close(scripted.features(images(7, 1, 8, 8)), grey)
    with pytest.raises(DataError, match="3 channels"):
        extractor.features(images(7, 2, 8, 8))


def test_a_scripted_network_is_asked_for_features(tmp_path: Path) -> None:
    class Inception(nn.Module):
        def forward(self, images: Tensor, return_features: bool = False) -> Tensor:
            return images.mean((2, 3)) if return_features else images.sum()

    path = tmp_path / "inception.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Inception()), str(path))
    assert load_extractor(str(path), GREY).features(images(5, 3, 8, 8)).shape == (5, 3)


def test_onnx_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None in sys.modules makes the import fail, whether the package is installed or not.
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = tmp_path / "network.onnx"
    path.write_bytes(b"onnx")
    with pytest.raises(SettingError, match="pip install onnxruntime"):
        load_extractor(str(path), GREY)


@pytest.mark.parametrize("name", ["digit", "no/such/file.pt", "features.pkl", ""])
def test_unknown_features_say_what_there_is(name: str) -> None:
    with pytest.raises(SettingError, match="'digits', 'random', 'pixels' or an existing file"):
        load_extractor(name, GREY)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".ts"])
def test_damaged_files_are_refused_in_words(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(SettingError, match="broken"):
        load_extractor(str(path), GREY)


def test_images_of_another_shape_are_refused(digits: ClassifierFeatures) -> None:
    with pytest.raises(DataError, match=r"\(1, 28, 28\), not \(3, 32, 32\)"):
        digits.features(images(2, 3, 32, 32))


def test_names_follow_the_weights() -> None:
    first, second = ({"weight": torch.full((2, 2), value)} for value in (1.0, 1.0 + 1e-7))
    assert weights_hash(first) == weights_hash(dict(first))
    assert weights_hash(first) != weights_hash(second)

"""Data that can be read, but hardly as it was meant: it is said, or refused."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.cli import main
from sparring.data import load_dataset
from sparring.data.pictures import read_pictures, save_pictures
from sparring.data.summary import hints
from sparring.errors import DataError, SettingError
from sparring.processes import Processes
from sparring.runs.description import as_of_today
from sparring.training.engine import Engine
from sparring.training.hints import _way_to_hold_out, hints_of_game
from sparring.training.settings import RunSettings
from sparring.zoo import find_system

CPU = torch.device("cpu")

Pictures = Callable[..., Path]


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    """Writes pictures of noise at the places that are given, so many in each."""

    def write(*places: str, count: int = 3, size: tuple[int, int] = (28, 28), below: int = 256) -> Path:
        chance = np.random.default_rng(0)
        for place in places:
            (tmp_path / place).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                pixels = chance.integers(0, below, (size[1], size[0]), dtype=np.uint8)
                pixels[0, 0] = below - 1
                Image.fromarray(pixels).save(tmp_path / place / f"{number}.png")
        return tmp_path

    return write


def said(name: str, **how: object) -> str:
    return " ".join(hints(load_dataset(name, **how)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("places", "count", "mend"),
    [
        (("cat/train", "cat/test", "dog/train", "dog/test"), 6, "put test outermost, as in test/cat"),
        (("set/train/cat", "set/train/dog", "set/val/cat"), 3, "such as folder:{root}/set"),
        (("train/cat/train", "train/cat/valid", "train/dog"), 3, "put valid outermost|such as folder:.*cat"),
    ],
)
def test_splits_within_folders_are_no_splits(
    pictures: Pictures, places: tuple[str, ...], count: int, mend: str
) -> None:
    root = pictures(*places)
    found = said(f"folder:{root}")
    assert f"{count} images in folders such as" in found
    assert re.search(mend.format(root=re.escape(str(root))), found)


def test_splits_that_are_none_within_are_not_spoken_of(pictures: Pictures) -> None:
    assert "outermost" not in said(f"folder:{pictures('train/cat', 'train/dog', 'test/cat')}")
    assert "within others" not in said(f"folder:{pictures('a/x', 'a/y', 'b/train')}")


def test_samples_in_splits_are_all_samples(pictures: Pictures) -> None:
    root = pictures("made/train", "made/test", count=20)
    real = load_dataset(f"folder:{pictures('real', count=20)}/real")
    assert len(read_pictures(root / "made", real)) == 40
    pictures("other/a", "other/b", "other/unlabelled")
    with pytest.raises(DataError, match="pictures of no class, unlabelled, beside those of classes"):
        read_pictures(root / "other", real)


def test_real_examples_of_samples_are_fitted_and_stretched_as_asked(
    pictures: Pictures, capsys: pytest.CaptureFixture[str]
) -> None:
    root = pictures("photos", count=60, size=(48, 28), below=40)
    padded = load_dataset(f"folder:{root / 'photos'}", size=28, fit="pad", stretch=True)
    np.savez(root / "made.npz", images=padded.examples.values.permute(0, 2, 3, 1).numpy())
    given = [
        "evaluate",
        str(root / "made.npz"),
        "--data",
        f"folder:{root / 'photos'}",
        "--features",
        "pixels",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        main([*given, "--size", "28", "--json"])
    captured = capsys.readouterr()
    assert "More than a tenth is cut off at the edges of 60 of 60 images" in captured.err
    assert "--stretch makes the brightest value white" in captured.err
    assert '"memorised"' in captured.out
    found = sparring.evaluate(
        root / "made.npz", data=f"folder:{root / 'photos'}", size=28, fit="pad", stretch=True, quiet=True
    )
    assert found.figures["memorised"].value == 1
    main([*given, "--size", "28", "--fit", "pad", "--stretch", "--json"])
    captured = capsys.readouterr()
    assert "cut off" not in captured.err
    assert "brightest" not in captured.err


def test_what_is_of_runs_is_refused_of_files_and_the_other_way_round(tiny_npz: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="holds samples that are made: leave epoch out"):
        sparring.evaluate(tiny_npz, data=f"npz:{tiny_npz}", epoch=1)
    run = sparring.train("gan", data=f"npz:{tiny_npz}", out=tmp_path / "run", max_steps=1, quiet=True)
    for given in ({"fit": "pad"}, {"stretch": True}, {"size": 28}):
        with pytest.raises(SettingError, match=f"read as it read them: leave --{next(iter(given))} out"):
            sparring.evaluate(run, **given)  # type: ignore[arg-type]


def test_pairs_of_different_shapes_are_said(pictures: Pictures) -> None:
    """One image that only EXIF turns is enough."""
    root = pictures("A", "B", size=(32, 24))
    assert "different shapes" not in said(f"pairs:{root}", size=24)
    turned = Image.open(root / "A" / "1.png")
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(root / "A" / "1.png", exif=exif)
    found = said(f"pairs:{root}", size=24)
    assert (
        "The images of 1 pair have different shapes, such as A/1.png with 24 x 32 and B/1.png with" in found
    )
    # Of one shape in two sizes, up to a pixel of rounding.
    pictures("A", size=(33, 25))
    pictures("B", size=(64, 48))
    assert "different shapes" not in said(f"pairs:{root}", size=24)


@pytest.mark.parametrize("kind", ["pairs", "unpaired"])
def test_masks_in_one_domain_are_said_and_not_to_be_stretched(pictures: Pictures, kind: str) -> None:
    """To stretch both alike would leave them as dark as they are."""
    pictures("A", below=19)
    root = pictures("B")
    found = said(f"{kind}:{root}")
    assert "The brightest value of A is 18 of 255, as in masks that hold the number of a class" in found
    assert "by 14 at the most; --stretch would scale all alike" in found
    assert found.count("brightest") == 1
    pictures("B", below=30)
    assert "--stretch makes the brightest value white" in said(f"{kind}:{root}")
    assert "brightest" not in said(f"{kind}:{root}", stretch=True)


def test_a_class_of_which_nothing_is_trained_on_is_said(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    labels = np.arange(60) % 3
    parts = {"x_train": images, "y_train": labels, "x_test": images[::-1], "y_test": labels + 4}
    np.savez(tmp_path / "own.npz", **parts)
    found = said(f"npz:{tmp_path / 'own.npz'}")
    assert "No training example is of 3 classes (4, 5, 6): nothing can be learnt" in found
    np.savez(tmp_path / "own.npz", **(parts | {"y_test": labels}))
    assert "No training example" not in said(f"npz:{tmp_path / 'own.npz'}")


def test_a_seed_of_nothing_is_refused(tiny_npz: Path, tmp_path: Path) -> None:
    for share in (None, 0.0):
        with pytest.raises(DataError, match="--hold-out-seed 3 says which examples are held out by chance"):
            load_dataset(f"npz:{tiny_npz}", hold_out=share, hold_out_seed=3)
    parts = [load_dataset(f"npz:{tiny_npz}", hold_out=0.2, hold_out_seed=seed) for seed in (3, 4)]
    assert parts[0].fingerprint != parts[1].fingerprint
    # A tenth of texts is held out where nothing is said.
    (tmp_path / "lines.txt").write_text("".join(f"line {n}\n" for n in range(300)))
    texts = [load_dataset(f"text:{tmp_path / 'lines.txt'}", hold_out_seed=seed) for seed in (3, 4)]
    assert texts[0].fingerprint != texts[1].fingerprint


def test_points_that_32_bits_cannot_tell_apart_are_said(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(100, 2))
    np.savez(tmp_path / "far.npz", points=points + np.array([0, 5e6]))
    assert "Column 1 of the points has a mean of 5e+06 and a standard deviation of" in said(
        f"npz:{tmp_path / 'far.npz'}"
    )
    for name, values in {"near": points, "equal": np.full((100, 2), 0.1), "32": points.astype("f")}.items():
        np.savez(tmp_path / f"{name}.npz", points=values)
        assert "of 32 bits" not in said(f"npz:{tmp_path / f'{name}.npz'}")


def test_floats_of_two_ranges_are_refused(tmp_path: Path) -> None:
    """Each would be taken for as bright as the other."""
    floats = np.random.default_rng(0).random((28, 28)).astype("f")
    for name, scale in (("a", 255), ("b", 200), ("black", 0)):
        Image.fromarray(floats * np.float32(scale)).save(tmp_path / f"{name}.tiff")
    assert len(load_dataset(f"folder:{tmp_path}")) == 3
    Image.fromarray(floats).save(tmp_path / "c.tiff")
    with pytest.raises(DataError, match=r"Floats go up to 1 in .*c\.tiff and up to 255 in .*a\.tiff"):
        load_dataset(f"folder:{tmp_path}")


def test_folders_of_samples_keep_classes_apart(tmp_path: Path) -> None:
    """Of names that are none of folders, too, where another class is called as those would be."""
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    labels = np.array(["class-1", "x/y", "z"])[np.arange(60) % 3]
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    real = load_dataset(f"npz:{tmp_path / 'own.npz'}")
    save_pictures(tmp_path / "made", [(real.examples, real.condition)], 60)
    found = read_pictures(tmp_path / "made", real)
    assert found.condition.values.bincount().tolist() == [20, 20, 20]
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["class-1", "class-1_", "z"]


def test_resuming_says_that_other_examples_are_held_out(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    parts = {name: chance.integers(0, 256, (60, 8, 8), dtype=np.uint8) for name in ("x_train", "x_test")}
    np.savez(tmp_path / "own.npz", **parts)
    asked = {"out": tmp_path / "run", "max_steps": 2, "batch_size": 10, "quiet": True}
    run = sparring.train("gan", data=f"npz:{tmp_path / 'own.npz'}", **asked)  # type: ignore[arg-type]
    np.savez(tmp_path / "own.npz", **(parts | {"x_test": 255 - parts["x_test"]}))
    with pytest.warns(UserWarning, match="What npz:.* holds out has changed since .* began"):
        sparring.resume(run, max_steps=4, quiet=True)


def test_a_way_to_hold_out_is_one_for_both_domains(
    pictures: Pictures, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures("A", count=8)
    root = pictures("B", count=60)
    main(
        [
            "train",
            "cyclegan",
            "--data",
            f"unpaired:{root}",
            "--preset",
            "small",
            "--width",
            "2",
            "--critic-width",
            "2",
            "--max-steps",
            "1",
            "--out",
            str(root / "run"),
        ]
    )
    assert "8 different examples would be too few to be parted" in capsys.readouterr().out


def test_a_run_of_before_a_seed_of_nothing_was_refused_goes_on(tiny_npz: Path, tmp_path: Path) -> None:
    run = sparring.train("gan", data=f"npz:{tiny_npz}", out=tmp_path / "run", max_steps=1, quiet=True)
    file = run.path / "run.json"
    file.write_text(file.read_text().replace('"hold_out_seed": 0', '"hold_out_seed": 3'))
    assert sparring.resume(tmp_path / "run", max_steps=2, quiet=True).status["step"] == 2
    texts = {"data": {"name": "text:/a.txt", "hold_out": None, "hold_out_seed": 3, "hold_out_classes": None}}
    assert as_of_today(texts)["data"]["hold_out_seed"] == 3


def test_pairs_are_held_out_together(pictures: Pictures) -> None:
    """Few sources of many targets are no reason that none could be."""
    root = pictures("A", "B", count=60)
    one = (root / "A" / "0.png").read_bytes()
    for path in (root / "A").iterdir():
        path.write_bytes(one)
    assert _way_to_hold_out(load_dataset(f"pairs:{root}")) == "--hold-out 0.34 keeps some aside"
    assert load_dataset(f"pairs:{root}", hold_out=0.34).held_out is not None
    assert "1 different example would be too few" in _way_to_hold_out(load_dataset(f"unpaired:{root}"))


def test_much_of_a_text_that_is_unknown_is_said(tmp_path: Path) -> None:
    """Where no spaces stand between words each line is a word, of which the rare ones are one token."""
    lines = ["".join(chr(0x4E00 + each) for each in divmod(number, 8)) for number in range(60)]
    (tmp_path / "lines.txt").write_text("\n".join([*lines, *lines[:6] * 2]))
    found = said(f"text:{tmp_path / 'lines.txt'}", tokens="words")
    assert re.search(r"\d\d% of the tokens are too rare to be known .* give --tokens characters", found)
    assert "too rare" not in said(f"text:{tmp_path / 'lines.txt'}", tokens="characters")


def test_texts_with_unknown_tokens_are_not_called_the_same(tmp_path: Path) -> None:
    names = [f"name{number}" for number in range(200)]
    (tmp_path / "met.txt").write_text("\n".join(f"I met {name}" for name in names) + "\nI saw\nI saw\n")
    dataset = load_dataset(f"text:{tmp_path / 'met.txt'}", tokens="words")
    assert dataset.held_out is not None
    assert "I met \N{REPLACEMENT CHARACTER}" in dataset.held_out.examples.kind.texts(
        dataset.held_out.examples.values
    )
    assert "trained on as well" not in " ".join(hints(dataset))


@pytest.mark.parametrize(
    ("means", "deviation", "why"),
    [
        ([[1e6, 1e6], [1000001, 1000001]], 0.01, "rounded to steps of 0.0625 in 32 bits"),
        ([[16777216, 0], [16777217, 0]], 100.0, "the same place in numbers of 32 bits"),
    ],
)
def test_mixtures_that_rounding_would_change_are_refused(
    tmp_path: Path, means: list[list[float]], deviation: float, why: str
) -> None:
    (tmp_path / "far.json").write_text(json.dumps({"means": means, "deviation": deviation}))
    with pytest.raises(DataError, match=why):
        load_dataset(f"mixture:{tmp_path / 'far.json'}")


def test_mixtures_that_rounding_changes_a_little_are_said(tmp_path: Path) -> None:
    file = tmp_path / "far.json"
    for deviation, expected in ((0.1, True), (10.0, False)):
        file.write_text(json.dumps({"means": [[1e6, 1e6], [1000100, 1000100]], "deviation": deviation}))
        assert ("rounded to steps of 0.0625" in said(f"mixture:{file}")) is expected


def test_classes_dealt_one_after_the_other_are_said(pictures: Pictures, tmp_path: Path) -> None:
    """By rule they are shuffled; the listing's order is that of the files."""
    root = pictures("cat", "dog", count=25)
    run = sparring.train(
        "acgan", data=f"folder:{root}", out=tmp_path / "run", max_steps=1, width=4, quiet=True
    )
    assert run.description["settings"]["shuffle"] is True
    game = run_game("acgan", f"folder:{root}", shuffle=False)
    assert "lie class after class" in " ".join(game)
    assert "lie class after class" not in " ".join(run_game("acgan", f"folder:{root}", shuffle=True))


def run_game(system: str, data: str, **settings: object) -> list[str]:
    """The hints before a run of a small system."""
    game_class = find_system(system)
    dataset = load_dataset(data)
    small = {"width": 4, "batch_size": 20}
    engine = Engine(
        game_class, game_class.Settings.of({**small, **settings}, system), dataset, 1, 0, Processes(CPU)
    )
    return list(hints_of_game(engine.game, dataset, RunSettings(), settings))

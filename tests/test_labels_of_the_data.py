"""Classes are known by the labels that the data has, from the data to samples and to their evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparring
from sparring.cli import main
from sparring.data import load_dataset
from sparring.evaluation import evaluate_samples
from sparring.evaluation.runs import classes_as_in

SYSTEM = '''
import torch
from torch import nn
from sparring import Game, Needs, Player, Role, Terms, Turn


class Levels(Game):
    """Makes grey images, as bright as the number of the class that it is told."""

    value_range = (0.0, 255.0)
    needs = Needs(condition=("classes",))
    conditional = True

    def __init__(self, settings, data, random):
        super().__init__(settings, data, random)
        self.offset = nn.Parameter(torch.zeros(()))

    def players(self):
        return {"generator": Player(Role.GENERATOR, torch.optim.SGD([self.offset], 1e-9))}

    def round(self):
        return [Turn("generator", lambda real: Terms(gap=(self.offset - 1).square()))]

    def latent(self, count, random):
        return random.normal(count, *self.data.shape)

    def generate(self, latent, condition):
        return 50.0 + 60.0 * condition.view(-1, 1, 1, 1) + 5 * latent.clamp(-3, 3) + self.offset
'''

LABELS = {
    "from 1": [1, 2, 3],
    "negative": [-2, -1, 0],
    "gaps": [3, 7, 9],
    "two digits": [1, 2, 10],
    "texts": ["cat", "dog", "owl"],
}


def grey(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Images as bright as the numbers of their classes, uint8 (count, 8, 8)."""
    noise = np.random.default_rng(0).normal(size=(len(numbers), 8, 8)).clip(-3, 3)
    return (50 + 60 * numbers[:, None, None] + 5 * noise).round().astype(np.uint8)


@pytest.fixture(scope="module", params=LABELS.values(), ids=LABELS)
def labelled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Any]]:
    """A run of the system above on data with such labels, beside the data."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "levels.py").write_text(SYSTEM)
    numbers = np.arange(120) % 3
    np.savez(folder / "data.npz", images=grey(numbers), labels=np.array(request.param)[numbers])
    sparring.train(
        f"{folder / 'levels.py'}:Levels",
        data=f"npz:{folder / 'data.npz'}",
        out=folder / "run",
        max_steps=2,
        batch_size=10,
        health_every=0,
        device="cpu",
        quiet=True,
    )
    return folder, request.param


def brightness(file: Path) -> np.ndarray[Any, Any]:
    with np.load(file) as stored:
        return stored["images"].mean((1, 2, 3))


def test_each_label_gives_its_class_and_is_saved_as_it_is(labelled: tuple[Path, list[Any]]) -> None:
    folder, labels = labelled
    for number, label in enumerate(labels):
        file = folder / "one.npz"
        main(["sample", str(folder / "run"), "--count", "4", f"--label={label}", "--out", str(file)])
        assert brightness(file) == pytest.approx(50 + 60 * number, abs=3)
        with np.load(file) as stored:
            assert stored["labels"].tolist() == [label] * 4


def test_no_other_label_does(labelled: tuple[Path, list[Any]], capsys: pytest.CaptureFixture[str]) -> None:
    folder, labels = labelled
    for wrong in {"0", "1", "2", "4", "class 1"} - set(map(str, labels)):
        with pytest.raises(SystemExit) as ended:
            main(["sample", str(folder / "run"), "--label", wrong, "--out", str(folder / "none.npz")])
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert f"There is no class '{wrong}'." in said
        assert f"The classes are: {', '.join(map(str, labels))}." in said
    assert not (folder / "none.npz").exists()


def test_saved_samples_are_evaluated_as_those_of_the_run(labelled: tuple[Path, list[Any]]) -> None:
    folder, _ = labelled
    data = f"npz:{folder / 'data.npz'}"
    model = sparring.load(folder / "run", device="cpu")
    # As often as the data has them, which `sample` shows in turn.
    told = classes_as_in(load_dataset(data), 60, model.condition)
    model.sample(60, told=told).save(folder / "samples.npz")
    of_file = sparring.evaluate(folder / "samples.npz", data=data, device="cpu")
    of_run = sparring.evaluate(folder / "run", 60, device="cpu")
    assert of_file.figures == of_run.figures
    assert of_file.figures["one_nn_error"].value == 0
    assert of_file.figures["cas_error"].value == pytest.approx(
        of_file.figures["cas_error"].reference, abs=0.1
    )


def test_samples_of_some_classes_are_evaluated_by_their_labels(
    tmp_path: Path, labelled: tuple[Path, list[Any]]
) -> None:
    """As a data set of their own they would be numbered otherwise than in the data."""
    folder, labels = labelled
    numbers = np.arange(60) % 2 + 1
    np.savez(tmp_path / "samples.npz", images=grey(numbers), labels=np.array(labels)[numbers])
    dataset = load_dataset(f"npz:{folder / 'data.npz'}")
    found = [
        sparring.evaluate(tmp_path / "samples.npz", data=dataset.name, device="cpu"),
        evaluate_samples(load_dataset(f"npz:{tmp_path / 'samples.npz'}"), dataset),
    ]
    # Of real examples a third is of the class that no sample has; the others are told apart without error.
    assert [each.figures["one_nn_error"].value for each in found] == pytest.approx([1 / 3] * 2, abs=0.1)


def test_labels_that_the_data_does_not_have_are_refused(
    tmp_path: Path, labelled: tuple[Path, list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, labels = labelled
    np.savez(tmp_path / "samples.npz", images=grey(np.arange(30) % 3), labels=np.arange(30) % 3 + 20)
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(tmp_path / "samples.npz"), "--data", f"npz:{folder / 'data.npz'}"])
    assert ended.value.code == 2
    assert f"no class '20'. The classes are: {', '.join(map(str, labels))}." in capsys.readouterr().err


def test_folders_are_classes_by_their_names(tmp_path: Path) -> None:
    from PIL import Image

    for number, name in enumerate(("1", "2", "10")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for place, image in enumerate(grey(np.full(40, number))):
            Image.fromarray(image).save(tmp_path / "photos" / name / f"{place}.png")
    data = f"folder:{tmp_path / 'photos'}"
    numbers = np.arange(60) % 3
    np.savez(tmp_path / "samples.npz", images=grey(numbers), labels=np.array([1, 2, 10])[numbers])
    dataset = load_dataset(data, size=8)
    found = evaluate_samples(load_dataset(f"npz:{tmp_path / 'samples.npz'}"), dataset)
    assert dataset.class_names == ("1", "10", "2")
    assert found.figures["one_nn_error"].value == 0
    assert dataset.condition.kind.named("10").tolist() == [1]

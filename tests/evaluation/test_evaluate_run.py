"""A run from its folder: samples, the figures of its system, and what is written."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.cli import main
from sparring.data import load_dataset
from sparring.errors import RunError, SettingError
from sparring.evaluation import kept, runs
from sparring.evaluation.evaluate import evaluate_samples
from sparring.evaluation.features.random_convolutions import RandomConvolutions
from sparring.evaluation.kept import keep
from sparring.evaluation.result import Evaluation
from sparring.model import Model
from sparring.runs.files import check_writable

SYSTEM = '''
import torch
from torch import nn
from sparring import DataSpec, Figure, Game, GameSettings, Player, Randomness, Role, Terms, Turn


class Bright(Game):
    """Learns one brightness for all pixels, and says how bright held-out images are."""

    value_range = (0.0, 1.0)

    def __init__(self, settings, data, random):
        super().__init__(settings, data, random)
        self.level = nn.Parameter(torch.zeros(()))

    def players(self):
        return {"generator": Player(Role.GENERATOR, torch.optim.SGD([self.level], 0.1))}

    def round(self):
        return [Turn("generator", lambda real: Terms(gap=(self.level - real.examples.mean()).square()))]

    def figures(self):
        return {"brightness": Figure(lambda batch: batch.examples.mean((1, 2, 3)), "mean grey; from 0 to 1")}

    def latent(self, count, random):
        return random.normal(count, 64)

    def generate(self, latent, condition):
        return self.level + 0.1 * latent.view(-1, *self.data.shape)
'''


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    chance = np.random.default_rng(0)
    return {name: chance.integers(0, 256, (100, 8, 8), dtype=np.uint8) for name in ("x_train", "x_test")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, images: dict[str, np.ndarray]) -> Path:  # type: ignore[type-arg]
    folder = tmp_path_factory.mktemp("bright")
    (folder / "bright.py").write_text(SYSTEM)
    np.savez(folder / "images.npz", **images)
    np.savez(folder / "points.npz", points=np.zeros((60, 2)))
    np.savez(folder / "labelled.npz", images=images["x_train"], labels=np.arange(100) % 2)
    sparring.train(
        f"{folder / 'bright.py'}:Bright",
        data=f"npz:{folder / 'images.npz'}",
        out=folder / "run",
        max_steps=30,
        batch_size=10,
        keep_every=1,
        device="cpu",
        quiet=True,
    )
    return folder / "run"


def test_a_run_is_evaluated_with_the_figures_of_its_system(
    run: Path,
    images: dict[str, np.ndarray],  # type: ignore[type-arg]
) -> None:
    found = sparring.evaluate(run, 50, device="cpu")
    bright = found.figures["brightness"]
    assert bright.value == pytest.approx(images["x_test"].mean() / 255, abs=1e-6)
    assert bright.low < bright.value < bright.high
    assert bright.reference is None
    assert found.about["brightness"] == "mean grey; from 0 to 1"
    assert {"fid", "memorised"} <= found.figures.keys()
    assert (found.count, found.extractor) == (50, RandomConvolutions(1).name)
    assert found.checkpoint == {"run": "run", "step": 30, "epoch": None, "seed": 0}
    assert Evaluation.from_json((run / "evaluation.json").read_text()) == found


def test_a_run_is_too_short_by_the_steps_behind_the_networks_that_are_evaluated(
    run: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copytree(run, tmp_path / "run"))
    (path / "run.json").write_text(
        json.dumps(json.loads((path / "run.json").read_text()) | {"enough_steps": 30})
    )
    assert not sparring.evaluate(path, 50, device="cpu").short
    assert " 20 steps, where" in sparring.evaluate(path, 50, epoch=2, device="cpu").short


def test_the_same_seed_finds_the_same(run: Path) -> None:
    assert sparring.evaluate(run, 50, seed=3, device="cpu") == sparring.evaluate(
        run, 50, seed=3, device="cpu"
    )


def test_the_figures_of_a_system_are_of_data_such_as_it_knows(run: Path) -> None:
    other = sparring.evaluate(run, 50, data=f"npz:{run.parent / 'labelled.npz'}", device="cpu")
    assert "fid" in other.figures
    assert "brightness" not in other.figures


def test_samples_in_a_file_are_evaluated_as_those_of_the_run(run: Path) -> None:
    path, data = run.parent / "samples.npz", f"npz:{run.parent / 'images.npz'}"
    sparring.sample(run, 50, device="cpu").save(path)
    of_file, of_run = (
        sparring.evaluate(path, data=data, device="cpu"),
        sparring.evaluate(run, 50, device="cpu"),
    )
    assert of_file.figures == {
        name: figure for name, figure in of_run.figures.items() if name != "brightness"
    }
    assert of_file.checkpoint == {"file": "samples.npz"}
    assert json.loads(of_file.to_json())["count"] == 50
    assert sparring.evaluate(path, 30, data=data, device="cpu").count == 30


@pytest.mark.usefixtures("few_digits")
def test_of_many_pictures_some_of_each_class_are_evaluated(tmp_path: Path) -> None:
    """In a folder for each class, or an array that is sorted, the first are all of one class; where classes
    are there in turn, every second one is of half of them."""
    digits = load_dataset("mnist").held_out
    assert digits is not None
    chosen = torch.cat([(digits.condition.values == digit).nonzero()[:30, 0] for digit in range(10)])
    images, labels = digits.examples.values[chosen, 0].numpy(), digits.condition.values[chosen].numpy()
    np.savez(tmp_path / "sorted.npz", images=images, labels=labels)
    turn = np.arange(300).reshape(10, 30).T.flatten()
    np.savez(tmp_path / "turn.npz", images=images[turn], labels=labels[turn])
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / "folder" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "folder" / str(label) / f"{number}.png")
    for path in (tmp_path / "sorted.npz", tmp_path / "turn.npz", tmp_path / "folder"):
        assert sparring.evaluate(path, 100, data="mnist").figures["modes"].value == 10


def test_what_examples_are_seen_through_is_said_with_the_reason(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = "Too few samples to be judged: 50, where it takes 100."
    said = f"Seen through {RandomConvolutions(1).name}: random convolutions put damage to any images"
    main(["evaluate", str(run), "--count", "50"])
    out = capsys.readouterr().out
    assert said in out
    assert out.endswith(f"{verdict}\n")
    main(["evaluate", str(run), "--count", "50", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert "the classifier that comes along is for grey digits" in found["why"]
    assert found["verdict"] == verdict
    main(["evaluate", str(run), "--count", "50", "--features", "pixels"])
    assert "Seen through pixels: as asked for." in capsys.readouterr().out


def test_evaluations_are_kept_beside_each_other(run: Path, tmp_path: Path) -> None:
    """By features, count, checkpoint and data; `evaluation.json` is the one that means most."""
    run = Path(shutil.copytree(run, tmp_path / "run"))
    other_data = f"npz:{tmp_path / 'other.npz'}"
    np.savez(tmp_path / "other.npz", images=np.random.default_rng(1).integers(0, 255, (64, 8, 8), np.uint8))

    def chosen() -> Evaluation:
        return Evaluation.from_json((run / "evaluation.json").read_text())

    shutil.rmtree(run / "evaluations", ignore_errors=True)
    (run / "evaluation.json").unlink(missing_ok=True)
    most = sparring.evaluate(run, 60, device="cpu")
    few = sparring.evaluate(run, 30, device="cpu")
    sparring.evaluate(run, 80, data=other_data, device="cpu")
    assert chosen() == most
    names = sorted(path.name for path in (run / "evaluations").iterdir())
    features = RandomConvolutions(1).name
    assert names[:2] == [f"{features}-30-step-30.json", f"{features}-60-step-30.json"]
    assert names[2].startswith(f"{features}-80-step-30-npz-")
    assert Evaluation.from_json((run / "evaluations" / names[0]).read_text()) == few
    again = sparring.evaluate(run, 60, seed=1, device="cpu")
    assert chosen() == again, "the same made anew takes its place"
    later = replace(few, checkpoint=few.checkpoint | {"step": 60})
    keep(sparring.Run.open(run), later)
    assert chosen() == later, "of later networks"
    keep(sparring.Run.open(run), replace(most, count=10**6, checkpoint=most.checkpoint | {"epoch": 3}))
    assert chosen() == later, "not of those of an epoch"
    assert len(list((run / "evaluations").iterdir())) == 5


def test_an_evaluation_from_before_is_kept_as_well(run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(run, tmp_path / "run"))
    (run / "evaluation.json").unlink(missing_ok=True)
    before = sparring.evaluate(run, 30, device="cpu")
    shutil.rmtree(run / "evaluations")
    sparring.evaluate(run, 60, device="cpu")
    kept = run / "evaluations" / f"{RandomConvolutions(1).name}-30-step-30.json"
    assert Evaluation.from_json(kept.read_text()) == before
    (run / "evaluation.json").write_text("{")
    found = sparring.evaluate(run, 30, device="cpu")
    assert Evaluation.from_json((run / "evaluation.json").read_text()) == found, "a damaged one is made anew"


def test_a_file_needs_data(run: Path) -> None:
    with pytest.raises(SettingError, match="--data"):
        sparring.evaluate(run.parent / "samples.npz")


def test_unknown_features_are_refused(run: Path) -> None:
    with pytest.raises(SettingError, match="'digits', 'random', 'pixels'"):
        sparring.evaluate(run, 50, features="digit", device="cpu")


def test_a_run_that_cannot_be_written_is_evaluated_all_the_same(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said before anything is computed, and the figures are shown."""
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (copy / "evaluation.json").unlink(missing_ok=True)
    said: list[str] = []

    def full(path: Path) -> None:
        raise RunError(f"Cannot write {path}: no space left on device.")

    def noted(*given: Any, **named: Any) -> Any:
        said.append(capsys.readouterr().err)
        return evaluate_samples(*given, **named)

    monkeypatch.setattr(runs, "check_writable", full)
    monkeypatch.setattr(runs, "evaluate_samples", noted)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        main(["evaluate", str(copy), "--count", "50"])
    assert said == [
        f"sparring: Cannot write {copy / 'evaluation.json'}: no space left on device. The figures are shown, "
        "and not kept in the run.\n"
    ]
    assert "fid" in capsys.readouterr().out
    assert not (copy / "evaluation.json").exists()


def test_room_that_is_gone_in_the_end_loses_no_figure(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise RunError(f"Cannot write {path}: no space left on device.")

    monkeypatch.setattr(kept, "write_atomically", full)
    with pytest.warns(UserWarning, match=r"no space left on device\. The figures are shown"):
        assert "fid" in sparring.evaluate(run, 50, device="cpu").figures


def test_a_folder_that_takes_nothing_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Cannot write"):
        check_writable(tmp_path / "gone" / "evaluation.json")
    check_writable(tmp_path / "evaluation.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["count", "seed"])
def test_a_number_below_what_it_may_be(name: str, run: Path) -> None:
    with pytest.raises(SettingError, match=f"{name} is -5: it must be at least"):
        sparring.evaluate(run, **{name: -5})


def test_what_is_under_way_is_said_on_standard_error(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparring.console.LINE_EVERY_SECONDS", 0.0)
    main(["evaluate", str(run), "--count", "30", "--device", "cpu", "--json"])
    shown = capsys.readouterr()
    assert json.loads(shown.out)["count"] == 30
    lines = shown.err.splitlines()
    assert lines[:3] == ["Evaluating: real examples", "Evaluating: samples", "Evaluating: fid (1 of 10)"]
    main(["evaluate", str(run), "--count", "30", "--device", "cpu", "--json", "--quiet"])
    assert capsys.readouterr().err == ""


def test_samples_made_otherwise_are_evaluated_as_such_and_kept_beside(run: Path) -> None:
    plain = sparring.evaluate(run, 50, device="cpu", quiet=True)
    usual = sparring.evaluate(run, 50, truncation=0.5, device="cpu", quiet=True)
    model = sparring.load(run, device="cpu")
    samples = model.sample(50, truncation=0.5)
    data = sparring.load_dataset(model.data.name)
    again = evaluate_samples(
        sparring.Dataset("again", samples.columns), data, extractor=RandomConvolutions(1)
    )
    assert usual.figures["fid"].value == pytest.approx(again.figures["fid"].value)
    assert usual.figures["fid"].value != plain.figures["fid"].value
    assert plain.sampling == {}
    assert usual.sampling == {"truncation": 0.5}
    assert len([*(run / kept.FOLDER).glob("*truncation-0.5.json")]) == 1
    chosen = kept.chosen(sparring.Run.open(run))
    assert chosen is not None
    assert chosen.sampling == {}


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--truncation", "1.5", "truncation is 1.5: it must be from 0 to 1"),
        ("--rejection", "0.8", "critic"),
        ("--standing-statistics", "16", "batch normalisation"),
    ],
)
def test_what_a_run_cannot_be_asked_for_is_said(
    run: Path, option: str, value: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", str(run), "--count", "50", option, value])
    assert reason in capsys.readouterr().err


def test_samples_that_are_made_cannot_be_made_otherwise(run: Path) -> None:
    made = run.parent / "labelled.npz"
    with pytest.raises(SettingError, match="holds samples that are made: leave truncation out"):
        sparring.evaluate(made, data=f"npz:{made}", truncation=0.7)


def test_classes_are_asked_for_as_often_as_there_are(tmp_path: Path) -> None:
    """Nine of ten images are of one class, in no order."""
    rare = torch.arange(200) % 10 == 3
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "two.npz", images=images, labels=rare.long().numpy())
    small = {"preset": "digits", "generator_width": 4, "discriminator_width": 4, "batch_size": 10}
    options = {**small, "data": f"npz:{tmp_path / 'two.npz'}", "hold_out": 0.1, "threads": 1, "quiet": True}
    run = sparring.train("r3gan", max_steps=1, out=tmp_path / "run", **options)
    dataset = load_dataset(run.description["data"]["name"], hold_out=0.1)
    assert dataset.held_out is not None
    kind, share = dataset.condition.kind, dataset.held_out.condition.values.double().mean()
    for count in (20, 40, 400):
        told = runs.classes_as_in(dataset, count, kind)
        assert told is not None
        assert len(told) == count
        assert told.values.double().mean() == pytest.approx(share)
    assert runs.classes_as_in(dataset, 10, load_dataset("mnist").condition.kind) is None
    seen: list[Any] = []
    sample = Model.sample

    def sampled(self: Model, *args: Any, **more: Any) -> Any:
        seen.append(more["told"])
        return sample(self, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "sample", sampled)
        sparring.evaluate(run, 20, quiet=True)
    assert torch.equal(seen[0].values, dataset.held_out.condition.values)


def test_the_run_s_own_data_is_parted_as_the_run_did(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "one.npz", images=images)
    name = f"npz:{tmp_path / 'one.npz'}"
    run = sparring.train(
        "gan", data=name, hidden_size=8, batch_size=10, max_steps=1, hold_out=0.2, out=tmp_path / "run",
        threads=1, quiet=True,
    )  # fmt: skip
    own, named = (sparring.evaluate(run, 40, data=data, quiet=True) for data in (None, name))
    assert own.unseen
    assert own.real == 40
    assert named == own

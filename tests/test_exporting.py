"""Exporting: a model in a folder of its own is the model of the run, here and in other programs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch
from suited import suited
from torch import Tensor
from torch.nn import functional as F

import sparring
from sparring.cli import main
from sparring.data.dataset import Dataset
from sparring.errors import CheckpointError, RunError, SettingError, SparringError
from sparring.evaluation.result import EstimatedFigure
from sparring.exporting import onnx
from sparring.exporting.card import card
from sparring.exporting.folder import inputs_of
from sparring.model import Model
from sparring.noise_law import DRAWN, Law, law_of
from sparring.randomness import Randomness
from sparring.zoo import find_system
from sparring.zoo.gan import GAN

SMALL: dict[str, dict[str, Any]] = {
    "gan": {},
    "acgan": {"batch_size": 20},
    "r3gan": {"generator_width": 4, "discriminator_width": 4, "batch_size": 20},
}


def trained(system: str, data: str, out: Path, **options: Any) -> sparring.Run:
    return sparring.train(system, data=data, out=out, quiet=True, **{"max_steps": 2, **options})


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> tuple[sparring.Run, Path]:
    """A run that is told classes, and what it was exported to."""
    folder = tmp_path_factory.mktemp("exported")
    run = trained("r3gan", f"npz:{tiny_npz}", folder / "run", **SMALL["r3gan"])
    return run, sparring.export(run, folder / "model")


def test_the_model_is_that_of_the_run(exported: tuple[sparring.Run, Path]) -> None:
    run, folder = exported
    ours, theirs = sparring.load(folder), sparring.load(run)
    assert torch.equal(ours.sample(20, seed=3).examples, theirs.sample(20, seed=3).examples)
    assert torch.equal(ours.sample(5, label=2).examples, theirs.sample(5, label="2").examples)
    assert torch.equal(ours.interpolate(2).examples, theirs.interpolate(2).examples)
    # Where it lies does not matter.
    moved = shutil.copytree(folder, folder.parent / "elsewhere")
    assert torch.equal(sparring.load(moved).sample(3).examples, theirs.sample(3).examples)


def test_what_is_in_the_folder(exported: tuple[sparring.Run, Path], tiny_npz: Path) -> None:
    run, folder = exported
    files = {"README.md", "config.json", "model.onnx", "model.safetensors", "samples.png"}
    assert {file.name for file in folder.iterdir()} >= files
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    assert weights.keys() == sparring.load(run).game.state_dict().keys()
    config = json.loads((folder / "config.json").read_text())
    assert config["settings"] == run.description["settings"]
    assert config["step"] == 2
    text = "".join(file.read_text() for file in folder.iterdir() if file.suffix in (".json", ".md"))
    assert str(run.path.parent) not in text
    assert str(tiny_npz.parent) not in text


def test_the_step_is_that_of_the_checkpoint(exported: tuple[sparring.Run, Path], tmp_path: Path) -> None:
    """A run that failed came further than what it saved."""
    run = sparring.Run.open(shutil.copytree(exported[0].path, tmp_path / "run"))
    run.set_status(**run.status | {"state": "failed", "step": 5})
    folder = sparring.export(run, tmp_path / "model", onnx=False, page=False)
    assert json.loads((folder / "config.json").read_text())["step"] == 2


@pytest.mark.parametrize(
    "system",
    ["gan", pytest.param("acgan", marks=pytest.mark.slow), pytest.param("r3gan", marks=pytest.mark.slow)],
)
def test_other_programs_compute_the_same(system: str, tiny_npz: Path, tmp_path: Path) -> None:
    run = trained(system, f"npz:{tiny_npz}", tmp_path / "run", **SMALL[system])
    folder = sparring.export(run, tmp_path / "model")
    model = sparring.load(run, device="cpu")
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    told = [] if system == "gan" else ["condition"]
    assert [each.name for each in session.get_inputs()] == ["noise", *told]
    for count in (1, 5, 32):
        given = {"noise": model.game.latent(count, Randomness(count))}
        if told:
            given["condition"] = torch.arange(count) % 3
        (found,) = session.run(["samples"], {name: value.numpy() for name, value in given.items()})
        condition = given.get("condition", torch.zeros(count, 0))
        with torch.no_grad():
            made = model.game.sample(given["noise"], condition)
        stored = model.game.data.kind.decode(made)
        assert found.shape == (count, 1, 20, 20)
        assert np.abs(found * 255 - stored.numpy()).max() <= 0.51


def test_the_card_says_how_to_use_it(
    exported: tuple[sparring.Run, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = exported
    text = (folder / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: sparring\n")
    monkeypatch.chdir(folder)
    first, second = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(second, names)
    assert names["samples"].shape == (64, 1, 20, 20)
    assert 0 <= names["samples"].min() <= names["samples"].max() <= 1
    monkeypatch.chdir(folder.parent)
    exec(first.replace("path/to/this/folder", str(folder)), names)
    assert (folder.parent / "samples.png").is_file()


def test_the_card_has_the_figures_of_the_evaluation(tiny_npz: Path, tmp_path: Path) -> None:
    run = trained("gan", f"npz:{tiny_npz}", tmp_path / "run")
    evaluation = sparring.evaluate(run, count=60, quiet=True)
    text = (sparring.export(run, tmp_path / "model", onnx=False) / "README.md").read_text()
    assert evaluation.verdict.text in text
    assert f"| fid | {evaluation.figures['fid'].value:.4g} |" in text
    assert not (tmp_path / "model" / "model.onnx").exists()
    assert "onnxruntime" not in text


def test_a_card_has_figures_of_its_own_weights_alone(tiny_npz: Path, tmp_path: Path) -> None:
    """And says how samples were made for them, and what they were compared with, without a path."""
    asked = {"keep_every": 1, "batch_size": 100, "max_steps": None, "epochs": 2}
    run = trained("gan", f"npz:{tiny_npz}", tmp_path / "run", **asked)
    np.savez(tmp_path / "other.npz", images=np.random.default_rng(1).integers(0, 256, (90, 20, 20), np.uint8))

    def figures(name: str, epoch: int | None = None) -> str:
        folder = sparring.export(run, tmp_path / name, onnx=False, page=False, epoch=epoch)
        return (folder / "README.md").read_text().partition("## Figures")[2].partition("## Use")[0]

    none = "None: these weights were not evaluated before they were exported."
    of_epoch = sparring.evaluate(run, count=50, epoch=1, quiet=True)
    assert none in figures("latest")
    assert "50 samples against" in figures("epoch", 1)
    assert f"| fid | {of_epoch.figures['fid'].value:.4g} |" in figures("epoch-again", 1)
    sparring.evaluate(run, count=60, data=f"npz:{tmp_path / 'other.npz'}", truncation=0.7, quiet=True)
    other = figures("other")
    assert "60 samples, truncation 0.7, against 45 examples of other data, which it was not trained" in other
    assert "Copies of training examples are not looked for" in other
    sparring.evaluate(run, count=40, quiet=True)
    own = figures("own")
    assert "40 samples against" in own
    assert "training examples of its data. Nothing was held out" in own.replace("\n\n", " ")
    assert str(tmp_path) not in own + other


def test_a_card_shows_names_as_they_are_and_bounds_as_bounds(
    exported: tuple[sparring.Run, Path], tiny_npz: Path, tmp_path: Path
) -> None:
    config = json.loads((exported[1] / "config.json").read_text())
    named = config | {"condition": {"kind": "classes", "names": ["<b>x", "a*b_c", "[1](2)"]}}
    run = trained("gan", f"npz:{tiny_npz}", tmp_path / "run")
    evaluation = sparring.evaluate(run, count=60, quiet=True)
    bound = EstimatedFigure(172940.4, 172940.4, 172940.4, 9.5, at_least=True)
    text = card(named, replace(evaluation, figures={"support": bound}), {})
    assert r"\<b\>x, a\*b\_c, \[1\](2)" in text
    assert "| support | at least 172940 |  | 9.5 |" in text


def test_the_card_of_an_epoch_has_its_steps(tiny_npz: Path, tmp_path: Path) -> None:
    asked = {"batch_size": 100, "keep_every": 1, "max_steps": None, "epochs": 3}
    run = trained("gan", f"npz:{tiny_npz}", tmp_path / "run", **asked)
    folder = sparring.export(run, tmp_path / "model", onnx=False, epoch=2)
    assert json.loads((folder / "config.json").read_text())["step"] == 6
    assert "`gan`, 6 steps" in (folder / "README.md").read_text()


def test_a_card_names_what_the_graph_gives_and_takes(exported: tuple[sparring.Run, Path]) -> None:
    config = json.loads((exported[1] / "config.json").read_text())
    points = {"examples": {"kind": "points", "shape": [2]}, "condition": {"kind": "nothing"}}
    of_points = config | {"data": config["data"] | {"spec": points}, "condition": {"kind": "nothing"}}
    text = card(of_points, None, {"noise": "np.zeros((64, 2))"})
    assert "points as count x dimensions" in text
    assert "images" not in text.partition("## Use")[2]
    assert "condition" not in text
    told = config | {"condition": {"kind": "images", "shape": [3, 8, 8]}}
    text = card(told, None, {"noise": "np.zeros((64, 0))", "condition": "np.zeros((64, 3, 8, 8))"})
    assert '"condition": np.zeros((64, 3, 8, 8))' in text
    # Samples are made of images, which are not in the folder.
    assert "model.translate(" in text
    assert "unconditional" not in text


def test_what_a_graph_takes_is_of_its_own_shape(make_dataset: Callable[..., Dataset]) -> None:
    game = find_system("cyclegan")
    data = suited(game, make_dataset(4, size=8))
    settings = game.Settings.of({"width": 4, "critic_width": 4, "blocks": 1}, "the test")
    built = game(settings, data.spec, Randomness(0))
    model = Model(built, built.condition(data).kind, lambda: data)
    given = inputs_of(model)
    assert given == {
        "noise": "np.zeros((64, 0), np.float32)",
        "condition": "np.zeros((64, 1, 8, 8), np.float32)",
    }


@pytest.mark.slow
def test_points_are_exported_as_they_are(tmp_path: Path) -> None:
    run = trained("r3gan", "ring", tmp_path / "run", point_units=8)
    folder = sparring.export(run, tmp_path / "model", page=False)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    model = sparring.load(run, device="cpu")
    noise = model.game.latent(9, Randomness(0))
    (found,) = session.run(None, {"noise": noise.numpy()})
    with torch.no_grad():
        made = model.game.sample(noise, torch.zeros(9, 0))
    assert np.allclose(found, made.numpy(), atol=1e-5)


# -- what cannot be -----------------------------------------------------------------------------------------


def test_a_graph_that_computes_something_else_is_not_written(
    exported: tuple[sparring.Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = exported
    compute = onnxruntime.InferenceSession.run

    def off(self: Any, *given: Any) -> Any:
        return [values + 2e-5 for values in compute(self, *given)]

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", off)
    with pytest.raises(SparringError, match="differs from torch by 2"):
        sparring.export(run, tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("system", ["language-model", "seqgan", "relgan"])
def test_what_writes_texts_is_refused_before_anything_is_computed(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "texts.txt").write_text("one two\ntwo one\n" * 20)
    options = {"max_steps": 1, "batch_size": 4, "preset": "paper"}
    run = trained(system, f"text:{tmp_path / 'texts.txt'}", tmp_path / "run", **options)
    monkeypatch.setattr(torch.onnx, "export", None)
    with pytest.raises(
        SettingError, match=r"cannot be exported to ONNX \(it has no 'searchsorted'\): give --no"
    ):
        sparring.export(run, tmp_path / "model")
    assert not (tmp_path / "model").exists()


class Doubles(GAN):
    """Computes what its graph can say and nothing can run."""

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        kernel = torch.ones(1, 1, 1, 1, dtype=torch.float64)
        return F.conv_transpose2d(super().generate(latent, condition).double(), kernel).float()


def test_a_graph_that_cannot_be_run_is_not_written(tiny_npz: Path, tmp_path: Path) -> None:
    system = f"{Path(__file__).resolve()}:Doubles"
    run = trained(system, f"npz:{tiny_npz}", tmp_path / "run", preset="paper")
    with pytest.raises(SettingError, match=r"Doubles cannot be exported .*ConvTranspose.*--no-onnx"):
        sparring.export(run, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_what_is_missing_is_said(
    exported: tuple[sparring.Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, folder = exported
    with pytest.raises(SettingError, match="is there already"):
        sparring.export(run, folder)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"Cannot write .*file/in/model"):
        sparring.export(run, tmp_path / "file" / "in" / "model", onnx=False, page=False)
    with pytest.raises(SettingError, match="leave the epoch out"):
        sparring.load(folder, epoch=1)
    with pytest.raises(RunError, match=r"is an exported model, .* give the folder of the run"):
        sparring.evaluate(folder)
    monkeypatch.setattr(onnx, "PACKAGES", ("no_such_package",))
    with pytest.raises(SettingError, match=r"no_such_package.*sparring\[onnx\].*--no-onnx"):
        sparring.export(run, tmp_path / "model")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"settings": "none"},
        {"condition": {"kind": "classes"}},
        {"data": {"summary": "", "spec": {}}},
        {"seed": -1},
    ],
)
def test_a_strangers_description_is_checked(
    change: dict[str, Any], exported: tuple[sparring.Run, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(exported[1], tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(RunError, match=r"config\.json is not the description of an exported model"):
        sparring.load(folder)


def test_a_strangers_weights_are_checked(exported: tuple[sparring.Run, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported[1], tmp_path / "model"))
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    name = next(iter(weights))
    safetensors.torch.save_file(weights | {name: torch.zeros(3)}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="of another system or other settings"):
        sparring.load(folder)
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="is damaged"):
        sparring.load(folder)


def test_training_begins_with_the_run_and_not_with_the_model(
    exported: tuple[sparring.Run, Path], tiny_npz: Path, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=r"is an exported model, .* give the folder of the run"):
        sparring.train(from_=exported[1], data=f"npz:{tiny_npz}", out=tmp_path / "run")


def test_code_that_came_with_a_model_is_not_run(exported: tuple[sparring.Run, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported[1], tmp_path / "model"))
    (folder / "game.py").write_text("raise SystemExit('run')")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"system": f"{folder}/game.py:Game"}))
    with pytest.raises(RunError, match="which may have come with the run"):
        sparring.load(folder)


def test_from_the_command_line(
    exported: tuple[sparring.Run, Path], tmp_path: Path, run_here: Callable[..., Any]
) -> None:
    run, _ = exported
    done = run_here("export", run.path, tmp_path / "model", "--no-onnx")
    assert (done.returncode, done.stderr) == (0, "")
    done = run_here("sample", tmp_path / "model", "--count", "6", "--out", tmp_path / "s.npz")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "s.npz") as arrays:
        assert arrays["images"].shape == (6, 20, 20, 1)


def test_the_command_line_takes_an_exported_model(
    exported: tuple[sparring.Run, Path], tmp_path: Path
) -> None:
    _, folder = exported
    for words in (["sample", "--count", "2"], ["directions"]):
        main([words[0], str(folder), *words[1:], "--out", str(tmp_path / "made.png")])
        (tmp_path / "made.png").unlink()


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_law_of_noise_is_known_or_not_guessed(size: int) -> None:
    """Noise on a sphere, or of twice the range, is within no law that a page could draw of."""

    def law(draw: Callable[[Randomness], torch.Tensor]) -> Law | None:
        return law_of(SimpleNamespace(latent=lambda count, random: draw(random)))  # type: ignore[arg-type]

    assert law(lambda random: random.normal(DRAWN, size)) == Law()
    assert law(lambda random: random.uniform(DRAWN, size)) == Law(-1.0, 1.0)
    assert law(lambda random: random.uniform(DRAWN, size, low=0.0)) == Law(0.0, 1.0)
    assert law(lambda random: 2 * random.uniform(DRAWN, size)) is None
    assert law(lambda random: 0.5 * random.normal(DRAWN, size)) is None
    assert law(lambda random: F.normalize(random.normal(DRAWN, 100))) is None
    assert law(lambda random: 10 * F.normalize(random.normal(DRAWN, 100))) is None

    def with_a_code(random: Randomness) -> torch.Tensor:
        code = F.one_hot(random.integers(DRAWN, 10), 10).float()
        return torch.cat([random.normal(DRAWN, 128), code], dim=1)

    assert law(with_a_code) is None, "a class within the noise"


def test_a_card_says_which_number_is_which_class(exported: tuple[sparring.Run, Path]) -> None:
    text = (exported[1] / "README.md").read_text()
    assert "`condition` is the place of a class among all, from 0: 0 is 0, 1 is 1, 2 is 2." in text
    assert "all classes in turn unless one is asked for" in text
    assert "`memorised`" not in text, "of weights that were not evaluated"
    config = json.loads((exported[1] / "config.json").read_text())
    named = config | {"condition": {"kind": "classes", "names": ["1", "2", "3"]}}
    assert "from 0: 0 is 1, 1 is 2, 2 is 3." in card(named, None, {"noise": "", "condition": ""})
    plain = card(config | {"condition": {"kind": "nothing"}}, None, {"noise": ""})
    assert "with its gaps, in its proportions." in plain
    assert "place of a class" not in plain


@pytest.mark.parametrize("shares", [False, True])
def test_noise_of_clusters_is_exported(tmp_path: Path, shares: bool) -> None:
    asked = {"latent_clusters": 5, "cluster_shares": shares, "point_units": 8, "batch_size": 20}
    run = trained("r3gan", "ring", tmp_path / "run", **asked)
    folder = sparring.export(run, tmp_path / "model", page=False)
    model = sparring.load(run)
    noise = model.game.latent(50, Randomness(0))
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    (found,) = session.run(None, {"noise": noise.numpy()})
    with torch.no_grad():
        made = model.game.sample(noise, torch.zeros(50, 0))
    np.testing.assert_allclose(found, made.numpy(), atol=1e-4)

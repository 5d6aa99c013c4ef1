"""The page of a generator: its interpreter computes what torch computes, in one file that loads nothing."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from suited import suited
from torch import nn

import sparring
from sparring.data.dataset import Dataset
from sparring.data.kinds import Nothing
from sparring.errors import SettingError
from sparring.exporting import page
from sparring.exporting.module import Exported
from sparring.exporting.page import page_of
from sparring.exporting.program import program_of
from sparring.model import Model
from sparring.nn.several import spoken_of
from sparring.randomness import Randomness
from sparring.zoo import find_system

NODE = shutil.which("node")
SYSTEMS: dict[str, dict[str, Any]] = {
    "gan": {},
    "dcgan": {"width": 4},
    "dcgan-tflearn": {"width": 4},
    "r3gan": {"generator_width": 4, "discriminator_width": 4},
    "r3gan, output skips": {"generator_width": 4, "discriminator_width": 4, "output_skips": True},
    "r3gan, wavelets": {"generator_width": 4, "discriminator_width": 4, "wavelets": True},
    "acgan": {"width": 4},
    "fastgan": {"width": 16},
    "began": {"width": 4},
    "improved-gan": {"labelled": 6},
}
RUN = """
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const packed = Uint8Array.from(Buffer.from(given.weights, "base64"));
const program = { steps: given.steps, weights: new Float32Array(packed.buffer) };
console.log(JSON.stringify(given.inputs.map((inputs) => Array.from(generate(program, inputs)))));
"""


def model_of(name: str, data: Dataset, settings: dict[str, Any] | None = None) -> Model:
    """A game with weights, and running statistics, that are none of those with which it begins."""
    game = find_system(name.partition(",")[0])
    fitting = suited(game, data).in_range(*game.value_range)
    built = game(game.Settings.of(settings or {}, "the test"), fitting.spec, Randomness(0))
    generator = torch.Generator().manual_seed(1)
    for layer in built.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            for values in (layer.running_mean, layer.running_var, layer.weight, layer.bias):
                if values is not None:
                    values.data = torch.rand(values.shape, generator=generator) + 0.5
    return Model(built, built.condition(fitting).kind, lambda: fitting)


def computed(model: Model, inputs: list[dict[str, Any]]) -> torch.Tensor:
    """What the interpreter makes of some inputs, in a JavaScript engine without a page."""
    program = program_of(model)
    given = {
        "steps": program.steps,
        "weights": base64.b64encode(program.weights()).decode(),
        "inputs": inputs,
    }
    source = files("sparring.exporting").joinpath("interpreter.js").read_text(encoding="utf-8")
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", source + RUN], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return torch.tensor(json.loads(done.stdout))


def test_what_cannot_be_traced_is_said_in_one_sentence(
    make_engine: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """How many samples there are depends on the noise; torch prints its whole graph then."""
    game = make_engine("gan").game
    monkeypatch.setattr(game, "sample", lambda noise, told: game.generator(noise)[: int(noise.abs().sum())])
    with pytest.raises(SettingError, match="no fixed list of operations"):
        program_of(Model(game, Nothing(), lambda: None))
    assert capfd.readouterr() == ("", "")


def test_of_several_generators_a_graph_has_all(make_engine: Callable[..., Any]) -> None:
    """Those kept too, of which a run may have taken fewer than it has room for."""
    playing, loaded = (make_engine("bayesian-gan", generators=2, width=2, samples=2).game for _ in range(2))
    playing.kept_generators.take(playing.generator.members)
    for weight in playing.generator.parameters():
        weight.data.mul_(3)
    loaded.load_state_dict(playing.state_dict())
    model = Model(loaded.eval(), Nothing(), lambda: None)
    traced = torch.export.export(
        Exported(model),
        (loaded.latent(3, Randomness(0)),),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    noise = playing.latent(40, Randomness(1))
    with torch.no_grad():
        found, wanted = (
            traced.module()(noise),
            Exported(Model(playing.eval(), Nothing(), lambda: None))(noise),
        )
    torch.testing.assert_close(found, wanted)
    assert len({*spoken_of(noise[:, -1], 4).tolist()}) == 4, "each of them was asked"


@pytest.mark.skipif(NODE is None, reason="no JavaScript engine, node, is installed")
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_interpreter_computes_what_torch_computes(
    system: str, channels: int, make_dataset: Callable[..., Dataset]
) -> None:
    model = model_of(system, make_dataset(12, channels=channels, size=20, classes=3), SYSTEMS[system])
    noise = model.game.latent(2, Randomness(3))
    condition = torch.tensor([2, 0]) if model.condition.classes else torch.zeros(2, 0)
    inputs = [
        {
            "noise": {"shape": [1, noise.shape[1]], "data": noise[place].tolist()},
            "condition": {"shape": [1], "data": condition[place : place + 1].flatten().tolist()},
        }
        for place in range(2)
    ]
    with torch.no_grad():
        made = model.game.sample(noise, condition)
    low, high = model.game.value_range
    wanted = ((made - low) / (high - low)).clamp(0, 1).flatten(1)
    assert wanted.std() > 1e-3, "there is something to compare"
    assert (computed(model, inputs) - wanted).abs().max() < 2e-5


def test_the_page_is_whole_and_loads_nothing(make_dataset: Callable[..., Dataset]) -> None:
    text = page_of(model_of("r3gan", make_dataset(12, size=20), SYSTEMS["r3gan"]), "</script><b>odd</b>")
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(", text)
    assert "default-src &#x27;none&#x27;" in text
    assert "<b>odd" not in text
    about = json.loads(re.findall(r'id="about">(.*?)</script>', text)[0])
    assert about["classes"] == ["class 0", "class 1", "class 2"]
    assert len(about["directions"]) == page.SLIDERS
    assert about["noise"]["low"] is None, "N(0, I)"
    assert text.count("<script") == 3, "the data of a page cannot open another"


def test_what_has_no_page_is_told_so(
    make_dataset: Callable[..., Dataset], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match=r"page\.html shows images made of noise, and Pix2Pix makes"):
        page_of(model_of("pix2pix", make_dataset(4), {"width": 4, "critic_width": 4}), "a")
    monkeypatch.setattr(page, "MOST_NUMBERS", 10)
    run = sparring.train("gan", data=f"npz:{tiny_npz}", max_steps=1, out=tmp_path / "run", quiet=True)
    with pytest.warns(UserWarning, match=r"weights, and page\.html takes 10 at the most\. The folder has no"):
        folder = sparring.export(run, tmp_path / "model", onnx=False)
    assert not (folder / "page.html").exists()
    assert not (sparring.export(run, tmp_path / "other", onnx=False, page=False) / "page.html").exists()


def test_what_the_interpreter_lacks_is_named(make_dataset: Callable[..., Dataset]) -> None:
    model = model_of("gan", make_dataset(12))
    model.game.generator.register_forward_hook(lambda layer, given, made: made.cos())  # type: ignore[operator]
    with pytest.raises(SettingError, match="computes 'cos'"):
        program_of(model)

"""An exported model: a folder with weights, their description, a card, and a graph for other programs."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

from sparring.data import short_data_name
from sparring.errors import RunError, SettingError
from sparring.evaluation.kept import of_checkpoint
from sparring.exporting.card import card
from sparring.exporting.layout import CONFIG, FORMAT, WEIGHTS
from sparring.exporting.module import NOISE, Exported
from sparring.exporting.onnx import require_known, require_packages, write_onnx
from sparring.exporting.page import page_of
from sparring.game import Game
from sparring.loading import load
from sparring.model import Model
from sparring.noise_law import law_of
from sparring.randomness import Randomness
from sparring.runs.checkpoint import packed
from sparring.runs.files import write_folder_atomically, writing
from sparring.runs.folder import Run
from sparring.shown import counted

TAKEN = ("title", "system", "settings", "condition", "seed", "versions")
"""What the description of a run, and that of an exported model, both have."""
DRAWN = 100
"""Samples that are shown."""


def export(
    run: Run | Path | str, out: Path | str, *, onnx: bool = True, page: bool = True, epoch: int | None = None
) -> Path:
    """Write a trained game to a folder by itself, which `load` takes like a run.

    It holds `model.safetensors` (all weights), `config.json` (what they are), `README.md` (a model card with
    the figures of their evaluation), a picture of samples, `model.onnx` (noise to samples, for any
    number of them), and `page.html` (the generator in a browser, without a network; a warning says why where
    there is none). Nothing in it names a path, but where a system of one's own lies. The validation examples
    of a run are among its weights: a warning says so.

    Args:
        run: the run or its folder.
        out: the folder, which must not be there yet.
        onnx: write the ONNX file, which needs `pip install 'sparring[onnx]'`; it is run, and compared with
            torch.
        page: write the page.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.

    Raises:
        SparringError: no such run, a folder that is there already, a system that cannot be exported.
    """
    run = Run.open(run.path if isinstance(run, Run) else run)
    path = Path(os.path.abspath(out))
    if os.path.lexists(path):
        raise SettingError(f"{out} is there already, and nothing is replaced: give another folder.")
    if onnx:
        require_packages()
    model = load(run, epoch, "cpu")
    if onnx:
        require_known(model)
    step = model.step if epoch is None else _end_of(epoch, run)
    config = config_of(run, model.game.data.kind.suffix, step, epoch)
    evaluation = of_checkpoint(run, step, epoch)
    validation = model.game.validation()
    kept = 0 if validation is None else len(validation)
    if kept:
        warnings.warn(
            f"The weights hold the {counted(kept, 'training example')} that --validation kept, by which "
            "probabilities are fitted: whoever gets the folder gets these.",
            stacklevel=2,
        )

    def fill(folder: Path) -> None:
        (folder / WEIGHTS).write_bytes(packed(model.game.state_dict()))
        (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        model.sample(DRAWN).save(folder / f"samples{config['suffix']}")
        text = card(config, evaluation, inputs_of(model) if onnx else {}, kept)
        (folder / "README.md").write_text(text, encoding="utf-8")
        if onnx:
            write_onnx(model, folder / "model.onnx")
        if page:
            _write_page(model, config["title"], folder / "page.html")

    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_folder_atomically(path, fill)
    return path


def _write_page(model: Model, title: str, path: Path) -> None:
    """Write the page, or say why there is none."""
    try:
        path.write_text(page_of(model, title), encoding="utf-8")
    except SettingError as error:
        warnings.warn(f"{error} The folder has no page.html.", stacklevel=4)


def inputs_of(model: Model) -> dict[str, str]:
    """What the graph takes for 64 samples, by name in terms of NumPy."""
    given = Exported(model).inputs(1, model)
    values = {
        name: f"np.zeros({(64, *value.shape[1:])}, np.{str(value.dtype).removeprefix('torch.')})"
        for name, value in given.items()
    }
    return values | {NOISE: noise_of(model.game)}


def noise_of(game: Game) -> str:
    """The noise of 64 samples in terms of NumPy."""
    drawn = game.latent(1, Randomness(0))
    shape = (64, *drawn.shape[1:])
    if not drawn.numel():
        return f"np.zeros({shape}, np.float32)"
    law = law_of(game)
    if law is None:
        return f"np.zeros({shape}, np.float32)  # in its place noise as {type(game).__name__} draws it"
    named = f"standard_normal({shape})" if law.low is None else f"uniform({law.low:g}, {law.high:g}, {shape})"
    return f"np.random.default_rng(1).{named}.astype(np.float32)"


def config_of(run: Run, suffix: str, step: int | None, epoch: int | None) -> dict[str, Any]:
    """The contents of config.json."""
    description = run.description
    data = description["data"]
    return {
        "format": FORMAT,
        **{name: description[name] for name in TAKEN},
        # A run of before there was a summary has only a name, of which what may be a path is left out.
        "data": {
            "summary": data.get("summary", short_data_name(data["name"])),
            "fingerprint": data["fingerprint"],
            "spec": data["spec"],
            "stretch": data.get("stretch", False),
            "white": data.get("white"),
            "fit": data.get("fit", "crop"),
        },
        "step": step,
        "epoch": epoch,
        "suffix": suffix,
    }


def _end_of(epoch: int, run: Run) -> int:
    """The step after which an epoch ended, whose networks were kept."""
    step = run.end_of(epoch)
    if step is None:
        raise RunError(f"The history of {run.path} does not say when epoch {epoch} ended: restore it.")
    return step

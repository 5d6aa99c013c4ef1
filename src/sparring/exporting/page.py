"""A page that runs a generator in the browser: one file, which loads nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import torch
from torch import Tensor

from sparring.errors import SettingError
from sparring.exploring.directions import find_directions
from sparring.exploring.latents import require_ways
from sparring.exporting.module import CONDITION, NOISE, Exported
from sparring.exporting.program import program_of
from sparring.model import Model
from sparring.nn.modes import inference
from sparring.noise_law import law_of
from sparring.reporting import html
from sparring.reporting.html import Html, paragraph, tag
from sparring.shown import visible

MOST_NUMBERS = 6_000_000
"""Weights of a generator that fits into a page, of which each takes 5.3 bytes in it."""
SLIDERS = 8
"""Directions in which the noise can be moved."""


def page_of(model: Model, title: str) -> str:
    """The page: a sample that changes with sliders, others to choose from, classes where it is told some.

    The sliders move the noise along the directions in which samples change most, where these are found in the
    weights, and else along its first dimensions. When it is opened, the page computes a sample that torch has
    computed, and says how far apart they are.

    Raises:
        SettingError: the generator makes no images, makes them of others, is too large, or does what the page
            cannot.
    """
    kind = model.game.data.kind
    name = type(model.game).__name__
    if not kind.has_size or (model.condition.from_data):
        raise SettingError(f"page.html shows images made of noise, and {name} makes others.")
    require_ways(model.game, model.condition)
    law = law_of(model.game)
    if law is None:
        raise SettingError(f"page.html draws noise of N(0, 1) or U(-1, 1), and {name} has another.")
    program = program_of(model)
    if program.size > MOST_NUMBERS:
        raise SettingError(
            f"The generator has {program.size:,} weights, and page.html takes {MOST_NUMBERS:,} at the most."
        )
    about = {
        "steps": program.steps,
        "shape": list(kind.shape),
        "noise": {"size": Exported(model).inputs(1, model)[NOISE].shape[1], **asdict(law)},
        "directions": _directions(model).tolist(),
        "classes": [visible(each) for each in model.condition.class_names],
        "check": _check(model),
    }
    weights = base64.b64encode(program.weights()).decode()
    return html.page(
        visible(title),
        tag("h1", visible(title)),
        paragraph(f"Made in this browser: {kind.about}. Nothing is loaded or sent."),
        tag("div", id="maker"),
        paragraph("", class_="quiet"),
        tag("script", Html(json.dumps(about).replace("<", "\\u003c")), type="application/json", id="about"),
        tag("script", Html(weights), type="text/plain", id="weights"),
        script=_read("interpreter.js") + _read("page.js"),
        style=_read("page.css"),
    )


def _read(name: str) -> str:
    return files("sparring.exporting").joinpath(name).read_text(encoding="utf-8")


def _directions(model: Model) -> Tensor:
    """Directions (count, dimensions) in which the noise is moved."""
    given = Exported(model).inputs(1, model)
    told = given.get(CONDITION, torch.zeros(1, 0))
    try:
        found, _ = find_directions(model.game, given[NOISE], told)
    except SettingError:
        found = torch.eye(given[NOISE].shape[1])
    return found[:SLIDERS]


@torch.no_grad()
def _check(model: Model) -> dict[str, Any]:
    """An input, and what torch makes of it."""
    module = Exported(model)
    given = module.inputs(1, model)
    with inference(model.game):
        made = module(**given)
    inputs = {
        name: {"shape": list(value.shape), "data": value.flatten().tolist()} for name, value in given.items()
    }
    return {"inputs": inputs, "made": [round(number, 7) for number in made.flatten().tolist()]}

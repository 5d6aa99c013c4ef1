"""Settings that change nothing for some data: that they are exactly those which a system names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
import torch
from other_settings import another
from suited import suited
from torch import Tensor

from sparring.data.dataset import Dataset, dataset_of
from sparring.game import GameSettings
from sparring.training.engine import Engine
from sparring.zoo import find_system

Make = Callable[..., Engine]

USUAL = {"width": 4, "latent_size": 8, "point_units": 8}
PERCEPTRONS = {"labelled": 9, "network": "perceptron", "average_decay": 0.3}
POSTERIOR = {"width": 4, "generators": 2, "samples": 1, "sample_every": 2, "point_units": 8}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("dcgan", USUAL),
    ("wgan", USUAL),
    ("wgan-gp", USUAL),
    ("began", {**USUAL, "gamma": 1.0}),
    (
        "r3gan",
        {
            "generator_width": 4,
            "discriminator_width": 4,
            "discriminator_units": 16,
            "point_units": 8,
            "average_decay": 0.3,
        },
    ),
    ("r3gan", {"generator_width": 4, "discriminator_width": 4, "average_decay": 0.3, "latent_clusters": 3}),
    ("improved-gan", PERCEPTRONS),
    ("improved-gan", {**PERCEPTRONS, "network": "auto", "width": 4}),
    ("bad-gan", {**PERCEPTRONS, "density_units": 8, "density_epochs": 1, "batch_size": 20}),
    ("bad-gan", {**PERCEPTRONS, "density_units": 8, "density_weight": 0.0}),
    ("bayesian-gan", POSTERIOR),
    ("bayesian-gan", {**POSTERIOR, "labelled": 9, "network": "perceptron"}),
]
"""Systems, with settings beside which the others say something within a few rounds."""
APART = {
    "labelled", "labelled_seed", "validation", "baseline", "network", "friction", "prior_deviation",
    "scale", "patch", "resnet_steps",
}  # fmt: skip
"""Settings that have no other value here, or whose effect shows not in the weights or not beside these."""


def points(count: int = 60) -> Dataset:
    """Points of three classes."""
    examples = torch.randn(count, 2, generator=torch.Generator().manual_seed(0))
    return dataset_of("points", examples, torch.arange(count) % 3, ("a", "b", "c"))


def same(ours: list[Tensor], theirs: list[Tensor]) -> bool:
    """Whether two games have the same weights."""
    return len(ours) == len(theirs) and all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("of", ["points", "images"])
@pytest.mark.parametrize(("system", "given"), CASES)
def test_they_are_those_that_change_nothing(
    system: str, given: dict[str, Any], of: str, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    data = points() if of == "points" else make_dataset(size=16)
    check(system, given, data, make_engine)


TRANSLATORS: list[tuple[str, dict[str, Any]]] = [
    ("pix2pix", {"adversarial_weight": 0.0, "jitter": 0.2}),
    ("pix2pix", {"jitter": 0.2}),
    ("srgan", {"adversarial_weight": 0.0, "scale": 2, "jitter": 0.2}),
    ("denoise", {"noise": "white", "jitter": 0.2}),
]


@pytest.mark.parametrize(("system", "given"), TRANSLATORS)
def test_those_of_translators_are(
    system: str, given: dict[str, Any], make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    check(system, given, suited(find_system(system), make_dataset(size=16)), make_engine)


def check(system: str, given: dict[str, Any], data: Dataset, make_engine: Make) -> None:
    """Stop unless the settings that change no weight are those which the system names."""
    game = find_system(system)
    given = {"batch_size": 10, **given}
    idle = game.idle_settings(game.Settings.of(given, system), data.spec)
    assert all(why and not why.endswith(".") for why in idle.values())

    def played(**changed: Any) -> list[Tensor]:
        """The weights at the end of a short run."""
        engine = make_engine(system, data, steps=8, **{**given, **changed})
        for _ in range(8):
            engine.play_round()
        return list(engine.game.state_dict().values())

    usual = played()
    kinds, values = get_type_hints(game.Settings, include_extras=True), game.Settings.of(given, system).flat()
    names = values.keys() - GameSettings().flat().keys() - APART
    found = {name for name in names if same(played(**{name: another(values[name], kinds[name])}), usual)}
    assert found == idle.keys() & names

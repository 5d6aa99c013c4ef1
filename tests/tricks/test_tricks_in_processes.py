"""Two processes with tricks are one process with the same batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from test_processes import finish, newest, options, start_two

import sparring
from sparring.settings import as_option

TRICKS = {
    "augment_colour": 1.0,
    "augment_translation": 0.125,
    "augment_cutout": 0.5,
    "augment_flips": 0.5,
    "freeze": 1,
    "instance_noise": 0.1,
    "smoothing": 0.1,
    "flipping": 0.05,
    "packing": 2,
    "spectral_norm": "both",
    "historical_averaging": 0.1,
    "loss": "least-squares",
    "replay": 80,
    "tanh_output": True,
    "critic_activation": "leaky-relu",
    "generator_norm": "layer",
    "generator_dropout": 0.2,
    "critic_rate": 5e-4,
    "clip_weights": 0.5,
    "r1": 0.1,
    "gradient_penalty": 0.1,
    "lecam": 0.1,
    "consistency": 1.0,
}
"""All but those to which a process's own share of a batch matters: unrolling, top-k, and layer noise."""

APART = {
    "conditioning": True,
    "gaussian_noise": True,
    "weight_average": 0.9,
    "critic_turns": 2,
    "generator_turns": 2,
}
"""Among them what cannot be had beside packing and replay."""


@pytest.mark.parametrize(
    "tricks", [TRICKS, APART, {"generator_norm": "virtual"}], ids=["many", "apart", "virtual"]
)
def test_two_processes_are_one_with_tricks(tricks: dict[str, Any], tiny_npz: Path, tmp_path: Path) -> None:
    flags = [word for name, value in tricks.items() for word in as_option(name, value)]
    asked = [*options(tiny_npz), *flags, "--max-steps", 10, "--out", tmp_path / "two"]
    told = finish(start_two("-m", "sparring", "train", "gan", *asked))
    assert [(code, complaint) for code, _, complaint in told] == [(0, ""), (0, "")]
    data = f"npz:{tiny_npz}"
    sparring.train(
        "gan", data=data, out=tmp_path / "one", max_steps=10, batch_size=40, threads=1, quiet=True, **tricks
    )
    alone, together = newest(tmp_path / "one"), newest(tmp_path / "two")
    assert alone.keys() == together.keys()
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, atol=1e-4, rtol=1e-3)


def test_they_unroll_together(tiny_npz: Path, tmp_path: Path) -> None:
    asked = [*options(tiny_npz), "--unrolling", 2, "--max-steps", 4, "--out", tmp_path / "two"]
    told = finish(start_two("-m", "sparring", "train", "gan", *asked))
    assert [(code, complaint) for code, _, complaint in told] == [(0, ""), (0, "")]
    assert all(value.isfinite().all() for value in newest(tmp_path / "two").values())

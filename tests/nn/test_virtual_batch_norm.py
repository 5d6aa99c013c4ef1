"""Virtual batch normalisation: its closed form, what it does not depend on, and networks that have it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sparring
from sparring.data.dataset import Dataset
from sparring.errors import SettingError
from sparring.loading import check_networks
from sparring.nn.modes import inference
from sparring.nn.virtual_batch_norm import EPSILON, VirtualBatchNorm, put_beside
from sparring.randomness import Randomness

REFERENCE = 3


@pytest.mark.parametrize("places", [(), (5,), (4, 2)])
def test_each_example_is_normalised_beside_the_reference(places: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    given = (2 * torch.randn(7, 6, *places) + 1).double()
    norm = VirtualBatchNorm(6, REFERENCE).double()
    norm.weight.data.uniform_(0.5, 2)
    norm.bias.data.normal_()
    made = norm(given)
    for number, example in enumerate(given):
        beside = given[:REFERENCE] if number < REFERENCE else torch.cat([given[:REFERENCE], example[None]])
        for channel in range(6):
            values = beside[:, channel]
            expected = (example[channel] - values.mean()) / (values.var(correction=0) + EPSILON).sqrt()
            expected = norm.weight[channel] * expected + norm.bias[channel]
            torch.testing.assert_close(made[number, channel], expected)
    assert torch.autograd.gradcheck(norm, given.requires_grad_())


class Several(nn.Module):
    """Gives two things, as a critic with a head for classes does."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.Sequential(nn.Linear(4, 6), VirtualBatchNorm(6, REFERENCE))
        self.register_buffer("reference", torch.randn(REFERENCE, 4))

    def forward(self, given: Tensor) -> tuple[Tensor, Tensor]:
        made = self.norm(given)
        return made, made.sum(1)


def test_an_example_is_judged_alike_whatever_is_beside_it() -> None:
    network = Several()
    put_beside(network, lambda used: used.get_buffer("reference"))
    given = torch.randn(5, 4)
    made, sums = network(given)
    assert made.shape == (5, 6)
    assert sums.shape == (5,)
    for number in range(5):
        alone, _ = network(given[number : number + 1])
        torch.testing.assert_close(alone[0], made[number])
    torch.testing.assert_close(network.eval()(given)[0], made)
    # A copy has a reference batch of its own.
    other = copy.deepcopy(network)
    other.get_buffer("reference").mul_(3)
    assert not torch.allclose(other(given)[0], made)
    torch.testing.assert_close(network(given)[0], made)
    with pytest.raises(SettingError, match=r"of shape \(4,\) beside what a network is given, .* \(2,\)\.$"):
        network(torch.zeros(5, 2))


Make = Callable[..., Any]
VIRTUAL = {"generator_norm": "virtual", "critic_norm": "virtual"}


def test_a_run_keeps_its_reference_batch(
    make_engine: Make, make_dataset: Callable[..., Dataset], same_state: Callable[[Any, Any], bool]
) -> None:
    data = make_dataset(count=40, size=12)
    make = lambda: make_engine("dcgan-tflearn", data, batch_size=8, width=4, **VIRTUAL)  # noqa: E731
    engine = make()
    first = engine.streams["real"].peek(whole=True).examples
    assert torch.equal(engine.game.discriminator.get_buffer("reference"), first)
    for _ in range(2):
        engine.play_round()
    assert torch.equal(engine.game.discriminator.get_buffer("reference"), first)
    assert any(isinstance(part, VirtualBatchNorm) for part in engine.game.generator.modules())
    resumed = make()
    resumed.restore(copy.deepcopy(engine.state()))
    for each in (engine, resumed):
        each.play_round()
    assert same_state(resumed.state(), engine.state())
    # One that only generates has another seed, and makes the same of the same noise.
    loaded = type(engine.game)(engine.game.settings, engine.game.data, Randomness(99))
    check_networks(loaded, engine.game.state_dict(), "the run")
    loaded.load_state_dict(engine.game.state_dict())
    latent, nothing = engine.game.latent(5, Randomness(1)), torch.zeros(5, 0)
    with torch.no_grad(), inference(engine.game), inference(loaded):
        assert torch.equal(loaded.sample(latent, nothing), engine.game.sample(latent, nothing))


@pytest.mark.parametrize(
    ("system", "flags", "reason"),
    [
        (
            "dcgan-tflearn",
            {"packing": 2, "critic_norm": "virtual"},
            "cannot stand beside what 'packing' shows",
        ),
        ("dcgan-tflearn", {"conditioning": True, "generator_norm": "virtual"}, "beside what 'conditioning'"),
        ("acgan", {"generator_norm": "virtual"}, r"of shape \(100,\) beside .* \(100,\) and \(\)"),
    ],
)
def test_where_there_is_no_reference_batch_it_is_refused(
    system: str, flags: dict[str, Any], reason: str, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    with pytest.raises(SettingError, match=f"The trick 'normalisation' cannot work here: .*{reason}"):
        make_engine(system, make_dataset(count=40, size=20), batch_size=8, **flags)


def test_other_data_has_its_own_reference_batch(tmp_path: Path) -> None:
    flags = {"data": "", "batch_size": 8, "width": 4, "max_steps": 2, "threads": 1, "quiet": True, **VIRTUAL}
    for name, shade in (("dark", 10), ("light", 240)):
        images = np.full((20, 12, 12), shade, np.uint8)
        images[:, :2] = np.arange(20)[:, None, None]
        np.savez(tmp_path / f"{name}.npz", images=images)
        before = {} if name == "dark" else {"from_": tmp_path / "dark"}
        flags |= {"data": f"npz:{tmp_path / name}.npz", "out": tmp_path / name}
        sparring.train("dcgan-tflearn", **flags, **before)
        reference = sparring.load(tmp_path / name).game.discriminator.get_buffer("reference")
        assert (reference[:, :, 6].mean() > 0.5) == (name == "light")


@pytest.mark.parametrize("mean", [0.0, 1.0, 30.0])
def test_in_few_digits_it_is_what_it_is_in_many(mean: float) -> None:
    """Of numbers with a large mean, bfloat16 has no digits left for their variance."""
    norm = VirtualBatchNorm(3, 8)
    activations = (
        mean + 0.5 * torch.randn(20, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    ).bfloat16()
    made = norm(activations)
    assert made.dtype == torch.bfloat16
    torch.testing.assert_close(made.float(), norm(activations.float()), atol=0.05, rtol=0.02)

"""The optimisers move as torch's own, and load no compiler."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from sparring.game import Player, Role
from sparring.nn import optimisers
from sparring.training.player import ActivePlayer


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "SGD"])
def test_the_same_weights_as_by_torchs_own_without_its_compiler(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved(kind: type[torch.optim.Optimizer]) -> torch.Tensor:
        weight = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
        optimiser = kind([weight], lr=0.1)  # type: ignore[call-arg]
        for step in range(4):
            weight.grad = torch.tensor([0.5, step - 1.0, -3.0])
            optimiser.step()
            optimiser.load_state_dict(optimiser.state_dict())
        return weight.detach()

    theirs = moved(getattr(torch.optim, name))
    # From here on, to import it is an error.
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)
    assert torch.equal(moved(getattr(optimisers, name)), theirs)


@pytest.mark.parametrize("options", [{}, {"foreach": True}, {"differentiable": True}, {"fused": False}])
def test_adam_takes_what_torchs_own_takes(options: dict[str, bool]) -> None:
    weights = [torch.tensor([1.0, -2.0]) for _ in range(2)]
    kinds = (optimisers.Adam, torch.optim.Adam)
    for weight, kind in zip(weights, kinds, strict=True):
        optimiser = kind([weight], 0.1, (0.5, 0.9), 1e-8, 0.01, **options)
        weight.grad = torch.tensor([0.5, 3.0])
        optimiser.step()
    assert torch.allclose(*weights, rtol=1e-6)


def test_a_restored_optimiser_remembers_in_the_order_of_its_weights() -> None:
    """torch's one pass does not look at orders, and a checkpoint has none."""

    def player() -> tuple[nn.Conv2d, ActivePlayer]:
        torch.manual_seed(0)
        layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        return layer, ActivePlayer("a", Player(Role.OTHER, optimisers.Adam(layer.parameters(), 0.1)))

    def move(layer: nn.Conv2d, playing: ActivePlayer, seed: int) -> None:
        torch.manual_seed(seed)
        layer(torch.randn(2, 3, 5, 5)).square().sum().backward()
        playing.step()
        playing.optimizer.zero_grad()

    (first, one), (second, other) = player(), player()
    for seed in (1, 2):
        move(first, one, seed)
    second.load_state_dict(first.state_dict())
    state = one.state()
    state["memory"] = {
        index: {name: value.contiguous() for name, value in values.items()}
        for index, values in state["memory"].items()
    }
    other.restore(state)
    for layer, playing in ((first, one), (second, other)):
        move(layer, playing, 3)
    assert torch.equal(first.weight, second.weight)

"""The optimisers move as torch's own, and load no compiler."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from sparring.nn import optimisers


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

"""How weights lie in memory changes no number, nor what an optimiser remembers of them."""

from __future__ import annotations

import torch
from torch import nn

from sparring.game import Player, Role
from sparring.nn.layout import lay_out
from sparring.nn.optimisers import Adam
from sparring.training.player import ActivePlayer

CPU = torch.device("cpu")


def network() -> nn.Sequential:
    """Two convolutions."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.ConvTranspose2d(5, 2, 4, 2))


def channels_last(layer: nn.Module) -> bool:
    return layer.weight.is_contiguous(memory_format=torch.channels_last)


def test_channels_lie_side_by_side_unless_single_images_are_normalised() -> None:
    plain, normed = network(), nn.Sequential(network(), nn.InstanceNorm2d(2))
    parameters = list(plain.parameters())
    for each in (plain, normed):
        lay_out(each, CPU)
    assert [channels_last(plain[0]), channels_last(normed[0][0])] == [True, False]
    assert all(now is before for now, before in zip(plain.parameters(), parameters, strict=True))
    images = torch.randn(2, 3, 7, 6, dtype=torch.float64)
    torch.testing.assert_close(plain.double()(images), network().double()(images), rtol=1e-12, atol=1e-12)


def test_an_optimiser_goes_on_with_memory_that_was_saved_in_another_order() -> None:
    results = []
    for resumed in (False, True):
        learning = network()
        lay_out(learning, CPU)
        player = ActivePlayer("critic", Player(Role.CRITIC, Adam(learning.parameters(), 0.1, fused=True)))
        for step in range(3):
            if resumed and step == 2:
                state = player.state()
                memory = {
                    index: {name: value.contiguous() for name, value in each.items()}
                    for index, each in state["memory"].items()
                }
                player.restore(state | {"memory": memory})
            learning(torch.ones(1, 3, 6, 6) + step).square().sum().backward()
            player.step()
        results.append(learning.state_dict())
    assert all(torch.equal(results[1][name], tensor) for name, tensor in results[0].items())

"""The moving average of a network."""

from __future__ import annotations

import torch
from torch import nn

from sparring.nn.average import Average


def test_weights_and_running_statistics_move_alike_and_counts_are_copied() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = Average(network, 0.9)
    before = {name: value.clone() for name, value in average.network.state_dict().items()}
    network(torch.randn(8, 2) + 5)
    with torch.no_grad():
        network[0].weight.add_(1)
    average.update(network, rounds=10**6)
    for name, now in average.network.state_dict().items():
        new = network.state_dict()[name]
        expected = new if name.endswith("num_batches_tracked") else 0.9 * before[name] + 0.1 * new
        torch.testing.assert_close(now, expected)
    assert not torch.equal(before["1.running_mean"], average.network[1].running_mean)


def test_in_the_first_rounds_the_average_is_shorter() -> None:
    network = nn.Linear(1, 1, bias=False)
    average = Average(network, 0.999)
    with torch.no_grad():
        network.weight.fill_(1.0)
        average.network.weight.zero_()
    average.update(network, rounds=8)
    assert average.network.weight.item() == torch.tensor(1 - 9 / 18).item()

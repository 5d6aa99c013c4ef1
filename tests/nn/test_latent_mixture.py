"""Noise of several clusters."""

import torch

from sparring.nn.latent_mixture import LatentMixture


def test_noise_falls_evenly_into_clusters_and_has_their_centres_and_spreads() -> None:
    """Mean and deviation of each cluster are the parameters; the first dimension is uniform, of N(0, 1)'s
    moments."""
    clusters, count = 5, 200_000
    mixture = LatentMixture(clusters, 3)
    with torch.no_grad():
        mixture.centres.copy_(100 * torch.arange(clusters)[:, None] + torch.tensor([0.0, 10.0, 20.0]))
        mixture.spreads.copy_(torch.rand(clusters, 3) + 0.5)
        noise = torch.randn(count, 3, generator=torch.Generator().manual_seed(0))
        made = mixture(noise)
    cluster = (made[:, 0] / 100).round().long()
    assert torch.bincount(cluster).sub(count / clusters).abs().max() < 4 * (count / clusters) ** 0.5
    for number in range(clusters):
        own = made[cluster == number]
        torch.testing.assert_close(own.mean(0), mixture.centres[number].detach(), atol=0.03, rtol=0)
        torch.testing.assert_close(own.std(0), mixture.spreads[number].detach(), atol=0.02, rtol=0)
        # A uniform distribution of variance 1 ends at the root of 3.
        reach = (own[:, 0] - mixture.centres[number, 0]).abs().max() / mixture.spreads[number, 0]
        assert abs(reach.item() - 3**0.5) < 0.01


def test_the_ends_of_the_noise_fall_into_the_first_and_the_last_cluster() -> None:
    mixture = LatentMixture(4, 2)
    made = mixture(torch.tensor([[-40.0, 0.0], [40.0, 0.0]]))
    expected = (
        mixture.centres[[0, 3]] + torch.tensor([[-(3**0.5), 0.0], [3**0.5, 0.0]]) * mixture.spreads[[0, 3]]
    )
    torch.testing.assert_close(made, expected)


def test_centres_and_spreads_of_the_clusters_that_were_drawn_are_learnt() -> None:
    mixture = LatentMixture(4, 2)
    mixture(torch.tensor([[-40.0, 1.0]])).sum().backward()
    for parameter in (mixture.centres, mixture.spreads):
        assert parameter.grad is not None
        assert parameter.grad[0].abs().min() > 0
        assert not parameter.grad[1:].any()

"""Noise of several clusters."""

import math

import pytest
import torch

from sparring.nn.latent_mixture import LatentMixture

SPREAD = 0.02


def test_noise_falls_evenly_into_clusters_and_keeps_its_moments() -> None:
    """Around each centre it has the spread of a cluster, the first dimension uniformly so."""
    clusters, count = 5, 200_000
    mixture = LatentMixture(clusters, 3, SPREAD)
    with torch.no_grad():
        mixture.centres.copy_(torch.arange(clusters)[:, None] + torch.tensor([0.0, 10.0, 20.0]))
        made = mixture(torch.randn(count, 3, generator=torch.Generator().manual_seed(0)))
    cluster = made[:, 0].round().long()
    assert torch.bincount(cluster).sub(count / clusters).abs().max() < 4 * (count / clusters) ** 0.5
    for number, centre in enumerate(mixture.centres.detach()):
        own = (made[cluster == number] - centre) / SPREAD
        torch.testing.assert_close(own.mean(0), torch.zeros(3), atol=0.03, rtol=0)
        torch.testing.assert_close(own.std(0), torch.ones(3), atol=0.02, rtol=0)
        # A uniform distribution of variance 1 ends at the root of 3.
        assert abs(own[:, 0].abs().max().item() - 3**0.5) < 0.01


def test_the_ends_of_the_noise_fall_into_the_first_and_the_last_cluster() -> None:
    mixture = LatentMixture(4, 2, SPREAD)
    made = mixture(torch.tensor([[-40.0, 0.0], [40.0, 0.0]]))
    ends = torch.tensor([[-(3**0.5), 0.0], [3**0.5, 0.0]])
    torch.testing.assert_close(made, mixture.centres[[0, 3]] + SPREAD * ends)


def test_the_centres_of_the_clusters_that_were_drawn_are_learnt() -> None:
    mixture = LatentMixture(4, 2, SPREAD)
    mixture(torch.tensor([[-40.0, 1.0]])).sum().backward()
    assert mixture.centres.grad is not None
    assert mixture.centres.grad[0].tolist() == [1.0, 1.0]
    assert not mixture.centres.grad[1:].any()


def test_centres_begin_with_no_gaps_between_them() -> None:
    centres = LatentMixture(400, 2, SPREAD).centres.detach()
    assert abs(centres.mean()) < 0.01
    assert 0.99 < centres.std(0).min() < centres.std(0).max() < 1.01
    cells = (10 * (centres / math.sqrt(12) + 0.5)).long() @ torch.tensor([10, 1])
    # Of points drawn by chance two cells of a hundred would have none.
    assert torch.bincount(cells, minlength=100).min() >= 1
    other = LatentMixture(400, 2, SPREAD).centres
    assert not torch.equal(centres, other)


def test_learnt_shares_are_those_of_the_noise_and_keep_its_moments() -> None:
    mixture, count = LatentMixture(3, 2, SPREAD, learn_shares=True), 200_000
    assert mixture.logits is not None
    noise = torch.randn(count, 2, generator=torch.Generator().manual_seed(0))
    shares = torch.tensor([0.1, 0.6, 0.3])
    with torch.no_grad():
        plain = LatentMixture(3, 2, SPREAD)
        plain.centres.copy_(mixture.centres)
        torch.testing.assert_close(mixture(noise), plain(noise), atol=1e-4, rtol=0)
        mixture.logits.copy_(shares.log() + 7)
        cluster, within = mixture.fallen(noise)
    for number, share in enumerate(shares.tolist()):
        own = within[cluster == number]
        assert len(own) / count == pytest.approx(share, abs=0.005)
        assert own.mean().item() == pytest.approx(0.5, abs=0.005)
        assert own.std().item() == pytest.approx(12**-0.5, abs=0.002)
        assert 0 <= own.min() <= own.max() <= 1
    ends, _ = mixture.fallen(torch.tensor([[-40.0, 0.0], [40.0, 0.0]]))
    assert ends.tolist() == [[0], [2]]


@pytest.mark.parametrize("together", [1, 2])
def test_a_cluster_grows_by_the_gradient_of_the_expected_score(together: int) -> None:
    """Which is its share times how far its samples score above all; packs are scored as one."""
    mixture = LatentMixture(4, 2, SPREAD, learn_shares=True)
    assert mixture.logits is not None
    with torch.no_grad():
        mixture.logits.copy_(torch.tensor([0.0, 1.0, -1.0, 0.5]))
    noise = torch.randn(100_000, 2, generator=torch.Generator().manual_seed(0))
    noise = noise[mixture.fallen(noise)[0][:, 0].argsort()]
    cluster = mixture.fallen(noise)[0][:, 0]
    worth = torch.tensor([0.0, 1.0, 5.0, -2.0])[cluster]
    scores = worth.view(-1, together).mean(1)
    mixture.shares_term(noise, scores)["shares"].backward()
    shares = mixture.logits.detach().softmax(0)
    means = torch.tensor([0.0, 1.0, 5.0, -2.0]) - worth.mean()
    expected = shares * means / scores.std(correction=0)
    torch.testing.assert_close(-mixture.logits.grad, expected, atol=0.01, rtol=0)


def test_where_all_scores_are_the_same_no_share_changes() -> None:
    mixture = LatentMixture(4, 2, SPREAD, learn_shares=True)
    assert mixture.logits is not None
    mixture.shares_term(torch.randn(64, 2), torch.ones(64))["shares"].backward()
    assert mixture.logits.grad is not None
    assert not mixture.logits.grad.any()
    assert LatentMixture(4, 2, SPREAD).shares_term(torch.randn(64, 2), torch.ones(64)) == {}

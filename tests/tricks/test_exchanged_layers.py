"""Layers that tricks exchange: normalisations, activations, pooling, the range of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from test_parts_of_tricks import POINTS
from torch import Tensor, nn

from sparring.data.dataset import Dataset, dataset_of, no_condition
from sparring.errors import SettingError
from sparring.generating import generate
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.tricks import TrickSettings, make_tricks
from sparring.tricks.batch_features import BatchFeatures, Showings, beside
from sparring.tricks.layers import exchange, inner_activations
from sparring.tricks.normalisation import normalise
from sparring.tricks.separate_batches import ByKind

Make = Callable[..., Engine]


def images(count: int = 16) -> Dataset:
    random = torch.Generator().manual_seed(0)
    return dataset_of("images", torch.randint(0, 256, (count, 1, 8, 8), generator=random, dtype=torch.uint8))


def network(norm: Callable[[int], nn.Module] | None = None) -> nn.Sequential:
    normed = lambda channels: [] if norm is None else [norm(channels)]  # noqa: E731
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), *normed(4), nn.ReLU(), nn.Conv2d(4, 2, 3)
    )


EXAMPLES = 5 * torch.randn(6, 1, 9, 9, generator=torch.Generator().manual_seed(1)) + 2
OVER = {"batch": (0, 2, 3), "instance": (2, 3), "layer": (1, 2, 3)}


@pytest.mark.parametrize("old", [nn.BatchNorm2d, lambda channels: nn.GroupNorm(2, channels), None])
@pytest.mark.parametrize("kind", OVER)
def test_each_has_mean_0_and_deviation_1_over_what_it_is_named_after(
    kind: str, old: Callable[[int], nn.Module] | None
) -> None:
    changed = network(old)
    assert normalise(changed, kind, critic=True)
    inner = changed[:4] if old else changed[:3]
    answers: Tensor = inner(EXAMPLES)
    torch.testing.assert_close(answers.mean(OVER[kind]), torch.zeros(()).expand_as(answers.mean(OVER[kind])))
    variance = answers.var(OVER[kind], correction=0)
    torch.testing.assert_close(variance, torch.ones(()).expand_as(variance), atol=1e-3, rtol=0)


def test_none_keeps_scale_and_shift() -> None:
    changed, plain = network(nn.BatchNorm2d), network()
    assert normalise(changed, "none", critic=False)
    plain.load_state_dict(
        {
            name.replace("5.", "4."): value
            for name, value in changed.state_dict().items()
            if not name.startswith("3.")
        }
    )
    torch.testing.assert_close(changed(EXAMPLES), plain(EXAMPLES))
    changed[3].weight.data.fill_(2.0)
    changed[3].bias.data.fill_(-1.0)
    torch.testing.assert_close(changed[:4](EXAMPLES), 2 * plain[:3](EXAMPLES) - 1)
    assert not normalise(network(), "none", critic=False)


def test_weight_normalisation_has_a_length_for_each_output() -> None:
    changed = network(nn.BatchNorm2d)
    before = changed[0].weight.detach().clone()
    assert normalise(changed, "weight", critic=False)
    torch.testing.assert_close(changed[0].weight, before)
    changed[0].parametrizations.weight.original0.data.fill_(3.0)
    lengths = changed[0].weight.flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.full((3,), 3.0))
    assert not any(isinstance(part, nn.BatchNorm2d) for part in changed.modules())


@pytest.mark.parametrize(("critic", "normed"), [(True, [2]), (False, [0, 2])])
def test_where_there_is_none_it_comes_after_inner_layers(critic: bool, normed: list[int]) -> None:
    changed = network()
    assert normalise(changed, "layer", critic)
    found = [place for place, part in enumerate(changed) if isinstance(part, nn.Sequential)]
    assert found == normed


class Heads(nn.Module):
    """Two layers inside, then a logit of its own beside three others."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU())
        self.logit = nn.Sequential(nn.Linear(5, 1), nn.Sigmoid())
        self.classes = nn.Linear(5, 3)


def test_all_that_makes_an_output_stays() -> None:
    heads = Heads()
    assert inner_activations(heads) == [heads.body[1], heads.body[3]]
    assert normalise(heads, "layer", critic=True)
    assert isinstance(heads.body[2], nn.Sequential)
    assert isinstance(heads.logit[0], nn.Linear)
    assert isinstance(heads.classes, nn.Linear)


def test_a_transposed_convolution_has_a_length_for_each_output() -> None:
    layer = nn.ConvTranspose2d(5, 7, 3)
    before = layer.weight.detach().clone()
    assert normalise(nn.Sequential(layer), "weight", critic=False)
    torch.testing.assert_close(layer.weight, before)
    layer.parametrizations.weight.original0.data.fill_(3.0)
    torch.testing.assert_close(layer.weight.transpose(0, 1).flatten(1).norm(dim=1), torch.full((7,), 3.0))


def test_noise_acts_in_the_range_in_which_images_are_dealt(make_engine: Make) -> None:
    game = make_engine("gan", images(), batch_size=8, tanh_output=True, instance_noise=0.1).game
    (shown,) = game.show(torch.full((200, 1, 8, 8), 0.5), real=True)
    # 0.1 where images span 1 is 0.2 where they span 2.
    assert shown.std().item() == pytest.approx(0.2, rel=0.05)


def test_dropping_at_sampling_follows_from_the_noise(make_engine: Make) -> None:
    flags = {"generator_dropout": 0.5, "generator_dropout_at_sampling": True}
    game = make_engine("gan", images(), batch_size=8, **flags).game
    latent = game.latent(1, Randomness(0)).expand(5, -1)
    first, again = (generate(game, latent, no_condition(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first[0], first[1])


def test_an_instance_of_a_single_number_is_refused(make_engine: Make) -> None:
    with pytest.raises(SettingError, match="instance normalisation is over the places of a channel"):
        make_engine("dcgan", POINTS, batch_size=8, point_units=4, generator_norm="instance")


def test_a_critic_without_an_inner_layer_is_refused(make_engine: Make) -> None:
    with pytest.raises(SettingError, match="no network of the role critic has a normalisation or an inner"):
        make_engine("gan", images(), batch_size=8, critic_norm="batch")


@pytest.mark.parametrize(
    ("shown", "count", "expected"),
    [
        ([4], 4, [4]),
        ([4, 4], 8, [4, 4]),
        ([4, 4], 4, [4]),
        ([9, 4, 3], 7, [4, 3]),
        ([], 5, [5]),
        ([3, 3], 5, [5]),
    ],
)
def test_kinds_are_told_apart_by_the_newest_showings(
    shown: list[int], count: int, expected: list[int]
) -> None:
    showings = Showings()
    for size in shown:
        showings.add(size)
    assert showings.looked_at(count) == expected
    assert showings.counts == []


def compared(features: Tensor, **flags: int) -> Tensor:
    """What a layer is told of features beside themselves."""
    layer = nn.Conv2d(features.shape[1], 1, 1) if features.dim() > 2 else nn.Linear(features.shape[1], 1)
    (trick,) = make_tricks(TrickSettings(**flags), Randomness(0))
    assert isinstance(trick, BatchFeatures)
    trick.prepared(layer)
    return beside(features, trick.compared(features, layer).detach())


def test_samples_that_are_all_alike_differ_by_nothing() -> None:
    alike = torch.ones(6, 3, 2, 2) * torch.arange(3.0).view(1, 3, 1, 1)
    told = compared(alike, minibatch_deviation=True)
    assert told.shape == (6, 4, 2, 2)
    assert torch.equal(told[:, :3], alike)
    torch.testing.assert_close(told[:, 3], torch.full((6, 2, 2), 1e-4))
    # Half of them at 1, half at -1: a deviation of 1.
    apart = torch.tensor([1.0, -1.0] * 3)[:, None].expand(6, 5)
    torch.testing.assert_close(compared(apart, minibatch_deviation=True)[:, 5], torch.ones(6))


def test_samples_that_are_all_alike_are_near_each_other() -> None:
    """Each is near all five others; of two groups that are far apart, near the two of its own."""
    alike = torch.ones(6, 3, 2, 2) * torch.arange(3.0).view(1, 3, 1, 1)
    told = compared(alike, minibatch_discrimination=4)
    assert told.shape == (6, 7, 2, 2)
    torch.testing.assert_close(told[:, 3:], torch.full((6, 4, 2, 2), 5.0))
    apart = torch.tensor([1e3, -1e3] * 3)[:, None].expand(6, 5)
    torch.testing.assert_close(compared(apart, minibatch_discrimination=4)[:, 5:], torch.full((6, 4), 2.0))


def test_kinds_are_normalised_apart(make_engine: Make) -> None:
    """Where both are judged in one pass: each then has a mean of 0 by itself, before what the layer adds."""
    flags = {"batch_size": 8, "critic_norm": "batch", "separate_batches": True}
    engine = make_engine("dcgan-tflearn", images(), **flags)
    passes: list[int] = []

    def watch(layer: ByKind, given: tuple[Tensor, ...], answer: Tensor) -> None:
        if not layer.training:
            return
        trick, norm = engine.game.tricks.on["separate batches"], layer.norm
        passes.append(len(trick.parts))
        for kind in answer.split(trick.parts):
            plain = (kind - norm.bias.view(1, -1, *[1] * (kind.dim() - 2))).transpose(0, 1).flatten(1)
            torch.testing.assert_close(plain.mean(1), torch.zeros(len(plain)), atol=1e-4, rtol=0)

    for part in engine.game.discriminator.modules():
        if isinstance(part, ByKind):
            part.register_forward_hook(watch)
    engine.play_round()
    assert 2 in passes
    with pytest.raises(SettingError, match="in passes of their own already"):
        make_engine("dcgan", POINTS, **flags)


def test_what_makes_the_output_stays() -> None:
    both = nn.Sequential(nn.Tanh(), nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.Tanh(), nn.Sigmoid())
    assert inner_activations(both) == [both[0], both[2]]


def test_a_part_that_stands_twice_is_exchanged_twice() -> None:
    shared = nn.ReLU()
    both = nn.Sequential(shared, nn.Linear(2, 2), nn.Sequential(shared, nn.Linear(2, 2)))
    new = nn.Tanh()
    exchange(both, shared, new)
    assert both[0] is new
    assert both[2][0] is new


def test_pooling_by_the_largest(make_engine: Make) -> None:
    def pools(**flags: Any) -> list[nn.Module]:
        critic = make_engine("dcgan-tflearn", images(), batch_size=8, **flags).game.discriminator
        return [part for part in critic if isinstance(part, nn.AvgPool2d | nn.MaxPool2d)]

    for own, other in zip(pools(), pools(critic_pooling="max"), strict=True):
        assert isinstance(own, nn.AvgPool2d)
        assert isinstance(other, nn.MaxPool2d)
        assert (other.kernel_size, other.stride) == (own.kernel_size, own.stride)
    with pytest.raises(SettingError, match="no network of the role critic has a pooling"):
        make_engine("dcgan", images(), batch_size=8, width=4, critic_pooling="max")


@pytest.mark.parametrize(
    ("system", "flags", "reason"),
    [
        ("dcgan", {"tanh_output": True}, "it is for images from 0 to 1, and DCGAN has none"),
        ("gan", {"generator_dropout_at_sampling": True}, "is said by generator_dropout, which is 0"),
        ("gan", {"replay": 7}, "the pool has 7 places and a batch 8 examples"),
        ("gan", {"generator_norm": "none"}, "no network of the role generator has a normalisation"),
        ("gan", {"loss": "wasserstein"}, "nothing bounds the critic of GAN"),
    ],
)
def test_what_cannot_work_is_refused(
    system: str, flags: dict[str, Any], reason: str, make_engine: Make
) -> None:
    small = {"width": 4} if system == "dcgan" else {}
    with pytest.raises(SettingError, match=reason):
        make_engine(system, images(), batch_size=8, **small, **flags)

"""What single tricks do, by closed forms; and how several, and several processes, get along."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD

from sparring.data.dataset import Batch, Column, Dataset, DataSpec, dataset_of
from sparring.data.kinds import Points, Tokens
from sparring.errors import SettingError
from sparring.game import Game, GameSettings, Limit, Phase, Player, Role, Terms, Turn, two_players
from sparring.nn.average import Average
from sparring.nn.modes import inference
from sparring.objectives import LEAST_SQUARES, NON_SATURATING, Objective
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.tricks import TrickSettings, make_tricks
from sparring.tricks.blur import Blur, blurred
from sparring.tricks.conditioning import Misdealt, Told, inputs_for_classes
from sparring.tricks.historical_averaging import HistoricalAveraging
from sparring.tricks.layers import weighted_layers
from sparring.tricks.packing import packed, widen
from sparring.tricks.weight_average import WeightAverage

Make = Callable[..., Engine]
POINTS = dataset_of("points", torch.randn(16, 2, generator=torch.Generator().manual_seed(0)))


class Plain(Game):
    """The smallest game there is: two linear players."""

    own_aim: Objective = NON_SATURATING

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.generator = self.built(Role.GENERATOR, nn.Linear(3, data.shape[0]))
        self.critic = self.built(Role.CRITIC, self.new_critic(data.shape[0]))

    def new_critic(self, inputs: int) -> nn.Module:
        return nn.Linear(inputs, 1)

    def players(self) -> dict[str, Player]:
        return two_players(SGD(self.generator.parameters(), 0.1), critic=SGD(self.critic.parameters(), 0.1))

    def aim(self) -> Objective:
        return self.own_aim

    def round(self) -> Sequence[Turn]:
        return [Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)]

    def critic_loss(self, real: Batch) -> Terms:
        said = self.judge(self.critic, real.examples, real=True)
        return Terms(
            **self.objective.for_critic(said, self.judge(self.critic, self.fake(len(real)), real=False))
        )

    def generator_loss(self, real: Batch) -> Terms:
        fake = self.judge(self.critic, self.fake(len(real)), real=False)
        return Terms(
            **self.objective.for_generator(fake, lambda: self.judge(self.critic, real.examples, real=True))
        )

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 3)


def plain_game(random: Randomness | None = None, system: type[Game] = Plain, **flags: Any) -> Game:
    settings = system.Settings.of({"batch_size": 8} | flags, "the test")
    return system(settings, POINTS.spec, random or Randomness(0))


# -- instance noise -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "progress", "deviation"),
    [
        (1.0, 0.0, 0.4),
        (1.0, 0.25, 0.3),
        (1.0, 1.0, 0.0),
        (0.5, 0.25, 0.2),
        (0.5, 0.5, 0),
        (0.5, 0.9, 0),
        (0, 0, 0),
    ],
)
def test_instance_noise_fades(share: float, progress: float, deviation: float) -> None:
    game = plain_game(instance_noise=0.4, instance_noise_share=share)
    game.progress = progress
    examples, told = torch.ones(20_000, 2), torch.zeros(20_000, 0)
    for real in (True, False):
        shown, still_told = game.show(examples, told, real=real)
        assert still_told is told
        if deviation == 0:
            assert shown is examples
        else:
            assert (shown - examples).std().item() == pytest.approx(deviation, rel=0.02)
            assert (shown - examples).mean().item() == pytest.approx(0, abs=0.01)


def test_blurred_images() -> None:
    """The mean over squares, smaller ones at the end; what is the same everywhere stays so."""
    corner = torch.zeros(1, 1, 6, 6)
    corner[..., 0, 0] = 16.0
    assert blurred(corner, 4)[0, 0, 0, 0] == 1
    assert blurred(corner, 4)[0, 0, -1, -1] == 0
    assert blurred(corner, 4).shape == corner.shape
    even = torch.full((2, 3, 7, 5), 0.3)
    torch.testing.assert_close(blurred(even, 4), even)
    assert blurred(even, 1).equal(even)


@pytest.mark.parametrize(
    ("share", "progress", "strength"), [(0.5, 0.0, 1.0), (0.5, 0.125, 0.75), (0.5, 0.5, 0)]
)
def test_blur_fades(share: float, progress: float, strength: float) -> None:
    trick = Blur(TrickSettings.of({"blur": 4, "blur_share": share}, "tricks"), Randomness(0))
    game = plain_game()
    game.progress = progress
    images = torch.randn(3, 1, 8, 8)
    (shown, _) = trick.see(images, (), True, game)
    torch.testing.assert_close(shown, (1 - strength) * images + strength * blurred(images, 4))


def test_squares_that_are_larger_than_images_are_refused(make_engine: Make) -> None:
    images = dataset_of("images", torch.zeros(9, 1, 8, 12, dtype=torch.uint8))
    with pytest.raises(SettingError, match="squares are of 9 pixels, and images of 8: give fewer"):
        make_engine("gan", images, batch_size=4, blur=9)


def test_real_and_generated_examples_have_noise_of_their_own() -> None:
    game = plain_game(instance_noise=0.4)
    examples = torch.zeros(8, 2)
    (real,), (fake,) = game.show(examples, real=True), game.show(examples, real=False)
    assert not torch.equal(real, fake)


def test_processes_share_the_noise_of_tricks() -> None:
    def noisy(rank: int, processes: int, examples: Tensor) -> tuple[Tensor, Tensor]:
        """What a critic is shown, and the costs of logits that are all 2."""
        game = plain_game(Randomness(5, rank=rank, processes=processes), instance_noise=0.4, flipping=0.5)
        game.random.begin("step 3")
        return game.show(examples, real=True)[0], game.objective.real(torch.full((len(examples),), 2.0))

    examples = POINTS.examples.values[:8]
    alone = noisy(0, 1, examples)
    halves = [noisy(rank, 2, half) for rank, half in enumerate(examples.split(4))]
    assert 1 < len(set(alone[1].tolist())) < 8
    for whole, parts in zip(alone, zip(*halves, strict=True), strict=True):
        assert torch.equal(torch.cat(parts), whole)


# -- noise in layers ------------------------------------------------------------------------------------


class Deep(Plain):
    """Its critic's inner layer gives what it is given."""

    def new_critic(self, inputs: int) -> nn.Module:
        layers = nn.Linear(inputs, 400), nn.Linear(400, 400)
        for layer, weight in zip(layers, (torch.zeros(400, inputs), torch.eye(400)), strict=True):
            layer.weight.data, layer.bias.data = weight, torch.zeros(400)
        return nn.Sequential(*layers)


@pytest.mark.parametrize(
    ("share", "progress", "deviation"),
    [(1.0, 0.0, 0.4), (1.0, 0.25, 0.3), (0.5, 0.25, 0.2), (0.5, 0.5, 0), (0, 0, 0)],
)
def test_noise_in_layers_fades(share: float, progress: float, deviation: float) -> None:
    game = plain_game(system=Deep, layer_noise=0.4, layer_noise_share=share)
    game.progress = progress
    answers = game.judge(game.critic, torch.ones(100, 2), real=True)
    assert answers.std().item() == pytest.approx(deviation, rel=0.03)
    assert answers.mean().item() == pytest.approx(0, abs=0.01)


def test_no_noise_in_layers_of_a_critic_that_does_not_train() -> None:
    game = plain_game(system=Deep, layer_noise=0.4).eval()
    assert not game.judge(game.critic, torch.ones(100, 2), real=True).any()


def test_a_critic_of_one_layer_has_no_inner_one(make_engine: Make) -> None:
    with pytest.raises(SettingError, match="has an inner layer whose inputs could be made noisy"):
        make_engine(Plain, POINTS, batch_size=8, layer_noise=0.4)


# -- soft labels ----------------------------------------------------------------------------------------


def test_smoothed_cross_entropy_is_that_of_a_soft_target() -> None:
    objective = plain_game(smoothing=0.1, smoothing_fake=0.2).objective
    logits = torch.linspace(-3, 3, 9)
    for cost, target in ((objective.real, 0.9), (objective.fake, 0.2), (objective.deceive, 1.0)):
        expected = F.binary_cross_entropy_with_logits(
            logits, torch.full_like(logits, target), reduction="none"
        )
        torch.testing.assert_close(cost(logits), expected)


def test_smoothed_squares_pull_to_a_soft_target() -> None:
    objective = plain_game(
        system=type("Squares", (Plain,), {"own_aim": LEAST_SQUARES}), smoothing=0.1
    ).objective
    logits = torch.linspace(-3, 3, 9)
    expected = (logits - 0.9).square() / 2
    torch.testing.assert_close(objective.real(logits) - objective.real(torch.tensor(0.9)), expected)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_flipped_labels_cost_what_the_other_label_costs(share: float) -> None:
    objective = plain_game(flipping=share, smoothing=1e-9).objective
    logits = torch.full((20_000,), 2.0)
    real = math.log1p(math.exp(-2.0))
    # Between the two labels lie exactly 2 of a logit of 2.
    assert (objective.real(logits).mean().item() - real) / 2 == pytest.approx(share, abs=0.015)
    assert (objective.fake(logits).mean().item() - real) / 2 == pytest.approx(1 - share, abs=0.015)
    assert objective.deceive(logits).mean().item() == pytest.approx(real)


def test_pairs_have_no_label_for_generated_examples(make_engine: Make) -> None:
    with pytest.raises(SettingError, match="the relativistic objective compares pairs"):
        make_engine("r3gan", POINTS, batch_size=8, smoothing_fake=0.1)


# -- packing --------------------------------------------------------------------------------------------


def test_neighbours_are_packed_along_the_first_dimension() -> None:
    images = torch.arange(5 * 2 * 3 * 3.0).reshape(5, 2, 3, 3)
    packs = packed(images, 2)
    assert packs.shape == (2, 4, 3, 3)
    for pack, (first, second) in zip(packs, ((0, 1), (2, 3)), strict=True):
        assert torch.equal(pack, torch.cat([images[first], images[second]]))
    # So the packs of two processes are those of one.
    assert torch.equal(torch.cat([packed(images[:2], 2), packed(images[2:4], 2)]), packs)


def test_a_last_batch_smaller_than_a_pack_is_repeated() -> None:
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert packed(points, 3).tolist() == [[1, 2, 3, 4, 1, 2]]
    assert packed(torch.zeros(2, 0), 3).shape == (1, 0)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(nn.Linear(4, 64), (4,)), (nn.Conv2d(2, 64, 3, bias=False), (2, 8, 8)), (nn.Conv1d(2, 64, 3), (2, 8))],
)
def test_a_wider_layer_answers_in_the_size_it_did(layer: Any, shape: tuple[int, ...]) -> None:
    examples = torch.randn(400, *shape)
    before, count = layer(examples).std().item(), layer.weight.numel()
    widen(layer, 4)
    assert layer.weight.numel() == 4 * count
    answers = layer(packed(examples, 4))
    assert len(answers) == 100
    assert answers.std().item() == pytest.approx(before, rel=0.1)


@pytest.mark.parametrize(
    ("critic", "reason"),
    [
        (nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1)), "first layer is a BatchNorm1d"),
        (nn.Sequential(nn.Flatten()), "first layer is a NoneType"),
    ],
)
def test_critics_that_cannot_be_widened(critic: nn.Module, reason: str, make_engine: Make) -> None:
    system = type("Own", (Plain,), {"new_critic": lambda self, inputs: copy.deepcopy(critic)})
    with pytest.raises(SettingError, match=reason):
        make_engine(system, POINTS, batch_size=8, packing=2)


def test_a_batch_must_hold_a_pack(make_engine: Make) -> None:
    make_engine(Plain, POINTS, batch_size=8, packing=8)
    with pytest.raises(SettingError, match="the trick 'packing' needs at least 9 examples at a time"):
        make_engine(Plain, POINTS, batch_size=8, packing=9)


def test_an_epoch_with_a_small_last_batch(make_engine: Make) -> None:
    data = dataset_of("ten points", torch.randn(10, 2))
    engine = make_engine(Plain, data, batch_size=8, packing=4)
    assert [all(map(math.isfinite, engine.play_round().values())) for _ in range(4)] == [True] * 4


# -- spectral normalisation -----------------------------------------------------------------------------


def test_spectral_norm_is_for_the_roles_that_are_named(make_engine: Make) -> None:
    for wanted, normalised in (("critic", [False, True]), ("both", [True, True])):
        game = make_engine(Plain, POINTS, batch_size=8, spectral_norm=wanted).game
        assert [hasattr(network, "parametrizations") for _, network in game.networks] == normalised


def test_an_average_of_a_normalised_generator_follows_it() -> None:
    game = plain_game(spectral_norm="both")
    average = Average(game.generator, 0.999)
    with torch.no_grad():
        game.generator.parametrizations.weight.original.mul_(3).add_(0.1)
    for _ in range(200):
        _ = game.generator.weight
    for rounds in range(300):
        average.update(game.generator, rounds)
    game.eval()
    average.eval()
    torch.testing.assert_close(average.network.weight, game.generator.weight, atol=1e-2, rtol=1e-2)
    loaded = Average(plain_game(spectral_norm="both").generator, 0.999).eval()
    loaded.load_state_dict(average.state_dict())
    assert torch.equal(loaded.network.weight, average.network.weight)


# -- together -------------------------------------------------------------------------------------------


def test_what_tricks_draw_leaves_other_networks_as_they_would_begin(make_engine: Make) -> None:
    plain = make_engine(Plain, POINTS, batch_size=8).game
    tricked = make_engine(Plain, POINTS, batch_size=8, spectral_norm="both", packing=2).game
    assert torch.equal(tricked.generator.parametrizations.weight.original, plain.generator.weight)
    wide = tricked.critic.parametrizations.weight.original
    torch.testing.assert_close(wide[:, :2] * math.sqrt(2), plain.critic.weight)


def test_tricks_act_in_the_order_of_the_table() -> None:
    settings = TrickSettings.of({"unrolling": 1, "instance_noise": 1, "packing": 2}, "tricks")
    tricks = make_tricks(settings, Randomness(0))
    assert [name for name, _ in tricks.items()] == ["instance noise", "packing", "unrolling"]
    assert len(tricks) == 3
    assert tricks.second_derivatives
    assert not make_tricks(TrickSettings(), Randomness(0)).second_derivatives


class PastTheDoor(Plain):
    """Calls its critic directly, with a loss of its own."""

    def critic_loss(self, real: Batch) -> Terms:
        return Terms(apart=self.critic(self.fake(len(real))).mean() - self.critic(real.examples).mean())

    def generator_loss(self, real: Batch) -> Terms:
        return Terms(apart=-self.critic(self.fake(len(real))).mean())


class Unbuilt(Plain):
    """Does not pass its networks through `built`."""

    def built(self, role: Role, network: nn.Module) -> nn.Module:
        return network


class Later(Plain):
    """Meets its critic only in a second phase."""

    def phases(self) -> Sequence[Phase]:
        alone = Turn("generator", self.near_the_mean)
        return [Phase("alone", (alone,), Limit(steps=3)), Phase("duel", tuple(self.round()))]

    def near_the_mean(self, real: Batch) -> Terms:
        return Terms(distance=(self.fake(len(real)).mean(0) - real.examples.mean(0)).square().sum())


@pytest.mark.parametrize(
    ("system", "flags", "reason"),
    [
        (
            PastTheDoor,
            {"instance_noise": 0.1},
            "PastTheDoor shows it nothing through self.judge or self.show",
        ),
        (PastTheDoor, {"smoothing": 0.1}, "PastTheDoor never asks for self.objective"),
        (PastTheDoor, {"packing": 2}, "cannot be computed with 'packing': "),
        (Unbuilt, {"packing": 2}, "cannot be computed with 'packing': "),
        (Unbuilt, {"spectral_norm": "critic"}, "no network of the role critic has a layer to normalise"),
    ],
)
def test_a_trick_that_would_act_on_nothing_is_refused(
    system: type[Game], flags: dict[str, Any], reason: str, make_engine: Make
) -> None:
    make_engine(system, POINTS, batch_size=8).play_round()
    with pytest.raises(SettingError, match=reason):
        make_engine(system, POINTS, batch_size=8, **flags)


def test_one_whose_place_comes_in_a_later_phase_is_not(make_engine: Make) -> None:
    engine = make_engine(Later, POINTS, steps=6, batch_size=8, smoothing=0.1, instance_noise=0.1, unrolling=1)
    for _ in range(6):
        assert all(map(math.isfinite, engine.play_round().values()))


def test_the_rehearsal_leaves_the_engine_as_it_was(
    make_engine: Make, same_state: Callable[[Any, Any], bool]
) -> None:
    small = {"width": 4, "batch_size": 8}
    data = dataset_of("images", torch.randint(0, 256, (16, 1, 8, 8), dtype=torch.uint8))
    plain = make_engine("dcgan", data, **small).state()
    tricked = make_engine("dcgan", data, **small, smoothing=0.1, instance_noise=0.1, unrolling=2).state()
    assert same_state(tricked, plain)


def test_noise_is_not_for_tokens(make_engine: Make) -> None:
    tokens = Tokens((4,), ("a", "b"))
    data = Dataset("texts", Column(tokens, torch.zeros(16, 4, dtype=torch.int64)))
    system = type("Texts", (Plain,), {"critic_loss": lambda self, real: Terms(none=self.critic.bias.sum())})
    make_engine(system, data, batch_size=8)
    with pytest.raises(SettingError, match="this data has sequences of 4 tokens"):
        make_engine(system, data, batch_size=8, instance_noise=0.1)
    assert Points((2,)).continuous


# -- augmentation -------------------------------------------------------------------------------------------


def augmented(images: Tensor, value_range: tuple[float, float] = (-1.0, 1.0), **flags: float) -> Tensor:
    """What a critic would be shown of some images."""
    (trick,) = make_tricks(TrickSettings(**flags), Randomness(3))
    game: Any = type("Shown", (), {"value_range": value_range})()
    return trick.see(images, (), True, game)[0]


def random_images(count: int = 400, channels: int = 3, side: int = 16) -> Tensor:
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_colour_varies_as_far_as_the_paper_says() -> None:
    images = random_images()
    seen = augmented(images, augment_colour=1.0)
    shift = seen.mean((1, 2, 3)) - images.mean((1, 2, 3))
    assert -0.5 <= shift.min() < -0.48
    assert 0.48 < shift.max() <= 0.5
    # Differences of brightness are scaled by the contrast alone, those of colour by the saturation as well.
    contrast = (seen.mean(1).std((1, 2)) / images.mean(1).std((1, 2))).sort().values
    assert 0.5 <= contrast[0] < 0.52
    assert 1.48 < contrast[-1] <= 1.5001
    saturation = (seen[:, 0] - seen[:, 1]).std((1, 2)) / (images[:, 0] - images[:, 1]).std((1, 2))
    saturation = (saturation * images.mean(1).std((1, 2)) / seen.mean(1).std((1, 2))).sort().values
    assert saturation[0] < 0.02
    assert 1.98 < saturation[-1] <= 2.0001


def test_half_the_strength_varies_colour_half_as_far() -> None:
    images = random_images()
    shift = augmented(images, augment_colour=0.5).mean((1, 2, 3)) - images.mean((1, 2, 3))
    assert 0.24 < shift.abs().max() <= 0.25


@pytest.mark.parametrize("value_range", [(-1.0, 1.0), (0.0, 1.0)])
def test_what_colour_does_is_the_same_in_every_range(value_range: tuple[float, float]) -> None:
    low, high = value_range
    images = random_images(50)
    ours = augmented((images + 1) / 2 * (high - low) + low, value_range, augment_colour=1.0)
    theirs = augmented(images, augment_colour=1.0)
    assert torch.allclose((ours - low) / (high - low) * 2 - 1, theirs, atol=1e-5)


def test_images_are_shifted_by_whole_pixels_up_to_an_eighth() -> None:
    image = random_images(1)
    seen = augmented(image.expand(400, -1, -1, -1), augment_translation=0.125)
    padded_image = F.pad(image[0], (2, 2, 2, 2))
    windows = [
        padded_image[:, row : row + 16, column : column + 16] for row in range(5) for column in range(5)
    ]
    found = torch.stack([(seen == window).all((1, 2, 3)) for window in windows])
    assert found.any(0).all()
    # All 25 places are met, none of them much more often than the others.
    assert 4 <= found.sum(1).min() <= found.sum(1).max() <= 36


def test_a_square_is_cut_out_whose_centre_is_anywhere() -> None:
    seen = augmented(random_images(), augment_cutout=0.5)
    cut = (seen == 0).all(1)
    sizes = cut.flatten(1).sum(1)
    assert (sizes.min(), sizes.max()) == (16, 64)
    assert cut[:, 0, 0].any()
    assert cut[:, 8, 8].any()
    assert cut[:, 15, 15].any()


def test_some_images_are_mirrored() -> None:
    images = random_images()
    seen = augmented(images, augment_flips=0.25)
    mirrored = (seen == images.flip(3)).all((1, 2, 3))
    assert torch.equal(seen[~mirrored], images[~mirrored])
    assert mirrored.float().mean().item() == pytest.approx(0.25, abs=0.09)


@pytest.mark.parametrize("flag", ["colour", "translation", "cutout", "flips"])
def test_an_image_that_the_critic_is_told_is_changed_alike(flag: str) -> None:
    images, classes = random_images(40), torch.arange(40)
    (trick,) = make_tricks(TrickSettings(**{f"augment_{flag}": 0.5}), Randomness(3))
    game: Any = type("Shown", (), {"value_range": (-1.0, 1.0)})()
    seen, (number, told) = trick.see(images, (classes, images.clone()), True, game)
    assert not torch.equal(seen, images)
    assert torch.equal(seen, told)
    assert number is classes
    with pytest.raises(SettingError, match="here they differ in size: leave its flags at 0"):
        trick.see(images, (images[..., :8],), True, game)


@pytest.mark.parametrize("flag", ["colour", "translation", "cutout", "flips"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_images_is_changed_and_no_other(flag: str, share: float) -> None:
    images = random_images(200).requires_grad_()
    flags = {f"augment_{flag}": 0.5}
    every = augmented(images, **flags)
    (trick,) = make_tricks(TrickSettings(**flags), Randomness(3))
    trick.share = torch.tensor(share)
    game: Any = type("Shown", (), {"value_range": (-1.0, 1.0)})()
    seen = trick.see(images, (), True, game)[0]
    changed = (seen == every).all((1, 2, 3))
    assert torch.equal(seen[~changed], images[~changed])
    # Among mirrored ones are some that the draw leaves alone, whether they are chosen or not.
    missed = (~changed).float().mean().item()
    assert missed == pytest.approx((1 - share) * (0.5 if flag == "flips" else 1), abs=0.12)
    (slope,) = torch.autograd.grad(seen.square().sum(), images)
    (full,) = torch.autograd.grad(every.square().sum(), images)
    assert torch.equal(slope[~changed], 2 * images[~changed].detach())
    torch.testing.assert_close(slope[changed], full[changed])


def test_gradients_flow_through_all_of_it_twice() -> None:
    images = random_images(4, side=8).requires_grad_()
    flags = {"augment_colour": 1.0, "augment_translation": 0.125, "augment_cutout": 0.5, "augment_flips": 0.5}
    seen = augmented(images, **flags)
    (first,) = torch.autograd.grad(seen.square().sum(), images, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), images)
    assert (first != 0).flatten(1).any(1).all()
    assert (second != 0).flatten(1).any(1).all()


# -- conditioning ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [nn.Linear(50, 4000), nn.Conv2d(3, 4000, 4), nn.ConvTranspose2d(50, 4000, 4), nn.Conv1d(5, 4000, 3)],
)
def test_a_class_adds_about_as_much_to_a_layer_as_all_else(layer: nn.Module) -> None:
    torch.manual_seed(0)
    transposed = isinstance(layer, nn.ConvTranspose2d)
    shape = {nn.Linear: (), nn.Conv1d: (3,), nn.Conv2d: (4, 4), nn.ConvTranspose2d: (1, 1)}[type(layer)]
    inputs = 50 if transposed or isinstance(layer, nn.Linear) else layer.in_channels
    with torch.no_grad():
        others = layer(torch.randn(20, inputs, *shape)).std()
    # One input that is 1, beside all others with a deviation of 1.
    assert inputs_for_classes(layer, 20).std().item() == pytest.approx(others.item(), rel=0.1)


def test_one_class_is_nothing_to_be_told(make_engine: Make, make_dataset: Callable[..., Dataset]) -> None:
    with pytest.raises(SettingError, match=r"it tells classes apart, and this data has 1 class\.$"):
        make_engine("dcgan", make_dataset(classes=1), batch_size=8, width=4, conditioning=True)


def test_a_critic_scores_examples_as_what_they_are(
    make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    game = make_engine("dcgan", make_dataset(), batch_size=8, width=4, conditioning=True).game
    images = torch.rand(1, 1, 20, 20).expand(3, -1, -1, -1)
    with inference(game), torch.no_grad():
        scores = game.critic_score(images, torch.tensor([0, 1, 1]))
    assert scores is not None
    torch.testing.assert_close(scores[1], scores[2])
    assert (scores[0] - scores[1]).abs() > 10 * (scores[1] - scores[2]).abs() + 1e-6


def test_a_network_that_nobody_told_of_classes_says_so() -> None:
    told = Told()
    with pytest.raises(Misdealt, match="nobody says for which classes"):
        told.for_batch(4)
    with told.of(torch.tensor([1, 2])), told.of(torch.zeros(9, 0)):
        assert told.for_batch(4).tolist() == [1, 2, 1, 2]
        with pytest.raises(Misdealt, match="given 3 examples where 2 are told their class"):
            told.for_batch(3)
    assert told.classes is None


# -- the average of a changed generator -----------------------------------------------------------------


@pytest.mark.parametrize(
    "flags",
    [
        {"gaussian_noise": True},
        {"generator_norm": "virtual"},
        {"conditioning": True},
        {"gaussian_noise": True, "generator_norm": "weight", "conditioning": True, "generator_dropout": 0.5},
    ],
    ids=str,
)
def test_an_average_is_of_the_generator_as_others_have_changed_it(
    flags: dict[str, Any], make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    """Samples are those of a game without an average that has its weights."""
    settings = {"batch_size": 8, "width": 4, **flags}
    averaged = make_engine("dcgan", make_dataset(), weight_average=0.9, **settings)
    plain = make_engine("dcgan", make_dataset(), **settings).game
    for _ in range(3):
        averaged.play_round()
    (average,) = next(trick for trick in averaged.game.tricks if isinstance(trick, WeightAverage)).averages
    plain.generator.load_state_dict(average.network.state_dict())
    latent, classes = plain.latent(6, Randomness(5)), torch.arange(6) % 3
    condition = classes if "conditioning" in flags else torch.zeros(6, 0)
    with torch.no_grad(), inference(plain), inference(averaged.game):
        made, theirs = averaged.game.sample(latent, condition), plain.sample(latent, condition)
        now = averaged.game.sample(latent, condition)
    torch.testing.assert_close(made, theirs)
    assert torch.equal(made, now)


# -- mistakes that would not be seen ---------------------------------------------------------------------


def test_noise_in_layers_stays_away_from_the_images_where_the_first_layer_is_frozen(
    make_engine: Make,
) -> None:
    def noisy(**flags: float) -> list[bool]:
        engine = make_engine("dcgan", width=4, layer_noise=0.1, **flags)
        return [bool(layer._forward_pre_hooks) for layer in weighted_layers(engine.game.discriminator)]

    assert noisy(freeze=1) == noisy() == [False, True, True, True]


@pytest.mark.parametrize(
    ("flags", "fewest"),
    [
        ({"packing": 3}, 3),
        ({"minibatch_deviation": True}, 2),
        ({"minibatch_deviation": True, "packing": 2}, 4),
        ({"flipping": 0.1}, 1),
    ],
)
def test_examples_that_come_together_are_enough_to_be_compared(
    flags: dict[str, Any], fewest: int, make_engine: Make
) -> None:
    make_engine("dcgan", width=4, batch_size=12, microbatches=12 // fewest, **flags)
    if fewest > 1:
        with pytest.raises(SettingError, match=f"needs at least {fewest} examples at a time"):
            make_engine("dcgan", width=4, batch_size=12, microbatches=12 // (fewest - 1), **flags)


def test_means_of_weights_are_kept_of_those_for_classes_too(make_engine: Make) -> None:
    engine = make_engine("dcgan", width=4, historical_averaging=0.1, conditioning=True)
    (history,) = (trick for trick in engine.game.tricks if isinstance(trick, HistoricalAveraging))
    followed = {id(parameter) for parameter in history.followed}
    for name, parameter in engine.game.named_parameters():
        assert id(parameter) in followed, name


def test_classes_are_not_told_where_copies_of_generators_are_kept(make_engine: Make) -> None:
    with pytest.raises(
        SettingError, match="divides a batch between networks, those among them that it keeps"
    ):
        make_engine("bayesian-gan", conditioning=True, generators=1)


def test_posterior_samples_are_kept_once_a_round(make_engine: Make) -> None:
    engine = make_engine("bayesian-gan", generators=1, samples=2, sample_every=2, generator_turns=2)
    for _ in range(4):
        engine.play_round()
    assert engine.game.kept_generators.count == 2
    assert engine.game.kept_discriminators.count == 2


def test_a_step_that_is_played_again_keeps_its_samples_again(
    make_engine: Make, same_state: Callable[[Any, Any], bool]
) -> None:
    engine = make_engine("bayesian-gan", generators=1, samples=2, sample_every=2)
    before = copy.deepcopy(engine.state())
    for _ in range(2):
        for _ in range(2):
            engine.play_round()
        assert engine.game.kept_generators.count == 1
        after = copy.deepcopy(engine.state())
        engine.restore(copy.deepcopy(before))
    engine.restore(after)
    assert same_state(engine.state(), after)

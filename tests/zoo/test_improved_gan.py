"""The losses of Improved GAN against their formulas, and which labels it sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data.dataset import Batch, Dataset, DataSpec, dataset_of
from sparring.data.few_labels import chosen_evenly, parted
from sparring.data.unlabelled import unlabelled_apart
from sparring.errors import DataError, SettingError
from sparring.figures import game_figures
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.zoo.bad_gan import BadGAN
from sparring.zoo.few_label_networks import are_perceptrons
from sparring.zoo.improved_gan import ImprovedGAN


def images(count: int = 60, classes: int = 3) -> Dataset:
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, 1, 8, 8), generator=random, dtype=torch.uint8)
    return dataset_of("images", pixels, torch.arange(count) % classes, tuple("abcd"[:classes]))


def silent(engine: Engine) -> Engine:
    """Without the noise of the layers, so that a loss can be computed again."""
    engine.game.discriminator.eval()
    return engine


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return silent(make_engine("improved-gan", images(), batch_size=10, labelled=9, unlabelled_weight=0.6))


def batch(engine: Engine, source: str) -> Batch:
    return engine.streams[source].peek()


def test_the_discriminator_s_loss_is_that_of_section_5(engine: Engine) -> None:
    game, labelled, unlabelled = engine.game, batch(engine, "labelled"), batch(engine, "unlabelled")
    with game.random.aside("loss"):
        terms = game.discriminator_loss(labelled, unlabelled)
    with game.random.aside("loss"):
        fake = game.fake(len(unlabelled))
    logits = game.discriminator(labelled.examples).double()
    right = logits.gather(1, labelled.condition[:, None])[:, 0]
    assert terms["labelled"].item() == pytest.approx((logits.logsumexp(1) - right).mean().item(), rel=1e-4)
    z_real = game.discriminator(unlabelled.examples).double().exp().sum(1)
    z_fake = game.discriminator(fake).double().exp().sum(1)
    real = -0.3 * (z_real / (z_real + 1)).log().mean()
    generated = -0.3 * (1 / (z_fake + 1)).log().mean()
    assert terms["real"].item() == pytest.approx(real.item(), rel=1e-4)
    assert terms["fake"].item() == pytest.approx(generated.item(), rel=1e-4)
    assert set(terms) == {"labelled", "real", "fake"}


def test_the_generator_matches_mean_features(engine: Engine) -> None:
    game, matched = engine.game, batch(engine, "matched")
    with game.random.aside("loss"):
        loss = game.generator_loss(matched)["matching"]
    with game.random.aside("loss"):
        fake = game.fake(len(matched))
    features = game.discriminator[0]
    gap = features(fake).mean(0) - features(matched.examples).mean(0)
    assert gap.shape == (250,)
    assert loss.item() == pytest.approx(gap.square().mean().item(), rel=1e-4)


def test_every_layer_begins_with_mean_0_and_variance_1(make_engine: Callable[..., Engine]) -> None:
    """With noise on, over the images that it is fitted to: the logits too."""
    engine = make_engine("improved-gan", images(), batch_size=10, labelled=9)
    game, first = engine.game, batch(engine, "first")
    assert len(first) == 50
    with game.random.aside("start"):
        logits = game.discriminator(first.examples)
    assert torch.allclose(logits.mean(0), torch.zeros(3), atol=1e-4)
    assert torch.allclose(logits.std(0, correction=0), torch.ones(3), atol=1e-3)


def test_scales_are_learnt_in_the_last_layer_alone(engine: Engine) -> None:
    names = {name for name, _ in engine.game.discriminator.named_parameters() if name.endswith("scale")}
    assert names == {"1.1.scale"}


def test_only_the_chosen_labels_are_seen(engine: Engine) -> None:
    """Each of them once in nine, whatever the epoch; the unlabelled batches lack none of the images."""
    few = engine.streams["labelled"]
    assert len(few.examples) == 18
    assert sorted(few.condition.values.tolist()) == [0] * 6 + [1] * 6 + [2] * 6
    assert len(few.examples.values.flatten(1).unique(dim=0)) == 9
    assert len(engine.streams["unlabelled"].examples) == len(engine.streams["matched"].examples) == 60


def test_labels_are_chosen_evenly_by_a_seed_of_their_own() -> None:
    data = images()
    chosen = chosen_evenly(data, 10, 1)
    assert torch.bincount(data.condition.values[chosen]).tolist() == [4, 3, 3]
    assert torch.equal(chosen, chosen_evenly(data, 10, 1))
    assert not torch.equal(chosen, chosen_evenly(data, 10, 2))
    assert len(set(chosen.tolist())) == 10


def test_fewer_labels_than_classes_are_refused() -> None:
    with pytest.raises(SettingError, match="with 3 classes it must be at least 3"):
        chosen_evenly(images(), 2, 0)


def test_where_a_class_has_too_few_all_of_it_is_taken_and_that_is_said() -> None:
    data = images()[torch.tensor([0, 1, 2, 3, 4, 5, 6, 9])]
    with pytest.warns(UserWarning, match="7 labels are used and not 9: the smallest class, 'b', has 2"):
        chosen = chosen_evenly(data, 9, 0)
    assert torch.bincount(data.condition.values[chosen]).tolist() == [3, 2, 2]


def test_a_class_of_which_nothing_is_trained_on_is_refused() -> None:
    whole = images()
    data = replace(whole[whole.condition.values != 1], held_out=whole)
    with pytest.raises(DataError, match="no example of 'b' to train on, but some to test with"):
        chosen_evenly(data, 6, 0)


def test_images_without_a_label_are_among_the_unlabelled_and_nowhere_else(
    make_engine: Callable[..., Engine],
) -> None:
    whole = images(60, 4)
    data = unlabelled_apart(whole, "d")
    engine = make_engine("improved-gan", data, batch_size=10, labelled=9)
    none = {tuple(image.flatten().tolist()) for image in whole.examples.values[3::4]}
    seen = {
        name: {tuple(image.flatten().tolist()) for image in stream.examples.values}
        for name, stream in engine.streams.items()
    }
    assert all(none <= seen[name] and len(seen[name]) == 60 for name in ("unlabelled", "matched", "first"))
    assert not none & seen["labelled"]
    assert engine.game.data.classes == 3


def test_the_test_error_is_the_share_that_is_misnamed(engine: Engine) -> None:
    game = engine.game
    real = batch(engine, "unlabelled")
    wrong = game.discriminator(real.examples).argmax(1) != real.condition
    figures = game.figures()
    assert torch.equal(figures["test error, current weights"].measure(real), wrong.float())
    averaged = game.average.eval()(real.examples).argmax(1) != real.condition
    assert torch.equal(figures["test error"].measure(real), averaged.float())


def test_the_loss_of_an_unlabelled_image_is_one_softplus() -> None:
    """-log(Z / (Z + 1)) = softplus(-log Z), for logits that a direct formula could not take."""
    logits = torch.tensor([[200.0, 3.0], [-200.0, -300.0]], dtype=torch.float64)
    assert F.softplus(-logits.logsumexp(1)).tolist() == pytest.approx([0.0, 200.0])


def test_validation_labels_are_trained_on_nowhere(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine("improved-gan", images(), batch_size=10, labelled=15, validation=6)
    game, few = engine.game, engine.streams["labelled"]
    kept = game.validation()
    assert torch.bincount(kept.condition).tolist() == [2, 2, 2]
    seen = {tuple(image.flatten().tolist()) for image in few.examples.encoded()}
    assert len(seen) == 9
    assert not seen & {tuple(image.flatten().tolist()) for image in kept.examples}
    silent(engine).game.average.eval()
    wrong = game.average(kept.examples).argmax(1) != kept.condition
    # Whether anything is held out or not, and of each image by itself, as its interval wants it.
    measured = game_figures(game, images(), torch.device("cpu"))
    assert measured.keys() == {"validation error"}
    assert measured["validation error"].tolist() == wrong.tolist()


def test_copies_of_a_validation_image_do_not_teach_its_class() -> None:
    few = images(9)
    data = few[torch.arange(9).repeat(4)]
    kept, aside = parted(data, 36, 3, seed=1)
    assert len(aside) == 3
    assert len(kept) == 24
    pixels = data.examples.values
    assert not (pixels[kept][:, None] == pixels[aside][None]).flatten(2).all(2).any()


def test_validation_names_the_class_that_it_would_take_whole() -> None:
    data = images()[torch.tensor([0, 1, 2, 3, 5, 6, 8, 9, 11])]
    with (
        pytest.warns(UserWarning, match="7 labels are used"),
        pytest.raises(SettingError, match="takes all 1 of class 'b': give fewer"),
    ):
        parted(data, 9, 3, seed=1)


@pytest.mark.parametrize("validation", [9, 10])
def test_validation_leaves_a_label_of_each_class(make_engine: Callable[..., Engine], validation: int) -> None:
    with pytest.raises(SettingError, match=f"validation is {validation} of 9 labels"):
        make_engine("improved-gan", images(), batch_size=10, labelled=9, validation=validation)


@pytest.mark.parametrize(
    ("examples", "perceptrons"),
    [
        (torch.zeros(4, 1, 32, 32, dtype=torch.uint8), True),
        (torch.zeros(4, 1, 33, 32, dtype=torch.uint8), False),
        (torch.zeros(4, 3, 18, 18, dtype=torch.uint8), True),
        (torch.zeros(4, 3, 19, 19, dtype=torch.uint8), False),
        (torch.zeros(4, 1100), True),
    ],
)
def test_points_and_small_images_get_perceptrons(examples: Tensor, perceptrons: bool) -> None:
    spec = dataset_of("data", examples, torch.arange(4) % 2, ("a", "b")).spec
    assert are_perceptrons(ImprovedGAN.Settings(), spec) is perceptrons


@pytest.mark.parametrize(("system", "decay"), [(ImprovedGAN, 0.5), (BadGAN, 2 / 3)])
def test_convolutions_are_as_wide_as_the_time_allows_and_their_rates_fall(
    system: type[ImprovedGAN], decay: float
) -> None:
    def spec(side: int) -> DataSpec:
        pixels = torch.zeros(4, 3, side, side, dtype=torch.uint8)
        return dataset_of("data", pixels, torch.arange(4) % 2, ("a", "b")).spec

    assert not system.recommended(spec(18))
    rules = system.recommended(spec(19))
    assert [rule.size["width"] for rule in rules] == [32, 16, 8]
    chosen = [system.Settings.of(rule.settings, "") for rule in rules]
    assert {settings.learning_rate_decay for settings in chosen} == {decay}
    wanted = [system.steps_wanted(settings, spec(19)) for settings in chosen]
    assert wanted == [9600, 4800, 2400]
    assert system.steps_wanted(system.Settings(), spec(18)) == 9000


def test_what_convolutions_generate_differs_from_the_beginning(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine("improved-gan", images(), batch_size=10, width=4, network="convolutional")
    made = engine.game.fake(64)
    # More of what varies does so from image to image than within their mean; a norm over maps left a quarter.
    assert made.var(0).mean() > 0.5 * made.var()


@pytest.mark.parametrize("system", ["improved-gan", "bad-gan", "bayesian-gan"])
def test_units_and_place_of_points_do_not_matter(make_engine: Callable[..., Engine], system: str) -> None:
    """Seen from where they lie they are the same, and so are their classes; what is generated lies where they
    do."""
    random = torch.Generator().manual_seed(0)
    near = torch.randn(60, 2, generator=random, dtype=torch.float64)
    classes = torch.arange(60) % 2
    beside = {"generators": 1} if system == "bayesian-gan" else {"baseline": True}
    said, made = [], []
    for unit, place in ((1.0, 0.0), (2.0**-13, 0.0), (2.0**10, 2.0**12)):
        data = dataset_of("points", (unit * near + place).float(), classes, ("a", "b"))
        engine = make_engine(system, data, batch_size=20, labelled=10, **beside)
        for _ in range(3):
            engine.play_round()
        game = engine.game.eval()
        said.append(game.class_logits(data.examples.values))
        if system != "bayesian-gan":
            said[-1] = torch.cat([said[-1], game.baseline_average(data.examples.values)])
        latent = game.latent(40, Randomness(0))
        made.append((game.sample(latent, torch.zeros(40, dtype=torch.int64)) - place) / unit)
    for others in (said, made):
        for other in others[1:]:
            torch.testing.assert_close(other, others[0], rtol=1e-2, atol=1e-2)


def test_points_are_not_convolved(make_engine: Callable[..., Engine]) -> None:
    points = dataset_of("points", torch.randn(20, 2), torch.arange(20) % 2, ("a", "b"))
    with pytest.raises(
        SettingError, match="network is convolutional, which is for images, and this data has"
    ):
        make_engine("improved-gan", points, batch_size=10, labelled=4, network="convolutional")


def test_the_baseline_learns_from_labels_alone_and_changes_nothing_else(
    make_engine: Callable[..., Engine],
) -> None:
    settings = {"batch_size": 10, "labelled": 9}
    alone = make_engine("improved-gan", images(), **settings)
    beside = make_engine("improved-gan", images(), baseline=True, **settings)
    rounds = [beside.play_round() for _ in range(8)]
    for _ in range(8):
        alone.play_round()
    weights = beside.game.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in alone.game.state_dict().items())
    assert rounds[-1]["baseline/labelled"] < rounds[0]["baseline/labelled"]
    assert "test error, labels alone" in beside.game.figures()
    labelled = batch(beside, "labelled")
    loss = silent(beside).game.baseline.eval()(labelled.examples)
    expected = F.cross_entropy(loss, labelled.condition)
    assert beside.game.baseline_loss(labelled)["labelled"].item() == pytest.approx(expected.item())


def test_the_baseline_begins_as_the_labels_alone_make_it(make_engine: Callable[..., Engine]) -> None:
    """Whatever the images without a label look like; the discriminator is scaled by these."""
    data = images()
    few = chosen_evenly(data, 9, seed=1)
    others = torch.ones(len(data), dtype=torch.bool)
    others[few] = False
    pixels = data.examples.values.clone()
    pixels[others] = 255 - pixels[others]
    changed = dataset_of("images", pixels, data.condition.values, data.class_names)
    first, second = (
        make_engine("improved-gan", each, batch_size=10, labelled=9, baseline=True).game.state_dict()
        for each in (data, changed)
    )
    differing = {name for name, value in first.items() if not torch.equal(value, second[name])}
    assert any(name.startswith("discriminator.") for name in differing)
    assert not any(name.startswith("baseline") for name in differing)


@pytest.mark.parametrize("system", ["improved-gan", "bad-gan"])
def test_the_baseline_is_trained_as_the_discriminator_is(
    make_engine: Callable[..., Engine], system: str
) -> None:
    players = make_engine(system, images(), batch_size=10, labelled=9, baseline=True).players
    ours, theirs = players["baseline"].optimizer, players["discriminator"].optimizer
    assert type(ours) is type(theirs)
    assert ours.defaults == theirs.defaults

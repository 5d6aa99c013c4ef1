"""The losses of Improved GAN against their formulas, and which labels it sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from sparring.data.dataset import Batch, Dataset, dataset_of
from sparring.errors import SettingError
from sparring.training.engine import Engine
from sparring.zoo.improved_gan import chosen_evenly


def images(count: int = 60, classes: int = 3) -> Dataset:
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, 1, 8, 8), generator=random, dtype=torch.uint8)
    return dataset_of("images", pixels, torch.arange(count) % classes, tuple("abc"[:classes]))


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


@pytest.mark.parametrize(
    ("count", "said"), [(2, "with 3 classes it must be at least 3"), (63, "ask for 60 or fewer")]
)
def test_counts_that_cannot_be_had_are_refused(count: int, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        chosen_evenly(images(), count, 0)


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

"""What the sketches ask of the engine and of the core: turns, schedules, sources, pools, noise."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sparring.data import Column, Dataset, dataset_of, load_dataset
from sparring.data.kinds import Images
from sparring.data.stream import Stream
from sparring.errors import SettingError
from sparring.game import Game, GameSettings, Role
from sparring.health.findings import find
from sparring.health.remedies import Context
from sparring.nn.modes import inference
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.sample_pictures import sample_pictures
from sparring.training.engine import Engine

HERE = Path(__file__).parent
Make = Callable[..., Engine]


@pytest.fixture
def play(make_engine: Make) -> Make:
    """An engine of a sketch, `play("vae.py:VAE", dataset, rounds=3)`, so many rounds in."""

    def played(system: str, dataset: Dataset, rounds: int = 0, **options: object) -> Engine:
        engine = make_engine(f"{HERE / system}", dataset, **options)
        for _ in range(rounds):
            engine.play_round()
        return engine

    return played


def weights(engine: Engine, network: str) -> list[Tensor]:
    return [value.clone() for value in engine.game.get_submodule(network).state_dict().values()]


def same(ours: list[Tensor], theirs: list[Tensor]) -> bool:
    return all(map(torch.equal, ours, theirs))


def test_a_frozen_network_stays_as_it_was(play: Make, make_dataset: Callable[..., Dataset]) -> None:
    """Its statistics too; and nobody else moves while it learns."""
    engine = play("frozen_teacher.py:FrozenTeacher", make_dataset(50, size=8))
    made, first = weights(engine, "generator"), weights(engine, "teacher")
    for _ in range(5):
        engine.play_round()
    assert same(weights(engine, "generator"), made)
    taught = weights(engine, "teacher")
    assert not same(taught, first)
    assert engine.course.at(engine.step).phase.name == "game"
    for _ in range(5):
        engine.play_round()
    assert not same(weights(engine, "generator"), made)
    assert same(weights(engine, "teacher"), taught)


def test_schedules_follow_their_phase(play: Make, make_dataset: Callable[..., Dataset]) -> None:
    """The teacher's learning rate falls along a cosine within its own phase, the others' stay."""
    engine = play("frozen_teacher.py:FrozenTeacher", make_dataset(50, size=8))
    rates = []
    for _ in range(10):
        engine.play_round()
        rates.append(engine.players["teacher"].optimizer.param_groups[0]["lr"])
    falling = [0.01 * (1 + torch.tensor(torch.pi * step / 5).cos().item()) / 2 for step in range(5)]
    assert rates[:5] == pytest.approx(falling)
    assert engine.players["generator"].optimizer.param_groups[0]["lr"] == 1e-3


def test_only_so_many_labels_are_seen(play: Make, make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(50, size=8)
    engine = play("semi_supervised.py:SemiSupervised", dataset, labelled=2, batch_size=5)
    shown = [engine.streams["labelled"].next_batch() for _ in range(12)]
    seen = {tuple(image.flatten().tolist()) for batch in shown for image in batch.examples}
    assert len(seen) == 6
    assert sorted(torch.cat([batch.condition for batch in shown]).unique().tolist()) == [0, 1, 2]
    assert len(engine.streams["unlabelled"].examples) == 50


def test_weights_that_depend_on_data_see_the_first_batch(
    play: Make, make_dataset: Callable[..., Dataset]
) -> None:
    engine = play("semi_supervised.py:SemiSupervised", make_dataset(50, size=8), batch_size=25)
    batch = engine.streams["unlabelled"].peek()
    features = engine.game.critic[0][:2](batch.examples)
    assert torch.allclose(features.mean(0), torch.zeros(32), atol=1e-5)
    assert torch.allclose(features.std(0), torch.ones(32), atol=1e-4)


def test_every_process_is_shown_the_whole_first_batch() -> None:
    dataset = dataset_of("points", torch.arange(20.0)[:, None])
    of = [Stream(dataset, 8, Processes(torch.device("cpu"), rank, 2), seed=1) for rank in range(2)]
    shares = [stream.peek().indices.tolist() for stream in of]
    for stream in of:
        assert stream.peek(whole=True).indices.tolist() == shares[0] + shares[1]
        assert stream.position == 0


def test_a_pool_shows_what_was_made_before(play: Make) -> None:
    engine = play("cyclegan.py:CycleGAN", load_dataset(f"{HERE / 'cyclegan.py'}:two_domains"))
    pool = engine.game.pools["drawings"]
    shape = pool.images.shape[1:]
    random, before, old = Randomness(0), torch.zeros(0), 0
    for value in range(1, 9):
        new = torch.full((10, *shape), float(value))
        shown = pool.swap(new, random)[:, 0, 0, 0]
        assert set(shown.tolist()) <= {float(value), *before.tolist()}
        old += int((shown != value).sum())
        before = pool.images[:, 0, 0, 0].clone()
    assert 0.3 < old / 70 < 0.6, "half of those that could be exchanged are"
    assert len(before.unique()) > 2


def test_noise_that_is_asked_for_late_is_as_in_any_other_run() -> None:
    """A branch that a loss asks for is the same whether the run began at this step or long before, and
    whether or not it was first asked for in a test."""
    drawn = []
    for moments in (["step 3"], ["step 1", "step 2", "step 3"]):
        for tested in (False, True):
            random = Randomness(5)
            for moment in moments:
                random.begin(moment)
                if tested:
                    with random.aside("test"):
                        random.branch("pool", divided=False).normal(3)
                noise = random.branch("pool", divided=False).normal(3)
            drawn.append(noise)
    assert all(torch.equal(noise, drawn[0]) for noise in drawn)


def test_injected_noise_comes_again_and_is_of_the_run(play: Make) -> None:
    """A step that is played again injects the same noise; a run that goes on with other noise does not."""
    dataset = dataset_of("points", torch.randn(60, 2, generator=torch.Generator().manual_seed(0)))
    engine, other = (
        play("bayesian_gan.py:BayesianGAN", dataset, 2),
        play("bayesian_gan.py:BayesianGAN", dataset),
    )
    state = copy.deepcopy(engine.state())
    engine.play_round()
    other.restore(state)
    other.play_round()
    assert same(weights(other, "generators"), weights(engine, "generators"))
    other.restore(state)
    other.change_noise("something else")
    other.play_round()
    assert not same(weights(other, "generators"), weights(engine, "generators"))


def test_a_sample_uses_every_generator(play: Make) -> None:
    dataset = dataset_of("points", torch.randn(60, 2, generator=torch.Generator().manual_seed(0)))
    game = play("bayesian_gan.py:BayesianGAN", dataset).game
    latent = game.latent(500, Randomness(0))
    nothing = torch.zeros(500, 0)
    chosen = latent[:, -1].long()
    assert sorted(chosen.unique().tolist()) == list(range(10))
    with inference(game), torch.no_grad():
        made = game.generate(latent, nothing)
        for number, generator in enumerate(game.generators):
            assert torch.allclose(made[chosen == number], generator(latent[chosen == number, :-1]), atol=1e-6)


def test_unrolling_is_off_unless_asked_for_and_moves_the_generator_otherwise(play: Make) -> None:
    dataset = dataset_of("points", torch.randn(60, 2, generator=torch.Generator().manual_seed(0)))
    plain, ahead = (play("unrolled.py:Plane", dataset, 1, unrolling=steps) for steps in (0, 3))
    assert not same(weights(plain, "generator"), weights(ahead, "generator"))
    with pytest.raises(SettingError, match="unrolling"):
        play("vae.py:VAE", dataset_of("images", torch.zeros(60, 1, 8, 8, dtype=torch.uint8)), unrolling=3)


def test_a_picture_of_conditions_that_are_smaller_and_grey() -> None:
    """They stand beside the samples, as large and in colour."""
    grey = torch.full((2, 3, 1, 4, 4), 50, dtype=torch.uint8)
    colour = torch.stack([torch.full((2, 3, 8, 8), value, dtype=torch.uint8) for value in (10, 20, 30)], 2)
    picture = np.asarray(Image.open(io.BytesIO(Images((3, 8, 8)).picture([grey, colour]))))
    # Eight times as large, with gaps of four pixels.
    assert picture.shape == (2 * 68 - 4, 7 * 68 - 4, 3)
    for column, value in enumerate([[50] * 3] * 3 + [[255] * 3] + [[10, 20, 30]] * 3):
        assert (picture[:64, 68 * column : 68 * column + 64] == value).all()


def test_conditions_are_made_only_of_the_examples_that_are_shown(
    play: Make, make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Degrading a whole data set for a picture would take memory, and time at every epoch."""
    engine = play("restoration.py:Restoration", make_dataset(200, size=8, held_out=150))
    game, asked = type(engine.game), []
    condition = game.condition.__func__

    def counted(cls: type, data: Dataset) -> Column:
        asked.append(len(data))
        return condition(cls, data)

    monkeypatch.setattr(game, "condition", classmethod(counted))
    sample_pictures(engine.game, engine.dataset, seed=0, epoch=1.0)
    assert asked == [80]


@pytest.mark.parametrize(("discrete", "found"), [(False, ["dead run"]), (True, [])])
def test_texts_that_stay_as_they_are_are_no_dead_run(discrete: bool, found: list[str]) -> None:
    """What is chosen may stay the same for a while, though the chances move."""
    check = {
        "phase": "training",
        "generator/update_ratio": 1e-3,
        "samples/movement": 0.0,
        "samples/diversity": 1.0,
    }
    roles = {"generator": Role.GENERATOR}
    context = Context("own.py:Own", Game, GameSettings(), "texts", roles, discrete)
    assert [finding.name for finding in find([check] * 10, context, set())] == found

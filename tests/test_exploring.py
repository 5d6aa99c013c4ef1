"""Exploring a trained game: ways through its noise, directions, the noise of an example, films."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import sparring
from sparring.animation import FRAME_SECONDS, write_animation
from sparring.data.dataset import Column, Dataset, DataSpec
from sparring.data.kinds import Images, Nothing, Points, Tokens
from sparring.errors import DataError, SettingError
from sparring.exploring.directions import find_directions
from sparring.exploring.latents import DRAWN, spherical, truncated
from sparring.exploring.projection import blurred
from sparring.game import Game, GameSettings
from sparring.loading import load
from sparring.model import Model
from sparring.nn.modes import inference
from sparring.nn.several import made_by
from sparring.randomness import Randomness
from sparring.zoo.bayesian_gan import BayesianGAN
from sparring.zoo.gan import GAN
from sparring.zoo.r3gan import R3GAN

SHAPE = (3, 8, 8)
DIMENSIONS = 6


class Planted(Game):
    """A generator of small colour images that uses only some of its noise, and some of that more."""

    used: tuple[tuple[int, float], ...] = ((4, 3.0), (1, 1.0))
    """Dimensions of the noise, and how much of an effect each has."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__(GameSettings(), data, Randomness(0))
        layer = nn.Linear(DIMENSIONS, math.prod(SHAPE), bias=False)
        random = torch.Generator().manual_seed(1)
        outputs = torch.arange(math.prod(SHAPE))
        with torch.no_grad():
            layer.weight.zero_()
            for place, (dimension, share) in enumerate(self.used):
                # Every output sees one dimension; more outputs see the first.
                own = outputs % 4 == 0 if place else outputs % 4 != 0
                layer.weight[own, dimension] = share * torch.randn(int(own.sum()), generator=random)
        self.generator = nn.Sequential(layer, nn.Tanh(), nn.Unflatten(1, SHAPE))

    def players(self) -> dict[str, Any]:
        return {}

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, DIMENSIONS)


def no_data() -> Dataset:
    raise AssertionError("the data was asked for")


@pytest.fixture
def model() -> Model:
    return Model(Planted(DataSpec(Images(SHAPE))), Nothing(), no_data)


def test_noise_of_clusters_is_drawn_and_not_explored() -> None:
    data = DataSpec(Points((2,)))
    settings = R3GAN.Settings.of({"latent_clusters": 7, "point_units": 4}, "r3gan")
    model = Model(R3GAN(settings, data, Randomness(0)), Nothing(), no_data)
    assert len(model.sample(3)) == 3
    for explore in (
        model.interpolate,
        model.directions,
        lambda: model.project(torch.zeros(2)),
        lambda: model.around(torch.zeros(2)),
        lambda: model.sample(3, truncation=0.5),
    ):
        with pytest.raises(SettingError, match="falls into clusters \\(7\\) with nothing between them"):
            explore()


# -- ways ---------------------------------------------------------------------------------------------------


def test_a_way_on_the_sphere_has_even_angles_and_both_ends() -> None:
    first, last = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[0.0, 1.0], [0.0, 4.0]])
    ways = spherical(first, last, 4)
    assert torch.allclose(ways[:, 0], first, atol=1e-6)
    assert torch.allclose(ways[:, -1], last, atol=1e-6)
    angles = torch.arange(4) * math.pi / 6
    assert torch.allclose(ways[0], torch.stack([angles.cos(), angles.sin()], 1), atol=1e-5)
    # Along a ray there is no angle: lengths change evenly.
    assert torch.allclose(ways[1], torch.tensor([[0, 2.0], [0, 8 / 3], [0, 10 / 3], [0, 4.0]]), atol=1e-5)


def test_a_way_keeps_the_length_of_noise() -> None:
    ends = torch.randn(2, 50, 100, generator=torch.Generator().manual_seed(0))
    middle = spherical(ends[0], ends[1], 3)[:, 1].norm(dim=1)
    assert torch.allclose(middle, ends.norm(dim=2).mean(0), rtol=1e-4)
    assert ((ends[0] + ends[1]).norm(dim=1) / 2 < 0.85 * middle).all()


def test_ways_are_samples_in_order(model: Model) -> None:
    samples = model.interpolate(3, steps=5, seed=2)
    assert samples.examples.shape == (15, *SHAPE)
    ways = samples.examples.unflatten(0, (3, 5)).float()
    near = (ways[:, 1:] - ways[:, :-1]).abs().mean()
    assert near < 0.6 * (ways[:, -1] - ways[:, 0]).abs().mean()
    assert torch.equal(model.interpolate(3, steps=5, seed=2).examples, samples.examples)
    assert not torch.equal(model.interpolate(3, steps=5, seed=3).examples, samples.examples)


def test_truncation_moves_noise_towards_its_mean(model: Model) -> None:
    latent = model.game.latent(10, Randomness(5))
    mean = model.game.latent(DRAWN, Randomness(0)).mean(0)
    assert torch.equal(truncated(latent, model.game, 1.0), latent)
    assert torch.allclose(truncated(latent, model.game, 0.25) - mean, (latent - mean) / 4, atol=1e-6)
    assert (model.sample(10, truncation=0.0).examples == model.sample(1, truncation=0.0).examples).all()
    assert torch.equal(model.sample(10, truncation=1.0).examples, model.sample(10).examples)


def test_what_is_made_of_examples_is_not_explored() -> None:
    """Its noise is at most that of dropout, if it has any at all."""
    told = Model(Planted(DataSpec(Images(SHAPE))), Images(SHAPE), no_data)
    for explore in (
        lambda: told.sample(2, truncation=0.5),
        lambda: told.interpolate(2),
        lambda: told.directions(2),
        lambda: told.project(torch.zeros(SHAPE, dtype=torch.uint8)),
    ):
        with pytest.raises(
            SettingError, match=r"of what it is told \(colour images of 8 x 8\), not of noise"
        ):
            explore()


# -- directions ---------------------------------------------------------------------------------------------


def test_directions_are_those_that_the_generator_uses(model: Model) -> None:
    found, values = find_directions(model.game, model.game.latent(1, Randomness(0)), torch.zeros(1, 0))
    axes = torch.eye(DIMENSIONS)
    assert torch.allclose(found[0], axes[4], atol=1e-5)
    assert torch.allclose(found[1], axes[1], atol=1e-5)
    # 144 outputs of length 1 see the one, 48 the other, and none any other.
    assert torch.allclose(values, torch.tensor([144.0, 48.0, 0, 0, 0, 0]), atol=1e-3)
    assert torch.allclose(found @ found.T, axes, atol=1e-5)


def test_samples_along_directions(model: Model) -> None:
    samples = model.directions(3, steps=5, furthest=2.0).examples.unflatten(0, (3, 5)).float()
    assert (samples[:, 2] == samples[0, 2]).all()
    moved = (samples - samples[:, 2:3]).abs().mean((2, 3, 4))
    assert (moved[:2, [0, 4]] > moved[:2, [1, 3]]).all()
    assert (moved[2] == 0).all()


def test_noise_that_has_bounds_is_not_left() -> None:
    """Beyond them nothing is generated: not at the ends of a direction, nor where a search would go."""

    class Bounded(Planted):
        asked: list[Tensor]

        def latent(self, count: int, random: Randomness) -> Tensor:
            return random.uniform(count, DIMENSIONS)

        def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
            self.asked.append(latent.detach())
            return super().sample(latent, condition)

    game = Bounded(DataSpec(Images(SHAPE)))
    game.asked = []
    model = Model(game, Nothing(), no_data)
    model.directions(2, steps=3, furthest=9.0)
    reached = torch.cat(game.asked).abs().max(0).values
    assert reached.max() == 1
    game.asked.clear()
    beyond = game.generate(torch.full((1, DIMENSIONS), 3.0), torch.zeros(1, 0))
    found = model.project(game.data.kind.decode(beyond.detach())[0], steps=60)
    assert found.latent.abs().max() == 1
    assert torch.cat(game.asked).abs().max() == 1


def test_directions_are_those_of_noise_that_is_changed_on_its_way() -> None:
    """A dimension that goes through a factor, and one that only says which generator there is."""

    class Turned(Planted):
        def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
            kept = torch.cat([-2 * latent[:, :1], latent[:, 1:-1]], 1)
            return made_by([self.generator], torch.cat([kept, kept[:, :1], latent[:, -1:]], 1))

    game = Turned(DataSpec(Images(SHAPE)))
    weight = game.generator[0].weight
    with torch.no_grad():
        weight.zero_()
        weight[:, 0], weight[:, 1] = 1.0, torch.tensor([0.5, -0.5]).repeat(len(weight) // 2)
    found, values = find_directions(game, game.latent(1, Randomness(0)), torch.zeros(1, 0))
    # Each output sees the first four times as much as the second, whose sign is that of every other output.
    assert torch.allclose(found[:2].abs(), torch.eye(DIMENSIONS)[:2], atol=1e-5)
    assert torch.allclose(values[:3], torch.tensor([16.0, 1.0, 0.0]) / 17 * len(weight), atol=1e-3)


@pytest.mark.parametrize(
    "system", ["gan", "dcgan", "r3gan", "acgan", "began", "improved-gan", "bayesian-gan", "fastgan"]
)
def test_every_system_of_images_can_be_explored(
    system: str, make_engine: Callable[..., Any], make_dataset: Callable[..., Dataset]
) -> None:
    engine = make_engine(system, make_dataset(40, size=20))
    told = engine.game.condition(engine.dataset).kind
    explored = Model(engine.game, told, no_data)
    assert len(explored.directions(steps=3).examples) == 15
    if system == "bayesian-gan":
        with pytest.raises(SettingError, match="which of its generators makes an example"):
            explored.interpolate(2, steps=3)
    else:
        assert len(explored.interpolate(2, steps=3).examples) == 6
    example = engine.dataset.examples.values[0]
    assert explored.project(example, steps=2).examples.values.shape == (1, *example.shape)


def test_texts_cannot_be_explored(make_engine: Callable[..., Any]) -> None:
    texts = Dataset("texts", Column(Tokens((6,), tuple("abcd"), ""), torch.randint(4, (20, 6))))
    # The noise of the second is a vector.
    for system, more in (("language-model", {}), ("wgan-gp", {"width": 8})):
        writer = Model(make_engine(system, texts, **more).game, Nothing(), no_data)
        for explore in (writer.directions, writer.interpolate, partial(writer.sample, truncation=0.5)):
            with pytest.raises(SettingError, match=r"generates sequences of 6 .* nothing lies between two"):
                explore()


# -- projection ---------------------------------------------------------------------------------------------


def test_the_same_is_found_where_the_generator_leaves_things_to_chance(
    make_engine: Callable[..., Any],
) -> None:
    engine = make_engine("gan", generator_dropout=0.5, generator_dropout_at_sampling=True)
    explored = Model(engine.game, engine.game.condition(engine.dataset).kind, no_data)
    once, again = (explored.project(engine.dataset.examples.values[0], steps=2) for _ in range(2))
    assert torch.equal(once.latent, again.latent)
    assert torch.equal(once.examples.values, again.examples.values)


def test_the_noise_of_a_sample_is_found(model: Model) -> None:
    target = model.sample(3, seed=8).examples[2]
    found = model.project(target)
    assert found.psnr >= 30
    assert found.distance < 0.02
    assert (found.examples.values[0].float() - target.float()).abs().mean() < 5


def test_what_cannot_be_generated_is_an_anomaly(model: Model) -> None:
    usual = model.sample(1, seed=8).examples[0]
    odd = torch.randint(0, 256, SHAPE, generator=torch.Generator().manual_seed(0)).byte()
    assert model.project(odd).distance > 5 * model.project(usual).distance


def test_what_is_missing_is_completed(model: Model) -> None:
    target = model.sample(1, seed=8).examples[0]
    mask = torch.ones(1, 8, 8)
    mask[:, :, 4:] = 0
    damaged = target.clone()
    damaged[:, :, 4:] = 255
    found = model.project(damaged, mask=mask).examples.values[0].float()
    assert (found - target.float()).abs()[:, :, 4:].mean() < 8


def test_what_is_blurred_is_made_sharp(model: Model) -> None:
    target = model.sample(1, seed=8).examples[0]
    damaged = blurred(target[None].float(), 1.5)[0].round().byte()
    found = model.project(damaged, blur=1.5)
    assert found.distance < 0.02
    sharp, likest = (each.examples.values[0].float() for each in (found, model.project(damaged)))
    apart, without = ((each - target.float()).abs().mean() for each in (sharp, likest))
    assert apart < 8
    assert apart < without / 2


def test_a_blur_keeps_what_is_even_and_spreads_a_point_by_its_deviation() -> None:
    torch.testing.assert_close(blurred(torch.full((1, 3, 5, 7), 0.3), 2.0), torch.full((1, 3, 5, 7), 0.3))
    point = torch.zeros(1, 2, 41, 41, dtype=torch.float64)
    point[..., 20, 20] = 1.0
    places = torch.arange(41.0, dtype=torch.float64) - 20
    spread = blurred(point, 3.0)
    assert torch.equal(blurred(point, 0.0), point)
    assert torch.equal(blurred(point, 1e-320), point)
    for direction in (2, 3):
        along = spread.sum(direction)
        torch.testing.assert_close(along.sum(2), torch.ones(1, 2, dtype=torch.float64))
        # Cut off at three deviations, a Gaussian of the deviation 3 has 2.95.
        deviation = (along * places.square()).sum(2).sqrt()
        assert ((deviation > 2.9) & (deviation < 3.0)).all()


@pytest.mark.parametrize("blur", [-1.0, 4.1, math.nan, math.inf, "much"])
def test_a_blur_must_be_one_of_images_of_this_size(model: Model, blur: Any) -> None:
    with pytest.raises(SettingError, match="blur is"):
        model.project(model.sample(1).examples[0], steps=1, blur=blur)


# -- the command line ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Path:
    """A short run of a system that is told classes."""
    small = {"generator_width": 4, "discriminator_width": 4, "batch_size": 20}
    out = tmp_path_factory.mktemp("explored") / "run"
    return sparring.train("r3gan", data=f"npz:{tiny_npz}", out=out, max_steps=3, quiet=True, **small).path


def frames(path: Path) -> int:
    with Image.open(path) as opened:
        return int(opened.n_frames)


def test_ways_in_a_picture_and_in_a_film(run: Path, tmp_path: Path) -> None:
    from sparring.cli import main

    asked = ["sample", str(run), "--count", "12", "--interpolate", "4", "--out"]
    main([*asked, str(tmp_path / "ways.png")])
    with Image.open(tmp_path / "ways.png") as picture:
        # Three ways of four images of 20 pixels, eight times as large.
        assert picture.size == (4 * 164 - 4, 3 * 164 - 4)
    main([*asked, str(tmp_path / "ways.gif")])
    # There and back, without either end twice.
    assert frames(tmp_path / "ways.gif") == 6
    main([*asked, str(tmp_path / "ways.npz")])
    with np.load(tmp_path / "ways.npz") as arrays:
        assert arrays["images"].shape == (12, 20, 20, 1)
        assert arrays["labels"].tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_directions_and_projections_from_the_command_line(
    run: Path, tmp_path: Path, run_here: Callable[..., Any]
) -> None:
    done = run_here("directions", run, "--count", "2", "--steps", "3", "--out", tmp_path / "d.png")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "d.png") as picture:
        assert picture.size == (3 * 164 - 4, 2 * 164 - 4)
    photo, mask = np.zeros((40, 60, 3), np.uint8), np.full((30, 30), 255, np.uint8)
    photo[:, :, 0], mask[:, :15] = 200, 0
    Image.fromarray(photo).save(tmp_path / "photo.jpg")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    asked = ("--steps", "5", "--mask", tmp_path / "mask.png", "--out", tmp_path / "p.png")
    done = run_here("project", run, tmp_path / "photo.jpg", *asked)
    assert done.returncode == 0, done.stderr
    assert "mean difference 0." in done.stdout
    assert "generated as '" in done.stdout
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.size == (3 * 164 - 4, 160)
        # The image in grey, as the data is; then what is left of it.
        assert abs(picture.getpixel((80, 80)) - 0.299 * 200) < 3
        assert picture.getpixel((164 + 40, 80)) in (127, 128)


def test_a_mask_that_would_be_cut_otherwise_than_its_image_is_refused(run: Path, tmp_path: Path) -> None:
    """Its hole at the left would be cut off."""
    picture, mask = tmp_path / "photo.png", tmp_path / "mask.png"
    Image.new("L", (60, 40), 100).save(picture)
    for size, fits in (((200, 20), False), ((40, 60), False), ((120, 80), True), ((9, 9), True)):
        Image.new("L", size, 255).save(mask)
        if fits:
            sparring.project(run, picture, steps=1, mask=mask)
        else:
            with pytest.raises(SettingError, match=f"has {size[0]} x {size[1]} pixels .* has 60 x 40: give"):
                sparring.project(run, picture, steps=1, mask=mask)


def test_a_picture_comes_to_the_size_of_the_data_as_its_images_did(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    wide = np.zeros((8, 24, 3), np.uint8)
    for number in range(4):
        wide[:, :4, 0] = wide[:, -4:, 1] = 250 - number
        Image.fromarray(wide).save(tmp_path / "wide" / f"{number}.png")
    data = f"folder:{tmp_path / 'wide'}"
    how: dict[str, Any] = {"size": 8, "fit": "stretch"}
    run = sparring.train("gan", data=data, **how, batch_size=2, max_steps=1, out=tmp_path / "run", quiet=True)
    picture, seen = tmp_path / "wide" / "3.png", sparring.load_dataset(data, **how).examples.values[3]
    exported = sparring.export(run, tmp_path / "exported", onnx=False)
    for path in (run.path, exported):
        _, shown = sparring.project(path, picture, steps=1, mask=picture)
        assert torch.equal(shown.examples[0], seen)
        assert shown.examples[1, 2].unique().numel() > 1, "the mask, which is black in its middle, as well"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("sample", "--out", "a.gif"), "give --interpolate as well"),
        (("sample", "--interpolate", "1", "--out", "a.png"), "interpolate is 1: it must be at least 2"),
        (("sample", "--interpolate", "0", "--out", "a.png"), "interpolate is 0: it must be at least 2"),
        (
            ("sample", "--interpolate", "8", "--count", "5", "--out", "a.png"),
            "5 samples cannot be parted into ways of 8: give a count such as 8 or 16",
        ),
        (
            ("sample", "--interpolate", "8", "--count", "9", "--out", "a.png"),
            "9 samples cannot be parted into ways of 8: give a count such as 8 or 16",
        ),
        (("sample", "--truncation", "1.5", "--out", "a.png"), "truncation is 1.5"),
        (("directions", "--count", "65", "--out", "a.png"), "count is 65: it must be from 1 to 64"),
        (("directions", "--steps", "1", "--out", "a.png"), "steps is 1: it must be at least 2"),
        (("project", "no.jpg", "--out", "a.png"), "There is no file no.jpg."),
        (("project", ".", "--out", "a.png"), ". is a folder; give one image of it."),
    ],
)
def test_mistakes(
    words: tuple[str, ...], expected: str, run: Path, tmp_path: Path, run_here: Callable[..., Any]
) -> None:
    command, *others = words
    done = run_here(command, run, *others, cwd=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_run_of_points_has_two_directions_and_no_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sparring.cli import main

    asked: dict[str, Any] = {"data": "ring", "max_steps": 1, "latent_clusters": 0, "quiet": True}
    points = sparring.train("r3gan", **asked, out=tmp_path / "ring")
    with pytest.raises(SettingError, match="An image is like images"):
        sparring.project(points, tmp_path / "a.png")
    assert json.loads((points.path / "run.json").read_text())["system"] == "r3gan"
    main(["directions", str(points.path), "--out", str(tmp_path / "d.png")])
    assert "Wrote 2 directions" in capsys.readouterr().out


def test_a_film_has_each_picture_for_its_time(tmp_path: Path) -> None:
    pictures = []
    for value in (0, 0, 255):
        buffer = io.BytesIO()
        Image.new("RGB", (4, 4), (value,) * 3).save(buffer, "PNG")
        pictures.append(buffer.getvalue())
    write_animation(tmp_path / "film.gif", pictures, seconds=0.1, last=2.0)
    with Image.open(tmp_path / "film.gif") as opened:
        assert opened.info["loop"] == 0
        durations = []
        for number in range(opened.n_frames):
            opened.seek(number)
            durations.append(opened.info["duration"])
        assert sum(durations) == 2200
    with pytest.raises(SettingError, match="no picture"):
        write_animation(tmp_path / "none.gif", [])
    write_animation(tmp_path / "film.gif", pictures[1:], seconds=600.0)
    with Image.open(tmp_path / "film.gif") as opened:
        opened.seek(1)
        assert opened.info["duration"] == 600_000, "the last is shown no shorter than the others"
    with pytest.raises(SettingError, match="equal, one after the other, for no more than 655 seconds"):
        write_animation(tmp_path / "long.gif", pictures, seconds=600.0)
    assert not (tmp_path / "long.gif").exists()


def test_a_long_film_may_be_a_video(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (16, 16)).save(picture, "PNG")
    write_animation(tmp_path / "film.mp4", [picture.getvalue()] * 3, seconds=600.0)
    with av.open(str(tmp_path / "film.mp4")) as opened:
        shown = opened.streams.video[0]
        assert [frame.pts * frame.time_base for frame in opened.decode(shown)] == [0, 600, 1200]


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_a_film_may_be_a_video(ending: str, run: Path, tmp_path: Path) -> None:
    from sparring.cli import main

    path = tmp_path / f"ways.{ending}"
    main(["sample", str(run), "--count", "12", "--interpolate", "4", "--out", str(path)])
    with av.open(str(path)) as opened:
        shown = opened.streams.video[0]
        assert float(shown.average_rate) == pytest.approx(1 / FRAME_SECONDS, rel=0.01)
        decoded = [frame.to_ndarray(format="rgb24") for frame in opened.decode(shown)]
    assert len(decoded) == 6, "there and back, without either end twice"
    assert decoded[0].shape[0] % 2 == decoded[0].shape[1] % 2 == 0
    assert np.abs(decoded[1].astype(int) - decoded[5]).mean() < 3, "the same on the way back"


def test_samples_around_an_image_begin_with_the_nearest_and_go_no_farther_than_asked(
    run: Path, tmp_path: Path, run_here: Callable[..., Any]
) -> None:
    model = sparring.load(run)
    example = model.sample(1, label=1, seed=5).examples[0]
    near = model.around(example, 4, label=1, steps=20, spread=0.0)
    assert len(near) == 4
    assert near.condition.tolist() == [1] * 4
    assert (near.examples.float() - near.examples[:1].float()).abs().max() <= 1, "all the same"
    far = model.around(example, 4, label=1, steps=20, spread=1.0)
    assert torch.equal(far.examples[0], near.examples[0])
    drawn = [model.around(example, 4, label=1, steps=steps, spread=1.0).examples[1:] for steps in (1, 20)]
    assert torch.equal(*drawn), "at 1 they have nothing to do with the example"
    Image.fromarray(np.full((30, 40), 200, np.uint8)).save(tmp_path / "photo.png")
    done = run_here("sample", run, "--around", "photo.png", "--count", "3", "--out", "a.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["images"].shape == (3, 20, 20, 1)
    done = run_here(
        "sample", run, "--around", "photo.png", "--interpolate", "3", "--out", "b.png", cwd=tmp_path
    )
    assert (done.returncode, "leave these out" in done.stderr) == (2, True)


def test_a_film_of_a_run_shows_its_samples_over_time(
    tiny_npz: Path, tmp_path: Path, run_here: Callable[..., Any]
) -> None:
    options: dict[str, Any] = {"data": f"npz:{tiny_npz}", "preset": "paper", "batch_size": 50, "epochs": 3}
    made = sparring.train("gan", out=tmp_path / "run", quiet=True, **options)
    done = run_here("film", made.path, tmp_path / "run.gif")
    assert done.returncode == 0, done.stderr
    assert frames(tmp_path / "run.gif") == len(list((made.path / "samples").iterdir())) == 3
    for asked, expected in (
        (("run.avi",), "A film is written as .gif, .mp4"),
        (("a.gif", "--seconds", "0.001"), "seconds is"),
        (("a.gif", "--seconds", "700"), "seconds is"),
    ):
        done = run_here("film", made.path, *asked, cwd=tmp_path)
        assert (done.returncode, expected in done.stderr) == (2, True)
    for shot in (made.path / "samples").iterdir():
        shot.unlink()
    assert "no pictures" in run_here("film", made.path, "a.gif", cwd=tmp_path).stderr
    (made.path / "samples" / "epoch-0001.txt").write_text("a text\n")
    assert "writes texts, of which no film" in run_here("film", made.path, "a.gif", cwd=tmp_path).stderr


def test_an_image_that_is_none_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(DataError):
        sparring.project(run, tmp_path / "a.png")


def test_noise_that_says_which_generator_is_drawn_and_not_explored() -> None:
    data = DataSpec(Points((2,)))

    def of(generators: int) -> Model:
        settings = BayesianGAN.Settings.of({"generators": generators, "point_units": 4}, "bayesian-gan")
        return Model(BayesianGAN(settings, data, Randomness(0)), Nothing(), no_data)

    model = of(3)
    assert len(model.sample(3)) == 3
    assert len(of(1).sample(3, truncation=0.5)) == 3
    for explore in (
        model.interpolate,
        lambda: model.sample(3, truncation=0.5),
        lambda: model.around(torch.zeros(2)),
    ):
        with pytest.raises(SettingError, match="which of its generators makes an example"):
            explore()


def test_ways_through_gaussian_noise_are_as_long_as_it_is(tmp_path: Path, tiny_npz: Path) -> None:
    """Also where it is made of uniform noise in training; and samples are what they were there."""
    run = sparring.train(
        "gan", data=f"npz:{tiny_npz}", max_steps=1, threads=1, quiet=True, out=tmp_path / "run",
        gaussian_noise=True, latent_size=400,
    )  # fmt: skip
    explored = load(run)
    given: list[torch.Tensor] = []
    explored.game.generator.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    explored.interpolate(3, 5)
    (ways,) = given
    assert ways.square().mean(1).sqrt().sub(1).abs().max() < 0.15
    trained = GAN(explored.game.settings, explored.game.data, Randomness(0))
    trained.load_state_dict(explored.game.state_dict())
    with inference(trained), inference(explored.game), torch.no_grad():
        made = [
            game.sample(game.latent(4, Randomness(1)), torch.zeros(4, 0)) for game in (trained, explored.game)
        ]
    assert torch.equal(*made)

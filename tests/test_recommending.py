"""Settings by rule: what a run gets where nobody gave them, by its data and its length."""

from __future__ import annotations

import json
import math
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.data import arrays, load_dataset, usual_size
from sparring.data.dataset import Column, Dataset, DataSpec, dataset_of
from sparring.data.kinds import Images, Points, Tokens
from sparring.data.unlabelled import UNLABELLED
from sparring.errors import DataError, MemoryShortage, SettingError
from sparring.game import GameSettings, Limit, Phase
from sparring.game_settings import preset_values
from sparring.nn.convolution import Conv2d, ConvTranspose2d, ResizeConv2d
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.recommendation import has_rules, rules_of
from sparring.training import recommending, seeds
from sparring.training.course import Course
from sparring.training.engine import Engine
from sparring.training.hints import hints_of_game
from sparring.training.length import enough_steps
from sparring.training.recommending import Chosen, choose_settings, with_reading
from sparring.training.settings import RunSettings
from sparring.tricks.augmentation import FEW
from sparring.zoo import SYSTEMS, find_system, usual_system
from sparring.zoo.bayesian_gan import STEPS_WITH_LABELS
from sparring.zoo.r3gan import R3GAN, networks

Command = Callable[..., Any]
CPU = Processes(torch.device("cpu"))
POINTS = dataset_of("points", torch.randn(256, 2, generator=torch.Generator().manual_seed(0)))


def chosen(system: str, dataset: Dataset, given: dict[str, Any] | None = None, **asked: Any) -> Chosen:
    """What a run would be trained with."""
    return choose_settings(
        system,
        find_system(system),
        dataset,
        RunSettings(**asked),
        given or {},
        CPU,
        time.monotonic(),
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_recommendation_is_of_settings_that_exist_from_large_to_small(
    system: str, make_dataset: Callable[..., Dataset]
) -> None:
    game = find_system(system)
    for dataset in (make_dataset(channels=3, size=32), make_dataset(size=28, classes=0), POINTS):
        try:
            game.needs.check(system, dataset.spec)
        except DataError:
            continue
        rungs = game.recommended(dataset.spec)
        wanted = [game.steps_wanted(game.Settings.of(rung.settings, system), dataset.spec) for rung in rungs]
        assert wanted == sorted(wanted, reverse=True)
        assert all(rung.why for rung in rungs)


@pytest.mark.parametrize(("steps", "width"), [(10**6, 64), (4000, 32), (600, 16), (3, 16)])
def test_the_longer_the_run_the_wider_the_networks(
    steps: int, width: int, make_dataset: Callable[..., Dataset]
) -> None:
    found = chosen("r3gan", make_dataset(), max_steps=steps)
    assert found.by_rule["generator_width"] == width
    assert vars(found.settings)["generator_width"] == width
    assert f"--generator-width {width}" in found.reasons[0]
    assert f"{steps:,} steps" in found.reasons[1]


@pytest.mark.parametrize(("seconds", "width"), [(0.001, 64), (0.02, 32), (0.08, 16)])
def test_minutes_count_as_the_steps_that_the_machine_makes_in_them(
    seconds: float, width: int, make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommending, "rough_seconds_per_step", lambda engine, patience: [seconds])
    assert chosen("r3gan", make_dataset(), max_minutes=1).by_rule["generator_width"] == width


@pytest.mark.parametrize(
    ("system", "each", "width"),
    [
        ("acgan", 0.001, 32),
        ("acgan", 0.007, 16),
        ("acgan", 0.1, 8),
        ("dcgan-tflearn", 0.001, 64),
        ("dcgan-tflearn", 0.005, 32),
        ("dcgan-tflearn", 0.1, 16),
    ],
)
def test_listings_with_wide_networks_get_narrow_ones_where_time_is_short(
    system: str,
    each: float,
    width: int,
    make_dataset: Callable[..., Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here a step takes so many seconds for each channel."""
    monkeypatch.setattr(
        recommending,
        "rough_seconds_per_step",
        lambda engine, patience: [each * engine.game.settings.width],
    )
    published = find_system(system).Settings()
    found = chosen(system, make_dataset(150, size=28), max_minutes=3)
    assert found.by_rule["width"] == width
    if system == "acgan":
        assert vars(found.settings)["generator_lr"] == pytest.approx(2e-4 * 32 / width)
    paper = chosen(system, make_dataset(150, size=28), preset="paper", max_minutes=3)
    assert paper.settings == published


@pytest.mark.parametrize("asked", [{"max_steps": 10}, {"epochs": 1}, {}])
@pytest.mark.parametrize(("system", "width"), [("acgan", 32), ("dcgan-tflearn", 64)])
def test_few_steps_that_were_asked_for_are_no_reason_for_narrow_networks(
    system: str, width: int, asked: dict[str, Any], make_dataset: Callable[..., Dataset]
) -> None:
    """As many of narrow ones come no nearer to what these want."""
    found = chosen(system, make_dataset(150, size=28), **asked)
    assert found.by_rule["width"] == width
    assert found.hint is not None


@pytest.mark.parametrize("system", ["seqgan", "relgan"])
def test_the_phase_of_likelihood_leaves_time_for_those_after_it(system: str) -> None:
    game, data = find_system(system), DataSpec(Tokens((4,), tuple("ab")), count=6400)
    rungs = game.recommended(data)
    published = game.Settings()
    assert rungs[0].settings["likelihood_epochs"] == published.likelihood_epochs
    for rung in rungs:
        settings = game.Settings.of(rung.settings, system)
        assert settings.likelihood_epochs * 100 < game.steps_wanted(settings, data)
    assert rungs[-1].settings["likelihood_epochs"] == 1


def test_what_is_given_wins(make_dataset: Callable[..., Dataset]) -> None:
    found = chosen(
        "r3gan", make_dataset(), {"generator_width": 4, "adaptive_augmentation": 0.0}, max_steps=10**6
    )
    values = found.settings.flat()
    assert (values["generator_width"], values["adaptive_augmentation"]) == (4, 0.0)
    assert not {"generator_width", "adaptive_augmentation"} & found.by_rule.keys()
    assert values["discriminator_width"] == found.by_rule["discriminator_width"]


def test_what_is_given_and_changes_nothing_is_said(
    make_dataset: Callable[..., Dataset], make_engine: Callable[..., Engine]
) -> None:
    def said(system: str, dataset: Dataset, **given: Any) -> list[str]:
        game = make_engine(system, dataset, **given).game
        return [
            hint for hint in hints_of_game(game, dataset, RunSettings(), given) if "changes nothing" in hint
        ]

    assert said("dcgan", POINTS, width=8, point_units=8) == [
        "--width changes nothing: it is for images, and this data has points of 2 dimensions."
    ]
    assert said("dcgan", POINTS, point_units=8) == []
    assert said("r3gan", make_dataset(classes=0), auxiliary_weight=1.0) == [
        "--auxiliary-weight changes nothing: this data has no classes."
    ]
    beside = "changes nothing: it is for the system's own objective, and --loss hinge is in its place."
    assert said("dcgan", make_dataset(), saturating=True, loss="hinge") == [f"--saturating {beside}"]
    assert said("acgan", make_dataset(), soft_one=0.8, loss="hinge") == [f"--soft-one {beside}"]
    assert said("pix2pix", make_dataset(), objective="least squares", loss="hinge") == [
        f"--objective {beside}"
    ]
    assert said("dcgan", make_dataset(), saturating=True) == []
    assert said("wgan", make_dataset(), clip_weights=0.02) == [
        "--clip-weights changes nothing: --clip 0.01 of this system leaves no more room."
    ]
    assert said("wgan", make_dataset(), clip_weights=0.005) == []
    assert said("wgan", make_dataset(), clip=0.02) == []
    assert said("dcgan", make_dataset(), generator_lr=0.1, discriminator_lr=0.1, generator_rate=0.01) == [
        "--generator-lr changes nothing: --generator-rate is in its place."
    ]
    assert said("wgan", make_dataset(), critic_lr=0.1, critic_rate=0.01) == [
        "--critic-lr changes nothing: --critic-rate is in its place."
    ]


def test_layers_that_stay_are_to_have_learnt_something(
    make_dataset: Callable[..., Dataset], make_engine: Callable[..., Engine]
) -> None:
    dataset = make_dataset()
    game = make_engine("dcgan", dataset, freeze=1).game
    hint = "--freeze is for runs that begin with the weights of another, --from: these are of chance."
    assert hint in hints_of_game(game, dataset, RunSettings(), {})
    assert hint not in hints_of_game(game, dataset, RunSettings(from_="run"), {})
    assert hint not in hints_of_game(make_engine("dcgan", dataset).game, dataset, RunSettings(), {})


def test_what_is_recorded_is_what_a_rule_gives(make_dataset: Callable[..., Dataset]) -> None:
    """So the figures of these presets are those of a run without one."""
    digits = make_dataset(FEW, size=28, classes=10)
    for system, dataset, preset in (
        ("r3gan", digits, "digits"),
        ("r3gan", load_dataset("ring"), "points"),
        ("wgan-gp", POINTS, "points"),
        ("began", digits, "digits"),
    ):
        game = find_system(system)
        recorded = game.Settings.of(preset_values(game, preset), system)
        assert chosen(system, dataset, max_steps=3500).settings == recorded


@pytest.mark.parametrize("system", ["r3gan", "dcgan", "wgan-gp", "began", "gan", "fastgan"])
def test_the_paper_is_a_preset_of_every_system(system: str, make_dataset: Callable[..., Dataset]) -> None:
    game = find_system(system)
    dataset = make_dataset(150, size=8)
    assert chosen(system, dataset, preset="paper", max_steps=10**6).settings == game.Settings()
    assert chosen(system, dataset, max_steps=10**6).settings != game.Settings()


def test_noise_has_clusters_only_where_modes_are_known() -> None:
    """Of points on curves it would cover less."""
    assert chosen("r3gan", load_dataset("ring"), max_steps=100).by_rule["latent_clusters"] == 400
    without = chosen("r3gan", POINTS, max_steps=100).by_rule
    assert "latent_clusters" not in without
    assert (without["residual"], without["fourier_octaves"]) == (True, 3)


def test_many_modes_get_larger_batches_a_slower_generator_and_four_clusters_each(tmp_path: Path) -> None:
    def by_rule(modes: int) -> tuple[dict[str, Any], int]:
        path = tmp_path / f"{modes}.json"
        path.write_text(json.dumps({"means": [[mode, mode % 7] for mode in range(modes)], "deviation": 0.01}))
        dataset = load_dataset(f"mixture:{path}")
        found = chosen("r3gan", dataset, max_steps=10)
        return dict(found.by_rule), R3GAN.steps_wanted(found.settings, dataset.spec)

    few, wanted = by_rule(49)
    many, more = by_rule(50)
    thousand, _ = by_rule(1000)
    assert (few["latent_clusters"], many["latent_clusters"], thousand["latent_clusters"]) == (400, 400, 4000)
    assert (few["batch_size"], many["batch_size"]) == (512, 1024)
    assert many["generator_lr"] < few["generator_lr"] < few["discriminator_lr"] == many["discriminator_lr"]
    assert (wanted, more) == (3000, 7000)


def test_images_in_colour_are_made_without_checkerboards(make_dataset: Callable[..., Dataset]) -> None:
    """Not the grey ones, whose figures are recorded with transposed convolutions."""
    for channels in (1, 3):
        dataset = make_dataset(channels=channels, size=16)
        settings = chosen("r3gan", dataset, max_steps=600).settings
        layers = [*R3GAN(settings, dataset.spec, Randomness(0)).generator.modules()]
        assert any(isinstance(layer, ResizeConv2d) for layer in layers) == (channels == 3)
        assert any(isinstance(layer, ConvTranspose2d) for layer in layers) == (channels == 1)


def test_large_sides_and_wide_networks_want_more_steps() -> None:
    def wanted(height: int, width: int, **settings: int) -> int:
        data = DataSpec(Images((3, height, width)), count=100)
        sizes = {"generator_width": 32, "discriminator_width": 16}
        return R3GAN.steps_wanted(R3GAN.Settings.of(sizes | settings, "r3gan"), data)

    assert wanted(64, 64) == 16 * wanted(32, 32) == 16 * wanted(28, 28)
    assert wanted(32, 32, generator_width=64, discriminator_width=32) == 8 * wanted(32, 32)
    assert 4 * wanted(32, 32, generator_width=16, discriminator_width=8) == wanted(32, 32)
    assert wanted(16, 64) == wanted(32, 32) == wanted(8, 128)
    assert wanted(128, 32) == wanted(64, 64)


def test_rates_go_as_one_over_the_widest_layer(make_dataset: Callable[..., Dataset]) -> None:
    for size, steps, rate in ((28, 9, 6e-3), (32, 10**4, 1.5e-3), (64, 9, 1.5e-3)):
        settings = chosen("r3gan", make_dataset(100, size=size), max_steps=steps).by_rule
        assert settings["generator_lr"] == settings["discriminator_lr"] == rate


def test_large_images_are_learnt_from_small_ones_in_small_batches(
    make_dataset: Callable[..., Dataset],
) -> None:
    def rule(size: int, count: int = 100) -> dict[str, Any]:
        return chosen("r3gan", make_dataset(count, size=size), max_steps=9).by_rule

    assert rule(64).items() >= {"output_skips": True, "blur": 4, "batch_size": 16}.items()
    assert rule(128)["batch_size"] == 8
    assert rule(64, count=9)["batch_size"] == 4, "half of the images, where there are fewer than a batch"
    assert not rule(32).keys() & {"output_skips", "blur", "batch_size"}


@pytest.mark.parametrize(("size", "weight"), [(16, 0.3), (32, 0.3), (64, 4 * 4 * 0.3), (128, 16 * 8 * 0.3)])
def test_penalties_weigh_more_where_images_are_large_and_batches_small(
    size: int, weight: float, make_dataset: Callable[..., Dataset]
) -> None:
    settings = chosen("r3gan", make_dataset(100, size=size), max_steps=9).by_rule
    assert settings["gamma"] == settings["gamma_final"] == pytest.approx(weight)


def test_the_widest_layer_goes_by_the_shorter_side_and_the_batch_by_the_pixels() -> None:
    def widest_and_rate(height: int, width: int) -> tuple[int, float]:
        data = DataSpec(Images((1, height, width)), count=10**6)
        size = R3GAN.recommended(data)[0].settings
        game = R3GAN(R3GAN.Settings.of(size, "r3gan"), data, Randomness(0))
        convolutions = [each for each in game.discriminator.modules() if isinstance(each, Conv2d)]
        # As if batches had as many images.
        rate = size["generator_lr"] / math.sqrt(size.get("batch_size", 64) / 64)
        return max(each.out_channels for each in convolutions), pytest.approx(rate, rel=1e-3)

    for shorter, longer in ((32, 64), (64, 128)):
        square = widest_and_rate(shorter, shorter)
        assert widest_and_rate(shorter, longer) == widest_and_rate(longer, shorter) == square
    assert networks(1.0, (32, 64))["batch_size"] == networks(1.0, (64, 32))["batch_size"] == 32


def test_few_images_are_augmented_and_many_are_not(make_dataset: Callable[..., Dataset]) -> None:
    few, many = make_dataset(count=100, size=8), make_dataset(count=FEW, size=8)
    always, adaptive = ("augment_translation", 0.125), ("adaptive_augmentation", 0.6)
    for system, (flag, value) in {"gan": always, "dcgan": always, "r3gan": adaptive}.items():
        assert chosen(system, few, max_steps=9).by_rule[flag] == value
        assert flag not in chosen(system, many, max_steps=9).by_rule
    assert "adaptive_augmentation" not in chosen("r3gan", POINTS, max_steps=9).by_rule


def test_one_way_to_see_images_changed_is_chosen_where_another_is_not_given(
    make_dataset: Callable[..., Dataset],
) -> None:
    """Both would add up, beside a line that says otherwise."""

    def flags(system: str, **given: float) -> dict[str, float]:
        found = chosen(system, make_dataset(count=100, size=8), given, max_steps=9)
        on = {name: value for name, value in found.settings.flat().items() if "augment" in name and value}
        by_rule = {name: value for name, value in on.items() if name not in given}
        said = re.findall(r"--(\S*augment\S*) (\S+)", found.reasons[0])
        assert {name.replace("-", "_"): float(value) for name, value in said} == by_rule
        return on

    always = {"augment_colour": 1.0, "augment_translation": 0.125, "augment_cutout": 0.5}
    assert flags("r3gan", augment_cutout=0.3) == {"augment_cutout": 0.3}
    assert flags("r3gan", augment_colour=0.0) == {}
    assert flags("r3gan", augment_flips=0.5) == {"augment_flips": 0.5, "adaptive_augmentation": 0.6}
    assert flags("gan", augment_cutout=0.3) == always | {"augment_cutout": 0.3}
    assert flags("gan", adaptive_augmentation=0.4) == {"adaptive_augmentation": 0.4}


@pytest.mark.parametrize(("count", "batch_size"), [(50, 16), (33, 16), (7, 2), (64, 64)])
def test_a_batch_is_no_larger_than_the_data(
    count: int, batch_size: int, make_dataset: Callable[..., Dataset]
) -> None:
    assert chosen("r3gan", make_dataset(count, size=8), max_steps=9).settings.batch_size == batch_size


@pytest.mark.parametrize("system", ["improved-gan", "bayesian-gan"])
def test_those_without_a_label_count_for_a_batch_where_they_are_learnt_from(
    system: str, make_dataset: Callable[..., Dataset]
) -> None:
    data, given = make_dataset(20, size=40), {"labelled": 10}
    alone = chosen(system, data, given, max_steps=2).settings.batch_size
    others = Dataset("others", make_dataset(200, size=40).examples)
    together = chosen(system, replace(data, parts={UNLABELLED: others}), given, max_steps=2)
    usual = find_system(system).Settings().batch_size
    assert (alone, together.settings.batch_size) == (8, usual)


def test_a_run_too_short_for_its_networks_is_told_which_would_do(
    make_dataset: Callable[..., Dataset],
) -> None:
    dataset = make_dataset(64, size=8)
    found = chosen("wgan-gp", dataset, preset="paper", max_steps=2500)
    assert found.hint is not None
    assert "2,500 steps would be few for networks of this size, which want some 9,600" in found.hint
    assert "--width 16" in found.hint
    assert "as none smaller is known" in (chosen("wgan-gp", dataset, max_steps=3).hint or "")
    hint = chosen("wgan-gp", dataset, preset="paper", max_steps=3).hint or ""
    assert re.search(r"give it more steps, or --width 8 .*, which want some 1,200\.$", hint), hint
    assert chosen("wgan-gp", dataset, max_steps=2500).hint is None
    # A run says by itself that it does not come to all of its phases: once is enough.
    for first, beside in ((2500, found.reasons), (2499, (*found.reasons, f"Hint: {found.hint}"))):
        course = Course([Phase("first", (), Limit(steps=first)), Phase("second", ())], {"real": 1})
        assert found.lines_beside(course) == [*beside]


class Narrow(find_system("dcgan")):  # type: ignore[misc]
    """A system of one's own that inherits rules for settings which it lacks."""

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """None of its own."""

        latent_size: int = 3


def test_inherited_rules_for_other_settings_count_for_nothing(make_dataset: Callable[..., Dataset]) -> None:
    assert has_rules(find_system("dcgan"))
    assert not has_rules(Narrow)
    found = choose_settings(
        "narrow.py:Narrow", Narrow, make_dataset(), RunSettings(max_steps=3), {}, CPU, time.monotonic()
    )
    assert (found.settings, found.reasons, found.hint) == (Narrow.Settings(), (), None)
    assert rules_of(Narrow, make_dataset().spec) == ()


def test_networks_that_do_not_fit_in_memory_are_not_chosen(
    make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    build = recommending.Engine

    refusal: type[SettingError] = MemoryShortage

    def bounded(game_class: Any, settings: Any, *given: Any) -> Any:
        if settings.generator_width > 32:
            raise refusal("Training these networks takes more memory than there is.")
        return build(game_class, settings, *given)

    monkeypatch.setattr(recommending, "Engine", bounded)
    assert chosen("r3gan", make_dataset(64, size=8), max_steps=10**6).by_rule["generator_width"] == 32
    with pytest.raises(SettingError, match="more memory"):
        chosen("r3gan", make_dataset(64, size=8), {"generator_width": 40}, max_steps=10**6)
    # What else is wrong with the larger ones is said.
    refusal = SettingError
    with pytest.raises(SettingError, match="more memory"):
        chosen("r3gan", make_dataset(64, size=8), max_steps=10**6)


def test_steps_are_timed_as_the_run_plays_them(
    make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[int] = []

    def look(engine: Any, patience: float) -> list[float]:
        timed.append(engine.microbatches)
        return [0.02]

    monkeypatch.setattr(recommending, "rough_seconds_per_step", look)
    chosen("r3gan", make_dataset(64, size=8), max_minutes=1, microbatches=4)
    assert set(timed) == {4}


def test_a_system_of_ones_own_may_have_other_presets(tiny_npz: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from sparring.zoo.began import BEGAN\n\n\n"
        'class Own(BEGAN):\n    """BEGAN with its own."""\n\n    presets = {"mine": {"width": 4}}\n'
    )
    asked: dict[str, Any] = {"data": f"npz:{tiny_npz}", "preset": "mine", "max_steps": 1, "batch_size": 8}
    run = sparring.train(f"{tmp_path / 'own.py'}:Own", out=tmp_path / "run", quiet=True, **asked)
    assert run.description["settings"]["width"] == 4


def test_without_a_system_the_one_for_the_data_is_trained(
    tiny_npz: Path, tmp_path: Path, run_here: Command
) -> None:
    path = tmp_path / "run"
    asked = ("--data", f"npz:{tiny_npz}", "--batch-size", "8", "--generator-width", "4", "--threads", "1")
    done = run_here("train", *asked, "--max-steps", "2", "--out", path)
    assert done.returncode == 0, done.stderr
    description = json.loads((path / "run.json").read_text())
    assert description["system"] == "r3gan"
    by_rule = description["recommended"]["settings"]
    assert by_rule["adaptive_augmentation"] == 0.6
    assert not {"batch_size", "generator_width"} & by_rule.keys()
    assert description["settings"]["generator_width"] == 4
    said = " ".join(done.stdout.split())
    for reason in description["recommended"]["reasons"]:
        assert reason in said
    assert "Hint: About 2 steps would be few" in said
    # What was chosen stays chosen.
    assert run_here("resume", path, "--max-steps", "4").returncode == 0
    assert json.loads((path / "run.json").read_text())["settings"] == description["settings"]


def test_a_run_that_begins_with_another_has_its_settings(tiny_npz: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"data": f"npz:{tiny_npz}", "max_steps": 2, "quiet": True, "threads": 1}
    small = {"generator_width": 4, "discriminator_width": 4, "gamma": 0.7}
    first = sparring.train("r3gan", out=tmp_path / "first", batch_size=8, **small, **options)
    second = sparring.train("r3gan", out=tmp_path / "second", from_=first.path, gamma=0.2, **options)
    assert second.description["settings"] == first.description["settings"] | {"gamma": 0.2}


def test_several_seeds_are_all_told_what_was_chosen(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds, "play", lambda group, quiet, options=None: group)
    group = sparring.train_seeds(
        "r3gan", 3, data=f"npz:{tiny_npz}", out=tmp_path / "group", max_steps=2, quiet=True
    )
    options = group.description["options"]
    assert options["preset"] == "paper"
    assert (options["generator_width"], options["adaptive_augmentation"]) == (16, 0.6)


@pytest.mark.parametrize(
    ("data", "system"),
    [
        ("mnist", "r3gan"),
        ("ring", "r3gan"),
        ("text:any", "language-model"),
        ("pairs:any", "pix2pix"),
        ("unpaired:any", "cyclegan"),
    ],
)
def test_the_system_of_each_kind(data: str, system: str) -> None:
    assert usual_system(data) == system


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("name", ["images", "points", "arr_0"])
def test_the_system_for_a_file_of_arrays_is_found_without_reading_them(
    name: str, version: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as zipped, zipped.open(f"{name}.npy", "w") as file:
        np.lib.format.write_array(file, np.zeros((9, 2), np.float32), version)
    monkeypatch.setattr(arrays.Arrays, "__getitem__", None)
    kind = Images if name == "images" else Points
    assert arrays.kind_in_npz(path) is kind
    assert usual_system(f"npz:{path}") == kind.usual_system


def test_for_pairs_of_ones_own_a_system_is_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import torch\nfrom sparring import Column, Dataset\nfrom sparring.data.kinds import Images\n\n\n"
        "def pairs() -> Dataset:\n"
        "    column = Column(Images((1, 8, 8)), torch.zeros(9, 1, 8, 8, dtype=torch.uint8))\n"
        '    return Dataset("pairs", column, column)\n'
    )
    with pytest.raises(SettingError, match="made of grey images of 8 x 8: name one of"):
        usual_system(f"{tmp_path / 'own.py'}:pairs")


def test_pairs_of_several_sizes_are_translated_without_a_system_named(
    tmp_path: Path, run_here: Command
) -> None:
    for domain in "AB":
        (tmp_path / "p" / domain).mkdir(parents=True)
        for side in (16, 20, 24):
            image = Image.fromarray(np.full((side, side), side, np.uint8))
            image.save(tmp_path / "p" / domain / f"{side}.png")
    asked = ("--size", "16", "--width", "4", "--critic-width", "4", "--max-steps", "1", "--batch-size", "1")
    path = tmp_path / "run"
    done = run_here("train", "--data", f"pairs:{tmp_path / 'p'}", *asked, "--out", path)
    assert done.returncode == 0, done.stderr
    assert json.loads((path / "run.json").read_text())["system"] == "pix2pix"


@pytest.mark.parametrize(("shape", "size"), [((64, 64), 32), ((24, 30), 24), ((21, 90), 20), ((5, 5), 8)])
def test_the_size_of_a_folder_is_its_own_up_to_what_there_is_time_for(
    shape: tuple[int, int], size: int, tmp_path: Path
) -> None:
    for number in range(3):
        Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(tmp_path / f"{number}.png")
    assert with_reading(RunSettings(data=f"folder:{tmp_path}", max_minutes=10)).size == size
    assert with_reading(RunSettings(data=f"folder:{tmp_path}", size=17)).size == 17
    assert usual_size(f"folder:{tmp_path}", 64) == (64 if shape == (64, 64) else size)


def test_data_of_a_size_of_its_own_keeps_it() -> None:
    assert with_reading(RunSettings(data="mnist")).size is None


def test_what_a_run_needs_to_be_judged_goes_by_the_settings_it_has(
    make_dataset: Callable[..., Dataset],
) -> None:
    """Those of a rule or a preset by what they want, the published ones by the published length."""

    def enough(system: str, dataset: Dataset, given: dict[str, Any] | None = None, **asked: Any) -> int:
        settings = chosen(system, dataset, given, **asked).settings
        return enough_steps(Engine(find_system(system), settings, dataset, None, 0, CPU))

    grey = make_dataset(count=256, size=28)
    small = {"generator_width": 16, "discriminator_width": 8}
    assert enough("r3gan", grey, small, max_steps=3) == enough("r3gan", grey, small, preset="digits") == 300
    assert enough("r3gan", grey, small, preset="paper") == 100 // 4 * 4
    # What is nearly as published is judged as the rule says, which is what its first line names.
    plenty = make_dataset(count=FEW)
    published = find_system("acgan").Settings()
    assert chosen("acgan", plenty, max_steps=3).settings == replace(published, shuffle=True)
    assert enough("acgan", plenty, max_steps=3) == 1200
    kind = Tokens((4,), tuple("abc"))
    texts = Dataset("texts", Column(kind, torch.ones(70, 4, dtype=torch.int64)))
    for batch_size in (7, 35):
        asked = {"batch_size": batch_size, "critic_filters": 2}
        assert enough("relgan", texts, asked, max_steps=2) == 70 // batch_size + 20
    # One setting of one's own does not make it another system.
    assert enough("gan", grey, {"hidden_size": 8}, preset="paper") == 100 // 4 * 4
    assert (
        enough("bayesian-gan", grey, {"labelled": 9, "width": 4, "generators": 1}, preset="paper")
        == STEPS_WITH_LABELS // 4
    )

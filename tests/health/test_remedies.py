"""Remedies: what is advised, and that the command line takes every word of it."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from other_settings import changed as changed_settings

import sparring
from sparring.cli import main
from sparring.data.dataset import Column, Dataset
from sparring.errors import NotANumber
from sparring.game import Game, GameSettings, Needs, Role, Source
from sparring.game_settings import of_the_task
from sparring.health.checks import Checks
from sparring.health.findings import RULES, not_a_number
from sparring.health.remedies import Context, can_stand_in, remedy, seeing_changed, slower
from sparring.settings import Positive
from sparring.training import train
from sparring.training.fitting import fitting_rules
from sparring.zoo import SYSTEMS, find_system

EVERYONE = ("generator", "discriminator", "critic")


OF_TEXTS = {
    "language-model": {"generator": Role.GENERATOR},
    "seqgan": {"generator": Role.GENERATOR, "policy": Role.GENERATOR, "critic": Role.CRITIC},
    "relgan": {"generator": Role.GENERATOR, "adversary": Role.GENERATOR, "critic": Role.CRITIC},
}
"""Whom systems have that write texts."""
MORE = {"bad-gan": {"density": Role.OTHER}, "denoise": {"denoiser": Role.OTHER}}
"""Whom others have beside a generator and a critic."""


def roles_of(system: str) -> dict[str, Role]:
    """Whom a system of the zoo has."""
    if system in OF_TEXTS:
        return OF_TEXTS[system]
    critic = "critic" if system.startswith("wgan") or system == "denoise" else "discriminator"
    return {"generator": Role.GENERATOR, critic: Role.CRITIC} | MORE.get(system, {})


def context_of(system: str, data: str = "mnist", **settings: Any) -> Context:
    game_class = find_system(system)
    return Context(system, game_class, game_class.Settings.of(settings, system), data, roles_of(system))


def commands(advice: str) -> list[list[str]]:
    """The words of everything between backticks."""
    return [shlex.split(command) for command in re.findall("`([^`]*)`", advice)]


# -- what is advised -----------------------------------------------------------------------------------------


def test_published_settings_where_some_differ() -> None:
    context = context_of("gan", generator_lr=0.01, hidden_size=8)
    assert remedy(context, EVERYONE, None) == (
        "Train again with the published settings: `--preset paper --hidden-size 256 --generator-lr 0.001`."
    )


@pytest.mark.parametrize(
    ("system", "task"),
    [
        ("restore", {"degradation": "noise", "flips": False}),
        ("srgan", {"scale": 2}),
        ("inpaint", {"holes": "centre"}),
        ("denoise", {"noise": "white"}),
        ("improved-gan", {"labelled": 50, "labelled_seed": 3, "validation": 10, "baseline": True}),
        ("bayesian-gan", {"labelled": 100}),
        ("gan", {"conditioning": True}),
    ],
)
def test_what_is_to_be_learnt_is_never_to_be_something_else(system: str, task: dict[str, Any]) -> None:
    """Published settings of another task are no remedy."""
    as_published = remedy(context_of(system, **task), EVERYONE, None)
    assert as_published.startswith("Train again with smaller")
    other = remedy(context_of(system, **task, batch_size=7), EVERYONE, None)
    for words in commands(other):
        assert "--batch-size" in words
        assert not {f"--{name.replace('_', '-')}" for name in task}.intersection(words)
        assert "--no-conditioning" not in words


def test_smaller_steps_where_all_is_as_published() -> None:
    context = context_of("gan")
    assert remedy(context, ("generator",), None) == (
        "Train again with smaller steps: `--generator-lr 0.00025`."
    )
    assert remedy(context, EVERYONE, None) == (
        "Train again with smaller steps: `--generator-lr 0.00025 --discriminator-lr 0.00025`."
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_smaller_steps_are_a_quarter(system: str) -> None:
    context = context_of(system)
    for options in commands(remedy(context, EVERYONE, None)):
        assert options[::2], system
        for flag, value in zip(options[::2], options[1::2], strict=True):
            published = getattr(context.settings, flag.removeprefix("--").replace("-", "_"))
            assert float(value) == pytest.approx(published / 4, rel=0.05)


def slowed(context: Context, rule: str) -> list[str]:
    """The players that a rule would slow down; all of a system that has none of their roles."""
    return Checks([], context.roles).players(*RULES[rule].slow_down) or list(context.roles)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_can_slow_its_players_down(system: str) -> None:
    """What a rule advises is about settings that the system has, whatever its players are called."""
    context = context_of(system)
    for name, rule in RULES.items():
        assert "--" in (rule.advice(context) if rule.advice else remedy(context, slowed(context, name), None))


@pytest.mark.parametrize("system", [system for system in SYSTEMS if system not in OF_TEXTS])
def test_the_roles_that_are_assumed_here(system: str, make_engine: Any, make_dataset: Any) -> None:
    players = make_engine(system, make_dataset(40, size=32)).players
    assert {name: player.role for name, player in players.items()} == roles_of(system)


ANY = Needs()


def own_context(roles: dict[str, Role], needs: Needs = ANY, **rates: float) -> Context:
    """A system of one's own with some learning rates."""
    fields = [(name, Positive, value) for name, value in rates.items()]
    settings = dataclasses.make_dataclass("Settings", fields, bases=(GameSettings,), frozen=True)
    own = type("Own", (Game,), {"Settings": settings, "needs": needs})
    return Context("own.py:Own", own, settings(), "mnist", roles)


def test_the_flag_is_found_by_name_by_role_or_as_the_only_one() -> None:
    roles = {"photos critic": Role.CRITIC, "second-generator": Role.GENERATOR, "generator": Role.GENERATOR}

    def options(*players: str, **rates: float) -> list[str]:
        (words,) = commands(remedy(own_context(roles, **rates), players, None))
        return words

    assert options("photos critic", photos_critic_lr=0.4, critic_lr=0.8) == ["--photos-critic-lr", "0.1"]
    assert options("photos critic", critic_lr=0.8, learning_rate=4.0) == ["--critic-lr", "0.2"]
    assert options("photos critic", generator_lr=0.8, learning_rate=4.0) == ["--learning-rate", "1.0"]
    assert options("second-generator", second_generator_lr=0.4) == ["--second-generator-lr", "0.1"]
    both = options("second-generator", "generator", generator_lr=0.4, learning_rate=1.0)
    assert both == ["--generator-lr", "0.1"], "one flag of two players is given once"
    all_of_them = options(*roles, generator_lr=0.4, learning_rate=1.0)
    assert all_of_them == ["--learning-rate", "0.25", "--generator-lr", "0.1"]


def test_what_changes_nothing_is_not_advised(make_engine: Any, make_dataset: Any) -> None:
    """Not as a rate, nor as a setting that a rule would have for other data."""
    labelled = context_of("bayesian-gan", labelled=100)
    idle = make_engine("bayesian-gan", make_dataset(40, size=32), labelled=20).game
    idle_names = idle.idle_settings(idle.settings, idle.data)
    (words,) = commands(slower(dataclasses.replace(labelled, idle=idle_names), ["generator"]) or "")
    assert words[0] == "--labels-lr"
    of_another = own_context({"generator": Role.GENERATOR, "critic": Role.CRITIC}, critic_lr=0.4)
    assert slower(of_another, ["generator"]) is None
    assert slower(of_another, ["critic"]) is not None
    plain = make_dataset(300, size=28, classes=0)
    rung = fitting_rules(find_system("r3gan"), plain)[0].settings
    assert "auxiliary_weight" not in rung
    few = fitting_rules(find_system("r3gan"), make_dataset(40, size=28, classes=0))[0].settings
    assert few["batch_size"] <= 40
    asked = context_of("r3gan", **rung)
    assert dataclasses.replace(asked, recommended=[rung]).deviations() == (None, {})


def test_settings_of_tricks_are_turned_back_too() -> None:
    context = context_of("gan", smoothing=0.1, unrolling=5, spectral_norm="both")
    assert context.deviations() == ("paper", {"smoothing": 0.0, "unrolling": 0, "spectral_norm": "none"})
    (options,) = commands(remedy(context, EVERYONE, None))
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--preset": "paper",
        "--smoothing": "0.0",
        "--unrolling": "0",
        "--spectral-norm": "none",
    }


def test_presets_count_as_published() -> None:
    preset = find_system("r3gan").presets["digits"]
    context = context_of("r3gan", **preset)
    assert context.deviations() == ("digits", {})
    assert remedy(context, ("generator",), None) == (
        "Train again with smaller steps: `--generator-lr 0.00075`."
    )
    other = context_of("r3gan", **preset | {"gamma": 2.0})
    assert other.deviations() == ("digits", {"gamma": 0.3})
    assert context_of("r3gan", gamma=2.0).deviations() == ("paper", {"gamma": 1.0})


def test_what_rules_recommend_is_called_so() -> None:
    """Without a preset, which would be other settings."""
    by_rule = {"generator_lr": 0.01, "hidden_size": 16, "batch_size": 7}
    context = dataclasses.replace(context_of("gan", **by_rule | {"batch_size": 9}), recommended=[by_rule])
    assert remedy(context, EVERYONE, None) == ("Train again with the recommended settings: `--batch-size 7`.")


def test_switches_are_turned_back() -> None:
    context = context_of("gan", saturating=True, fixed_noise=False)
    assert commands(remedy(context, (), None)) == [["--preset", "paper", "--no-saturating", "--fixed-noise"]]


def test_another_system_is_advised_but_never_the_same() -> None:
    assert remedy(context_of("gan"), (), "r3gan").endswith(
        " Or train a system that withstands it: `sparring train r3gan --data mnist`."
    )
    assert "system that withstands" not in remedy(context_of("r3gan"), ("generator",), "r3gan")


def test_another_system_is_advised_only_where_it_can_stand_in() -> None:
    r3gan = find_system("r3gan")
    for needs, suits in [
        (Needs(), True),
        (Needs(examples=("images",), multiple=4), True),
        (Needs(examples=("images", "points"), condition=("classes",)), True),
        (Needs(examples=("tokens",)), False),
        (Needs(examples=("images", "tokens")), False),
        (Needs(examples=("images",), condition=("images",)), False),
    ]:
        context = own_context({"generator": Role.GENERATOR}, needs, generator_lr=0.1)
        assert can_stand_in(r3gan, context.game_class) == suits
        assert ("sparring train r3gan" in remedy(context, EVERYONE, "r3gan")) == suits

    class OwnSources(Game):
        @classmethod
        def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
            return {name: Source(part, 10) for name, part in data.parts.items()}

    class OwnCondition(Game):
        @classmethod
        def condition(cls, data: Dataset) -> Column:
            return data.examples

    class Heir(OwnCondition):
        pass

    assert [can_stand_in(r3gan, own) for own in (OwnSources, OwnCondition, Heir)] == [False] * 3
    assert all(
        can_stand_in(find_system(rule.alternative), Game) for rule in RULES.values() if rule.alternative
    )


@pytest.mark.parametrize("data", ["npz:a file.npz", "folder:it's; here", "npz:$HOME/x"])
def test_names_of_data_are_quoted(data: str) -> None:
    *_, command = commands(remedy(context_of("gan", data), (), "r3gan"))
    assert command == ["sparring", "train", "r3gan", "--data", data]


def test_a_system_of_ones_own_need_not_have_learning_rates() -> None:
    game_class = find_system("gan")

    @dataclasses.dataclass(frozen=True)
    class Bare(GameSettings):
        pass

    class Own(game_class):  # type: ignore[misc,valid-type]
        Settings = Bare

    context = Context("own.py:Own", Own, Bare(), "mnist", roles_of("gan"))
    advice = "Train again with smaller learning rates."
    assert remedy(context, EVERYONE, None) == advice
    assert not_a_number(NotANumber(1, "generator", "loss", float("nan")), context).remedy == advice
    assert commands(remedy(context, EVERYONE, "r3gan")) == [["sparring", "train", "r3gan", "--data", "mnist"]]


def test_what_keeps_images_from_being_learnt_by_heart_is_advised_where_it_is_not_on() -> None:
    def advised(recommended: dict[str, float], images: bool = True, **on: float) -> list[list[str]]:
        context = dataclasses.replace(context_of("r3gan", **on), images=images, recommended=[recommended])
        return commands(" ".join(seeing_changed(context)))

    flips, colour = ["--augment-flips", "0.5"], ["--augment-colour", "1.0"]
    others = {"augment_translation": 0.125, "augment_cutout": 0.5}
    adaptive = {"adaptive_augmentation": 0.6}
    assert advised(adaptive) == [["--adaptive-augmentation", "0.6"], flips]
    assert advised(adaptive, **adaptive) == [["--adaptive-augmentation", "0.3"], flips]
    assert advised({}, **others) == advised(adaptive, **others) == [colour, flips]
    assert advised({}, **others, augment_colour=1.0, augment_flips=0.1) == []
    assert advised({}, images=False) == []


# -- that the command line takes it --------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_command_line_takes_what_is_advised(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, Any, Any]] = []
    monkeypatch.setattr(
        train, "start", lambda name, system, run, settings: started.append((name, run, settings))
    )
    published = context_of(system, "npz:my data.npz")
    # Every setting another than published: what is advised then names all of them.
    own = changed_settings(published.settings)
    own |= own.pop("tricks")
    changed = context_of(system, "npz:my data.npz", **own)
    assert len(changed.deviations()[1]) >= len(own) / 2
    for context in (published, changed):
        for rule in (name for name in RULES if not RULES[name].advice):
            alternative = RULES[rule].alternative
            options, *others = commands(remedy(context, slowed(context, rule), alternative))
            main(["train", system, *options])
            name, _, settings = started.pop()
            assert name == system
            task = of_the_task(context.settings)
            for setting, value in context.deviations()[1].items():
                assert (setting not in settings) if setting in task else (settings[setting] == value)
            for program, *command in others:
                assert program == "sparring"
                main(command)
                name, run, _ = started.pop()
                assert (name, run.data) == (alternative, "npz:my data.npz")


def test_what_is_advised_can_be_done(tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = f"npz:{tiny_npz}"
    changed = {"generator_lr": 1e-7, "saturating": True, "batch_size": 300, "learning_rate_decay": 0.5}
    short = ["--data", data, "--max-steps", "1", "--threads", "1"]
    for number, context in enumerate((context_of("gan", data, **changed), context_of("gan", data))):
        (options,) = commands(remedy(context, EVERYONE, None))
        options += ["--preset", "paper"] if number else []
        main(["train", "gan", *short, *options, "--out", str(number)])
        recorded = sparring.Run(str(number)).description["settings"]
        assert recorded["generator_lr"] == (2.5e-4 if number else 1e-3)
        if not number:
            assert recorded == dataclasses.asdict(context_of("gan").settings)

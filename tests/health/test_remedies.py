"""Remedies: what is advised, and that the command line takes every word of it."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import sparring
from sparring import training
from sparring.cli import main
from sparring.errors import NotANumber
from sparring.health.findings import RULES, not_a_number
from sparring.health.remedies import Context, remedy
from sparring.zoo import SYSTEMS, find_system

EVERYONE = ("generator", "discriminator", "critic")


def context_of(system: str, data: str = "mnist", **settings: Any) -> Context:
    game_class = find_system(system)
    return Context(system, game_class, game_class.Settings.of(settings, system), data)


def commands(advice: str) -> list[list[str]]:
    """The words of everything between backticks."""
    return [shlex.split(command) for command in re.findall("`([^`]*)`", advice)]


# -- what is advised -----------------------------------------------------------------------------------------


def test_published_settings_where_some_differ() -> None:
    context = context_of("gan", generator_lr=0.01, hidden_size=8)
    assert remedy(context, EVERYONE, None) == (
        "Train again with the published settings: `--hidden-size 256 --generator-lr 0.001`."
    )


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


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_can_calm_its_players(system: str) -> None:
    """What a rule advises is about settings that the system has, whatever its players are called."""
    for rule in RULES.values():
        assert "--" in (rule.advice or remedy(context_of(system), rule.calm, None))


def test_presets_count_as_published() -> None:
    preset = find_system("r3gan").presets["digits"]
    context = context_of("r3gan", **preset)
    assert context.deviations() == {}
    assert remedy(context, ("generator",), None) == (
        "Train again with smaller steps: `--generator-lr 0.00075`."
    )
    other = context_of("r3gan", **preset | {"gamma": 2.0})
    assert other.deviations() == {"gamma": 0.3}
    assert context_of("r3gan", gamma=2.0).deviations() == {"gamma": 1.0}


def test_switches_are_turned_back() -> None:
    context = context_of("gan", saturating=True, fixed_noise=False)
    assert commands(remedy(context, (), None)) == [["--no-saturating", "--fixed-noise"]]


def test_another_system_is_advised_but_never_the_same() -> None:
    assert remedy(context_of("gan"), (), "r3gan").endswith(
        " Or train a system that withstands it: `sparring train r3gan --data mnist`."
    )
    assert "system that withstands" not in remedy(context_of("r3gan"), ("generator",), "r3gan")


@pytest.mark.parametrize("data", ["npz:a file.npz", "folder:it's; here", "npz:$HOME/x"])
def test_names_of_data_are_quoted(data: str) -> None:
    *_, command = commands(remedy(context_of("gan", data), (), "r3gan"))
    assert command == ["sparring", "train", "r3gan", "--data", data]


def test_a_system_of_ones_own_need_not_have_learning_rates() -> None:
    game_class = find_system("gan")

    @dataclasses.dataclass(frozen=True)
    class Bare(sparring.GameSettings):
        pass

    class Own(game_class):  # type: ignore[misc,valid-type]
        Settings = Bare

    context = Context("own.py:Own", Own, Bare(), "mnist")
    advice = "Train again with smaller learning rates."
    assert remedy(context, EVERYONE, None) == advice
    assert not_a_number(NotANumber(1, "generator", "loss", float("nan")), context).remedy == advice
    assert commands(remedy(context, EVERYONE, "r3gan")) == [["sparring", "train", "r3gan", "--data", "mnist"]]


# -- that the command line takes it --------------------------------------------------------------------------


def another(value: Any) -> Any:
    """A setting that is not the one given."""
    if isinstance(value, bool):
        return not value
    if value is None:
        return 1
    return value / 2 if isinstance(value, float) else value + 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_command_line_takes_what_is_advised(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, Any, Any]] = []
    monkeypatch.setattr(
        training, "start", lambda name, system, run, settings: started.append((name, run, settings))
    )
    published = context_of(system, "npz:my data.npz")
    # Every setting another than published: what is advised then names all of them.
    own = {name: another(value) for name, value in dataclasses.asdict(published.settings).items()}
    changed = context_of(system, "npz:my data.npz", **own)
    assert len(changed.deviations()) >= len(own) / 2
    for context in (published, changed):
        for calm, resort in {(rule.calm, rule.resort) for rule in RULES.values() if not rule.advice}:
            options, *others = commands(remedy(context, calm, resort))
            main(["train", system, *options])
            name, _, settings = started.pop()
            assert name == system
            for setting, value in context.deviations().items():
                assert getattr(settings, setting) == value
            for program, *command in others:
                assert program == "sparring"
                main(command)
                name, run, _ = started.pop()
                assert (name, run.data) == (resort, "npz:my data.npz")


def test_what_is_advised_can_be_done(tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = f"npz:{tiny_npz}"
    changed = {"generator_lr": 1e-7, "saturating": True, "batch_size": 300, "learning_rate_decay": 0.5}
    short = ["--data", data, "--max-steps", "1", "--threads", "1"]
    for number, context in enumerate((context_of("gan", data, **changed), context_of("gan", data))):
        (options,) = commands(remedy(context, EVERYONE, None))
        main(["train", "gan", *short, *options, "--out", str(number)])
        recorded = sparring.Run(str(number)).description["settings"]
        assert recorded["generator_lr"] == (2.5e-4 if number else 1e-3)
        if not number:
            assert recorded == dataclasses.asdict(context_of("gan").settings)

"""The command that a report gives makes the same run again."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from other_settings import changed

import sparring.training.train
from sparring.cli import main
from sparring.game_settings import preset_values
from sparring.reporting.facts import Facts
from sparring.reporting.repeat import train_command
from sparring.reporting.settings import run_settings
from sparring.training.settings import RunSettings
from sparring.zoo import SYSTEMS, find_system

Started = dict[str, Any]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Started]:
    """What a command would train."""

    def parse(command: str) -> Started:
        caught: Started = {}

        def start(name: str, system: Any, asked: RunSettings, given: dict[str, Any]) -> None:
            settings = system.Settings.of(preset_values(system, asked.preset) | given, name)
            caught.update(name=name, asked=asked, settings=dataclasses.asdict(settings))

        monkeypatch.setattr(sparring.training.train, "start", start)
        words = shlex.split(command)
        assert words[:2] == ["sparring", "train"]
        main(words[1:])
        return caught

    return parse


def described(run: Path, **changes: Any) -> Facts:
    facts = Facts.of(run)
    return dataclasses.replace(facts, description=facts.description | changes)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_setting_of_every_system(
    system: str, runs: dict[str, Path], started: Callable[[str], Started]
) -> None:
    settings = find_system(system).Settings()
    defaults = dataclasses.asdict(settings)
    for values in (defaults, changed(settings)):
        facts = described(runs["seed-0"], system=system, settings=values)
        found = started(train_command(facts))
        assert (found["name"], found["settings"]) == (system, values)


def test_every_option_of_the_run(runs: dict[str, Path], started: Callable[[str], Started]) -> None:
    options = {"seed": 7, "threads": 3, "device": "cuda:1", "keep_every": 2, "history_every": 9,
               "test_every": 4, "health_every": 11, "on_unhealthy": "rollback", "checkpoint_minutes": 0.25,
               "precision": "bf16", "compile": True, "microbatches": 4}  # fmt: skip
    ours = {"name": "folder:/a b/it's; rm -rf $HOME", "size": "64x48", "fit": "pad", "skip_bad_images": True}
    data = Facts.of(runs["seed-0"]).description["data"] | ours
    found = started(train_command(described(runs["seed-0"], data=data, **options)))["asked"]
    assert {name: getattr(found, name) for name in options} == options
    assert (found.data, found.size, found.fit, found.skip_bad_images) == tuple(ours.values())
    assert found.epochs == 3


@pytest.mark.parametrize(
    ("limit", "total", "expected"),
    [
        ({"epochs": 3}, 18, {"epochs": 3}),
        ({"steps": 40}, 40, {"max_steps": 40}),
        ({"minutes": 2.5}, 777, {"max_steps": 777}),
        ({"minutes": 2.5}, None, {"max_minutes": 2.5}),
        ({"steps": 40}, None, {"max_steps": 40}),
        ({"odd": 1}, 12, {"max_steps": 12}),
        ({}, None, {}),
    ],
)
def test_the_length(
    runs: dict[str, Path], started: Callable[[str], Started], limit: dict[str, Any], total: int | None,
    expected: dict[str, Any],
) -> None:  # fmt: skip
    found = started(train_command(described(runs["seed-0"], limit=limit, total_steps=total)))["asked"]
    lengths = {name: getattr(found, name) for name in ("epochs", "max_steps", "max_minutes")}
    assert {name: value for name, value in lengths.items() if value is not None} == expected


def test_only_what_is_not_the_default_is_said(runs: dict[str, Path], tiny_npz: Path) -> None:
    assert train_command(Facts.of(runs["faster"])) == (
        f"sparring train gan --data npz:{tiny_npz} --preset paper --epochs 3 --threads 1 --history-every 2 "
        "--health-every 1000 --batch-size 50 --generator-lr 0.0005"
    )


def test_flags_of_tricks_stand_among_the_others(
    run: Path, started: Callable[[str], Started], change: Callable[..., None]
) -> None:
    settings = json.loads((run / "run.json").read_text())["settings"]
    settings["tricks"] |= {"packing": 2, "instance_noise": 0.1}
    change(run / "run.json", settings=settings)
    command = train_command(Facts.of(run))
    assert command.endswith("--batch-size 50 --instance-noise 0.1 --packing 2")
    assert started(command)["settings"]["tricks"] == settings["tricks"]


def test_every_option_that_a_run_records_is_repeated(run: Path) -> None:
    """All that `train` takes is in the command, or decides the length, or does not decide the numbers."""
    names = {setting.name for setting in run_settings(Facts.of(run))}
    others = {"data", "epochs", "max_steps", "max_minutes", "preset", "out", "seeds", "evaluate",
              "quiet"}  # fmt: skip
    assert names | others == {field.name for field in dataclasses.fields(RunSettings)}


def test_a_system_of_ones_own(
    run: Path, tmp_path: Path, started: Callable[[str], Started], change: Callable[..., None]
) -> None:
    file = tmp_path / "my game.py"
    file.write_text(
        "from dataclasses import dataclass\nfrom sparring.zoo.gan import GAN\n"
        "class Mine(GAN):\n    @dataclass(frozen=True)\n    class Settings(GAN.Settings):\n"
        "        word: str = 'x'\n        shift: float = -2.5\n"
    )
    settings = json.loads((run / "run.json").read_text())["settings"] | {
        "word": "--odd 'word'",
        "shift": -1e-7,
    }
    change(run / "run.json", system=f"{file}:Mine", settings=settings)
    command = train_command(Facts.of(run))
    assert "--packing" not in command, "what is the default of a trick is the same for all systems"
    found = started(command)
    assert (found["name"], found["settings"]) == (f"{file}:Mine", settings)


def test_it_is_the_same_run(runs: dict[str, Path], tmp_path: Path) -> None:
    command = train_command(Facts.of(runs["seed-1"]))
    main([*shlex.split(command)[1:], "--quiet", "--out", str(tmp_path / "again")])
    assert (tmp_path / "again" / "history.jsonl").read_bytes() == (
        runs["seed-1"] / "history.jsonl"
    ).read_bytes()
    assert (tmp_path / "again" / "samples.png").read_bytes() == (runs["seed-1"] / "samples.png").read_bytes()


def test_a_run_made_longer_says_so(run: Path) -> None:
    from sparring.reporting.report import report_page

    assert "was changed when a part of it was played" not in report_page(Facts.of(run))
    sparring.resume(run, epochs=4, quiet=True)
    assert "was changed when a part of it was played" in report_page(Facts.of(run))

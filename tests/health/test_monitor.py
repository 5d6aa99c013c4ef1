"""The monitor: when it looks, what it writes down, and that a run is the same whether watched or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import sparring
from sparring.data.dataset import Dataset
from sparring.engine import Engine
from sparring.health.findings import find
from sparring.health.monitor import SELDOM, Monitor
from sparring.health.remedies import Context
from sparring.zoo import SYSTEMS

Make = Callable[..., Engine]


def watch(engine: Engine, every: int, **past: Any) -> Monitor:
    context = Context("the system", type(engine.game), engine.game.settings, "the data")
    return Monitor(engine, every, context, **past)


def play(monitor: Monitor, steps: int) -> list[dict[str, float]]:
    """The rows of the checks in so many steps."""
    rows = []
    for _ in range(steps):
        due = monitor.due
        values = monitor.engine.play_round(due)
        if due:
            rows.append(monitor.measure(values))
            rows[-1]["step"] = monitor.engine.step
    return rows


def test_it_looks_every_so_many_steps(make_engine: Make) -> None:
    rows = play(watch(make_engine("gan"), 3), 10)
    assert [row["step"] for row in rows] == [3, 6, 9]
    players = {
        f"{player}/{name}"
        for player in ("generator", "discriminator")
        for name in ("loss", "gradient_norm", "update_ratio")
    }
    samples = {f"samples/{name}" for name in ("diversity", "nearest", "duplicates", "distance")}
    every_time = players | samples | {"discriminator/accuracy", "discriminator/logit_gap", "step"}
    assert rows[0].keys() == every_time
    assert rows[1].keys() == every_time | {"samples/movement"}


def test_some_measurements_come_in_every_tenth_check(make_engine: Make) -> None:
    rows = play(watch(make_engine("gan"), 1), 2 * SELDOM + 1)
    assert [row["step"] for row in rows if "samples/feature_diversity" in row] == [SELDOM, 2 * SELDOM]
    assert [row["step"] for row in rows if "samples/return" in row] == [2 * SELDOM]
    (row,) = (row for row in rows if "samples/return" in row)
    assert 0 < row["samples/return"] <= 1 + 1e-6


@pytest.mark.parametrize("system", SYSTEMS)
def test_watching_changes_nothing(
    system: str, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    """Neither a weight nor what an optimiser remembers nor the chance still to come, in no system."""
    dataset = make_dataset(40, size=32)
    watched, alone = (make_engine(system, dataset, batch_size=8) for _ in range(2))
    play(watch(watched, 1), 3)
    for _ in range(3):
        alone.play_round()
    for ours, theirs in ((watched.game.state_dict(), alone.game.state_dict()),
                         (watched.tensors(), alone.tensors())):  # fmt: skip
        assert ours.keys() == theirs.keys()
        assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []


@pytest.mark.parametrize("saved_at", [2, 5, SELDOM + 3])
def test_a_monitor_goes_on_from_its_state(saved_at: int, make_engine: Make) -> None:
    """Rows as the history has them, state as JSON, tensors as they are: and the next rows are the same."""
    engine, other = make_engine("gan"), make_engine("gan")
    monitor = watch(engine, 1)
    rows = play(monitor, saved_at)
    history: list[dict[str, Any]] = [{"kind": "health", **row} for row in rows]
    history.insert(0, {"kind": "finding", "step": 1, "finding": "divergence"})
    history.append({"kind": "steps", "step": saved_at, "generator/loss": 1.0})
    # An optimiser keeps the tensors that it is given.
    tensors = {name: tensor.clone() for name, tensor in engine.tensors().items()}
    other.restore(engine.game.state_dict(), tensors, engine.position())
    resumed = watch(
        other, 1,
        past=json.loads(json.dumps(history)),
        state=json.loads(json.dumps(monitor.state())),
        tensors={name: tensor.clone() for name, tensor in monitor.tensors().items()},
    )  # fmt: skip
    assert resumed.known == {"divergence"}
    assert len(resumed.rows) == saved_at
    assert play(resumed, 2 * SELDOM) == play(monitor, 2 * SELDOM)


def test_what_is_found_is_found_once(make_engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = watch(make_engine("gan", generator_lr=1e-30, discriminator_lr=1e-30), 1)
    found = []
    for _ in range(12):
        play(monitor, 1)
        found += monitor.findings()
    assert [finding.name for finding in found] == ["dead run"]
    assert monitor.known == {"dead run"}
    assert [finding.name for finding in find(monitor.rows, monitor.context, set())] == ["dead run"]
    assert found[0].remedy.startswith("Train again with the published settings: `--batch-size 64 --gen")


# -- whole runs ----------------------------------------------------------------------------------------------


def train(data: Path, out: Path, **options: Any) -> sparring.Run:
    return sparring.train(
        "gan",
        **{"data": f"npz:{data}", "out": out, "max_steps": 11, "batch_size": 30, "hidden_size": 16}
        | {"threads": 1, "quiet": True, "history_every": 2}
        | options,
    )


def without_health(run: sparring.Run) -> list[dict[str, Any]]:
    return [row for row in run.history() if row["kind"] not in ("health", "finding")]


def test_a_watched_run_is_the_run_unwatched(tiny_npz: Path, tmp_path: Path) -> None:
    runs = [train(tiny_npz, tmp_path / str(every), health_every=every) for every in (5, 0)]
    ours, theirs = (run.latest() for run in runs)
    assert ours is not None
    assert theirs is not None
    assert all(torch.equal(ours.networks[name], theirs.networks[name]) for name in theirs.networks)
    assert theirs.training.keys() < ours.training.keys()
    assert all(torch.equal(ours.training[name], theirs.training[name]) for name in theirs.training)
    assert without_health(runs[0]) == without_health(runs[1]) == runs[1].history()
    assert [row["step"] for row in runs[0].history() if row["kind"] == "health"] == [5, 10]


def test_a_seed_has_its_vital_signs(tiny_npz: Path, tmp_path: Path) -> None:
    first, second, other = (
        train(tiny_npz, tmp_path / name, health_every=1, seed=seed)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert (first.path / "history.jsonl").read_bytes() == (second.path / "history.jsonl").read_bytes()
    assert first.history() != other.history()


def test_each_row_is_of_its_step(tiny_npz: Path, tmp_path: Path) -> None:
    """The vital signs of a row are those of the networks after that step."""
    run = train(tiny_npz, tmp_path / "run", health_every=11)
    (row,) = (row for row in run.history() if row["kind"] == "health")
    checkpoint = run.latest()
    assert checkpoint is not None
    from sparring.data import load_dataset
    from sparring.processes import Processes
    from sparring.zoo.gan import GAN

    settings = GAN.Settings(**run.description["settings"])
    dataset = load_dataset(f"npz:{tiny_npz}")
    engine = Engine(GAN, settings, dataset, 11, 0, Processes(torch.device("cpu")))
    engine.game.load_state_dict(checkpoint.networks)
    vitals = watch(engine, 11).samples
    measured = vitals.measure(vitals.generate())
    assert {name: row[f"samples/{name}"] for name in measured} == measured

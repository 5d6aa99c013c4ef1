"""The monitor: when it looks, what it writes down, and that a run is the same whether watched or not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

import sparring
from sparring.data import load_dataset
from sparring.data.dataset import Batch, Dataset, DataSpec
from sparring.game import Game, GameSettings, Limit, Phase, Role, Terms, Turn, two_players
from sparring.health.checks import CHECKS_PER_FULL_CHECK
from sparring.health.findings import find
from sparring.health.monitor import FIRST_INTERVALS, LOOKS, Monitor
from sparring.health.remedies import Context
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.zoo import SYSTEMS, find_system
from sparring.zoo.gan import GAN

IMAGE_SYSTEMS = [name for name in SYSTEMS if "images" in (find_system(name).needs.examples or ("images",))]
Make = Callable[..., Engine]


def watch(engine: Engine, every: int, **past: Any) -> Monitor:
    roles = {name: player.role for name, player in engine.players.items()}
    context = Context("the system", type(engine.game), engine.game.settings, "the data", roles)
    return Monitor(engine, every, context, **past)


def play(monitor: Monitor, steps: int) -> list[dict[str, Any]]:
    """The rows of the checks in so many steps."""
    rows = []
    for _ in range(steps):
        due = monitor.due
        values = monitor.engine.play_round(due)
        if due:
            rows.append(monitor.measure(values) | {"step": monitor.engine.step})
    return rows


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in a state, by its path."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from leaves(value, f"{path}/{name}")
    else:
        yield path, tree


def same_state(ours: Any, theirs: Any) -> bool:
    """Whether two states are equal, bit for bit."""
    first, second = dict(leaves(ours)), dict(leaves(theirs))
    return first.keys() == second.keys() and all(
        torch.equal(value, second[path]) if isinstance(value, Tensor) else value == second[path]
        for path, value in first.items()
    )


def test_it_looks_every_so_many_steps(make_engine: Make) -> None:
    rows = play(watch(make_engine("gan"), 3), 10)
    assert [row["step"] for row in rows] == [3, 6, 9]
    players = {
        f"{player}/{name}"
        for player in ("generator", "discriminator")
        for name in ("loss", "gradient_norm", "update_ratio")
    }
    samples = {f"samples/{name}" for name in ("diversity", "nearest", "duplicates", "distance")}
    every_time = players | samples | {"discriminator/accuracy", "discriminator/logit_gap", "step", "phase"}
    assert rows[0].keys() == every_time
    assert rows[1].keys() == every_time | {"samples/movement"}


def test_some_measurements_come_in_every_tenth_check(make_engine: Make) -> None:
    rows = play(watch(make_engine("gan"), 1), 2 * CHECKS_PER_FULL_CHECK + 1)
    assert [row["step"] for row in rows if "samples/feature_diversity" in row] == [
        CHECKS_PER_FULL_CHECK,
        2 * CHECKS_PER_FULL_CHECK,
    ]
    assert [row["step"] for row in rows if "samples/return" in row] == [2 * CHECKS_PER_FULL_CHECK]
    (row,) = (row for row in rows if "samples/return" in row)
    assert 0 < row["samples/return"] <= 1 + 1e-6


@pytest.mark.parametrize("system", IMAGE_SYSTEMS)
def test_watching_changes_nothing(
    system: str, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    """Neither a weight nor what an optimiser remembers nor the noise still to come, in no system."""
    dataset = make_dataset(40, size=32, held_out=12)
    watched, alone = (make_engine(system, dataset, batch_size=8) for _ in range(2))
    play(watch(watched, 1), 3)
    for _ in range(3):
        alone.play_round()
    assert same_state(watched.state(), alone.state())
    assert torch.equal(watched.game.random.normal(5), alone.game.random.normal(5))
    assert {module.training for module in watched.game.modules()} == {True}


@pytest.mark.parametrize("saved_at", [2, 5, CHECKS_PER_FULL_CHECK + 3])
def test_a_monitor_goes_on_from_its_state(saved_at: int, make_engine: Make) -> None:
    """Rows as the history has them: and the next rows are the same."""
    engine, other = make_engine("gan"), make_engine("gan")
    monitor = watch(engine, 1)
    rows = play(monitor, saved_at)
    history: list[dict[str, Any]] = [{"kind": "health", **row} for row in rows]
    history.insert(0, {"kind": "finding", "step": 1, "finding": "divergence"})
    history.append({"kind": "steps", "step": saved_at, "generator/loss": 1.0})
    other.restore(copy.deepcopy(engine.state()))
    resumed = watch(other, 1, past=json.loads(json.dumps(history)))
    resumed.restore(copy.deepcopy(monitor.state()))
    assert resumed.known == {"divergence"}
    assert len(resumed.rows) == saved_at
    assert play(resumed, 2 * CHECKS_PER_FULL_CHECK) == play(monitor, 2 * CHECKS_PER_FULL_CHECK)


def test_the_same_is_looked_at_after_a_roll_back(make_engine: Make) -> None:
    """The noise of the run is another then; the latents and the real examples are not."""
    engine = make_engine("gan")
    before = watch(engine, 1)
    engine.change_noise("roll-back 1")
    after = watch(engine, 1)
    assert torch.equal(before.samples.latent, after.samples.latent)
    assert torch.equal(before.samples.real, after.samples.real)
    assert not torch.equal(before.samples.latent, watch(make_engine("gan", seed=1), 1).samples.latent)


def test_numbers_may_still_be_on_their_way(make_engine: Make) -> None:
    """On a GPU the terms of a round are tensors: the row has plain numbers."""
    engine = make_engine("gan")
    monitor = watch(engine, 1)
    values = engine.play_round(True)
    waiting = {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
    row = monitor.measure(waiting)
    assert json.loads(json.dumps(row)) == row
    assert row["generator/loss"] == values["generator/loss"]


def test_what_is_found_is_found_once(make_engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = watch(make_engine("gan", generator_lr=1e-30, discriminator_lr=1e-30), 1)
    found = []
    for _ in range(12):
        play(monitor, 1)
        found += monitor.findings()
    assert [finding.name for finding in found] == ["dead run"]
    assert monitor.known == {"dead run"}
    assert [finding.name for finding in find(monitor.rows, monitor.context, set())] == ["dead run"]
    assert found[0].remedy.startswith("Train again with the published settings: `--preset paper --batch")


# -- phases --------------------------------------------------------------------------------------------------


class Parts(Game):
    """Points from a generator and a critic that hardly learn, with losses of a given size."""

    value_range = (-1.0, 1.0)
    course: tuple[tuple[str, int | None, tuple[str, ...]], ...] = (
        ("training", None, ("generator", "critic")),
    )
    """The name, the steps and the players of each phase."""
    jump = 10**9
    """The step from which on losses are four hundred times as large."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.generator = self.built(Role.GENERATOR, nn.Linear(2, 2))
        self.critic = self.built(Role.CRITIC, nn.Linear(2, 1))

    def players(self) -> Any:
        rates = [SGD(network.parameters(), 1e-9) for network in (self.generator, self.critic)]
        return two_players(rates[0], critic=rates[1])

    def phases(self) -> list[Phase]:
        turns = {name: Turn(name, self.loss_of(name)) for name in ("generator", "critic")}
        return [
            Phase(name, tuple(turns[player] for player in players), Limit(steps=steps) if steps else None)
            for name, steps, players in self.course
        ]

    def loss_of(self, player: str) -> Any:
        def loss(real: Batch) -> Terms:
            scale = 400.0 if self.step >= self.jump else 1.0
            size = 1 + self.judge(self.critic, self.fake(len(real)), real=False).mean().tanh() / 100
            return Terms(size=scale * size)

        return loss

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 2)


def parts(**values: Any) -> type[Parts]:
    return type("Parts", (Parts,), values)


BOTH = ("generator", "critic")
TWO_PHASES = (("first", 12, BOTH), ("second", None, BOTH))


def names_found(monitor: Monitor, steps: int) -> list[tuple[int, str]]:
    found = []
    for _ in range(steps):
        play(monitor, 1)
        found += [(monitor.engine.step, finding.name) for finding in monitor.findings()]
    return found


def test_losses_of_two_phases_are_not_compared(make_engine: Make) -> None:
    ring = load_dataset("ring")
    alone = watch(make_engine(parts(jump=12), ring, steps=30), 1)
    assert (17, "divergence") in names_found(alone, 30), "within a phase such a jump is found in five checks"
    divided = watch(make_engine(parts(jump=12, course=TWO_PHASES), ring, steps=30), 1)
    assert "divergence" not in [name for _, name in names_found(divided, 23)]


def test_rows_say_their_phase_and_older_phases_are_put_aside(make_engine: Make) -> None:
    engine = make_engine(parts(course=TWO_PHASES), load_dataset("ring"), steps=30)
    monitor = watch(engine, 3)
    rows = play(monitor, 12)
    assert [(row["step"], row["phase"]) for row in rows] == [(step, "first") for step in (3, 6, 9, 12)]
    assert len(monitor.rows) == 4
    rows += play(monitor, 6)
    assert [row["phase"] for row in rows[4:]] == ["second"] * 2
    assert len(monitor.rows) == 2
    past = [{"kind": "health", **row} for row in rows]
    for count in range(1, len(rows) + 1):
        resumed = watch(engine, 3, past=past[:count])
        assert len(resumed.rows) == (count if count <= 4 else count - 4)


def test_samples_that_rest_for_a_phase_are_no_dead_run(make_engine: Make) -> None:
    """While the critic is trained alone; a generator that does not move in its own turns is found."""
    course = (("the critic alone", 12, ("critic",)), ("both", None, BOTH))
    found = names_found(watch(make_engine(parts(course=course), load_dataset("ring"), steps=40), 1), 24)
    assert found == [(12 + 5, "dead run")]


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
    ours, theirs = (run.checkpoints.latest() for run in runs)
    assert ours is not None
    assert theirs is not None
    assert ours.parts.keys() - theirs.parts.keys() == {"monitor"}
    assert same_state(ours.parts["engine"], theirs.parts["engine"])
    assert without_health(runs[0]) == without_health(runs[1]) == runs[1].history()
    assert [row["step"] for row in runs[0].history() if row["kind"] == "health"] == [5, 10]


def test_a_seed_has_its_vital_signs(tiny_npz: Path, tmp_path: Path) -> None:
    first, second, other = (
        train(tiny_npz, tmp_path / name, health_every=1, seed=seed)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert (first.path / "history.jsonl").read_bytes() == (second.path / "history.jsonl").read_bytes()
    assert first.history() != other.history()


def test_players_are_looked_at_more_often_at_first(make_engine: Make) -> None:
    """Samples are not, and one who looks at every step anyway sees no more."""
    rows = play(watch(make_engine("gan"), 20), 2 * 20 * FIRST_INTERVALS)
    between = 20 // LOOKS
    early = [*range(between, 20 * FIRST_INTERVALS + 1, between)]
    assert [row["step"] for row in rows] == [*early, *range(20 * FIRST_INTERVALS + 20, 161, 20)]
    assert all("generator/gradient_norm" in row and "discriminator/loss" in row for row in rows)
    assert [row["step"] for row in rows if "samples/distance" in row] == [*range(20, 161, 20)]
    often = play(watch(make_engine("gan"), LOOKS - 1), 2 * LOOKS)
    assert [row["step"] for row in often] == [LOOKS - 1, 2 * (LOOKS - 1)]


def test_what_runs_away_at_once_is_found_at_once(tmp_path: Path) -> None:
    """A critic without its bound, within a tenth of a thousand steps."""
    options: dict[str, Any] = {"clip": 1000.0, "critic_lr": 0.002, "preset": "paper"}
    run = sparring.train(
        "wgan", data="grid", out=tmp_path / "run", max_steps=100, threads=1, quiet=True, **options
    )
    found = {row["finding"]: row["step"] for row in run.history() if row["kind"] == "finding"}
    assert found["divergence"] <= 100


def test_each_row_is_of_its_step(tiny_npz: Path, tmp_path: Path) -> None:
    """The vital signs of a row are those of the networks after that step."""
    run = train(tiny_npz, tmp_path / "run", health_every=11)
    row = [row for row in run.history() if row["kind"] == "health"][-1]
    checkpoint = run.checkpoints.latest()
    assert checkpoint is not None
    settings = GAN.Settings.of(run.description["settings"], "gan")
    dataset = load_dataset(f"npz:{tiny_npz}")
    engine = Engine(GAN, settings, dataset, 11, 0, Processes(torch.device("cpu")))
    engine.game.load_state_dict(checkpoint.networks)
    vitals = watch(engine, 11).samples
    measured = vitals.measure(vitals.generate())
    assert {name: row[f"samples/{name}"] for name in measured} == measured

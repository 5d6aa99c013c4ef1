"""How losses are computed: in fewer digits, compiled, in parts, within minutes; and after a resume."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch._dynamo.utils import counters

import sparring
from sparring.console import Console
from sparring.data.dataset import Batch
from sparring.errors import SettingError
from sparring.game import Phase, Terms, Turn
from sparring.penalties import (
    Critic,
    gradient_penalty,
    zero_centred_penalty,
    zero_centred_penalty_by_differences,
)
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.runs.folder import Run
from sparring.settings import Limit
from sparring.training import arithmetic
from sparring.training.arithmetic import choose_arithmetic
from sparring.training.compiling import compilable, compile_networks
from sparring.training.course import Course
from sparring.training.engine import Engine
from sparring.training.precision import Precision
from sparring.training.settings import RunSettings
from sparring.training.timing import seconds_of, steps_in

Make = Callable[..., Engine]
Begin = Callable[..., Run]


@pytest.fixture
def begin(tiny_npz: Path, tmp_path: Path) -> Begin:
    """Trains a small gan: `begin("run", max_steps=9, precision="bf16")`."""

    def run_of(name: str, **options: Any) -> Run:
        return sparring.train(
            "gan",
            **{"data": f"npz:{tiny_npz}", "batch_size": 50, "hidden_size": 16, "history_every": 1}
            | {"preset": "paper", "threads": 1, "health_every": 3}
            | options,
            out=tmp_path / name,
        )

    return run_of


def contents(run: Run) -> dict[str, Any]:
    """All that must be the same in runs that are the same."""
    checkpoint = run.path / "checkpoints" / f"step-{run.checkpoints.steps()[-1]:08d}"
    files = [*checkpoint.glob("*.safetensors"), run.path / "history.jsonl", run.path / "samples.png"]
    state = json.loads((checkpoint / "state.json").read_text())
    return {str(file.relative_to(run.path)): file.read_bytes() for file in files} | {"state": state["parts"]}


def losses(run: Run) -> Tensor:
    """Both players' losses at each step."""
    rows = [row for row in run.history() if row["kind"] == "steps"]
    return torch.tensor([[row["generator/loss"], row["discriminator/loss"]] for row in rows])


def check_resumes(begin: Begin, **options: Any) -> Run:
    """A run of 9 steps that was stopped after 4 is, bit for bit, one that was not."""
    whole = begin("whole", max_steps=9, **options)
    sparring.resume(begin("cut", max_steps=4, **options), max_steps=9)
    cut = Run.open(whole.path.parent / "cut")
    assert contents(cut) == contents(whole)
    return whole


# -- bf16 ----------------------------------------------------------------------------------------------------


@contextmanager
def in_bf16(engine: Engine) -> Iterator[list[torch.dtype]]:
    """The engine computes in bf16; yields the types of what its layers with weights give."""
    seen: list[torch.dtype] = []
    layers = [each for each in engine.game.modules() if isinstance(each, nn.Linear | nn.Conv2d)]
    hooks = [each.register_forward_hook(lambda _, given, made: seen.append(made.dtype)) for each in layers]
    engine.precision = Precision("bf16")
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


SMALL: dict[str, dict[str, Any]] = {"gan": {}, "dcgan": {"width": 8}, "wgan-gp": {"width": 8, "n_critic": 1}}


@pytest.mark.parametrize("system", SMALL)
def test_losses_are_in_bf16_and_weights_are_not(system: str, make_engine: Make) -> None:
    plain, engine = (make_engine(system, **SMALL[system]) for _ in range(2))
    with in_bf16(engine) as seen:
        ours = engine.play_round()
    # A penalty's own passes are in float32.
    assert set(seen) == {torch.bfloat16} | ({torch.float32} if system == "wgan-gp" else set())
    assert {parameter.dtype for parameter in engine.game.parameters()} == {torch.float32}
    memories = [
        value
        for player in engine.players.values()
        for memory in player.optimizer.state.values()
        for value in memory.values()
    ]
    assert {memory.dtype for memory in memories} == {torch.float32}
    theirs = plain.play_round()
    assert ours.keys() == theirs.keys()
    for name in (name for name in ours if name.endswith("/loss")):
        assert ours[name] == pytest.approx(theirs[name], rel=0.05, abs=0.02)
        assert ours[name] != theirs[name], "rounded otherwise"


def test_tests_of_held_out_data_are_in_float32(make_engine: Make, make_dataset: Callable[..., Any]) -> None:
    plain, engine = (make_engine("acgan", make_dataset(held_out=20)) for _ in range(2))
    with in_bf16(engine) as seen:
        assert engine.test() == plain.test()
    assert set(seen) == {torch.float32}


def test_penalties_on_real_examples_are_those_of_float32(make_engine: Make) -> None:
    plain, engine = (make_engine("r3gan") for _ in range(2))
    engine.precision = Precision("bf16")
    ours, theirs = engine.play_round(), plain.play_round()
    assert ours["discriminator/r1"] == pytest.approx(theirs["discriminator/r1"], rel=1e-6)
    # Generated examples are rounded themselves.
    assert ours["discriminator/r2"] == pytest.approx(theirs["discriminator/r2"], rel=0.05)


def test_penalties_are_those_of_float32_at_the_same_points(
    make_engine: Make, deal: Callable[[Engine], Batch]
) -> None:
    """Also after the critic was asked in bf16, when its rounded weights are at hand."""
    engine = make_engine("wgan-gp", width=8)
    real, critic = deal(engine).examples, cast("Critic", engine.game.critic)
    fake = engine.game.fake(len(real)).detach()
    penalties: dict[str, Callable[[], Tensor]] = {
        "between": lambda: gradient_penalty(critic, real, fake, Randomness(0)),
        "zero-centred": lambda: zero_centred_penalty(critic, real),
        "differences": lambda: zero_centred_penalty_by_differences(critic, real, critic(real), Randomness(0)),
    }
    for name, penalty in penalties.items():
        wanted = penalty()
        with Precision("bf16").autocast(real.device):
            assert critic(real).dtype == torch.bfloat16
            found = penalty()
        assert found.item() == pytest.approx(wanted.item(), rel=1e-5), name


def test_differences_are_not_drowned_by_rounding() -> None:
    """Of scores around 100, which bf16 knows to within a quarter."""
    critic: Callable[[Tensor], Tensor] = lambda x: linear(x).squeeze(1)  # noqa: E731
    linear = nn.Linear(4, 1)
    nn.init.constant_(linear.weight, 0.5)
    nn.init.constant_(linear.bias, 100.0)
    examples = Randomness(0).normal(2000, 4)
    with Precision("bf16").autocast(examples.device):
        found = zero_centred_penalty_by_differences(critic, examples, critic(examples), Randomness(1))
    assert found.item() == pytest.approx(1.0, rel=0.1)


@pytest.fixture
def bf16_takes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], list[str]]:
    """Makes bf16 take so many times as long as float32; gives the names of what is timed from then on."""

    def takes(times: float) -> list[str]:
        timed: list[str] = []

        def trial(engine: Engine) -> float:
            timed.append(engine.precision.name)
            return times if engine.precision.name == "bf16" else 1.0

        monkeypatch.setattr(arithmetic, "trial", trial)
        return timed

    return takes


def test_a_run_in_bf16_resumes_as_it_was(
    begin: Begin, bf16_takes: Callable[[float], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    timed = bf16_takes(0.5)
    plain = begin("plain", max_steps=9)
    assert timed == []
    whole = check_resumes(begin, precision="bf16")
    assert timed == ["float32", "bf16"] * 2, "what was chosen stays, and is not timed again"
    assert whole.description["precision"] == "bf16"
    assert capsys.readouterr().out.count("Losses are computed in bf16, which is 2 times as fast here.") == 2
    assert not torch.equal(losses(whole), losses(plain))
    torch.testing.assert_close(losses(whole), losses(plain), rtol=0.1, atol=0.1)


def test_a_run_stays_in_float32_where_bf16_is_slower(
    begin: Begin, bf16_takes: Callable[[float], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bf16_takes(4.0)
    run = begin("asked", max_steps=5, precision="bf16")
    assert "Losses stay in float32: bf16 takes 4 times as long here." in capsys.readouterr().out
    assert run.description["precision"] == "float32"
    assert contents(run) == contents(begin("plain", max_steps=5))


def test_a_run_stays_in_float32_where_bf16_cannot_be_computed(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an LSTM cannot on some processors; what the attempt has done leaves no trace."""
    play_round = Engine.play_round

    def lacking(engine: Engine, watched: bool = False) -> Any:
        if engine.precision.name == "bf16":
            engine._take_turn(
                engine.phases[0].turns[0], [each.peek() for each in engine.streams.values()], None
            )
            raise RuntimeError("could not create a primitive\nat once")
        return play_round(engine, watched)

    monkeypatch.setattr(Engine, "play_round", lacking)
    run = begin("asked", max_steps=5, precision="bf16")
    assert (
        "Losses stay in float32: bf16 cannot be computed here (could not create a primitive)."
        in capsys.readouterr().out
    )
    assert run.description["precision"] == "float32"
    assert contents(run) == contents(begin("plain", max_steps=5))


def test_a_run_in_bf16_is_not_gone_on_with_where_that_cannot_be_computed(
    begin: Begin, bf16_takes: Callable[[float], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another machine; nothing of it is lost."""
    bf16_takes(0.5)
    run = begin("asked", max_steps=5, precision="bf16")
    before = contents(run)

    def lacking(engine: Engine, watched: bool = False) -> Any:
        raise RuntimeError("could not create a primitive. Run with more")

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "play_round", lacking)
        with pytest.raises(
            SettingError, match=r"which cannot be computed here \(could not create a primitive\)"
        ):
            sparring.resume(run, max_steps=8, quiet=True)
    assert contents(run) == before
    sparring.resume(run, max_steps=8, quiet=True)
    assert run.status["step"] == 8


def test_what_is_chosen_is_timed_and_said(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    """As fast as it is on this machine; the timing leaves no trace in the numbers."""
    run = begin("asked", max_steps=3, precision="bf16")
    said = {"bf16": "Losses are computed in bf16, which is", "float32": "Losses stay in float32: bf16 takes"}
    chosen = run.description["precision"]
    assert said[chosen] in capsys.readouterr().out
    if chosen == "float32":
        assert contents(run) == contents(begin("plain", max_steps=3))


def test_other_devices_take_what_was_asked(
    make_engine: Make, bf16_takes: Callable[[float], list[str]]
) -> None:
    engine = make_engine("gan")
    engine.processes = Processes(torch.device("meta"))
    bf16_takes(4.0)
    choose_arithmetic(engine, RunSettings(precision="bf16"), Console(silent=True))
    assert engine.precision.name == "bf16"


def test_a_precision_that_does_not_exist() -> None:
    with pytest.raises(SettingError, match=r"^precision is 'fp8': it must be float32 or bf16\.$"):
        sparring.train("gan", precision="fp8")


# -- compiled ------------------------------------------------------------------------------------------------


def test_compiled_networks_give_the_same_losses(make_engine: Make, compiler_of_torch: None) -> None:
    plain, engine = (make_engine("gan") for _ in range(2))
    counters.clear()
    before = engine.state()
    assert compile_networks(engine) is None
    assert counters["stats"]["unique_graphs"] == 4, "two networks, at rest and moving"
    assert counters["graph_break"] == {}
    for name, tensor in before["networks"].items():
        assert torch.equal(engine.state()["networks"][name], tensor)
    for _ in range(3):
        ours, theirs = engine.play_round(), plain.play_round()
        for name, value in theirs.items():
            assert ours[name] == pytest.approx(value, rel=1e-4, abs=1e-5)
    # Samples are those of the networks as they are.
    latent = engine.game.latent(7, Randomness(0))
    with torch.no_grad():
        assert torch.equal(engine.game.generator(latent), engine.game.generator.forward(latent))
    assert counters["stats"]["unique_graphs"] == 4


def test_a_compiler_that_is_missing_is_said(
    begin: Begin,
    compiler_of_torch: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from torch._inductor import config

    with config.patch({"cpp.cxx": ("/missing/g++",), "force_disable_caches": True}):
        run = begin("asked", max_steps=5, compile=True)
    assert "\nNot compiled: the networks cannot be compiled here (" in capsys.readouterr().out
    assert run.description["compile"] is False
    assert contents(run) == contents(begin("plain", max_steps=5))


def test_a_compiled_run_resumes_as_it_was(
    begin: Begin,
    compiler_of_torch: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of the compiler only the part that takes networks to pieces, which is quick."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    whole = check_resumes(begin, compile=True)
    assert whole.description["compile"] is True
    assert capsys.readouterr().out.count("The networks are compiled.\n") == 3


def test_what_can_be_compiled(make_engine: Make) -> None:
    def roles(system: str, **settings: Any) -> list[str]:
        engine = make_engine(system, **settings)
        chosen = {id(network) for network in compilable(engine)}
        return [str(role) for role, network in engine.game.networks if id(network) in chosen]

    assert roles("gan") == ["generator", "critic"]
    assert roles("gan", unrolling=1) == ["generator"]
    assert roles("wgan-gp", width=8) == ["generator"]
    assert roles("r3gan", exact_penalty=False) == ["generator", "critic"]


def test_a_system_with_nothing_to_compile(make_engine: Make) -> None:
    engine = make_engine("gan")
    engine.game.networks = []
    assert compile_networks(engine) == "this system has no network that can be compiled"


@pytest.fixture
def compiler_of_torch() -> Iterator[None]:
    """torch's compiler, which starts anew for each test."""
    torch.compiler.reset()
    with warnings.catch_warnings():
        # What torch says to itself while it compiles.
        warnings.simplefilter("ignore")
        yield
    torch.compiler.reset()


# -- in parts ------------------------------------------------------------------------------------------------


def test_microbatches_are_recorded_and_resume(begin: Begin) -> None:
    whole = check_resumes(begin, microbatches=3)
    assert whole.description["microbatches"] == 3
    plain = begin("plain", max_steps=9)
    assert not torch.equal(losses(whole), losses(plain))
    torch.testing.assert_close(losses(whole), losses(plain), rtol=1e-3, atol=1e-4)


def test_more_microbatches_than_examples_are_as_many_as_examples(begin: Begin) -> None:
    few, many = (begin(str(parts), batch_size=4, max_steps=2, microbatches=parts) for parts in (4, 100))
    assert torch.equal(losses(few), losses(many))


def test_no_microbatch_is_none() -> None:
    with pytest.raises(SettingError, match=r"^microbatches is 0: it must be at least 1\.$"):
        sparring.train("gan", microbatches=0)


# -- within minutes ------------------------------------------------------------------------------------------


def course(total: int | None = None) -> Course:
    """10 steps, then two epochs of 5 steps each, then the rest."""
    turns = (Turn("generator", lambda real: Terms()),)
    phases = [
        *(Phase("first", turns, Limit(steps=10)), Phase("second", turns, Limit(epochs=2))),
        Phase("first", turns),
    ]
    return Course(phases, {"real": 5}, total)


PER_STEP = (1.0, 2.0, 0.5)
"""Seconds of a step in each phase."""


@pytest.mark.parametrize(
    ("seconds", "done", "steps"),
    [
        *((0.0, 0, 2), (4.9, 0, 4), (10.0, 0, 10), (11.9, 0, 10), (12.0, 0, 11), (30.0, 0, 20)),
        *((31.0, 0, 22), (10.0, 5, 12), (25.0, 10, 30), (0.9, 12, 12), (4.0, 12, 14), (5.0, 20, 30)),
        *((2.0, 300, 304), (-1.0, 300, 300), (-1.0, 0, 2)),
    ],
)
def test_how_many_steps_fit(seconds: float, done: int, steps: int) -> None:
    assert steps_in(seconds, done, course(), PER_STEP) == steps


@pytest.mark.parametrize(("steps", "seconds"), [(1, 1.0), (10, 10.0), (15, 20.0), (20, 30.0), (30, 35.0)])
def test_how_long_steps_take(steps: int, seconds: float) -> None:
    assert seconds_of(course(steps), PER_STEP) == seconds


@given(st.integers(2, 60), st.lists(st.integers(1, 40), min_size=3, max_size=3))
def test_both_are_one_another_backwards(steps: int, quarters: list[int]) -> None:
    per_step = [number / 4 for number in quarters]
    assert steps_in(seconds_of(course(steps), per_step), 0, course(), per_step) == steps

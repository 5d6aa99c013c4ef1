"""The arithmetic of a run: compiled, or in fewer digits, where that was asked for."""

from __future__ import annotations

from sparring.console import Console
from sparring.errors import SettingError
from sparring.training.compiling import compile_networks
from sparring.training.engine import Engine
from sparring.training.precision import Precision
from sparring.training.settings import RunSettings
from sparring.training.timing import rough_seconds_per_step, trial


def choose_arithmetic(engine: Engine, asked: RunSettings, console: Console) -> None:
    """Compile, or compute in fewer digits, where that was asked for; a line says what came of it."""
    if asked.compile:
        compile_or_say_why_not(engine, console)
    if asked.precision == "bf16":
        _choose_bf16(engine, console)


def _choose_bf16(engine: Engine, console: Console) -> None:
    plain = trial(engine)
    engine.precision = Precision("bf16")
    try:
        gain = plain / trial(engine)
    except RuntimeError as error:
        # Some processors have no LSTM in bf16, and only trying it tells.
        engine.precision = Precision("float32")
        console.line(f"Losses stay in float32: bf16 cannot be computed here ({_first_sentence(error)}).")
        return
    if gain > 1.0 or engine.processes.device.type != "cpu":
        console.line(f"Losses are computed in bf16, which is {gain:.2g} times as fast here.")
    else:
        engine.precision = Precision("float32")
        console.line(f"Losses stay in float32: bf16 takes {1 / gain:.2g} times as long here.")


def require_precision(engine: Engine) -> None:
    """Raise SettingError where a run that goes on was computed in numbers that this machine lacks."""
    if engine.precision.name == "float32":
        return
    try:
        rough_seconds_per_step(engine, patience=0.0)
    except RuntimeError as error:
        raise SettingError(
            f"This run computes its losses in {engine.precision.name}, which cannot be computed here "
            f"({_first_sentence(error)}): go on where it began, or begin a new run "
            "with its weights, by --from."
        ) from error


def _first_sentence(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". ")[0].rstrip(".")


def compile_or_say_why_not(engine: Engine, console: Console) -> None:
    """Compile the networks where that is possible; a line says what came of it."""
    reason = compile_networks(engine)
    engine.compiled = reason is None
    console.line("The networks are compiled." if reason is None else f"Not compiled: {reason}.")

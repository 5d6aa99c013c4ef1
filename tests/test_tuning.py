"""Tuning: what is searched, that a search is the same however often it was stopped, and what it comes to."""

from __future__ import annotations

import dataclasses
import errno
import os
import shlex
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import sparring
from sparring.cli import main
from sparring.data import load_dataset
from sparring.errors import DataError, Interrupted, OwnCodeError, RunError, SettingError, TrainingError
from sparring.runs.place import is_tuning
from sparring.training import search
from sparring.training.search import Tuning
from sparring.training.spans import Span, spans_of
from sparring.training.tuning import TuneSettings
from sparring.zoo import SYSTEMS, find_system

RATES = "generator_lr=1e-4:1e-2"


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Runs that are only folders, and whose figure is the tenfold of their rate, real examples having 0.05;
    the list of those that were trained."""
    trained: list[Path] = []
    rates: dict[str, float] = {}

    def train(system: str, **options: Any) -> None:
        options["out"].mkdir()
        (options["out"] / "run.json").touch()
        trained.append(options["out"])
        rates[options["out"].name] = options["generator_lr"]

    def opened(path: Path) -> Any:
        return SimpleNamespace(path=path, finished=True)

    def evaluate(run: Any, count: int, quiet: bool) -> Any:
        figure = SimpleNamespace(value=10 * rates[run.path.name], reference=0.05)
        return SimpleNamespace(figures={"fid": figure, "alone": SimpleNamespace(value=1.0, reference=None)})

    monkeypatch.setattr(search, "train", train)
    monkeypatch.setattr(search, "Run", SimpleNamespace(open=opened))
    monkeypatch.setattr(search, "evaluate", evaluate)
    return trained


def options(data: Path, out: Path) -> dict[str, Any]:
    return {"data": f"npz:{data}", "preset": "paper", "batch_size": 50, "hidden_size": 8, "max_steps": 8,
            "search": RATES, "quiet": True, "out": out}  # fmt: skip


def test_usually_rates_widths_and_what_is_declared_are_searched() -> None:
    game = find_system("r3gan")
    spans = spans_of(game, game.Settings(), {}, {"discriminator_width": 8}, None)
    assert set(spans) == {"generator_lr", "discriminator_lr", "generator_width", "gamma"}
    assert spans["generator_lr"] == Span(2e-4 / 5, 2e-4 * 5, whole=False)
    assert spans["generator_width"] == Span(16, 64, whole=True)
    assert spans["gamma"] == Span(*game.searched["gamma"], whole=False)


def test_spans_are_read_and_kept_to() -> None:
    game = find_system("r3gan")
    asked = "generator-width = 7.5:20, auxiliary_weight=0:1, smoothing=0:0.3"
    spans = spans_of(game, game.Settings(), {}, {}, asked)
    assert list(spans) == ["generator_width", "auxiliary_weight", "smoothing"]
    assert spans["generator_width"] == Span(8, 20, whole=True)
    assert [spans["generator_width"].nearest(value) for value in (4, 9, 64, None)] == [8, 9, 20, 8]
    assert spans["generator_width"].by_logarithm
    assert not spans["auxiliary_weight"].by_logarithm


IDLE = {"point_units": "it is for points, and this data has grey images of 28 x 28"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("generator_lt=1:2", r"no setting of the system\. Did you mean 'generator_lr'"),
        ("gamma", r"write a setting with its ends, as in gamma=1:10"),
        ("gamma=2:1", "needs a smaller end first"),
        ("average_decay=0.5:1.5", "average_decay is 1.5: it must be from 0 to 1"),
        ("exact_penalty=0:1", "no number"),
        ("batch_size=1:8", "is given, and searched as well"),
        ("point_units=8:16", r"changes nothing: it is for points, and .*\. Leave it out"),
    ],
)
def test_what_cannot_be_searched_is_said(asked: str, said: str) -> None:
    game = find_system("r3gan")
    with pytest.raises(SettingError, match=said):
        spans_of(game, game.Settings(), IDLE, {"batch_size": 8}, asked)


def test_what_changes_nothing_is_not_searched() -> None:
    game = find_system("dcgan")
    idle = game.idle_settings(game.Settings(), load_dataset("ring").spec)
    assert spans_of(game, game.Settings(), idle, {}, None).keys() == {"generator_lr", "discriminator_lr"}


def test_a_search_finds_what_is_nearest_to_real(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path
) -> None:
    found = sparring.tune("gan", trials=12, **options(tiny_npz, tmp_path / "tune"))
    trials, best = found.trials, found.best
    assert len(no_training) == len(trials) == 12
    usual = find_system("gan").Settings().flat()["generator_lr"]
    assert trials[0].settings == {"generator_lr": usual}, "first what is chosen by rule"
    assert best is not None
    assert best.distance == min(trial.distance for trial in trials)
    assert abs(best.settings["generator_lr"] - 0.005) < 0.002, "where the figure is that of real examples"
    assert found.command is not None
    words = shlex.split(found.command)
    assert float(words[words.index("--generator-lr") + 1]) == best.settings["generator_lr"]
    assert words[words.index("--max-steps") + 1] == "8"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(
    number: int, no_training: list[Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sparring.tune("gan", trials=9, **options(tiny_npz, tmp_path / "whole"))
    measure = search.evaluate

    def killed(run: Any, *args: Any, **more: Any) -> Any:
        if run.path.name == "trial-6":
            os.kill(os.getpid(), number)
        return measure(run, *args, **more)

    monkeypatch.setattr(search, "evaluate", killed)
    # It would end the tests.
    unheard = signal.signal(signal.SIGTERM, lambda number, frame: pytest.fail("nobody hears it"))
    try:
        with pytest.raises(Interrupted, match=r"go on with: sparring tune .*killed") as caught:
            sparring.tune("gan", trials=9, **options(tiny_npz, tmp_path / "killed"))
    finally:
        signal.signal(signal.SIGTERM, unheard)
    assert caught.value.exit_code == 128 + number
    monkeypatch.setattr(search, "evaluate", measure)
    assert is_tuning(str(tmp_path / "killed"))
    # As many as it was to have.
    again = sparring.tune(str(tmp_path / "killed"), quiet=True)
    assert again.trials == whole.trials
    assert len(no_training) == 18, "what was trained is not trained again"


def test_what_fails_and_what_is_behind_half_way_ends_early(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 0.5, 0.5])

    def trained(
        self: Any, folder: Path, settings: Any, threads: Any, stop: Callable[..., None] | None
    ) -> Any:
        if folder.name == "trial-7":
            raise TrainingError("a loss is no number")
        return SimpleNamespace(path=folder)

    monkeypatch.setattr(Tuning, "_trained", trained)
    monkeypatch.setattr(Tuning, "_judged", lambda self, trial, run: next(values))
    found = sparring.tune("gan", trials=8, **options(tiny_npz, tmp_path / "tune"))
    states = [trial.state for trial in found._study().trials]
    assert [state.name for state in states] == [*["COMPLETE"] * 5, "PRUNED", "COMPLETE", "PRUNED"]
    assert next(values, None) is None, "the one behind was judged once"


def test_settings_that_are_refused_are_a_trial_that_failed(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, refused = search.train, ["trial-2"]

    def refusing(system: str, **options: Any) -> None:
        if options["out"].name in refused:
            raise SettingError("the batch is larger than the data")
        train(system, **options)

    monkeypatch.setattr(search, "train", refusing)
    found = sparring.tune("gan", trials=4, **options(tiny_npz, tmp_path / "tune"))
    assert [trial.state for trial in found.trials] == ["finished", "finished", "failed", "finished"]
    refused[:] = ["trial-0"]
    with pytest.raises(SettingError, match="larger than the data"):
        sparring.tune("gan", trials=4, **options(tiny_npz, tmp_path / "wrong"))


def test_one_that_loses_its_numbers_after_it_was_judged_has_failed(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(
        self: Any, folder: Path, settings: Any, threads: Any, stop: Callable[..., None] | None
    ) -> Any:
        if folder.name == "trial-1" and stop is None:
            raise TrainingError("a loss is no number")
        no_training.append(folder)
        return SimpleNamespace(path=folder)

    def judged(self: Any, trial: Any, run: Any) -> float:
        trial.set_user_attr("value", 1.0)
        return 1.0

    monkeypatch.setattr(Tuning, "_trained", trained)
    monkeypatch.setattr(Tuning, "_judged", judged)
    monkeypatch.setattr(search, "Run", SimpleNamespace(open=lambda path: SimpleNamespace(path=path)))
    found = sparring.tune("gan", trials=3, **options(tiny_npz, tmp_path / "tune"))
    assert [trial.state for trial in found.trials] == ["finished", "failed", "finished"]


def test_a_search_that_goes_on_has_as_many_threads(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, threads = search.train, []

    def noting(system: str, **options: Any) -> None:
        threads.append(options["threads"])
        train(system, **options)

    monkeypatch.setattr(search, "train", noting)
    found = sparring.tune("gan", trials=1, threads=1, **options(tiny_npz, tmp_path / "tune"))
    sparring.tune(str(found.path), trials=2, quiet=True)
    sparring.tune(str(found.path), trials=3, threads=2, quiet=True)
    assert threads == [1, 1, 2]


def test_a_run_is_stopped_half_way_and_goes_on(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged: list[tuple[str, int]] = []

    def evaluate(run: Any, count: int, quiet: bool) -> Any:
        judged.append((run.path.name, run.status["step"]))
        return SimpleNamespace(figures={"fid": SimpleNamespace(value=2.0, reference=1.0)})

    monkeypatch.setattr(search, "evaluate", evaluate)
    out = str(tmp_path / "tune")
    words = ["tune", "gan", "--data", f"npz:{tiny_npz}", "--batch-size", "50", "--hidden-size", "8"]
    main(
        [*words, "--max-steps", "8", "--history-every", "2", "--trials", "2", "--search", RATES, "--out", out]
    )
    assert judged == [("trial-0", 5), ("trial-0", 8), ("trial-1", 5), ("trial-1", 8)]
    said = capsys.readouterr().out
    assert "2 runs of 8 steps, for a fid near that of real examples; generator_lr 0.0001 to 0.01" in said
    assert "Trial 1 (2 of 2) finished, fid 2: generator_lr" in said
    assert "Train the best with: sparring train gan" in said
    (trial,) = [run for run in Tuning(out).trials if run.number == 1]
    asked: dict[str, Any] = {"data": f"npz:{tiny_npz}", "batch_size": 50, "hidden_size": 8, "max_steps": 8}
    unbroken = sparring.train(
        "gan", **asked, **trial.settings, history_every=2, out=tmp_path / "run", quiet=True
    )
    losses = [
        run.frame("steps")["generator/loss"].tolist() for run in (unbroken, sparring.Run(f"{out}/trial-1"))
    ]
    assert losses[0] == losses[1]


def test_an_interrupted_search_says_how_to_go_on(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **more: Any) -> None:
        no_training.append(more["out"])
        raise Interrupted("saved", 128 + signal.SIGINT)

    monkeypatch.setattr(search, "train", interrupted)
    opened = SimpleNamespace(description={"total_steps": 8}, status={"step": 1}, finished=False)
    monkeypatch.setattr(search, "Run", SimpleNamespace(open=lambda path: opened))
    with pytest.raises(Interrupted, match=r"go on with: sparring tune .*tune") as caught:
        sparring.tune("gan", **options(tiny_npz, tmp_path / "tune"))
    assert caught.value.exit_code == 130


def test_code_that_came_with_a_search_is_not_run(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path
) -> None:
    path = sparring.tune("gan", trials=1, **options(tiny_npz, tmp_path / "tune")).path
    (path / "evil.py").write_text("raise SystemExit('run')")
    description = (path / "tune.json").read_text()
    (path / "tune.json").write_text(description.replace('"gan"', f'"{path}/evil.py:Game"'))
    with pytest.raises(RunError, match="may have come with the run"):
        sparring.tune(str(path))
    for told in ({"max_steps": 3}, {"figure": "kid"}, {"count": 5000}, {"search": "width=8:16"}):
        with pytest.raises(SettingError, match=f"leave {next(iter(told))} out"):
            sparring.tune(str(path), **told)


def test_a_journal_that_was_not_written_to_its_end_loses_that_line_alone(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sparring.tune("gan", trials=3, **options(tiny_npz, tmp_path / "whole"))
    path = sparring.tune("gan", trials=2, **options(tiny_npz, tmp_path / "torn")).path
    with monkeypatch.context() as patched:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        patched.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(full))
        with pytest.raises(RunError, match=r"Cannot write .*study\.log: no space left"):
            sparring.tune(str(path), quiet=True)
    with (path / "study.log").open("a") as log:
        log.write('{"op_code":4,"worker_id":"1')
    assert sparring.tune(str(path), 3, quiet=True).trials == whole.trials
    with (path / "study.log").open("a") as log:
        log.write("{\n{}\n")
    with pytest.raises(RunError, match=r"study\.log is damaged .* restore it from a copy"):
        sparring.tune(str(path), quiet=True)


def test_a_search_is_no_run(no_training: list[Path], tiny_npz: Path, tmp_path: Path) -> None:
    path = sparring.tune("gan", trials=1, **options(tiny_npz, tmp_path / "tune")).path
    shutil.copy(Path(__file__).parents[1] / "docs/images/demo.png", path / "trial-0")
    for command in (sparring.evaluate, sparring.report, sparring.load, sparring.resume):
        with pytest.raises(RunError, match=r"is a search for settings: give one of its runs, .*trial-0"):
            command(path)


def test_a_run_is_interrupted_half_way_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second signal, of a row in the round that comes after, would end it before it is saved."""
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    stop = search._stopping_half_way()
    for step in (4, 5, 6):
        stop(SimpleNamespace(step=step, total_steps=10))  # type: ignore[arg-type]
        assert raised == [signal.SIGINT] * (step >= 5)


def test_no_setting_is_called_as_an_option_of_a_search() -> None:
    searched = {field.name for field in dataclasses.fields(TuneSettings)}
    for name in SYSTEMS:
        assert not searched & find_system(name).Settings().flat().keys(), name


def test_a_setting_of_ones_own_that_is_called_so_is_refused(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\nfrom sparring.zoo.gan import GAN\n\n\nclass Mine(GAN):\n"
        "    @dataclass(frozen=True)\n    class Settings(GAN.Settings):\n        trials: int = 3\n"
    )
    system, said = f"{tmp_path / 'mine.py'}:Mine", "calls a setting 'trials', as `tune` calls one of its own"
    with pytest.raises(OwnCodeError, match=said):
        sparring.tune(system, trials=1, **options(tiny_npz, tmp_path / "tune"))
    with pytest.raises(SystemExit):
        main(["tune", system, "--max-steps", "2", "--trials", "1"])
    assert said in capsys.readouterr().err
    assert not no_training


def test_too_few_samples_are_refused_before_the_first_run(
    no_training: list[Path], tiny_npz: Path, tmp_path: Path
) -> None:
    asked = options(tiny_npz, tmp_path / "tune")
    with pytest.raises(DataError, match="at least 20 samples, not 19"):
        sparring.tune("gan", count=19, **asked)
    assert not asked["out"].exists()
    assert not no_training


def test_what_is_missing_is_said(no_training: list[Path], tiny_npz: Path, tmp_path: Path) -> None:
    asked = options(tiny_npz, tmp_path / "tune")
    with pytest.raises(SettingError, match="Short runs need a length"):
        sparring.tune("gan", **{**asked, "max_steps": None})
    with pytest.raises(SettingError, match="leave --seeds and --evaluate out"):
        sparring.tune("gan", **asked, evaluate=True)
    np.savez(
        tmp_path / "few.npz",
        images=np.zeros((9, 8, 8), np.uint8) + np.arange(9, dtype=np.uint8)[:, None, None],
    )
    few = asked | {"data": f"npz:{tmp_path / 'few.npz'}", "batch_size": 4, "out": tmp_path / "few"}
    with pytest.raises(DataError, match="an evaluation needs 40"):
        sparring.tune("gan", **few)
    assert not no_training
    with pytest.raises(SettingError, match=r"no figure 'fdi' .*, kid, .* Did you mean 'fid'\?"):
        sparring.tune("gan", **asked, figure="fdi")
    for figure in ("label_agreement", "memorised", "modes", "fid_of_input"):
        with pytest.raises(SettingError, match=rf"no figure '{figure}' .* there are fid, .*, support\."):
            sparring.tune("gan", **asked, figure=figure)
    assert not no_training
    assert not asked["out"].exists(), "no search by a figure that there is not"
    with pytest.raises(SettingError, match=r"no figure 'kid' .* there are fid\."):
        sparring.tune("gan", **asked, figure="kid")
    with pytest.raises(RunError, match="not empty"):
        sparring.tune("gan", **asked)
    held = (asked["out"] / "tune.json").read_bytes()
    with Tuning(asked["out"])._held(), pytest.raises(RunError, match="tuned by another process"):
        sparring.tune(str(asked["out"]), trials=50, quiet=True)
    assert (asked["out"] / "tune.json").read_bytes() == held, "nothing of another's search is touched"

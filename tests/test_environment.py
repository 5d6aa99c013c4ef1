"""What surrounds a command: leftovers of launchers, outputs that are full or closed, signals, the umask."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sparring
from sparring import processes
from sparring.__main__ import main as begin
from sparring.cli import main
from sparring.errors import RunError, SettingError
from sparring.memory import free_memory
from sparring.output import LastingOutput
from sparring.processes import join_processes
from sparring.runs.files import write_atomically
from sparring.runs.folder import Run
from sparring.training.settings import RunSettings

COMMAND = [sys.executable, "-m", "sparring"]


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which `sparring` is the real command."""
    command = f'sparring() {{ {shlex.join(COMMAND)} "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", command],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def tiny(data: Path, out: Path) -> str:
    """The words of a training of a moment."""
    return shlex.join(
        ["train", "gan", "--data", f"npz:{data}", "--out", str(out), "--max-steps", "3", "--threads", "1"]
    )


# -- launchers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"WORLD_SIZE": "2", "RANK": "0"}, "RANK=0, WORLD_SIZE=2 without MASTER_ADDR and MASTER_PORT, which"),
        ({"WORLD_SIZE": "2", "RANK": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}, "RANK=2, WORLD"),
        ({"WORLD_SIZE": "two"}, "RANK=0, WORLD_SIZE=two without"),
        ({"WORLD_SIZE": "0", "RANK": "-1"}, "RANK=-1, WORLD_SIZE=0 without"),
    ],
)
def test_what_a_launcher_left_behind_is_named(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"The environment has {said}.*torchrun, or unset"):
        join_processes("cpu")


def test_the_others_that_never_come_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MEETING_SECONDS", 0.2)
    for name, value in {
        "WORLD_SIZE": "2",
        "RANK": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "9",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match="process 1 of 2, and the others were not met at 127"):
        join_processes("cpu")


def test_a_rank_alone_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "3")
    assert join_processes("cpu").is_first


@pytest.mark.parametrize("device", ["", "hpu", "privateuseone", "meta", "cuda:99", "cpu:-1", "gpu", "CPU"])
def test_a_device_that_is_not_there(device: str) -> None:
    with pytest.raises(SettingError, match=f"There is no device '{device}' here: use auto, cpu"):
        join_processes(device)


def test_more_threads_than_a_system_gives() -> None:
    with pytest.raises(SettingError, match="threads is 100000: it must be from 1 to 1024"):
        RunSettings(threads=100_000)


# -- outputs -------------------------------------------------------------------------------------------------


def test_what_is_printed_to_a_full_disk() -> None:
    done = shell("sparring zoo > /dev/full")
    assert (done.returncode, done.stderr) == (
        2,
        "sparring: What is printed cannot be written: no space left on device.\n",
    )


def test_a_reader_that_goes_away() -> None:
    done = shell("sparring zoo | head -1; exit ${PIPESTATUS[0]}")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            "> /dev/full",
            "sparring: What is printed cannot be written (no space left on device); the run goes on.\n",
        ),
        (">&-", ""),
        ("2>&-", ""),
    ],
)
def test_a_run_outlives_its_output(where: str, said: str, tiny_npz: Path, tmp_path: Path) -> None:
    done = shell(f"sparring {tiny(tiny_npz, tmp_path / 'run')} {where}")
    assert (done.returncode, done.stderr) == (0, said)
    assert sparring.Run(tmp_path / "run").finished


def test_a_reader_that_goes_away_is_said_once() -> None:
    class Gone(LastingOutput):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    output = LastingOutput(Gone(None))  # type: ignore[arg-type]
    with pytest.warns(UserWarning, match=r"cannot be written \(broken pipe\); the run goes on"):
        assert output.write("first") == 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert output.write("second") == 6


def test_quiet_prints_nothing(tiny_npz: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = sparring.train("gan", data=f"npz:{tiny_npz}", out=tmp_path / "run", max_steps=3, quiet=True)
    sparring.resume(run, max_steps=4, quiet=True)
    sparring.resume(run, quiet=True)
    assert capfd.readouterr() == ("", "")


def test_nothing_takes_the_place_of_a_pipe_or_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report.html")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("report.html", "link"):
        with pytest.raises(RunError, match="something that is no plain file has this name"):
            write_atomically(tmp_path / name, b"a page")
    assert stat.S_ISFIFO((tmp_path / "report.html").stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "report.html"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_says_who_may_read(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


# -- words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["train", "gan", "--out", ""],
            "--out needs a value after it: a text, and not an empty one.",
        ),
        (["sample", "run", "--out="], "--out needs a value after it: a text, and not an empty one."),
        (["resume", ""], "sparring resume was given an empty word: leave it out, or write what it is to be."),
        (["train", "gan", "--threads", "100000"], "threads is 100000: it must be from 1 to 1024."),
    ],
)
def test_words_that_say_nothing(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert (stop.value.code, capsys.readouterr().err) == (2, f"sparring: {said}\n")


def test_an_empty_name_is_not_the_folder_one_is_in(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="out is '': give the name of a folder"):
        sparring.train("gan", data=f"npz:{tiny_npz}", out="", max_steps=1, quiet=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["count", "seed"])
def test_numbers_of_four_hundred_digits(name: str, tiny_npz: Path, tmp_path: Path) -> None:
    run = sparring.train("gan", data=f"npz:{tiny_npz}", out=tmp_path / "run", max_steps=1, quiet=True)
    with pytest.raises(SettingError, match=name):
        sparring.sample(run, **{name: 10**400})
    with pytest.raises(SettingError, match=f"{name} is -5: it must be at least"):
        sparring.sample(run, **{name: -5})


# -- Ctrl-C --------------------------------------------------------------------------------------------------

INTERRUPTING = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(10**7): pass\n"


@pytest.mark.parametrize("module", ["tyro", "torch", "rich", "docstring_parser"])
def test_ctrl_c_while_modules_are_imported(module: str, tiny_npz: Path, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text(INTERRUPTING)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = shell(f"sparring {tiny(tiny_npz, tmp_path / 'run')}", PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (130, "sparring: stopped before anything was begun.\n")
    assert not (tmp_path / "run").exists()


def interrupt(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("sparring.training.data.load_dataset", "stopped before anything was begun."),
        ("sparring.training.train.Engine", "stopped before anything was begun."),
        ("sparring.training.train.Loop", "Stopped. Go on with: sparring resume RUN"),
        ("sparring.training.loop.Loop._finish", "Stopped. Go on with: sparring resume RUN"),
        ("sparring.training.recording.Recording.finish", "Stopped. Go on with: sparring resume RUN"),
        (
            "sparring.evaluation.runs.evaluate",
            "Stopped; the run itself is finished. Go on with: sparring evaluate RUN",
        ),
    ],
)
def test_ctrl_c_wherever_it_comes(
    place: str,
    said: str,
    tiny_npz: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(place, lambda *given, **named: interrupt())
        with pytest.raises(SystemExit) as stop:
            main([*shlex.split(tiny(tiny_npz, run)), "--evaluate"])
    assert stop.value.code == 130
    assert capsys.readouterr().err == f"sparring: {said.replace('RUN', str(run))}\n"
    if (run / "status.json").exists():
        assert Run(run).status["state"] == ("finished" if "evaluate" in said else "interrupted")
    if "resume" in said:
        assert sparring.resume(run, quiet=True).finished


def test_what_asks_to_end_is_heard_while_a_run_is_evaluated(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # It would end the tests.
    before = signal.signal(signal.SIGTERM, lambda number, frame: pytest.fail("nobody hears it"))
    monkeypatch.setattr(
        "sparring.evaluation.runs.evaluate", lambda *given, **named: interrupt(signal.SIGTERM)
    )
    try:
        with pytest.raises(SystemExit) as stop:
            main([*shlex.split(tiny(tiny_npz, tmp_path / "run")), "--evaluate"])
    finally:
        signal.signal(signal.SIGTERM, before)
    said = (
        f"sparring: Stopped; the run itself is finished. Go on with: sparring evaluate {tmp_path / 'run'}\n"
    )
    assert (stop.value.code, capsys.readouterr().err) == (143, said)


def test_ctrl_c_before_and_after_a_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("sparring.cli.main", interrupt)
    try:
        with pytest.raises(SystemExit) as stop:
            begin()
    finally:
        signal.signal(signal.SIGINT, before)
    assert (stop.value.code, capfd.readouterr().err) == (130, "sparring: stopped.\n")


# -- memory --------------------------------------------------------------------------------------------------


def test_networks_that_no_memory_holds(tiny_npz: Path, tmp_path: Path) -> None:
    """Some are refused by the system at once; some would be granted, and never fit."""
    # Four bytes for each of a hundred weights: the first layer alone takes less than half of what is free.
    granted = free_memory() // 1000
    asked = {"data": f"npz:{tiny_npz}", "out": tmp_path / "run", "latent_size": 100, "quiet": True}
    for size, said in (
        (10**9, "more were asked for"),
        (granted, "Training these networks would take .* free"),
    ):
        with pytest.raises(SettingError, match=said):
            sparring.train("gan", hidden_size=size, **asked)
    assert not (tmp_path / "run").exists()


Build = Callable[[], Any]


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (lambda: torch.empty(10**15), ": 4,000 TB more were asked for"),
        (lambda: np.empty(2**50), ": 8.00 PiB more were asked for"),
        (lambda: bytearray(2**62), ""),
        (lambda: torch.empty(2**62, 2**10), ""),
    ],
)
def test_what_no_memory_holds_is_said_in_a_sentence(
    build: Build, size: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sparring.cli import listing

    monkeypatch.setattr(listing, "zoo", lambda arguments: build())
    with pytest.raises(SystemExit) as stop:
        main(["zoo"])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert said.count("\n") == 1
    assert said.startswith(f"sparring: There is not enough memory{size}. Smaller networks")

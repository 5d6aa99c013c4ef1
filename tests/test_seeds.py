"""Many seeds: a group of runs is those runs, however often it was stopped, and speaks with intervals."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch

import sparring
from sparring.arguments import parse
from sparring.cli import main
from sparring.cli.training import _options_of
from sparring.errors import DataError, Interrupted, RunError, SettingError, SparringError
from sparring.evaluation import runs
from sparring.evaluation.result import Evaluation
from sparring.game_settings import preset_values
from sparring.runs.files import read_json
from sparring.runs.folder import Run
from sparring.runs.group import Group, agreed_length, runs_in
from sparring.settings import as_option
from sparring.training import arithmetic, seeds
from sparring.training.precision import Precision
from sparring.training.progress import GroupProgress, newest_step, state_text
from sparring.training.recommending import Chosen
from sparring.training.seeds import resume_seeds
from sparring.training.settings import RunSettings
from sparring.training.worker import Worker
from sparring.zoo import SYSTEMS, find_system


def options(data: Path) -> dict[str, Any]:
    """What every run of these tests is told."""
    return {
        "data": f"npz:{data}",
        "preset": "paper",
        "batch_size": 50,
        "hidden_size": 16,
        "latent_size": 8,
        "fixed_noise": False,
    }


def words(data: Path) -> list[str]:
    return [word for name, value in options(data).items() for word in as_option(name, value)]


def contents(run: Path) -> dict[str, Any]:
    """All that must be the same: networks, optimisers, what else a checkpoint holds, history."""
    checkpoint = run / "checkpoints" / f"step-{Run(run).checkpoints.steps()[-1]:08d}"
    files = [*checkpoint.glob("*.safetensors"), run / "history.jsonl", run / "samples.png"]
    state = json.loads((checkpoint / "state.json").read_text())
    return {str(file.relative_to(run)): file.read_bytes() for file in files} | {"state": state["parts"]}


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> tuple[Path, str]:
    """Three seeds trained by the command line, with a trick; and what it said. Not to be written to."""
    path = tmp_path_factory.mktemp("groups") / "a group"
    with contextlib.redirect_stdout(io.StringIO()) as said:
        main(
            [
                *["train", "gan", *words(tiny_npz), "--smoothing", "0.1", "--max-steps", "8"],
                *["--seeds", "3", "--seed", "4", "--out", str(path)],
            ]
        )
    return path, said.getvalue()


def test_a_group_is_its_runs(group: tuple[Path, str], tiny_npz: Path, tmp_path: Path) -> None:
    path, said = group
    lines = said.splitlines()
    assert lines[0] == Run.open(path / "seed-4").description["data"]["summary"]
    assert f"Training 3 seeds in {path}, {min(3, seeds.cores())} at a time." in lines
    assert lines[-5] == "seed 4: 8 of 8; seed 5: 8 of 8; seed 6: 8 of 8"
    assert lines[-3] == f"  sparring evaluate '{path}'"
    for seed in (4, 5, 6):
        alone = sparring.train(
            "gan",
            **options(tiny_npz) | {"smoothing": 0.1, "max_steps": 8, "threads": 1, "quiet": True},
            seed=seed,
            out=tmp_path / str(seed),
        )
        ours = Run.open(path / f"seed-{seed}")
        assert ours.description == alone.description
        assert contents(ours.path) == contents(alone.path)
        assert "Finished 8 steps" in (path / f"seed-{seed}.log").read_text()


def test_what_is_said_of_a_group_has_intervals(
    group: tuple[Path, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = shutil.copytree(group[0], tmp_path / "group")
    main(["evaluate", str(path), "--count", "50", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [each["checkpoint"]["run"] for each in found] == ["seed-4", "seed-5", "seed-6"]
    monkeypatch.setattr(runs, "evaluate", again)
    main(["evaluate", str(path)])
    evaluated = capsys.readouterr().out
    assert evaluated.count("50 samples against") == 3 + 1, "a table for each, then one of all"
    main(["compare", str(path)])
    compared = capsys.readouterr().out
    assert evaluated.endswith(compared)
    assert "Student's 95 % intervals over the seeds" in " ".join(compared.split())
    main(["report", str(path)])
    assert capsys.readouterr().out == f"Wrote {path / 'report.html'}\n"
    assert "3 runs side by side" in (path / "report.html").read_text()
    (row,) = sparring.compare([path]).entries
    losses = [run.history()[-1]["generator/loss"] for run in Group.open(path).runs()]
    spread = row.losses["generator/loss"]
    assert spread.low is not None
    assert spread.high is not None
    assert spread.low < spread.value < spread.high
    assert spread.value == pytest.approx(sum(losses) / 3)


@functools.wraps(runs.evaluate)
def again(target: Run, **options: Any) -> Evaluation:
    """The evaluation that a run has, in place of a new one."""
    return Evaluation.from_json((target.path / "evaluation.json").read_text())


def test_a_group_is_no_run(group: tuple[Path, str], tmp_path: Path, complain: Callable[..., str]) -> None:
    said = f"{group[0]} is a group of runs, one for each seed: give one of them, such as {group[0]}/seed-4."
    assert complain("sample", group[0], "--out", tmp_path / "a.png") == said
    with pytest.raises(RunError) as caught:
        sparring.load(group[0])
    assert str(caught.value) == said


# -- what runs are told --------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_words_bring_every_setting_to_a_run(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of presets and tricks as well: what the words say is what was asked."""
    game_class = find_system(system)
    engine = SimpleNamespace(compiled=False, precision=Precision(), game=None)
    monkeypatch.setattr(seeds, "Engine", lambda *given, **more: engine)
    for said in ("figure_mistakes", "hints_of_game"):
        monkeypatch.setattr(seeds, said, lambda *given: [])
    for preset in (None, *game_class.presets):
        asked = RunSettings(preset=preset, data="ring", max_steps=7, keep_every=0, quiet=True, seeds=3)
        values = preset_values(game_class, preset) | {"smoothing": 0.1, "batch_size": 1, "shuffle": False}
        settings = game_class.Settings.of(values, system)
        monkeypatch.setattr(seeds, "choose_settings", lambda *given, made=settings: Chosen(made, {}))
        told = seeds.shared(system, game_class, asked, values).options
        line = [word for name, value in told.items() for word in as_option(name, value)]
        kind = _options_of(run=RunSettings, system=game_class.Settings)
        parsed = parse(kind, line, "sparring train", default=kind())
        assert parsed.system == settings
        assert parsed.run == RunSettings(data="ring", preset="paper", max_steps=7, keep_every=0)


def test_seeds_begin_with_the_weights_of_another_run(
    group: tuple[Path, str],
    tiny_npz: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = Run.open(group[0] / "seed-4")
    monkeypatch.chdir(group[0])
    asked = options(tiny_npz) | {"max_steps": 1}
    made = sparring.train_seeds("gan", 2, out=tmp_path / "group", from_="seed-4", **asked)
    assert "Begins with the weights of seed-4 at step 8: 8 of 8 tensors." in capsys.readouterr().out
    wanted = before.checkpoints.at(8).networks
    for run in made.runs():
        begun = run.checkpoints.at(0).networks
        assert begun.keys() == wanted.keys()
        assert all(torch.equal(begun[name], wanted[name]) for name in wanted)
        assert run.description["from_"] == str(before.path)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tiny_npz: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What the runs of a group would be told, without training them."""
    monkeypatch.setattr(seeds, "play", lambda group, quiet, options=None: group)

    def options_of(**more: Any) -> dict[str, Any]:
        made = sparring.train_seeds("gan", 3, out=tmp_path / "group", **options(tiny_npz) | more)
        found: dict[str, Any] = made.description["options"]
        return found

    return options_of


def test_minutes_become_the_same_steps_for_all(tiny_npz: Path, tmp_path: Path) -> None:
    """Also when they go on, and for those that begin only then."""
    made = sparring.train_seeds("gan", 2, out=tmp_path / "group", max_minutes=0.01, **options(tiny_npz))
    total = made.description["total_steps"]
    assert [run.status["step"] for run in made.runs()] == [total, total]
    # Enough that a machine which does other things as well has not spent it all before.
    longer = resume_seeds(made, quiet=True, max_minutes=0.06)
    total, before = longer.description["total_steps"], total
    assert total > before
    assert [run.status["step"] for run in made.runs()] == [total, total]


def test_the_first_that_knows_its_length_proposes_it(tmp_path: Path) -> None:
    made = Group.create(tmp_path / "group", "title", "gan", {"max_minutes": 1.0}, [0, 1])
    assert agreed_length(made.folders[1], 1.0, 70) == 70
    made.change_options({"max_minutes": 1.0, "on_unhealthy": "stop"})
    assert agreed_length(made.folders[0], 1.0, 80) == 70
    # A run that is given minutes of its own.
    assert agreed_length(made.folders[0], 3.0, 200) == 200
    made.change_options({"max_minutes": 2.0})
    assert agreed_length(made.folders[0], 2.0, 80) == 80
    # What else somebody trains in the folder is none of the group's.
    assert agreed_length(made.path / "mine", 2.0, 90) == 90
    assert agreed_length(tmp_path / "alone", 2.0, 90) == 90


@pytest.mark.parametrize(("bf16", "precision"), [(0.5, "bf16"), (2.0, None)])
def test_what_is_faster_is_found_out_once(
    bf16: float, precision: str | None, told: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "trial", lambda engine: bf16 if engine.precision.name == "bf16" else 1.0)
    assert told(precision="bf16").get("precision") == precision


def test_the_callers_threads_stay(told: Callable[..., dict[str, Any]]) -> None:
    torch.set_num_threads(2)
    try:
        told()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


# -- mistakes ------------------------------------------------------------------------------------------------


@pytest.fixture
def complain(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command says that must fail, with code 2 unless another is given, and one sentence."""

    def run(*arguments: Any, code: int = 2) -> str:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr().err
        assert stop.value.code == code
        assert said.startswith("sparring: ")
        assert said.count("\n") == 1
        return said.removeprefix("sparring: ").rstrip("\n")

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--seeds 0", "seeds is 0: it must be from 1 to 1000."),
        ("--seeds many", "--seeds is 'many': it must be a whole number."),
        ("--seeds 2 --threads 2", "threads is 2: runs of several seeds side by side have one thread each."),
        ("--seeds 2 --epochs 1 --max-steps 2", "exactly one limit"),
        ("--seeds 2 --data npz:missing.npz", "There is no file"),
        ("--seeds 2 --data ring", "GAN trains on images"),
        ("--seeds 2 --batch-size 301", "fewer than a batch of 301"),
        ("--seeds 2 --packing 7 --batch-size 3", "packing"),
        ("--seeds 2 --device gpu", "There is no device 'gpu' here"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(
    arguments: str,
    said: str,
    tiny_npz: Path,
    tmp_path: Path,
    complain: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = arguments.split()
    data = [] if "--data" in given else ["--data", f"npz:{tiny_npz}"]
    assert said in complain("train", "gan", *data, *given)
    assert list(tmp_path.iterdir()) == []


def test_a_group_needs_a_folder_of_its_own(
    group: tuple[Path, str], tiny_npz: Path, tmp_path: Path, complain: Callable[..., str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").touch()
    (tmp_path / "file").touch()
    for out, said in (
        (group[0], f"already holds a group of runs: continue it with `sparring resume '{group[0]}'`"),
        (group[0] / "seed-4", "already holds a run"),
        (tmp_path / "thesis", "is not empty (it has chapter.txt)"),
        (tmp_path / "file", "Cannot write"),
    ):
        for many in ([], ["--seeds", 2]):
            assert said in complain("train", "gan", "--data", f"npz:{tiny_npz}", "--out", out, *many)


def test_several_processes_make_no_group(
    told: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SettingError, match="start them without torchrun"):
        told()


def test_train_makes_one_run() -> None:
    with pytest.raises(SettingError, match="for several seeds call `train_seeds`"):
        sparring.train("gan", seeds=2)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[:40], "does not hold JSON"),
        (lambda text: text.replace('"format": 2', '"format": 3'), "its format is 3 and not 2"),
        (lambda text: text.replace('"system": "gan"', '"system": 1'), "'system' cannot be 1"),
        (lambda text: text.replace('"seeds"', '"seats"'), "'seeds' is missing"),
        (lambda text: text.replace("5,", '"5",'), "'seeds/1' cannot be '5'"),
        (
            lambda text: text.replace('"max_steps": 8', '"max_steps": [8]'),
            "'options/max_steps' cannot be [8]",
        ),
    ],
)
def test_a_damaged_group(
    damage: Callable[[str], str],
    said: str,
    group: tuple[Path, str],
    tmp_path: Path,
    complain: Callable[..., str],
) -> None:
    text = (group[0] / "seeds.json").read_text()
    (tmp_path / "seeds.json").write_text(damage(text))
    assert damage(text) != text
    for command in ("resume", "evaluate", "compare", "report"):
        complaint = complain(command, tmp_path)
        assert f"{tmp_path / 'seeds.json'} is damaged: " in complaint
        assert said in complaint


def test_a_group_in_which_nothing_has_begun(tmp_path: Path, complain: Callable[..., str]) -> None:
    Group.create(tmp_path / "group", "title", "gan", {}, [0, 1])
    for command in ("evaluate", "compare"):
        said = complain(command, tmp_path / "group")
        assert said.endswith(f"has begun: `sparring resume {tmp_path / 'group'}` begins them.")
    assert runs_in([tmp_path]) == [tmp_path], "what is no group stands for itself"


@pytest.mark.parametrize("place", ["system", "data"])
def test_code_that_came_with_a_group_is_not_run(
    place: str, tmp_path: Path, complain: Callable[..., str], gan_in: Callable[[Path], Path]
) -> None:
    """Neither for a run that has not begun, nor for one whose own folder does not hold it."""
    path = tmp_path.resolve() / "group"
    evil = f"{path}/evil.py:Evil"
    told = {"system": "gan", "data": "mnist"} | {place: evil}
    Group.create(path, "title", told["system"], {"data": told["data"]}, [0])
    (path / "evil.py").write_text(f"open({str(tmp_path / 'harm')!r}, 'w')")
    said = f"names its {place} as {evil}, which may have come with the run"
    assert said in complain("resume", path)
    gan_in(path / "seed-0")
    described = read_json(path / "seed-0" / "run.json", dict[str, Any])
    if place == "data":
        described["data"]["name"] = evil
    else:
        described["system"] = evil
    (path / "seed-0" / "run.json").write_text(json.dumps(described))
    assert said in complain("resume", path / "seed-0", "--max-steps", 9)
    assert not (tmp_path / "harm").exists()


@pytest.fixture
def gan_in(group: tuple[Path, str]) -> Callable[[Path], Path]:
    """Copies a run to a place."""
    return lambda place: Path(shutil.copytree(group[0] / "seed-4", place))


# -- stopped, and killed -------------------------------------------------------------------------------------


def wait(until: Callable[[], bool]) -> None:
    for _ in range(1200):
        if until():
            return
        time.sleep(0.05)
    pytest.fail("nothing came of it in a minute")


def step(run: Path) -> int:
    """The newest step of which there is a checkpoint."""
    return max(Run(run).checkpoints.steps(), default=0)


def is_free(run: Run) -> bool:
    """Whether no process writes to it."""
    try:
        run.acquire()
    except RunError:
        return False
    run.release()
    return True


def test_a_group_that_is_killed_and_stopped_goes_on(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complain: Callable[..., str]
) -> None:
    """Its own process is killed, then one of its runs, then comes Ctrl-C: it ends as if never stopped."""
    path = tmp_path / "group"
    first, second = Run(path / "seed-0"), Run(path / "seed-1")
    command = ["train", "gan", *words(tiny_npz), "--seeds", "2", "--out", str(path)]
    command += ["--max-steps", str(10**8), "--checkpoint-minutes", "0.0001"]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from sparring.training import seeds; seeds.cores = lambda: 1; {MAIN}",
            *command,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    wait(lambda: step(first.path) > 0)
    process.kill()
    process.wait()
    # The run ends with who began it, and saves itself.
    wait(lambda: first.status["state"] == "interrupted")
    wait(lambda: is_free(first))
    assert step(first.path) == first.status["step"]
    assert not second.path.exists()

    before = step(first.path)
    made: list[Worker] = []
    make, update = Worker.__init__, GroupProgress.update

    def noted(worker: Worker, *given: Any) -> None:
        make(worker, *given)
        made.append(worker)

    def kill_then_ask(progress: GroupProgress, *given: Any) -> None:
        update(progress, *given)
        if step(second.path) and not made[1].ended:
            made[1].process.kill()
        elif step(first.path) > before and made[1].ended and not made[0].asked:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "__init__", noted)
        patched.setattr(GroupProgress, "update", kill_then_ask)
        patched.setattr(seeds, "cores", lambda: 2)
        said = complain("resume", path, code=130)
    assert said == (
        "Interrupted; the run of seed 1 has not saved itself: its process was ended by signal 9. "
        f"Go on with: sparring resume {path}"
    )
    assert first.status["state"] == "interrupted"
    assert step(first.path) == first.status["step"]

    total = max(step(first.path), step(second.path)) + 20
    assert resume_seeds(Group.open(path), max_steps=total, quiet=True).path == path
    for run in (first, second):
        described = run.description
        assert (run.status["state"], described["total_steps"]) == ("finished", total)
        alone = sparring.train(
            "gan",
            **options(tiny_npz) | {"max_steps": total, "threads": 1, "quiet": True},
            seed=described["seed"],
            out=tmp_path / f"alone-{described['seed']}",
        )
        ours, theirs = contents(run.path), contents(alone.path)
        assert {name for name in theirs if ours[name] != theirs[name]} == set()
    # Nothing is left to do, and nothing is begun.
    monkeypatch.setattr(seeds, "Worker", None)
    main(["resume", str(path)])


MAIN = "import sys; from sparring.cli import main; main(sys.argv[1:])"


# -- resuming a group ----------------------------------------------------------------------------------------


def test_a_run_that_cannot_go_on_says_why(
    group: tuple[Path, str], tmp_path: Path, complain: Callable[..., str]
) -> None:
    path = tmp_path / "group"
    Group.create(path, "title", "gan", {}, [4])
    shutil.copytree(group[0] / "seed-4", path / "seed-4")
    state = path / "seed-4" / "checkpoints" / "step-00000008" / "state.json"
    state.unlink()
    said = complain("resume", path, "--max-steps", 9)
    assert said.startswith(f"1 of 1 run in {path} ended with an error; that of seed 4: ")
    assert str(state) in said
    assert said.endswith(f"`sparring resume {path}` goes on with them.")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"epochs": 1, "max_steps": 2}, "exactly one limit"),
        ({"max_steps": 0}, "max_steps is 0"),
        ({"on_unhealthy": "cry"}, "it must be warn, stop or rollback"),
    ],
)
def test_what_a_group_cannot_be_told(asked: dict[str, Any], said: str, tmp_path: Path) -> None:
    made = Group.create(tmp_path / "group", "title", "gan", {"epochs": 3}, [0])
    with pytest.raises(SettingError, match=said):
        resume_seeds(made, **asked)
    assert made.description["options"] == {"epochs": 3}


def test_runs_that_have_not_begun_are_told_no_other_data(
    group: tuple[Path, str], tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(seeds, "play", lambda group, quiet, options: told.append(options))
    before = {"data": f"npz:{tiny_npz}"}
    made = Group.create(tmp_path / "group", "title", "gan", before, [4, 5])
    shutil.copytree(group[0] / "seed-4", made.folders[4])
    with pytest.raises(DataError, match=r"mnist is not what .*seed-4 was trained on"):
        resume_seeds(made, data="mnist")
    assert (made.description["options"], told) == (before, [])
    # Wherever it is gone on with the next time, a path that was relative is found again.
    shutil.copy(tiny_npz, tmp_path / "moved.npz")
    monkeypatch.chdir(tmp_path)
    resume_seeds(made, data="npz:moved.npz")
    assert made.description["options"] == told[0] == {"data": f"npz:{tmp_path / 'moved.npz'}"}


@pytest.mark.parametrize(("asked", "total"), [({"max_steps": 7}, 7), ({"epochs": 1}, 6)])
def test_a_limit_that_a_run_is_beyond_is_told_to_none(
    asked: dict[str, Any],
    total: int,
    group: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(seeds, "play", lambda group, quiet, options: told.append(options))
    made = Group.create(tmp_path / "group", "title", "gan", {"max_steps": 8}, [4, 5])
    shutil.copytree(group[0] / "seed-4", made.folders[4])
    with pytest.raises(RunError, match=f"seed-4 is at step 8 already, beyond the {total} steps asked for"):
        resume_seeds(made, **asked)
    assert (made.description["options"], told) == ({"max_steps": 8}, [])
    for longer in ({"max_steps": 8}, {"epochs": 2}, {"epochs": 3}):
        resume_seeds(made, **longer)
        assert made.description["options"] == longer


def test_a_new_limit_takes_the_place_of_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for runs that have not begun."""
    monkeypatch.setattr(seeds, "play", lambda group, quiet, options: options)
    made = Group.create(tmp_path / "group", "title", "gan", {"epochs": 3, "device": "cpu"}, [0])
    resume_seeds(made, max_steps=5, on_unhealthy="stop", epochs=None)
    assert made.description["options"] == {"device": "cpu", "max_steps": 5, "on_unhealthy": "stop"}


# -- signals -------------------------------------------------------------------------------------------------


class Scripted(Worker):
    """A process that does what a script says, in place of a training."""

    scripts: ClassVar[dict[int, str]] = {}

    def __init__(self, group: Group, seed: int, options: Any) -> None:
        self.log, self.asked = group.folders[seed].with_suffix(".log"), 0
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", self.scripts[seed]],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        self.process.stdout.readline()


SAY = "import sys, signal, time; print(flush=True); "
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[int, str]], Group]:
    def group_of(scripts: dict[int, str]) -> Group:
        monkeypatch.setattr(Scripted, "scripts", scripts)
        monkeypatch.setattr(seeds, "Worker", Scripted)
        monkeypatch.setattr(seeds, "LOOK_SECONDS", 0.01)
        return Group.create(tmp_path / "group", "title", "gan", {}, list(scripts))

    return group_of


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("sys.exit('sparring: The disk is full.')", "The disk is full."),
        ("signal.raise_signal(9)", "its process was ended by signal 9."),
        ("signal.raise_signal(15)", "its process was ended by signal 15."),
        ("1 / 0", "see {log}."),
    ],
)
def test_the_others_go_on_where_one_fails(
    script: str, reason: str, scripted: Callable[[dict[int, str]], Group]
) -> None:
    made = scripted({3: SAY, 4: SAY + script, 5: SAY})
    with pytest.raises(SparringError) as caught:
        seeds.play(made, quiet=True)
    reason = reason.format(log=made.path / "seed-4.log")
    assert str(caught.value) == (
        f"1 of 3 runs in {made.path} ended with an error; that of seed 4: {reason} "
        f"`sparring resume {made.path}` goes on with them."
    )
    assert all((made.path / f"seed-{seed}.log").exists() for seed in (3, 4, 5))


def test_a_second_signal_ends_all_at_once(
    scripted: Callable[[dict[int, str]], Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scripted({3: DEAF})
    asked: list[int] = []
    update = GroupProgress.update

    def ask(progress: GroupProgress, *given: Any) -> None:
        update(progress, *given)
        if len(asked) < 2:
            asked.append(signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(GroupProgress, "update", ask)
    with pytest.raises(Interrupted, match="the run of seed 3 has not saved itself") as caught:
        seeds.play(made, quiet=True)
    assert "ended by signal 9" in str(caught.value)
    assert caught.value.exit_code == 143


def test_no_process_is_left_behind(
    scripted: Callable[[dict[int, str]], Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scripted({0: SAY + "time.sleep(60)"})
    processes = []

    def fail(progress: GroupProgress, running: dict[int, Worker], failed: Any) -> None:
        processes.append(running[0].process)
        raise ZeroDivisionError

    monkeypatch.setattr(GroupProgress, "update", fail)
    with pytest.raises(ZeroDivisionError):
        seeds.play(made, quiet=True)
    assert processes[0].returncode == -signal.SIGTERM


# -- what is shown -------------------------------------------------------------------------------------------


def test_lines_of_how_far_runs_are(
    group: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Findings are named; the same line is not said twice."""
    path = shutil.copytree(group[0], tmp_path / "group")
    shutil.rmtree(path / "seed-6")
    for name, number in (("dead run", 30), ("mode collapse", 1300)):
        Run(path / "seed-5").add_event("finding", finding=name, step=number)
    progress = GroupProgress(Group.open(path), quiet=False, at_once=2)
    progress.say()
    progress.sum_up()
    assert capsys.readouterr().out.splitlines() == [
        "seed 4: 8 of 8; seed 5: 8 of 8; seed 6: waiting",
        "seed-5: dead run at step 30, mode collapse at step 1,300.",
        "Try next:",
        *(f"  sparring {verb} {path}" for verb in ("evaluate", "compare", "report")),
    ]


@pytest.mark.parametrize(
    ("status", "running", "failed", "word"),
    [
        ({}, False, False, "waiting"),
        ({}, True, False, "starting"),
        ({"state": "interrupted"}, False, False, "interrupted"),
        ({"state": "interrupted"}, True, False, "starting"),
        ({"state": "running"}, True, False, "running"),
        ({"state": "finished"}, True, False, "finished"),
        ({"state": "running"}, False, True, "failed"),
    ],
)
def test_what_becomes_of_a_run_in_a_word(
    status: dict[str, Any], running: bool, failed: bool, word: str
) -> None:
    assert state_text(status, running, failed) == word


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (None, 0),
        ("", 0),
        ('{"kind": "steps", "step": 50}\n', 50),
        ('{"kind": "a", "step": 50}\n{"kind": "a", "step": 100}\n{"kind": "st', 100),
        ('{"kind": "a", "step": 50}\n[]\n17\n{"epoch": 1}\n{"kind": "a", "step": 1e999}\n', 50),
        (f'{{"noise": "{"x" * 20_000}"}}\n{{"kind": "a", "step": 7}}\n', 7),
        ("x" * 20_000, 0),
    ],
)
def test_how_far_a_history_is(text: str | None, step: int, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "history.jsonl").write_text(text)
    assert newest_step(tmp_path / "history.jsonl") == step


def test_a_run_is_as_far_as_its_history(
    group: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It saves itself more seldom than it writes rows."""
    path = shutil.copytree(group[0], tmp_path / "group")
    Run(path / "seed-5").set_status(state="running", step=0, total_steps=8, epoch=0.0, seconds=0.0)
    GroupProgress(Group.open(path), quiet=False, at_once=2).say()
    assert "seed 5: 8 of 8" in capsys.readouterr().out

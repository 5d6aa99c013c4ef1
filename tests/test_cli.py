"""The command line: what it does, and what it says to each mistake."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import sparring
from sparring.cli import main
from sparring.runs.description import FORMAT
from sparring.training import timing

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> dict[str, Path]:
    """A short run of each of two systems; not to be written to."""
    folder = tmp_path_factory.mktemp("trained")
    options: dict[str, Any] = {"data": f"npz:{tiny_npz}", "quiet": True, "batch_size": 50, "max_steps": 7}
    return {
        system: sparring.train(system, **options, out=folder / system).path for system in ("gan", "acgan")
    }


@pytest.fixture
def gan_run(trained: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the short run, to be damaged."""
    return Path(shutil.copytree(trained["gan"], tmp_path / "run"))


# -- what it does ----------------------------------------------------------------------------------------


def test_help_answers_without_torch() -> None:
    script = (
        "import sys, contextlib, io, sparring.cli\n"
        "for arguments in (['--help'], [], ['--version']):\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):\n"
        "        sparring.cli.main(arguments)\n"
        "    assert said.getvalue(), arguments\n"
        "import sparring.cli.training\n"
        "print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (answer.stdout, answer.stderr) == ("False False\n", "")


def test_the_installed_command_and_the_module_are_one(run_sparring: Command) -> None:
    installed = Path(sys.executable).with_name("sparring")
    said = subprocess.run([installed, "--help"], capture_output=True, text=True, check=True).stdout
    assert said == run_sparring("--help").stdout
    assert "sparring train [SYSTEM]" in said


def test_the_zoo_lists_every_system_with_its_paper_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    from sparring.zoo import SYSTEMS, find_system

    main(["zoo"])
    said = capsys.readouterr().out
    for name in SYSTEMS:
        assert f"{name}\n" in said
        assert find_system(name).paper in said
    assert "--soft-one 0.95" in said


def test_help_of_a_system_comes_from_its_docstrings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "acgan", "--help"])
    assert not stop.value.code
    said = " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().out).split())
    assert "--soft-one" in said
    assert "The target for `real`, in both players' turns." in said
    assert "Real examples in a batch; the generator's turn has twice as many." in said
    assert "--max-minutes MINUTES" in said
    assert "Odena et al. 2016" in said
    assert "{None}" not in said


@pytest.mark.parametrize(
    "command", ["resume", "sample", "film", "evaluate", "report", "compare", "tensorboard"]
)
def test_help_reads_like_a_person_wrote_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = capsys.readouterr().out
    assert f"usage: sparring {command} [-h]" in said
    assert "RUN" in said
    for word in ("{None}", "STR", "INT", "FLOAT"):
        assert word not in said


def test_help_joins_the_lines_of_a_docstring(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit):
        main(["resume", "--help"])
    assert (
        "The run's new total of passes over the data; by default its own limit. Schedules that refer to the "
        "length of the run follow the new total from here on."
    ) in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["train", "began", "--preset", "digits", "--help"])
    said = capsys.readouterr().out
    assert "for a function of your own that gives a Dataset. (default: mnist)" in said
    assert "Diversity ratio: E[L(G(z))] / E[L(x)] in equilibrium; lower is sharper and less diverse." in said
    assert "Batch normalisation in the generator; the paper has none. (default: True)" in said, (
        "of the preset"
    )


def test_what_there_is_one_of_is_said_as_one(
    tiny_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, picture, page = (str(tmp_path / name) for name in ("run", "one.png", "page.html"))
    data = ["--data", f"npz:{tiny_npz}", "--batch-size", "300"]
    main(["train", "gan", *data, "--max-steps", "1", "--threads", "1", "--out", run])
    assert "Finished 1 step in" in capsys.readouterr().out
    main(["sample", run, "--count", "1", "--out", picture])
    assert f"Wrote 1 sample to {picture}" in capsys.readouterr().out
    main(["report", run, "--out", page])
    assert "1 step, 1 epoch; asked for: 1 step" in Path(page).read_text()


def test_train_resume_and_sample(run_sparring: Command, tiny_npz: Path, tmp_path: Path) -> None:
    """The whole way through with real processes, whose output is no terminal."""
    options = ["--data", f"npz:{tiny_npz}", "--batch-size", 100]
    done = run_sparring("train", "acgan", *options, "--max-steps", 2, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    run = tmp_path / "runs" / "acgan-npz-1"
    assert "Training acgan-npz in runs/acgan-npz-1: step 0 of 2." in done.stdout
    assert "Samples: runs/acgan-npz-1/samples.png\n" in done.stdout
    assert "\x1b" not in done.stdout, "no control codes where there is no terminal"

    done = run_sparring("resume", "runs/acgan-npz-1", "--max-steps", 3, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Resuming acgan-npz in runs/acgan-npz-1: step 2 of 3." in done.stdout
    history = pd.read_json(run / "history.jsonl", lines=True)
    assert history["step"].max() == 3
    events = [json.loads(line)["event"] for line in (run / "events.jsonl").read_text().splitlines()]
    assert events == ["started", "finished", "resumed", "finished"]

    done = run_sparring(
        "sample", run, "--count", 12, "--seed", 3, "--label", 2, "--out", "twos.npz", cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Wrote 12 samples to twos.npz\n", "")
    with np.load(tmp_path / "twos.npz") as arrays:
        assert arrays["images"].shape == (12, 20, 20, 1)
        assert arrays["images"].dtype == np.uint8
        assert arrays["labels"].dtype == np.int64
        assert arrays["labels"].tolist() == [2] * 12


def test_samples_of_a_seed_are_the_same(trained: dict[str, Path], tmp_path: Path) -> None:
    for ending in ("npz", "png"):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            main(
                [
                    "sample",
                    str(trained["gan"]),
                    "--seed",
                    str(seed),
                    "--out",
                    str(tmp_path / f"{name}.{ending}"),
                ]
            )
        a, b, c = ((tmp_path / f"{name}.{ending}").read_bytes() for name in "abc")
        assert a == b
        assert a != c
    with np.load(tmp_path / "a.npz") as arrays:
        assert list(arrays) == ["images"]
        assert arrays["images"].shape == (100, 20, 20, 1)
    with Image.open(tmp_path / "a.png") as picture:
        # Ten images of 20 pixels in a row, four times as large, with gaps of four pixels.
        assert (picture.size, picture.mode) == ((836, 836), "L")


def test_more_samples_begin_with_the_same_ones(trained: dict[str, Path]) -> None:
    model = sparring.load(trained["acgan"])
    few, many = model.sample(7, seed=4), model.sample(300, seed=4)
    # Sums over batches of another size are rounded differently.
    difference = few.examples.int() - many.examples[:7].int()
    assert difference.abs().max() <= 1
    assert few.condition.tolist() == many.condition[:7].tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_a_run_without_a_limit_says_how_long_it_will_take(
    tiny_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sparring.settings import Limit
    from sparring.zoo.gan import GAN

    monkeypatch.setattr(timing, "TIMING_SECONDS", 0.05)
    monkeypatch.setattr(GAN, "length", Limit(epochs=2))
    main(["train", "gan", "--data", f"npz:{tiny_npz}", "--out", str(tmp_path / "run")])
    said = capsys.readouterr().out
    assert "No limit given: the published length, 2 epochs (10 steps), about" in said
    assert sparring.Run(tmp_path / "run").status["step"] == 10


def test_minutes_become_steps_once_and_for_all(
    tiny_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(
        ["train", "gan", "--data", f"npz:{tiny_npz}", "--out", str(tmp_path / "run"), "--max-minutes", "0.02"]
    )
    described = sparring.Run(tmp_path / "run").description
    assert described["limit"]["minutes"] == 0.02
    assert described["total_steps"] == sparring.Run(tmp_path / "run").status["step"] >= 2
    assert f"0.02 minutes are {described['total_steps']:,} steps here" in capsys.readouterr().out
    # The time is spent.
    main(["resume", str(tmp_path / "run"), "--max-minutes", "0.001"])
    assert "is finished" in capsys.readouterr().out


def test_health_is_watched_unless_told_otherwise(tiny_npz: Path, tmp_path: Path) -> None:
    short = ["--data", f"npz:{tiny_npz}", "--max-steps", "4", "--threads", "1", "--history-every", "4"]
    kinds = {}
    for every in ("2", "0"):
        run = sparring.Run(tmp_path / every)
        main(["train", "gan", *short, "--health-every", every, "--out", str(run.path)])
        kinds[every] = [row["kind"] for row in run.history()]
        described = run.description
        assert (described["health_every"], described["on_unhealthy"]) == (int(every), "warn")
    assert kinds == {"2": ["health", "steps", "health"], "0": ["steps"]}


# -- what it says to mistakes --------------------------------------------------------------------------------


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@dataclass
class Complaint:
    """What a command said, having failed as it should."""

    text: str

    def has(self, *parts: str) -> None:
        for part in parts:
            assert part in self.text, self.text


@pytest.fixture
def complain(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Complaint]:
    """Runs a command that must fail with code 2 and one line, and leave the test's folder as it was."""

    def run(*arguments: Any, code: int = 2) -> Complaint:
        before = snapshot(tmp_path)
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        check_one_sentence(said.err)
        assert stop.value.code == code
        assert snapshot(tmp_path) == before
        return Complaint(said.err)

    return run


def check_one_sentence(complaint: str) -> None:
    assert complaint.startswith("sparring: ")
    assert complaint.endswith("\n")
    assert complaint.count("\n") == 1, complaint
    assert "Traceback" not in complaint
    assert "Error" not in complaint, "no names of exceptions"


Complain = Callable[..., Complaint]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("trian gan", "There is no command 'trian'. Did you mean 'train'?"),
        ("train", "needs the name of a system, or of data, as in"),
        ("train gann", "There is no system 'gann'. Did you mean 'gan'?"),
        ("train folder:photos", "is data, not a system: give it as --data folder:photos, after the name of"),
        ("train /", "'/' is data, not a system: give it as --data folder:/, after the name of a system or"),
        ("train gan --data mnits", "There is no data set 'mnits'"),
        ("train gan --data mnits", "Did you mean 'mnist'?"),
        ("train gan --latent-sise 3", "no option --latent-sise. Did you mean '--latent-size'?"),
        ("train gan --batch-size 0", "batch_size is 0: it must be at least 1."),
        ("train gan --generator-lr -1", "generator_lr is -1.0: it must be greater than 0."),
        ("train gan --generator-lr nan", "generator_lr is nan: it must be greater than 0."),
        ("train gan --generator-lr fast", "--generator-lr is 'fast': it must be a number."),
        ("train gan --learning-rate-decay 2", "learning_rate_decay is 2.0: it must be from 0 to 1."),
        ("train gan --epochs 1.5", "--epochs is '1.5': it must be a whole number."),
        ("train gan --epochs", "--epochs needs a value after it: a whole number."),
        ("train gan --epochs --quiet", "--epochs needs a value after it: a whole number."),
        ("train gan --epochs 1 --max-steps 2", "exactly one limit"),
        ("train gan --quiet=3", "--quiet is a switch"),
        ("train gan mnist", "does not know what to do with 'mnist'"),
        ("train gan --seeds 1000000", "seeds is 1000000: it must be from 1 to 1000."),
        ("train gan --seed -1", "seed is -1: it must be at least 0."),
        ("train gan --health-every -1", "health_every is -1: it must be at least 0."),
        ("train gan --health-every often", "--health-every is 'often': it must be a whole number."),
        ("train gan --on-unhealthy", "--on-unhealthy needs a value after it"),
        ("train gan --size 0", "An image size of 0 is not possible; give one from 1 to 4096"),
        ("train gan --size 64x", "An image size of 64x is not possible"),
        ("train gan --fit pad", "give one as well, such as --size 64x48"),
        ("train gan --size 9 --fit squeeze", "--fit is 'squeeze': it must be crop, pad or stretch."),
        (
            "train gan --precision bf61",
            "--precision is 'bf61': it must be float32 or bf16. Did you mean 'bf16'?",
        ),
        ("train gan --device gpu", "There is no device 'gpu' here"),
        ("train gan --device cuda:99", "There is no device 'cuda:99' here"),
        ("train gan --device meta", "There is no device 'meta' here"),
        ("train missing.py:Mine", "There is no file missing.py"),
        ("train gan --data folder:missing", "There is no folder"),
        ("train gan --data npz:missing.npz", "There is no file"),
        ("train gan --data idx:", "lacks its path"),
        ("train gan --data ring", "GAN trains on images; this data has points of 2 dimensions."),
        ("train relgan --data ring", "RelGAN trains on tokens; this data has points of 2 dimensions."),
        ("resume", "sparring resume needs RUN, as in `sparring resume runs/gan-mnist-1`."),
        ("resume missing", "missing is not a run: it has no run.json."),
        ("resume missing --epochs x", "--epochs is 'x': it must be a whole number."),
        ("resume missing --run missing", "no option --run."),
        ("sample missing", "sparring sample needs --out"),
        ("sample missing --out a.bmp", "not as 'a.bmp'."),
        ("sample missing --out a.png", "missing is not a run"),
        ("zoo gan acgan", "does not know what to do with 'acgan'"),
        ("zoo gna", "There is no system 'gna'. Did you mean 'gan'?"),
        ("zoo gan --search wasserstein", "Either a system ('gan') or --search 'wasserstein' can be shown"),
    ],
)
def test_mistyped_commands(
    arguments: str, said: str, complain: Complain, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    complain(*arguments.split()).has(said)


def test_what_to_do_about_an_unhealthy_run(complain: Complain) -> None:
    said = complain("train", "gan", "--on-unhealthy", "wrong")
    said.has("--on-unhealthy is 'wrong': it must be warn, stop or rollback.")
    with pytest.raises(sparring.SparringError) as caught:
        sparring.train("gan", on_unhealthy="wrong")
    assert str(caught.value) == "on_unhealthy is 'wrong': it must be warn, stop or rollback."


def test_a_folder_that_is_gone(complain: Complain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir("gone")
    (tmp_path / "gone").rmdir()
    complain("zoo").has("The folder that this is run in is gone")


def test_names_that_are_too_long(complain: Complain, tiny_npz: Path) -> None:
    complain("train", "gan", "--data", f"npz:{tiny_npz}", "--out", "x" * 300).has("file name too long")
    for command in ("resume", "evaluate", "report"):
        complain(command, "x" * 300).has("is not a run")


class TestData:
    def test_no_images(self, complain: Complain, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        complain("train", "gan", "--data", f"folder:{tmp_path / 'empty'}").has("holds no images")

    def test_corrupt_image(self, complain: Complain, run_sparring: Command, tmp_path: Path) -> None:
        photos = tmp_path / "photos"
        photos.mkdir()
        for number in range(6):
            Image.new("RGB", (30, 30), (40 * number, 0, 0)).save(photos / f"{number}.png")
        (photos / "bad.png").write_bytes((photos / "5.png").read_bytes()[:40])
        options = [
            "--data",
            f"folder:{photos}",
            "--batch-size",
            6,
            "--max-steps",
            2,
            "--out",
            tmp_path / "run",
        ]
        complain("train", "gan", *options).has("bad.png cannot be read", "--skip-bad-images")
        done = run_sparring("train", "gan", *options, "--skip-bad-images")
        assert done.returncode == 0
        assert done.stderr == f"sparring: Skipped 1 of 7 images: {photos / 'bad.png'}\n"

    def test_two_channels(self, complain: Complain, tmp_path: Path) -> None:
        np.savez(tmp_path / "two.npz", images=np.zeros((9, 20, 20, 2), dtype=np.uint8))
        complain("train", "gan", "--data", f"npz:{tmp_path / 'two.npz'}").has("with 1 or 3 channels")

    def test_labels_missing(self, complain: Complain, tmp_path: Path) -> None:
        np.savez(tmp_path / "plain.npz", images=np.zeros((200, 20, 20), dtype=np.uint8))
        said = complain("train", "acgan", "--data", f"npz:{tmp_path / 'plain.npz'}")
        said.has("ACGAN needs classes for every example", "one sub-folder per class")

    def test_fewer_images_than_a_batch(self, complain: Complain, tmp_path: Path) -> None:
        np.savez(tmp_path / "few.npz", images=np.zeros((9, 20, 20), dtype=np.uint8))
        asked = ("--data", f"npz:{tmp_path / 'few.npz'}", "--out", tmp_path / "run")
        said = complain("train", "gan", "--batch-size", "64", *asked)
        said.has("9 training examples, fewer than a batch of 64", "--batch-size 9")
        assert not (tmp_path / "run").exists()

    def test_wrong_size(self, complain: Complain, tiny_npz: Path) -> None:
        said = complain("train", "acgan", "--data", f"npz:{tiny_npz}", "--size", 30)
        said.has("multiples of 4", "30 x 30", "use --size 32.")

    def test_changed_since(self, complain: Complain, gan_run: Path, tmp_path: Path) -> None:
        described = json.loads((gan_run / "run.json").read_text())
        np.savez(tmp_path / "other.npz", images=np.zeros((300, 20, 20), dtype=np.uint8))
        described["data"]["name"] = f"npz:{tmp_path / 'other.npz'}"
        (gan_run / "run.json").write_text(json.dumps(described))
        complain("resume", gan_run, "--max-steps", 9).has("is not what", "was trained on")


class TestRunFolder:
    def test_holds_a_run(self, complain: Complain, gan_run: Path, tiny_npz: Path) -> None:
        said = complain("train", "gan", "--data", f"npz:{tiny_npz}", "--out", gan_run)
        said.has("already holds a run", f"sparring resume {gan_run}")

    def test_is_not_empty(self, complain: Complain, tiny_npz: Path, tmp_path: Path) -> None:
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
        said = complain("train", "gan", "--data", f"npz:{tiny_npz}", "--out", tmp_path / "thesis")
        said.has("is not empty (it has chapter.txt)")
        assert not (tmp_path / "thesis" / ".lock").exists()

    def test_is_a_file(self, complain: Complain, tiny_npz: Path, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        complain("train", "gan", "--data", f"npz:{tiny_npz}", "--out", tmp_path / "file").has("Cannot write")
        complain("resume", tmp_path / "file").has("is not a run")

    def test_cannot_be_written(self, complain: Complain, tiny_npz: Path) -> None:
        said = complain("train", "gan", "--data", f"npz:{tiny_npz}", "--out", "/proc/run")
        said.has("Cannot write /proc/run: no such file or directory")

    def test_is_read_only(self, complain: Complain, gan_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = os.open

        def refuse(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            # Permissions do not bind an administrator, who may be running this.
            if flags & (os.O_WRONLY | os.O_RDWR) and str(path).startswith(str(gan_run)):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
            return real(path, flags, *rest, **more)

        monkeypatch.setattr(os, "open", refuse)
        complain("resume", gan_run, "--max-steps", 9).has("Cannot write", "read-only file system")

    def test_is_taken_by_another_process(self, complain: Complain, gan_run: Path) -> None:
        with filelock.FileLock(gan_run / ".lock"):
            said = complain("resume", gan_run, "--max-steps", 9)
        said.has("is being written by another process: wait for it or stop it.")

    def test_is_of_a_newer_version(self, complain: Complain, gan_run: Path, tmp_path: Path) -> None:
        described = json.loads((gan_run / "run.json").read_text())
        (gan_run / "run.json").write_text(json.dumps(described | {"format": FORMAT + 1}))
        for command in (["resume", gan_run], ["sample", gan_run, "--out", tmp_path / "a.png"]):
            complain(*command).has(f"of format {FORMAT + 1}", "update sparring")

    def test_is_of_the_first_version(self, complain: Complain, gan_run: Path, tmp_path: Path) -> None:
        """Its checkpoints hold other things in other places: it is refused, and stays as it is."""
        described = json.loads((gan_run / "run.json").read_text())
        (gan_run / "run.json").write_text(json.dumps(described | {"format": 1}))
        for command in (
            *(["resume", gan_run], ["sample", gan_run, "--out", tmp_path / "a.png"]),
            *(["evaluate", gan_run], ["report", gan_run], ["compare", gan_run, gan_run]),
        ):
            complain(*command).has("is a run of format 1", "train it again, or install sparring 0.1")

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda text: text[:200], "does not hold JSON"),
            (lambda text: "[]", "holds JSON but not an object"),
            (lambda text: "{}", "its format is None and not 2"),
            (lambda text: text.replace('"format": 2', '"format": "two"'), "its format is 'two' and not 2"),
            (lambda text: text.replace('"roles"', '"rules"'), "'roles' is missing"),
            (lambda text: text.replace('"seed"', '"sede"'), "'seed' is missing"),
            (lambda text: text.replace('"fingerprint"', '"footprint"'), "'data/fingerprint' is missing"),
            (lambda text: text.replace('"threads": 1', '"threads": "one"'), "'threads' cannot be 'one'"),
            (lambda text: text.replace('"from_": null', '"from_": []'), "'from_' cannot be []"),
            (lambda text: text.replace('"numpy": ', '"numpy": {}, "x": '), "'versions/numpy' cannot be {}"),
            (lambda text: text.replace('"hidden_size"', '"hidden_sise"'), "no setting 'hidden_sise'"),
            (lambda text: text.replace('"system": "gan"', '"system": "gun"'), "no system 'gun'"),
        ],
    )
    def test_has_a_damaged_description(
        self, damage: Callable[[str], str], said: str, complain: Complain, gan_run: Path, tmp_path: Path
    ) -> None:
        text = (gan_run / "run.json").read_text()
        assert damage(text) != text
        (gan_run / "run.json").write_text(damage(text))
        complain("resume", gan_run).has(said)
        complain("sample", gan_run, "--out", tmp_path / "a.png").has(said)

    def test_has_a_damaged_history(self, gan_run: Path, run_sparring: Command) -> None:
        (gan_run / "history.jsonl").write_text('{"kind": "st')
        done = run_sparring("resume", gan_run, "--max-steps", 9)
        assert done.returncode == 0
        assert "rows are missing" in done.stderr
        assert pd.read_json(gan_run / "history.jsonl", lines=True)["step"].tolist() == [9]

    def test_has_a_nearly_right_name(self, complain: Complain, gan_run: Path) -> None:
        complain("resume", gan_run.parent / "runn").has("Did you mean 'run'?")


class TestCheckpoint:
    @staticmethod
    def file(run: Path, name: str) -> Path:
        checkpoint = max((run / "checkpoints").glob("step-*"))
        return checkpoint / name

    @pytest.fixture
    def refused(self, complain: Complain, tmp_path: Path) -> Callable[..., None]:
        def check(run: Path, *parts: str) -> None:
            complain("resume", run, "--max-steps", 9).has(*parts)
            complain("sample", run, "--out", tmp_path / "a.png").has(*parts)

        return check

    @pytest.mark.parametrize("name", ["networks.safetensors", "training.safetensors", "state.json"])
    def test_truncated(self, name: str, gan_run: Path, refused: Callable[..., None]) -> None:
        file = self.file(gan_run, name)
        file.write_bytes(file.read_bytes()[:-10])
        refused(gan_run, f"{file} is damaged", "Restore it from a copy, or remove")

    @pytest.mark.parametrize("name", ["networks.safetensors", "training.safetensors", "state.json"])
    @pytest.mark.parametrize("place", [0.02, 0.3, 0.7, 0.99])
    def test_with_a_flipped_bit(
        self, name: str, place: float, gan_run: Path, refused: Callable[..., None]
    ) -> None:
        file = self.file(gan_run, name)
        content = bytearray(file.read_bytes())
        content[int(place * len(content))] ^= 1
        file.write_bytes(content)
        refused(gan_run, "is damaged", "Restore it from a copy, or remove")

    def test_missing_in_part(self, gan_run: Path, refused: Callable[..., None]) -> None:
        self.file(gan_run, "training.safetensors").unlink()
        refused(gan_run, "training.safetensors is damaged")

    def test_of_another_system(
        self, gan_run: Path, trained: dict[str, Path], refused: Callable[..., None]
    ) -> None:
        shutil.rmtree(gan_run / "checkpoints")
        shutil.copytree(trained["acgan"] / "checkpoints", gan_run / "checkpoints")
        refused(gan_run, "is a checkpoint of another run: its system is acgan, and that of this run is gan")

    def test_of_other_settings(self, gan_run: Path, refused: Callable[..., None]) -> None:
        text = (gan_run / "run.json").read_text()
        (gan_run / "run.json").write_text(text.replace('"hidden_size": 256', '"hidden_size": 128'))
        refused(gan_run, "its setting hidden_size is 256, and that of this run is 128")

    def test_that_is_not_there_yet(self, complain: Complain, gan_run: Path, tmp_path: Path) -> None:
        shutil.rmtree(gan_run / "checkpoints")
        complain("sample", gan_run, "--out", tmp_path / "a.png").has("has no checkpoint yet")

    def test_of_an_epoch_that_was_not_kept(
        self, complain: Complain, trained: dict[str, Path], tmp_path: Path
    ) -> None:
        for system, said in (("gan", "train with --keep-every"), ("acgan", "it has those of 1.")):
            said_of = complain("sample", trained[system], "--epoch", 5, "--out", tmp_path / "a.png")
            said_of.has("kept no networks of epoch 5", said)

    def test_of_an_epoch_that_was_damaged(
        self, complain: Complain, trained: dict[str, Path], tmp_path: Path
    ) -> None:
        run = Path(shutil.copytree(trained["acgan"], tmp_path / "acgan"))
        (run / "weights" / "epoch-0001.safetensors").write_bytes(b"{}")
        complain("sample", run, "--epoch", 1, "--out", tmp_path / "a.png").has(
            "is damaged, or was not written by sparring"
        )
        shutil.copy(
            self.file(trained["gan"], "networks.safetensors"), run / "weights" / "epoch-0001.safetensors"
        )
        complain("sample", run, "--epoch", 1, "--out", tmp_path / "a.png").has(
            "of another system or other settings"
        )


class TestSampling:
    def test_mistakes(self, complain: Complain, trained: dict[str, Path], tmp_path: Path) -> None:
        out = ["--out", tmp_path / "a.npz"]
        complain("sample", trained["gan"], "--label", 3, *out).has(
            "is not class-conditional", "leave --label out"
        )
        complain("sample", trained["acgan"], "--label", 3, *out).has(
            "no class '3'", "The classes are: 0, 1, 2."
        )
        complain("sample", trained["acgan"], "--label", "-1", *out).has("no class '-1'")
        complain("sample", trained["acgan"], "--count", 0, *out).has("count is 0")
        complain("sample", trained["gan"], "--seed", -1, *out).has("seed is -1")
        complain("sample", trained["gan"], "--out", tmp_path / "no" / "a.png").has("Cannot write")


def test_a_full_disk(run_sparring: Command, gan_run: Path) -> None:
    """No file may grow beyond a few kilobytes, which is what a full disk is to whoever writes."""
    before = snapshot(gan_run)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = run_sparring("resume", gan_run, "--max-steps", 9, preexec_fn=fill)
    assert done.returncode == 2
    check_one_sentence(done.stderr)
    assert "file too large. What was saved before is intact." in done.stderr
    after = snapshot(gan_run)
    untouched = [name for name in before if name.startswith(("checkpoints", "samples"))]
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert not [name for name in after if ".writing-" in name]
    # With room again it goes on.
    done = run_sparring("resume", gan_run, "--max-steps", 9)
    assert (done.returncode, done.stderr) == (0, "")
    assert sparring.Run(gan_run).status["state"] == "finished"


def test_a_reader_that_goes_away(trained: dict[str, Path]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sparring", "zoo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 1


def test_samples_go_to_a_folder_and_are_evaluated_from_there(tmp_path, tiny_npz, run_sparring):
    run, data = tmp_path / "run", ("--data", f"npz:{tiny_npz}")
    trained = run_sparring("train", "acgan", *data, "--max-steps", 2, "--batch-size", 20, "--out", run)
    assert trained.returncode == 0, trained.stderr
    said = trained.stdout.splitlines()[0]
    assert said == "300 grey images of 20 x 20, 3 classes: 0 (100), 1 (100), 2 (100); held out: none"
    described = json.loads((run / "run.json").read_text())["data"]
    assert (described["summary"], described["stretch"]) == (said, False)

    made = run_sparring("sample", run, "--count", 60, "--format", "webp", "--out", f"{tmp_path}/a/")
    assert made.returncode == 0, made.stderr
    assert len(list((tmp_path / "a" / "2").glob("*.webp"))) == 20
    assert run_sparring("sample", run, "--count", 60, "--out", tmp_path / "a.npz").returncode == 0
    figures = []
    for target in ("a", "a.npz"):
        found = run_sparring("evaluate", tmp_path / target, *data, "--features", "pixels", "--json")
        figures.append(json.loads(found.stdout)["figures"])
    assert figures[0].keys() == figures[1].keys()
    assert "cas_error" in figures[0]

    for arguments, message in (
        (("sample", run, "--out", f"{tmp_path}/a/"), "nothing in it is replaced"),
        (("sample", run, "--out", f"{tmp_path}/b/", "--format", "gif"), "no format 'gif'"),
        (("sample", run, "--out", tmp_path / "b.png", "--format", "jpg"), "end its name in /"),
        (("evaluate", tmp_path / "a"), "give --data"),
        (("evaluate", tmp_path / "a", "--data", "mnist"), "--size 20x20 brings those to it"),
        (("evaluate", tmp_path / "a.npz", "--data", "mnist"), "--size 20x20 brings the real examples"),
        (("evaluate", run, "--size", 20), "leave --size out"),
    ):
        refused = run_sparring(*arguments)
        assert (refused.returncode, message in refused.stderr) == (2, True), refused.stderr

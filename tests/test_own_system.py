"""A system of one's own, the pages that explain it, and whose code a run may execute."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sparring
from sparring.checking.table import CHECKS
from sparring.cli import main
from sparring.errors import OwnCodeError, RunError, SettingError
from sparring.zoo import find_system

DOCS = Path(__file__).parents[1] / "docs"
OWN = "mygame.py:LSGAN"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a documentation page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def run_page(page: str) -> dict[str, Any]:
    """Execute a page's Python blocks one after another, in the current folder; its final names."""
    names: dict[str, Any] = {"__name__": page}
    for block in blocks(page, "python"):
        first, _, _ = block.partition("\n")
        if first.endswith(".py"):
            Path(first.removeprefix("# ")).write_text(block)
        else:
            exec(compile(block, page, "exec", dont_inherit=True), names)
    return names


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("mygame.py").write_text(blocks("your-own-system.md", "python")[0])
    return tmp_path / "mygame.py"


def test_the_library_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = run_page("library.md")
    assert names["run"].status["step"] == 600
    assert list(names["steps"]["step"]) == list(range(50, 601, 50))
    assert tuple(names["samples"].examples.shape) == (100, 1, 28, 28)
    assert Path("digits.png").exists()
    assert Path("digits.npz").exists()
    assert "Did you mean 'latent_size'?" in capsys.readouterr().out


# Processes that train seeds know all digits.
@pytest.mark.filterwarnings("ignore:mnist has changed since")
@pytest.mark.usefixtures("few_digits")
def test_the_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    names = run_page("recipes.md")
    assert [names[name].status["step"] for name in ("smooth", "warmed")] == [4, 4]
    assert [trial.state for trial in names["found"].trials] == ["finished", "finished"]
    assert len(names["group"].runs()) == 2


def test_the_page_about_a_system_of_ones_own(own_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len([line for line in own_file.read_text().splitlines() if line]) < 50
    for command in (line for block in blocks("your-own-system.md", "bash") for line in block.splitlines()):
        program, *arguments = shlex.split(command)
        assert program == "sparring"
        try:
            main(arguments)
        except SystemExit as stop:
            assert not stop.code, capsys.readouterr().err  # noqa: PT017
    said = capsys.readouterr().out
    assert "Adam's learning rate, for both players." in said
    assert "Training lsgan-mnist in runs/mine: step 0 of 300." in said
    assert "Resuming lsgan-mnist in runs/mine: step 300 of 400." in said
    assert f"{len(CHECKS)} checks of lsgan: {len(CHECKS)} ok, 0 note, 0 wrong." in said
    run = sparring.Run("runs/mine")
    assert run.description["system"] == f"{own_file}:LSGAN"
    assert run.description["settings"]["learning_rate"] == 0.0005
    assert sparring.Run("runs/with-tricks").description["settings"]["tricks"]["packing"] == 2
    assert pd.read_json(run.path / "history.jsonl", lines=True)["step"].max() == 400
    assert Path("mine.png").exists()
    run_page("your-own-system.md")
    assert Path("mine-too.png").exists()


def test_two_files_of_the_same_name(own_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "mygame.py"
    other.parent.mkdir()
    other.write_text(own_file.read_text().replace("64", "32"))
    first, second = find_system(OWN), find_system(f"{other}:LSGAN")
    assert first.__module__ != second.__module__
    assert first.Settings() == first.Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Mine", "cannot be imported"),
        ("import no_such_module", "fails: ModuleNotFoundError: No module named 'no_such_module'"),
        ("from sparring import Game\nclass Main(Game): pass", "no subclass of Game called 'Mine'. Did you"),
        ("class Mine: pass", "It has: none."),
    ],
)
def test_files_that_hold_no_system(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises((SettingError, OwnCodeError)) as caught:
        find_system(f"{tmp_path / 'broken.py'}:Mine")
    assert said in str(caught.value)


def test_a_setting_must_not_be_called_as_one_of_the_run(
    own_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own_file.write_text(own_file.read_text().replace("learning_rate", "seed"))
    with pytest.raises(OwnCodeError, match=r"LSGAN.Settings.* calls a setting 'seed'"):
        sparring.train(OWN)
    with pytest.raises(SystemExit):
        main(["train", OWN])
    assert "choose another name" in capsys.readouterr().err


class TestTrust:
    """A run folder from a stranger is data, not code."""

    @pytest.fixture
    def run(self, own_file: Path, tiny_npz: Path) -> Path:
        return sparring.train(OWN, data=f"npz:{tiny_npz}", out="run", max_steps=2, quiet=True).path.resolve()

    @pytest.fixture
    def opened(self, own_file: Path) -> Callable[[Path], None]:
        """Opens a run in every way there is; none may run the file that it brought."""

        def check(run: Path, reference: str) -> None:
            described = json.loads((run / "run.json").read_text())
            (run / "run.json").write_text(json.dumps(described | {"system": reference}))
            for way in (sparring.load, lambda run: sparring.resume(run, max_steps=3), sparring.sample):
                with pytest.raises(RunError, match="may have come with the run"):
                    way(run)
            assert not Path("attacked").exists()

        own_file.with_name("evil.py").write_text("open('attacked', 'w')")
        return check

    def test_the_path_that_train_recorded_is_taken(self, run: Path) -> None:
        assert sparring.load(run).game.data.shape == (1, 20, 20)

    @pytest.mark.parametrize("path", ["evil.py", "./evil.py", "run/evil.py", "../x/evil.py", "~/evil.py"])
    def test_a_relative_path_is_refused(self, path: str, run: Path, opened: Any) -> None:
        opened(run, f"{path}:LSGAN")

    def test_a_path_inside_the_run_is_refused(self, run: Path, opened: Any) -> None:
        shutil.copy("evil.py", run / "evil.py")
        opened(run, f"{run / 'evil.py'}:LSGAN")
        opened(run, f"{run / 'samples' / '..' / 'evil.py'}:LSGAN")

    def test_a_path_through_links_is_refused(self, run: Path, opened: Any, tmp_path: Path) -> None:
        # Such as the one that leads to wherever a process is, which a stranger need not know.
        Path("link").symlink_to(tmp_path)
        opened(run, f"{tmp_path / 'link' / 'evil.py'}:LSGAN")
        opened(run, "/proc/self/cwd/evil.py:LSGAN")

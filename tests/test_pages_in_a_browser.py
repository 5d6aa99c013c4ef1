"""Pages as a browser opens them: their scripts run, nothing is refused, nothing is wider than a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sparring

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser, chromium, is installed")


def opened(page: Path, tmp_path: Path, width: int = 390) -> str:
    """The document of a page once its scripts have run."""
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900",
            "--virtual-time-budget=2000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert said == [], "an error of a script, or something that the page may not do"
    return done.stdout


def test_the_page_of_a_generator_checks_itself(tiny_npz: Path, tmp_path: Path) -> None:
    run = sparring.train("gan", data=f"npz:{tiny_npz}", max_steps=2, out=tmp_path / "run", quiet=True)
    folder = sparring.export(run, tmp_path / "model", onnx=False)
    seen = opened(folder / "page.html", tmp_path)
    (apart,) = re.findall(r"the largest difference from torch is ([\d.e+-]+) of", seen)
    assert float(apart) < 1e-5
    assert seen.count("<canvas") == 9, "a sample, and eight to choose from"
    assert seen.count('<input type="range"') == 8


def test_a_report_runs_its_script(tiny_npz: Path, tmp_path: Path) -> None:
    run = sparring.train("gan", data=f"npz:{tiny_npz}", epochs=2, out=tmp_path / "run", quiet=True)
    seen = opened(sparring.report(run), tmp_path)
    assert 'aria-valuetext="epoch 2"' in seen

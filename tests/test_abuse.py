"""Bad input of every kind ends in one sentence: a small part of `benchmarks/abuse.py`, which tries all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ABUSE = Path(__file__).parents[1] / "benchmarks" / "abuse.py"


@pytest.mark.skipif(sys.platform == "win32", reason="each is tried in a fork")
def test_bad_input_ends_in_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, str(ABUSE), "--every", "60"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, last = done.stdout.splitlines()
    assert last.endswith("ended in one sentence and exit code 2")

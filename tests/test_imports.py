"""Imports: any module may be the first."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["console", "data", "game", "model", "reporting.text", "training.train"])
def test_any_module_may_be_imported_first(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sparring.{name}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

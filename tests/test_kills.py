"""A run that is killed over and over is the run that nobody killed: the campaign of reproduction/kills.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "reproduction"))
import kills


@pytest.mark.slow
def test_a_hundred_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "RECORD", tmp_path / "record.md")
    with pytest.raises(SystemExit) as end:
        kills.campaign(tmp_path, 100)
    assert not end.value.code
    assert (tmp_path / "record.md").read_text().split(" | ")[3:6] == ["20", "10", "0"]

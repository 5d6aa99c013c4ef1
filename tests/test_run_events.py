"""The events of a run: what was written is read, and damage hides nothing else."""

from __future__ import annotations

from pathlib import Path

from sparring.runs.folder import Run


def test_events_come_back_as_they_were_added(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.events() == [], "nothing has happened yet"
    run.add_event("started", step=0)
    run.add_event("finding", step=7, finding="mode collapse", evidence={"ü": [1, None]})
    started, finding = run.events()
    assert (started["event"], started["step"]) == ("started", 0)
    assert finding.keys() == {"time", "event", "step", "finding", "evidence"}
    assert finding["evidence"] == {"ü": [1, None]}


def test_only_lines_that_are_damaged_are_missing(tmp_path: Path) -> None:
    lines = [b'{"event": "started"}', b"17", b"[]", b"\xff\xfe", b"", b'{"event": "saved"}', b'{"event": "to']
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(lines))
    assert Run(tmp_path).events() == [{"event": "started"}, {"event": "saved"}]


def test_what_is_no_file_holds_no_events(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").mkdir()
    assert Run(tmp_path).events() == []

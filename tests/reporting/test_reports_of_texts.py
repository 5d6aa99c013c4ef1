"""Samples that are texts: on the pages in the place of pictures, and in event files."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import sparring
from sparring.data.kinds import Tokens
from sparring.reporting.shots import LONGEST_TEXT

Pages = Callable[[Path], Any]
WORDS = Tokens((3,), ("the", "<b>cat</b>", "# sat", "&amp;"))


@pytest.fixture
def texts(run: Path) -> Path:
    """A run whose samples are texts, as the kind of its data writes them."""
    shutil.rmtree(run / "samples")
    (run / "samples").mkdir()
    for epoch in (1, 2, 3):
        sentences = torch.tensor([[0, 1, 2], [epoch, epoch, 0]]).unsqueeze(1)
        (run / "samples" / f"epoch-{epoch:04d}{WORDS.suffix}").write_bytes(WORDS.picture([sentences]))
    return run


def shown(path: Path) -> list[str]:
    """The texts on a page, as a reader sees them."""
    found = re.findall(r'<pre class="samples"[^>]*>(.*?)</pre>', path.read_text(), re.DOTALL)
    return [html.unescape(text) for text in found]


def test_a_report_shows_the_texts_over_time(texts: Path, page: Pages) -> None:
    path = sparring.report(texts)
    seen = page(path)
    files = [(texts / "samples" / f"epoch-000{epoch}.txt").read_text() for epoch in (1, 2, 3)]
    assert shown(path) == files
    assert files[2] == "the <b>cat</b> # sat\n&amp; &amp; the\n"
    assert [image["alt"] for image in seen.all("img")] == ["real examples"], "of before it had texts"
    assert [pre["aria-label"] for pre in seen.all("pre") if pre.get("class") == "samples"] == [
        f"samples of gan-npz after epoch {epoch}" for epoch in (1, 2, 3)
    ]
    assert ["hidden" in figure for figure in seen.all("figure")[:3]] == [True, True, False]
    assert seen.all("input")[0]["max"] == "2"


def test_texts_are_escaped_bounded_and_harmless(texts: Path, page: Pages) -> None:
    hostile = "</pre><script>alert(1)</script>\x1b[2J\u202e"
    (texts / "samples" / "epoch-0002.txt").write_bytes(hostile.encode() + b"\xff\x00")
    (texts / "samples" / "epoch-0003.txt").write_text("ü" * (LONGEST_TEXT + 5))
    path = sparring.report(texts)
    assert len(page(path).all("script")) == 1
    _, odd, long = shown(path)
    assert odd == r"</pre><script>alert(1)</script>\x1b[2J\u202e�\x00"
    assert long == "ü" * LONGEST_TEXT + "…"


def test_a_comparison_shows_the_last_texts(
    texts: Path, runs: dict[str, Path], page: Pages, tmp_path: Path
) -> None:
    sparring.compare([texts, runs["faster"]], tmp_path / "all.html")
    assert shown(tmp_path / "all.html") == [(texts / "samples" / "epoch-0003.txt").read_text()]
    seen = page(tmp_path / "all.html")
    assert len(seen.all("img")) == 1
    assert "run, epoch 3" in seen.text


def test_event_files_have_the_texts(texts: Path) -> None:
    (folder,) = sparring.tensorboard([texts])
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    found = events.Tensors("samples/text_summary")
    assert [event.step for event in found] == [6, 12, 18]
    # Indented by four, markdown is code, in which nothing is markup.
    assert found[-1].tensor_proto.string_val[0].decode() == "    the <b>cat</b> # sat\n    &amp; &amp; the\n"
    assert events.Tags()["images"] == []

"""Samples on disk: written while they are drawn, however many there are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.cli import main
from sparring.data.dataset import Column
from sparring.data.kinds import Classes, Images, Kind, Nothing, Points, Tokens
from sparring.errors import RunError, SettingError
from sparring.sample_files import Samples, regrouped, write_samples

LABELS = Classes(("zero", "one", "two"))


def samples(first: int, end: int, side: int = 4) -> Samples:
    """Images each of one brightness, their number among all; told classes in turn."""
    numbers = torch.arange(first, end)
    images = (numbers % 251).byte().view(-1, 1, 1, 1).expand(-1, 1, side, side)
    return Samples(Column(Images((1, side, side)), images), Column(LABELS, numbers % 3))


def drawn(count: int, at_once: int = 250, side: int = 4) -> Iterator[Samples]:
    for first in range(0, count, at_once):
        yield samples(first, min(count, first + at_once), side)


def test_arrays_of_samples_that_come_in_parts(tmp_path: Path) -> None:
    assert write_samples(tmp_path / "all.npz", drawn(1_110), 1_110) == [tmp_path / "all.npz"]
    with np.load(tmp_path / "all.npz") as arrays:
        assert arrays["images"].shape == (1_110, 4, 4, 1)
        assert arrays["images"][:, 0, 0, 0].tolist() == [number % 251 for number in range(1_110)]
        assert arrays["labels"].tolist() == [("zero", "one", "two")[number % 3] for number in range(1_110)]


def test_as_many_as_one_picture_shows(tmp_path: Path) -> None:
    assert write_samples(tmp_path / "all.png", drawn(1_000), 1_000) == [tmp_path / "all.png"]
    with Image.open(tmp_path / "all.png") as picture:
        # Nine columns, for there are three classes in turn; images of 4 pixels are 8 times as large.
        assert picture.size == (9 * 36 - 4, 30 + 112 * 36 - 4)


def test_more_than_one_picture_shows_are_shown_in_several(tmp_path: Path) -> None:
    files = write_samples(tmp_path / "all.png", drawn(2_345), 2_345)
    assert [file.name for file in files] == ["all-001.png", "all-002.png", "all-003.png"]
    assert sorted(tmp_path.iterdir()) == files
    with Image.open(files[1]) as picture:
        assert (picture.size, picture.getpixel((0, 30))) == ((9 * 36 - 4, 30 + 112 * 36 - 4), 1_000 % 251)
    with Image.open(files[2]) as picture:
        assert (picture.size, picture.getpixel((0, 30))) == ((9 * 36 - 4, 30 + 39 * 36 - 4), 2_000 % 251)


def test_a_way_stays_in_one_picture(tmp_path: Path) -> None:
    """Of 24 columns 41 rows come to 984 images."""
    files = write_samples(tmp_path / "ways.png", drawn(1_200), 1_200, columns=24)
    firsts = []
    for file in files:
        with Image.open(file) as picture:
            firsts.append(picture.convert("L").getpixel((0, 0)))
    assert firsts == [0, 984 % 251]


@pytest.mark.parametrize("count", [14, 50, 64])
def test_a_picture_of_points_holds_these_alone(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []

    def drawn_points(points: torch.Tensor, *others: object) -> bytes:
        seen.append(points)
        return b""

    monkeypatch.setattr("sparring.plots.points_png", drawn_points)
    points = torch.randn(count, 2)
    shown = Samples(Column(Points((2,)), points), Column(Nothing(), torch.zeros(count, 0)))
    shown.picture()
    shown.picture(columns=7)
    assert all(torch.equal(each, points) for each in seen)
    assert len(seen) == 2


@pytest.mark.parametrize("name", ["all.npz", "all.png", "folder/"])
def test_what_no_disk_can_hold_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=r"1,000,000,000,000,000 samples would take about .* are free there"):
        write_samples(f"{tmp_path}/{name}", drawn(250), 10**15)
    assert not list(tmp_path.iterdir())


def test_texts_are_one_file_however_many(tmp_path: Path) -> None:
    kind = Tokens((1,), ("a", "b"))
    numbers = torch.arange(3_000)
    parts = [
        Samples(Column(kind, (part % 2).view(-1, 1)), Column(LABELS, part % 3)) for part in numbers.split(250)
    ]
    assert write_samples(tmp_path / "all.txt", parts, 3_000) == [tmp_path / "all.txt"]
    assert (tmp_path / "all.txt").read_text() == "a\nb\n" * 1_500


@pytest.mark.parametrize("size", [1, 7, 250, 251, 600, 5_000])
def test_regrouping_loses_nothing(size: int) -> None:
    parts = list(regrouped(drawn(1_001), size))
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
    assert torch.equal(torch.cat([part.examples for part in parts]), samples(0, 1_001).examples)
    assert torch.equal(torch.cat([part.condition for part in parts]), samples(0, 1_001).condition)


@pytest.mark.parametrize("ending", [".npz", ".png"])
def test_memory_does_not_grow_with_the_number(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What NumPy and Python hold at a time; torch's share is one part."""

    def peak(count: int) -> int:
        tracemalloc.start()
        write_samples(tmp_path / f"{count}{ending}", drawn(count, side=8), count)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(20_000) < 3 * peak(2_000)


@pytest.mark.parametrize(("name", "kind"), [("a.jpeg", LABELS), ("a", LABELS), ("a.txt", LABELS)])
def test_an_ending_that_samples_cannot_have(name: str, kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Samples are written as"):
        write_samples(tmp_path / name, drawn(3), 3)
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_was_trained_on_is_not_written_over(
    tmp_path: Path, tiny_npz: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.npz"
    data.write_bytes(tiny_npz.read_bytes())
    run = sparring.train(
        "gan", data=f"npz:{data}", out=tmp_path / "run", max_steps=1, batch_size=20, quiet=True
    )
    for words in (["sample", str(run.path), "--count", "2"], ["directions", str(run.path)]):
        before = data.read_bytes()
        with pytest.raises(SystemExit) as ended:
            main([*words, "--out", str(data)])
        assert ended.value.code == 2
        assert "data.npz is what" in capsys.readouterr().err
        assert data.read_bytes() == before


def test_the_picture_that_was_given_is_not_written_over(
    tmp_path: Path, tiny_npz: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = sparring.train(
        "gan", data=f"npz:{tiny_npz}", out=tmp_path / "run", max_steps=1, batch_size=20, quiet=True
    )
    for name in ("me.png", "hole.png"):
        Image.new("L", (20, 20), 99).save(tmp_path / name)
    me, hole = str(tmp_path / "me.png"), str(tmp_path / "hole.png")
    for words in (
        ["project", str(run.path), me, "--out", me],
        ["project", str(run.path), me, "--mask", hole, "--out", hole],
        ["sample", str(run.path), "--around", me, "--out", me],
    ):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert "is what was given to look at: write to another name" in capsys.readouterr().err
    assert {Image.open(path).getpixel((0, 0)) for path in (me, hole)} == {99}

"""Files of data that promise too much, become too much, or are no files: refused, and nothing hangs."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sparring import memory
from sparring.data import load_dataset
from sparring.data.idx import parse_idx
from sparring.errors import DataError
from sparring.memory import Admission, free_memory, require_memory, size_text

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte is free, whatever this machine has."""
    monkeypatch.setattr(memory, "free_memory", lambda: 10**6)


def npz(path: Path, shape: tuple[int, ...], content: bytes) -> str:
    """Zipped images whose header promises a shape."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("images.npy", header.getvalue() + content)
    return f"npz:{path}"


class TestMemory:
    def test_some_is_free_and_less_than_all(self) -> None:
        assert 2**20 < free_memory() < 2**60

    @pytest.mark.usefixtures("little_memory")
    def test_what_does_not_fit_is_refused_with_both_numbers(self) -> None:
        require_memory(10**6, "A cat")
        with pytest.raises(DataError, match=r"A cat would take 2 MB of memory, and 1 MB are free"):
            require_memory(2 * 10**6, "A cat")

    def test_sizes_as_a_person_says_them(self) -> None:
        assert [size_text(10**power) for power in (2, 4, 10, 16)] == [
            "100 bytes",
            "10 kB",
            "10 GB",
            "10,000 TB",
        ]

    @pytest.mark.usefixtures("little_memory")
    def test_work_that_does_not_fit_beside_other_work_waits(self) -> None:
        admission, order = Admission(share=0.5), []

        def wait() -> None:
            with admission.of(400_000):
                order.append("second")

        with admission.of(200_000), admission.of(200_000):
            waiting = threading.Thread(target=wait)
            waiting.start()
            waiting.join(0.05)
            order.append("first")
        waiting.join()
        assert order == ["first", "second"]

    @pytest.mark.usefixtures("little_memory")
    def test_work_that_is_too_large_for_its_share_is_done_alone(self) -> None:
        with Admission(share=0.5).of(900_000):
            pass


class TestIdx:
    def test_no_more_is_unzipped_than_the_header_promises(self) -> None:
        read = 0

        class Counting(io.BytesIO):
            def read(self, *most: int) -> bytes:  # type: ignore[override]
                nonlocal read
                content = super().read(*most)
                read += len(content)
                return content

        start = struct.pack(">HBBI", 0, 8, 1, 10)
        content = gzip.compress(start + np.random.default_rng(0).bytes(10**6))
        with pytest.raises(DataError, match="promises 10 bytes of data and more follow"):
            parse_idx(Counting(content), "it")
        assert read < 300_000

    @pytest.mark.usefixtures("little_memory")
    def test_a_promise_that_does_not_fit(self, tmp_path: Path) -> None:
        content = struct.pack(">HBB3I", 0, 8, 3, 50_000, 28, 28)
        (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
        with pytest.raises(DataError, match=r"50,000 x 28 x 28 bytes, would take 39.2 MB of memory"):
            load_dataset(f"idx:{tmp_path}")

    @needs_pipes
    def test_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "train-images-idx3-ubyte")
        with pytest.raises(DataError, match="cannot be read: it is no plain file"):
            load_dataset(f"idx:{tmp_path}")

    def test_an_endless_device(self, tmp_path: Path) -> None:
        if not Path("/dev/zero").exists():
            pytest.skip("no such device here")
        (tmp_path / "train-images-idx3-ubyte").symlink_to("/dev/zero")
        with pytest.raises(DataError, match="cannot be read: it is no plain file"):
            load_dataset(f"idx:{tmp_path}")


class TestNpz:
    def test_more_promised_than_there_is(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"'images.npy' promises 3,920,000,000,\d+ bytes and has 9\d\d"):
            load_dataset(npz(tmp_path / "a.npz", (5_000_000_000, 28, 28), bytes(784)))

    def test_less_promised_than_there_is(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"'images.npy' promises 9\d\d bytes and has 1,6\d\d"):
            load_dataset(npz(tmp_path / "a.npz", (1, 28, 28), bytes(2 * 784)))

    @pytest.mark.usefixtures("little_memory")
    def test_what_becomes_too_large(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"a.npz, unzipped, would take 1.57 MB of memory"):
            load_dataset(npz(tmp_path / "a.npz", (1000, 28, 28), bytes(784_000)))

    @needs_pipes
    def test_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.npz")
        with pytest.raises(DataError, match=r"a.npz is no plain file, but 'npz:' takes a file"):
            load_dataset(f"npz:{tmp_path / 'a.npz'}")


class TestPictures:
    def test_postscript_is_no_image_whatever_it_is_called(self, tmp_path: Path) -> None:
        Image.new("L", (8, 8)).save(tmp_path / "a.eps")
        with pytest.raises(DataError, match="holds no images"):
            load_dataset(f"folder:{tmp_path}")
        (tmp_path / "a.eps").rename(tmp_path / "a.png")
        with pytest.raises(DataError, match="it is of no format that Pillow knows"):
            load_dataset(f"folder:{tmp_path}")

    @pytest.mark.usefixtures("little_memory")
    def test_one_that_does_not_fit(self, tmp_path: Path) -> None:
        Image.new("1", (4000, 2000)).save(tmp_path / "a.png")
        with pytest.raises(DataError, match=r"a.png cannot .*4,000 x 2,000 pixels would take 128 MB"):
            load_dataset(f"folder:{tmp_path}")

    @pytest.mark.usefixtures("little_memory")
    def test_many_that_do_not_fit_together(self, tmp_path: Path) -> None:
        for number in range(4):
            Image.new("L", (8, 8)).save(tmp_path / f"{number}.png")
        with pytest.raises(DataError, match=r"4 images of 4000 x 4000 pixels would take 64 MB"):
            load_dataset(f"folder:{tmp_path}", size=4000)


@pytest.mark.usefixtures("little_memory")
def test_images_that_would_be_made_too_large(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((10, 4, 4), np.uint8))
    with pytest.raises(DataError, match=r"10 images of 400 x 400 pixels would take 1.6 MB"):
        load_dataset(f"npz:{tmp_path / 'a.npz'}", size=400)


@pytest.mark.usefixtures("little_memory")
def test_a_mixture_of_many_dimensions(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"means": [[0] * 500, [1] * 500], "deviation": 0.1}))
    with pytest.raises(DataError, match=r"A mixture of 500 dimensions would take 660 MB of memory"):
        load_dataset(f"mixture:{tmp_path / 'a.json'}")

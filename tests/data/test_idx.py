"""The IDX format and the bundled MNIST."""

import gzip
import hashlib
import importlib.resources
import io
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sparring.data import load_dataset
from sparring.data.digits import MNIST_SHA256
from sparring.data.idx import parse_idx
from sparring.errors import DataError


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def parsed_from(content):
    return parse_idx(io.BytesIO(content), "it")


IMAGES = np.arange(4 * 6 * 5, dtype=np.uint8).reshape(4, 6, 5)
LABELS = np.array([3, 0, 1, 1], dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    return tmp_path


class TestParser:
    @settings(deadline=None)
    @given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=4, max_side=6)), st.booleans())
    def test_round_trip(self, array, zipped):
        content = gzip.compress(idx(array), 1) if zipped else idx(array)
        parsed = parsed_from(content)
        assert parsed.dtype == torch.uint8
        assert np.array_equal(parsed.numpy(), array)

    @settings(deadline=None)
    @given(st.binary(max_size=64))
    def test_arbitrary_bytes_raise_nothing_but_data_errors(self, content):
        for start in (b"", b"\0\0\x08\x01", b"\0\0\x08\x03", b"\x1f\x8b\x08"):
            try:
                assert parsed_from(start + content).numel() > 0
            except DataError:
                continue

    @settings(deadline=None)
    @given(st.data())
    def test_damaged_gzip_raises_nothing_but_data_errors(self, data):
        content = bytearray(gzip.compress(idx(IMAGES), 1))
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] ^= data.draw(st.integers(1, 255))
        try:
            assert parsed_from(bytes(content)).numel() > 0
        except DataError:
            return

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "it is not an IDX file"),
            (b"GIF89a........", "it is not an IDX file"),
            (b"\0\0\x0d\x01" + bytes(8), "it holds numbers of type 0x0d; only unsigned bytes"),
            (b"\0\0\x08\x00", "it says it has 0 dimensions"),
            (b"\0\0\x08\x05" + bytes(40), "it says it has 5 dimensions"),
            (b"\0\0\x08\x03\0\0\0\1", "it is truncated: it ends within its header"),
            (idx(IMAGES)[:-1], "it is truncated: its header promises 120 bytes of data and 119 follow"),
            (idx(IMAGES) + b"!", "it is damaged: its header promises 120 bytes of data and more follow"),
            (b"\0\0\x08\x04" + b"\xff" * 16, "it, whose header promises 4,294,967,295 x .* TB of memory"),
            (idx(np.zeros((0, 6, 5), np.uint8)), r"it is empty: its header gives the dimensions \(0, 6, 5\)"),
            (gzip.compress(idx(IMAGES))[:-12], "it is truncated: its gzip data ends too soon"),
            (b"\x1f\x8b\x07" + bytes(20), "it is damaged: its gzip data cannot be unpacked"),
        ],
    )
    def test_errors(self, content, message):
        with pytest.raises(DataError, match=message):
            parsed_from(content)


class TestFolder:
    @pytest.mark.parametrize("dot", ["-", "."])
    @pytest.mark.parametrize("zipped", [False, True])
    def test_spellings(self, tmp_path, dot, zipped):
        for stem, array in [("images", IMAGES), ("labels", LABELS)]:
            file = tmp_path / f"train-{stem}{dot}idx{array.ndim}-ubyte{'.gz' if zipped else ''}"
            file.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
        dataset = load_dataset(f"idx:{tmp_path}")
        assert np.array_equal(dataset.examples.values.numpy(), IMAGES[:, None])
        assert dataset.class_names == ("0", "1", "3"), "nothing is a 2"
        assert dataset.condition.values.tolist() == [2, 0, 1, 1]
        assert dataset.condition.values.dtype == torch.int64
        assert dataset.held_out is None

    def test_labels_are_optional(self, folder):
        (folder / "train-labels-idx1-ubyte").unlink()
        dataset = load_dataset(f"idx:{folder}")
        assert dataset.spec.classes == 0
        assert dataset.spec.classes == 0

    def test_the_test_split_shares_the_classes(self, folder):
        (folder / "t10k-images-idx3-ubyte").write_bytes(idx(IMAGES[:2]))
        (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.array([5, 0], np.uint8)))
        dataset = load_dataset(f"idx:{folder}")
        assert dataset.class_names == dataset.held_out.class_names == ("0", "1", "3", "5")
        assert dataset.held_out.condition.values.tolist() == [3, 0]

    def test_labels_from_one_on_leave_no_class_that_nothing_is_of(self, folder):
        """Such as those of letters, of which the first is 1."""
        (folder / "train-labels-idx1-ubyte").write_bytes(idx(LABELS + np.uint8(1)))
        dataset = load_dataset(f"idx:{folder}")
        assert dataset.class_names == ("1", "2", "4")
        assert dataset.condition.values.tolist() == [2, 0, 1, 1]

    def test_size_crops_and_resizes(self, folder):
        assert load_dataset(f"idx:{folder}").spec.shape == (1, 6, 5)
        assert load_dataset(f"idx:{folder}", size=8).spec.shape == (1, 8, 8)
        cropped = load_dataset(f"idx:{folder}", size=5)
        assert np.array_equal(cropped.examples.values.numpy()[:, 0], IMAGES[:, :5])

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            ({"train-images-idx3-ubyte": None}, "has train-labels but no train-images-idx3-ubyte"),
            (
                {"train-images-idx3-ubyte": None, "train-labels-idx1-ubyte": None},
                "holds no train-images-idx3-ubyte, plain or .gz, so it is no IDX data set",
            ),
            ({"train-labels-idx1-ubyte": LABELS[:3]}, "has 4 train-images but 3 train-labels"),
            ({"train-labels-idx1-ubyte": IMAGES}, "has 3 dimensions where train-labels need 1"),
            ({"train-images-idx3-ubyte": LABELS}, "has 1 dimension where train-images need 3"),
            ({"t10k-labels-idx1-ubyte": LABELS}, "has t10k-labels but no t10k-images"),
            ({"t10k-images-idx3-ubyte": IMAGES}, "has labels for only one of train and t10k"),
            (
                {"t10k-images-idx3-ubyte": IMAGES[:, :5], "t10k-labels-idx1-ubyte": LABELS},
                "has training images of 5 x 6 pixels but t10k images of 5 x 5 pixels",
            ),
        ],
    )
    def test_errors(self, folder, files, message):
        for name, array in files.items():
            if array is None:
                (folder / name).unlink()
            else:
                (folder / name).write_bytes(idx(array))
        with pytest.raises(DataError, match=message):
            load_dataset(f"idx:{folder}")

    def test_the_damaged_file_is_named(self, folder):
        (folder / "train-images-idx3-ubyte").write_bytes(b"<html>")
        with pytest.raises(DataError, match="train-images-idx3-ubyte is not an IDX file"):
            load_dataset(f"idx:{folder}")

    def test_an_unreadable_file(self, folder):
        (folder / "train-images-idx3-ubyte").unlink()
        (folder / "train-images-idx3-ubyte").mkdir()
        with pytest.raises(DataError, match="train-images-idx3-ubyte cannot be read: is a directory"):
            load_dataset(f"idx:{folder}")


class TestMnist:
    @pytest.mark.parametrize("name", MNIST_SHA256)
    def test_the_bundled_files_are_the_right_ones(self, name):
        content = (importlib.resources.files("sparring.data") / "mnist" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == MNIST_SHA256[name]

    def test_known_answers(self):
        mnist = load_dataset("mnist")
        assert mnist.name == "mnist"
        assert mnist.examples.values.shape == (60_000, 1, 28, 28)
        assert mnist.examples.values.dtype == torch.uint8
        assert mnist.examples.values.sum().item() == 1_567_298_545
        assert mnist.condition.values.bincount().tolist() == [
            5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949
        ]  # fmt: skip
        assert mnist.condition.values[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
        assert mnist.class_names == tuple("0123456789")
        assert mnist.held_out.examples.values.shape == (10_000, 1, 28, 28)
        assert mnist.held_out.condition.values.bincount().tolist() == [
            980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009
        ]  # fmt: skip
        assert mnist.held_out.condition.values[:5].tolist() == [7, 2, 1, 0, 4]
        mean = mnist.examples.values.sum().item() / mnist.examples.values.numel() / 255
        assert mean == pytest.approx(0.1307, abs=5e-5)

    def test_the_native_size_leaves_the_bytes_alone(self):
        assert load_dataset("mnist", size=28).fingerprint == load_dataset("mnist").fingerprint

    def test_resizing_keeps_the_mean(self):
        mnist = load_dataset("mnist", size=14)
        assert mnist.spec.shape == mnist.held_out.spec.shape == (1, 14, 14)
        assert mnist.examples.values.float().mean().item() / 255 == pytest.approx(0.1307, abs=1e-3)

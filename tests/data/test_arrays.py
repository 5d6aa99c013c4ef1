"""Data sets and samples in .npz files."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sparring.data import dataset_of, load_dataset
from sparring.data.arrays import read_npz
from sparring.data.dataset import Column, no_condition
from sparring.data.kinds import Classes, Images, Nothing, Points, Tokens, kind_of
from sparring.data.resizing import Frame, brought_to
from sparring.data.samples import read_samples, save_parts, save_samples
from sparring.data.summary import hints
from sparring.errors import DataError, RunError

GREY = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
COLOUR = np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3)
POINTS = np.array([[0.5, -1.0], [2.0, 3.0]])

in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)


@pytest.fixture
def load(tmp_path):
    def load_arrays(size=None, **stored):
        np.savez(tmp_path / "own.npz", **stored)
        return load_dataset(f"npz:{tmp_path / 'own.npz'}", size=size)

    return load_arrays


def test_points_may_bring_what_is_held_out(tmp_path: Path) -> None:
    points = np.linspace(-1, 1, 24).reshape(12, 2)
    labels = np.arange(12) % 2
    arrays = {"points": points[:8], "labels": labels[:8], "x_test": points[8:], "y_test": labels[8:]}
    np.savez(tmp_path / "own.npz", **arrays)
    dataset = read_npz(tmp_path / "own.npz")
    assert dataset.held_out is not None
    assert torch.equal(dataset.held_out.examples.values, torch.from_numpy(points[8:]).float())
    assert dataset.held_out.condition.values.tolist() == [0, 1, 0, 1]
    np.savez(tmp_path / "own.npz", points=points[:8], x_test=GREY)
    with pytest.raises(DataError, match=r"'x_test' in .* points are floats of shape N x dimensions"):
        read_npz(tmp_path / "own.npz")
    np.savez(tmp_path / "own.npz", points=points[:8], x_test=np.zeros((3, 5)))
    with pytest.raises(DataError, match="points of 2 but x_test of 5"):
        read_npz(tmp_path / "own.npz")


class TestImages:
    def test_grey(self, load):
        dataset = load(images=GREY)
        assert np.array_equal(dataset.examples.values.numpy(), GREY[:, None])
        assert dataset.spec.classes == 0
        assert dataset.held_out is None
        assert dataset.name.endswith("/own.npz")

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_channels_last(self, load, order):
        dataset = load(images=np.array(COLOUR, order=order))
        assert dataset.examples.values.is_contiguous()
        assert np.array_equal(dataset.examples.values.numpy(), COLOUR.transpose(0, 3, 1, 2))

    def test_channels_first(self, load):
        dataset = load(images=COLOUR.transpose(0, 3, 1, 2))
        assert np.array_equal(dataset.examples.values.numpy(), COLOUR.transpose(0, 3, 1, 2))

    def test_where_both_readings_fit_channels_are_last(self, load):
        images = np.arange(2 * 3 * 4 * 1, dtype=np.uint8).reshape(2, 3, 4, 1)
        assert load(images=images).spec.shape == (1, 3, 4)

    def test_size_crops_the_centre_and_resizes(self, load):
        images = np.zeros((2, 4, 8), np.uint8)
        images[:, :, 2:6] = 200
        assert load(images=images).spec.shape == (1, 4, 8)
        resized = load(size=6, images=images).examples.values
        assert resized.shape == (2, 1, 6, 6)
        assert (resized == 200).all()

    def test_labels_are_any_integers(self, load):
        dataset = load(images=GREY, labels=np.array([7, -2, 7]))
        assert dataset.condition.values.tolist() == [1, 0, 1]
        assert dataset.condition.values.dtype == torch.int64
        assert dataset.class_names == ("-2", "7")

    def test_labels_are_any_texts(self, load):
        dataset = load(images=GREY, labels=np.array(["cat", "10", "cat"]))
        assert dataset.condition.values.tolist() == [1, 0, 1]
        assert dataset.class_names == ("10", "cat")

    def test_as_keras_ships_them(self, load):
        dataset = load(
            x_train=COLOUR,
            y_train=np.array([[3], [1], [3]], np.uint8),
            x_test=COLOUR[:2],
            y_test=np.array([[9], [1]], np.uint8),
        )
        assert dataset.condition.values.tolist() == [1, 0, 1]
        assert dataset.held_out.condition.values.tolist() == [2, 0]
        assert dataset.class_names == dataset.held_out.class_names == ("1", "3", "9")
        assert dataset.held_out.examples.values.shape == (2, 3, 4, 5)

    def test_their_test_split_beside_other_names(self, load):
        arrays = {"images": GREY, "labels": np.arange(3), "x_test": GREY[:2], "y_test": np.array([2, 0])}
        dataset = load(**arrays)
        assert len(dataset) == 3
        assert dataset.held_out.condition.values.tolist() == [2, 0]
        with pytest.raises(DataError, match="only one of labels and y_test"):
            load(**{name: array for name, array in arrays.items() if name != "y_test"})

    def test_keras_without_a_test_split(self, load):
        dataset = load(x_train=GREY)
        assert dataset.spec.classes == 0
        assert dataset.held_out is None


class TestPositional:
    """What `numpy.savez` calls arrays that are given without a name."""

    @pytest.fixture
    def savez(self, tmp_path):
        def save(*arrays):
            np.savez(tmp_path / "own.npz", *arrays)
            return tmp_path / "own.npz"

        return save

    @pytest.mark.parametrize("examples", [COLOUR, POINTS], ids=["images", "points"])
    def test_examples_alone(self, savez, examples):
        path, named = savez(examples), COLOUR.transpose(0, 3, 1, 2) if examples is COLOUR else POINTS
        assert np.array_equal(load_dataset(f"npz:{path}").examples.values.numpy(), named)
        assert np.array_equal(read_samples(path, Nothing()).examples.values.numpy(), named)

    def test_with_labels(self, savez):
        path = savez(GREY, np.array([5, 3, 5]))
        dataset = load_dataset(f"npz:{path}")
        assert dataset.class_names == ("3", "5")
        assert read_samples(path, dataset.condition.kind).condition.values.tolist() == [1, 0, 1]

    def test_more_than_that_says_nothing(self, savez):
        with pytest.raises(DataError, match="holds 'arr_0', 'arr_1', 'arr_2'; it must hold one of 'images'"):
            load_dataset(f"npz:{savez(GREY, np.arange(3), GREY)}")


class TestPoints:
    @pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f8"])
    def test_any_float(self, load, kind):
        dataset = load(points=POINTS.astype(kind), labels=[0, 1])
        assert dataset.examples.values.dtype == torch.float32
        assert dataset.examples.values.tolist() == POINTS.tolist()
        assert dataset.condition.values.tolist() == [0, 1]
        assert dataset.spec.kind.name == "points"


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({}, "own.npz holds no arrays; it must hold one of 'images', 'x_train', 'points'"),
        ({"photos": GREY, "b": GREY}, "own.npz holds 'photos', 'b'; it must hold one of 'images'"),
        ({"images": GREY, "points": POINTS}, "own.npz holds images and points at once; keep one"),
        (
            {"images": GREY / 255.0},
            "'images' in .* is of type float64; convert it to uint8 with values from 0",
        ),
        ({"images": GREY.astype(np.int32)}, "'images' in .* is of type int32; convert it to uint8"),
        ({"images": GREY > 3}, "'images' in .* is of type bool; convert it to uint8"),
        ({"images": GREY[0]}, r"'images' in .* has the shape \(4, 5\); images are N x height x width"),
        ({"images": np.zeros((2, 5, 5, 2), np.uint8)}, r"has the shape \(2, 5, 5, 2\).* 1 or 3 channels"),
        ({"images": np.zeros((2, 5, 5, 4), np.uint8)}, r"has the shape \(2, 5, 5, 4\).* 1 or 3 channels"),
        ({"images": GREY[:0]}, r"'images' in .* is empty, of shape \(0, 4, 5\)"),
        ({"images": np.uint8(3)}, r"'images' in .* is empty, of shape \(\)"),
        (
            {"points": POINTS[0]},
            r"'points' in .* is of type float64 and shape \(2,\); points are floats of shape",
        ),
        ({"points": GREY[0]}, r"'points' in .* is of type uint8 and shape \(4, 5\); points are floats"),
        (
            {"points": POINTS * np.inf},
            "'points' in .* holds infinite numbers, NaN, or numbers beyond float32",
        ),
        ({"points": POINTS * np.nan}, "'points' in .* holds infinite numbers"),
        ({"points": POINTS * 1e300}, "'points' in .* holds infinite numbers"),
        (
            {"images": GREY, "labels": np.arange(4)},
            "holds 3 examples but 4 in 'labels'; each example needs one",
        ),
        (
            {"images": GREY, "labels": np.eye(3, dtype=int)},
            r"'labels' in .* is of type int64 and shape \(3, 3\)",
        ),
        (
            {"images": GREY, "labels": np.arange(3.0)},
            "'labels' in .* is of type float64 .* labels are integers or texts",
        ),
        ({"images": GREY, "labels": np.array([b"a", b"b", b"c"])}, r"'labels' in .* is of type \|S1"),
        (
            {"x_train": GREY, "y_train": [1, 2, 3], "x_test": GREY, "y_test": ["1", "2", "3"]},
            "integers for labels in one split and texts in the other",
        ),
        (
            {"images": GREY, "labels": np.array([0, 1, 2**64 - 1], np.uint64)},
            "holds 18446744073709551615; labels",
        ),
        ({"x_train": GREY, "y_train": np.arange(3), "x_test": GREY}, "has only one of y_train and y_test"),
        ({"x_train": GREY, "x_test": GREY[:, :2]}, "has x_train of 1 x 4 x 5 but x_test of 1 x 2 x 5"),
    ],
)
def test_errors(load, stored, message):
    with pytest.raises(DataError, match=message):
        load(**stored)


class TestForeignFiles:
    def test_objects_are_not_unpickled(self, tmp_path):
        np.savez(tmp_path / "own.npz", images=np.array([{"a": 1}, None], dtype=object))
        with pytest.raises(
            DataError, match=r"own.npz holds Python objects, which are not read; store numbers"
        ):
            read_npz(tmp_path / "own.npz")

    def test_npy(self, tmp_path):
        np.save(tmp_path / "own.npy", GREY)
        with pytest.raises(DataError, match=r"own.npy is not a .npz file; write one with numpy.savez"):
            read_npz(tmp_path / "own.npy")

    @pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04", b"\x80\x04N."])
    def test_anything_else(self, tmp_path, content):
        (tmp_path / "own.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"own.npz is not a .npz file"):
            read_npz(tmp_path / "own.npz")

    def test_a_zip_of_other_things(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "own.npz", "w") as file:
            file.writestr("images", b"not an array")
        with pytest.raises(DataError, match=r"own.npz holds no arrays"):
            read_npz(tmp_path / "own.npz")

    def test_an_array_larger_than_memory(self, tmp_path):
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (2**40, 2**15, 28)}
        )
        with zipfile.ZipFile(tmp_path / "own.npz", "w") as file:
            file.writestr("images.npy", header.getvalue())
        with pytest.raises(DataError, match=r"own.npz is damaged"):
            read_npz(tmp_path / "own.npz")

    def test_what_nobody_asks_for_is_not_read(self, tmp_path):
        """It could not be: it promises more than it has."""
        images, other = io.BytesIO(), io.BytesIO()
        np.save(images, GREY)
        np.lib.format.write_array_header_1_0(
            other, {"descr": "|u1", "fortran_order": False, "shape": (2**40,)}
        )
        with zipfile.ZipFile(tmp_path / "own.npz", "w") as file:
            file.writestr("images.npy", images.getvalue())
            file.writestr("other.npy", other.getvalue())
            file.writestr("notes.txt", b"of the photographer")
        assert len(read_npz(tmp_path / "own.npz")) == len(GREY)

    def test_a_header_that_breaks_off(self, tmp_path):
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 8, 8\n"
        with zipfile.ZipFile(tmp_path / "own.npz", "w") as file:
            file.writestr("images.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header)
        with pytest.raises(DataError, match=r"own.npz is damaged"):
            read_npz(tmp_path / "own.npz")

    def test_an_unreadable_file(self, tmp_path):
        with pytest.raises(DataError, match="cannot be read: is a directory"):
            read_npz(tmp_path)

    @in_one_folder
    @given(data=st.data())
    def test_damage_raises_nothing_but_data_errors(self, tmp_path, data):
        content = io.BytesIO()
        np.savez_compressed(content, images=GREY, labels=np.arange(3))
        damaged = bytearray(content.getvalue())
        for _ in range(data.draw(st.integers(1, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        (tmp_path / "own.npz").write_bytes(damaged)
        try:
            assert len(read_npz(tmp_path / "own.npz")) > 0
        except DataError:
            return


def column(examples):
    return Column(kind_of(examples), examples)


def classes(labels, count):
    return Column(Classes(tuple(map(str, range(count)))), torch.as_tensor(labels))


OWN_LABELS = ([1, 3, 2], [7, -2, 7], [[3], [9], [7]], [10, 2, 1], ["cat", "10", "dog"], ["07", "7", "a"])


class TestSamples:
    @in_one_folder
    @given(
        images=arrays.arrays(
            np.uint8,
            st.tuples(st.integers(1, 4), st.sampled_from([1, 3]), st.integers(1, 6), st.integers(1, 6)),
        ),
        labelled=st.booleans(),
    )
    def test_images_round_trip(self, tmp_path, images, labelled):
        told = classes(torch.arange(len(images)) * 3, 12) if labelled else no_condition(len(images))
        save_samples(tmp_path / "samples.npz", column(torch.from_numpy(images)), told)
        samples = read_samples(tmp_path / "samples.npz", told.kind)
        assert samples.examples.values.dtype == torch.uint8
        assert np.array_equal(samples.examples.values.numpy(), images)
        assert torch.equal(samples.condition.values, told.values)

    def test_parts_are_stored_as_the_whole_is(self, tmp_path):
        images = torch.arange(5 * 2 * 3, dtype=torch.uint8).view(5, 1, 2, 3)
        told = classes([4, 0, 1, 0, 2], 6)
        parts = ((column(images[cut]), told[cut]) for cut in (slice(0, 2), slice(2, 4), slice(4, 5)))
        save_parts(tmp_path / "parts.npz", parts, 5)
        save_samples(tmp_path / "whole.npz", column(images), told)
        assert (tmp_path / "parts.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
        samples = read_samples(tmp_path / "parts.npz", told.kind)
        assert torch.equal(samples.examples.values, images)
        assert torch.equal(samples.condition.values, told.values)

    def test_points_round_trip(self, tmp_path):
        points = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
        save_samples(tmp_path / "samples.npz", column(points), no_condition(5))
        samples = read_samples(tmp_path / "samples.npz", Nothing())
        assert torch.equal(samples.examples.values, points)
        assert samples.condition.kind == Nothing()

    def test_what_is_stored(self, tmp_path):
        images = torch.from_numpy(COLOUR).permute(0, 3, 1, 2)
        save_samples(tmp_path / "samples.npz", column(images), classes([5, 0, 5], 6))
        with np.load(tmp_path / "samples.npz") as stored:
            assert set(stored) == {"images", "labels"}
            assert np.array_equal(stored["images"], COLOUR)
            assert stored["labels"].dtype == np.int64
        assert [file.name for file in tmp_path.iterdir()] == ["samples.npz"]

    def test_texts_and_sources_are_stored_as_they_are(self, tmp_path):
        tokens = Column(Tokens((2,), ("a", "b", "c")), torch.tensor([[0, 2], [1, 1]]))
        sources = column(torch.arange(2 * 4 * 5, dtype=torch.uint8).view(2, 1, 4, 5))
        save_samples(tmp_path / "samples.npz", tokens, sources)
        with np.load(tmp_path / "samples.npz") as stored:
            assert set(stored) == {"tokens", "sources"}
            assert stored["tokens"].tolist() == [[0, 2], [1, 1]]
            assert np.array_equal(stored["sources"][..., 0], sources.values[:, 0].numpy())

    def test_samples_are_a_data_set(self, tmp_path):
        images = column(torch.from_numpy(GREY)[:, None])
        save_samples(tmp_path / "own.npz", images, classes([1, 0, 1], 2))
        assert load_dataset(f"npz:{tmp_path / 'own.npz'}").condition.values.tolist() == [1, 0, 1]

    @pytest.mark.parametrize("labels", OWN_LABELS, ids=str)
    def test_labels_are_those_of_the_data_there_and_back(self, tmp_path, labels):
        np.savez(tmp_path / "data.npz", images=GREY, labels=np.array(labels))
        dataset = load_dataset(f"npz:{tmp_path / 'data.npz'}")
        save_samples(tmp_path / "samples.npz", dataset.examples, dataset.condition)
        with np.load(tmp_path / "samples.npz") as stored:
            assert stored["labels"].tolist() == np.ravel(labels).tolist()
        read = read_samples(tmp_path / "samples.npz", dataset.condition.kind)
        assert torch.equal(read.condition.values, dataset.condition.values)
        assert read.class_names == dataset.class_names

    def test_labels_that_the_data_does_not_have_are_refused_by_name(self, tmp_path):
        np.savez(tmp_path / "own.npz", images=GREY, labels=[1, 0, 2])
        said = r"own.npz are not those of the data. The data has no class '0'. The classes are: 1, 2, 3\."
        with pytest.raises(DataError, match=said):
            read_samples(tmp_path / "own.npz", Classes(("1", "2", "3")))

    def test_labels_of_data_without_classes_are_nothing(self, tmp_path):
        np.savez(tmp_path / "own.npz", images=GREY, labels=[1, 0, 2])
        assert read_samples(tmp_path / "own.npz", Nothing()).condition.kind == Nothing()

    def test_a_file_is_replaced_whole_or_not_at_all(self, tmp_path):
        file = tmp_path / "samples.npz"
        save_samples(file, column(torch.zeros(2, 1, 4, 4, dtype=torch.uint8)), no_condition(2))
        with pytest.raises(DataError):
            save_samples(file, column(torch.zeros(2, 1, 4, 4, dtype=torch.uint8)), no_condition(3))
        assert len(read_samples(file, Nothing())) == 2
        save_samples(file, column(torch.ones(3, 1, 4, 4, dtype=torch.uint8)), no_condition(3))
        assert len(read_samples(file, Nothing())) == 3

    @pytest.mark.parametrize(
        ("kind", "values", "found"),
        [
            (Images((1, 4, 4)), torch.zeros(2, 1, 4, 4), "torch.float32 of shape (1, 4, 4)"),
            (Images((1, 4, 4)), torch.zeros(2, 4, 4, dtype=torch.uint8), "torch.uint8 of shape (4, 4)"),
            (Points((2,)), torch.zeros(2, 2, dtype=torch.int64), "torch.int64 of shape (2,)"),
        ],
    )
    def test_values_that_are_not_of_their_kind_are_refused(self, tmp_path, kind, values, found):
        with pytest.raises(DataError, match=re.escape(f"Samples cannot be saved: these are {found} and not")):
            save_samples(tmp_path / "samples.npz", Column(kind, values), no_condition(2))

    def test_labels_that_do_not_fit_are_refused(self, tmp_path):
        points = column(torch.zeros(2, 2))
        with pytest.raises(DataError, match="2 samples cannot go with 3 conditions: give one for each"):
            save_samples(tmp_path / "samples.npz", points, classes([0, 1, 2], 3))
        with pytest.raises(DataError, match="these are classes from 0 to 2 and not from 0 to 1"):
            save_samples(tmp_path / "samples.npz", points, classes([0, 2], 2))

    def test_a_folder_that_does_not_exist(self, tmp_path):
        with pytest.raises(RunError, match=r"Cannot write .*samples.npz"):
            save_samples(tmp_path / "missing" / "samples.npz", column(torch.zeros(2, 2)), no_condition(2))

    def test_samples_must_be_images_or_points(self, tmp_path):
        np.savez(tmp_path / "own.npz", x_train=GREY)
        with pytest.raises(DataError, match="holds 'x_train'; it must hold one of 'images', 'points'"):
            read_samples(tmp_path / "own.npz", Nothing())


class TestResizing:
    def test_untouched_where_nothing_is_asked(self):
        images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
        assert brought_to(None, images) is images
        assert brought_to(Frame(4, 4), images) is images

    def test_a_checkerboard_becomes_grey(self):
        board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 255
        small = brought_to(Frame(2, 2), board.to(torch.uint8).expand(1, 3, 8, 8))
        assert (small.int() - 128).abs().max() <= 8

    def test_many_images_are_resized_in_parts(self, monkeypatch):
        images = torch.arange(7 * 9, dtype=torch.uint8).view(7, 1, 3, 3)
        whole = brought_to(Frame(5, 5), images)
        monkeypatch.setattr("sparring.data.resizing.RESIZED_AT_ONCE", 60)
        assert torch.equal(brought_to(Frame(5, 5), images), whole)


def test_arrays_that_are_not_read_are_named(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8), dtype=np.uint8)

    def said(**others: np.ndarray) -> list[str]:
        np.savez(tmp_path / "x.npz", images=images, **others)
        return hints(load_dataset(f"npz:{tmp_path / 'x.npz'}"))

    (hint,) = said(y_train=np.arange(4), extra=np.zeros(1))
    assert hint.startswith("Not read from x.npz: extra, y_train. Labels of 'images' are called 'labels',")
    assert said(labels=np.arange(4)) == said() == []


@pytest.mark.parametrize("examples", [torch.zeros(4, 3, 8, 8), torch.zeros(4, 8, dtype=torch.uint8)])
def test_examples_that_are_neither_images_nor_points_are_refused(examples: torch.Tensor) -> None:
    with pytest.raises(DataError, match="Examples are images, uint8 from 0 to 255 of shape"):
        dataset_of("own", examples)

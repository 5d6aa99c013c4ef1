"""Folders of images: every mode and size, layouts, and damaged files."""

import os
import warnings

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sparring.data import load_dataset
from sparring.data.folder import read_folder
from sparring.data.summary import hints
from sparring.errors import DataError

# Modes that can be stored, with a format that stores them.
FORMATS = {
    "1": "png",
    "L": "png",
    "LA": "png",
    "P": "png",
    "RGB": "png",
    "RGBA": "png",
    "I;16": "png",
    "I": "tiff",
    "F": "tiff",
    "CMYK": "tiff",
    "LAB": "tiff",
    "YCbCr": "jpg",
    "PA": "tiff",
}

in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)


def grey(value, width=28, height=28):
    return Image.new("L", (width, height), value)


def load(folder, **options):
    return load_dataset(f"folder:{folder}", **options)


def only(folder, **options):
    """The pixels of the one image in a folder: (height, width) if grey, else (height, width, 3)."""
    dataset = load(folder, **options)
    assert len(dataset) == 1
    return dataset.examples.values[0].permute(1, 2, 0).squeeze(2).numpy()


@pytest.fixture
def corners():
    """An asymmetric picture: a different grey in each quarter."""
    pixels = np.repeat(np.repeat(np.array([[10, 80], [150, 240]], np.uint8), 14, 0), 14, 1)
    return Image.fromarray(pixels)


class TestModes:
    @in_one_folder
    @given(
        mode=st.sampled_from(sorted(FORMATS)),
        width=st.integers(1, 70),
        height=st.integers(1, 70),
        size=st.integers(1, 40),
        seed=st.integers(0, 2**32 - 1),
    )
    def test_any_mode_and_size(self, tmp_path, mode, width, height, size, seed):
        values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        image = Image.fromarray(values)
        if mode == "I;16":
            image = Image.fromarray(values[:, :, 0].astype(np.uint16) * 257)
        elif mode == "PA":
            image = image.convert("P").convert("PA")
        else:
            image = image.convert("L" if mode in ("I", "F") else "RGB").convert(mode)
        for old in tmp_path.iterdir():
            old.unlink()
        image.save(tmp_path / f"image.{FORMATS[mode]}")
        dataset = load(tmp_path, size=size)
        assert dataset.examples.values.dtype == torch.uint8
        assert dataset.examples.values.shape in [(1, 1, size, size), (1, 3, size, size)]
        assert dataset.spec.classes == 0

    @pytest.mark.parametrize("stored", ["png", "tiff"])
    def test_sixteen_bits_are_scaled_not_clipped(self, tmp_path, stored):
        values = np.linspace(0, 65535, 28 * 28).round().astype(np.uint16).reshape(28, 28)
        Image.fromarray(values).save(tmp_path / f"image.{stored}")
        assert np.array_equal(only(tmp_path), np.rint(values / 257).astype(np.uint8))

    def test_sixteen_bits_big_endian(self, tmp_path):
        values = np.linspace(0, 65535, 28 * 28).round().astype(np.uint16).reshape(28, 28)
        image = Image.frombytes("I;16B", (28, 28), values.astype(">u2").tobytes())
        image.save(tmp_path / "image.tiff")
        assert np.array_equal(only(tmp_path), np.rint(values / 257).astype(np.uint8))

    def test_thirty_two_bits_are_read_as_sixteen(self, tmp_path):
        values = np.linspace(0, 65535, 28 * 28).round().astype(np.int32).reshape(28, 28)
        Image.fromarray(values).save(tmp_path / "image.tiff")
        assert np.array_equal(only(tmp_path), np.rint(values / 257).astype(np.uint8))

    def test_a_deep_portable_graymap(self, tmp_path):
        (tmp_path / "image.pgm").write_bytes(
            b"P5 2 2 1023\n" + np.array([0, 341, 682, 1023], ">u2").tobytes()
        )
        assert only(tmp_path, size=2).tolist() == [[0, 85], [170, 255]]

    def test_sixteen_bits_with_a_transparent_value(self, tmp_path):
        values = np.full((28, 28), 1000, np.uint16)
        values[:14] = 30000
        Image.fromarray(values).save(tmp_path / "image.png", transparency=1000)
        pixels = only(tmp_path)
        assert (pixels[:14] == 117).all()
        assert (pixels[14:] == 255).all()

    @pytest.mark.parametrize("values", [[[0.0, 0.2], [0.6, 1.0]], [[0.0, 51.0], [153.0, 255.0]]])
    def test_floats_are_fractions_or_bytes(self, tmp_path, values):
        Image.fromarray(np.array(values, np.float32)).save(tmp_path / "image.tiff")
        assert only(tmp_path, size=2).tolist() == [[0, 51], [153, 255]]

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (
                np.array([[-1.0, 1.0]], np.float32),
                "its floats go from -1.0 to 1.0; they must be 0 to 1, or 0 to 255",
            ),
            (
                np.array([[0.0, 256.0]], np.float32),
                "its floats go from 0.0 to 256.0; they must be 0 to 1, or 0 to 255",
            ),
            (
                np.array([[0.0, np.nan]], np.float32),
                "its floats go from nan to nan; they must be 0 to 1, or 0 to 255",
            ),
            (np.array([[0, 65536]], np.int32), "its values go from 0 to 65536, beyond 16 bits"),
            (np.array([[-1, 5]], np.int32), "its values go from -1 to 5, beyond 16 bits"),
        ],
    )
    def test_values_whose_range_is_unknown_are_refused(self, tmp_path, values, message):
        Image.fromarray(values).save(tmp_path / "image.tiff")
        with pytest.raises(DataError, match=rf"image.tiff cannot be read as an image \({message}"):
            load(tmp_path)

    def test_black_and_white(self, tmp_path):
        Image.fromarray(np.eye(28, dtype=bool)).save(tmp_path / "image.png")
        assert np.array_equal(only(tmp_path), np.eye(28) * 255)

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_transparency_is_put_on_white(self, tmp_path, mode):
        colour = (200, 0, 0, 0) if mode == "RGBA" else (200, 0)
        half = (100, 50, 0, 128) if mode == "RGBA" else (100, 128)
        image = Image.new(mode, (28, 28), colour)
        image.paste(half, (0, 0, 28, 14))
        image.save(tmp_path / "image.png")
        pixels = only(tmp_path)
        assert (pixels[14:] == 255).all()
        expected = [177, 152, 127] if mode == "RGBA" else 177
        assert np.abs(pixels[:14].astype(int) - expected).max() <= 1

    @pytest.mark.parametrize("stored", ["png", "gif"])
    def test_a_palette_with_transparency(self, tmp_path, stored):
        image = Image.new("P", (28, 28), 0)
        image.putpalette([255, 0, 0, 0, 0, 255])
        image.paste(1, (0, 0, 28, 14))
        image.save(tmp_path / f"image.{stored}", transparency=0)
        pixels = only(tmp_path)
        assert (pixels[:14] == [0, 0, 255]).all()
        assert (pixels[14:] == 255).all()

    def test_a_palette_with_partial_transparency(self, tmp_path):
        image = Image.new("P", (28, 28), 0)
        image.putpalette([255, 0, 0, 0, 0, 255])
        image.paste(1, (0, 0, 28, 14))
        image.save(tmp_path / "image.png", transparency=bytes([0, 51]))
        pixels = only(tmp_path)
        assert (pixels[:14] == [204, 204, 255]).all()
        assert (pixels[14:] == 255).all()

    @pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (7, 7, 7)), ("1", 0)])
    def test_a_transparent_colour(self, tmp_path, mode, key):
        image = Image.new(mode, (28, 28), key)
        image.save(tmp_path / "image.png", transparency=key)
        assert (only(tmp_path) == 255).all()

    def test_cmyk(self, tmp_path):
        Image.new("CMYK", (28, 28), (0, 255, 255, 0)).save(tmp_path / "image.tiff")
        assert (only(tmp_path) == [255, 0, 0]).all()

    def test_the_first_frame_of_an_animation(self, tmp_path):
        frames = [grey(value) for value in (40, 120, 200)]
        frames[0].save(tmp_path / "image.gif", save_all=True, append_images=frames[1:])
        assert (only(tmp_path) == 40).all()


class TestGeometry:
    @pytest.mark.parametrize(
        ("orientation", "turned"),
        [
            (1, [[10, 80], [150, 240]]),
            (2, [[80, 10], [240, 150]]),
            (3, [[240, 150], [80, 10]]),
            (4, [[150, 240], [10, 80]]),
            (5, [[10, 150], [80, 240]]),
            (6, [[150, 10], [240, 80]]),
            (7, [[240, 80], [150, 10]]),
            (8, [[80, 240], [10, 150]]),
        ],
    )
    @pytest.mark.parametrize("kind", ["jpg", "png", "png16"])
    def test_exif_orientation(self, tmp_path, corners, orientation, turned, kind):
        exif = Image.Exif()
        exif[0x0112] = orientation
        if kind == "png16":
            corners = Image.fromarray(np.asarray(corners).astype(np.uint16) * 257)
        corners.save(tmp_path / f"image.{kind[:3]}", exif=exif, **({"quality": 100} if kind == "jpg" else {}))
        pixels = only(tmp_path)[7::14, 7::14].astype(int)
        assert np.abs(pixels - turned).max() <= 2

    @pytest.mark.parametrize(("width", "height"), [(56, 28), (28, 56), (200, 101), (30, 29)])
    def test_the_centre_is_kept(self, tmp_path, width, height):
        side = min(width, height)
        image = grey(0, width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image.paste(200, (left, top, left + side, top + side))
        image.save(tmp_path / "image.png")
        assert (only(tmp_path) == 200).all()

    def test_the_size_wanted_already_keeps_the_bytes(self, tmp_path):
        values = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
        Image.fromarray(values).save(tmp_path / "image.png")
        assert np.array_equal(only(tmp_path), values)

    def test_shrinking_averages(self, tmp_path):
        board = (np.indices((280, 280)).sum(0) % 2 * 255).astype(np.uint8)
        Image.fromarray(board).save(tmp_path / "image.png")
        assert np.abs(only(tmp_path).astype(int) - 127).max() <= 3

    def test_a_large_jpeg_is_reduced_faithfully(self, tmp_path, corners):
        corners.resize((1400, 1400), Image.Resampling.NEAREST).save(tmp_path / "image.jpg", quality=95)
        pixels = only(tmp_path)[7::14, 7::14].astype(int)
        assert np.abs(pixels - [[10, 80], [150, 240]]).max() <= 2

    def test_size(self, tmp_path):
        grey(3, 50, 40).save(tmp_path / "image.png")
        assert load(tmp_path).spec.shape == (1, 28, 28)
        assert load(tmp_path, size=7).spec.shape == (1, 7, 7)


class TestChannels:
    def test_one_if_every_image_is_grey(self, tmp_path):
        grey(9).convert("RGB").save(tmp_path / "a.png")
        grey(8).save(tmp_path / "b.jpg")
        grey(7).convert("RGBA").save(tmp_path / "c.png")
        assert load(tmp_path).examples.values[:, :, 0, 0].tolist() == [[9], [8], [7]]

    def test_three_if_any_has_colour(self, tmp_path):
        for name in "ace":
            grey(9).save(tmp_path / f"{name}.png")
        Image.new("RGB", (28, 28), (1, 2, 3)).save(tmp_path / "b.png")
        Image.new("RGB", (28, 28), (4, 5, 6)).save(tmp_path / "d.png")
        examples = load(tmp_path).examples.values
        assert examples.is_contiguous()
        assert examples[:, :, 5, 5].tolist() == [[9, 9, 9], [1, 2, 3], [9, 9, 9], [4, 5, 6], [9, 9, 9]]

    @pytest.mark.parametrize("coloured", ["train", "test"])
    def test_both_splits_have_the_same(self, tmp_path, coloured):
        for split in ("train", "test"):
            (tmp_path / split).mkdir()
            grey(9).save(tmp_path / split / "a.png")
        Image.new("RGB", (28, 28), "red").save(tmp_path / coloured / "b.png")
        dataset = load(tmp_path)
        assert dataset.spec.shape == dataset.held_out.spec.shape == (3, 28, 28)


def fill(folder, *files):
    """Write grey images whose value is their position among the given files."""
    for value, file in enumerate(files):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        grey(value).save(folder / file)


class TestLayout:
    def test_sub_folders_are_classes(self, tmp_path):
        fill(tmp_path, "dog/b.png", "cat/deep/er/a.png", "dog/a.png", "cat/z.png")
        dataset = load(tmp_path)
        assert dataset.class_names == ("cat", "dog")
        assert dataset.condition.values.tolist() == [0, 0, 1, 1]
        assert dataset.condition.values.dtype == torch.int64
        assert dataset.examples.values[:, 0, 0, 0].tolist() == [1, 3, 2, 0]
        assert dataset.name == f"folder:{tmp_path}"

    def test_what_is_no_image_is_ignored(self, tmp_path):
        fill(tmp_path, "a.png", ".hidden.png", "__MACOSX/._a.png", ".thumbnails/a.png")
        for name in ("notes.txt", "Thumbs.db", "data.h5", "film.mpg", "paper.pdf", "README"):
            (tmp_path / name).write_bytes(b"nothing")
        (tmp_path / "empty").mkdir()
        (tmp_path / "folder.png").mkdir()
        assert load(tmp_path).examples.values[:, 0, 0, 0].tolist() == [0]

    def test_hidden_parts_of_a_class_are_ignored(self, tmp_path):
        fill(tmp_path, "cat/a.png", "cat/.b.png", "cat/.old/c.png")
        assert len(load(tmp_path)) == 1

    def test_suffixes_in_capitals_and_names_beyond_ascii(self, tmp_path):
        fill(tmp_path, "Käfer/ü 1.png", "猫/写真.png")
        (tmp_path / "猫" / "写真.png").rename(tmp_path / "猫" / "写真.PNG")
        dataset = load(tmp_path)
        assert dataset.class_names == ("Käfer", "猫")
        assert dataset.condition.values.tolist() == [0, 1]

    def test_train_and_test(self, tmp_path):
        fill(tmp_path, "train/b/1.png", "train/a/1.png", "test/b/1.png")
        dataset = load(tmp_path)
        assert dataset.class_names == dataset.held_out.class_names == ("a", "b")
        assert dataset.condition.values.tolist() == [0, 1]
        assert dataset.held_out.condition.values.tolist() == [1]
        assert dataset.held_out.examples.values[0, 0, 0, 0] == 2

    def test_train_and_test_without_labels(self, tmp_path):
        fill(tmp_path, "train/1.png", "test/1.png", "test/2.png")
        dataset = load(tmp_path)
        assert dataset.spec.classes == dataset.held_out.spec.classes == 0
        assert (len(dataset), len(dataset.held_out)) == (1, 2)

    def test_train_and_test_beside_others_are_classes(self, tmp_path):
        fill(tmp_path, "train/1.png", "test/1.png", "bus/1.png")
        assert load(tmp_path).class_names == ("bus", "test", "train")

    def test_many_files_keep_their_order(self, tmp_path, monkeypatch):
        monkeypatch.setattr("sparring.data.decoding.FILES_AT_ONCE", 7)
        fill(tmp_path, *(f"{number:03d}.png" for number in range(50)))
        assert load(tmp_path, size=2).examples.values[:, 0, 0, 0].tolist() == list(range(50))

    def test_links(self, tmp_path):
        fill(tmp_path, "elsewhere/a.png")
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat").symlink_to(tmp_path / "elsewhere")
        assert load(tmp_path / "photos").class_names == ("cat",)
        (tmp_path / "photos" / "cat" / "b.png").symlink_to(tmp_path / "nowhere")
        with pytest.raises(DataError, match=r"b.png cannot be read as an image"):
            load(tmp_path / "photos")

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            ([], "holds no images: no file in it has a suffix of a format that Pillow opens"),
            (
                ["a.png", "cat/b.png"],
                "holds images, such as a.png, beside folders of images, such as cat; put every",
            ),
            (["train/a.png", "test/cat/b.png"], "has class folders in only one of train and test; give both"),
            (["train/cat/a.png", "test/dog/b.png"], "test has the class 'dog', which .*train has not"),
            (["a.png", "train/b.png", "test/b.png"], "holds images, such as a.png, beside folders of images"),
        ],
    )
    def test_errors(self, tmp_path, files, message):
        fill(tmp_path, *files)
        with pytest.raises(DataError, match=message):
            load(tmp_path)

    def test_an_empty_test_split(self, tmp_path):
        fill(tmp_path, "train/a.png")
        (tmp_path / "test").mkdir()
        with pytest.raises(DataError, match="test holds no images"):
            load(tmp_path)

    def test_an_unreadable_folder(self, tmp_path, monkeypatch):
        fill(tmp_path, "cat/a.png")
        scan = os.scandir

        def refuse(path):
            if str(path).endswith("cat"):
                raise PermissionError(13, "Permission denied", str(path))
            return scan(path)

        monkeypatch.setattr(os, "scandir", refuse)
        with pytest.raises(DataError, match="cat cannot be read: permission denied"):
            load(tmp_path)

    def test_a_folder_that_vanished(self, tmp_path):
        with pytest.raises(DataError, match="gone cannot be read: no such file or directory"):
            read_folder(tmp_path / "gone")


class TestBadImages:
    @pytest.fixture
    def folder(self, tmp_path):
        fill(tmp_path, "cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png")
        return tmp_path

    @staticmethod
    def truncate(file):
        file.write_bytes(file.read_bytes()[:-30])

    def test_a_truncated_image_is_named(self, folder):
        self.truncate(folder / "cat" / "b.png")
        with pytest.raises(DataError) as caught:
            load(folder)
        message = str(caught.value)
        assert message.startswith(f"{folder}/cat/b.png cannot be read as an image (")
        assert message.endswith("mend or remove it, or pass --skip-bad-images to skip such files.")

    def test_another_file_with_an_images_suffix(self, folder):
        (folder / "cat" / "b.png").write_bytes(b"<html>")
        with pytest.raises(
            DataError, match=r"b.png cannot be read as an image \(it is of no format that Pillow"
        ):
            load(folder)

    def test_skipping_keeps_the_others_and_their_labels(self, folder):
        self.truncate(folder / "cat" / "b.png")
        (folder / "dog" / "c.png").write_bytes(b"")
        with pytest.warns(UserWarning, match=r"Skipped 2 of 4 images: .*b\.png, .*c\.png$"):
            dataset = load(folder, skip_bad_images=True)
        assert dataset.examples.values[:, 0, 0, 0].tolist() == [0, 3]
        assert dataset.condition.values.tolist() == [0, 1]
        assert dataset.class_names == ("cat", "dog")

    def test_a_long_list_is_cut_short(self, tmp_path):
        fill(tmp_path, *(f"{number}.png" for number in range(6)))
        for number in range(5):
            (tmp_path / f"{number}.png").write_bytes(b"")
        with pytest.warns(UserWarning, match=r"Skipped 5 of 6 images: .*0\.png, .*1\.png, .*2\.png, \.\.\.$"):
            assert len(load(tmp_path, skip_bad_images=True)) == 1

    def test_nothing_left(self, tmp_path):
        (tmp_path / "a.png").write_bytes(b"")
        with pytest.raises(DataError, match=r"Of 1 image none can be read, .*a\.png being the first"):
            load(tmp_path, skip_bad_images=True)

    def test_a_decompression_bomb(self, tmp_path, monkeypatch):
        grey(5, 100, 100).save(tmp_path / "a.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
        with pytest.raises(
            DataError, match=r"a.png cannot be read as an image \(it has more than 2000 pixels, which"
        ):
            load(tmp_path)

    def test_pillows_warnings_are_no_concern(self, tmp_path, monkeypatch):
        grey(5, 100, 100).save(tmp_path / "a.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9000)  # Pillow warns up to twice as many.
        filters = list(warnings.filters)
        assert len(load(tmp_path)) == 1
        assert list(warnings.filters) == filters

    @in_one_folder
    @given(data=st.data(), kind=st.sampled_from(["png", "jpg", "gif", "tiff", "bmp", "webp"]))
    def test_damage_raises_nothing_but_data_errors(self, tmp_path, data, kind):
        file = tmp_path / f"a.{kind}"
        for old in tmp_path.iterdir():
            old.unlink()
        Image.linear_gradient("L").resize((20, 20)).save(file)
        damaged = bytearray(file.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        file.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
        try:
            assert load(tmp_path).spec.shape in [(1, 28, 28), (3, 28, 28)]
        except DataError:
            return


def test_what_stands_in_several_classes_is_counted(tmp_path):
    """However it was written; a picture that is twice in one class is none of them."""
    for name in "abc":
        (tmp_path / name).mkdir()
        for number in range(5):
            grey(10 * number + 50 * "abc".index(name)).save(tmp_path / name / f"{number}.png")
    grey(10).save(tmp_path / "a" / "again.png")
    assert hints(load(tmp_path)) == []
    grey(110).save(tmp_path / "b" / "first.tiff")
    grey(110).save(tmp_path / "b" / "second.bmp")
    grey(60).save(tmp_path / "a" / "of b.png", compress_level=0)
    assert hints(load(tmp_path)) == [
        "5 grey images of 28 x 28 stand in several classes at once, the first in 'a' and 'b': if that is not "
        "meant, leave each in one."
    ]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "webp"])
def test_pictures_that_are_stored_turned_have_the_size_that_they_are_seen_with(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = (20, 32) if orientation < 5 else (32, 20)
    for number in range(3):
        Image.new("RGB", stored, (80 * number, 9, 9)).save(tmp_path / f"{number}.{suffix}", exif=exif)
    data = load(tmp_path, size="20x32")
    assert data.spec.shape == (3, 32, 20)
    assert hints(data) == []
    assert data.provenance.all_are(32, 20)


@pytest.mark.parametrize(("training", "testing"), [("train", "test"), ("Training", "Testing")])
def test_splits_have_their_usual_names(tmp_path, training, testing):
    for split, count in ((training, 4), (testing, 2)):
        for name in "xy":
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count):
                grey(20 * number + len(split) + ord(name)).save(tmp_path / split / name / f"{number}.png")
    data = load(tmp_path)
    assert data.class_names == ("x", "y")
    assert (len(data), len(data.held_out)) == (8, 4)


def test_letters_with_accents_are_the_same_however_they_are_written(tmp_path):
    for split, name in (("train", "caf\u00e9"), ("test", "cafe\u0301")):
        for other in (name, "tea"):
            (tmp_path / split / other).mkdir(parents=True)
            for number in range(2):
                grey(40 * number + len(split + other)).save(tmp_path / split / other / f"{number}.png")
    data = load(tmp_path)
    assert data.class_names == ("caf\u00e9", "tea")
    assert torch.bincount(data.held_out.condition.values).tolist() == [2, 2]

"""How folders are laid out: splits, labels in dataset.json, what systems leave behind, what is left out."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from sparring.data import load_dataset
from sparring.data.summary import hints, summary
from sparring.errors import DataError


def fill(folder, *files):
    """Write grey images whose value is 100 and their position among the given files."""
    for value, file in enumerate(files):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), 100 + value).save(folder / file)


def load(folder, **options):
    return load_dataset(f"folder:{folder}", **options)


def values(dataset):
    return (dataset.examples.values[:, 0, 0, 0] - 100).tolist()


class TestSplits:
    @pytest.mark.parametrize("train", ["train", "Train", "TRAIN"])
    @pytest.mark.parametrize("other", ["val", "Valid", "VALIDATION", "validation", "test", "Test"])
    def test_in_any_case(self, tmp_path, train, other):
        fill(tmp_path, f"{train}/a.png", f"{other}/b.png")
        dataset = load(tmp_path)
        assert (values(dataset), values(dataset.held_out)) == ([0], [1])
        assert dataset.spec.classes == 0

    def test_all_that_is_not_train_is_held_out(self, tmp_path):
        fill(tmp_path, "train/cat/a.png", "test/cat/b.png", "val/cat/c.png")
        dataset = load(tmp_path)
        assert (values(dataset), sorted(values(dataset.held_out))) == ([0], [1, 2])
        assert dataset.class_names == dataset.held_out.class_names == ("cat",)

    def test_train_alone_is_no_class(self, tmp_path):
        fill(tmp_path, "train/cat/a.png", "train/dog/b.png")
        dataset = load(tmp_path)
        assert dataset.class_names == ("cat", "dog")
        assert dataset.held_out is None

    def test_without_train(self, tmp_path):
        fill(tmp_path, "test/a.png", "val/b.png")
        with pytest.raises(DataError, match=r"has test and val but no train: give .* folder:.*/test\."):
            load(tmp_path)

    def test_classes_called_like_splits_are_classes_with_a_hint(self, tmp_path):
        fill(tmp_path, "train/1.png", "bus/1.png")
        dataset = load(tmp_path)
        assert dataset.class_names == ("bus", "train")
        assert hints(dataset) == [
            "train count as classes, because bus lies beside them; if they are splits, move bus elsewhere."
        ]

    def test_empty_folders_beside_splits_are_nothing(self, tmp_path):
        fill(tmp_path, "train/a.png", "test/b.png")
        (tmp_path / "masks").mkdir()
        assert load(tmp_path).spec.classes == 0
        assert hints(load(tmp_path)) == []

    def test_empty_folders_beside_classes_are_said_to_be_none(self, tmp_path):
        fill(tmp_path, "cat/a.png", "dog/b.png")
        (tmp_path / "fish").mkdir()
        assert load(tmp_path).class_names == ("cat", "dog")
        assert hints(load(tmp_path)) == ["No class, for no image lies in it: fish."]

    @pytest.mark.parametrize("names", [("trainA", "trainB"), ("trainA", "testB"), ("train_A", "train_B")])
    def test_domains_belong_to_translation(self, tmp_path, names):
        fill(tmp_path, *(f"{name}/a.png" for name in names))
        with pytest.raises(
            DataError, match=r"between two domains \(.*train.*unpaired:.*folder:.*train_?[AB]\."
        ):
            load(tmp_path)


class TestWhatIsLeftBehind:
    @pytest.mark.parametrize("left", ["__MACOSX", "@eaDir", ".ipynb_checkpoints", ".thumbnails"])
    @pytest.mark.parametrize("place", ["", "cat/", "train/cat/"])
    def test_folders(self, tmp_path, left, place):
        fill(tmp_path, f"{place}a.png", f"{place}{left}/b.png", f"{left}/c.png")
        dataset = load(tmp_path)
        assert values(dataset) == [0]
        assert dataset.class_names == (("cat",) if place else ())
        assert dataset.provenance.left_out == {}

    def test_files(self, tmp_path):
        fill(tmp_path, "a.png")
        for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
            (tmp_path / name).touch()
        assert load(tmp_path).provenance.left_out == {}

    def test_a_link_to_a_folder_around_it_is_not_followed(self, tmp_path):
        fill(tmp_path, "cat/a.png", "dog/b.png")
        (tmp_path / "cat" / "again").symlink_to(tmp_path)
        (tmp_path / "dog" / "cats").symlink_to(tmp_path / "cat")
        assert load(tmp_path).condition.values.tolist() == [0, 1, 1]


class TestLabels:
    @pytest.fixture
    def folder(self, tmp_path):
        fill(tmp_path, *(f"{number // 2:05d}/img{number}.png" for number in range(4)))
        return tmp_path

    def write(self, folder, labels, place=""):
        content = labels if isinstance(labels, str) else json.dumps({"labels": labels})
        (folder / place / "dataset.json").write_text(content)

    def test_they_are_read_as_stylegan_writes_them(self, folder):
        self.write(folder, [[f"{n // 2:05d}/img{n}.png", label] for n, label in enumerate([10, 2, 10, 2])])
        dataset = load(folder)
        assert dataset.class_names == ("2", "10")
        assert dataset.condition.values.tolist() == [1, 0, 1, 0]
        assert dataset.provenance.left_out == {}
        assert hints(dataset) == []

    def test_names_may_have_been_written_on_windows(self, folder):
        self.write(folder, [[f"{n // 2:05d}\\img{n}.png", 0] for n in range(4)])
        assert load(folder).class_names == ("0",)

    @pytest.mark.parametrize("none", [None, []])
    def test_no_labels_make_folders_no_classes(self, folder, none):
        self.write(folder, none)
        assert load(folder).spec.classes == 0

    @pytest.mark.parametrize("place", ["", "train"])
    def test_in_the_folder_or_in_the_split(self, tmp_path, place):
        fill(tmp_path, "train/a.png", "train/b.png")
        self.write(tmp_path, [[f"{'' if place else 'train/'}{n}.png", k] for k, n in enumerate("ab")], place)
        assert load(tmp_path).condition.values.tolist() == [0, 1]

    @pytest.mark.parametrize(("count", "missing"), [(5, "1 file"), (6, "2 files")])
    def test_labels_of_what_is_not_there_are_hinted_at(self, folder, count, missing):
        self.write(folder, [[f"{n // 2:05d}/img{n}.png", 0] for n in range(count)])
        assert hints(load(folder)) == [
            f"dataset.json gives labels for {missing} that cannot be found, such as 00002/img4.png."
        ]

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ("{", r"dataset.json is not JSON .*remove it"),
            ("[" * 100_000, r"dataset.json is not JSON"),
            ("[]", "holds no 'labels'; it must be .* Rename it if it is about something else"),
            ('{"about": 1}', "holds no 'labels'"),
            ({"00000/img0.png": 3}, "'labels' in .* is no list"),
            ([["00000/img0.png", 3]], "gives no label for 00000/img1.png; give every image one"),
            ([["00000/img0.png", [0.5, 1.5]]], "labels '00000/img0.png' with 2 numbers; a label here is one"),
            ([["00000/img0.png"]], r"'labels' in .* holds \[\"00000/img0.png\"\]; it must be"),
            ([["00000/img0.png", "cat"]], r"holds \[\"00000/img0.png\", \"cat\"\]; it must be"),
            ([["00000/img0.png", True]], r"holds \[\"00000/img0.png\", true\]"),
            ([["00000/img0.png", 2**70]], r"holds \[\"00000/img0.png\", 1180591620717411303424\]"),
            ([7], r"holds 7; it must be"),
        ],
    )
    def test_malformed_ones_are_refused(self, folder, labels, message):
        self.write(folder, labels)
        with pytest.raises(DataError, match=message):
            load(folder)


class TestSummary:
    def test_what_was_read_and_what_was_not(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        fill(tmp_path, "a/1.png", "a/2.png", "b/1.png")
        Image.new("RGB", (1200, 40), "red").save(tmp_path / "b" / "2.png")
        for name in ("a/1.heic", "b/2.HEIC", "README", "a/.hidden"):
            (tmp_path / name).touch()
        dataset = load(tmp_path, size=32)
        assert summary(dataset) == (
            "4 colour images of 32 x 32 (from 28-1200 px), 2 classes: a (2), b (2); "
            "3 files left out: 2 .heic, 1 without suffix; held out: none"
        )
        heic, cut = hints(dataset)
        assert heic == "To read .heic files: pip install 'sparring[heic]'."
        assert "edges of 1 of 4 images" in cut

    def test_a_folder_of_nothing_else_says_what_there_is(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        (tmp_path / "a.heic").touch()
        with pytest.raises(DataError, match=r"1 file left out: 1 \.heic.* pip install 'sparring\[heic\]'"):
            load(tmp_path)

    def test_damaged_files_that_were_skipped(self, tmp_path):
        fill(tmp_path, "a.png")
        (tmp_path / "b.png").touch()
        with pytest.warns(UserWarning, match="Skipped 1 of 2"):
            dataset = load(tmp_path, skip_bad_images=True)
        assert "; 1 file left out: 1 damaged; held out: none" in summary(dataset)

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("ring", "100,000 points of 2 dimensions, no classes, 8 modes; held out: 10,000"),
            ("mnist", "60,000 grey images of 28 x 28, 10 classes: 0 (5,923), 1 (6,742), "),
        ],
    )
    def test_bundled_data(self, name, said):
        dataset = load_dataset(name)
        assert summary(dataset).startswith(said)
        assert hints(dataset) == []

    def test_sizes_from_which_arrays_come(self, tmp_path):
        np.savez(tmp_path / "own.npz", x_train=np.full((1, 9, 9), 200, np.uint8),
                 x_test=np.full((2, 9, 9), 200, np.uint8))  # fmt: skip
        name = f"npz:{tmp_path / 'own.npz'}"
        assert summary(load_dataset(name)) == "1 grey image of 9 x 9, no classes; held out: 2"
        assert "1 grey image of 5 x 5 (from 9 px)" in summary(load_dataset(name, size=5))

    def test_many_classes_are_not_listed(self, tmp_path):
        np.savez(tmp_path / "own.npz", images=np.full((40, 9, 9), 200, np.uint8),
                 labels=np.minimum(np.arange(40), 30))  # fmt: skip
        assert "31 classes of 1 to 10 each" in summary(load_dataset(f"npz:{tmp_path / 'own.npz'}"))


class TestHeic:
    def test_photographs_of_telephones(self, tmp_path):
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
        Image.new("RGB", (64, 48), (200, 30, 30)).save(tmp_path / "a.heic")
        Image.new("RGB", (64, 48), (30, 30, 200)).save(tmp_path / "b.HEIF", format="HEIF")
        dataset = load(tmp_path)
        assert dataset.examples.values.shape == (2, 3, 28, 28)
        assert np.abs(dataset.examples.values[0, :, 9, 9].numpy().astype(int) - [200, 30, 30]).max() < 8

    def test_damaged_ones_are_named(self, tmp_path):
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
        Image.new("RGB", (64, 48), "red").save(tmp_path / "a.heic")
        content = (tmp_path / "a.heic").read_bytes()
        for end in range(0, len(content), 37):
            (tmp_path / "a.heic").write_bytes(content[:end])
            with pytest.raises(DataError, match=r"a\.heic cannot be read as an image"):
                load(tmp_path)

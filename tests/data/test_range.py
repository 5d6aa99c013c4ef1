"""Values that do not use their range: they are noticed, and stretched where that is asked for."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.data import dataset_of, load_dataset
from sparring.data.summary import hints
from sparring.errors import DataError

TWELVE = np.linspace(0, 4095, 28 * 28).round().astype(np.uint16).reshape(28, 28)


@pytest.fixture
def deep(tmp_path):
    """A folder of two images of 12 bits in files of 16; the second is half as bright."""
    Image.fromarray(TWELVE).save(tmp_path / "a.png")
    Image.fromarray(TWELVE // 2).save(tmp_path / "b.tiff")
    return f"folder:{tmp_path}"


def pixels(dataset):
    return dataset.examples.values[:, 0].numpy()


def test_channels_that_come_last_are_noticed():
    images = torch.arange(200, 203, dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 30, 20, 3)
    (hint,) = hints(dataset_of("own", images))
    assert hint == (
        "These are 30-channel images of 3 x 20: if they are 20 x 30 with 3 channels, move the channels in "
        "front of height and width."
    )
    assert hints(dataset_of("own", images.permute(0, 3, 1, 2))) == []
    assert hints(dataset_of("own", images.permute(0, 3, 1, 2)[..., :3])) == []


class TestFolders:
    def test_twelve_bits_in_sixteen_are_noticed(self, deep):
        (hint,) = hints(load_dataset(deep))
        assert hint.startswith("The brightest value is 16 of 255, as in files of 16 bits that use 12 of them")
        assert "--stretch" in hint

    def test_stretching_uses_all_bits_and_keeps_the_images_alike(self, deep):
        dataset = load_dataset(deep, stretch=True)
        assert np.array_equal(pixels(dataset)[0], np.rint(TWELVE / (4095 / 255)))
        assert np.abs(pixels(dataset)[1] - TWELVE / (4095 / 255) / 2).max() < 1
        assert hints(dataset) == []
        assert dataset.provenance.white == 4095 / 65535

    def test_it_is_in_the_fingerprint(self, deep):
        assert load_dataset(deep).fingerprint != load_dataset(deep, stretch=True).fingerprint

    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_masks_of_zero_and_one(self, tmp_path, mode):
        mask = np.eye(28, dtype=np.uint8)
        Image.fromarray(mask).convert(mode).save(tmp_path / "a.png")
        assert hints(load_dataset(f"folder:{tmp_path}"))[0].startswith("The brightest value is 1 of 255")
        assert np.array_equal(pixels(load_dataset(f"folder:{tmp_path}", stretch=True))[0], mask * 255)

    def test_the_brightest_of_both_splits_counts(self, tmp_path):
        for split, value in (("train", 20), ("test", 40)):
            (tmp_path / split).mkdir()
            Image.new("L", (28, 28), value).save(tmp_path / split / "a.png")
        dataset = load_dataset(f"folder:{tmp_path}", stretch=True)
        assert dataset.examples.values.unique().tolist() == [128]
        assert dataset.held_out.examples.values.unique().tolist() == [255]

    def test_black_stays_black(self, tmp_path):
        Image.new("L", (28, 28), 0).save(tmp_path / "a.png")
        assert not load_dataset(f"folder:{tmp_path}", stretch=True).examples.values.any()

    def test_damaged_files_are_still_named(self, tmp_path):
        (tmp_path / "a.png").touch()
        with pytest.raises(DataError, match=r"a\.png cannot be read"):
            load_dataset(f"folder:{tmp_path}", stretch=True)


class TestArrays:
    @pytest.mark.parametrize("size", [None, 4])
    def test_masks_in_a_npz(self, tmp_path, size):
        masks = np.zeros((2, 8, 8), np.uint8)
        masks[:, :, 1::2] = 1
        np.savez(tmp_path / "own.npz", x_train=masks, x_test=masks)
        name = f"npz:{tmp_path / 'own.npz'}"
        assert hints(load_dataset(name))[0].startswith("The brightest value is 1 of 255")
        dataset = load_dataset(name, stretch=True, size=size)
        assert dataset.provenance.white == 1 / 255
        for part in (dataset, dataset.held_out):
            if size is None:
                assert np.array_equal(pixels(part), masks * 255)
            else:  # Scaled before they are made smaller: half of each pixel is white.
                assert np.abs(pixels(part).astype(int)[:, :, 1:3] - 128).max() <= 1

    def test_masks_in_idx(self, tmp_path):
        header = bytes([0, 0, 8, 3]) + np.array([2, 3, 3], ">u4").tobytes()
        with gzip.open(tmp_path / "train-images-idx3-ubyte.gz", "wb") as file:
            file.write(header + bytes([0, 1, 3] * 6))
        dataset = load_dataset(f"idx:{tmp_path}", stretch=True)
        assert pixels(dataset)[0, 0].tolist() == [0, 85, 255]
        assert dataset.provenance.white == 3 / 255

    def test_what_uses_the_range_is_left_as_it_is(self):
        assert load_dataset("mnist", stretch=True).fingerprint == load_dataset("mnist").fingerprint

    def test_points_have_none(self):
        with pytest.raises(DataError, match="'ring' holds points, not images, so it takes no stretching"):
            load_dataset("ring", stretch=True)


class TestColumns:
    def load(self, tmp_path, points):
        np.savez(tmp_path / "own.npz", points=points)
        return hints(load_dataset(f"npz:{tmp_path / 'own.npz'}"))

    def test_scales_that_differ_twentyfold(self, tmp_path):
        points = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)).numpy()
        assert self.load(tmp_path, points) == []
        assert self.load(tmp_path, points * [1, 15, 3]) == []
        (hint,) = self.load(tmp_path, points * [5, 0.2, 1])
        assert hint.startswith("Column 0 of the points has a standard deviation of 5.")
        assert "column 1 one of 0.2" in hint

    def test_a_column_that_never_changes(self, tmp_path):
        (hint,) = self.load(tmp_path, np.array([[0.0, 1.0], [1.0, 1.0]]))
        assert "column 1 one of 0:" in hint

    def test_points_that_are_all_the_same_are_no_matter_of_scale(self, tmp_path):
        (hint,) = self.load(tmp_path, np.ones((5, 2)))
        assert hint.startswith("All 5 training examples are the same")


def test_images_that_are_all_the_same_are_hinted_at() -> None:
    grey = torch.full((30, 1, 8, 8), 200, dtype=torch.uint8)
    assert hints(dataset_of("grey", grey)) == [
        "All 30 training examples are the same: there is nothing to learn but that one."
    ]
    grey[0, 0, 0, 0] += 1
    assert hints(dataset_of("grey", grey)) == []

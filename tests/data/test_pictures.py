"""Samples as a folder with a file for each: written, read back, and told what does not fit."""

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.data.dataset import Column, Dataset, dataset_of, no_condition
from sparring.data.kinds import Classes, Images, Points, Tokens
from sparring.data.pictures import read_pictures, save_pictures
from sparring.errors import DataError, RunError, SettingError

CHANCE = torch.Generator().manual_seed(0)
COLOUR = torch.randint(0, 256, (6, 3, 8, 12), generator=CHANCE).byte()
NAMES = ("cat", "../dog", "train", "7", "-2", "Käfer")


def column(images):
    return Column(Images(tuple(images.shape[1:])), images)


def save(path, examples, condition, form=None):
    """As they come, two at a time."""
    parts = [
        (examples[first : first + 2], condition[first : first + 2]) for first in range(0, len(examples), 2)
    ]
    save_pictures(path, parts, len(examples), form)


def data(images=COLOUR, names=()):
    labels = torch.arange(len(images)) % len(names) if names else None
    return dataset_of("the data", images, labels, names)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", [None, "png", "webp"])
def test_they_are_read_as_they_were(tmp_path, channels, form):
    images = COLOUR[:, :channels]
    save(tmp_path / "made", column(images), no_condition(6), form)
    assert sorted(file.name for file in (tmp_path / "made").iterdir())[5] == f"00005.{form or 'png'}"
    samples = read_pictures(tmp_path / "made", data(images))
    assert torch.equal(samples.examples.values, images)
    assert samples.spec.classes == 0


def test_a_jpeg_loses_a_little(tmp_path):
    smooth = torch.arange(0, 240, 5).view(1, 1, 1, 48).expand(1, 3, 48, 48).byte()
    save(tmp_path / "made", column(smooth), no_condition(1), "jpg")
    with Image.open(tmp_path / "made" / "00000.jpg") as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
    samples = read_pictures(tmp_path / "made", data(smooth))
    assert (samples.examples.values.int() - smooth.int()).abs().max() <= 4


def test_classes_are_folders_none_of_which_leads_elsewhere(tmp_path):
    told = Column(Classes(NAMES), torch.tensor([5, 4, 3, 2, 1, 0]))
    save(tmp_path / "made", column(COLOUR), told)
    folders = sorted(folder.name for folder in (tmp_path / "made").iterdir())
    assert folders == ["-2", "7", "Käfer", "cat", "class-1", "class-2"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["made"]
    samples = read_pictures(tmp_path / "made", data(names=NAMES))
    assert samples.condition.kind == Classes(NAMES)
    for image, label in zip(samples.examples.values, samples.condition.values.tolist(), strict=True):
        assert torch.equal(image, COLOUR[5 - label])


def test_folders_mean_nothing_where_the_data_has_no_classes(tmp_path):
    save(tmp_path / "made", column(COLOUR), Column(Classes(NAMES), torch.arange(6)))
    assert read_pictures(tmp_path / "made", data()).spec.classes == 0


def test_grey_pictures_are_such_as_colour_data(tmp_path):
    grey = COLOUR[:, :1].expand(-1, 3, -1, -1)
    save(tmp_path / "made", column(grey), no_condition(6))
    assert torch.equal(read_pictures(tmp_path / "made", data()).examples.values, grey)


def test_texts_are_files_as_well(tmp_path):
    texts = Column(Tokens((2,), ("a", "b")), torch.tensor([[0, 1], [1, 1]]))
    save(tmp_path / "made", texts, no_condition(2))
    assert (tmp_path / "made" / "00001.txt").read_text() == "b b\n"


def test_what_cannot_be_written_is_refused(tmp_path):
    points = Column(Points((2,)), torch.zeros(3, 2))
    with pytest.raises(SettingError, match=r"no file for each of points of 2 dimensions: .* FILE\.npz"):
        save(tmp_path / "made", points, no_condition(3))
    with pytest.raises(SettingError, match=r"no format 'gif' for colour images .* png, jpg, webp"):
        save(tmp_path / "made", column(COLOUR), no_condition(6), "gif")
    with pytest.raises(RunError, match="no such file or directory"):
        save(tmp_path / "missing" / "made", column(COLOUR), no_condition(6))
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced(tmp_path):
    (tmp_path / "made").mkdir()
    save(tmp_path / "made", column(COLOUR), no_condition(6))
    with pytest.raises(SettingError, match="made is there already, and nothing in it is replaced"):
        save(tmp_path / "made", column(COLOUR[:1]), no_condition(1))
    assert len(list((tmp_path / "made").iterdir())) == 6


class TestMisfits:
    def test_another_size(self, tmp_path):
        save(tmp_path / "made", column(COLOUR), no_condition(6))
        with pytest.raises(
            DataError, match=r"are of 8-12 px, .* of 6 x 6 px: --size 12x8 brings those to it"
        ):
            read_pictures(tmp_path / "made", data(COLOUR[:, :, :6, :6]))

    def test_many_sizes(self, tmp_path):
        for side in (5, 9):
            Image.fromarray(np.zeros((side, side), np.uint8)).save(tmp_path / f"{side}.png")
        with pytest.raises(DataError, match=r"are of 5-9 px, .*: write all of the same size"):
            read_pictures(tmp_path, data())

    def test_another_class(self, tmp_path):
        save(tmp_path / "made", column(COLOUR), Column(Classes(NAMES), torch.arange(6)))
        with pytest.raises(DataError, match="a folder '-2', and 'the data' has no such class: its"):
            read_pictures(tmp_path / "made", data(names=("a", "b")))

    def test_data_that_has_no_images(self, tmp_path):
        points = Dataset("ring", Column(Points((2,)), torch.zeros(3, 2)))
        with pytest.raises(
            DataError, match=r"a folder of pictures, and 'ring' has points .* give an \.npz file"
        ):
            read_pictures(tmp_path, points)


@pytest.mark.parametrize(
    ("wanted", "made", "advice"),
    [
        (Images((1, 8, 8)), Images((1, 6, 9)), "--size 9x6 brings the real examples to the samples' size"),
        (Images((3, 8, 8)), Images((1, 8, 8)), "numpy.repeat(images, 3, axis=-1) makes of one channel three"),
        (Images((1, 8, 8)), Images((3, 8, 8)), "a mean over the channels makes them grey"),
        (Points((2,)), Points((3,)),
         "give data that has points of 3 dimensions, or samples that are points of 2 dimensions"),
    ],
)  # fmt: skip
def test_advice_on_samples_that_do_not_fit(wanted, made, advice):
    assert wanted.advice(made) == advice

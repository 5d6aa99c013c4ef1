"""Channels: whoever reads a picture for some data makes the same pixels of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sparring.classifying.pictures import read_pictures
from sparring.data.colours import ON_WHITE, background_of, with_channels
from sparring.data.dataset import DataSpec, dataset_of
from sparring.data.loading import read_image
from sparring.errors import DataError

SIZE = 10


def spec(channels: int) -> DataSpec:
    images = torch.zeros(4, channels, SIZE, SIZE, dtype=torch.uint8)
    return dataset_of("images", images, torch.arange(4) % 2, ("a", "b")).spec


def picture(mode: str) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 4)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_a_picture_has_the_same_pixels_to_classify_and_to_look_for(
    channels: int, mode: str, tmp_path: Path
) -> None:
    picture(mode).save(tmp_path / "a.png")
    (classified,) = read_pictures([tmp_path / "a.png"], spec(channels), {}).examples
    assert torch.equal(classified, read_image(tmp_path / "a.png", (channels, SIZE, SIZE)))
    if channels == 4:
        expected = np.asarray(picture(mode).convert("RGBA")).transpose(2, 0, 1)
        seen = expected[3] > 0
        assert np.array_equal(classified.numpy()[:, seen], expected[:, seen])


def test_grey_is_that_of_pillow() -> None:
    colours = picture("RGB")
    images = torch.from_numpy(np.array(colours).transpose(2, 0, 1))[None]
    made = with_channels(images, 1)[0, 0].int() - torch.from_numpy(np.array(colours.convert("L"))).int()
    assert made.abs().max() <= 1


def test_four_channels_become_others_on_white_and_are_opaque_where_nothing_else_is_said() -> None:
    image = torch.tensor([0, 0, 200, 51], dtype=torch.uint8).view(1, 4, 1, 1)
    assert with_channels(image, 3).flatten().tolist() == [204, 204, 244]
    assert with_channels(image, 1).flatten().tolist() == [round(0.886 * 204 + 0.114 * 244)]
    for channels in (1, 3):
        made = with_channels(image[:, :channels], 4)
        assert made.shape == (1, 4, 1, 1)
        assert made[0, 3] == 255


def test_pictures_of_arrays_get_the_channels_of_the_data(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.full((2, 20, 20, 3), 7, np.uint8))
    for channels, alpha in ((1, 7), (3, 7), (4, 255)):
        examples = read_pictures([tmp_path / "a.npz"], spec(channels), {}).examples
        assert examples.shape == (2, channels, SIZE, SIZE)
        assert (examples[:, -1] == alpha).all()
    np.savez(tmp_path / "points.npz", points=np.zeros((2, 5), np.float32))
    with pytest.raises(DataError, match="is not grey images of 10 x 10"):
        read_pictures([tmp_path / "points.npz"], spec(1), {})


def test_transparent_pictures_are_put_on_what_the_borders_of_the_data_show(tmp_path: Path) -> None:
    ink = torch.zeros(20, 3, SIZE, SIZE, dtype=torch.uint8)
    ink[:, :, 3:6, 3:6] = 255
    ink[:3] = 90
    dark = ink + torch.tensor([10, 20, 30], dtype=torch.uint8).view(3, 1, 1) * (ink == 0)
    assert background_of(dark) == (10, 20, 30)
    assert background_of(255 - ink) == ON_WHITE
    assert background_of((torch.rand(20, 1, SIZE, SIZE) * 255).byte()) == ON_WHITE
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    pixels[3:6, 3:6] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    seen = [
        read_pictures([tmp_path / "a.png"], spec(channels), {}, lambda behind=behind: behind).examples[0]
        for channels, behind in ((3, (10, 20, 30)), (1, (0,)), (3, ON_WHITE))
    ]
    assert seen[0][:, 0, 0].tolist() == [10, 20, 30]
    assert seen[0][:, 4, 4].tolist() == [255] * 3
    assert np.array_equal(seen[1][0].numpy(), pixels[..., 3])
    assert (seen[2] == 255).all()

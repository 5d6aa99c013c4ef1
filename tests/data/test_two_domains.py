"""Data of two domains: which image is of which pair, which are held out, what is refused."""

import numpy as np
import pytest
from PIL import Image

from sparring.data import load_dataset
from sparring.data.summary import hints, summary
from sparring.errors import DataError


def fill(folder, values, size=(8, 8)):
    """Write grey images, each of one value."""
    for file, value in values.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size, value).save(folder / file)


def first(column):
    return column.values[:, 0, 0, 0].tolist()


def test_pairs_have_the_same_name(tmp_path):
    fill(tmp_path, {"A/x.png": 91, "A/sub/y.png": 92, "A/z.png": 3, "B/x.jpg": 100, "B/sub/y.png": 102})
    fill(tmp_path, {"B/alone.png": 9})
    dataset = load_dataset(f"pairs:{tmp_path}")
    assert first(dataset.condition) == [92, 91]
    assert first(dataset.examples) == [102, 100]
    assert summary(dataset) == (
        "2 grey images of 8 x 8, told grey images of 8 x 8; 2 files left out: 2 without a partner; "
        "held out: none"
    )
    assert hints(dataset) == []
    # For systems that are not told which belong together, these are two domains.
    assert (first(dataset.parts["A"].examples), first(dataset.parts["B"].examples)) == ([92, 91], [102, 100])


@pytest.mark.parametrize(
    "places",
    [("trainA", "trainB", "testA", "testB"), ("train_a", "train_b", "val_a", "val_b"),
     ("A/train", "B/train", "A/test", "B/test"), ("one/train", "two/train", "one/val", "two/val")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["pairs", "unpaired"])
def test_what_is_held_out(tmp_path, places, name):
    for number, place in enumerate(places):
        fill(tmp_path, {f"{place}/1.png": 10 * number, f"{place}/2.png": 10 * number + 1})
    dataset = load_dataset(f"{name}:{tmp_path}")
    assert first(dataset.parts["A"].examples) == [0, 1]
    assert first(dataset.examples) == first(dataset.parts["B"].examples) == [10, 11]
    assert first(dataset.held_out.parts["A"].examples) == [20, 21]
    assert first(dataset.held_out.examples) == [30, 31]
    with pytest.raises(DataError, match="2 held-out examples of its own"):
        load_dataset(f"{name}:{tmp_path}", hold_out=0.1)
    # Nothing is held out: all of it is trained on.
    whole = load_dataset(f"{name}:{tmp_path}", hold_out=0)
    assert whole.held_out is None
    assert first(whole.parts["A"].examples) == [0, 1, 20, 21]
    assert first(whole.examples) == first(whole.parts["B"].examples) == [10, 11, 30, 31]


def test_names_may_say_their_domain(tmp_path):
    fill(tmp_path, {"A/0001_A.png": 1, "B/0001_B.png": 2})
    assert first(load_dataset(f"pairs:{tmp_path}").examples) == [2]


def test_two_folders_of_any_name(tmp_path):
    fill(tmp_path, {"summer/1.png": 1, "summer/2.png": 2, "winter/7.png": 7})
    dataset = load_dataset(f"unpaired:{tmp_path}")
    assert (first(dataset.parts["A"].examples), first(dataset.examples)) == ([1, 2], [7])
    assert hints(dataset)[0] == "A is summer and B is winter: what is made are images of winter."


@pytest.mark.parametrize(
    ("options", "shape"),
    [({}, (6, 6)), ({"size": 4}, (4, 4)), ({"size": "2x4"}, (4, 2)),
     ({"size": "3x9", "fit": "pad"}, (9, 3)), ({"size": "9x3", "fit": "stretch"}, (3, 9))],
)  # fmt: skip
def test_side_by_side(tmp_path, options, shape):
    """Whatever size they come to, none of a half is seen in the other."""
    pixels = np.zeros((6, 13), np.uint8)
    pixels[:, :6], pixels[:, 6], pixels[:, 7:] = 10, 99, 200
    for split, count in (("train", 3), ("test", 2)):
        (tmp_path / split).mkdir()
        for number in range(count):
            Image.fromarray(pixels).save(tmp_path / split / f"{number}.png")
    dataset = load_dataset(f"pairs:{tmp_path}", **options)
    for part in (dataset, dataset.held_out):
        for column, value in ((part.condition, 10), (part.examples, 200)):
            assert column.kind.shape == (1, *shape)
            assert (column.values == value).all()
    assert (len(dataset), len(dataset.held_out)) == (3, 2)
    assert "taken for a pair side by side: A is its left half" in hints(dataset)[0]


def test_grey_sources_of_targets_in_colour_with_alpha(tmp_path):
    fill(tmp_path, {"A/1.png": 50})
    (tmp_path / "B").mkdir()
    Image.new("RGBA", (8, 8), (255, 0, 0, 128)).save(tmp_path / "B/1.png")
    dataset = load_dataset(f"pairs:{tmp_path}")
    assert dataset.spec.condition.shape == (1, 8, 8)
    assert dataset.spec.kind.shape == (3, 8, 8)
    assert dataset.examples.values[0, :, 0, 0].tolist() == [255, 127, 127]


def test_a_damaged_image_takes_its_partner_with_it(tmp_path):
    fill(tmp_path, {f"{domain}/{number}.png": number for domain in "AB" for number in range(3)})
    (tmp_path / "B/1.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"1\.png cannot be read as an image"):
        load_dataset(f"pairs:{tmp_path}")
    with pytest.warns(UserWarning, match="Skipped 1 of 3 images"):
        dataset = load_dataset(f"pairs:{tmp_path}", skip_bad_images=True)
    assert first(dataset.condition) == first(dataset.examples) == [0, 2]
    assert dataset.provenance.left_out == {"damaged": 1}


def test_pairs_are_held_out_together(tmp_path):
    fill(tmp_path, {f"A/{number}.png": number for number in range(60)})
    fill(tmp_path, {f"B/{number}.png": 100 + number for number in range(60)})
    dataset = load_dataset(f"pairs:{tmp_path}", hold_out=0.4)
    held_out = dataset.held_out
    assert (len(dataset), len(held_out)) == (36, 24)
    assert [100 + value for value in first(held_out.condition)] == first(held_out.examples)
    assert first(held_out.parts["A"].examples) == first(held_out.condition)
    unpaired = load_dataset(f"unpaired:{tmp_path}", hold_out=0.4)
    assert [len(part) for part in unpaired.parts.values()] == [36, 36]
    assert [len(part) for part in unpaired.held_out.parts.values()] == [24, 24]


def test_whole_classes_may_be_held_out(tmp_path):
    for number, name in enumerate(("cats/1", "cats/2", "dogs/1", "owls/1", "loose")):
        fill(tmp_path, {f"A/{name}.png": number, f"B/{name}.png": 100 + number})
    for name in ("pairs", "unpaired"):
        dataset = load_dataset(f"{name}:{tmp_path}", hold_out_classes="owls, cats")
        assert sorted(first(dataset.examples)) == [102, 104]
        assert sorted(first(dataset.held_out.examples)) == [100, 101, 103]
        assert sorted(first(dataset.held_out.parts["A"].examples)) == [0, 1, 3]
        for more, said in (
            (
                {"hold_out_classes": "rats"},
                r"no folder 'rats' .*\. Did you mean 'cats'\? They have: cats, dogs",
            ),
            ({"hold_out_classes": "cats", "hold_out": 0.5}, "leave one of the two out"),
        ):
            with pytest.raises(DataError, match=said):
                load_dataset(f"{name}:{tmp_path}", **more)
    with pytest.raises(DataError, match="no folders within two domains"):
        load_dataset("ring", hold_out_classes="cats")


def test_not_all_classes_may_be_held_out(tmp_path):
    fill(tmp_path, {"A/cats/1.png": 1, "A/dogs/1.png": 2, "B/cats/1.png": 3, "B/dogs/1.png": 4})
    with pytest.raises(DataError, match="To hold out dogs, cats leaves nothing"):
        load_dataset(f"unpaired:{tmp_path}", hold_out_classes="dogs,cats")


def test_the_same_name_loads_the_same(tmp_path):
    fill(tmp_path, {"A/1.png": 1, "A/2.png": 2, "B/1.png": 3, "B/2.png": 4})
    for name in ("pairs", "unpaired"):
        dataset = load_dataset(f"{name}:{tmp_path}")
        assert load_dataset(dataset.name).fingerprint == dataset.fingerprint


REFUSED = {
    "no equal names": (
        "pairs", ["A/1.png", "B/2.png"],
        "No image of A has the name of one of B (they hold, for example, A/1.png and B/2.png): give pairs",
    ),
    "two files of one name": ("pairs", ["A/1.png", "A/1.jpg", "B/1.png"], "A/1.jpg and A/1.png have"),
    "classes": ("pairs", ["a/1.png", "b/1.png", "c/1.png"], "holds the folders a, b, c: pairs are two"),
    "one domain": ("unpaired", ["A/1.png"], "has no two folders of images: give it A and B, or trainA"),
    "one domain held out": (
        "unpaired", ["trainA/1.png", "trainB/1.png", "testB/1.png"],
        "has images to hold out of only one domain, B: give both, or neither",
    ),
    "nothing to train on": ("pairs", ["testA/1.png", "testB/1.png"], "has no images to train on: give it"),
    "no images": ("pairs", [], "holds no images"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path, case):
    name, files, sentence = REFUSED[case]
    fill(tmp_path, dict.fromkeys(files, 5))
    with pytest.raises(DataError) as caught:
        load_dataset(f"{name}:{tmp_path}")
    assert sentence in str(caught.value)


def test_images_of_several_sizes_need_one(tmp_path):
    fill(tmp_path, {"A/1.png": 1})
    fill(tmp_path, {"B/1.png": 2}, size=(20, 12))
    with pytest.raises(DataError, match=r"have sides of 8-20 px: say to which size .* --size 128"):
        load_dataset(f"pairs:{tmp_path}")
    assert load_dataset(f"pairs:{tmp_path}", size=16).spec.shape == (1, 16, 16)


def test_folders_that_are_neither_domain_are_said(tmp_path):
    fill(tmp_path, {"A/1.png": 1, "B/1.png": 2, "other/3.png": 3, "4.png": 4})
    (tmp_path / "notes.txt").touch()
    dataset = load_dataset(f"pairs:{tmp_path}")
    assert dataset.provenance.left_out == {".txt": 1, "outside of both domains": 2}


@pytest.mark.parametrize("source", ["pairs", "unpaired"])
def test_the_brightest_of_both_domains_is_white(tmp_path, source):
    for domain, value in (("A", 20), ("B", 40)):
        (tmp_path / domain).mkdir()
        for number in range(3):
            Image.new("L", (6, 6), value).save(tmp_path / domain / f"{number}.png")
    dataset = load_dataset(f"{source}:{tmp_path}", stretch=True)
    assert [int(dataset.parts[part].examples.values.max()) for part in "AB"] == [128, 255]
    assert dataset.provenance.white == 40 / 255


@pytest.mark.parametrize("name", ["pairs", "unpaired"])
def test_what_is_cut_off_of_both_is_said(tmp_path, name):
    fill(
        tmp_path,
        {f"{domain}/{number}.png": 60 * number + 9 for domain in "AB" for number in range(4)},
        (32, 20),
    )
    (hint,) = [each for each in hints(load_dataset(f"{name}:{tmp_path}", size=16)) if "cut off" in each]
    assert hint.startswith("More than a tenth is cut off at the edges of 8 of 8 images")
    assert not any("cut off" in each for each in hints(load_dataset(f"{name}:{tmp_path}", size="32x20")))


def test_splits_may_be_called_training_and_testing(tmp_path):
    for number, place in enumerate(("A/training", "B/training", "A/testing", "B/testing")):
        fill(tmp_path, {f"{place}/1.png": 10 * number, f"{place}/2.png": 10 * number + 1})
    dataset = load_dataset(f"pairs:{tmp_path}")
    assert (len(dataset), len(dataset.held_out)) == (2, 2)

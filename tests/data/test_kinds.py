"""Kinds: what a value is stored as, what networks see of it, how it is measured, shown and chosen."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sparring.data.dataset import Column, Dataset, DataSpec, batch_of, dataset_of, no_condition, spec_from
from sparring.data.kinds import KINDS, Classes, Images, Kind, Nothing, Points, Tokens, kind_from, kind_of
from sparring.data.kinds.kind import padded
from sparring.data.kinds.tokens import END, MARKS, PADDING
from sparring.errors import DataError, SettingError
from sparring.sheet import GAP, enlargement
from sparring.validation import Misfit

WORDS = ("a", "dog", "sees", "the", "cat")
EXAMPLES: dict[str, Kind] = {
    "images": Images((3, 4, 6)),
    "points": Points((5,)),
    "tokens": Tokens((7,), WORDS, ""),
    "classes": Classes(("cat", "dog", "owl")),
    "nothing": Nothing(),
}
every_kind = pytest.mark.parametrize("kind", EXAMPLES.values(), ids=EXAMPLES)


def stored(kind: Kind, count: int = 6) -> Tensor:
    """Some values of a kind."""
    random = torch.Generator().manual_seed(count)
    if kind.dtype.is_floating_point:
        return torch.randn(count, *kind.shape, generator=random)
    below = {"images": 256, "tokens": len(WORDS), "classes": 3}[kind.name]
    return torch.randint(below, (count, *kind.shape), generator=random).to(kind.dtype)


def never() -> Column:
    raise AssertionError("the values of the data were asked for")


# -- every kind ----------------------------------------------------------------------------------------------


def test_the_examples_are_of_every_kind() -> None:
    assert list(EXAMPLES) == list(KINDS)
    assert all(KINDS[name].name == name == kind.name for name, kind in EXAMPLES.items())


@every_kind
def test_what_is_encoded_can_be_decoded(kind: Kind) -> None:
    values = stored(kind)
    decoded = kind.decode(kind.encode(values))
    assert decoded.dtype == values.dtype
    assert torch.equal(decoded, values)


@every_kind
def test_a_kind_is_made_again_from_its_description(kind: Kind) -> None:
    assert kind_from(kind.description()) == kind


def test_only_descriptions_are_understood() -> None:
    for wrong in ({}, {"kind": "sounds"}, {"kind": "images"}, {"kind": "tokens", "length": 3}):
        with pytest.raises(Misfit):
            kind_from(wrong)


@every_kind
def test_values_of_a_kind_fit_it_and_others_do_not(kind: Kind) -> None:
    values = stored(kind)
    assert kind.misfit(values) is None
    assert kind.misfit(values[:0]) is None
    wrong_type = torch.float64 if kind.dtype.is_floating_point else torch.int32
    assert kind.misfit(values.to(wrong_type)) == (
        f"{wrong_type} of shape {kind.shape} and not {kind.dtype} of shape {kind.shape}"
    )
    assert f"of shape {(*kind.shape, 2)} and not" in str(
        kind.misfit(values[..., None].repeat_interleave(2, -1))
    )


@every_kind
def test_vectors_are_flat_floats_of_the_size_they_say(kind: Kind) -> None:
    vectors = kind.vectors(stored(kind))
    assert vectors.dtype == torch.float32
    assert vectors.shape == (6, kind.vector_size)


@every_kind
def test_what_a_network_made_is_measured_in_the_same_space(kind: Kind) -> None:
    values = stored(kind)
    torch.testing.assert_close(kind.encoded_vectors(kind.encode(values)), kind.vectors(values))


@every_kind
def test_an_order_for_a_picture_has_every_value_once(kind: Kind) -> None:
    values = stored(kind)
    order = kind.order(values)
    assert order.sort().values.tolist() == list(range(6))
    if kind.name == "classes":
        assert values[order].tolist() == sorted(values.tolist())
    else:
        assert order.tolist() == list(range(6))


@every_kind
def test_words_say_what_it_is(kind: Kind) -> None:
    assert (
        kind.about
        == {
            "images": "colour images of 6 x 4",
            "points": "points of 5 dimensions",
            "tokens": "sequences of 7 tokens out of 5",
            "classes": "3 classes",
            "nothing": "no condition",
        }[kind.name]
    )


@every_kind
def test_as_a_condition_every_sample_gets_one(kind: Kind) -> None:
    column = Column(kind, stored(kind, 4))
    drawn = kind.draw(10, lambda: column)
    assert drawn.shape == (10, *kind.shape)
    assert kind.misfit(drawn) is None
    layout = kind.layout(3, 2, lambda: column)
    assert len(layout.condition) == 3 * layout.columns
    assert kind.misfit(layout.condition) is None


@pytest.mark.parametrize("kind", [EXAMPLES["images"], EXAMPLES["points"], EXAMPLES["tokens"]])
def test_conditions_are_the_first_of_the_data_over_and_over(kind: Kind) -> None:
    column = Column(kind, stored(kind, 4))
    assert torch.equal(kind.draw(6, lambda: column), column.values[[0, 1, 2, 3, 0, 1]])
    layout = kind.layout(2, 3, lambda: column)
    assert layout.columns == 3
    assert layout.same_noise == 1
    (beside,) = layout.beside
    assert torch.equal(beside.flatten(0, 1), layout.condition), "a sample stands where its condition does"


@every_kind
def test_a_paper_has_values_for_some_kinds(kind: Kind) -> None:
    assert kind.choose(**{name: f"for {name}" for name in KINDS}) == f"for {kind.name}"
    others = {name: 1 for name in ("images", "points", "tokens") if name != kind.name}
    with pytest.raises(DataError, match=rf"This is for {' or '.join(others)}; this data has {kind.about}\."):
        kind.choose(**others)


@every_kind
def test_only_images_have_sides_that_may_not_suit(kind: Kind) -> None:
    assert kind.unsuited() is None
    assert (kind.unsuited(multiple=64, least=128) is None) == (kind.name != "images")
    assert kind.has_size == kind.has_near_duplicates == (kind.name == "images")


@every_kind
def test_only_classes_have_names(kind: Kind) -> None:
    assert (kind.classes, kind.class_names) == (
        (3, ("cat", "dog", "owl")) if kind.name == "classes" else (0, ())
    )
    if kind.name != "classes":
        with pytest.raises(SettingError, match="not class-conditional: leave --label out"):
            kind.named("dog")


def test_raw_tensors_are_images_or_points() -> None:
    assert kind_of(torch.zeros(2, 3, 4, 6, dtype=torch.uint8)) == Images((3, 4, 6))
    assert kind_of(torch.zeros(2, 5)) == Points((5,))


# -- images --------------------------------------------------------------------------------------------------

ranges = st.tuples(st.floats(-3, 3), st.floats(0.1, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(ranges)
def test_all_bytes_survive_in_any_range(value_range: tuple[float, float]) -> None:
    low, high = value_range
    kind = Images((1, 16, 16)).in_range(low, high)
    every_byte = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    encoded = kind.encode(every_byte)
    expected = low + (high - low) * torch.arange(256, dtype=torch.float64) / 255
    torch.testing.assert_close(encoded.flatten().double(), expected, atol=1e-6, rtol=1e-6)
    assert torch.equal(kind.decode(encoded), every_byte)


def test_encoding_leaves_what_is_stored() -> None:
    kind, bytes_ = Images((1, 2, 2)), torch.full((1, 1, 2, 2), 255, dtype=torch.uint8)
    encoded = kind.encode(bytes_)
    kind.decode(encoded)
    assert (bytes_ == 255).all()
    assert (encoded == 1).all()


def test_what_is_out_of_range_is_clamped_and_the_rest_rounded() -> None:
    made = torch.tensor([-7.0, -1.0, -1 + 0.4 * 2 / 255, -1 + 0.6 * 2 / 255, 1.0, 7.0]).view(6, 1, 1, 1)
    assert Images((1, 1, 1)).decode(made).flatten().tolist() == [0, 0, 0, 1, 255, 255]


def test_the_least_movement_of_an_image_is_measured() -> None:
    """Less than a byte, and beyond the range: neither rounded nor clamped."""
    kind = Images((1, 1, 2)).in_range(0.0, 4.0)
    made = torch.tensor([[[[0.001, 4.4]]]])
    torch.testing.assert_close(kind.encoded_vectors(made), torch.tensor([[0.00025, 1.1]]))


def test_half_precision_can_be_decoded() -> None:
    assert Images((1, 1, 1)).decode(torch.ones(1, 1, 1, 1, dtype=torch.bfloat16)).item() == 255


def test_vectors_of_images_are_pixels_from_0_to_1() -> None:
    values = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 1, 3)
    torch.testing.assert_close(Images((1, 1, 3)).vectors(values), torch.tensor([[0.0, 0.2, 1.0]]))


@pytest.mark.parametrize(("width", "bounds", "nearest"), [
    (28, (4, 20), None), (30, (4, 20), "32x40"), (29, (4, 20), "28x40"), (16, (4, 20), "20x40"),
    (1, (4, 1), "4x40"), (28, (1, 28), None), (28, (1, 29), "29x40"), (41, (1, 1, 40), "40"),
    (99, (4, 20, 60), "60x40"),
])  # fmt: skip
def test_sides_must_suit(width: int, bounds: tuple[int, ...], nearest: str | None) -> None:
    unsuited = Images((1, 40, width)).unsuited(*bounds)
    assert (
        unsuited is None if nearest is None else f"these are {width} x 40: use --size {nearest}." in unsuited
    )


def pixels_of(picture: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(picture)) as opened:
        return np.asarray(opened)


def tiles_of(picture: bytes, factor: int, height: int, width: int) -> list[list[list[Any]]]:
    """The images of a sheet that all have one value, row by row, each as its value; None between blocks."""
    pixels = pixels_of(picture)
    down, across = height * factor + GAP, width * factor + GAP
    assert ((pixels.shape[0] + GAP) % down, (pixels.shape[1] + GAP) % across) == (0, 0)
    found = []
    for top in range(0, pixels.shape[0], down):
        row = [
            pixels[top : top + down - GAP, left : left + across - GAP]
            for left in range(0, pixels.shape[1], across)
        ]
        assert all((tile == tile[0, 0]).all() for tile in row)
        found.append([tile[0, 0].tolist() for tile in row])
    return found


def test_a_picture_of_images_has_blocks_divided_by_white() -> None:
    kind = Images((1, 2, 3))
    left = torch.full((2, 1, 1, 2, 3), 10, dtype=torch.uint8)
    samples = torch.full((2, 2, 1, 2, 3), 20, dtype=torch.uint8)
    samples[1, 0] = 30
    found = tiles_of(kind.picture([left, samples]), 8, 2, 3)
    assert found == [[10, 255, 20, 20], [10, 255, 30, 20]]


def test_images_are_enlarged_by_whole_numbers_with_gaps_between_them() -> None:
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 255, (3, 10, 3, 28, 28), generator=random, dtype=torch.uint8)
    pixels = pixels_of(Images((3, 28, 28)).picture([images]))
    side = 28 * 3 + GAP
    assert pixels.shape == (3 * side - GAP, 10 * side - GAP, 3)
    assert (pixels[side - GAP : side] == 255).all()
    assert (pixels[:, 2 * side - GAP : 2 * side] == 255).all()
    tile = pixels[2 * side : 3 * side, 4 * side : 5 * side - GAP]
    assert (tile[1::3, 1::3] == images[2, 4].permute(1, 2, 0).numpy()).all()
    assert (tile[::3, 2::3] == tile[2::3, ::3]).all()


@pytest.mark.parametrize(
    ("columns", "width", "factor"), [(10, 28, 3), (8, 64, 1), (1, 4, 8), (1, 200, 1), (4, 32, 7)]
)
def test_how_large_images_are_shown(columns: int, width: int, factor: int) -> None:
    assert enlargement(columns, width) == factor


def test_columns_have_names_in_any_script_as_far_as_they_fit() -> None:
    images = torch.zeros(1, 3, 1, 20, 20, dtype=torch.uint8)
    kind = Images((1, 20, 20))
    plain = pixels_of(kind.picture([images]))
    names = ["кошка", "a name that is far too long for its column", ""]
    named = pixels_of(kind.picture([images], titles=[names]))
    head = len(named) - len(plain)
    assert (named[head:] == plain).all()
    across = 20 * 8 + GAP
    ink = [(named[:head, at * across : (at + 1) * across] < 128).any() for at in range(3)]
    assert ink == [True, True, False]
    # Between two names there is a gap as between two images.
    assert (named[:head, across - GAP : across] == 255).all()


def test_a_name_that_the_font_cannot_draw_is_a_number() -> None:
    images = torch.zeros(1, 3, 1, 20, 20, dtype=torch.uint8)

    def named(*names: str) -> Any:
        return pixels_of(Images((1, 20, 20)).picture([images], titles=[names]))

    assert (named("cat", "日本", "día") == named("cat", "class 2", "día")).all()


def test_samples_of_all_classes_in_turn_stand_below_their_class() -> None:
    kind = Classes(("cat", "dog", "owl"))
    turns = torch.arange(20) % 3
    assert kind.columns_of(turns, 10) == (9, kind.names * 3)
    assert kind.columns_of(turns[1:], 10) == (9, ("dog", "owl", "cat") * 3)
    assert kind.columns_of(turns[:2], 10) == kind.columns_of(turns.flip(0), 10) == (10, ())
    assert Nothing().columns_of(torch.zeros(20, 0), 10) == (10, ())


def test_what_is_transparent_shows_a_checker() -> None:
    images = torch.zeros(1, 2, 4, 16, 16, dtype=torch.uint8)
    images[0, 0, 0], images[0, 1, 3] = 200, 255
    pixels = pixels_of(Images((4, 16, 16)).picture([images]))
    clear, solid = pixels[:128, :128], pixels[:128, 128 + GAP :]
    assert {int(value) for value in np.unique(clear)} == {255, 204}
    assert (clear[:8, :8] == 255).all()
    assert (clear[:8, 8:16] == 204).all()
    assert (solid == 0).all()


def test_blocks_of_other_images_are_made_as_large_and_as_colourful() -> None:
    """Small grey sources beside colour samples."""
    sources = torch.tensor([7, 9], dtype=torch.uint8).view(1, 1, 1, 1, 2)
    samples = torch.zeros(1, 1, 3, 2, 4, dtype=torch.uint8)
    samples[:, :, 1] = 50
    pixels = pixels_of(Images((3, 2, 4)).picture([sources, samples]))
    assert (pixels[:, :16] == 7).all()
    assert (pixels[:, 16:32] == 9).all()
    assert (pixels[:, 32:72] == 255).all()
    assert (pixels[:, 72:] == [0, 50, 0]).all()


# -- points --------------------------------------------------------------------------------------------------


def test_points_are_seen_and_measured_as_they_are() -> None:
    points = torch.tensor([[0.5, -7.0]])
    kind = Points((2,)).in_range(0, 1)
    assert torch.equal(kind.encode(points), points)
    assert torch.equal(kind.vectors(points), points)


def test_a_picture_of_points_shows_a_density() -> None:
    kind = Points((2,))
    assert kind.grid(8, 10) == (50, 50)
    points = stored(kind, 2500)
    picture = kind.picture([points.unflatten(0, (50, 50))], dataset_of("points", stored(kind, 100)))
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.format == "PNG"


# -- tokens --------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, len(WORDS) - 1), min_size=1, max_size=9), st.sampled_from([" ", "", "-"]))
def test_tokens_are_a_text(tokens: list[int], separator: str) -> None:
    kind = Tokens((len(tokens),), WORDS, separator)
    assert kind.texts(torch.tensor([tokens])) == [separator.join(WORDS[token] for token in tokens)]


def test_the_squared_distance_of_tokens_is_the_number_of_differing_places() -> None:
    random = torch.Generator().manual_seed(0)
    vocabulary = tuple(str(number) for number in range(300))
    kind = Tokens((12,), vocabulary)
    first = torch.randint(300, (4000, 12), generator=random)
    changed = torch.rand(4000, 12, generator=random) < torch.rand(4000, 1, generator=random)
    second = torch.where(changed, torch.randint(300, (4000, 12), generator=random), first)
    differing = (first != second).sum(1)
    squared = (kind.vectors(first) - kind.vectors(second)).square().sum(1)
    assert (squared[differing == 0] == 0).all()
    for places in range(1, 13):
        chosen = squared[differing == places]
        assert chosen.mean().item() == pytest.approx(places, rel=0.03)


def test_vectors_of_tokens_are_always_the_same() -> None:
    values = stored(EXAMPLES["tokens"])
    torch.manual_seed(1)
    once = EXAMPLES["tokens"].vectors(values)
    torch.manual_seed(2)
    assert torch.equal(replace(EXAMPLES["tokens"]).vectors(values), once)  # type: ignore[type-var]


@pytest.mark.parametrize("wrong", [-1, 5])
def test_tokens_beyond_the_vocabulary_do_not_fit(wrong: int) -> None:
    kind = Tokens((2,), WORDS)
    assert f"tokens from {min(wrong, 1)} to {max(wrong, 1)} and not below 5" == kind.misfit(
        torch.tensor([[1, wrong]])
    )


def test_behind_the_end_of_a_text_is_padding_that_does_not_count() -> None:
    kind = Tokens((4,), (*MARKS, "a", "b"), "", ends=True)
    made = torch.tensor([[3, END, 4, END], [END, 3, 3, 3], [3, 4, 4, 3]])
    stored = torch.tensor([[3, END, 0, 0], [END, 0, 0, 0], [3, 4, 4, 3]])
    assert torch.equal(kind.decode(made), stored)
    assert kind.counted(made).tolist() == [[True, True, False, False], [True, *[False] * 3], [True] * 4]
    assert kind.texts(made) == kind.texts(stored) == ["a", "", "abba"]
    assert kind.about == "texts of up to 4 tokens out of 5"
    assert kind_from(kind.description()) == kind


def test_a_glimpse_of_texts_does_not_steer_a_terminal() -> None:
    kind = Tokens((2,), ("\x1b", "é", "👍"), "")
    picture = kind.picture([torch.tensor([[[0, 1]], [[2, 1]], [[1, 1]], [[2, 2]]])])
    assert kind.glimpse(picture) == ["�é", "👍é", "éé"]
    assert Points((2,)).glimpse(b"anything") == []


def test_texts_are_shown_one_in_each_line() -> None:
    kind = Tokens((2,), WORDS)
    values = torch.tensor([[0, 1], [3, 4]])
    rows, columns = kind.grid(1, 2)
    assert (rows, columns) == (2, 1)
    assert kind.picture([values.unflatten(0, (rows, columns))]) == b"a dog\nthe cat\n"
    assert kind.suffix == ".txt"


# -- classes -------------------------------------------------------------------------------------------------


def test_vectors_of_classes_are_all_equally_far_apart() -> None:
    distances = torch.cdist(*[Classes(("a", "b", "c")).vectors(torch.arange(3))] * 2)
    torch.testing.assert_close(distances, 2**0.5 * (1 - torch.eye(3)))


@given(st.integers(1, 30), st.integers(0, 70))
def test_classes_are_drawn_in_turn(classes: int, count: int) -> None:
    kind = Classes(tuple(str(number) for number in range(classes)))
    assert kind.draw(count, never).tolist() == [number % classes for number in range(count)]


@pytest.mark.parametrize(
    ("classes", "shown", "columns"), [(3, 3, 9), (10, 10, 10), (20, 20, 20), (1000, 20, 20)]
)
def test_a_picture_has_a_column_for_each_class_and_of_few_several(
    classes: int, shown: int, columns: int
) -> None:
    kind = Classes(tuple(str(number) for number in range(classes)))
    layout = kind.layout(4, 10, never)
    assert layout.columns == columns
    assert layout.same_noise == shown
    assert layout.beside == ()
    assert len(layout.titles) == columns
    assert layout.condition.unflatten(0, (-1, shown)).tolist() == [list(range(shown))] * (
        4 * columns // shown
    )


def test_a_class_is_known_by_the_label_that_the_data_has() -> None:
    numbers, animals = Classes(("-3", "1", "10")), Classes(("cat", "dog", "owl"))
    assert numbers.named("1").tolist() == numbers.named(1).tolist() == [1]
    assert numbers.named(-3).tolist() == [0]
    assert numbers.named("10").tolist() == [2]
    assert Classes(("000", "001")).named(1).tolist() == [1]
    assert Classes(("7", "07")).named("07").tolist() == [1]
    assert Classes(("7", "07")).named(7).tolist() == [0]
    assert animals.named("owl").tolist() == [2]
    with pytest.raises(SettingError, match=r"no class '0'.*The classes are: -3, 1, 10\."):
        numbers.named(0)
    with pytest.raises(SettingError, match=r"18, 19 and 980 more\."):
        Classes(tuple(map(str, range(1000)))).named("x")
    for wrong in ("owls", 2, "-1", -1, "", "1.0"):
        with pytest.raises(SettingError, match=rf"no class '{wrong}'.*The classes are: cat, dog, owl\."):
            animals.named(wrong)
    with pytest.raises(SettingError, match="Did you mean 'owl'"):
        animals.named("owls")


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("-3", "1", "10"), [-3, 1, 10]),
        (("000", "001", "002"), [0, 1, 2]),
        (("2021_05", "2021_06", "2021_11"), ["2021_05", "2021_06", "2021_11"]),
        (("१", "२", "३"), ["१", "२", "३"]),
        (("cat", "dog", "10"), ["cat", "dog", "10"]),
        (("7", "07", "1"), ["7", "07", "1"]),
        (("1", "2", "9" * 30), ["1", "2", "9" * 30]),
    ],
)
def test_arrays_hold_the_labels_of_the_data(names: tuple[str, ...], labels: list[int | str]) -> None:
    kind, stored = Classes(names), torch.tensor([2, 0, 1, 1])
    arrays = kind.to_arrays(stored)
    assert arrays.tolist() == [labels[number] for number in (2, 0, 1, 1)]
    assert torch.equal(kind.from_arrays(arrays), stored)
    assert torch.equal(kind.from_arrays(arrays.astype(np.str_)), stored)
    with pytest.raises(DataError, match="no class 'bird'"):
        kind.from_arrays(np.array(["bird"]))


@pytest.mark.parametrize("wrong", [-1, 3])
def test_numbers_that_are_no_class_do_not_fit(wrong: int) -> None:
    misfit = Classes(("a", "b", "c")).misfit(torch.tensor([1, wrong]))
    assert misfit == f"classes from {min(wrong, 1)} to {max(wrong, 1)} and not from 0 to 2"


def test_a_picture_of_classes_has_their_names() -> None:
    picture = Classes(("cat", "dog")).picture([torch.tensor([[0, 1], [1, 1]])])
    assert picture == b"cat dog\ndog dog\n"


# -- nothing -------------------------------------------------------------------------------------------------


def test_nothing_is_told_without_asking_the_data() -> None:
    assert Nothing().draw(5, never).shape == (5, 0)
    layout = Nothing().layout(2, 3, never)
    assert (layout.columns, layout.condition.shape, layout.beside) == (3, (6, 0), ())


# -- columns, data sets --------------------------------------------------------------------------------------


@given(st.integers(0, 12), st.integers(1, 6))
def test_values_are_padded_to_whole_rows(count: int, columns: int) -> None:
    values = torch.arange(count)
    rows = padded(values, columns, -1)
    assert rows.shape[1] == columns
    assert rows.flatten()[:count].tolist() == values.tolist()
    assert (rows.flatten()[count:] == -1).all()
    assert 0 <= rows.numel() - count < columns


@pytest.fixture
def pairs() -> Dataset:
    """Images with a source image each, something held out, and a further part."""
    kind = Images((1, 2, 2))
    column: Callable[[int], Column] = lambda count: Column(kind, stored(kind, count))  # noqa: E731
    part = Dataset("drawings", column(3))
    return Dataset(
        "pairs", column(8), column(8), Dataset("pairs", column(2), column(2)), parts={"drawings": part}
    )


def test_all_columns_come_in_the_range_of_the_game(pairs: Dataset) -> None:
    bound = pairs.in_range(0.0, 1.0)
    assert bound.held_out is not None
    assert pairs.examples.encoded().min() < -0.5
    for data in (bound, bound.held_out, bound.parts["drawings"]):
        torch.testing.assert_close(data.examples.encoded(), data.examples.values / 255)
    torch.testing.assert_close(bound.condition.encoded(), bound.condition.values / 255)
    torch.testing.assert_close(bound.held_out.condition.encoded(), bound.held_out.condition.values / 255)


def test_a_spec_is_made_again_from_its_description(pairs: Dataset) -> None:
    labelled = dataset_of("own", torch.zeros(4, 2), torch.tensor([0, 1, 0, 1]), ("a", "b"))
    for data in (
        pairs.in_range(0.0, 1.0),
        labelled,
        replace(labelled, parts={"other": pairs.in_range(0.0, 1.0)}),
    ):
        assert spec_from(data.spec.description(), (0.0, 1.0)) == data.spec
    assert pairs.spec.parts["drawings"] == DataSpec(Images((1, 2, 2)), Nothing(), 3)
    assert labelled.spec.classes == 2


def test_a_data_set_without_a_condition_has_one_that_tells_nothing() -> None:
    data = Dataset("points", Column(Points((2,)), torch.zeros(7, 2)))
    assert data.condition.kind == Nothing()
    assert len(data.condition) == 7
    assert batch_of(data, torch.tensor([1, 2])).condition.shape == (2, 0)
    assert len(no_condition(4)) == 4


def test_a_subset_keeps_examples_and_conditions_together(pairs: Dataset) -> None:
    chosen = pairs[torch.tensor([5, 2])]
    assert torch.equal(chosen.examples.values, pairs.examples.values[[5, 2]])
    assert torch.equal(chosen.condition.values, pairs.condition.values[[5, 2]])
    assert chosen.held_out is pairs.held_out


@given(st.integers(1, 20), st.integers(1, 20))
def test_the_chunks_of_a_batch_make_it_up(count: int, parts: int) -> None:
    labels = torch.arange(count) % 3
    batch = batch_of(
        dataset_of("points", torch.randn(count, 2), labels, ("a", "b", "c")), torch.arange(count)
    )
    chunks = batch.chunks(parts)
    assert len(chunks) == parts
    assert max(map(len, chunks)) - min(map(len, chunks)) <= 1
    for column in ("examples", "condition", "indices"):
        assert torch.equal(torch.cat([getattr(chunk, column) for chunk in chunks]), getattr(batch, column))


def test_the_fingerprint_is_of_all_that_is_trained_on(pairs: Dataset) -> None:
    def fingerprint(**changes: object) -> str:
        return replace(pairs, **changes).fingerprint  # type: ignore[arg-type]

    other = Column(pairs.examples.kind, pairs.examples.values.flip(0))
    part = {"drawings": pairs}
    found = [
        fingerprint(),
        fingerprint(examples=other),
        fingerprint(condition=other),
        fingerprint(parts=part),
    ]
    assert len(set(found)) == 4
    assert fingerprint(name="elsewhere", held_out=None) == found[0]
    assert pairs.in_range(0.0, 1.0).fingerprint == found[0]


def test_softened_tokens_are_shares_and_hardened_ones_the_largest() -> None:
    kind = Tokens((4,), (*MARKS, "a", "b"), "", ends=True)
    stored = torch.tensor([[3, 4, END, PADDING], [4, 4, 3, 3]])
    shares = kind.softened(kind.encode(stored))
    assert shares.shape == (2, 4, 5)
    assert torch.equal(shares.sum(2), torch.ones(2, 4))
    assert torch.equal(kind.hardened(shares), stored)
    # Behind the end stands padding, whatever is the likeliest there.
    shares[0, 3] = torch.tensor([0.1, 0.1, 0.1, 0.4, 0.3])
    assert torch.equal(kind.hardened(shares), stored)
    numbers = torch.rand(2, 3)
    assert Points((3,)).hardened(Points((3,)).softened(numbers)) is numbers


def test_names_of_classes_stay_in_their_line_and_steer_nothing() -> None:
    kind = Classes(("a\nb", "\x1b[31mc"))
    assert kind.told(torch.tensor([0, 1, 1])) == "2 classes: a\\nb (1), \\x1b[31mc (2)"

"""Data of two domains of images, A and B, from which systems learn to make images of B out of images of A."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from sparring.data.dataset import Column, Dataset
from sparring.data.decoding import sizes
from sparring.data.domains import Domains, domains_of, partners
from sparring.data.folder import load_images
from sparring.data.holding_out import Aside
from sparring.data.kinds import kind_of
from sparring.data.layout import layout_of
from sparring.data.listing import Listing, list_folder
from sparring.data.loading import Loaded, Wanted, Watch, unwatched
from sparring.data.provenance import Provenance, cut_hint
from sparring.data.resizing import Frame, Half
from sparring.errors import DataError
from sparring.shown import counted

LARGEST_OWN = 512
"""Sides in pixels up to which images keep their own size."""


@dataclass(frozen=True)
class Reading:
    """How images are read."""

    frame: Frame | None = None
    """Their size; None for their own, which must be the same for all."""
    skip_bad: bool = False
    stretch: bool = False
    watch: Watch = unwatched
    aside: Aside = lambda dataset: dataset
    classes: tuple[str, ...] = ()
    """Folders within each domain whose images are held out."""


def read_pairs(path: Path, reading: Reading) -> Dataset:
    """Pairs of images: what is to be made of the first is the second.

    Either two folders, laid out as `domains_of` (in domains.py) says, with a file of the same name for each
    image; or images that are both of a pair side by side, A on the left, directly in the folder or in its
    `train` and `test` (or `val` ...). Each image is treated as `read_folder` (in folder.py) says.

    Returns:
        Images of B, each with its image of A as its condition. Both are, as if they were no pairs, its parts
        `A` and `B`.

    Raises:
        DataError: the folder is laid out otherwise, an image cannot be read (unless such are skipped), or
            images of several sizes are given no size.
    """
    listing = list_folder(path)
    domains = domains_of(path, listing, reading.classes)
    dataset = _side_by_side(path, listing, reading) if domains is None else _by_names(path, domains, reading)
    return _with_parts(reading.aside(dataset))


def read_unpaired(path: Path, reading: Reading) -> Dataset:
    """Images of two domains, none of which belongs to any other.

    Args:
        path: a folder, laid out as `domains_of` (in domains.py) says.
        reading: how images are read.

    Returns:
        Images of B, with the parts `A` and `B`.

    Raises:
        DataError: the folder is laid out otherwise, an image cannot be read (unless such are skipped), or
            images of several sizes are given no size.
    """
    domains = domains_of(path, list_folder(path), reading.classes)
    if domains is None:
        raise DataError(
            f"{path} has no two folders of images: give it A and B, or trainA and trainB (and testA and "
            "testB), or any two folders, one for each domain."
        )
    files = [_all(domains, which) for which in (0, 1)]
    wanted = _wanted(path, [*files[0], *files[1]], reading)
    loaded = _both(path, files, [wanted, wanted], reading)
    a, b = (_domain(path, domains, which, loaded[which], reading) for which in (0, 1))
    held_out = None
    if a.held_out is not None and b.held_out is not None:
        held_out = replace(b.held_out, parts={"A": a.held_out, "B": b.held_out})
    found = replace(
        b.provenance, left_out=_sum(domains.left_out, a.provenance.left_out, b.provenance.left_out)
    )
    return replace(
        b,
        held_out=held_out,
        parts={"A": replace(a, held_out=None), "B": replace(b, held_out=None)},
        provenance=replace(found, hints=(*_called(domains), *_cut(loaded, wanted))),
    )


def _domain(path: Path, domains: Domains, which: int, loaded: Loaded, reading: Reading) -> Dataset:
    images = Column(kind_of(loaded.images), loaded.images)
    border = sum(place < len(domains.training[which]) for place in loaded.kept)
    bad = len(_all(domains, which)) - len(loaded.kept)
    dataset = Dataset(
        f"unpaired:{path}",
        images[:border],
        provenance=Provenance(
            loaded.widths, loaded.heights, {"damaged": bad} if bad else {}, white=loaded.white
        ),
    )
    held_out = None if domains.held_out is None else Dataset(dataset.name, images[border:])
    return reading.aside(replace(dataset, held_out=held_out))


def _by_names(path: Path, domains: Domains, reading: Reading) -> Dataset:
    training = partners(domains, domains.training)
    held_out = None if domains.held_out is None else partners(domains, domains.held_out)
    files = [own + (held_out[which] if held_out else []) for which, own in enumerate(training)]
    wanted = _wanted(path, [*files[0], *files[1]], reading)
    loaded = _both(path, files, [wanted, wanted], reading)
    lone = sum(len(_all(domains, which)) - len(files[which]) for which in (0, 1))
    left_out = _sum(domains.left_out, {"without a partner": lone})
    hints = (*_called(domains), *_unlike(files, loaded), *_cut(loaded, wanted))
    return _paired(path, loaded, len(training[0]), len(files[0]), left_out, hints)


def _unlike(files: Sequence[Sequence[Path]], loaded: Sequence[Loaded]) -> tuple[str, ...]:
    """That the two images of some pairs have different shapes, so that they do not lie on each other."""
    sizes = [dict(zip(own.kept, own.sizes, strict=True)) for own in loaded]
    unlike = [
        place for place in sizes[0].keys() & sizes[1].keys() if _differ(sizes[0][place], sizes[1][place])
    ]
    if not unlike:
        return ()
    first, second = (
        f"{own[unlike[0]]} with {width} x {height}"
        for own, (width, height) in zip(files, (size[unlike[0]] for size in sizes), strict=True)
    )
    return (
        f"The images of {counted(len(unlike), 'pair')} have different shapes, such as {first} and {second} "
        "px: brought to one size, what is at a place in one is elsewhere in the other. Cut them alike, or "
        "turn one, if EXIF turns only the other.",
    )


def _differ(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes have different shapes, by more than a pixel of rounding."""
    return abs(one[0] * other[1] - one[1] * other[0]) > max(*one, *other)


def _side_by_side(path: Path, listing: Listing, reading: Reading) -> Dataset:
    if reading.classes:
        raise DataError(
            f"{path} has no two folders of images, within which there could be one called "
            f"'{reading.classes[0]}': leave --hold-out-classes out, or give it A and B."
        )
    layout = layout_of(path, listing)
    if layout.training.classes is not None:
        raise DataError(
            f"{path} holds the folders {', '.join(layout.class_names[:5])}: pairs are two folders, A and B, "
            "with equal names, or images that are both side by side, directly in it or in its train and test."
        )
    files = layout.training.files + (layout.held_out.files if layout.held_out else [])
    halves: tuple[Half, Half] = ("left", "right")
    wanted = _wanted(path, files, reading, "left")
    of_halves = [replace(wanted, frame=replace(wanted.frame, half=half)) for half in halves]
    loaded = _both(path, [files, files], of_halves, reading)
    hint = "Each image is taken for a pair side by side: A is its left half; B, which is made, its right one."
    return _paired(
        path,
        loaded,
        len(layout.training.files),
        len(files),
        layout.left_out,
        (hint, *layout.hints, *_cut(loaded, wanted)),
    )


def _cut(loaded: Sequence[Loaded], wanted: Wanted) -> tuple[str, ...]:
    """What is lost at the edges of both."""
    return cut_hint(sum(own.cut for own in loaded), sum(len(own.kept) for own in loaded), wanted.frame)


def _paired(
    path: Path,
    loaded: Sequence[Loaded],
    trained_on: int,
    count: int,
    left_out: dict[str, int],
    hints: tuple[str, ...],
) -> Dataset:
    """Pairs of which both images could be read; the first `trained_on` of `count` files are trained on."""
    rows = [{place: row for row, place in enumerate(own.kept)} for own in loaded]
    places = sorted(rows[0].keys() & rows[1].keys())
    sources, targets = (
        Column(kind_of(own.images), _chosen(own.images, [row[place] for place in places]))
        for own, row in zip(loaded, rows, strict=True)
    )
    border = sum(place < trained_on for place in places)
    if not border or (trained_on < count and border == len(places)):
        raise DataError(f"No pair of a split of {path} can be read.")
    whole = Dataset(f"pairs:{path}", targets, sources)
    widths, heights = zip(*((own.widths, own.heights) for own in loaded), strict=True)
    return replace(
        whole[:border],
        held_out=whole[border:] if trained_on < count else None,
        provenance=Provenance(
            (min(low for low, _ in widths), max(high for _, high in widths)),
            (min(low for low, _ in heights), max(high for _, high in heights)),
            _sum(left_out, {"damaged": count - len(places)}),
            hints,
            loaded[0].white,
        ),
    )


def _chosen(images: Tensor, rows: list[int]) -> Tensor:
    return images if len(rows) == len(images) else images[rows]


def _with_parts(dataset: Dataset) -> Dataset:
    """Pairs that also have both domains as parts, for systems that are not told which belong together."""
    held_out = None if dataset.held_out is None else _with_parts(dataset.held_out)
    parts = {"A": Dataset(dataset.name, dataset.condition), "B": Dataset(dataset.name, dataset.examples)}
    return replace(dataset, held_out=held_out, parts=parts)


def _all(domains: Domains, which: int) -> list[Path]:
    return domains.training[which] + (domains.held_out[which] if domains.held_out else [])


def _called(domains: Domains) -> tuple[str, ...]:
    a, b = domains.names
    return () if (a, b) == ("A", "B") else (f"A is {a} and B is {b}: what is made are images of {b}.",)


def _sum(*counts: Mapping[str, int]) -> dict[str, int]:
    """What was left out of each, together."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return {what: count for what, count in total.items() if count}


def _wanted(path: Path, files: Sequence[Path], reading: Reading, half: Half = "whole") -> Wanted:
    frame = reading.frame or _own_frame(path, files, half)
    return Wanted(replace(frame, half=half), None if reading.stretch else 1.0, reading.skip_bad)


def _both(
    path: Path, files: Sequence[Sequence[Path]], wanted: Sequence[Wanted], reading: Reading
) -> tuple[Loaded, Loaded]:
    """The images of both domains; one white for both, so that what is brighter in one of them stays so."""
    first = load_images(path, files[0], wanted[0], reading.watch, beside=files[1])
    return first, load_images(path, files[1], replace(wanted[1], white=first.white), reading.watch)


def _own_frame(path: Path, files: Sequence[Path], half: Half) -> Frame:
    """The size that all images have.

    Raises:
        DataError: they have several, or a large one.
    """
    found = {size for size in sizes(path / file for file in files) if not isinstance(size, str)}
    sides = sorted(
        {side // (2 if half != "whole" and at == 0 else 1) for size in found for at, side in enumerate(size)}
    )
    if len(found) == 1 and sides[0] >= 1 and sides[-1] <= LARGEST_OWN:
        ((width, height),) = found
        return Frame(width if half == "whole" else width // 2, height)
    if not found:
        raise DataError(
            f"Of {counted(len(files), 'image')} in {path} none can be read, {files[0]} being the first."
        )
    several = f"{sides[0]}-{sides[-1]} px" if len(sides) > 1 else f"{sides[0]} px"
    raise DataError(
        f"The images in {path} have sides of {several}: say to which size they are to be "
        "brought, such as --size 128."
    )

"""Real examples to train on: bundled, generated, or the user's own, all through `load_dataset`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sparring.data.arrays import kind_in_npz, read_npz
from sparring.data.dataset import Batch, Column, Dataset, DataSpec, dataset_of
from sparring.data.digits import mnist
from sparring.data.folder import read_folder, usual_side
from sparring.data.holding_out import aside
from sparring.data.idx import read_idx_folder
from sparring.data.kinds import KINDS, Kind
from sparring.data.loading import Watch, unwatched
from sparring.data.mixtures import grid, read_mixture, ring
from sparring.data.oracles import read_oracle
from sparring.data.own import is_own, read_own
from sparring.data.resizing import Fit, Size, frame_of
from sparring.data.stacked import stacked_mnist
from sparring.data.texts import TokensName, read_texts
from sparring.data.truth import Mixture, Truth
from sparring.data.two_domains import Reading, read_pairs, read_unpaired
from sparring.errors import DataError, nearest

__all__ = [
    "READING",
    "Batch",
    "Column",
    "DataSpec",
    "Dataset",
    "Mixture",
    "Truth",
    "data_names",
    "dataset_of",
    "kind_in",
    "load_dataset",
    "short_data_name",
    "usual_size",
]

READING = (
    "size",
    "fit",
    "stretch",
    "skip_bad_images",
    "alpha",
    "tokens",
    "hold_out",
    "hold_out_seed",
    "hold_out_classes",
)
"""Arguments of `load_dataset` that a run is told, and records, beside the name of its data."""

_NAMES = {
    "mnist": "70 000 handwritten digits, 28 x 28, grey, 10 classes (bundled)",
    "ring": "8 Gaussians on a circle, in the plane (generated)",
    "grid": "25 Gaussians on a square grid, in the plane (generated)",
    "stacked-mnist": "three random digits as the channels of a colour image, 1000 classes (generated)",
    "idx:PATH": "a folder with train-images-idx3-ubyte[.gz] and so on, as MNIST and its likes come",
    "folder:PATH": "a folder of images of any size and format; its sub-folders, if any, are the classes",
    "pairs:PATH": "pairs of images: folders A and B with equal names, or files with both side by side",
    "unpaired:PATH": "images of two domains: folders A and B, or trainA, trainB, testA and testB",
    "npz:FILE": "a NumPy .npz file with `images`, `x_train` or `points`, and perhaps labels",
    "mixture:FILE": 'Gaussians of your own, from JSON such as {"means": [[0, 0], [1, 1]], "deviation": 0.1}',
    "text:FILE": "UTF-8 text, an example in each line, cut into characters or words",
    "oracle:FILE": "sequences that a network in a .npz file writes, as in SeqGAN's experiment (generated)",
    "FILE.py:FUNCTION": "a function of your own that gives a `Dataset`: pairs, two domains, anything",
}

TWO_DOMAINS = {"pairs": read_pairs, "unpaired": read_unpaired}
"""What reads images of two domains; it holds examples out by itself, as they belong together or not."""


_KINDS = {
    "images": ("mnist", "stacked-mnist", "idx", "folder", "pairs", "unpaired"),
    "points": ("ring", "grid", "mixture"),
    "tokens": ("text", "oracle"),
}
"""What the examples of a source are, where its name says it."""


def data_names() -> dict[str, str]:
    """Every name that `load_dataset` accepts, each with one line on what it is, for help texts."""
    return dict(_NAMES)


def load_dataset(
    name: str,
    *,
    size: Size | None = None,
    fit: Fit = "crop",
    stretch: bool = False,
    skip_bad_images: bool = False,
    alpha: bool | None = None,
    tokens: TokensName | None = None,
    hold_out: float | None = None,
    hold_out_seed: int = 0,
    hold_out_classes: str | None = None,
    seed: int = 0,
    watch: Watch = unwatched,
) -> Dataset:
    """Load a data set by name.

    Args:
        name: one of `data_names()`, with PATH or FILE replaced by a path, which may be relative or start
            with `~`, and FUNCTION by a name. The data set's own name holds the absolute path.
        size: size in pixels that images are brought to, 64 for a square or `64x48` for width and height;
            None keeps the native size (28 for `folder:`).
        fit: how images of another shape come to that size. With `crop` their largest central part of the
            right shape is kept; with `pad` the whole image, its edges repeated over what is left; with
            `stretch` the whole image, distorted.
        stretch: scale the values of all images so that the brightest of them becomes white.
        skip_bad_images: leave out, with a warning, files of `folder:PATH` that cannot be decoded, rather
            than stop at the first one.
        alpha: keep how opaque the images of `folder:PATH` are, as a fourth channel, instead of putting them
            on white; None for no.
        tokens: what the texts of `text:FILE` are cut into; None for characters.
        hold_out: share of the examples to keep aside where the data holds none out by itself, or of texts; 0
            holds out nothing, and what the data holds out by itself is trained on, too. By default what the
            data does by itself, which is a tenth of texts.
        hold_out_seed: decides which these are; leave it, and every run keeps the same ones aside.
        hold_out_classes: folders within both domains of `pairs:` and `unpaired:` to keep aside instead, such
            as `flags,symbols`.
        seed: which draw of a generated data set to take (`ring`, `grid`, `mixture:`, `stacked-mnist`,
            `oracle:`). It is independent of a run's seed: leave it, and every run sees the same examples.
        watch: is told how many images of a folder are read, and how many there are.

    Raises:
        DataError: the name is unknown, or what it names cannot be read or makes no data set.
    """
    frame = frame_of(size, fit)
    parted = aside(hold_out, hold_out_seed)
    # Of texts a tenth is held out by default.
    if hold_out_seed and not hold_out and (hold_out is not None or not name.startswith("text:")):
        raise DataError(
            f"--hold-out-seed {hold_out_seed} says which examples are held out by chance, and none are: give "
            "--hold-out, such as 0.1, as well, or leave it out."
        )
    asked = ["image size"] * (frame is not None) + ["stretching"] * stretch
    generated: dict[str, Callable[[], Dataset]] = {
        "mnist": lambda: mnist(frame),
        "ring": lambda: ring(seed),
        "grid": lambda: grid(seed),
        "stacked-mnist": lambda: stacked_mnist(frame, seed),
    }
    own: dict[str, Callable[[Path], Dataset]] = {
        "idx": lambda path: read_idx_folder(path, frame, stretch),
        "folder": lambda path: read_folder(
            path, frame, skip_bad_images, stretch=stretch, alpha=bool(alpha), watch=watch
        ),
        "npz": lambda path: read_npz(path, frame, stretch),
        "mixture": lambda path: read_mixture(path, seed),
        "oracle": lambda path: read_oracle(path, seed),
        "text": lambda path: read_texts(path, tokens or "characters", hold_out, hold_out_seed),
    }
    kind, colon, path = name.partition(":")
    if tokens is not None and kind != "text":
        raise DataError(f"'{name}' is not cut into tokens, as 'text:FILE' is; leave the tokens out.")
    if alpha and kind != "folder":
        raise DataError(
            f"'{name}' has no files that may be transparent, as 'folder:PATH' has; leave alpha out."
        )
    classes = tuple(map(str.strip, hold_out_classes.split(","))) if hold_out_classes else ()
    if classes and kind not in TWO_DOMAINS:
        raise DataError(
            f"'{name}' has no folders within two domains, as 'pairs:PATH' and 'unpaired:PATH' may have: "
            "leave --hold-out-classes out."
        )
    if classes and hold_out is not None:
        raise DataError("Either a share is held out or classes are: leave one of the two out.")
    if kind in TWO_DOMAINS and colon:
        reading = Reading(frame, skip_bad_images, stretch, watch, parted, classes)
        return TWO_DOMAINS[kind](_existing(kind, path), reading)
    if kind in own and colon:
        dataset = own[kind](_existing(kind, path))
    elif name in generated:
        dataset = generated[name]()
    elif is_own(name):
        if asked:
            raise DataError(
                f"'{name}' makes its examples as it wants them, so it takes no {' and no '.join(asked)}; "
                "leave that out."
            )
        dataset = read_own(name)
    else:
        raise DataError(f"There is no data set '{name}'; accepted are {', '.join(_NAMES)}.{_hint(name)}")
    if asked and not dataset.examples.kind.has_size:
        raise DataError(
            f"'{name}' holds {dataset.examples.kind.name}, not images, so it takes no "
            f"{' and no '.join(asked)}; leave that out."
        )
    # Texts are parted before their vocabulary is made.
    return dataset if kind == "text" else parted(dataset)


def usual_size(name: str, most: int) -> Size | None:
    """The size to which the images of some data are best brought, where they have none of their own.

    Args:
        name: of the data, as `load_dataset` takes it.
        most: no larger than this, in pixels.

    Raises:
        DataError: it names a folder that cannot be read.
    """
    kind, _, path = name.partition(":")
    return usual_side(_existing(kind, path), most) if kind == "folder" else None


def kind_in(name: str) -> type[Kind] | None:
    """The kind of some data's examples, as far as it is known before they are read; else None.

    Args:
        name: of the data, as `load_dataset` takes it.

    Raises:
        DataError: it names a file that cannot be read.
    """
    source, colon, path = name.partition(":")
    if source == "npz" and colon:
        return kind_in_npz(_existing(source, path))
    return next((KINDS[kind] for kind, sources in _KINDS.items() if source in sources), None)


def short_data_name(name: str) -> str:
    """The name as it stands in titles and folder names: without the path it may hold."""
    return name.rpartition(":")[2] if is_own(name) else name.partition(":")[0]


def _hint(name: str) -> str:
    """What was probably meant by a name that does not exist."""
    if name and Path(name).is_dir():
        return f" Did you mean 'folder:{name}'?"
    kind, _, path = name.partition(":")
    kinds = {known.partition(":")[0]: known for known in _NAMES}
    hint = nearest(kind, kinds)
    for known, full in kinds.items():
        if ":" in full:
            own = f"{known}:{path}" if path else full
            hint = hint.replace(f"'{known}'", f"'{own}'")
    return hint


def _existing(kind: str, given: str) -> Path:
    """The absolute path given after `kind:`, which must exist and be a folder or a file as the kind wants."""
    wanted = "folder" if kind in ("idx", "folder", *TWO_DOMAINS) else "file"
    if not given:
        raise DataError(f"'{kind}:' lacks its path; give {kind}: followed by the path of a {wanted}.")
    if "\0" in given:
        raise DataError(f"The path after '{kind}:' holds a zero byte; give the path of a {wanted}.")
    path = Path(os.path.abspath(os.path.expanduser(given)))
    try:
        if not path.exists():
            raise DataError(f"There is no {wanted} {path}.{_nearest_sibling(path)}")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if wanted == "folder" and not path.is_dir():
        found = "a file" if path.is_file() else "no folder"
        raise DataError(f"{path} is {found}, but '{kind}:' takes a folder.")
    if wanted == "file" and not path.is_file():
        found = "a folder" if path.is_dir() else "no plain file"
        raise DataError(f"{path} is {found}, but '{kind}:' takes a file.")
    return path


def _nearest_sibling(path: Path) -> str:
    """A hint at the entry beside a missing path whose name is closest."""
    try:
        return nearest(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    except OSError:
        return f" The folder {path.parent} does not exist either."

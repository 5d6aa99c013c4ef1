"""Labels of images in a `dataset.json`, as the tools of StyleGAN write it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sparring.data.limits import LARGEST_TEXT
from sparring.errors import DataError
from sparring.opening import read_bounded

LABELS_FILE = "dataset.json"
FORM = '{"labels": [["00000/img00000000.png", 3], ...]}, or {"labels": null} where there are none'
LARGEST_LABEL = 2**63 - 1


def read_labels(root: Path, file: Path) -> dict[Path, int]:
    """The label of each image that a file names.

    Source: Karras et al., https://github.com/NVlabs/stylegan3, dataset_tool.py.

    Args:
        root: the folder of the data set.
        file: the file, relative to `root`; the names in it are relative to where it lies.

    Returns:
        Labels by the path of each image relative to `root`; none where the file says that there are none.

    Raises:
        DataError: it cannot be read, is not JSON, or does not hold labels.
    """
    path = root / file
    try:
        value = json.loads(read_bounded(path, LARGEST_TEXT, follow=True))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is not JSON ({error}); mend it, or remove it to do without labels."
        ) from error
    if not isinstance(value, dict) or "labels" not in value:
        raise DataError(
            f"{path} holds no 'labels'; it must be {FORM}. Rename it if it is about something else."
        )
    pairs = [] if value["labels"] is None else value["labels"]
    if not isinstance(pairs, list):
        raise DataError(f"'labels' in {path} is no list; it must be {FORM}.")
    return {file.parent / name: label for name, label in (_pair(pair, path) for pair in pairs)}


def _pair(pair: Any, path: Path) -> tuple[str, int]:
    """The name and the label of one image."""
    name, label = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
    if isinstance(label, list):
        raise DataError(
            f"{path} labels '{name}' with {len(label)} numbers; a label here is one integer, a class."
        )
    if not isinstance(name, str) or type(label) is not int or abs(label) > LARGEST_LABEL:
        found = json.dumps(pair)
        raise DataError(f"'labels' in {path} holds {found[:80]}; it must be {FORM}.")
    return name.replace("\\", "/"), label

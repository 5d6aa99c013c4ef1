"""`translate`: what a run makes of a picture, a folder of pictures, or a video."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sparring.console import Stages, duration_text
from sparring.data.listing import list_folder
from sparring.errors import DataError, SettingError
from sparring.loading import load
from sparring.runs.files import read_json, write_json, writing
from sparring.runs.folder import Run
from sparring.settings import Count, Natural, check_value
from sparring.shown import counted
from sparring.translation.filling import translation_of
from sparring.translation.pictures import WRITTEN, translate_picture
from sparring.translation.translation import Translation
from sparring.translation.video import READ, translate_video

MADE_BY = ".sparring-translation.json"
"""What a folder of translations is made by, so that it is gone on with by the same."""


@dataclass(frozen=True)
class MadeBy:
    """What such a file holds."""

    run: str
    source: str
    step: int | None
    epoch: int | None
    direction: str
    seed: int
    longest: int | None
    mask: str | None


def translate(
    run: Run | Path | str,
    input: Path | str,
    out: Path | str,
    *,
    direction: str | None = None,
    mask: Path | str | None = None,
    longest: int | None = None,
    seed: int = 0,
    epoch: int | None = None,
    device: str = "auto",
    quiet: bool = False,
) -> Path:
    """Make pictures of pictures with a run of a system that translates, such as pix2pix or cyclegan.

    A picture of any size is translated in overlapping tiles of the size that the run was trained on. Its
    transparency is kept, and it is turned as its EXIF orientation says. Of what moves, such as a GIF, each
    frame is translated. A folder that is half done is gone on with, and what was made of pictures that have
    changed since is made anew.

    Args:
        run: the run or its folder.
        input: a picture; a folder of pictures, at any depth; or a video, which needs sparring[video].
        out: the file, or for a folder the folder, where what is made has the same names.
        direction: AtoB or BtoA, where the system translates both ways; by default the first that it has.
        mask: a picture of the size of what is translated, white where holes are to be filled, for systems
            that do so, such as inpaint; all else stays as it is. It is the same for all pictures of a folder.
        longest: bring pictures whose longer side has more pixels than this to so many first; by default
            they keep their size.
        seed: decides the noise, which is the same for all.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to translate: auto, cpu, cuda ...
        quiet: do not say how far it is.

    Returns:
        The file or folder that was written.

    Raises:
        SparringError: no such run, one that does not translate, something that cannot be read or written.
            Of a folder, all that can be read is translated first.
    """
    source, out = Path(input), Path(out)
    seed = check_value("seed", seed, Natural)
    longest = check_value("longest", longest, Count | None)
    if not source.exists():
        raise DataError(f"There is no {source}: give a picture, a folder of pictures, or a video.")
    if out.exists() and out.samefile(source):
        raise SettingError(f"{out} is what is to be translated: give another name.")
    run = Run.open(run.path if isinstance(run, Run) else run)
    hole = None if mask is None else Path(mask)
    if hole is not None and not hole.is_file():
        raise DataError(
            f"There is no mask {hole}: give a picture that is white where holes are to be filled."
        )
    if hole is not None and out.exists() and out.samefile(hole):
        raise SettingError(f"{out} is the mask: give another name.")
    model = load(run, epoch, device)
    translation = translation_of(model.game, hole, direction, seed, longest, model.white)
    with Stages("Translating", quiet) as stages:
        if source.is_dir():
            told = None if hole is None else sha256(hole.read_bytes()).hexdigest()
            path, folder = (str(each.resolve()) for each in (run.path, source))
            made_by = MadeBy(path, folder, model.step, epoch, translation.direction, seed, longest, told)
            _translate_folder(source, out, translation, made_by, stages)
        elif source.suffix.lower() in READ:
            translate_video(source, out, translation, _Pace(stages, "frames"))
        else:
            translate_picture(source, out, translation)
    return out


class _Pace:
    """Says how many are done, and how long the others will take."""

    def __init__(self, say: Callable[[str], None], what: str) -> None:
        self.say, self.what, self.began = say, what, time.monotonic()
        self.first: int | None = None

    def __call__(self, done: int, total: int) -> None:
        self.first = done - 1 if self.first is None else self.first
        each = (time.monotonic() - self.began) / (done - self.first)
        left = (
            f" of {total:,} {self.what}, {duration_text(each * max(0, total - done))} left" if total else ""
        )
        self.say(f"{done:,}{left or f' {self.what}'}")


def _is_newer(made: Path, source: Path) -> bool:
    """Whether there is a picture, made after its source was last changed or put there."""
    if not made.exists():
        return False
    of_source = source.stat()
    return made.stat().st_mtime_ns >= max(of_source.st_mtime_ns, of_source.st_ctime_ns)


def _translate_folder(
    source: Path, out: Path, translation: Translation, made_by: MadeBy, say: Callable[[str], None]
) -> None:
    if out.suffix.lower() in {*WRITTEN, *READ} and not out.exists():
        raise SettingError(
            f"{source} is a folder, of which a folder is made, and {out} is the name of a file: give another."
        )
    listing = list_folder(source)
    files = listing.images
    if not files:
        raise DataError(f"{source} holds no pictures.")
    if out.resolve().is_relative_to(source.resolve()):
        raise SettingError(f"{out} lies in {source}, whose pictures are to be translated: give another.")
    _begin(out, made_by)
    pace = _Pace(say, "pictures")
    bad: list[DataError | SettingError] = []
    for number, file in enumerate(files, 1):
        # What is of no format that is written keeps its own name before another suffix, so that none meet.
        written = file if file.suffix.lower() in WRITTEN else file.with_name(f"{file.name}.png")
        if _is_newer(out / written, source / file):
            continue
        with writing(out / written):
            (out / written).parent.mkdir(parents=True, exist_ok=True)
        try:
            translate_picture(source / file, out / written, translation)
        except (DataError, SettingError) as error:
            bad.append(error)
        pace(number, len(files))
    videos = [file for file in listing.others if file.suffix.lower() in READ]
    if videos:
        warnings.warn(
            f"Left out {counted(len(videos), 'video')} in {source}, such as {min(videos)}: give each by "
            "itself.",
            stacklevel=3,
        )
    if bad:
        raise DataError(
            f"Left out {len(bad):,} of {counted(len(files), 'picture')}, the first because {bad[0]}"
        )


def _begin(out: Path, made_by: MadeBy) -> None:
    """Make a folder of translations, or go on with one that is made by the same.

    Raises:
        SettingError: there is something else in it.
    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    known = out / MADE_BY
    if not known.exists():
        if any(out.iterdir()):
            raise SettingError(f"{out} holds something already: give a new folder, or an empty one.")
        write_json(known, vars(made_by))
    elif read_json(known, MadeBy) != vars(made_by):
        raise SettingError(
            f"{out} holds translations of another folder, by another run, or with other options ({known} "
            "says which): give another folder."
        )

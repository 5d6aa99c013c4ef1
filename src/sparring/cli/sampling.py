"""Commands that make something of a run or with it: samples, translations, films, files for others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sparring.cli.options import chosen, parsed, sampling_options
from sparring.errors import SettingError
from sparring.shown import counted, say, visible_line


def sample(arguments: list[str]) -> None:
    """Write samples of a run."""
    from sparring.sample_files import write_samples
    from sparring.sampling import in_parts, sample

    about = (
        "FILE.png for a picture (FILE.txt of texts), FILE.npz for arrays: `images` (uint8, N x H x W x C), "
        "`points` or `tokens`, and `labels` of a system that is told classes: those that the data has; "
        "FOLDER/ for a file for each, in a folder for each class."
    )
    formats = "Of the files in FOLDER/: png, jpg or webp; by default png, or txt for texts."
    how = sampling_options(arguments)
    options, out = _parsed_with_out(
        "sample", sample, arguments, about, format=(str | None, formats, None), **how
    )
    sampling, form = chosen(options, how), options.pop("format")
    drawn, count = in_parts(**(options | sampling))
    files = write_samples(out, drawn, count, options["interpolate"], form)
    several = f" and {counted(len(files) - 1, 'more file')}" if len(files) > 1 else ""
    say(f"Wrote {counted(count, 'sample')} to {files[0]}{several}")


def translate(arguments: list[str]) -> None:
    """Write translations of pictures."""
    from sparring.translation.translate import translate

    say(f"Wrote {translate(**parsed('translate', translate, arguments))}")


def directions(arguments: list[str]) -> None:
    """Write what a run does along the directions of its noise."""
    from sparring.exploring.runs import directions

    about = "FILE.png: a row for each direction; FILE.gif for a film, FILE.npz for arrays."
    options, out = _parsed_with_out("directions", directions, arguments, about)
    samples, steps = directions(**options), options["steps"]
    samples.save(out, columns=steps)
    say(f"Wrote {counted(len(samples) // steps, 'direction')} to {out}")


def project(arguments: list[str]) -> None:
    """Write what of a run comes nearest to an image."""
    from sparring.exploring.runs import project

    about = "FILE.png: the image, and what is generated, side by side; FILE.npz for arrays."
    options, out = _parsed_with_out("project", project, arguments, about)
    found, shown = project(**options)
    shown.save(out, columns=len(shown))
    names = [found.told.kind.class_names[int(number)] for number in found.told.values.flatten()]
    as_what = f" as '{visible_line(names[0])}'" if names else ""
    say(f"Wrote {out}: generated{as_what}, {found.psnr:.1f} dB, mean difference {found.distance:.4f} (of 1)")


def film(arguments: list[str]) -> None:
    """Write a film of how the samples of a run came."""
    from sparring.reporting.filming import film

    say(f"Wrote {film(**parsed('film', film, arguments))}")


def export(arguments: list[str]) -> None:
    """Write a run in the forms that others read."""
    from sparring.exporting.folder import export

    say(f"Wrote {export(**parsed('export', export, arguments))}")


def _parsed_with_out(
    command: str,
    function: Callable[..., Any],
    arguments: list[str],
    about: str,
    **more: tuple[Any, str, Any],
) -> tuple[dict[str, Any], str]:
    """The options of a command that makes samples of a run, and where to they are written, which is checked
    before any are made."""
    from sparring.runs.origins import refuse_to_write_over_data
    from sparring.sample_files import check_samples_file

    options = parsed(command, function, arguments, out=(str, about, dataclasses.MISSING), **more)
    out = options.pop("out")
    check_samples_file(out, form=options.get("format"))
    refuse_to_write_over_data(options["run"], out)
    for given in (options.get(name) for name in ("image", "mask", "around")):
        if given is not None and Path(given).exists() and Path(out).exists() and Path(out).samefile(given):
            raise SettingError(f"{out} is what was given to look at: write to another name.")
    return options, out

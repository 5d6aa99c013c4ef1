"""A model by its name on a hub, brought to this machine."""

from __future__ import annotations

from pathlib import Path

from sparring.errors import RunError, SettingError
from sparring.exporting.layout import CONFIG, WEIGHTS, is_exported

PREFIX = "hub:"
"""How the name of a model on a hub begins."""


def fetched(name: str) -> Path:
    """The folder on this machine of a model that somebody exported and put on the hub of Hugging Face.

    Only its weights and its description are fetched, no code; what was fetched before is not fetched again
    unless it changed.

    Args:
        name: such as `hub:someone/faces`, or `hub:someone/faces@REVISION`.

    Raises:
        SettingError: huggingface_hub is not installed.
        RunError: there is no such model, it cannot be reached, or it is none of sparring's.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise SettingError(f"{name} needs huggingface_hub: pip install 'sparring[hub]'.") from error
    repository, _, revision = name.removeprefix(PREFIX).partition("@")
    try:
        folder = snapshot_download(repository, revision=revision or None, allow_patterns=[CONFIG, WEIGHTS])
    # Of the hub's errors, those of names are ValueErrors, and all others, the network's too, OSErrors.
    except (ValueError, OSError) as error:
        said, *_ = [*str(error).strip().splitlines(), type(error).__name__]
        raise RunError(
            f"{name} cannot be fetched: {said.rstrip('.')}. Give hub:OWNER/NAME of a model that can be "
            "reached, or the folder of one."
        ) from error
    if not is_exported(folder):
        raise RunError(f"{name} is no model of sparring: it has no {CONFIG} with {WEIGHTS} beside it.")
    return Path(folder)

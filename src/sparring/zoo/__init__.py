"""The systems that sparring ships, by name; none is imported before it is asked for."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.errors import SettingError, nearest

if TYPE_CHECKING:
    from sparring.game import Game

SYSTEMS = {
    "gan": "gan:GAN",
    "dcgan-tflearn": "dcgan_tflearn:DCGANTflearn",
    "acgan": "acgan:ACGAN",
    "dcgan": "dcgan:DCGAN",
    "wgan": "wgan:WGAN",
    "wgan-gp": "wgan_gp:WGANGP",
    "began": "began:BEGAN",
    "r3gan": "r3gan:R3GAN",
}
"""Name of each system, and where its class is within this package."""


def find_system(reference: str) -> type[Game]:
    """The class of a system: by its name in the zoo, or one's own as `path/to/file.py:ClassName`.

    Raises:
        SettingError: there is no such system, file or class.
    """
    if ":" in reference:
        return _own_system(reference)
    if reference not in SYSTEMS:
        raise SettingError(
            f"There is no system '{reference}'.{nearest(reference, SYSTEMS)} The zoo has "
            f"{', '.join(SYSTEMS)}; a system of your own is named path/to/file.py:ClassName."
        )
    module, _, name = SYSTEMS[reference].partition(":")
    system: type[Game] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return system


def absolute_reference(reference: str) -> str:
    """The reference as a run records it: a file of one's own by its full path."""
    path, colon, name = reference.rpartition(":")
    return f"{Path(path).resolve()}{colon}{name}" if colon else reference


def short_name(reference: str) -> str:
    """The reference as it stands in titles and folder names."""
    return reference.rpartition(":")[2].lower()


def _own_system(reference: str) -> type[Game]:
    from sparring.game import Game

    path, _, name = reference.rpartition(":")
    file = Path(path)
    if not file.is_file():
        raise SettingError(f"There is no file {path} to take the system '{name}' from.")
    # A name of its own for each file, however many are called alike.
    module_name = f"sparring_own_{file.stem}_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise SettingError(f"{path} is not a Python file: a system of your own lives in a .py file.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError) as error:
        raise SettingError(f"{path} cannot be imported: {error}.") from error
    games = [
        key
        for key, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Game) and value is not Game
    ]
    if name not in games:
        raise SettingError(
            f"{path} has no subclass of Game called '{name}'.{nearest(name, games)} "
            f"It has: {', '.join(games) or 'none'}."
        )
    own: type[Game] = getattr(module, name)
    return own

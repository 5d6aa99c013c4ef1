"""Importing a Python file by its path, for systems or data sets of one's own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from sparring.errors import SettingError


def import_file(path: str, wanted: str) -> ModuleType:
    """The module that a file makes.

    Args:
        path: of the file; relative to the current folder, or absolute.
        wanted: what is to be taken from it, such as `system 'MyGAN'`, for errors.

    Raises:
        SettingError: there is no such file, or it cannot be imported.
    """
    file = Path(path)
    if not file.is_file():
        raise SettingError(f"There is no file {path} to take the {wanted} from.")
    # A name of its own for each file, however many are called alike.
    name = f"sparring_own_{file.stem}_{hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SettingError(f"{path} is not a Python file: code of your own lives in a .py file.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError) as error:
        raise SettingError(f"{path} cannot be imported: {error}.") from error
    return module

"""Importing a Python file by its path, for systems or data sets of one's own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sparring.blame import OwnCode, sentence_of
from sparring.errors import OwnCodeError, SettingError


class OwnFiles:
    """All files of one's own that have been imported, and those beside them: a container of their names."""

    def __init__(self) -> None:
        self.imported: set[OwnCode] = set()

    def __bool__(self) -> bool:
        return bool(self.imported)

    def __contains__(self, filename: object) -> bool:
        return any(filename in code for code in self.imported)


OWN_FILES = OwnFiles()
"""Those of this process."""


def asked(method: Callable[[], Any]) -> Any:
    """What a method gives to a property of a module.

    Of an AttributeError within a property, a module says only that it does not have that property.

    Raises:
        OwnCodeError: in the place of such an error.
    """
    try:
        return method()
    except AttributeError as error:
        raise OwnCodeError(sentence_of(error, OWN_FILES)) from error


@contextmanager
def importing_beside(file: Path) -> Iterator[None]:
    """Let the modules beside a file be imported by their names, as those beside a script are.

    A module of the same name that came from beside another file is not taken for one of these.
    """
    folder = str(file.resolve().parent)
    beside = {entry.partition(".")[0] for entry in os.listdir(folder)}
    for name, module in list(sys.modules.items()):
        top, origin = name.partition(".")[0], getattr(module, "__file__", None)
        if (
            top in beside
            and origin
            and origin in OWN_FILES
            and not origin.startswith(os.path.join(folder, top))
        ):
            del sys.modules[name]
    sys.path.insert(0, folder)
    # Files may have come since Python last looked.
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def import_file(path: str, wanted: str) -> ModuleType:
    """The module that a file makes, which may import those beside it.

    Args:
        path: of the file; relative to the current folder, or absolute.
        wanted: what is to be taken from it, such as `system 'MyGAN'`, for errors.

    Raises:
        SettingError: there is no such file.
        OwnCodeError: it cannot be imported.
    """
    file = Path(path)
    if not file.is_file():
        raise SettingError(f"There is no file {path} to take the {wanted} from.")
    # A name of its own for each file, however many are called alike.
    name = f"sparring_own_{file.stem}_{hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise OwnCodeError(f"{path} is not a Python file: code of your own lives in a .py file.")
    module = importlib.util.module_from_spec(spec)
    OWN_FILES.imported.add(OwnCode(file.resolve()))
    # Dataclasses look their module up by name.
    sys.modules[name] = module
    try:
        with importing_beside(file):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        said = sentence_of(error, OWN_FILES)
        raise OwnCodeError(f"{path} cannot be imported: {said}") from error
    return module

"""The systems that sparring ships, by name; none is imported before it is asked for."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.errors import SettingError, nearest
from sparring.imports import import_file
from sparring.shown import quoted

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
    "fastgan": "fastgan:FastGAN",
    "language-model": "language_model:LanguageModel",
    "seqgan": "seqgan:SeqGAN",
    "relgan": "relgan:RelGAN",
    "improved-gan": "improved_gan:ImprovedGAN",
    "bad-gan": "bad_gan:BadGAN",
    "bayesian-gan": "bayesian_gan:BayesianGAN",
    "pix2pix": "pix2pix:Pix2Pix",
    "restore": "restore:Restore",
    "inpaint": "inpaint:Inpaint",
    "srgan": "srgan:SRGAN",
    "denoise": "denoise:Denoise",
    "cyclegan": "cyclegan:CycleGAN",
    "cartoon": "cartoon:Cartoon",
}
"""Name of each system, and where its class is within this package."""


TRANSLATORS = {"pairs": "pix2pix", "unpaired": "cyclegan"}
"""The system to train on data from these sources, which have images to make others of."""


def usual_system(data: str) -> str:
    """The system to train where none is named: what is known to do best on such data in little time.

    Args:
        data: the name of the data, as `load_dataset` takes it.

    Raises:
        DataError: there is no such data, or it cannot be read.
        SettingError: no system is known for such data.
    """
    source = data.partition(":")[0]
    if source in TRANSLATORS:
        return TRANSLATORS[source]
    from sparring.data import kind_in, load_dataset

    kind = kind_in(data)
    if kind is not None:
        usual, about = kind.usual_system, kind.name
    else:
        dataset = load_dataset(data)
        usual, about = dataset.examples.kind.usual_system, dataset.examples.kind.about
        if dataset.condition.kind.from_data:
            usual, about = None, f"{about} that are made of {dataset.condition.kind.about}"
    if usual is None:
        raise SettingError(
            f"No system is known to be the best for {about}: name one of {', '.join(SYSTEMS)}, or your own."
        )
    return usual


def find_system(reference: str) -> type[Game]:
    """The class of a system: by its name in the zoo, or one's own as `path/to/file.py:ClassName`.

    Raises:
        SettingError: there is no such system, file or class.
        OwnCodeError: the file cannot be imported, or the class is not as a system must be.
    """
    system = class_of(reference)
    if ":" in reference:
        from sparring.mistakes import refuse
        from sparring.mistakes.declaration import class_mistakes

        refuse(class_mistakes(system))
    return system


def class_of(reference: str) -> type[Game]:
    """The class that a reference names, whatever may be wrong with it.

    Raises:
        SettingError: there is no such system, file or class.
        OwnCodeError: the file cannot be imported.
    """
    if reference not in SYSTEMS:
        _refuse_data(reference)
    if ":" in reference:
        return _own_class(reference)
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


def _refuse_data(reference: str) -> None:
    """Raise SettingError where a reference names data, or a folder, in the place of a system."""
    from sparring.data import data_names

    sources = {name.partition(":")[0] for name in data_names()}
    is_data = reference.partition(":")[0] in sources
    if is_data or Path(reference).is_dir():
        data = reference if is_data else f"folder:{reference}"
        raise SettingError(
            f"'{reference}' is data, not a system: give it as --data {quoted(data)}, after the name of a "
            "system or without one."
        )


def _own_class(reference: str) -> type[Game]:
    from sparring.game import Game

    path, _, name = reference.rpartition(":")
    module = import_file(path, f"system '{name}'")
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

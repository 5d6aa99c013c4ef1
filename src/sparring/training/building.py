"""A game with its first weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from sparring.data.dataset import Dataset
from sparring.errors import MemoryShortage
from sparring.game import Game, GameSettings
from sparring.memory import require_memory, telling_shortage
from sparring.mistakes import refuse
from sparring.mistakes.declaration import begun_mistakes
from sparring.processes import Processes
from sparring.randomness import Randomness, derived_seed, seeded_initialisation

TRAINED = 4
"""Tensors for each parameter of a game that is trained: its value, its gradient, two memories of Adam."""


def build_game(
    system: type[Game], settings: GameSettings, dataset: Dataset, seed: int, processes: Processes
) -> Game:
    """A game with the weights that the seed gives, on the device.

    Args:
        dataset: in the range of the system.

    Raises:
        DataError: it cannot train on such data.
        SettingError: a trick cannot work with it, or its networks do not fit in memory.
        OwnCodeError: it does not begin as a game.
    """
    system.needs.check(system.__name__, dataset.spec)
    random = Randomness(derived_seed(seed, "game"), processes.device, processes.rank, processes.count)
    with seeded_initialisation(seed), weighed(TRAINED if processes.device.type == "cpu" else 1):
        game = system(settings, dataset.spec, random)
        refuse(begun_mistakes(game))
        game.to(processes.device)
    game.tricks.check(game)
    return game


@contextmanager
def weighed(copies: int) -> Iterator[None]:
    """Refuse networks that do not fit in memory while they are built, before they have taken it.

    Args:
        copies: tensors for each parameter.

    Raises:
        MemoryShortage: so many of them do not fit.
    """
    weight = 0

    def weigh(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal weight
        if parameter is not None:
            weight += parameter.numel() * parameter.element_size()
            require_memory(copies * weight, "Training these networks", MemoryShortage)

    # A layer registers its parameters before it fills them: until then they have taken addresses alone.
    hook = nn.modules.module.register_module_parameter_registration_hook(weigh)
    try:
        with telling_shortage():
            yield
    finally:
        hook.remove()

"""What a system recommends, as it fits the data that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sparring.data.dataset import Dataset
from sparring.game import Game
from sparring.recommendation import Recommendation, rules_of
from sparring.tricks.adaptive_augmentation import in_one_way


def fitting_rules(
    game_class: type[Game], dataset: Dataset, given: Mapping[str, Any] | None = None
) -> list[Recommendation]:
    """What a system recommends for some data, from the largest networks to the smallest.

    Args:
        game_class: the system.
        dataset: what is trained on.
        given: the settings that were given, by name.
    """
    return [_fitting(rung, game_class, dataset, given or {}) for rung in rules_of(game_class, dataset.spec)]


def _fitting(
    rung: Recommendation, game_class: type[Game], dataset: Dataset, given: Mapping[str, Any]
) -> Recommendation:
    """The same, less what is given in another way and what changes nothing beside that, with a smaller batch
    where the data has fewer examples."""
    rung = replace(rung, beside=in_one_way(rung.beside, given))
    together = game_class.Settings.of({**rung.settings, **given}, game_class.__name__)
    rung = rung.without(game_class.idle_settings(together, dataset.spec))
    usual = rung.settings.get("batch_size", game_class.Settings().batch_size)
    count = game_class.examples_given(together, dataset.spec)
    if usual <= count:
        return rung
    rung = rung.without(["batch_size"])
    return replace(rung, beside={**rung.beside, "batch_size": batch_for(count)})


def batch_for(count: int) -> int:
    """The batch for so few examples that a usual one has more: about half of them."""
    return 1 << max(1, count // 2).bit_length() - 1

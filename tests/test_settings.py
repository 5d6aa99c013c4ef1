from __future__ import annotations

import pytest

from sparring.errors import SettingError
from sparring.nn.layers import Dropout
from sparring.nn.unet import UNet
from sparring.randomness import Randomness
from sparring.settings import LARGEST_WHOLE, Count, Positive, check_value
from sparring.zoo import find_system


@pytest.mark.parametrize("hint", [Count, Positive, int])
def test_a_number_without_measure_is_refused_in_few_words(hint: object) -> None:
    """Even one of more digits than Python would write out."""
    with pytest.raises(SettingError, match=r"^steps is beyond 2\^63: ") as caught:
        check_value("steps", 10**5000, hint)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("system", ["pix2pix", "acgan", "seqgan", "relgan"])
def test_not_all_activations_can_be_dropped(system: str) -> None:
    settings = find_system(system).Settings
    assert settings.of({"dropout": 0.99}, system).flat()["dropout"] == 0.99
    with pytest.raises(SettingError, match=r"^dropout is 1\.0: it must be from 0 to below 1\.$"):
        settings.of({"dropout": 1}, system)


def test_nor_by_the_layers_themselves() -> None:
    with pytest.raises(SettingError, match=r"probability is 1\.0: it must be from 0 to below 1"):
        Dropout(1, Randomness(0))
    with pytest.raises(SettingError, match=r"dropout is 1\.0: it must be from 0 to below 1"):
        UNet(1, 1, (8, 8), dropout=1)


def test_the_largest_number_of_a_processor_is_accepted() -> None:
    assert check_value("steps", LARGEST_WHOLE, Count) == LARGEST_WHOLE

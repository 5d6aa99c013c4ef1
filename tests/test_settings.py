from __future__ import annotations

import pytest

from sparring.errors import SettingError
from sparring.settings import LARGEST_WHOLE, Count, Positive, check_value


@pytest.mark.parametrize("hint", [Count, Positive, int])
def test_a_number_without_measure_is_refused_in_few_words(hint: object) -> None:
    """Even one of more digits than Python would write out."""
    with pytest.raises(SettingError, match=r"^steps is beyond 2\^63: ") as caught:
        check_value("steps", 10**5000, hint)
    assert len(str(caught.value)) < 100


def test_the_largest_number_of_a_processor_is_accepted() -> None:
    assert check_value("steps", LARGEST_WHOLE, Count) == LARGEST_WHOLE

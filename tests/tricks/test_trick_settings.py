"""The flags of tricks: typed settings of every system."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import textwrap
from collections.abc import Callable

import pytest

from sparring.errors import SettingError
from sparring.training.beginning import of_what_begins_anew
from sparring.training.engine import Engine
from sparring.tricks import TRICKS, TrickSettings
from sparring.zoo import SYSTEMS, find_system


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_the_flags_of_every_trick(system: str) -> None:
    settings = find_system(system).Settings
    assert settings.of({"instance_noise": 0.1}, system).tricks.instance_noise == 0.1
    plain = settings.of({}, system)
    for trick in TRICKS.values():
        assert not trick.is_on(plain.tricks)
        assert trick.is_on(settings.of(dict(trick.usual), system).tricks)
        others = [other for other in TRICKS.values() if other is not trick]
        assert not any(other.is_on(settings.of(dict(trick.usual), system).tricks) for other in others)
        assert isinstance(plain.tricks, trick.Settings)


def test_settings_go_through_json() -> None:
    settings = find_system("dcgan").Settings
    usual = {flag: value for trick in TRICKS.values() for flag, value in trick.usual.items()}
    made = settings.of({"width": 8} | usual, "dcgan")
    plain = json.loads(json.dumps(dataclasses.asdict(made)))
    assert plain["tricks"].items() >= usual.items()
    assert settings.of(plain, "dcgan") == made
    assert made.flat().items() >= ({"width": 8} | usual).items()
    assert "tricks" not in made.flat()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"instance_noise": -0.1}, "instance_noise is -0.1: it must be at least 0."),
        ({"instance_noise": "much"}, "instance_noise is 'much': it must be a number."),
        ({"instance_noise_share": 1.5}, "it must be from 0 to 1."),
        ({"smoothing": 2}, "it must be from 0 to 1."),
        ({"flipping": True}, "flipping is True: it must be a number."),
        ({"packing": 0}, "packing is 0: it must be at least 1."),
        ({"packing": 2.0}, "it must be a whole number."),
        ({"spectral_norm": "all"}, "it must be none, critic or both."),
        ({"unrolling": -1}, "it must be at least 0."),
        ({"tricks": {"packing": -3}}, "packing is -3"),
        ({"unroling": 1}, "Did you mean 'unrolling'?"),
        ({"tricks": {"smoothness": 1}}, "Did you mean 'smoothing'?"),
    ],
)
def test_values_out_of_range_are_refused(flags: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        find_system("gan").Settings.of(flags, "gan")
    assert message in str(caught.value)


def test_no_two_tricks_share_a_flag() -> None:
    flags = [field.name for trick in TRICKS.values() for field in dataclasses.fields(trick.Settings)]
    assert sorted(flags) == sorted(field.name for field in dataclasses.fields(TrickSettings))
    assert len(set(flags)) == len(flags)


@pytest.mark.parametrize("trick", TRICKS)
def test_every_flag_has_its_help(trick: str) -> None:
    source = textwrap.dedent(inspect.getsource(TRICKS[trick].Settings))
    (body,) = (node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    for field, text in zip(body[1::2], body[2::2], strict=True):
        assert isinstance(field, ast.AnnAssign)
        assert isinstance(text, ast.Expr)
    assert (len(body) - 1) / 2 == len(dataclasses.fields(TRICKS[trick].Settings))
    assert "arXiv" in TRICKS[trick].source


@pytest.mark.parametrize("flags", [{"historical_averaging": 0.1}, {"lecam": 0.3}])
def test_means_of_another_run_are_nothing_to_begin_with(
    make_engine: Callable[..., Engine], flags: dict[str, object]
) -> None:
    game = make_engine("gan", **flags).game
    (trick,) = game.tricks
    assert set(of_what_begins_anew(game)) == {
        name for name in game.state_dict() if name.rsplit(".", 1)[-1] in trick.state_dict()
    }

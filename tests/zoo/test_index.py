"""The index of published GANs: well-formed facts, systems that exist, searches that find."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from sparring.arguments import flag_of
from sparring.cli import main
from sparring.errors import SettingError
from sparring.tricks import TrickSettings
from sparring.zoo import SYSTEMS
from sparring.zoo.index import Variant, search, variants

FLAGS = {flag_of(name) for name in TrickSettings().flat()}


def test_it_has_the_well_known_ones_each_once() -> None:
    known = variants()
    assert len(known) >= 200
    assert {"GAN", "CycleGAN", "StyleGAN2", "FastGAN", "R3GAN"} <= {variant.name for variant in known}
    numbers = Counter(variant.arxiv for variant in known if variant.arxiv)
    assert max(numbers.values()) == 1
    assert len(known) - len(numbers) <= 2


@pytest.mark.parametrize("variant", variants(), ids=lambda variant: f"{variant.name}-{variant.arxiv}")
def test_each_entry_is_whole(variant: Variant) -> None:
    assert variant.name.strip() == variant.name != ""
    assert 0 < len(variant.new) <= 110
    assert not variant.new.endswith(".")
    assert bool(variant.runs) != bool(variant.nearest)
    system, *flags = (variant.runs or variant.nearest).split()
    assert system in SYSTEMS
    assert set(flags[::2]) <= FLAGS
    assert 2014 <= variant.year <= 2025
    if variant.arxiv:
        # Five digits since 2015.
        digits = 4 if variant.year < 2015 else 5
        assert re.fullmatch(rf"\d\d(0[1-9]|1[0-2])\.\d{{{digits}}}", variant.arxiv)
        assert variant.year == 2000 + int(variant.arxiv[:2])


@pytest.mark.parametrize(
    ("term", "first", "runs"),
    [
        ("1406.2661", "GAN", "gan"),
        ("GAN", "GAN", "gan"),
        ("pacgan", "PacGAN", "gan --packing 2"),
        ("wgangp", "WGAN-GP", "wgan-gp"),
        ("wgan gp", "WGAN-GP", "wgan-gp"),
        ("CIRCLING", "JR-GAN", ""),
        ("caption 2018", "TGANs-C", ""),
        ("triplets", "tripletGAN", ""),
    ],
)
def test_searches(term: str, first: str, runs: str) -> None:
    variant = search(term)[0]
    assert (variant.name, variant.runs) == (first, runs)


def test_every_word_must_be_there() -> None:
    found = search("2018 text")
    assert {variant.year for variant in found} == {2018}
    assert "MaskGAN" in {variant.name for variant in found}
    assert len(found) < len(search("text"))


@pytest.mark.parametrize("term", ["stylgan9", "", "  "])
def test_nothing_found_is_an_error(term: str) -> None:
    with pytest.raises(SettingError, match="has nothing on"):
        search(term)


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["zoo", "--search", "pacgan"])
    said = capsys.readouterr().out
    for wanted in ("PacGAN", "2017", "1712.04086", "--packing 2"):
        assert wanted in said
    assert "Goodfellow" not in said
    with pytest.raises(SystemExit) as stop:
        main(["zoo", "--search", "stylgan"])
    assert stop.value.code == 2
    complaint = capsys.readouterr().err
    assert "nothing on 'stylgan'. The nearest names are StyleGAN" in complaint
    assert complaint.count("\n") == 1

"""`sparring tricks` says of each trick what its class says."""

from __future__ import annotations

import dataclasses

import pytest

from sparring.arguments import flag_of
from sparring.cli import main
from sparring.settings import as_option
from sparring.tricks import TRICKS


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["tricks", *words])
    return " ".join(capsys.readouterr().out.split())


def test_all_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"packing": ["--packing 2: more modes", "--packing 4: most"]}
    monkeypatch.setattr("sparring.tricks.listing.measured", lambda name: found.get(name, []))
    text = said(capsys)
    for name, trick in TRICKS.items():
        assert name in text
        assert trick.source in text
        assert all(flag_of(field.name) in text for field in dataclasses.fields(trick.Settings))
    # The words are those of the classes, and what was measured is told where it was.
    assert "Objectives without labels." in text
    assert "Games whose generator pays for something else than a critic's logits." in text
    assert text.count("not measured yet") == len(TRICKS) - 1
    assert "here, in short runs: --packing 2: more modes here, in short runs: --packing 4: most" in text


@pytest.mark.parametrize("name", TRICKS)
def test_one_at_length(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    trick, text = TRICKS[name], said(capsys, name.upper().replace(" ", "-"))
    assert text.startswith(name)
    for paragraph in (trick.__doc__ or "").split("\n\n"):
        assert " ".join(paragraph.split()) in text
    for field in dataclasses.fields(trick.Settings):
        assert f"{flag_of(field.name)} (default {field.default})" in text
    usual = text.partition("Usual: sparring train SYSTEM ")[2].partition(" Source: ")[0]
    assert usual.split() == [word for flag, value in trick.usual.items() for word in as_option(flag, value)]
    assert "True" not in usual
    assert "Refused where there is no place for it: it " in text


def test_flags_are_explained_by_their_docstrings(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Steps of the critic that the generator looks ahead; usual ones are 1 to 10." in said(
        capsys, "unrolling"
    )


def test_one_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["tricks", "pakcing"])
    assert stop.value.code == 2
    complaint = capsys.readouterr().err
    assert (
        "There is no trick 'pakcing'. Did you mean 'packing'? There are: more turns, exchanged loss, "
        in complaint
    )
    assert complaint.count("\n") == 1

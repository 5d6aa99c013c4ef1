"""Models by their names on a hub, whose library is asked for no more than a folder: nothing is downloaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

import sparring
from sparring.errors import RunError, SettingError


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Path:
    """The folder of a model, as a hub would have it."""
    folder = tmp_path_factory.mktemp("hub")
    run = sparring.train("gan", data=f"npz:{tiny_npz}", max_steps=2, out=folder / "run", quiet=True)
    return Path(sparring.export(run, folder / "model", onnx=False))


@pytest.fixture
def asked(exported: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the library was asked for; it answers with that folder."""
    calls: list[dict[str, Any]] = []

    def snapshot_download(repository: str, **more: Any) -> str:
        calls.append({"repository": repository, **more})
        return str(exported)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return calls


def test_a_model_is_loaded_by_its_name(asked: list[dict[str, Any]], exported: Path) -> None:
    by_name, by_folder = (sparring.load(which).sample(4).examples for which in ("hub:a/b@v2", exported))
    assert torch.equal(by_name, by_folder)
    sparring.load("hub:a/b")
    files = ["config.json", "model.safetensors"]
    assert asked == [
        {"repository": "a/b", "revision": "v2", "allow_patterns": files},
        {"repository": "a/b", "revision": None, "allow_patterns": files},
    ]


def test_a_name_that_no_hub_takes_is_refused() -> None:
    with pytest.raises(RunError, match=r"^hub:a/b/c cannot be fetched: Repo id .* Give hub:OWNER/NAME of"):
        sparring.load("hub:a/b/c")


def test_what_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **more: Any) -> str:
        raise LocalEntryNotFoundError("Cannot find an appropriate snapshot.\nCheck the connection.")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    said = r"^hub:a/b cannot be fetched: Cannot find an appropriate snapshot\. Give hub:OWNER/NAME .* one\.$"
    with pytest.raises(RunError, match=said):
        sparring.load("hub:a/b")


def test_a_model_of_others_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **more: str(tmp_path))
    with pytest.raises(RunError, match=r"^hub:a/b is no model of sparring: it has no config\.json"):
        sparring.load("hub:a/b")


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(SettingError, match=r"pip install 'sparring\[hub\]'"):
        sparring.load("hub:a/b")

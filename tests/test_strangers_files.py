"""Any change of any file of a run ends in success or in one sentence, and touches nothing else."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sparring
from sparring.errors import SparringError

ODD = st.sampled_from(
    [None, True, -1, 0, 1.5, 10**400, 1e300, "", "x", "\0", "\ud800", [], {}, [[]], {"a": {}}, [None] * 3]
)
"""What stands in the place of a value."""
FILES = ("run.json", "status.json", "history.jsonl", "events.jsonl", "checkpoints/step-00000004/state.json")


@pytest.fixture(scope="module")
def made(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps with checks of its health; not to be written to."""
    path = tmp_path_factory.mktemp("made") / "run"
    options: dict[str, Any] = {"history_every": 1, "health_every": 2, "hidden_size": 8, "keep_every": 1}
    data: dict[str, Any] = {"data": f"npz:{tiny_npz}", "batch_size": 50, "max_steps": 4, "threads": 1}
    return sparring.train("gan", **data, **options, out=path, quiet=True).path


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a value, as a container and a key."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def changed(value: Any, data: st.DataObject) -> Any:
    """The value with something else, or nothing, at one of its places."""
    container, key = data.draw(st.sampled_from(list(places(value))))
    if isinstance(container, dict) and data.draw(st.booleans()):
        del container[key]
    else:
        container[key] = data.draw(ODD)
    return value


def signed(state: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint's state with the digest that it should have, as a stranger may give it."""
    digests = state.pop("sha256", None)
    if isinstance(digests, dict):
        digests["state"] = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
    return state if digests is None else state | {"sha256": digests}


def refusal_of(use: Callable[[], object]) -> str | None:
    """What is said against a use of a run, or None where it succeeds."""
    try:
        use()
    except SparringError as error:
        return str(error)
    return None


def change(path: Path, data: st.DataObject) -> None:
    """Change a file of JSON, or of rows of it."""
    lines = path.read_text().splitlines()
    if path.suffix == ".jsonl":
        row = data.draw(st.integers(0, len(lines) - 1))
        lines[row] = json.dumps(changed(json.loads(lines[row]), data))
        path.write_text("\n".join(lines) + "\n")
    else:
        value = changed(json.loads("\n".join(lines)), data)
        path.write_text(json.dumps(signed(value) if path.name == "state.json" else value))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15, derandomize=True)
@given(data=st.data())
def test_any_change_of_json(made: Path, name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Path(shutil.copytree(made, Path(temporary) / "run"))
        change(run / name, data)
        for use in (
            lambda: sparring.report(run, run / "report.html"),
            lambda: sparring.sample(run, 2),
            lambda: sparring.resume(run, max_steps=5, quiet=True),
        ):
            said = refusal_of(use)
            assert said is None or len(said) < 1000
        assert [path.name for path in Path(temporary).iterdir()] == ["run"]

"""One of several processes of a check: plays some rounds, tells what came of them.

python -m sparring.checking.peer '{"reference": ..., "data": ..., "values": ..., "tell": ...}'
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from sparring.checking.report import remark_on
from sparring.checking.state import digest, leaves
from sparring.checking.subject import Subject, play
from sparring.errors import SparringError
from sparring.processes import end_with_the_others, join_processes
from sparring.zoo import class_of

ROUNDS = 3


def main() -> None:
    """Do what the argument asks for; what came of it stands in a JSON file."""
    torch.set_num_threads(1)
    task = json.loads(sys.argv[1])
    subject = Subject(
        task["reference"],
        class_of(task["reference"]),
        task["data"],
        values=task["values"],
    )
    Path(task["tell"]).write_text(json.dumps(outcome(subject)))
    end_with_the_others(0)


def outcome(subject: Subject) -> dict[str, Any]:
    """A digest of every tensor after some rounds of every phase, or what went wrong."""
    digests: dict[str, str] = {}
    buffers: list[str] = []
    try:
        processes = join_processes("cpu")
        for start in subject.starts:
            engine = subject.engine(start, processes)
            play(engine, ROUNDS)
            tensors = {
                name: value for name, value in leaves(engine.state()) if isinstance(value, torch.Tensor)
            }
            digests |= {
                f"{name}": f"{digests.get(name, '')}{digest(value)}" for name, value in tensors.items()
            }
            buffers = [f"networks/{name}" for name, _ in engine.game.named_buffers()]
    except Exception as error:  # noqa: BLE001  # people's code may raise anything
        remark = remark_on(error, subject.own)
        follows = type(error) is SparringError
        return {"mistake": remark.sentence, "traceback": remark.traceback, "follows": follows}
    return {"digests": digests, "buffers": buffers}


if __name__ == "__main__":
    main()

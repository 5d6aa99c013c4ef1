"""README: its commands work, in the order in which they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

README = Path(__file__).parents[1] / "README.md"
OWN = Path(__file__).parents[1] / "docs" / "your-own-system.md"
SHORTER = {
    "resume": (r"--max-minutes \d+", "--max-steps 4"),
    "train": (r"--max-(minutes|steps) \d+", "--max-steps 2"),
    "evaluate": (r"$", " --count 200"),
    "tune": (r"--trials \d+", "--trials 2"),
}
"""How each command is made short."""


def commands() -> list[str]:
    """The command lines of the section, without their comments."""
    section = README.read_text().split("## What it can do")[1].split("\n## ")[0]
    blocks = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    return [
        re.split(r"\s+#", line)[0].strip() for block in blocks for line in block.splitlines() if line.strip()
    ]


def shortened(line: str) -> str:
    """The same command with less to do."""
    name = next((name for name in SHORTER if f"sparring {name} " in line), "")
    return re.sub(*SHORTER[name], line, count=1) if name else line


def test_readme_says_where_the_command_is() -> None:
    text = README.read_text()
    assert text.index("`.venv/bin/sparring`") < text.index("sparring zoo")


def test_every_command_stands_in_the_readme() -> None:
    from sparring.cli import COMMANDS

    told = {line.split("sparring ")[1].split()[0] for line in commands()}
    assert told == set(COMMANDS)


@pytest.mark.slow
def test_the_commands_of_the_readme_work_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (70, 48, 40, 3), dtype=np.uint8)
    for number, photo in enumerate(pixels):
        Image.fromarray(photo).save(tmp_path / "photos" / f"{number}.png")
    poems = "\n".join(f"poem {number} of {97 * number}" for number in range(200))
    (tmp_path / "poems.txt").write_text(poems)
    listing = next(
        block for block in re.findall(r"```python\n(.*?)```", OWN.read_text(), re.DOTALL) if "(Game)" in block
    )
    (tmp_path / "mygame.py").write_text(listing)
    python = shlex.quote(sys.executable)
    modules = {"sparring": "sparring", "torchrun": "torch.distributed.run"}
    functions = "".join(f'{name}() {{ {python} -m {module} "$@"; }}; ' for name, module in modules.items())
    for line in commands():
        done = subprocess.run(
            ["bash", "-c", functions + shortened(line)],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout[-2000:], done.stderr[-2000:])

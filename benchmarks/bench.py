"""All timings in turn, and a page of what they print.

    make bench, or: python benchmarks/bench.py [--out benchmarks/page.md] [--only NAME ...] [--without-peers]

With --only the page keeps all other sections that it has.
Peers that are no part of sparring's own environment get one each in `benchmarks/.envs`, made the first time;
where that is not possible, the page says so. The machine should do nothing else meanwhile: about two hours.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import tyro

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".envs"
KERAS = ("keras==3.15.*", "tensorflow-cpu==2.21.*")
PARTICLEGAN = ("particlegan==0.9.*", "torch==2.13.*")


@dataclass(frozen=True)
class Script:
    """A script to run."""

    title: str
    arguments: tuple[str, ...]
    """Its file within this folder, and what follows."""
    threads: int | None = 1
    """Threads that torch is given; None for as many as it takes by itself."""
    packages: tuple[str, ...] = ()
    """What the peer's environment has, whose Python is then the script's next argument."""


SCRIPTS = {
    "start": Script("Start-up", ("start.py",)),
    "overhead": Script("What the engine costs", ("overhead.py",)),
    "health": Script("What watching a run's health costs", ("health.py", "gan")),
    "convolutions": Script("What convolutions take", ("convolutions.py",)),
    "products": Script("Products of matrices by oneDNN", ("products.py",)),
    "kept-memory": Script("Freed memory that is kept", ("kept_memory.py",)),
    "orders": Script("Whole systems with channels side by side", ("orders.py",)),
    "zoo": Script("Systems for images beside eager PyTorch", ("zoo.py", "--profile")),
    "zoo-2": Script(
        "The wide ones with two threads",
        ("zoo.py", "acgan", "dcgan-tflearn", "dcgan", "wgan", "r3gan", "--threads", "2"),
        threads=2,
    ),
    "keras": Script("The listing's ACGAN beside Keras", ("acgan.py",), None, KERAS),
    "keras-bf16": Script("The same in bfloat16", ("acgan.py", "--bf16"), None, KERAS),
    "points": Script("A grid of 100 modes beside particlegan", ("points.py",), 1, PARTICLEGAN),
    "scaling": Script("Scaling", ("scaling.py",), None),
    "processes": Script("Two processes of a thread each", ("processes.py", "acgan")),
    "evaluation": Script("Evaluating, and reading photographs", ("evaluation.py",), None),
    "language-model": Script("A large vocabulary", ("language_model.py",)),
    "improved-gan": Script("A round of improved-gan", ("improved_gan.py",)),
    "seqgan": Script("A round of SeqGAN's rewards", ("seqgan.py",)),
}


def python_with(packages: tuple[str, ...]) -> str:
    """The Python of an environment with some packages, made if it is not there.

    Raises:
        subprocess.CalledProcessError: it cannot be made.
    """
    folder = ENVIRONMENTS / packages[0].partition("=")[0]
    python = str(folder / "bin" / "python")
    ready = folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        ready.touch()
    return python


def output_of(script: Script) -> str:
    """What a script prints, or how it failed."""
    file, *rest = script.arguments
    try:
        peer = [python_with(script.packages)] if script.packages else []
    except subprocess.CalledProcessError as error:
        return f"Left out: the environment of {', '.join(script.packages)} cannot be made ({error})."
    environment = dict(os.environ)
    if script.threads is not None:
        environment["OMP_NUM_THREADS"] = str(script.threads)
    done = subprocess.run(
        [sys.executable, str(HERE / file), *peer, *rest],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        return f"Ended with {done.returncode}: {''.join(last)}"
    return done.stdout.strip()


def machine() -> str:
    """Processor, cores, and versions."""
    names = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    versions = ", ".join(f"{package} {version(package)}" for package in ("sparring", "torch", "numpy"))
    return f"{', '.join(names)}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}."


def section(script: Script) -> str:
    """What a script printed, and how, when and on what it ran."""
    command = " ".join(script.arguments)
    threads = "threads as it takes them" if script.threads is None else f"threads: {script.threads}"
    ran = f"`benchmarks/{command}`, {threads}; {date.today()}, {machine()}"
    return f"## {script.title}\n\n{ran}\n\n```\n{output_of(script)}\n```\n"


def sections_of(page: str) -> dict[str, str]:
    """The sections of a page that was written before, by the names of their scripts."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    return {
        name: f"{part.rstrip()}\n"
        for name, script in SCRIPTS.items()
        for part in parts
        if part.startswith(f"## {script.title}\n")
    }


def main(
    out: Path = HERE / "page.md",
    only: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (),
    without_peers: bool = False,
) -> None:
    """Run them, and write the page after each; of those that are not run it keeps what it has."""
    parts = sections_of(out.read_text()) if out.exists() else {}
    for name, script in SCRIPTS.items():
        if (only and name not in only) or (without_peers and script.packages):
            continue
        parts[name] = section(script)
        print(parts[name], flush=True)
        out.write_text("\n".join(["# Timings\n", *(parts[each] for each in SCRIPTS if each in parts)]))


if __name__ == "__main__":
    tyro.cli(main)

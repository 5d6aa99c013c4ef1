"""Memory that stays with the process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from sparring.kept_memory import CHOSEN, glibc, memory_kept

PIECES = """
import resource
import torch
from sparring.kept_memory import memory_kept

PAGES = 4 * 2**20 // resource.getpagesize()

def faults() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        pieces = [torch.ones(2**20) for _ in range(20)]
        del pieces
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / PAGES

def resident() -> int:
    with open("/proc/self/statm") as about:
        return int(about.read().split()[1]) / PAGES

torch.set_num_threads(1)
without = faults()
with memory_kept():
    with memory_kept():
        faults()
    within = faults()
    kept = resident()
print(without, within, kept - resident())
"""
"""Pieces of 4 MiB: how many of them were faulted in anew, and how many went back at the end."""

SMALL_ONES = """
import torch
from sparring.kept_memory import memory_kept

def resident() -> float:
    with open("/proc/self/statm") as about:
        return int(about.read().split()[1]) * 4096 / 2**20

torch.set_num_threads(1)
kept = []
with memory_kept():
    for step in range(61):
        parts = [torch.ones(2**20) for _ in range(10)]
        whole = torch.cat(parts)
        del parts
        kept.append(whole[:1000].clone())
        del whole
        if step == 20:
            before = resident()
    print(resident() - before)
"""
"""Of every large result a little is kept: megabytes that 40 more steps take."""

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is another")


def said_by(program: str) -> str:
    """What a program prints in a process whose allocator nobody has chosen."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(CHOSEN)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


@needs_glibc
def test_what_is_freed_stays_until_the_last_block_ends() -> None:
    words = said_by(PIECES).split()
    without, within, given_back = map(float, words)
    # What freed pieces would cost: otherwise this shows nothing.
    assert without > 20
    assert within < 3
    assert given_back > 15


@needs_glibc
def test_small_pieces_that_stay_do_not_make_large_ones_pile_up() -> None:
    assert float(said_by(SMALL_ONES)) < 200


@pytest.mark.parametrize("name", ["LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_"])
def test_what_someone_has_chosen_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    glibc.cache_clear()
    with monkeypatch.context() as chosen:
        chosen.setenv(name, "")
        assert glibc() is None
    glibc.cache_clear()


def test_without_glibc_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    glibc.cache_clear()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", "darwin")
        with memory_kept():
            assert glibc() is None
    glibc.cache_clear()

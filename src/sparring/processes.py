"""The processes that train together, one or several."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from sparring.errors import Interrupted, SettingError, SparringError

MEETING_SECONDS = 60.0
"""How long a process waits for the others to be started."""


@dataclass(frozen=True)
class Processes:
    """This process among those that train together; `torchrun` starts several."""

    device: torch.device
    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and prints."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over all processes, in one flattened exchange."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        try:
            dist.all_reduce(flat)
        except RuntimeError as error:
            raise SparringError(f"Process {self.rank} stops: another one of the run has ended.") from error
        flat /= self.count
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def mean(self, *numbers: float) -> list[float]:
        """Each number's mean over all processes, so that all decide by the same."""
        found = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        self.average([found])
        means: list[float] = found.tolist()
        return means

    def gather(self, own: Tensor) -> Tensor:
        """The same tensor of all processes, of one shape, joined along its first dimension in their order."""
        if self.count == 1:
            return own
        parts = [torch.empty_like(own) for _ in range(self.count)]
        try:
            dist.all_gather(parts, own.contiguous())
        except RuntimeError as error:
            raise SparringError(f"Process {self.rank} stops: another one of the run has ended.") from error
        return torch.cat(parts)

    @contextmanager
    def ending_together(self) -> Iterator[None]:
        """Let a mistake that one process meets end all of them; only the one that met it says so."""
        try:
            yield
        except SparringError:
            self.any(True)
            raise
        if self.any(False):
            raise Interrupted("", SparringError.exit_code)

    def broadcast(self, text: str) -> str:
        """The text that the first process has."""
        if self.count == 1:
            return text
        sent = [text]
        dist.broadcast_object_list(sent, device=self.device)
        return sent[0]

    def barrier(self) -> None:
        """Wait until all processes have come here."""
        self.any(True)

    def any(self, here: bool) -> bool:
        """Whether it is so in any process; none goes on before all have come here."""
        if self.count == 1:
            return here
        flag = torch.tensor([float(here)], device=self.device)
        self.average([flag])
        return bool(flag.item())


def join_processes(device: str = "auto") -> Processes:
    """The processes that torchrun started, or just this one.

    Args:
        device: `auto` (the first CUDA device if there is one, else the CPU), or any name torch knows.

    Raises:
        SettingError: there is no such device here.
    """
    rank, count = _launched()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen)
        torch.Generator(chosen)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        raise SettingError(
            f"There is no device '{device}' here: use auto, cpu, or a device that this torch can see."
        ) from error
    if count > 1 and not dist.is_initialized():
        _meet(rank, count, "nccl" if chosen.type == "cuda" else "gloo")
        atexit.register(destroy_process_group)
    return Processes(chosen, rank, count)


def _launched() -> tuple[int, int]:
    """Which process this is, of how many, as the environment says.

    Raises:
        SettingError: it says what no launcher would.
    """
    said = {name: os.environ.get(name, default) for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"))}
    try:
        rank, count = (int(value) for value in said.values())
    except ValueError:
        rank, count = -1, 0
    if count == 1:
        return 0, 1
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)]
    if missing or not 0 <= rank < count:
        told = ", ".join(f"{name}={value}" for name, value in said.items())
        without = f" without {' and '.join(missing)}" if missing else ""
        raise SettingError(
            f"The environment has {told}{without}, which no launcher of several processes sets: start with "
            "torchrun, or unset these variables for a run in one process."
        )
    return rank, count


def _meet(rank: int, count: int, backend: str) -> None:
    """Join the other processes.

    Raises:
        SettingError: they do not come.
    """
    patience = timedelta(seconds=MEETING_SECONDS)
    try:
        store, _, _ = next(rendezvous("env://", rank, count, timeout=patience))
        dist.init_process_group(backend, store=store, rank=rank, world_size=count)
    except (RuntimeError, ValueError) as error:
        place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise SettingError(
            f"The environment says that this is process {rank} of {count}, and the others were not met at "
            f"{place}: start all with torchrun, or unset RANK and WORLD_SIZE for a run in one process."
        ) from error


def destroy_process_group() -> None:
    """Leave the process group, if there is one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def end_with_the_others(code: int) -> None:
    """End this process here and now, if it is one of several.

    Threads of torch's communication may outlive even the group, and now and then they abort an interpreter
    that shuts down in the usual way ("terminate called without an active exception").
    """
    if dist.is_available() and dist.is_initialized():
        destroy_process_group()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

"""Precision: in which numbers losses are computed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch

PrecisionName = Literal["float32", "bf16"]


@dataclass(frozen=True)
class Precision:
    """float32, or bf16 where torch's autocast finds it safe; weights and optimisers are always float32."""

    name: PrecisionName = "float32"

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """The context in which losses are computed."""
        if self.name == "float32":
            return nullcontext()
        return torch.autocast(device.type, torch.bfloat16)

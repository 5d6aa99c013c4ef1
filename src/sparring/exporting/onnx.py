"""ONNX: a trained generator as a graph that other programs run, checked against what torch computes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sparring.errors import SettingError, SparringError
from sparring.exporting.module import Exported
from sparring.exporting.silence import silence
from sparring.model import Model
from sparring.nn.modes import inference
from sparring.shown import visible_line

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
ADVICE = "pip install 'sparring[onnx]', or give --no-onnx"
UNKNOWN = ("searchsorted",)
"""Operations that ONNX lacks: by this one, texts are drawn token by token."""
SAMPLES = "samples"
"""Name of the output."""
TOLERANCE = 1e-5
"""Largest difference from torch, as a share of the range of the samples."""
CHECKED = (1, 2, 7)
"""Numbers of samples for which the graph is tried."""


def require_packages() -> None:
    """Raise SettingError where the packages that this needs are missing."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingError(f"An ONNX file needs {' and '.join(missing)}, which are not installed: {ADVICE}.")


def require_known(model: Model) -> None:
    """Raise SettingError where a generator computes what no graph has a word for: the exporter would say so
    after a minute."""
    module, seen = Exported(model), _Seen()
    with inference(model.game), torch.no_grad(), seen:
        module(**module.inputs(1, model))
    for name in UNKNOWN:
        if name in seen.names:
            raise _not_exported(model, f"it has no '{name}'")


class _Seen(TorchDispatchMode):
    """The names of all operations that are computed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(operation.overloadpacket.__name__)
        return operation(*args, **(kwargs or {}))


def write_onnx(model: Model, path: Path) -> float:
    """Write a graph of any number of samples.

    Args:
        model: the trained game, on the CPU.
        path: the file.

    Returns:
        The largest difference from torch, as a share of the range.

    Raises:
        SettingError: a package is missing, or the generator cannot be exported.
        SparringError: what the graph computes is not what torch computes.
    """
    require_packages()
    module = Exported(model)
    given = module.inputs(2, model)
    batch = torch.export.Dim("batch", min=1)
    with inference(model.game), torch.no_grad(), silence():
        with _saying_why(model):
            program: Any = torch.onnx.export(
                module,
                tuple(given.values()),
                input_names=list(given),
                output_names=[SAMPLES],
                dynamic_shapes=tuple({0: batch} for _ in given),
                dynamo=True,
                verbose=False,
            )
        program.save(str(path))
    apart = _difference(module, model, path)
    if not apart <= TOLERANCE:
        raise SparringError(
            f"The ONNX file differs from torch by {apart:.1e} of the range, more than {TOLERANCE:g}: give "
            "--no-onnx."
        )
    return apart


@contextmanager
def _saying_why(model: Model) -> Iterator[None]:
    """Turn what goes wrong in the exporter, or in what runs its graph, into a sentence: their errors have no
    class of their own in common."""
    try:
        yield
    except Exception as error:
        # The exporter's own error says which of its steps failed; what it comes from says why.
        why = _first_line(error.__cause__ or error)
        raise _not_exported(model, why) from error


def _not_exported(model: Model, why: str) -> SettingError:
    return SettingError(f"{type(model.game).__name__} cannot be exported to ONNX ({why}): give --no-onnx.")


def _difference(module: Exported, model: Model, path: Path) -> float:
    """The largest, over several numbers of samples."""
    import onnxruntime

    with _saying_why(model):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    largest = 0.0
    for count in CHECKED:
        given = module.inputs(count, model)
        with inference(model.game), torch.no_grad():
            ours = module(**given)
        with _saying_why(model):
            (theirs,) = session.run([SAMPLES], {name: value.numpy() for name, value in given.items()})
        found = torch.from_numpy(theirs)
        if found.shape != ours.shape:
            raise SparringError(
                f"The ONNX file gives {tuple(found.shape)} for {tuple(ours.shape)}: give --no-onnx."
            )
        scale = max(1.0, ours.abs().max().item())
        largest = max(largest, (found - ours).abs().max().item() / scale)
    return largest


def _first_line(error: BaseException) -> str:
    return visible_line(next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".:"))

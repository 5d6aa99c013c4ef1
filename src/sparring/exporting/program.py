"""A trained generator as a short list of operations, which an interpreter of a hundred lines can run."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx

from sparring.errors import SettingError
from sparring.exporting.module import Exported
from sparring.exporting.silence import silence
from sparring.model import Model
from sparring.nn.modes import inference

UNARY = ("relu", "tanh", "sigmoid", "exp", "log1p", "neg", "abs", "sqrt")
BINARY = ("add", "sub", "mul", "div", "gt")
SAME = ("view", "clone", "_unsafe_view", "unsqueeze", "squeeze")
"""What only says of the same numbers that they have another shape."""

Step = dict[str, Any]


@dataclass
class Program:
    """Operations in their order, for one sample at a time.

    An argument is the name of an earlier step or of an input, a plain number, or the place of a constant.
    """

    steps: list[Step] = field(default_factory=list)
    constants: list[Tensor] = field(default_factory=list)
    """Weights and what follows from weights alone, float32, each as far behind the beginning as it says."""
    size: int = 0
    """Numbers in all constants."""

    def constant(self, values: Tensor) -> dict[str, Any]:
        """The place of a constant."""
        place = {"at": self.size, "shape": list(values.shape)}
        self.constants.append(values.detach().float().contiguous())
        self.size += values.numel()
        return place

    def weights(self) -> bytes:
        """All constants behind each other, as little-endian float32."""
        if not self.constants:
            return b""
        joined = torch.cat([values.flatten() for values in self.constants])
        return joined.numpy().astype("<f4").tobytes()


def program_of(model: Model) -> Program:
    """What a model computes for one sample, from noise, and from what it is told, to `Exported`'s output.

    Raises:
        SettingError: the generator does something that is not in the list of operations.
    """
    module = Exported(model)
    given = module.inputs(1, model)
    with inference(model.game), torch.no_grad(), silence():
        try:
            traced = torch.export.export(module, tuple(given.values())).run_decompositions()
        except Exception as error:
            raise SettingError(f"{type(model.game).__name__} has no fixed list of operations.") from error
        return _Reader(traced, list(given)).program()


class _Reader:
    """Reads a traced generator, and computes at once what depends on weights alone.

    Args:
        traced: the generator.
        names: of its inputs.
    """

    def __init__(self, traced: torch.export.ExportedProgram, names: Sequence[str]) -> None:
        self.traced = traced
        self.names = list(names)
        self.result = Program()
        self.known: dict[fx.Node, Any] = {}
        """What is a tensor, or several, whatever the input; else the name of a step."""

    def program(self) -> Program:
        """The whole of it."""
        held = {**self.traced.state_dict, **self.traced.constants}
        signature = self.traced.graph_signature
        targets = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        targets |= signature.inputs_to_lifted_tensor_constants
        for node in self.traced.graph.nodes:
            if node.op == "placeholder":
                target = targets.get(node.name)
                self.known[node] = self.names.pop(0) if target is None else held[target]
            elif node.op == "call_function":
                self.known[node] = self._call(node)
            elif node.op == "output":
                self.result.steps.append({"do": "result", "of": self._argument(node.args[0][0])})
        return self.result

    def _call(self, node: fx.Node) -> Any:
        arguments = fx.map_arg(node.args, lambda each: self.known[each])
        options = fx.map_arg(node.kwargs, lambda each: self.known[each])
        if node.target is operator.getitem and isinstance(arguments[0], str):
            return arguments[0]
        if not any(isinstance(self.known[each], str) for each in node.all_input_nodes):
            assert callable(node.target)
            return node.target(*arguments, **options)
        step = self._step(node)
        if isinstance(step, str):
            return step
        value = node.meta["val"]
        shape = (value[0] if isinstance(value, list | tuple) else value).shape
        self.result.steps.append({**step, "name": node.name, "shape": list(shape)})
        return node.name

    def _step(self, node: fx.Node) -> Step | str:
        """The operation that a node is; the name of an earlier step where its numbers are the same."""
        name = str(node.target).split(".")[1] if "." in str(node.target) else str(node.target)
        arguments = list(node.args)
        if name in UNARY:
            return {"do": name, "of": self._argument(arguments[0])}
        if name in BINARY and not node.kwargs:
            return {"do": name, "of": self._argument(arguments[0]), "with": self._argument(arguments[1])}
        if name in SAME:
            return {"do": "shaped", "of": self._argument(arguments[0])}
        special: dict[str, Callable[..., Step | None]] = {
            "mm": self._product, "addmm": self._sum, "convolution": self._convolution,
            "cat": self._joined, "embedding": self._looked_up,
            "_native_batch_norm_legit_no_training": self._normed, "upsample_nearest2d": self._enlarged,
            "upsample_bilinear2d": self._stretched, "_adaptive_avg_pool2d": self._pooled,
            "slice": self._cut, "clamp": self._clamped, "leaky_relu": self._leaky, "elu": self._elu,
            "where": self._chosen,
        }  # fmt: skip
        step = special[name](*arguments) if name in special and not node.kwargs else None
        if step is None:
            raise SettingError(f"The generator computes '{name}' in a way that no page knows.")
        return step

    def _argument(self, given: Any) -> Any:
        """The name of a step, a number, or the place of a constant."""
        found = self.known[given] if isinstance(given, fx.Node) else given
        if isinstance(found, Tensor):
            return found.item() if found.numel() == 1 else self.result.constant(found)
        return found

    def _tensor(self, given: Any) -> Tensor | None:
        """A constant itself; None where it depends on the input."""
        found = self.known[given] if isinstance(given, fx.Node) else given
        return found if isinstance(found, Tensor) else None

    def _product(self, of: Any, by: Any, bias: Any = None) -> Step | None:
        if self._tensor(by) is None:
            return None
        return {"do": "product", **self._of(of, by, bias)}

    def _sum(self, bias: Any, of: Any, by: Any) -> Step | None:
        return self._product(of, by, bias)

    def _convolution(
        self,
        of: Any,
        weight: Any,
        bias: Any,
        stride: list[int],
        padding: list[int],
        dilation: list[int],
        transposed: bool,
        _: Any,
        groups: int,
    ) -> Step | None:
        if self._tensor(weight) is None or set(dilation) != {1} or groups != 1 or len(stride) != 2:
            return None
        name = "transposed" if transposed else "convolution"
        return {"do": name, **self._of(of, weight, bias), "stride": stride, "padding": padding}

    def _of(self, of: Any, by: Any, bias: Any) -> Step:
        added = None if bias is None else self._argument(bias)
        return {"of": self._argument(of), "by": self._argument(by), "bias": added}

    def _joined(self, parts: Sequence[Any], axis: int = 0) -> Step | None:
        return {"do": "joined", "of": [self._argument(part) for part in parts]} if axis == 1 else None

    def _looked_up(self, table: Any, number: Any, *_: Any) -> Step:
        return {"do": "row", "of": self._argument(number), "by": self._argument(table)}

    def _normed(
        self, of: Any, scale: Any, shift: Any, mean: Any, variance: Any, _: float, epsilon: float
    ) -> Step | None:
        centre, spread = self._tensor(mean), self._tensor(variance)
        gain, bias = self._tensor(scale), self._tensor(shift)
        if centre is None or spread is None:
            return None
        factor = (spread.double() + epsilon).rsqrt() * (1 if gain is None else gain)
        offset = (0 if bias is None else bias) - centre * factor
        by, plus = self.result.constant(factor), self.result.constant(offset)
        return {"do": "scaled", "of": self._argument(of), "by": by, "bias": plus}

    def _enlarged(self, of: Any, *_: Any) -> Step:
        return {"do": "enlarged", "of": self._argument(of)}

    def _stretched(self, of: Any, size: Any, align_corners: bool, *_: Any) -> Step | None:
        return None if align_corners else {"do": "stretched", "of": self._argument(of)}

    def _pooled(self, of: Any, *_: Any) -> Step:
        return {"do": "pooled", "of": self._argument(of)}

    def _cut(
        self, of: Any, axis: int = 0, start: int | None = None, end: Any = None, step: int = 1
    ) -> Step | None:
        if step != 1:
            return None
        return {"do": "cut", "of": self._argument(of), "axis": axis, "start": start}

    def _clamped(self, of: Any, low: float | None = None, high: float | None = None) -> Step:
        return {"do": "clamped", "of": self._argument(of), "low": low, "high": high}

    def _leaky(self, of: Any, slope: float = 0.01) -> Step:
        return {"do": "leaky", "of": self._argument(of), "slope": slope}

    def _elu(self, of: Any, *scales: float) -> Step | None:
        return {"do": "elu", "of": self._argument(of)} if all(scale == 1 for scale in scales) else None

    def _chosen(self, where: Any, yes: Any, no: Any) -> Step:
        found = [self._argument(each) for each in (where, yes, no)]
        return {"do": "chosen", "of": found[0], "yes": found[1], "no": found[2]}

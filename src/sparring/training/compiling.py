"""Compiling a game's networks, where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from sparring.errors import SparringError
from sparring.game import Role
from sparring.training.engine import Engine
from sparring.training.timing import trial


def compile_networks(engine: Engine) -> str | None:
    """Compile all networks that no loss differentiates twice; all stay as they are where that fails.

    Returns:
        Why nothing was compiled, in words, or None where something was.
    """
    networks = compilable(engine)
    if not networks:
        return "this system has no network that can be compiled"
    for place, network in enumerate(networks):
        compile_network(network, f"network_{place}")
    try:
        trial(engine)
    except SparringError:
        raise
    except Exception as error:  # noqa: BLE001  # compilers raise what they like; all of it is said
        for network in networks:
            network._compiled_call_impl = None
        return f"the networks cannot be compiled here ({type(error).__name__})"
    return None


def compilable(engine: Engine) -> list[nn.Module]:
    """The generators, and the critics unless a loss differentiates through their gradients."""
    game = engine.game
    twice = game.second_derivatives or game.tricks.second_derivatives
    return [
        network
        for role, network in game.networks
        if role is Role.GENERATOR or (role is Role.CRITIC and not twice)
    ]


def compile_network(network: nn.Module, name: str) -> None:
    """Compile a network's calls in training, in place; samples come from the network as it is.

    Args:
        network: what is compiled.
        name: by which torch knows it; another for each network.
    """
    call: Callable[..., Any] = network._call_impl

    # `nn.Module.compile` leaves torch's own modules, such as `Sequential`, as they are: they are compiled
    # only where a function of ours calls them. It has code of its own, by which torch counts compilations.
    def train(*given: Any) -> Any:
        return call(*given)

    train.__code__ = train.__code__.replace(co_name=name)
    # For each shape alone: with shapes left open, rounding would depend on which one came first.
    compiled = torch.compile(train, dynamic=False)

    def choose(*given: Any, **named: Any) -> Any:
        training = network.training and torch.is_grad_enabled() and not named
        return compiled(*given) if training else call(*given, **named)

    network._compiled_call_impl = choose

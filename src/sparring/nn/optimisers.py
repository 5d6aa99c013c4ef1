"""torch's optimisers without torch's compiler.

An optimiser is told not to be compiled, and for that torch imports its compiler, which takes a second or
more of every run's start. These are the same methods without that mark.
"""

from __future__ import annotations

import inspect

import torch
from torch.optim import Optimizer


class Light(Optimizer):
    """Base of optimisers that load no compiler; they can be used wherever torch's own can."""

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)


class Adam(Light, torch.optim.Adam):
    """torch's Adam (Kingma and Ba 2015)."""

    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


class RMSprop(Light, torch.optim.RMSprop):
    """torch's RMSProp."""

    step = torch.no_grad()(inspect.unwrap(torch.optim.RMSprop.step))


class SGD(Light, torch.optim.SGD):
    """torch's stochastic gradient descent."""

    step = torch.no_grad()(inspect.unwrap(torch.optim.SGD.step))

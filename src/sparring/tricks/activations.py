"""Other activations: what comes between the layers of networks of a role, and how a critic pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from torch import nn

from sparring.randomness import Randomness
from sparring.tricks.layers import exchange_all, inner_activations
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role

ActivationName = Literal["own", "relu", "leaky-relu", "elu", "silu", "tanh", "softplus"]
MAKERS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
}
SAME = ("kernel_size", "stride", "padding", "ceil_mode")
"""What one pooling takes over from another."""
POOLS: dict[str, type[nn.AvgPool2d] | type[nn.MaxPool2d]] = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}


class Activations(Trick):
    """All activations inside a network are exchanged for others, and the pooling of a critic for another;
    what makes a network's output stays.

    Leaky ReLU has a slope of 0.2 below 0, as in DCGAN.
    """

    source = (
        "Radford et al. 2015, arXiv:1511.06434, section 3 (leaky ReLU in the critic, no pooling); "
        "Chintala et al. 2016, ganhacks (avoid sparse gradients)"
    )
    usual = {"critic_activation": "silu"}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of activations and pooling."""

        generator_activation: ActivationName = "own"
        """Activation inside generators."""
        critic_activation: ActivationName = "own"
        """Activation inside critics."""
        critic_pooling: Literal["own", "average", "max"] = "own"
        """How critics pool that do: by the mean or by the largest."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        s = self.settings
        self.missing = {
            what
            for what, wanted in (
                ("generator has an inner activation", s.generator_activation),
                ("critic has an inner activation", s.critic_activation),
                ("critic has a pooling", s.critic_pooling),
            )
            if wanted != "own"
        }
        """What was asked for and has not been found yet."""

    def refuses(self, game: Game) -> str | None:
        """Games in whose networks of that role there is nothing to exchange."""
        if self.missing:
            return f"no network of the role {' and none of the role '.join(sorted(self.missing))}"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """The network with other activations."""
        s = self.settings
        kind = {"generator": s.generator_activation, "critic": s.critic_activation}.get(role, "own")
        if kind != "own":
            found = exchange_all(network, inner_activations(network), lambda _: MAKERS[kind]())
            self._found(f"{role} has an inner activation", found)
        if role == "critic" and s.critic_pooling != "own":
            pools = [part for part in network.modules() if isinstance(part, tuple(POOLS.values()))]
            self._found("critic has a pooling", exchange_all(network, pools, self._pool))
        return network

    def _found(self, what: str, count: int) -> None:
        if count:
            self.missing.discard(what)

    def _pool(self, old: nn.Module) -> nn.Module:
        same: dict[str, Any] = {name: getattr(old, name) for name in SAME}
        return POOLS[self.settings.critic_pooling](**same)

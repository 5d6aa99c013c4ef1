"""Ten generators with injected noise, as in the Bayesian GAN (Saatchi and Wilson 2017, arXiv:1705.09558)."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sparring.game import Batch, DataSpec, Game, GameSettings, Needs, Player, Role, Terms, Turn, two_players
from sparring.randomness import Randomness

GENERATORS = 10


class SGHMC(Optimizer):
    """Stochastic gradient Hamiltonian Monte Carlo (Chen et al. 2014, arXiv:1402.4102, equation 15)."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, friction: float, random: Randomness
    ) -> None:
        super().__init__(parameters, {"lr": lr, "friction": friction})
        self.random = random

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                velocity = self.state[weight].setdefault("velocity", torch.zeros_like(weight))
                noise = (2 * group["friction"] * group["lr"]) ** 0.5 * self.random.normal(*weight.shape)
                velocity.mul_(1 - group["friction"]).sub_(group["lr"] * weight.grad).add_(noise)
                weight.add_(velocity)


class BayesianGAN(Game):
    """Samples of the posterior of a generator's weights against one of a critic's."""

    needs = Needs(examples=("points",))

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        (dimensions,) = data.shape
        makers = [
            nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, dimensions)) for _ in range(GENERATORS)
        ]
        self.generators = nn.ModuleList(self.built(Role.GENERATOR, maker) for maker in makers)
        critic = nn.Sequential(nn.Linear(dimensions, 16), nn.Tanh(), nn.Linear(16, 1))
        self.critic = self.built(Role.CRITIC, critic)

    def players(self) -> dict[str, Player]:
        noise = self.random.branch("sghmc", divided=False)
        return two_players(
            SGHMC(self.generators.parameters(), 1e-4, 0.1, noise),
            critic=SGHMC(self.critic.parameters(), 1e-4, 0.1, noise),
        )

    def round(self) -> list[Turn]:
        return [Turn("generator", self.generators_loss), Turn("critic", self.critic_loss)]

    def prior(self, networks: nn.Module) -> Tensor:
        squares = [weight.square().sum() for weight in networks.parameters()]
        return torch.stack(squares).sum() / (2 * self.data.count)

    def generators_loss(self, real: Batch) -> Terms:
        fake = torch.cat([generator(self.random.normal(len(real), 4)) for generator in self.generators])
        real_ones = real.examples.repeat(GENERATORS, 1)
        return Terms(self.deceive(self.critic, fake, real_ones), prior=self.prior(self.generators))

    def critic_loss(self, real: Batch) -> Terms:
        said = self.judge_together(self.critic, real.examples, self.fake(len(real)).detach())
        return Terms(self.objective.for_critic(*said), prior=self.prior(self.critic))

    def latent(self, count: int, random: Randomness) -> Tensor:
        """Noise, and the number of the generator that is to use it."""
        which = random.integers(count, GENERATORS)
        return torch.cat([random.normal(count, 4), which[:, None]], 1)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        everyone = torch.stack([generator(latent[:, :-1]) for generator in self.generators], 1)
        return everyone[torch.arange(len(latent), device=latent.device), latent[:, -1].long()]

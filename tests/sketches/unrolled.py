"""A game in the plane that knows nothing of unrolling: `--unrolling 3` does it (Metz et al. 2017)."""

from torch import Tensor, nn
from torch.optim import Adam

from sparring.game import Batch, DataSpec, Game, GameSettings, Needs, Player, Role, Terms, Turn, two_players
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness


class Plane(Game):
    """Two small networks on points."""

    needs = Needs(examples=("points",))

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        (size,) = data.shape
        generator = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, size))
        critic = nn.Sequential(nn.Linear(size, 32), nn.Tanh(), nn.Linear(32, 1))
        self.generator, self.critic = self.built(Role.GENERATOR, generator), self.built(Role.CRITIC, critic)

    def players(self) -> dict[str, Player]:
        return two_players(
            Adam(self.generator.parameters(), 1e-3), critic=Adam(self.critic.parameters(), 1e-3)
        )

    def round(self) -> list[Turn]:
        return [Turn("generator", self.generator_loss), Turn("critic", self.critic_loss)]

    def generator_loss(self, real: Batch) -> Terms:
        return Terms(self.deceive(self.critic, self.fake(len(real)), real.examples))

    def critic_loss(self, real: Batch) -> Terms:
        said = self.judge_together(self.critic, real.examples, self.fake(len(real)))
        return Terms(self.objective.for_critic(*said)).observing(**critic_statistics(*said, self.objective))

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 8)

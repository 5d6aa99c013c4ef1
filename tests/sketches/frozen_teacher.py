"""A third network that is trained first and then frozen: a classifier that a generator must please."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.game import (
    Batch,
    DataSpec,
    Figure,
    Game,
    GameSettings,
    Limit,
    Needs,
    Phase,
    Player,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.nn.modes import inference
from sparring.randomness import Randomness
from sparring.schedules import cosine


class FrozenTeacher(Game):
    """A class-conditional generator against a critic, and a teacher that says if the class can be seen."""

    needs = Needs(examples=("images",), condition=("classes",))
    conditional = True

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size, classes = data.kind.vector_size, data.classes
        maker = nn.Sequential(nn.Linear(8 + classes, 32), nn.ReLU(), nn.Linear(32, size), nn.Tanh())
        self.generator = self.built(Role.GENERATOR, nn.Sequential(maker, nn.Unflatten(1, data.shape)))
        critic = nn.Sequential(nn.Flatten(), nn.Linear(size, 32), nn.ReLU(), nn.Linear(32, 1))
        teacher = nn.Sequential(
            nn.Flatten(), nn.Linear(size, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, classes)
        )
        self.critic, self.teacher = self.built(Role.CRITIC, critic), self.built(Role.OTHER, teacher)

    def players(self) -> dict[str, Player]:
        both = two_players(
            Adam(self.generator.parameters(), 1e-3), critic=Adam(self.critic.parameters(), 1e-3)
        )
        return both | {"teacher": Player(Role.OTHER, Adam(self.teacher.parameters(), 1e-2), cosine())}

    def phases(self) -> list[Phase]:
        return [
            Phase("teacher", (Turn("teacher", self.teach),), Limit(epochs=1)),
            Phase("game", (Turn("critic", self.criticise), Turn("generator", self.please)), Limit(epochs=2)),
        ]

    def teach(self, real: Batch) -> Terms:
        return Terms(named=F.cross_entropy(self.teacher(real.examples), real.condition))

    def criticise(self, real: Batch) -> Terms:
        with torch.no_grad():
            fake = self.fake(len(real), real.condition)
        return Terms(self.objective.for_critic(*self.judge_together(self.critic, real.examples, fake)))

    def please(self, real: Batch) -> Terms:
        fake = self.fake(len(real), real.condition)
        with inference(self.teacher):
            named = F.cross_entropy(self.teacher(fake), real.condition)
        return Terms(self.deceive(self.critic, fake, real.examples), named=named)

    def figures(self) -> dict[str, Figure]:
        wrong = lambda real: (self.teacher(real.examples).argmax(1) != real.condition).float()  # noqa: E731
        return {"teacher's error": Figure(wrong, "share of held-out images it misnames; lower is better")}

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 8)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return self.generator(torch.cat([latent, F.one_hot(condition, self.data.classes)], 1))

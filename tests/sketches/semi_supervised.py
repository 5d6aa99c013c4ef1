"""Few labelled and many unlabelled images, as in Salimans et al. 2016 (arXiv:1606.03498, section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.data import Dataset
from sparring.game import (
    Batch,
    DataSpec,
    Figure,
    Game,
    GameSettings,
    Needs,
    Player,
    Role,
    Source,
    Terms,
    Turn,
    two_players,
)
from sparring.nn.average import Average
from sparring.randomness import Randomness
from sparring.settings import Count


class SemiSupervised(Game):
    """A critic that names classes, and calls generated what belongs to none; features are to match."""

    needs = Needs(examples=("images",), condition=("classes",))

    @dataclass(frozen=True)
    class Settings(GameSettings):
        labelled: Count = 4
        """Examples of each class whose label may be seen."""

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size = data.kind.vector_size
        hidden = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU())
        images = nn.Sequential(nn.Linear(32, size), nn.Tanh(), nn.Unflatten(1, data.shape))
        self.generator = self.built(Role.GENERATOR, nn.Sequential(hidden, images))
        features = nn.Sequential(nn.Flatten(), nn.Linear(size, 32), nn.LeakyReLU(0.2))
        self.critic = self.built(Role.CRITIC, nn.Sequential(features, nn.Linear(32, data.classes)))
        self.average = Average(self.critic, 0.99)

    @classmethod
    def sources(cls, settings: Settings, data: Dataset) -> dict[str, Source]:
        labels = data.condition.values
        chosen = torch.cat([(labels == label).nonzero()[: settings.labelled, 0] for label in labels.unique()])
        few = Source(data[chosen], min(settings.batch_size, len(chosen)))
        return {"unlabelled": Source(data, settings.batch_size), "labelled": few}

    def start(self, unlabelled: Batch, labelled: Batch) -> None:
        """Features of the first batch have mean 0 and variance 1 (Salimans and Kingma 2016)."""
        layer = self.critic[0][1]
        (shown,) = self.show(unlabelled.examples, real=True)
        first = layer(shown.flatten(1))
        layer.weight /= first.std(0)[:, None]
        layer.bias.sub_(first.mean(0)).div_(first.std(0))

    def players(self) -> dict[str, Player]:
        return two_players(
            Adam(self.generator.parameters(), 3e-3), critic=Adam(self.critic.parameters(), 3e-3)
        )

    def round(self) -> list[Turn]:
        return [
            Turn("critic", self.classify, ("labelled", "unlabelled"), after=self.remember),
            Turn("generator", self.match, ("unlabelled",), fresh=True),
        ]

    def classify(self, labelled: Batch, unlabelled: Batch) -> Terms:
        named = self.judge(self.critic, labelled.examples, real=True)
        made = self.fake(len(unlabelled)).detach()
        real, fake = self.judge_together(self.critic, unlabelled.examples, made)
        unsupervised = self.objective.for_critic(real.logsumexp(1), fake.logsumexp(1))
        return Terms(unsupervised, supervised=F.cross_entropy(named, labelled.condition))

    def match(self, unlabelled: Batch) -> Terms:
        features = self.critic[0]
        real = self.judge(features, unlabelled.examples, real=True)
        fake = self.judge(features, self.fake(len(unlabelled)), real=False)
        return Terms(matching=F.mse_loss(fake.mean(0), real.mean(0)))

    def remember(self, terms: Mapping[str, float]) -> None:
        self.average.update(self.critic, self.step)

    def figures(self) -> dict[str, Figure]:
        wrong = lambda real: (self.average(real.examples).argmax(1) != real.condition).float()  # noqa: E731
        return {"test error": Figure(wrong, "share of held-out images that it misnames; lower is better")}

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.uniform(count, 8)

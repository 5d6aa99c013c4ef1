"""Texts in three phases with a policy gradient, as SeqGAN has it (Yu et al. 2017, arXiv:1609.05473)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.data import Column, Dataset, Truth
from sparring.data.kinds import Tokens
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
)
from sparring.randomness import Randomness
from sparring.settings import Count

LENGTH, LETTERS = 6, "abcdefgh"


class Oracle(Truth):
    """A Markov chain that the texts are drawn from."""

    scores = 2 * Randomness(0).normal(len(LETTERS), len(LETTERS))

    def figures(self) -> dict[str, Figure]:
        return {"oracle NLL": Figure(self.nll, "what the chain thinks of samples, in nats; lower is better")}

    def nll(self, texts: Tensor) -> Tensor:
        return F.cross_entropy(
            self.scores[texts[:, :-1]].transpose(1, 2), texts[:, 1:], reduction="none"
        ).sum(1)

    def draw(self, count: int) -> Tensor:
        random = Randomness(1)
        texts = [random.integers(count, len(LETTERS))]
        while len(texts) < LENGTH:
            texts.append(random.categories(self.scores[texts[-1]]))
        return torch.stack(texts, 1)


def texts() -> Dataset:
    oracle, kind = Oracle(), Tokens((LENGTH,), tuple(LETTERS), "")
    train, held_out = (Column(kind, part) for part in oracle.draw(140).split([100, 40]))
    return Dataset("texts", train, held_out=Dataset("texts", held_out, truth=oracle), truth=oracle)


class Writer(nn.Module):
    """What comes next after each prefix of texts (count, length): logits (count, length + 1, vocabulary)."""

    def __init__(self, vocabulary: int, size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary + 1, size)
        self.memory, self.logits = nn.GRU(size, size, batch_first=True), nn.Linear(size, vocabulary)

    def forward(self, texts: Tensor) -> Tensor:
        begun = F.pad(texts, (1, 0), value=self.logits.out_features)
        return self.logits(self.memory(self.embedding(begun))[0])


class SeqGAN(Game):
    """Maximum likelihood; then a critic of what it writes; then REINFORCE with roll-outs against it."""

    needs = Needs(examples=("tokens",))

    @dataclass(frozen=True)
    class Settings(GameSettings):
        rollouts: Count = 2
        """Ways in which each prefix is written to its end, to reward it."""

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        (self.length,), vocabulary = data.shape, len(data.kind.vocabulary)
        self.writer = self.built(Role.GENERATOR, Writer(vocabulary, 16))
        layers = nn.Embedding(vocabulary, 8), nn.Flatten(), nn.Linear(8 * self.length, 1), nn.Flatten(0)
        self.reader = self.built(Role.CRITIC, nn.Sequential(*layers))

    def players(self) -> dict[str, Player]:
        return {
            "learner": Player(Role.GENERATOR, Adam(self.writer.parameters(), 1e-2)),
            "writer": Player(Role.GENERATOR, Adam(self.writer.parameters(), 1e-3)),
            "reader": Player(Role.CRITIC, Adam(self.reader.parameters(), 1e-2)),
        }

    def phases(self) -> list[Phase]:
        learn, write = Turn("learner", self.likelihood), Turn("writer", self.reinforce)
        read = Turn("reader", self.reading, fresh=True)
        return [
            Phase("maximum likelihood", (learn,), Limit(epochs=2)),
            Phase("critic pre-training", (read,), Limit(steps=5)),
            Phase("adversarial", (write, read, read), Limit(epochs=4)),
        ]

    def likelihood(self, real: Batch) -> Terms:
        return Terms(likelihood=self.surprise(real.examples).sum(1).mean())

    def reading(self, real: Batch) -> Terms:
        with torch.no_grad():
            fake = self.fake(len(real))
        return Terms(self.objective.for_critic(*self.judge_together(self.reader, real.examples, fake)))

    def reinforce(self, real: Batch) -> Terms:
        with torch.no_grad():
            texts = self.fake(len(real))
            many = self.settings.rollouts
            prefixes = [texts[:, :end].repeat_interleave(many, 0) for end in range(1, self.length + 1)]
            drawn = lambda _, logits: self.random.categories(logits)  # noqa: E731
            wholes = torch.cat([self.write(prefix, drawn) for prefix in prefixes])
            said = self.judge(self.reader, wholes, real=False).sigmoid()
            reward = said.view(self.length, len(texts), many).mean(2).T
        policy = ((reward - self.gather(reward).mean(0)) * self.surprise(texts)).sum(1).mean()
        return Terms(policy=policy).observing(reward=reward.mean())

    def surprise(self, texts: Tensor) -> Tensor:
        return F.cross_entropy(self.writer(texts[:, :-1]).transpose(1, 2), texts, reduction="none")

    def figures(self) -> dict[str, Figure]:
        nll = lambda real: self.surprise(real.examples).sum(1)  # noqa: E731
        return {"NLL": Figure(nll, "surprise at held-out texts, in nats; lower is better")}

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.uniform(count, self.length, low=0.0, high=1.0)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        nothing = torch.zeros(len(latent), 0, dtype=torch.int64, device=latent.device)
        # Each token is where its noise falls in the distribution function.
        fall = lambda place, logits: (logits.softmax(-1).cumsum(-1)[:, :-1] < latent[:, place, None]).sum(-1)  # noqa: E731
        return self.write(nothing, fall)

    def write(self, texts: Tensor, choose: Callable[[int, Tensor], Tensor]) -> Tensor:
        for place in range(texts.shape[1], self.length):
            texts = torch.cat([texts, choose(place, self.writer(texts)[:, -1])[:, None]], 1)
        return texts

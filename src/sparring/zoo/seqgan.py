"""SeqGAN: a GAN of texts whose generator is taught by rewards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from sparring.game import Batch, DataSpec, GameSettings, Limit, Number, Phase, Player, Role, Terms, Turn
from sparring.nn.average import Average
from sparring.nn.modes import inference
from sparring.nn.optimisers import Adam
from sparring.nn.text_critic import TextCritic
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness
from sparring.recommendation import Recommendation
from sparring.settings import Count, Dropped, Fraction, NonNegative, Positive
from sparring.zoo.language_model import LanguageModel
from sparring.zoo.rules import by_likelihood

SMALL = dict.fromkeys((1, 2, 3, 5, 10, 20), 32)
AUTHORS = dict(
    zip((*range(1, 11), 15, 20), (100, 200, 200, 200, 200, 100, 100, 100, 100, 100, 160, 160), strict=True)
)
"""Filters of a critic by their width."""
JUDGED_AT_ONCE = 1024
"""Texts that a critic looks at in one go while they are only rewarded."""


class SeqGAN(LanguageModel):
    """A language model; then a critic of what it writes; then REINFORCE against that critic.

    A token is rewarded by what the critic says of the texts that begin with it, completed in several ways.
    The defaults are the loss of the authors' code, with a smaller critic, and fewer steps and roll-outs: what
    they reach is in `docs/text.md`. The preset `authors` has the code's own. Where code and paper differ,
    there is a setting. Generated texts are new in every step of the critic; the code keeps 10 000 of them for
    three passes.
    """

    paper = "Yu, Zhang, Wang and Yu 2017, arXiv:1609.05473, algorithm 1, and its code"
    purpose = "texts by rewards: maximum likelihood, then REINFORCE against a critic"
    length = Limit(epochs=45)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "authors": {
            "likelihood_epochs": 120,
            "critic": "authors",
            "critic_lr": 1e-4,
            "dropout": 0.25,
            "critic_epochs": 150,
            "rounds": 200,
            "critic_steps": 2340,
            "rollouts": 16,
        }
    }

    @dataclass(frozen=True)
    class Settings(LanguageModel.Settings):
        """Settings of SeqGAN."""

        likelihood_epochs: Count = 40
        """Epochs of maximum likelihood, the first phase; the code has 120."""
        critic_epochs: Count = 5
        """Epochs of the critic alone, the second phase; the code has 150."""
        rounds: Count = 40
        """Steps of the generator in the third phase, where the run has no length; the code has 200."""
        critic_steps: Count = 5
        """Steps of the critic for each of the generator in the third phase; the code has 2340, 15 passes
        over 10 000 texts."""
        rollouts: Count = 2
        """Ways in which each beginning of a text is completed to be rewarded; the code has 16."""
        rollout_delay: Fraction = 0.0
        """Weight of the past in a moving average of the generator that completes texts; the paper has 0.8,
        and the code makes such an average but completes texts by the generator of the moment."""
        policy_lr: Positive = 1e-2
        """Adam's learning rate for the generator in the third phase."""
        summed: bool = True
        """Add the losses of all tokens of a batch up, as the code does, instead of taking their mean
        (equation 8)."""
        baseline: bool = False
        """Take from each reward the mean over the batch at its place; the code has none."""
        critic: Literal["small", "authors"] = "small"
        """Widths and numbers of the critic's filters: a few, or those of the paper with a highway layer."""
        critic_lr: Positive = 3e-3
        """Adam's learning rate for the critic; the code has 1e-4."""
        critic_decay: NonNegative = 0.2
        """Weight of the squared weights of the critic's last layer."""
        dropout: Dropped = 0.5
        """Share of the critic's features that are left out in training; the code has 0.25."""

    settings: Settings

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """Epochs of the critic in proportion to those of the likelihood."""
        return by_likelihood(
            cls.Settings.likelihood_epochs, lambda epochs: {"critic_epochs": ceil(epochs / 8)}
        )

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """The phases before the rewards, and a round of these for each epoch of likelihood."""
        assert isinstance(settings, cls.Settings)
        epochs = settings.likelihood_epochs + settings.critic_epochs
        return epochs * (data.count // settings.batch_size) + min(settings.likelihood_epochs, settings.rounds)

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        authors = settings.critic == "authors"
        critic = TextCritic(
            len(self.kind.vocabulary),
            data.shape[0],
            embedding_size=64 if authors else 32,
            filters=AUTHORS if authors else SMALL,
            highway=authors,
            dropout=settings.dropout,
            random=random,
        )
        self.critic: TextCritic = self.built(Role.CRITIC, critic)
        delay = settings.rollout_delay
        self.average = Average(self.generator, delay) if delay else None

    def players(self) -> dict[str, Player]:
        """The generator twice, with an Adam for its likelihood and another for its rewards; the critic."""
        policy = self.writing_optimizer(self.settings.policy_lr)
        critic = Adam(self.critic.parameters(), self.settings.critic_lr)
        return {
            **super().players(),
            "policy": Player(Role.GENERATOR, policy),
            "critic": Player(Role.CRITIC, critic),
        }

    def phases(self) -> list[Phase]:
        """Lines 2 to 5 of algorithm 1, then lines 6 to 18."""
        s, critic = self.settings, Turn("critic", self.critic_loss, fresh=True)
        learnt = tuple(replace(turn, after=self.follow) for turn in self.round())
        turns = (Turn("policy", self.policy, after=self.follow), *[critic] * s.critic_steps)
        return [
            Phase("likelihood", learnt, Limit(epochs=s.likelihood_epochs)),
            Phase("critic", (critic,), Limit(epochs=s.critic_epochs)),
            Phase("rewards", turns, Limit(steps=s.rounds)),
        ]

    def follow(self, values: Mapping[str, Number]) -> None:
        """Let the average that completes texts, if there is one, come after the generator."""
        if self.average is not None:
            self.average.update(self.generator, self.step)

    def critic_loss(self, real: Batch) -> Terms:
        """-log D(x) - log(1 - D(G(z))) (equation 5), and the decay of the last layer."""
        with torch.no_grad():
            fake = self.fake(len(real))
        said = self.judge_together(self.critic, real.examples, fake)
        last = self.critic.logit
        decay = self.settings.critic_decay * (last.weight.square().sum() + last.bias.square().sum()) / 2
        return Terms(self.objective.for_critic(*said), decay=decay).observing(
            **critic_statistics(*said, self.objective)
        )

    def policy(self, real: Batch) -> Terms:
        """-log p of each token times its reward (equation 7), of texts that the generator writes."""
        with torch.no_grad():
            texts = self.fake(len(real))
            rewards = self.rewards(texts)
        counted = self.kind.counted(texts).float()
        gain = rewards - self.gather(rewards).mean(0) if self.settings.baseline else rewards
        weights = gain * counted
        if self.settings.summed:
            # Of a part of a batch, as one process has it, in proportion.
            weights = weights * (self.settings.batch_size / len(real))
        else:
            weights = weights / counted.sum()
        loss, _ = self.generator.surprise(texts, weights)
        return Terms(policy=loss).observing(reward=(rewards * counted).sum() / counted.sum())

    @torch.no_grad()
    def rewards(self, texts: Tensor) -> Tensor:
        """What the critic says of texts completed from each token on (equation 4), (count, length)."""
        count, length = texts.shape
        noise = self.random.uniform(count, self.settings.rollouts, length - 1, length, low=0.0, high=1.0)
        writer: Any = self.generator if self.average is None else self.average.network
        with inference(self.critic):
            completed = self.said_of(writer.complete(texts, noise).flatten(0, 2))
            means = completed.view(length - 1, count, self.settings.rollouts).mean(2)
            return torch.cat([means, self.said_of(texts)[None]]).t()

    def said_of(self, texts: Tensor) -> Tensor:
        """The chances, to the critic, that texts (count, length) are real, (count,)."""
        parts = self.kind.decode(texts).split(JUDGED_AT_ONCE)
        return torch.cat([self.judge(self.critic, part, real=False) for part in parts]).sigmoid()

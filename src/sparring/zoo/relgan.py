"""RelGAN: a GAN of texts whose generator is taught by gradients, through softened tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data.kinds.tokens import PADDING, Tokens
from sparring.game import Batch, DataSpec, GameSettings, Limit, Phase, Player, Role, Terms, Turn
from sparring.nn.optimisers import Adam
from sparring.nn.text_critic import TextCritic
from sparring.objectives import RELATIVISTIC, Objective, critic_statistics
from sparring.randomness import Randomness
from sparring.recommendation import Recommendation
from sparring.settings import Count, Dropped, Positive, Range
from sparring.zoo.language_model import LanguageModel
from sparring.zoo.rules import by_likelihood

WIDTHS = (2, 3, 4, 5)
"""Tokens that a filter of the critic sees."""

LARGE = 500
"""Tokens of a vocabulary from which on `FOR_LARGE` is recommended: characters are fewer, words more."""
FOR_LARGE = {"straight_through": True, "critic_filters": 64, "adversarial_lr": 1e-3, "sharpness": 10.0}
"""What was tried with a vocabulary of thousands."""


class RelGAN(LanguageModel):
    """A language model; then a relativistic GAN whose generator shows the critic shares instead of tokens.

    A token is the largest of its scores with Gumbel noise, which is a draw from their softmax; the critic is
    shown the softmax of the same noisy scores, sharpened more and more, and its gradient goes through that
    (Jang et al. 2017, arXiv:1611.01144). What is read on is the token itself. The generator is the plain LSTM
    that the paper compares its relational memory with, and the critic has one embedding instead of 64, and no
    bound on its gradient.
    """

    paper = (
        "Nie, Narodytska and Patel 2019, openreview.net/forum?id=rJedV3R5tm, with an LSTM; arXiv:1611.01144"
    )
    purpose = "texts by gradients: Gumbel-softmax against a relativistic critic"
    length = Limit(epochs=150)

    @dataclass(frozen=True)
    class Settings(LanguageModel.Settings):
        """Settings of RelGAN; the defaults of its code, but for the end of `sharpness`."""

        likelihood_epochs: Count = 150
        """Epochs of maximum likelihood, the first phase."""
        rounds: Count = 3000
        """Steps of the generator in the second phase, where the run has no length."""
        critic_steps: Count = 5
        """Steps of the critic for each of the generator in the second phase."""
        sharpness: Annotated[float, Range(low=1.0)] = 100.0
        """What noisy scores are multiplied by at the end; it begins with 1 and grows geometrically. More is
        said to make samples better and less diverse: the paper has 100 and 1000. In the code it would be
        there after 5000 rounds, so that with 100 its 3000 end at 16."""
        straight_through: bool = False
        """Show the critic the tokens themselves instead of their shares, with the gradient of the shares
        (Jang et al. 2017, section 2.2): then it cannot tell texts by their softness, which with a vocabulary
        of thousands it does at once."""
        adversarial_lr: Positive = 1e-4
        """Adam's learning rate for the generator in the second phase."""
        critic_lr: Positive = 1e-4
        """Adam's learning rate for the critic."""
        critic_filters: Count = 300
        """Filters of the critic of each of four widths."""
        critic_embedding: Count = 64
        """Numbers that stand for a token to the critic."""
        dropout: Dropped = 0.25
        """Share of the critic's features that are left out in training."""

    settings: Settings

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The published settings, with a first phase that the run has time for; where the vocabulary is
        large, tokens beside tokens, and a smaller critic."""
        epochs = cls.Settings.likelihood_epochs
        if len(cast(Tokens, data.kind).vocabulary) < LARGE:
            return by_likelihood(epochs)
        return by_likelihood(epochs, beside=FOR_LARGE, why="many tokens, whose shares look unlike any token")

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """The likelihood, and as many rounds for each of its epochs as are published."""
        assert isinstance(settings, cls.Settings)
        batches = data.count // settings.batch_size
        each = cls.Settings.rounds // cls.Settings.likelihood_epochs
        return settings.likelihood_epochs * batches + min(settings.likelihood_epochs * each, settings.rounds)

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        critic = TextCritic(
            len(self.kind.vocabulary),
            data.shape[0],
            embedding_size=settings.critic_embedding,
            filters=dict.fromkeys(WIDTHS, settings.critic_filters),
            highway=True,
            dropout=settings.dropout,
            random=random,
        )
        self.critic: TextCritic = self.built(Role.CRITIC, critic)

    def players(self) -> dict[str, Player]:
        """The generator twice, with an Adam for its likelihood and another against the critic; the critic."""
        adversary = self.writing_optimizer(self.settings.adversarial_lr)
        critic = Adam(self.critic.parameters(), self.settings.critic_lr)
        return {
            **super().players(),
            "adversary": Player(Role.GENERATOR, adversary),
            "critic": Player(Role.CRITIC, critic),
        }

    def aim(self) -> Objective:
        """-log sigmoid(D(x) - D(G(z))) against -log sigmoid(D(G(z)) - D(x)) (the paper's equation 6)."""
        return RELATIVISTIC

    def phases(self) -> Sequence[Phase]:
        """Maximum likelihood; then one step of the generator, and several of the critic on new batches."""
        s, critic = self.settings, Turn("critic", self.critic_loss, fresh=True)
        turns = (Turn("adversary", self.adversarial_loss), *[critic] * s.critic_steps)
        return [
            Phase("likelihood", tuple(self.round()), Limit(epochs=s.likelihood_epochs)),
            Phase("adversarial", turns, Limit(steps=s.rounds)),
        ]

    def critic_loss(self, real: Batch) -> Terms:
        """The critic's cost of real texts beside generated ones."""
        with torch.no_grad():
            shown = self.fake(len(real)) if self.settings.straight_through else self.softened(len(real))
        said = self.judge_together(self.critic, self.beside(real.examples), shown)
        return Terms(self.objective.for_critic(*said)).observing(**critic_statistics(*said, self.objective))

    def adversarial_loss(self, real: Batch) -> Terms:
        """The generator's cost of what it writes beside real texts."""
        return Terms(self.deceive(self.critic, self.softened(len(real)), self.beside(real.examples)))

    def beside(self, real: Tensor) -> Tensor:
        """Real texts as the critic sees them: as shares, where it sees shares of others."""
        return real if self.settings.straight_through else self.kind.softened(real)

    def softened(self, count: int) -> Tensor:
        """Texts as a share for each token of the vocabulary, (count, length, vocabulary), which the gradient
        goes through; behind the end of a text stands padding alone (equations 3 and 4)."""
        chances = self.random.uniform(count, *self.data.shape, len(self.kind.vocabulary), low=0.0, high=1.0)
        # A uniform number may be 0, or so near to 1 that it is rounded to it.
        tiny = torch.finfo(chances.dtype).eps / 2
        gumbel = chances.clamp_(tiny, 1 - tiny).log_().neg_().log_().neg_()
        shares, tokens = self.generator.write_softly(gumbel, self.settings.sharpness**self.progress)
        behind = ~self.kind.counted(tokens)[:, :, None]
        padding = F.one_hot(torch.tensor(PADDING), shares.shape[2]).to(shares)
        shares = torch.where(behind, padding, shares)
        if self.settings.straight_through:
            shares = shares + (self.kind.softened(self.kind.decode(tokens)) - shares).detach()
        return shares

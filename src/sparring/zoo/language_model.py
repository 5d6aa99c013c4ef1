"""A recurrent language model: what a GAN of texts must be measured against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from sparring.data.kinds import Tokens
from sparring.data.truth import Axis
from sparring.game import (
    Batch,
    DataSpec,
    Figure,
    Game,
    GameSettings,
    Limit,
    Needs,
    Player,
    Role,
    Terms,
    Turn,
)
from sparring.nn.clipping import ClippedAdam
from sparring.nn.writer import Writer
from sparring.randomness import Randomness
from sparring.settings import Count, Positive


class LanguageModel(Game):
    """An LSTM that learns what comes next in real texts, by maximum likelihood.

    It is no GAN, but the first part of SeqGAN and the baseline without which no figure of generated texts
    means anything. A temperature below 1 makes its samples likelier and less diverse, so that one figure of
    quality alone says nothing (Caccia et al. 2020, arXiv:1811.02549).
    """

    paper = "the baseline of Yu et al. 2017, arXiv:1609.05473, section 4, as in its code"
    purpose = "texts by maximum likelihood: the baseline of every GAN of texts"
    needs = Needs(examples=("tokens",))
    length = Limit(epochs=120)
    sampling = {"temperature": (1.5, 1.25, 1.0, 0.9, 0.8, 0.75, 0.7, 0.6, 0.5)}

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of the language model; the defaults of the SeqGAN code for its oracle."""

        embedding_size: Count = 32
        """Numbers that stand for a token."""
        hidden_size: Count = 32
        """Units of the LSTM."""
        generator_lr: Positive = 1e-2
        """Adam's learning rate."""
        largest_gradient: Positive = 5.0
        """Norm to which gradients are clipped."""
        temperature: Positive = 1.0
        """Divides the scores when samples are written: below 1 they are likelier, above 1 more diverse. It
        changes nothing in training, and may be given to `sample` and `evaluate` instead."""

    settings: Settings

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """About eight passes, as many as 16,752 poems were given (reproduction/), and more of few texts."""
        return max(500, 8 * (data.count // settings.batch_size))

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.kind = cast(Tokens, data.kind)
        generator = Writer(len(self.kind.vocabulary), settings.embedding_size, settings.hidden_size)
        for name, parameter in generator.named_parameters():
            # The code's LSTM has one bias for each gate, PyTorch's two that are added.
            nn.init.normal_(parameter, std=0.0 if name == "memory.bias_hh_l0" else 0.1)
        self.generator: Writer = self.built(Role.GENERATOR, generator)

    def players(self) -> dict[str, Player]:
        """Adam on clipped gradients."""
        return {"generator": Player(Role.GENERATOR, self.writing_optimizer(self.settings.generator_lr))}

    def writing_optimizer(self, lr: float) -> ClippedAdam:
        """What moves the generator."""
        return ClippedAdam(self.generator.parameters(), lr, self.settings.largest_gradient)

    def round(self) -> list[Turn]:
        """One step."""
        return [Turn("generator", self.likelihood)]

    def likelihood(self, real: Batch) -> Terms:
        """-log p of a token given those before it, the mean over all tokens of real texts."""
        counted = self.kind.counted(real.examples).float()
        surprise, _ = self.generator.surprise(real.examples, counted / counted.sum())
        return Terms(likelihood=surprise)

    def figures(self) -> Mapping[str, Figure]:
        """How well it knows what it has not seen."""
        about = "surprise at held-out texts, nats a token, the mean over texts; lower is better"
        return {"held_out_nll": Figure(self.nll, about, Axis.DIVERSITY)}

    def nll(self, real: Batch) -> Tensor:
        """Surprise at texts of the model at its temperature, in nats a token, (count,)."""
        counted = self.kind.counted(real.examples).float()
        _, each = self.generator.surprise(real.examples, counted, self.settings.temperature)
        return (each * counted).sum(1) / counted.sum(1)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """A number in U(0, 1) for each token: where it falls in the distribution function decides which."""
        return random.uniform(count, *self.data.shape, low=0.0, high=1.0)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Texts, written one token after the other."""
        return self.kind.decode(self.generator.write(latent))

    def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
        """The same at the temperature, which training knows nothing of."""
        return self.kind.decode(self.generator.write(latent, self.settings.temperature))

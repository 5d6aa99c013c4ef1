"""The Wasserstein GAN with gradient penalty: "improved WGAN"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from sparring.game import Batch, DataSpec, Game, GameSettings, Limit, Terms, Turn
from sparring.losses import verdict
from sparring.nn.networks import build_critic, build_generator, layer_norm, noise_size
from sparring.penalties import gradient_penalty
from sparring.randomness import Randomness
from sparring.settings import Count, Positive, Weight


class WGANGP(Game):
    """A critic kept Lipschitz by asking for gradients of norm 1 between real and generated examples.

    The penalty is on each example's own gradient, so the critic has layer normalisation, never batch
    normalisation (section 4). `critic/distance` in the history estimates the Wasserstein distance.
    """

    paper = "Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1"
    purpose = "robust against bad architectures and mode collapse; slow but sure"
    length = Limit(steps=100_000)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        # A quarter of the paper's width at four times its rate, because the best rate of Adam goes as one
        # over the width (Yang et al. 2022, arXiv:2203.03466).
        "digits": {"width": 16, "generator_lr": 4e-4, "critic_lr": 4e-4},
        # The same rates, falling to 0 over the run as the paper has it for CIFAR-10.
        "points": {"generator_lr": 4e-4, "critic_lr": 4e-4, "learning_rate_decay": 1.0},
    }

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of WGAN-GP; the defaults of algorithm 1."""

        latent_size: Count | None = None
        """Dimensions of the noise z in N(0, I); by default 128 for images, those of a point for points."""
        width: Count = 64
        """Channels at half the image's size; twice as many at each size below."""
        point_units: Count = 128
        """Units of each hidden layer where the data is points; the paper's toys have 512."""
        n_critic: Count = 5
        """Critic steps for each generator step."""
        penalty_weight: Weight | None = None
        """Weight lambda of the gradient penalty; by default 10 for images and, as in the paper's code for
        its toys, 0.1 for points."""
        generator_lr: Positive = 1e-4
        """Adam's learning rate for the generator."""
        critic_lr: Positive = 1e-4
        """Adam's learning rate for the critic."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size: dict[str, Any] = {"width": settings.width, "units": settings.point_units}
        self.latent_size = noise_size(settings.latent_size, data, for_images=128)
        self.generator = build_generator(data, self.latent_size, norm=nn.BatchNorm2d, **size)
        self.critic = build_critic(data, norm=layer_norm, **size)
        weight = settings.penalty_weight
        self.penalty_weight = (10.0 if data.is_image else 0.1) if weight is None else weight

    def optimizers(self) -> dict[str, Optimizer]:
        """Adam with (0, 0.9) for images; the paper's toys have (0.5, 0.9)."""
        betas = (0.0 if self.data.is_image else 0.5, 0.9)
        return {
            "critic": Adam(self.critic.parameters(), self.settings.critic_lr, betas, fused=True),
            "generator": Adam(self.generator.parameters(), self.settings.generator_lr, betas, fused=True),
        }

    def round(self) -> list[Turn]:
        """n_critic critic steps, each on a new batch, then one generator step."""
        critic = Turn("critic", self.critic_loss, fresh_batch=True)
        return [critic] * self.settings.n_critic + [Turn("generator", self.generator_loss)]

    def critic_loss(self, real: Batch) -> Terms:
        """D(G(z)) - D(x) + lambda (|grad D(x^)| - 1)² (lines 4 to 7)."""
        fake = self.generate(self.latent(len(real), self.random))
        real_scores, fake_scores = self.critic(real.examples), self.critic(fake)
        distance = real_scores.mean() - fake_scores.mean()
        penalty = gradient_penalty(self.critic, real.examples, fake, self.random)
        return Terms(wasserstein=-distance, penalty=self.penalty_weight * penalty).observing(
            distance=distance, **verdict(real_scores, fake_scores)
        )

    def generator_loss(self, real: Batch) -> Terms:
        """-D(G(z)) (line 11)."""
        fake = self.generate(self.latent(len(real), self.random))
        return Terms(wasserstein=-self.critic(fake).mean())

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in N(0, I)."""
        return random.normal(count, self.latent_size)

    def generate(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images in [-1, 1], or points."""
        examples: Tensor = self.generator(latent)
        return examples

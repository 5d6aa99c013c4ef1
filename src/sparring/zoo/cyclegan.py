"""Image to image without pairs: there and back again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.errors import SettingError
from sparring.game import (
    Batch,
    DataSpec,
    Figure,
    Limit,
    Needs,
    Player,
    Role,
    Terms,
    Turn,
)
from sparring.nn.image_pool import ImagePool
from sparring.nn.initialisers import initialise, normal
from sparring.nn.optimisers import Adam
from sparring.nn.patch_critic import PatchCritic, receptive_field
from sparring.nn.resnet import ResidualGenerator
from sparring.objectives import LEAST_SQUARES, OBJECTIVES, Objective, critic_statistics, weighted
from sparring.penalties import at_least_single
from sparring.randomness import Randomness
from sparring.settings import Count, Fraction, Natural, NonNegative
from sparring.translation.made_before import MadeBefore
from sparring.translation.settings import ObjectiveName, TranslatorSettings
from sparring.translation.two_domains import A, B, TwoDomains

LARGE = 256
"""Images of at least this many pixels get 9 residual blocks, smaller ones 6."""
RealAndMade = tuple[dict[str, Tensor], dict[str, Tensor]]
"""Images of both domains, by domain: real ones, and those made of the other's."""


class CycleGAN(TwoDomains):
    """Two generators, each of which makes images of one domain out of the other's; two critics, one for each.

    What goes there and back must be as it was, and what is of a domain already must stay as it is. One
    optimiser moves both generators, another both critics. In every round the generators move first, then the
    critics, which are shown images of a pool in the place of half of the new ones.
    """

    paper = "Zhu, Park, Isola and Efros 2017, arXiv:1703.10593"
    purpose = "images made of others without pairs: one style, season or animal to another, both ways"
    needs = Needs(examples=("images",), parts=(A, B), least=8)
    length = Limit(epochs=200)
    directions = ("AtoB", "BtoA")
    presets = {"small": {"batch_size": 4, "width": 16, "critic_width": 24, "blocks": 3}}

    @dataclass(frozen=True)
    class Settings(TranslatorSettings):
        """Settings of CycleGAN; the paper's section 4 and appendix 7, and the authors' PyTorch code."""

        learning_rate_decay: Fraction = 0.5
        """Share of the run, counted from its end, over which all learning rates fall linearly to 0."""
        blocks: Count | None = None
        """Residual blocks of each generator; by default 9 from 256 pixels, else 6."""
        cycle_weight: NonNegative = 10.0
        """Weight of the distance of what went there and back to what it was (lambda of equation 3)."""
        identity_weight: NonNegative = 0.5
        """Weight of the distance of what a generator makes of its own domain to what that was, relative to
        `cycle_weight` (section 5.2); it keeps colours. 0 for none, as the paper has it save for paintings."""
        pool: Natural = 50
        """Images made before that each pool keeps; 0 for no pools."""
        objective: ObjectiveName = "least squares"
        """What the players pay for logits; relativistic is that of r3gan."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        if 0 < settings.pool < settings.batch_size:
            raise SettingError(
                f"pool is {settings.pool} and a batch has {settings.batch_size}: give a pool of at least "
                "as many images, or 0 for none."
            )
        shapes = {domain: data.parts[domain].shape for domain in (A, B)}
        side = min(shapes[A][1:])
        blocks = settings.blocks or (9 if side >= LARGE else 6)
        self.generators, self.critics, self.pools = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for domain, other in ((B, A), (A, B)):
            (made, height, width), given = shapes[domain], shapes[other][0]
            generator: nn.Module = ResidualGenerator(given, made, blocks=blocks, width=settings.width)
            critic: nn.Module = PatchCritic(
                made,
                field=receptive_field(settings.receptive_field, (height, width)),
                width=settings.critic_width,
                norm=nn.InstanceNorm2d,
            )
            for network in (generator, critic):
                initialise(network, {nn.Conv2d: normal(0.02), nn.ConvTranspose2d: normal(0.02)})
            self.generators[domain] = self.built(Role.GENERATOR, generator)
            self.critics[domain] = self.built(Role.CRITIC, critic)
            self.pools[domain] = ImagePool(settings.pool, shapes[domain])
        self.made_before: MadeBefore[RealAndMade] = MadeBefore()
        # What is of a domain already can be given to its generator only where both have as many channels.
        self.has_identity = settings.identity_weight > 0 and shapes[A][0] == shapes[B][0]

    def players(self) -> dict[str, Player]:
        """One Adam for both generators, one for both critics."""
        s = self.settings
        betas = (s.adam_beta1, 0.999)
        generators = Adam(self.generators.parameters(), s.generator_lr, betas)
        critics = Adam(self.critics.parameters(), s.discriminator_lr, betas)
        return {
            "generator": Player(Role.GENERATOR, generators),
            "discriminator": Player(Role.CRITIC, critics),
        }

    def aim(self) -> Objective:
        """Whole squares, against which the weights of the paper are measured, or what else was asked for."""
        own = OBJECTIVES[self.settings.objective]
        return weighted(own, 2) if own is LEAST_SQUARES else own

    def round(self) -> list[Turn]:
        """The generators, then the critics, which are shown what the generators had made, as in the authors'
        code."""
        both = (A, B)
        return [
            Turn("generator", self.generator_loss, both),
            Turn("discriminator", self.discriminator_loss, both),
        ]

    def generator_loss(self, a: Batch, b: Batch) -> Terms:
        """What the critics say, lambda |there and back - x|, and identity (equations 1 to 3, section 5.2)."""
        s, terms = self.settings, Terms()
        real = self.both(a, b)
        made = {there: self.generators[there](real[here]) for here, there in ((A, B), (B, A))}
        # A critic whose slopes are penalised is not computed in half precision, as a generator may be.
        whole = {name: at_least_single(each.detach()) for name, each in made.items()}
        self.made_before.keep(self.step, (a, b), (real, whole))
        for here, there in ((A, B), (B, A)):
            judged = self.deceive(self.critics[there], made[there], real[there])
            terms |= {f"{name} {there}": term for name, term in judged.items()}
            back = self.generators[here](made[there])
            terms[f"cycle {here}"] = s.cycle_weight * F.l1_loss(back, real[here])
            if self.has_identity:
                same = F.l1_loss(self.generators[here](real[here]), real[here])
                terms[f"identity {here}"] = s.identity_weight * s.cycle_weight * same
        return terms

    def discriminator_loss(self, a: Batch, b: Batch) -> Terms:
        """Half of what each critic pays for its domain and for images of its pool, as the authors have it."""
        terms, judged = Terms(), []
        real, made = self.made_before.of(self.step, (a, b)) or self.made_anew(a, b)
        for there in (B, A):
            pool: ImagePool = self.pools[there]  # type: ignore[assignment]
            pooled = pool.swap(self.gather(made[there]), self.random.branch(f"pool {there}", divided=False))
            said = (
                self.judge(self.critics[there], real[there], real=True),
                self.judge(self.critics[there], self.random.share(pooled), real=False),
            )
            terms |= {f"{name} {there}": term / 2 for name, term in self.objective.for_critic(*said).items()}
            judged.append(said)
        of_real, of_made = (torch.cat(each) for each in zip(*judged, strict=True))
        return terms.observing(**critic_statistics(of_real, of_made, self.objective))

    @torch.no_grad()
    def made_anew(self, a: Batch, b: Batch) -> RealAndMade:
        """Images of both domains, and what is made of them."""
        real = self.both(a, b)
        return real, {there: self.generators[there](real[here]) for here, there in ((A, B), (B, A))}

    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """Images of either domain made of the other's."""
        made: Tensor = self.generators[direction.split("to")[1]](source)
        return made

    def figures(self) -> dict[str, Figure]:
        """How far images of both domains are from what they were, there and back; and, where the data knows
        the true pairs, which are not trained on as such, how like them what is made is."""
        cycles = {
            f"cycle error of {here}": Figure(
                self._cycle(here, there),
                "mean distance there and back, of pixels from 0 to 1; lower is better",
                part=here,
            )
            for here, there in ((A, B), (B, A))
        }
        return cycles | super().figures()

    def _cycle(self, here: str, there: str) -> Callable[[Batch], Tensor]:
        def measure(batch: Batch) -> Tensor:
            nothing = self.latent(len(batch), self.random)
            made = self.translate(nothing, batch.examples, f"{here}to{there}")
            back = self.translate(nothing, made, f"{there}to{here}")
            low, high = self.value_range
            distance: Tensor = (back - batch.examples).abs().flatten(1).mean(1) / (high - low)
            return distance

        return measure

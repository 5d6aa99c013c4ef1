"""Photographs turned into cartoons, by what cartoons have of surface, structure and texture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import is_parametrized

from sparring.data.colours import COLOURS, without_colour
from sparring.errors import SettingError
from sparring.game import Batch, DataSpec, Figure, Limit, Needs, Phase, Player, Role, Terms, Turn
from sparring.nn.cartoon_unet import CartoonUNet
from sparring.nn.guided_filter import guided_filter
from sparring.nn.initialisers import initialise, normal
from sparring.nn.networks import no_norm
from sparring.nn.optimisers import Adam
from sparring.nn.patch_critic import PatchCritic, receptive_field
from sparring.objectives import LEAST_SQUARES, OBJECTIVES, Objective, critic_statistics, weighted
from sparring.randomness import Randomness
from sparring.settings import Count, Fraction, NonNegative
from sparring.translation.colour_shift import colour_shifted
from sparring.translation.edge_smoothing import edge_smoothed
from sparring.translation.settings import ObjectiveName, TranslatorSettings
from sparring.translation.steadiness import apart_when_moved, by_chance, known_motions
from sparring.translation.superpixels import superpixels
from sparring.translation.two_domains import A, B, TwoDomains, common_shape

SURFACE, TEXTURE = "surface", "texture"
FINE = 1, 0.005
"""Radius and strength of the filter that gives what is made the edges of the photograph."""
SMOOTH = 0.2
"""Strength of the filter whose result is a surface."""


class Way(NamedTuple):
    """A way in which a critic sees what is made beside cartoons."""

    name: str
    see: Callable[[Tensor, Tensor], tuple[Tensor, ...]]
    weight: float
    """How much it counts for the generator."""
    spoil: Callable[[Tensor], Tensor]
    """Makes of cartoons what is shown to it as made, too."""
    spoilt_weight: float


class Cartoon(TwoDomains):
    """White-box cartoonisation: a U-Net whose images are like cartoons in three ways.

    Surface: a critic compares what a guided filter leaves of them with what it leaves of cartoons. Texture:
    another compares brightness alone, in which each colour counts by chance. Structure: they should be near
    images whose regions have one colour each. Their content should be that of the photograph, and they should
    not vary without need. The paper measures content and structure by a network trained on a million
    photographs; here pixels are compared, those of the content after the filter. Beside it, what is made of a
    picture that moves a little should move with it, so that videos do not flicker.
    AnimeGAN's two further critics' tasks can be added: to tell cartoons from the same in grey, so that colour
    counts, and from the same with smoothed edges, so that lines do.
    """

    paper = (
        "Wang and Yu 2020, Learning to Cartoonize Using White-box Cartoon Representations (CVPR); its "
        "critics' losses are those of arXiv:1611.04076; cartoons in grey and with smoothed "
        "edges are AnimeGAN's (Chen, Liu and Chen 2020)"
    )
    purpose = "photos, GIFs and videos turned into cartoons, from photos and cartoons that are no pairs"
    needs = Needs(examples=("images",), parts=(A, B), least=16)
    length = Limit(steps=150_000)
    any_size: ClassVar[bool] = True
    presets = {
        "small": {"batch_size": 8, "width": 16, "critic_width": 16, "blocks": 2, "content_steps": 200}
        | {"generator_lr": 1e-3, "discriminator_lr": 1e-3}
    }

    @dataclass(frozen=True)
    class Settings(TranslatorSettings):
        """Settings of white-box cartoonisation, as the authors' code has them; weights of what is compared
        here by pixels are our own."""

        batch_size: Count = 16
        """Photographs and cartoons in a batch."""
        width: Count = 32
        """Channels of the generator at the image's size."""
        critic_width: Count = 32
        """Channels of a discriminator's first layer."""
        blocks: Count = 4
        """Residual blocks of the generator."""
        content_steps: Count = 50_000
        """Steps of the first phase, in which the generator learns to leave photographs as they are."""
        surface_weight: NonNegative = 0.1
        """Weight of what the critic of surfaces says."""
        texture_weight: NonNegative = 1.0
        """Weight of what the critic of textures says."""
        grey_weight: NonNegative = 0.0
        """How much it counts that the critic of surfaces tells cartoons from the same in grey, beside telling
        them from what is made; 1 in AnimeGAN, none in the paper."""
        smoothed_weight: NonNegative = 0.0
        """How much it counts that the critic of textures tells cartoons from the same with smoothed edges;
        0.6 in AnimeGAN, none in the paper."""
        structure_weight: NonNegative = 1.0
        """Weight of the mean distance to the image whose regions have one colour each."""
        content_weight: NonNegative = 1.0
        """Weight of the mean distance to the photograph, both filtered."""
        variation_weight: NonNegative = 0.05
        """Weight of the mean square of the differences of neighbours."""
        steadiness_weight: NonNegative = 5.0
        """Weight of how far what is made of a moved picture is from what was made of it, moved as much."""
        surface_radius: Count | None = None
        """Radius in pixels of the filter of surfaces; by default a fiftieth of the shorter side, which is the
        authors' 5 at 256 pixels, and at least 2."""
        objective: ObjectiveName = "least squares"
        """What the players pay for logits; relativistic is that of r3gan."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment, for both players."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        channels, height, width = common_shape(data, "photographs", "cartoons")
        if settings.grey_weight and channels < COLOURS:
            raise SettingError(
                f"grey_weight is {settings.grey_weight:g}, so that a critic tells cartoons from the same in "
                "grey, and these images are grey: leave it out, or give images in colour."
            )
        self.radius = settings.surface_radius or max(2, min(height, width) // 50)
        generator = CartoonUNet(channels, width=settings.width, blocks=settings.blocks)
        self.generator = self.built(Role.GENERATOR, generator)
        self.critics = nn.ModuleDict()
        for way, seen in ((SURFACE, channels), (TEXTURE, 1)):
            field = receptive_field(settings.receptive_field, (height, width))
            critic: nn.Module = PatchCritic(seen, field=field, width=settings.critic_width, norm=no_norm)
            initialise(critic, {nn.Conv2d: normal(0.02)})
            self.critics[way] = self.built(Role.CRITIC, critic)
            # A trick may have normalised it otherwise.
            layers = [layer for layer in critic.modules() if isinstance(layer, nn.Conv2d)]
            for layer in [layer for layer in layers if not is_parametrized(layer)]:
                parametrizations.spectral_norm(layer)

    def players(self) -> dict[str, Player]:
        """One Adam for the generator, one for both critics."""
        s, betas = self.settings, (self.settings.adam_beta1, 0.99)
        generator = Adam(self.generator.parameters(), s.generator_lr, betas)
        critics = Adam(self.critics.parameters(), s.discriminator_lr, betas)
        return {
            "generator": Player(Role.GENERATOR, generator),
            "discriminator": Player(Role.CRITIC, critics),
        }

    def aim(self) -> Objective:
        """Whole squares, as the authors have them, or what else was asked for."""
        own = OBJECTIVES[self.settings.objective]
        return weighted(own, 2) if own is LEAST_SQUARES else own

    def phases(self) -> Sequence[Phase]:
        """Content alone; then all, the generator first."""
        first = Turn("generator", self.content_loss, (A,))
        both = Turn("generator", self.generator_loss, (A, B)), Turn("discriminator", self.critic_loss, (A, B))
        return [
            Phase("content", (first,), Limit(steps=self.settings.content_steps)),
            Phase("cartoon", both, Limit(steps=2 * self.settings.content_steps)),
        ]

    def content_loss(self, photos: Batch) -> Terms:
        """|x - F(x)|, before the filter."""
        photo = self.changed(photos)
        return Terms(content=F.l1_loss(self.generator(photo), photo))

    def generator_loss(self, photos: Batch, cartoons: Batch) -> Terms:
        """What both critics say, structure, content, variation and steadiness (equations 2 to 7)."""
        s = self.settings
        photo, cartoon = self.both(photos, cartoons).values()
        made = self.cartoon_of(photo)
        terms = Terms(
            structure=s.structure_weight * F.l1_loss(made, superpixels(made)),
            content=s.content_weight * F.l1_loss(self.surface(made), self.surface(photo)),
            variation=s.variation_weight * variation(made),
        )
        for way in self.ways():
            judged = self.deceive(self.critics[way.name], *way.see(made, cartoon))
            terms |= {f"{name} {way.name}": way.weight * term for name, term in judged.items()}
        if s.steadiness_weight:
            random = self.random.branch("motion", divided=False)
            apart = apart_when_moved(self.cartoon_of, photo, made, by_chance(photo, random), random)
            terms["steadiness"] = s.steadiness_weight * apart.mean()
        return terms

    def critic_loss(self, photos: Batch, cartoons: Batch) -> Terms:
        """Half of (D(y) - 1)² + D(F(x))², of surfaces and of textures; and of cartoons beside spoilt ones."""
        terms, judged = Terms(), []
        photo, cartoon = self.both(photos, cartoons).values()
        made = self.cartoon_of(photo)
        for way in self.ways():
            said = self.said(way, made, cartoon)
            paid = self.objective.for_critic(*said)
            terms |= {f"{name} {way.name}": term / 2 for name, term in paid.items()}
            judged.append(said)
            if way.spoilt_weight:
                paid = self.objective.for_critic(*self.said(way, way.spoil(cartoon), cartoon))
                terms[f"spoilt {way.name}"] = way.spoilt_weight / 2 * torch.stack([*paid.values()]).sum()
        of_real, of_made = (torch.cat(each) for each in zip(*judged, strict=True))
        return terms.observing(**critic_statistics(of_real, of_made, self.objective))

    def said(self, way: Way, fake: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """What a critic says of real images and of others."""
        critic, (fake, real) = self.critics[way.name], way.see(fake, real)
        return self.judge(critic, real, real=True), self.judge(critic, fake, real=False)

    def ways(self) -> tuple[Way, Way]:
        """In which ways critics see what is made beside cartoons."""
        s = self.settings
        return (
            Way(SURFACE, self.surfaces, s.surface_weight, without_colour, s.grey_weight),
            Way(TEXTURE, self.textures, s.texture_weight, edge_smoothed, s.smoothed_weight),
        )

    def surfaces(self, made: Tensor, cartoon: Tensor) -> tuple[Tensor, ...]:
        """What the filter leaves of both."""
        return self.surface(made), self.surface(cartoon)

    def surface(self, images: Tensor) -> Tensor:
        """Images smoothed, save for their edges."""
        return guided_filter(images, images, self.radius, SMOOTH)

    def textures(self, made: Tensor, cartoon: Tensor) -> tuple[Tensor, ...]:
        """The brightness of both, in which each colour counts by chance."""
        return colour_shifted(self.random, made, cartoon)

    def cartoon_of(self, photo: Tensor) -> Tensor:
        """What is made of photographs, with their edges."""
        return guided_filter(self.generator(photo), photo, *FINE)

    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """Cartoons of photographs."""
        return self.cartoon_of(source)

    def figures(self) -> dict[str, Figure]:
        """How steady videos would be; and how like the true images, where the data knows them."""
        about = "mean distance, of pixels from 0 to 1, when a picture moves by a few; lower is better"
        return {"warping error": Figure(self._warping, about, part=A)} | super().figures()

    def _warping(self, photos: Batch) -> Tensor:
        photo, (low, high) = photos.examples, self.value_range
        made = self.cartoon_of(photo)
        apart = [
            apart_when_moved(self.cartoon_of, photo, made, motion, self.random)
            for motion in known_motions(photo)
        ]
        return torch.stack(apart).mean(0) / (high - low)


def variation(images: Tensor) -> Tensor:
    """The mean square of the differences of neighbours, down and across (equation 7)."""
    return images.diff(dim=2).square().mean() + images.diff(dim=3).square().mean()

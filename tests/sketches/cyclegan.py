"""Two unpaired domains with an image pool, as CycleGAN has it (Zhu et al. 2017, arXiv:1703.10593)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.data import Column, Dataset
from sparring.data.kinds import Images
from sparring.game import Batch, DataSpec, Game, GameSettings, Needs, Player, Role, Source, Terms, Turn
from sparring.objectives import LEAST_SQUARES, Objective
from sparring.randomness import Randomness
from sparring.schedules import linear_decay


def two_domains() -> Dataset:
    bright = Randomness(0).uniform(132, 3, 8, 8, low=100, high=255).byte()
    return translation(bright[:44], 255 - bright[44:84], translation(bright[84:108], 255 - bright[108:]))


def translation(photos: Tensor, drawings: Tensor, held_out: Dataset | None = None) -> Dataset:
    kind = Images((3, 8, 8))
    parts = {
        "photos": Dataset("photos", Column(kind, photos)),
        "drawings": Dataset("drawings", Column(kind, drawings)),
    }
    return Dataset("drawings of photos", parts["drawings"].examples, held_out=held_out, parts=parts)


class Pool(nn.Module):
    """Images made before, of which a critic is shown some in the place of new ones."""

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("used", torch.zeros(size, dtype=torch.bool))

    def swap(self, made: Tensor, random: Randomness) -> Tensor:
        places = random.permutation(len(self.images))[: len(made)]
        used, swapped = self.used[places], random.bernoulli(0.5, len(made)).bool()
        before, self.used[places] = self.images[places], True
        self.images[places] = torch.where((used & ~swapped).view(-1, 1, 1, 1), before, made)
        return torch.where((used & swapped).view(-1, 1, 1, 1), before, made)


class CycleGAN(Game):
    """Each generator turns one domain into the other; what goes there and back must be as it was."""

    needs = Needs(examples=("images",), parts=("photos", "drawings"))
    conditional = True

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        (channels, *_) = data.shape
        self.makers, self.critics, self.pools = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for domain in data.parts:
            first, last = (
                nn.Conv2d(channels, 8, 3, padding=1, bias=False),
                nn.Conv2d(8, channels, 3, padding=1),
            )
            maker = nn.Sequential(first, nn.InstanceNorm2d(8), nn.ReLU(), last, nn.Tanh())
            critic = nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4))
            self.makers[domain] = self.built(Role.GENERATOR, maker)
            self.critics[domain] = self.built(Role.CRITIC, critic)
            self.pools[domain] = Pool(16, data.shape)

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        return {name: Source(data.parts[name], settings.batch_size) for name in cls.needs.parts}

    @classmethod
    def condition(cls, data: Dataset) -> Column:
        return data.parts["photos"].examples

    def players(self) -> dict[str, Player]:
        late = linear_decay(0.5)
        return {
            "generators": Player(Role.GENERATOR, Adam(self.makers.parameters(), 2e-3, (0.5, 0.999)), late),
            "critics": Player(Role.CRITIC, Adam(self.critics.parameters(), 2e-3, (0.5, 0.999)), late),
        }

    def aim(self) -> Objective:
        return LEAST_SQUARES

    def round(self) -> list[Turn]:
        both = self.needs.parts
        return [Turn("generators", self.translate, both), Turn("critics", self.criticise, both)]

    def translate(self, photos: Batch, drawings: Batch) -> Terms:
        terms = Terms()
        for here, there, real, other in (
            ("photos", "drawings", photos, drawings),
            ("drawings", "photos", drawings, photos),
        ):
            made = self.makers[there](real.examples)
            (terms[there],) = self.deceive(self.critics[there], made, other.examples).values()
            terms[f"cycle of {here}"] = 10 * F.l1_loss(self.makers[here](made), real.examples)
        return terms

    def criticise(self, photos: Batch, drawings: Batch) -> Terms:
        terms = Terms()
        for here, real, source in (("photos", photos, drawings), ("drawings", drawings, photos)):
            with torch.no_grad():
                made = self.gather(self.makers[here](source.examples))
                shown = self.random.share(
                    self.pools[here].swap(made, self.random.branch("pool", divided=False))
                )
            said = self.judge_together(self.critics[here], real.examples, shown)
            terms |= {f"{name} {here}": term / 2 for name, term in self.objective.for_critic(*said).items()}
        return terms

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 0)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return self.makers["drawings"](condition)

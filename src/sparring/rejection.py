"""Rejection: of what is generated, what its score makes more likely to be real is kept more often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sparring.data.dataset import Column, Dataset
from sparring.errors import SettingError
from sparring.game import Game
from sparring.generating import SAMPLE_BATCH, generated
from sparring.nn.modes import inference
from sparring.randomness import Randomness

JUDGED = 5000
"""Generated examples, and at most as many real ones, that a critic is calibrated by."""
SMALL = 1e-6
"""Epsilon of equation 8, for which the best example is not kept for certain."""
ROUNDS = 100
"""Tries after which a sample that none has been kept for is the best of them."""
STEPS = 50
"""Newton steps of the calibration, which converges in about ten."""


@dataclass(frozen=True)
class Rejection:
    """Discriminator rejection sampling (Azadi et al. 2019, arXiv:1810.06758, section 3.2).

    A critic's scores become log-odds of being real by a logistic regression, as the paper has it, so that any
    increasing score will do, such as that of a Wasserstein critic.

    Args:
        slope: of the log-odds by the score.
        offset: of the log-odds.
        highest: the highest log-odds that were seen.
        gamma: what is taken off before the chance to be kept is computed.
    """

    slope: float
    offset: float
    highest: float
    gamma: float

    def chances(self, scores: Tensor) -> Tensor:
        """How likely examples are to be kept: sigmoid(F - gamma), where F is equation 8."""
        return torch.sigmoid(self.likeness(scores) - self.gamma)

    def likeness(self, scores: Tensor) -> Tensor:
        """F of equation 8."""
        below = (self.slope * scores + self.offset - self.highest).clamp(max=0.0)
        return below - torch.log(-torch.expm1(below - SMALL))


def fitted(game: Game, data: Dataset, told: Column, share: float, seed: int) -> Rejection:
    """The rule by which examples of a trained game are kept.

    Args:
        game: whose critic judges.
        data: what it was trained on, in its range; held-out examples stand for real ones where there are any.
        told: what the generated examples are told that are asked for.
        share: of what is generated that has less than an even chance to be kept.
        seed: decides what is generated for it.

    Raises:
        SettingError: the critic does not give one number for each example, or none for an example as it is.
    """
    for name, trick in game.tricks.items():
        if trick.needed_by_critics:
            raise SettingError(
                f"The critic of this run judges no example as it is, alone, for the trick '{name}': nothing "
                "can be rejected by it."
            )
    real = data if data.held_out is None else data.held_out
    real = real[torch.randperm(len(real), generator=torch.Generator().manual_seed(seed))[:JUDGED]]
    judged = _scores(game, real.examples, game.condition(real))
    random = Randomness(seed, judged.device).child("rejection")

    def scores_of_fakes(told: Column) -> Tensor:
        asked = told[torch.arange(JUDGED) * len(told) // JUDGED]
        parts = [
            scores_of(game, game.latent(SAMPLE_BATCH, random), asked[first : first + SAMPLE_BATCH])
            for first in range(0, JUDGED, SAMPLE_BATCH)
        ]
        return torch.cat(parts)

    fake = scores_of_fakes(told)
    # Real ones beside generated ones of the same classes: else it would be classes that are told apart.
    like_real = scores_of_fakes(game.condition(real)) if told.kind.classes else fake
    slope, offset = calibrated(judged, like_real)
    rule = Rejection(slope, offset, float((slope * fake + offset).max()), 0.0)
    return replace(rule, gamma=float(rule.likeness(fake).quantile(share)))


def kept(game: Game, rule: Rejection, told: Column, draw: Callable[[], Tensor], random: Randomness) -> Tensor:
    """Latents that have been kept, one for each of what is told.

    Where a critic likes nothing of a kind, as some do of a class, the best of many tries is taken.

    Args:
        game: what generates.
        rule: of who is kept.
        told: what each example is to be, at most SAMPLE_BATCH.
        draw: gives a latent for each.
        random: decides who is kept.
    """
    chosen = draw()
    best = torch.full((len(told),), -torch.inf, device=chosen.device)
    waiting = torch.ones(len(told), dtype=torch.bool, device=chosen.device)
    for _ in range(ROUNDS):
        latent, coins = draw(), random.uniform(len(told), low=0.0, high=1.0)
        # Only for those that wait is anything generated.
        places = waiting.nonzero().flatten()
        chances = rule.chances(scores_of(game, latent[places], told[places.cpu()]))
        kept_now = coins[places] < chances
        better = kept_now | (chances > best[places])
        chosen[places[better]], best[places[better]] = latent[places[better]], chances[better]
        waiting[places[kept_now]] = False
        if not waiting.any():
            break
    return chosen


def calibrated(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """Slope and offset of a logistic regression that tells real from generated by their scores, each kind as
    likely as the other.

    Raises:
        SettingError: the scores are all alike.
    """
    scores = torch.cat([real, fake]).double()
    middle, spread = scores.mean(), scores.std()
    if not spread > 0:
        raise SettingError("The critic says the same of all examples: nothing can be rejected by it.")
    inputs = torch.stack([(scores - middle) / spread, torch.ones_like(scores)], 1)
    signs = torch.cat([torch.ones(len(real)), -torch.ones(len(fake))]).to(scores)
    shares = torch.cat([torch.full_like(real, 1 / len(real)), torch.full_like(fake, 1 / len(fake))]).double()
    weights = torch.zeros(2, dtype=torch.float64, device=scores.device)
    # Where the kinds are apart the best slope is infinite: a small pull keeps it.
    pull = 1e-3 * torch.eye(2, dtype=torch.float64, device=scores.device)
    for _ in range(STEPS):
        wrong = torch.sigmoid(-signs * (inputs @ weights))
        slope = -(inputs * (signs * shares * wrong)[:, None]).sum(0) + pull @ weights
        curvature = (inputs * (shares * wrong * (1 - wrong))[:, None]).T @ inputs + pull
        weights = weights - torch.linalg.solve(curvature, slope)
    steep = float(weights[0] / spread)
    return steep, float(weights[1] - steep * middle)


def scores_of(game: Game, latent: Tensor, told: Column) -> Tensor:
    """What the critic says of what is generated from latents, (count,)."""
    return _scores(game, torch.cat(list(generated(game, latent, told))), told)


@torch.no_grad()
def _scores(game: Game, examples: Tensor | Column, told: Column) -> Tensor:
    device = game.random.device
    parts = []
    with game.random.aside("scores"), inference(game):
        for first in range(0, len(examples), SAMPLE_BATCH):
            chosen = slice(first, first + SAMPLE_BATCH)
            seen = examples[chosen]
            given = seen.encoded() if isinstance(seen, Column) else seen
            said = game.critic_score(given.to(device), told[chosen].to(device).encoded())
            if said is None or said.shape != (len(given),):
                raise SettingError(
                    f"No critic of {type(game).__name__} says one number of each example: nothing can be "
                    "rejected by it."
                )
            parts.append(said.float())
    return torch.cat(parts)

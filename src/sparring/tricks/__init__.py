"""The tricks that there are, by name: a new one is a file here with its line in the table."""

from __future__ import annotations

import types
from dataclasses import dataclass

from sparring.randomness import Randomness
from sparring.tricks.activations import Activations
from sparring.tricks.active import ActiveTricks
from sparring.tricks.adaptive_augmentation import AdaptiveAugmentation
from sparring.tricks.augmentation import Augmentation
from sparring.tricks.blur import Blur
from sparring.tricks.conditioning import Conditioning
from sparring.tricks.consistency import Consistency
from sparring.tricks.critic_penalties import CriticPenalties
from sparring.tricks.exchanged_loss import ExchangedLoss
from sparring.tricks.feature_matching import FeatureMatching
from sparring.tricks.freezing import Freezing
from sparring.tricks.gaussian_noise import GaussianNoise
from sparring.tricks.generator_dropout import GeneratorDropout
from sparring.tricks.historical_averaging import HistoricalAveraging
from sparring.tricks.instance_noise import InstanceNoise
from sparring.tricks.layer_noise import LayerNoise
from sparring.tricks.lecam import LeCam
from sparring.tricks.minibatch_deviation import MinibatchDeviation
from sparring.tricks.minibatch_discrimination import MinibatchDiscrimination
from sparring.tricks.more_turns import MoreTurns
from sparring.tricks.normalisation import Normalisation
from sparring.tricks.optimisers import Optimisers
from sparring.tricks.packing import Packing
from sparring.tricks.replay import Replay
from sparring.tricks.separate_batches import SeparateBatches
from sparring.tricks.soft_labels import SoftLabels
from sparring.tricks.spectral_norm import SpectralNorm
from sparring.tricks.tanh_output import TanhOutput
from sparring.tricks.top_k import TopK
from sparring.tricks.trick import Flags, Trick
from sparring.tricks.unrolling import Unrolling
from sparring.tricks.weight_average import WeightAverage
from sparring.tricks.weight_clipping import WeightClipping

__all__ = ["TRICKS", "ActiveTricks", "Flags", "Trick", "TrickSettings", "make_tricks"]

TRICKS: dict[str, type[Trick]] = {
    "more turns": MoreTurns,
    "exchanged loss": ExchangedLoss,
    "replay": Replay,
    "augmentation": Augmentation,
    "blur": Blur,
    "instance noise": InstanceNoise,
    "soft labels": SoftLabels,
    "top-k": TopK,
    "packing": Packing,
    "minibatch deviation": MinibatchDeviation,
    "minibatch discrimination": MinibatchDiscrimination,
    "feature matching": FeatureMatching,
    "freezing": Freezing,
    "normalisation": Normalisation,
    "separate batches": SeparateBatches,
    "activations": Activations,
    "Gaussian noise": GaussianNoise,
    "generator dropout": GeneratorDropout,
    "layer noise": LayerNoise,
    "spectral norm": SpectralNorm,
    "optimisers": Optimisers,
    "weight clipping": WeightClipping,
    "adaptive augmentation": AdaptiveAugmentation,
    "consistency": Consistency,
    "tanh output": TanhOutput,
    "critic penalties": CriticPenalties,
    "lecam": LeCam,
    "unrolling": Unrolling,
    "conditioning": Conditioning,
    "historical averaging": HistoricalAveraging,
    "weight average": WeightAverage,
}
"""Every trick by its name, in the order in which they act: what changes shapes before what wraps weights.

What changes images in the range in which they are dealt comes before another range, and that before penalties
on the slope, which is taken where the critic looked. What tells networks something in a turn comes after what
plays turns again, and what copies or follows weights after all that changes them.
"""

TrickSettings: type[Flags] = dataclass(frozen=True)(
    types.new_class(
        "TrickSettings",
        tuple(trick.Settings for trick in reversed(TRICKS.values())),
        exec_body=lambda body: body.update(
            __doc__="Tricks, which any system takes; all are off unless asked for.", __module__=__name__
        ),
    )
)
"""The flags of all tricks."""


def make_tricks(settings: Flags, random: Randomness) -> ActiveTricks:
    """The tricks that are on."""
    return ActiveTricks(
        {
            name: trick(settings, random.branch(f"trick {name}"))
            for name, trick in TRICKS.items()
            if trick.is_on(settings)
        }
    )

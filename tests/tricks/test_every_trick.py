"""Every trick with every system of the zoo: off it changes nothing; on it works, or is refused with a reason.

A new trick, or a new system, is tested here by its line in `TRICKS` or `SYSTEMS` alone; it needs one in
`REFUSED` where the two cannot work together, and a trick needs one in `EFFECTS`: how its effect is seen.
"""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest
import torch
from suited import suited
from test_golden_losses import SMALL
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, RMSprop

from sparring.data.dataset import Column, Dataset, dataset_of
from sparring.data.kinds import Tokens
from sparring.errors import DataError, SettingError
from sparring.game import Game
from sparring.loading import check_networks
from sparring.nn.modes import inference
from sparring.objectives import Objective
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.tricks import TRICKS, adaptive_augmentation
from sparring.tricks.adaptive_augmentation import SIGN
from sparring.tricks.batch_features import score_layer
from sparring.tricks.blur import blurred
from sparring.tricks.exchanged_loss import LOSSES
from sparring.tricks.feature_matching import FeatureMatching
from sparring.tricks.layers import ACTIVATIONS, inner_activations, weighted_layers
from sparring.tricks.packing import first_layer
from sparring.tricks.spectral_norm import LAYERS
from sparring.zoo import SYSTEMS, find_system

BATCH = 6
COUNT = 24
STEPS = 5


def random_data(system: type[Game], name: str) -> Dataset:
    """Random images with classes, images without, pairs, points, or texts."""
    random = torch.Generator().manual_seed(0)
    if name == "texts":
        kind = Tokens((6,), tuple("abcdefgh"), "")
        return Dataset(name, Column(kind, torch.randint(8, (COUNT, 6), generator=random)))
    if name == "points":
        return dataset_of(name, torch.randn(COUNT, 2, generator=random))
    size = max(8, system.needs.least)
    images = torch.randint(0, 256, (COUNT, 1, size, size), generator=random, dtype=torch.uint8)
    labels = torch.arange(COUNT) % 3
    dataset = dataset_of(name, images, *((labels, ("a", "b", "c")) if name == "classes" else ()))
    return suited(system, dataset) if name == "pairs" else dataset


class Case(NamedTuple):
    """A system and data that it takes."""

    system: str
    data: str

    def engine(self, **flags: Any) -> Engine:
        system = find_system(self.system)
        small = {"batch_size": BATCH, **SMALL.get(self.system, {})}
        settings = system.Settings.of(small | flags, self.system)
        cpu = Processes(torch.device("cpu"))
        engine = Engine(system, settings, random_data(system, self.data), None, 0, cpu)
        # Where a system has several phases, all players meet in the last.
        engine.step = engine.course.legs[-1].first
        engine.set_length(engine.step + STEPS)
        return engine


def takes(system: type[Game], data: str) -> bool:
    """Whether a system trains on such data, and its classes, or their absence, are something to it."""
    try:
        system.needs.check(system.__name__, random_data(system, data).spec)
    except DataError:
        return False
    if data == "pairs":
        return "images" in system.needs.condition or bool(system.needs.parts)
    return data != "images" or system.conditional


CASES = [
    Case(name, data)
    for name in SYSTEMS
    for data in ("classes", "images", "points", "texts", "pairs")
    if takes(find_system(name), data)
]

NOT_AS_DEALT = {"denoise", "cartoon"}
"""Systems whose critics see something made of images, such as their surface or the noise in them."""
REFUSED = {
    # No logits, but a restoration.
    **{
        ("soft labels", Case("began", data)): "never asks for self.objective"
        for data in ("classes", "points")
    },
    ("packing", Case("began", "classes")): "never asks for self.objective",
    ("packing", Case("began", "points")): "cannot be computed with 'packing'",
    **{
        (trick, Case("began", data)): "never asks for self.objective"
        for trick in ("top-k", "feature matching", "exchanged loss")
        for data in ("classes", "points")
    },
    **{
        (trick, Case(system, data)): "never asks for self.objective"
        for trick in ("critic penalties", "lecam")
        for system, data in (("began", "classes"), ("began", "points"))
    },
    ("critic penalties", Case("language-model", "texts")): "shows it nothing",
    ("lecam", Case("language-model", "texts")): "shows it nothing",
    **{
        (trick, Case("began", "classes")): "never asks for self.objective"
        for trick in ("consistency", "adaptive augmentation")
    },
    # Tokens.
    ("critic penalties", Case("seqgan", "texts")): "no critic of SeqGAN is shown numbers",
    # Pairs.
    **{
        (trick, Case(system, data)): "pairs"
        for trick, cases in (
            ("lecam", (("r3gan", "classes"), ("r3gan", "images"), ("r3gan", "points"), ("relgan", "texts"))),
            ("consistency", (("r3gan", "classes"), ("r3gan", "images"))),
        )
        for system, data in cases
    },
    # Layers that are not torch's.
    **{
        (trick, Case(system, data)): "no network of the role critic has a layer"
        for trick in ("minibatch deviation", "minibatch discrimination", "feature matching")
        for system, data in (
            ("language-model", "texts"),
            ("improved-gan", "classes"),
            ("bad-gan", "classes"),
        )
    },
    # A condition, or two domains.
    **{
        ("replay", Case(system, "classes")): "this system has 3 classes"
        for system in ("acgan", "r3gan", "improved-gan", "bad-gan")
    },
    **{
        (trick, Case("restore", data)): reason
        for trick, reason in (
            ("replay", "beside what the critic is told of another"),
            ("consistency", "is told an image that belongs to it"),
        )
        for data in ("classes", "images")
    },
    ("consistency", Case("pix2pix", "pairs")): "is told an image that belongs to it",
    ("replay", Case("pix2pix", "pairs")): "this system has grey images of 8 x 8",
    **{
        ("replay", Case(system, "pairs")): "has examples of more than one kind"
        for system in ("cyclegan", "denoise", "cartoon")
    },
    **{
        ("replay", Case(system, "texts")): "this data has sequences of 6 tokens"
        for system in ("wgan-gp", "language-model", "seqgan", "relgan")
    },
    # Two critics.
    **{("lecam", Case(system, "pairs")): "has 2 critics" for system in ("cyclegan", "cartoon")},
    # Images from -1 to 1 already, or none.
    **{
        ("tanh output", case): "it is for images from 0 to 1, and "
        for case in CASES
        if case.system not in ("gan", "dcgan-tflearn", "improved-gan", "bad-gan")
    },
    **{
        ("tanh output", Case(system, "classes")): "tells the classes of images as they are, from 0 to 1"
        for system in ("improved-gan", "bad-gan")
    },
    # Scores that mean something only beside others.
    **{
        ("adaptive augmentation", Case(system, data)): "no number of the critic's means that it cannot tell"
        for system, data in (("wgan", "classes"), ("wgan-gp", "classes"), ("denoise", "pairs"))
    },
    # No batch normalisation, at this size.
    **{("separate batches", case): "has batch normalisation" for case in CASES},
    ("separate batches", Case("fastgan", "classes")): "in passes of their own already",
    # Recurrent networks, and layers that are not torch's.
    **{
        (trick, Case(system, "texts")): f"no network of the role {role} has a"
        for trick, role in (
            ("normalisation", "generator"),
            ("generator dropout", "generator"),
            ("activations", "critic"),
        )
        for system in ("language-model", "seqgan", "relgan")
    },
    **{
        ("activations", Case(system, "classes")): "no network of the role critic has an inner activation"
        for system in ("improved-gan", "bad-gan")
    },
    # No classes, or told of them already, or networks that share a batch.
    **{
        ("conditioning", case): "it tells classes apart, and this data has"
        for case in CASES
        if case.data != "classes"
    },
    **{
        ("conditioning", case): "is told what each of its examples is already"
        for case in CASES
        if find_system(case.system).conditional or find_system(case.system).needs.condition
    },
    ("conditioning", Case("bayesian-gan", "classes")): "divides a batch between networks",
    # Averages of their own, or copies of what is averaged.
    **{
        ("weight average", Case(system, data)): "keeps an average by itself"
        for system, data in (
            *(("r3gan", data) for data in ("classes", "images", "points")),
            *((system, "classes") for system in ("fastgan", "improved-gan", "bad-gan")),
        )
    },
    **{
        ("weight average", Case("bayesian-gan", data)): "keeps copies of its generators"
        for data in ("classes", "points")
    },
    **{
        ("weight average", Case(system, "texts")): "samples are to be made in one pass"
        for system in ("wgan-gp", "language-model", "seqgan", "relgan")
    },
    ("weight average", Case("denoise", "pairs")): "by networks of the role generator alone",
    ("more turns", Case("language-model", "texts")): "has no player of the role critic",
    # Noise that is Gaussian already, or from 0 to 1, or none.
    **{
        ("Gaussian noise", case): "is not uniform from -1 to 1"
        for case in CASES
        if case.system not in ("gan", "dcgan-tflearn", "acgan", "dcgan", "began", "bayesian-gan")
    },
    **{
        ("Gaussian noise", Case("bayesian-gan", data)): "says which of its generators makes an example"
        for data in ("classes", "points")
    },
    # Clipped gradients, noisy ones.
    **{
        ("optimisers", Case(system, data)): "which does more than another optimiser would"
        for system, data in (
            ("seqgan", "texts"),
            ("relgan", "texts"),
            ("bayesian-gan", "classes"),
            ("bayesian-gan", "points"),
        )
    },
    # Scores, but no labels.
    **{
        ("soft labels", Case(system, data)): "the wasserstein objective has none"
        for system in ("wgan", "wgan-gp")
        for data in ("classes", "points")
    },
    ("soft labels", Case("wgan-gp", "texts")): "the wasserstein objective has none",
    ("instance noise", Case("wgan-gp", "texts")): "this data has sequences of 6 tokens",
    ("packing", Case("wgan-gp", "texts")): "cannot be computed with 'packing'",
    # A class for each example of a pack.
    ("packing", Case("acgan", "classes")): "this system has 3 classes",
    ("packing", Case("r3gan", "classes")): "this system has 3 classes",
    # No images.
    **{
        (trick, Case(system, data)): f"images, and this data has {about}"
        for trick in ("augmentation", "adaptive augmentation", "consistency", "blur")
        for systems, data, about in (
            (
                ("dcgan", "wgan", "wgan-gp", "began", "r3gan", "bayesian-gan"),
                "points",
                "points of 2 dimensions",
            ),
            (("language-model", "seqgan", "relgan", "wgan-gp"), "texts", "sequences of 6 tokens"),
        )
        for system in systems
    },
    # No critic.
    ("freezing", Case("language-model", "texts")): "no network of the role critic",
    ("instance noise", Case("language-model", "texts")): "this data has sequences of 6 tokens",
    ("soft labels", Case("language-model", "texts")): "never asks for self.objective",
    ("exchanged loss", Case("language-model", "texts")): "never asks for self.objective",
    **{
        ("exchanged loss", Case(system, "pairs")): "least-squares is the objective of"
        for system in ("cyclegan", "cartoon")
    },
    ("optimisers", Case("language-model", "texts")): "has no player of the role critic",
    ("weight clipping", Case("language-model", "texts")): "has no network of the role critic",
    ("packing", Case("language-model", "texts")): "shows it nothing",
    ("spectral norm", Case("language-model", "texts")): "no network of the role critic",
    ("instance noise", Case("seqgan", "texts")): "this data has sequences of 6 tokens",
    ("packing", Case("seqgan", "texts")): "a critic's first layer is a Embedding",
    ("instance noise", Case("relgan", "texts")): "this data has sequences of 6 tokens",
    ("packing", Case("relgan", "texts")): "a critic's first layer is a Embedding",
    ("unrolling", Case("language-model", "texts")): "has no phase with both",
    ("packing", Case("improved-gan", "classes")): "this system has 3 classes",
    ("packing", Case("bad-gan", "classes")): "this system has 3 classes",
    ("soft labels", Case("denoise", "pairs")): "the wasserstein objective has none",
    ("packing", Case("pix2pix", "pairs")): "this system has grey images of 8 x 8",
    ("top-k", Case("language-model", "texts")): "never asks for self.objective",
    ("layer noise", Case("language-model", "texts")): "no network of the role critic has an inner layer",
    # A generator that learns by rewards, or by features.
    **{
        (trick, Case("seqgan", "texts")): "does not learn by its objective's cost of logits"
        for trick in ("top-k", "feature matching")
    },
    **{
        ("top-k", Case(system, "classes")): "does not learn by its objective's cost of logits"
        for system in ("improved-gan", "bad-gan")
    },
    # Weights that have a length of their own, moved by an optimiser that is not torch's.
    **{
        ("layer noise", Case(system, "classes")): "no network of the role critic has an inner layer"
        for system in ("improved-gan", "bad-gan")
    },
    ("spectral norm", Case("improved-gan", "classes")): "no network of the role critic has a layer",
    ("spectral norm", Case("bad-gan", "classes")): "no network of the role critic has a layer",
    ("unrolling", Case("improved-gan", "classes")): "AdamInside has no option for that",
}
"""What cannot work together, and a part of the reason given."""

ALL = [(trick, case) for trick in TRICKS for case in CASES]
ACCEPTED = [pair for pair in ALL if pair not in REFUSED]


@pytest.fixture(autouse=True)
def chances_that_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adaptive augmentation within a few steps."""
    monkeypatch.setattr(adaptive_augmentation, "IMAGES", 40)


def name_of(value: Any) -> str:
    return value.replace(" ", "-") if isinstance(value, str) else "-".join(value)


def networks(engine: Engine) -> dict[str, Tensor]:
    """All that a system remembers, without what its tricks do."""
    state = engine.game.state_dict()
    return {name: value.clone() for name, value in state.items() if not name.startswith("tricks.")}


def samples(engine: Engine) -> Tensor:
    """Eight samples of the classes in turn."""
    game = engine.game
    column = game.condition(engine.dataset)
    condition = column.kind.encode(column.kind.draw(8, lambda: column))
    with torch.no_grad(), inference(game), game.random.aside("samples"):
        return game.sample(game.latent(8, game.random), condition)


def play(engine: Engine, rounds: int) -> None:
    """Some rounds, all of whose terms are finite."""
    for _ in range(rounds):
        assert all(map(math.isfinite, engine.play_round().values()))


class Outcome(NamedTuple):
    """What an engine has come to."""

    networks: dict[str, Tensor]
    samples: Tensor
    choices: Tensor
    """The samples or, where what is chosen may stay the same while the chances move, the chances' weights."""

    @classmethod
    def of(cls, engine: Engine) -> Outcome:
        made = samples(engine)
        if not engine.dataset.examples.kind.discrete:
            return cls(networks(engine), made, made)
        weights = [weight.detach().flatten() for weight in engine.game.generator.parameters()]
        return cls(networks(engine), made, torch.cat(weights))


ROUNDS = 3


@cache
def without_tricks(case: Case) -> Outcome:
    engine = case.engine()
    play(engine, ROUNDS)
    return Outcome.of(engine)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_at_strength_0_nothing_changes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = without_tricks(case).networks
    accepted = [trick for trick in TRICKS if (trick, case) in ACCEPTED]
    for trick in accepted:
        monkeypatch.setattr(TRICKS[trick], "is_on", classmethod(lambda cls, settings: True))
    engine = case.engine()
    assert [name for name, _ in engine.game.tricks.items()] == accepted
    play(engine, ROUNDS)
    ours = networks(engine)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize(("trick", "case"), ACCEPTED, ids=name_of)
def test_at_its_usual_strength_it_trains_resumes_and_changes_the_samples(
    trick: str, case: Case, same_state: Callable[[Any, Any], bool]
) -> None:
    usual = TRICKS[trick].usual
    engine = case.engine(**usual)
    play(engine, ROUNDS)
    ours, theirs = Outcome.of(engine), without_tricks(case)
    assert ours.samples.isfinite().all()
    assert ours.samples.shape == theirs.samples.shape
    assert not torch.equal(ours.choices, theirs.choices)
    resumed = case.engine(**usual)
    resumed.restore(copy.deepcopy(engine.state()))
    for each in (engine, resumed):
        play(each, 1)
    assert same_state(resumed.state(), engine.state())


APART = [("packing", "replay"), ("conditioning",)]
"""Tricks that cannot work with each other."""


@pytest.mark.parametrize("left_out", APART, ids=name_of)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_all_tricks_together(
    case: Case, left_out: tuple[str, ...], same_state: Callable[[Any, Any], bool]
) -> None:
    usual = {
        flag: value
        for name, trick in TRICKS.items()
        # Feature matching takes the place of the cost that others act on.
        if (name, case) not in REFUSED and name not in ("feature matching", *left_out)
        for flag, value in trick.usual.items()
    }
    engine = case.engine(**usual)
    play(engine, 2)
    resumed = case.engine(**usual)
    resumed.restore(copy.deepcopy(engine.state()))
    for each in (engine, resumed):
        play(each, 1)
    assert same_state(resumed.state(), engine.state())
    assert samples(engine).isfinite().all()
    # One that only generates comes by no turns, and is given what the run has saved.
    loaded = type(engine.game)(engine.game.settings, engine.game.data, Randomness(0))
    check_networks(loaded, engine.game.state_dict(), "the run")


@pytest.mark.parametrize(("trick", "case"), list(REFUSED), ids=name_of)
def test_it_is_refused_with_a_reason(trick: str, case: Case) -> None:
    with pytest.raises(SettingError) as caught:
        case.engine(**TRICKS[trick].usual)
    message = str(caught.value)
    assert f"'{trick}'" in message
    assert REFUSED[trick, case] in message
    assert message.endswith(".")
    assert "\n" not in message


# -- the effect of each ---------------------------------------------------------------------------------


def shown_to_critics(engine: Engine) -> list[Tensor]:
    """What critics are given in a round."""
    seen: list[Tensor] = []
    hooks = [
        network.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
        for role, network in engine.game.networks
        if role == "critic"
    ]
    play(engine, 1)
    for hook in hooks:
        hook.remove()
    assert seen
    return seen


def critics(engine: Engine) -> list[nn.Module]:
    return [network for role, network in engine.game.networks if role == "critic"]


def first_shown(case: Case, **flags: float) -> Tensor:
    """What a critic is given first in a run, before anything has moved."""
    return shown_to_critics(case.engine(**flags))[0]


def sees_noise(case: Case, patch: pytest.MonkeyPatch) -> None:
    if case.system in NOT_AS_DEALT:
        noise = first_shown(case, instance_noise=0.1) - first_shown(case)
        assert noise.square().mean().sqrt().item() == pytest.approx(0.1, rel=4 / math.sqrt(2 * noise.numel()))
        return

    def distance(engine: Engine) -> float:
        """Root mean square between the real batch and what of all that a critic is given comes nearest."""
        reals = [stream.peek().examples for stream in engine.streams.values()]
        shown = shown_to_critics(engine)
        return min(
            (seen[: len(real)] - real).square().mean().sqrt().item()
            for real in reals
            for seen in shown
            if len(seen) >= len(real)
        )

    assert distance(case.engine()) == 0
    engine = case.engine(instance_noise=0.1)
    count = next(iter(engine.streams.values())).peek().examples.numel()
    assert distance(engine) == pytest.approx(0.1, rel=4 / math.sqrt(2 * count))


def sees_blurred_images(case: Case, patch: pytest.MonkeyPatch) -> None:
    """All that is left of what a critic is shown first is the mean over squares."""
    torch.testing.assert_close(first_shown(case, blur=4), blurred(first_shown(case), 4))


def sees_soft_labels(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine = case.engine(smoothing=0.1)
    judged: list[tuple[Tensor, Tensor, float]] = []
    for_critic = Objective.for_critic

    def recorded(self: Objective, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        terms = for_critic(self, real, fake)
        judged.append((real.detach(), fake.detach(), sum(term.item() for term in terms.values())))
        return terms

    patch.setattr(Objective, "for_critic", recorded)
    play(engine, 1)
    patch.undo()
    own = engine.game.aim()
    real, fake, loss = judged[-1]
    logits = real - fake if own.paired else real
    closed_form = (0.9 * own.real(logits) + 0.1 * own.fake(logits)).mean().item()
    assert loss == pytest.approx(
        closed_form + (0.0 if own.paired else own.fake(fake).mean().item()), rel=1e-5
    )
    # Flipping: whose cost is that of the other label.
    game = case.engine(flipping=0.05).game
    logits = torch.linspace(-4, 4, 20_000) + 1e-3
    for cost, other in ((own.real, own.fake), (own.fake, own.real)):
        found = (game.objective.real if cost is own.real else game.objective.fake)(logits)
        flipped = found != cost(logits)
        assert torch.equal(found[flipped], other(logits)[flipped])
        # Four standard deviations of a share of 20,000 coins.
        assert flipped.float().mean().item() == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 20_000))


def sees_packs(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine, plain = case.engine(packing=3), case.engine()
    answers: list[Any] = []
    for critic in critics(engine):
        critic.register_forward_hook(lambda _, given, answer: answers.append((given[0], answer)))
    play(engine, 1)
    shape = next(iter(plain.streams.values())).peek().examples.shape[1:]
    for given, answer in answers:
        assert given.shape[1:] == (3 * shape[0], *shape[1:])
        # The smooth patches of denoise may be fewer than a batch.
        whole = case.system not in NOT_AS_DEALT
        assert len(given) in ((BATCH // 3, 2 * (BATCH // 3)) if whole else range(1, 2 * (BATCH // 3) + 1))
        assert len(answer[0] if isinstance(answer, tuple) else answer) == len(given)
    for ours, theirs in zip(critics(engine), critics(plain), strict=True):
        narrow, wide = first_layer(theirs).weight, first_layer(ours).weight
        assert wide.shape == (len(narrow), 3 * narrow.shape[1], *narrow.shape[2:])


def sees_unit_norms(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine = case.engine(spectral_norm="both")
    play(engine, STEPS)
    before = copy.deepcopy(engine.state())
    samples(engine)
    for name, value in before["networks"].items():
        assert torch.equal(engine.game.state_dict()[name], value)
    ours = [network for role, network in engine.game.networks if role != "other"]
    parts = [part for network in ours for part in network.modules()]
    layers = [part for part in parts if isinstance(part, LAYERS)]
    assert len(layers) >= 4
    for layer in layers:
        # One power iteration a pass runs after weights that move; it arrives where they stand still.
        assert 0.9 < largest_singular_value(layer) < 1.3
        for _ in range(100):
            _ = layer.weight
        assert largest_singular_value(layer) == pytest.approx(1, abs=0.01)


def largest_singular_value(layer: nn.Module) -> float:
    """Of a layer's weight as a matrix of outputs by inputs, as it is in evaluation."""
    with inference(layer):
        weight = layer.weight.detach()
    outputs = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
    return torch.linalg.matrix_norm(weight.transpose(0, outputs).flatten(1), 2).item()


def sees_the_critic_of_later(case: Case, patch: pytest.MonkeyPatch) -> None:
    def turned(engine: Engine) -> tuple[list[Tensor], dict[str, Tensor]]:
        """The generator's gradient, and all that a system remembers, after the loss of its turn."""
        leg = engine.course.legs[-1]
        turn = next(turn for turn in leg.phase.turns if engine.players[turn.player].role == "generator")
        engine.game.random.begin("a turn")
        player = engine.free_only(turn.player)
        engine._backward(turn, [engine.streams[source].peek() for source in turn.sources])
        assert all(
            p.grad is None for name, p in engine.game.named_parameters() if id(p) not in player.members
        )
        return [gradient.clone() for gradient in player.gradients()], networks(engine)

    plain, engine = case.engine(), case.engine(unrolling=3)
    for each in (plain, engine):
        play(each, 1)
    engine.restore(copy.deepcopy(plain.state()))
    before = networks(engine)
    theirs, _ = turned(plain)
    ours, after = turned(engine)
    assert all(gradient.isfinite().all() for gradient in ours)
    assert any(not torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    # Nothing of the steps that are not taken is kept: a normalisation counts at most the generator's pass.
    for name, value in after.items():
        if name.endswith("num_batches_tracked"):
            assert 0 <= value - before[name] <= 1
        elif "running_" not in name and not (".parametrizations." in name and name.endswith(("._u", "._v"))):
            assert torch.equal(value, before[name])


def sees_the_best(case: Case, patch: pytest.MonkeyPatch) -> None:
    game = case.engine(top_k=0.5).game
    own, logits = game.aim(), torch.tensor([1.0, -3.0, 2.0, 0.5])
    for progress, best in ((0.0, [2.0, 1.0, 0.5, -3.0]), (0.25, [2.0, 1.0, 0.5]), (1.0, [2.0, 1.0])):
        game.progress = progress
        assert torch.equal(game.objective.deceive(logits), own.deceive(torch.tensor(best)))


def sees_noise_between_layers(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine = case.engine(layer_noise=0.2)
    play(engine, 2)
    clean: dict[nn.Module, Tensor] = {}
    noise: dict[nn.Module, list[Tensor]] = {}

    def watch(layer: nn.Module) -> None:
        """What a layer is given after the trick's own hook, less what it was given before."""

        def before(_: nn.Module, given: tuple[Tensor, ...]) -> None:
            clean[layer] = given[0].detach()

        def after(_: nn.Module, given: tuple[Tensor, ...]) -> None:
            assert 0 < engine.game.progress < 1
            added = (given[0].detach() - clean[layer]).flatten() / (1 - engine.game.progress)
            if layer.training:
                noise.setdefault(layer, []).append(added)
            else:
                assert not added.any()

        layer.register_forward_pre_hook(before, prepend=True)
        layer.register_forward_pre_hook(after)

    first = {first_layer(critic) for critic in critics(engine)}
    for layer in {
        part for critic in critics(engine) for part in critic.modules() if isinstance(part, LAYERS)
    }:
        watch(layer)
    play(engine, 1)
    inner = torch.cat([each for layer, seen in noise.items() if layer not in first for each in seen])
    # Five standard deviations of one.
    assert inner.std().item() == pytest.approx(0.2, rel=5 / math.sqrt(2 * len(inner)))
    assert not any(each.any() for layer, seen in noise.items() if layer in first for each in seen)


def sees_means_of_the_past(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine = case.engine(historical_averaging=0.1)
    ((_, trick),) = engine.game.tricks.items()
    turns = Counter(turn.player for turn in engine.course.legs[-1].phase.turns)
    # Where a player has one turn a round, all its weights are seen between rounds.
    places = [
        place
        for player, count in turns.items()
        if count == 1
        for place in trick.places_of(player, engine.game)
    ]
    assert places
    past: list[list[Tensor]] = []
    for _ in range(3):
        past.append([trick.followed[place].detach().clone() for place in places])
        values = engine.play_round()
    past.append([trick.followed[place].detach().clone() for place in places])
    for place, weights in zip(places, zip(*past, strict=True), strict=True):
        torch.testing.assert_close(trick.mean(place), torch.stack(weights).mean(0), atol=1e-6, rtol=1e-5)
    # All but the last were in the mean when the last loss was computed, of weights as they were then.
    for player in (player for player, count in turns.items() if count == 1):
        own = [places.index(place) for place in trick.places_of(player, engine.game)]
        means = [torch.stack([weights[n] for weights in past[:3]]).mean(0) for n in own]
        distance = sum((past[2][n] - mean).square().sum().item() for n, mean in zip(own, means, strict=True))
        assert values[f"{player}/history"] == pytest.approx(0.1 * distance, rel=1e-3, abs=1e-9)


def sees_augmented_images(case: Case, patch: pytest.MonkeyPatch) -> None:
    """Critics see no real image without a square of the middle grey, and generated ones with it."""
    if case.system in NOT_AS_DEALT:
        plain, cut = first_shown(case), first_shown(case, augment_cutout=0.5)
        assert (cut[cut != plain] == 0).all()
        assert ((cut == 0) & (plain != 0)).flatten(1).any(1).all()
        return
    engine = case.engine(augment_cutout=0.5)
    middle = sum(engine.game.value_range) / 2
    reals = torch.cat([stream.examples.encoded() for stream in engine.streams.values()])

    def looked_at(engine: Engine) -> set[tuple[bool, bool]]:
        """Whether they are real and whether they are cut, of the images that are shown."""
        found = set()
        for image in torch.cat(shown_to_critics(engine)):
            blank = (image == middle).all(0)
            # Half of each side, or a quarter where the centre lies in a corner.
            cut = int(blank.sum()) >= (image.shape[-1] // 4) ** 2
            real = ((reals == image) | blank).flatten(1).all(1).any()
            found.add((bool(real), cut))
        return found

    assert looked_at(case.engine()) == {(True, False), (False, False)}
    seen = looked_at(engine)
    assert (True, False) not in seen
    assert {(True, True), (False, True)} <= seen


def sees_chances_move(case: Case, patch: pytest.MonkeyPatch) -> None:
    """By a batch at a time, towards where the critic's signs are as asked for; at 0 nothing is changed."""
    engine = case.engine(**TRICKS["adaptive augmentation"].usual)
    (trick,) = engine.game.tricks
    signs: list[tuple[float, int]] = []
    learn, chance = trick.learn, 0.5
    patch.setattr(
        type(trick), "learn", lambda self, values: (signs.append((values[SIGN], self.batch)), learn(values))
    )
    for _ in range(3):
        play(engine, 1)
        for sign, batch in signs:
            chance = min(1.0, max(0.0, chance + (1 if sign > 0.6 else -1) * batch / 40))
        signs.clear()
        assert trick.chance.item() == pytest.approx(chance, abs=1e-6)
    images = torch.rand(8, 1, 8, 8)
    for share, same in ((0.0, True), (1.0, False)):
        trick.changes.share = torch.tensor(share)
        assert torch.equal(trick.changes.changed([images], (0.0, 1.0))[0], images) == same


def sees_layers_that_stay(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine, plain = case.engine(freeze=1), case.engine()
    before, free = networks(engine), networks(plain)
    assert all(torch.equal(before[name], value) for name, value in free.items())
    assert before.keys() == free.keys()
    for each in (engine, plain):
        play(each, 2)
    after, moved = networks(engine), networks(plain)
    for ours, theirs in zip(critics(engine), critics(plain), strict=True):
        layer = first_layer(theirs)
        frozen = {id(part) for part in layer.parameters(recurse=False)}
        names = [name for name, each in theirs.named_parameters() if id(each) in frozen]
        assert names
        state = ours.state_dict(keep_vars=True)
        assert not any(isinstance(state[name], nn.Parameter) for name in names)
        assert next(ours.parameters(), None) is not None
    resting = {name for name in after if torch.equal(after[name], before[name])}
    assert any(name not in resting for name in after)
    assert {name for name in moved if torch.equal(moved[name], free[name])} < resting


def sees_another_objective(case: Case, patch: pytest.MonkeyPatch) -> None:
    logits, own = torch.linspace(-3, 3, 7), case.engine().game.aim()
    for name, wanted in LOSSES.items():
        if wanted.name == own.name or (name == "wasserstein" and not own.one_term):
            with pytest.raises(SettingError, match="exchanged loss"):
                case.engine(loss=name)
            continue
        engine = case.engine(loss=name)
        objective = engine.game.objective
        assert objective.paired == wanted.paired
        for cost in ("real", "fake", "deceive"):
            assert torch.equal(getattr(objective, cost)(logits), getattr(wanted, cost)(logits))


def sees_plain_steps(case: Case, patch: pytest.MonkeyPatch) -> None:
    """A critic moves by its rate times its gradient, and generators by RMSProp."""
    engine = case.engine(generator_optimizer="rmsprop", critic_optimizer="sgd", critic_rate=0.01)
    optimizers = {player.role: player.optimizer for player in engine.players.values()}
    assert isinstance(optimizers["generator"], RMSprop)
    critic = optimizers["critic"]
    assert isinstance(critic, SGD)
    moved = [parameter for group in critic.param_groups for parameter in group["params"]]
    before: list[Tensor] = []
    critic.register_step_pre_hook(
        lambda *_: before.extend(
            p.detach() - (0 if p.grad is None else group_rate(critic, p) * p.grad) for p in moved
        )
    )
    expected: list[Tensor] = []
    critic.register_step_post_hook(lambda *_: expected.extend(p.detach().clone() for p in moved))
    play(engine, 1)
    assert before
    for ours, theirs in zip(expected, before, strict=True):
        torch.testing.assert_close(ours, theirs)


def group_rate(optimizer: torch.optim.Optimizer, parameter: Tensor) -> float:
    """The learning rate of a parameter at this moment."""
    (rate,) = (
        group["lr"] for group in optimizer.param_groups if any(each is parameter for each in group["params"])
    )
    return rate


def sees_small_weights(case: Case, patch: pytest.MonkeyPatch) -> None:
    def largest(engine: Engine) -> float:
        play(engine, 1)
        moved = {
            id(weight)
            for player in engine.players.values()
            if player.role == "critic"
            for weight in player.moved
        }
        weights = [
            weight for critic in critics(engine) for weight in critic.parameters() if id(weight) in moved
        ]
        return max(weight.abs().max().item() for weight in weights)

    assert largest(case.engine(clip_weights=0.005)) <= 0.005 < largest(case.engine())


def sees_a_term(*names: str, **flags: float) -> Callable[[Case, pytest.MonkeyPatch], None]:
    """Each term is more than nothing, in proportion to its weight, and part of what its critic minimises."""

    def effect(case: Case, patch: pytest.MonkeyPatch) -> None:
        def values(factor: float) -> dict[str, Any]:
            engine = case.engine(**{flag: factor * weight for flag, weight in flags.items()})
            if "lecam" in names:
                # Its means are of the logits of earlier turns, here of none like those to come.
                ((_, trick),) = engine.game.tricks.items()
                trick.turns.fill_(1)
                trick.anchors.copy_(torch.tensor([50.0, -50.0]))
            (turn,) = {
                turn.player: turn
                for turn in reversed(engine.course.legs[-1].phase.turns)
                if engine.players[turn.player].role == "critic"
            }.values()
            engine.game.random.begin("a turn")
            engine.free_only(turn.player)
            return engine._backward(turn, [engine.streams[source].peek() for source in turn.sources])

        once, twice, none = values(1.0), values(2.0), values(1e-30)
        own = {"loss", "lecam_real", "lecam_fake", *names}
        for name in names:
            # A system may have a term of that name, which it keeps.
            more, even_more = (each[name].item() - none[name].item() for each in (once, twice))
            assert more > 0
            assert even_more == pytest.approx(2 * more, rel=1e-4)
        for name in none.keys() - own:
            torch.testing.assert_close(once[name], none[name], rtol=1e-4, atol=1e-5)
        added = sum(once[name].item() - none[name].item() for name in names)
        assert once["loss"].item() == pytest.approx(none["loss"].item() + added, rel=1e-3)

    return effect


def sees_another_norm(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine = case.engine(generator_norm="layer")
    seen: list[tuple[Tensor, Tensor]] = []

    def watch(part: nn.GroupNorm, given: tuple[Tensor], answer: Tensor) -> None:
        """Each example by itself, over all channels and places."""
        (activations,) = given
        flat = F.layer_norm(activations.flatten(1), (activations[0].numel(),))
        shape = (-1, *[1] * (activations.dim() - 2))
        expected = flat.view_as(activations) * part.weight.view(shape) + part.bias.view(shape)
        seen.append((answer.detach(), expected.detach()))

    for generator in generators(engine):
        assert not any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in generator.modules())
        for part in generator.modules():
            if isinstance(part, nn.GroupNorm):
                part.register_forward_hook(watch)
    play(engine, 2)
    assert seen
    for answer, expected in seen:
        torch.testing.assert_close(answer, expected, atol=1e-4, rtol=1e-4)


def generators(engine: Engine) -> list[nn.Module]:
    return [network for role, network in engine.game.networks if role == "generator"]


def sees_other_activations(case: Case, patch: pytest.MonkeyPatch) -> None:
    plain, engine = case.engine(), case.engine(critic_activation="silu")
    for theirs, ours in zip(critics(plain), critics(engine), strict=True):
        assert len(inner_activations(ours)) == len(inner_activations(theirs))
        assert all(isinstance(part, nn.SiLU) for part in inner_activations(ours))
        outputs = [
            [type(part) for part in network.modules() if isinstance(part, ACTIVATIONS)][
                len(inner_activations(network)) :
            ]
            for network in (ours, theirs)
        ]
        assert outputs[0] == outputs[1]


def sees_images_from_minus_1(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine, plain = case.engine(tanh_output=True), case.engine()
    reals = [stream.peek().examples for stream in engine.streams.values()]
    shown = shown_to_critics(engine)
    assert any(torch.equal(seen[: len(real)], 2 * real - 1) for real in reals for seen in shown)
    assert min(seen.min() for seen in shown) < -0.9
    # The same activations a make (1 + tanh a) / 2 instead of the sigmoid, which is that of 2 a.
    engine.game.load_state_dict(plain.game.state_dict())
    odds = torch.logit(samples(plain).double())
    torch.testing.assert_close(samples(engine).double(), torch.sigmoid(2 * odds), atol=1e-4, rtol=1e-3)


def sees_less(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine = case.engine(generator_dropout=0.5)
    before: dict[nn.Module, Tensor] = {}
    seen: list[tuple[bool, Tensor, Tensor]] = []
    for generator in generators(engine):
        for layer in weighted_layers(generator)[1:]:
            layer.register_forward_pre_hook(
                lambda layer, given: before.update({layer: given[0].detach()}), prepend=True
            )
            layer.register_forward_pre_hook(
                lambda layer, given: seen.append(
                    (layer.training, before[layer].flatten(), given[0].detach().flatten())
                )
            )
    play(engine, 1)
    # Some systems make what their critic is shown as they make samples.
    trained = [(own, left) for training, own, left in seen if training]
    own, left = (torch.cat(parts) for parts in zip(*trained, strict=True))
    kept = left != 0
    torch.testing.assert_close(left[kept], 2 * own[kept])
    alive = own != 0
    assert kept[alive].float().mean().item() == pytest.approx(0.5, abs=2.5 / math.sqrt(int(alive.sum())))
    # Samples are made of all activations, unless dropping is asked for.
    second = case.engine(generator_dropout=0.5, generator_dropout_at_sampling=True)
    samples(engine)
    assert all(training or torch.equal(own, left) for training, own, left in seen)
    second.restore(copy.deepcopy(engine.state()))
    # Images without noise are made by a network that is no generator.
    assert torch.equal(samples(second), samples(engine)) == (case.system == "denoise")


def sees_what_was_made_before(case: Case, patch: pytest.MonkeyPatch) -> None:
    engine, made = case.engine(replay=12), list[Tensor]()
    ((_, trick),) = engine.game.tricks.items()
    swap = trick.pool.swap

    def watched(new: Tensor, random: Any) -> Tensor:
        mixed = swap(new, random)
        made.append(new.clone())
        shown.append(mixed.clone())
        return mixed

    shown: list[Tensor] = []
    patch.setattr(trick.pool, "swap", watched)
    play(engine, STEPS)

    def among(examples: Tensor, others: list[Tensor]) -> list[bool]:
        return [any(torch.equal(each, other) for part in others for other in part) for each in examples]

    for turn, mixed in enumerate(shown):
        assert all(among(mixed, made[: turn + 1]))
    # By now about half of what is shown is from before.
    replayed = [new for new, mixed in zip(made[2:], shown[2:], strict=True) for new in among(mixed, [new])]
    assert any(replayed)
    assert False in replayed


def deviation_of(features: Tensor, layer: nn.Module) -> Tensor:
    return (features.var(0, correction=0) + 1e-8).sqrt().mean().expand(len(features), 1)


def nearness_of(features: Tensor, layer: nn.Module) -> Tensor:
    """By two loops, where the trick has none."""
    rows = features.flatten(2).mean(2) if features.dim() > 2 else features
    places = (rows @ layer.get_parameter("kernels").detach()).unflatten(1, (20, 5))
    return torch.stack(
        [
            sum(torch.exp(-(ours - theirs).abs().sum(1)) for j, theirs in enumerate(places) if j != i)
            + torch.zeros(20)
            for i, ours in enumerate(places)
        ]
    )


def sees_the_rest_of_the_batch(
    flags: dict[str, int], more: int, expected: Callable[[Tensor, nn.Module], Tensor]
) -> Callable[[Case, pytest.MonkeyPatch], None]:
    """The layer that scores has more inputs, which say how an example compares with others of its kind."""

    def effect(case: Case, patch: pytest.MonkeyPatch) -> None:
        engine, plain = case.engine(**flags), case.engine()
        (trick,) = engine.game.tricks
        kinds: list[list[int]] = []

        def before(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
            kinds.append(trick.shown.kinds(len(given[0])))

        def after(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
            for part in given[0].detach().split(kinds[-1]):
                about = part[:, -more:].flatten(2)[..., 0] if part.dim() > 2 else part[:, -more:]
                torch.testing.assert_close(about, expected(part[:, :-more], layer), atol=1e-4, rtol=1e-3)

        for ours, theirs in zip(critics(engine), critics(plain), strict=True):
            layer, own = score_layer(ours), score_layer(theirs)
            assert layer is not None
            assert own is not None
            weights, before_it = (dict(each.named_parameters()) for each in (layer, own))
            (name,) = (name for name, value in before_it.items() if value.dim() > 1)
            # What a system draws by itself for a layer of another size changes what it draws later.
            first = ours is critics(engine)[0]
            assert not first or torch.equal(weights[name][:, :-more], before_it[name])
            assert weights[name].shape[1] == before_it[name].shape[1] + more
            layer.register_forward_pre_hook(before, prepend=True)
            layer.register_forward_pre_hook(after)
        play(engine, 1)
        assert kinds

    return effect


def sees_features_matched(case: Case, patch: pytest.MonkeyPatch) -> None:
    """A generator pays the distance of mean features, and nothing for what the critic makes of them."""
    distances: list[Tensor] = []
    distance = FeatureMatching.distance

    def recorded(trick: FeatureMatching) -> Tensor:
        distances.append(distance(trick))
        return distances[-1]

    patch.setattr(FeatureMatching, "distance", recorded)
    engine = case.engine(feature_matching=True)
    distances.clear()
    (turn,) = {
        turn.player: turn
        for turn in engine.course.legs[-1].phase.turns
        if engine.players[turn.player].role == "generator"
    }.values()
    engine.free_only(turn.player)
    given: list[Tensor] = []
    layers = [score_layer(critic) for critic in critics(engine)]

    def loss() -> dict[str, Tensor]:
        engine.game.random.begin("a turn")
        return dict(turn.loss(*(engine.streams[source].peek() for source in turn.sources)))

    hooks = [layer.register_forward_pre_hook(lambda _, args: given.append(args[0])) for layer in layers]
    terms = loss()
    for hook in hooks:
        hook.remove()
    expected = [
        (ours.mean(0) - theirs.mean(0)).square().sum()
        for ours, theirs in zip(given[::2], given[1::2], strict=True)
    ]
    assert expected
    torch.testing.assert_close(distances, expected)
    for layer in layers:
        layer.weight.data.mul_(-3)
    # Spectral norms move a little at every pass.
    torch.testing.assert_close(loss(), terms, atol=1e-3, rtol=0.1)


def sees_classes(case: Case, patch: pytest.MonkeyPatch) -> None:
    """First layers add the row of an example's class, in training and to what is asked for; rows move."""
    engine = case.engine(conditioning=True)
    real = next(iter(engine.streams.values())).peek()
    added: dict[str, list[Tensor]] = {"generator": [], "critic": []}

    def watch(layer: nn.Module, role: str) -> None:
        plain: list[Tensor] = []
        layer.register_forward_hook(lambda _, given, answer: plain.append(answer.detach()), prepend=True)

        def after(_: nn.Module, given: Any, answer: Tensor) -> None:
            difference = answer.detach() - plain.pop()
            rows = layer.get_parameter("classes").detach()
            places = difference.reshape(len(difference), len(rows[0]), -1)
            told = (places[:, None] - rows[None, :, :, None]).abs().amax((2, 3)).argmin(1)
            torch.testing.assert_close(places, rows[told][..., None].expand_as(places), atol=1e-4, rtol=1e-3)
            added[role].append(told)

        layer.register_forward_hook(after)

    for role, network in engine.game.networks:
        if role != "other":
            watch(weighted_layers(network)[0], str(role))
    before = {name: value for name, value in networks(engine).items() if name.endswith(".classes")}
    play(engine, 1)
    first = added["critic"][0]
    assert torch.equal(first[: len(real)], real.condition)
    for told in (*added["critic"], *added["generator"]):
        assert torch.equal(told, told[: len(real)].repeat(len(told) // len(real)))
    assert all(not torch.equal(networks(engine)[name], value) for name, value in before.items())
    seen, game, asked = len(added["generator"]), engine.game, torch.tensor([2, 0, 0])
    latent = game.latent(1, game.random).expand(3, -1)
    with torch.no_grad(), inference(game):
        made = game.sample(latent, asked)
    # A system that keeps an average samples by that.
    assert all(torch.equal(told, asked) for told in added["generator"][seen:])
    torch.testing.assert_close(made[1], made[2])
    assert not torch.allclose(made[0], made[1], atol=1e-4)
    assert game.condition(engine.dataset) is engine.dataset.condition


def sees_gaussian_noise(case: Case, patch: pytest.MonkeyPatch) -> None:
    """Generators are given the quantiles of N(0, 1) that belong to those of the noise without the trick."""

    def given(**flags: bool) -> Tensor:
        engine, seen = case.engine(**flags), list[Tensor]()
        for network in generators(engine):
            network.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
        play(engine, 1)
        return seen[0]

    shares = (given() + 1) / 2
    normal = torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(normal.cdf(given(gaussian_noise=True)), shares, atol=1e-5, rtol=1e-4)


def sees_each_turn_again(case: Case, patch: pytest.MonkeyPatch) -> None:
    def played(**flags: int) -> list[tuple[str, bool]]:
        """Whose turns are taken in a round, and whether each is dealt new batches."""
        engine = case.engine(**flags)
        return [(turn.player, turn.fresh) for turn in engine.course.legs[-1].phase.turns]

    roles = {name: player.role for name, player in case.engine().players.items()}
    expected = [
        (player, fresh or (again > 0 and roles[player] == "critic"))
        for player, fresh in played()
        for again in range({"critic": 3, "generator": 2}.get(roles[player], 1))
    ]
    assert played(critic_turns=3, generator_turns=2) == expected


def sees_an_average(case: Case, patch: pytest.MonkeyPatch) -> None:
    """The mean of all weights after generators' turns, by its lengths; training does without."""
    engine = case.engine(weight_average=0.2)
    (trick,) = engine.game.tricks
    expected = [
        parameter.detach().clone() for network in generators(engine) for parameter in network.parameters()
    ]
    updates: list[int] = []

    def follow(*_: Any) -> None:
        decay = min(0.2, (1 + engine.game.step) / (10 + engine.game.step))
        updates.append(engine.game.step)
        now = [parameter for network in generators(engine) for parameter in network.parameters()]
        expected[:] = [
            decay * mean + (1 - decay) * new.detach() for mean, new in zip(expected, now, strict=True)
        ]

    for player in engine.players.values():
        if player.role == "generator":
            player.optimizer.register_step_post_hook(follow)
    play(engine, STEPS)
    assert len(updates) >= STEPS
    for ours, theirs in zip(trick.averages.parameters(), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    plain = case.engine()
    play(plain, STEPS)
    state = networks(engine)
    assert all(torch.equal(state[name], value) for name, value in networks(plain).items())
    # The samples are those of a run that has the averages for weights.
    for network, average in zip(generators(plain), trick.averages, strict=True):
        network.load_state_dict(average.network.state_dict())
    torch.testing.assert_close(samples(engine), samples(plain))


EFFECTS: dict[str, Callable[[Case, pytest.MonkeyPatch], None]] = {
    "exchanged loss": sees_another_objective,
    "minibatch deviation": sees_the_rest_of_the_batch({"minibatch_deviation": True}, 1, deviation_of),
    "minibatch discrimination": sees_the_rest_of_the_batch({"minibatch_discrimination": 20}, 20, nearness_of),
    "feature matching": sees_features_matched,
    "replay": sees_what_was_made_before,
    "augmentation": sees_augmented_images,
    "adaptive augmentation": sees_chances_move,
    "tanh output": sees_images_from_minus_1,
    "blur": sees_blurred_images,
    "instance noise": sees_noise,
    "soft labels": sees_soft_labels,
    "top-k": sees_the_best,
    "packing": sees_packs,
    "normalisation": sees_another_norm,
    "activations": sees_other_activations,
    "generator dropout": sees_less,
    "layer noise": sees_noise_between_layers,
    "freezing": sees_layers_that_stay,
    "spectral norm": sees_unit_norms,
    "optimisers": sees_plain_steps,
    "weight clipping": sees_small_weights,
    "critic penalties": sees_a_term("r1", "r2", "gradient_penalty", r1=1.0, r2=1.0, gradient_penalty=1.0),
    "lecam": sees_a_term("lecam", lecam=0.3),
    "consistency": sees_a_term("consistency", consistency=10.0),
    "unrolling": sees_the_critic_of_later,
    "historical averaging": sees_means_of_the_past,
    "conditioning": sees_classes,
    "more turns": sees_each_turn_again,
    "weight average": sees_an_average,
    "Gaussian noise": sees_gaussian_noise,
}
"""What shows that a trick does what it says."""


@pytest.mark.parametrize(("trick", "case"), ACCEPTED, ids=name_of)
def test_its_effect_is_seen(trick: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    EFFECTS[trick](case, monkeypatch)

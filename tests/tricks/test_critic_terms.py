"""What tricks add to a critic's loss, in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from test_parts_of_tricks import POINTS, Plain
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data.dataset import Batch, dataset_of
from sparring.errors import SettingError
from sparring.game import Game, Terms, Turn
from sparring.objectives import LEAST_SQUARES, RELATIVISTIC, WASSERSTEIN, smoothed, weighted
from sparring.penalties import zero_centred_penalty
from sparring.training.engine import Engine

Make = Callable[..., Engine]
WEIGHT = torch.tensor([[3.0, -4.0]])
"""Of a linear critic: its slope is 5 everywhere."""


class Linear(Plain):
    """Its critic is a plane of slope 5."""

    def new_critic(self, inputs: int) -> nn.Module:
        critic = nn.Linear(inputs, 1)
        critic.weight.data = WEIGHT.clone()
        return critic


class Paired(Linear):
    own_aim = RELATIVISTIC


class Together(Linear):
    """Judges real and generated examples in one pass."""

    def critic_loss(self, real: Batch) -> Terms:
        said = self.judge_together(self.critic, real.examples, self.fake(len(real)))
        return Terms(self.objective.for_critic(*said))


class TwoOutputs(Linear):
    """The logit is the difference of two outputs, as with a softmax."""

    def new_critic(self, inputs: int) -> nn.Module:
        critic = nn.Linear(inputs, 2)
        critic.weight.data = torch.cat([torch.ones(1, 2), 1.0 + WEIGHT])
        return critic

    def critic_loss(self, real: Batch) -> Terms:
        said, other = (
            self.judge(self.critic, examples, real=each).diff(dim=1)
            for examples, each in ((real.examples, True), (self.fake(len(real)), False))
        )
        return Terms(self.objective.for_critic(said, other))

    def generator_loss(self, real: Batch) -> Terms:
        said = self.judge(self.critic, self.fake(len(real)), real=False).diff(dim=1)
        return Terms(self.objective.for_generator(said, lambda: said))


class Patches(Linear):
    """A critic with four logits for each example, one for each of four places."""

    def new_critic(self, inputs: int) -> nn.Module:
        critic = nn.Linear(inputs, 4)
        critic.weight.data = WEIGHT + torch.tensor([[-3.0], [-1.0], [1.0], [3.0]])
        return nn.Sequential(critic, nn.Unflatten(1, (1, 2, 2)))


class Labelled(Linear):
    """Judges real examples twice, and pays for one of the two."""

    def critic_loss(self, real: Batch) -> Terms:
        first = self.judge(self.critic, real.examples, real=True).mean() * 0.0
        return Terms({**super().critic_loss(real), "first": first})


class LabelledTogether(Linear):
    """The same, in one pass over all."""

    def critic_loss(self, real: Batch) -> Terms:
        fake = self.fake(len(real))
        shown = [
            *(part for _ in range(2) for part in self.show(real.examples, real=True)),
            *self.show(fake, real=False),
        ]
        _, said, made = self.critic(torch.cat(shown)).chunk(3)
        return Terms(self.objective.for_critic(said, made))


def critic_turn(engine: Engine) -> dict[str, Tensor]:
    """The terms of the critic's turn; its gradients are in its weights."""
    turn = next(turn for turn in engine.course.legs[0].phase.turns if turn.player == "critic")
    engine.game.random.begin("a turn")
    engine.free_only("critic")
    engine.game.zero_grad()
    return engine._backward(turn, [engine.streams[source].peek() for source in turn.sources])


@pytest.mark.parametrize(
    "system", [Linear, Paired, Together, TwoOutputs, Patches, Labelled, LabelledTogether]
)
def test_penalties_of_a_plane(system: type[Game], make_engine: Make) -> None:
    engine = make_engine(system, POINTS, batch_size=8, r1=0.2, r2=0.6, gradient_penalty=10.0)
    terms = critic_turn(engine)
    assert terms["r1"].item() == pytest.approx(0.2 / 2 * 25)
    assert terms["r2"].item() == pytest.approx(0.6 / 2 * 25)
    assert terms["gradient_penalty"].item() == pytest.approx(10 * (5 - 1) ** 2, rel=1e-5)


def test_its_gradient_is_the_weight_itself(make_engine: Make) -> None:
    plain, engine = (
        make_engine(Linear, POINTS, batch_size=8),
        make_engine(Linear, POINTS, batch_size=8, r1=0.2),
    )
    for each in (plain, engine):
        critic_turn(each)
    added = engine.game.critic.weight.grad - plain.game.critic.weight.grad
    torch.testing.assert_close(added, 0.2 * WEIGHT)


def test_r1_is_that_of_the_other_systems(make_engine: Make) -> None:
    system = type(
        "Curved",
        (Plain,),
        {"new_critic": lambda _, n: nn.Sequential(nn.Linear(n, 8), nn.Tanh(), nn.Linear(8, 1))},
    )
    engine = make_engine(system, POINTS, batch_size=8, r1=1.0)
    found = critic_turn(engine)["r1"]
    expected = zero_centred_penalty(engine.game.critic, engine.streams["real"].peek().examples) / 2
    torch.testing.assert_close(found, expected.detach())


def test_points_between_are_between(make_engine: Make) -> None:
    class Seen(Linear):
        def critic_loss(self, real: Batch) -> Terms:
            shown = [
                self.show(part, real=each)[0] for part, each in ((real.examples, True), (self.made, False))
            ]
            seen.append([part.detach().clone() for part in shown])
            return Terms(self.objective.for_critic(self.critic(shown[0]), self.critic(shown[1])))

    seen: list[list[Tensor]] = []
    made = Seen.made = torch.full((8, 2), 7.0)
    engine = make_engine(Seen, POINTS, batch_size=8, gradient_penalty=1.0)
    seen.clear()
    critic_turn(engine)
    (real, fake), between = seen[0], seen[1]
    assert torch.equal(fake, made)
    assert torch.equal(between[0], between[1])
    place = (between[0] - real) / (fake - real)
    torch.testing.assert_close(place[:, 0], place[:, 1])
    assert ((place > 0) & (place < 1)).all()
    assert place[:, 0].std() > 0.1


def test_half_precision_does_not_reach_penalties(make_engine: Make) -> None:
    engine = make_engine(Linear, POINTS, batch_size=8, r1=1.0)
    engine.game.critic.weight.data = WEIGHT + 0.001
    with torch.autocast("cpu", torch.bfloat16):
        terms = critic_turn(engine)
    assert terms["r1"].item() == pytest.approx((WEIGHT + 0.001).square().sum().item() / 2, rel=1e-6)


# -- LeCam ---------------------------------------------------------------------------------------------------


def test_lecam_pays_for_what_goes_beyond_the_means(make_engine: Make) -> None:
    engine = make_engine(Linear, POINTS, batch_size=8, lecam=0.3)
    game = engine.game
    ((_, trick),) = game.tricks.items()
    assert critic_turn(engine)["lecam"] == 0
    trick.turns.fill_(1)
    trick.anchors.copy_(torch.tensor([2.0, -1.0]))
    batch = engine.streams["real"].peek()
    game.random.begin("a turn")
    with torch.no_grad():
        real, fake = game.critic(batch.examples), game.critic(game.fake(8))
    expected = 0.3 * (F.relu(real + 1).square().mean() + F.relu(2 - fake).square().mean())
    terms = critic_turn(engine)
    torch.testing.assert_close(terms["lecam"], expected)
    torch.testing.assert_close(terms["lecam_real"], real.mean())


def test_its_means_are_those_of_the_turns_so_far(make_engine: Make) -> None:
    engine = make_engine(Linear, POINTS, batch_size=8, lecam=0.3)
    ((_, trick),) = engine.game.tricks.items()
    for real, fake in ((1.0, -2.0), (2.0, -4.0), (6.0, 0.0)):
        trick.learn({"lecam_real": real, "lecam_fake": fake})
    assert trick.anchors.tolist() == pytest.approx([3.0, -2.0])
    trick.turns.fill_(500)
    trick.learn({"lecam_real": 103.0, "lecam_fake": -2.0})
    assert trick.anchors.tolist() == pytest.approx([4.0, -2.0])


def test_it_learns_nothing_of_a_turn_that_costs_no_logits(make_engine: Make) -> None:
    class Twice(Linear):
        def round(self) -> Sequence[Turn]:
            return [*super().round(), Turn("critic", self.decay)]

        def decay(self, real: Batch) -> Terms:
            return Terms(decay=self.critic.weight.square().sum())

    engine = make_engine(Twice, POINTS, batch_size=8, lecam=0.3)
    ((_, trick),) = engine.game.tricks.items()
    for _ in range(2):
        engine.play_round()
    assert trick.turns == 2


def test_what_others_play_again_is_not_counted(make_engine: Make) -> None:
    alone = critic_turn(make_engine(Linear, POINTS, batch_size=8, lecam=0.3))
    both = critic_turn(make_engine(Linear, POINTS, batch_size=8, lecam=0.3, gradient_penalty=1.0))
    assert both["lecam_real"] == alone["lecam_real"]
    assert both["lecam_fake"] == alone["lecam_fake"]
    assert both["gradient_penalty"] > 0


# -- consistency ---------------------------------------------------------------------------------------------


class OnePixel(Plain):
    """Its critic reads a pixel of the middle, or the sum of all."""

    whole = False

    def new_critic(self, inputs: int) -> nn.Module:
        critic = nn.Linear(256, 1)
        critic.weight.data = torch.ones(1, 256) if self.whole else torch.eye(256)[8 * 16 + 8][None]
        return nn.Sequential(nn.Flatten(), critic)

    def fake(self, count: int, condition: Tensor | None = None) -> Tensor:
        return self.pictures[:count] + 0 * self.generator.weight.sum()


def pictures(count: int) -> Tensor:
    """Grey in a frame three pixels wide, which shifts by up to two do not leave, about a slope of 0.1."""
    slope = (torch.arange(16.0) - 8) / 10
    image = torch.zeros(1, 16, 16)
    image[:, 3:13, 3:13] = slope[3:13]
    return image.expand(count, -1, -1, -1)


@pytest.mark.parametrize("whole", [True, False])
def test_the_difference_that_a_shift_makes(whole: bool, make_engine: Make) -> None:
    count = 2000
    system = type("Shifted", (OnePixel,), {"whole": whole, "pictures": pictures(count)})
    data = dataset_of("pictures", ((pictures(count) + 1) * 127.5).round().byte())
    terms = critic_turn(make_engine(system, data, batch_size=count, consistency=10.0))
    # By k pixels, k from -2 to 2: the squared difference is 2 times the squared slope in the mean.
    expected = 0.0 if whole else 10 * 2 * (2 * 0.1**2)
    # In bytes grey is a 256th off, and the sum has 256 pixels.
    assert terms["consistency"].item() == pytest.approx(expected, rel=0.1, abs=0.5 if whole else 0.0)


# -- the exchanged loss --------------------------------------------------------------------------------------


def test_an_unbounded_critic_is_not_given_the_wasserstein_loss(make_engine: Make) -> None:
    with pytest.raises(SettingError, match=r"nothing bounds the critic of .* add --gradient"):
        # R1 flattens a critic at real examples only.
        make_engine(Linear, POINTS, batch_size=8, loss="wasserstein", r1=1.0)
    for bound in ({"gradient_penalty": 10.0}, {"clip_weights": 0.01}, {"spectral_norm": "critic"}):
        engine = make_engine(Linear, POINTS, batch_size=8, loss="wasserstein", **bound)
        assert engine.game.objective.one_term
        assert all(map(math.isfinite, engine.play_round().values()))


def test_the_loss_that_a_system_has_already_is_refused_whatever_its_weight(make_engine: Make) -> None:
    for own in (LEAST_SQUARES, weighted(LEAST_SQUARES, 2), smoothed(LEAST_SQUARES, real=0.9)):
        system = type("Squares", (Linear,), {"own_aim": own})
        with pytest.raises(SettingError, match="least-squares is the objective of Squares already"):
            make_engine(system, POINTS, batch_size=8, loss="least-squares")
        assert make_engine(system, POINTS, batch_size=8, loss="hinge").game.objective.name == "hinge"


def test_soft_labels_are_those_of_the_exchanged_loss(make_engine: Make) -> None:
    own = type("Distance", (Linear,), {"own_aim": WASSERSTEIN})
    with pytest.raises(SettingError, match="the wasserstein objective has none"):
        make_engine(own, POINTS, batch_size=8, smoothing=0.1)
    objective = make_engine(own, POINTS, batch_size=8, smoothing=0.1, loss="non-saturating").game.objective
    logits = torch.linspace(-3, 3, 7)
    expected = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, 0.9), reduction="none")
    torch.testing.assert_close(objective.real(logits), expected)


# -- optimisers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"momentum": 0.9}, "momentum is for SGD and RMSProp, and neither was asked for"),
        ({"momentum": 0.9, "critic_optimizer": "adam"}, "momentum is for SGD and RMSProp"),
    ],
)
def test_momentum_for_nobody_is_refused(flags: dict[str, Any], reason: str, make_engine: Make) -> None:
    with pytest.raises(SettingError, match=reason):
        make_engine(Linear, POINTS, batch_size=8, **flags)


def test_a_rate_alone_leaves_the_optimiser(make_engine: Make) -> None:
    plain = make_engine("dcgan", POINTS, batch_size=8, point_units=4)
    engine = make_engine("dcgan", POINTS, batch_size=8, point_units=4, critic_rate=0.05)
    for name, player in engine.players.items():
        theirs = plain.players[name].optimizer
        assert type(player.optimizer) is type(theirs)
        wanted = 0.05 if player.role == "critic" else theirs.param_groups[0]["lr"]
        assert player.first_rates == [wanted]
        assert player.optimizer.param_groups[0]["betas"] == theirs.param_groups[0]["betas"]


def test_momentum_goes_on_after_a_resumption(
    make_engine: Make, same_state: Callable[[Any, Any], bool]
) -> None:
    flags = {"critic_optimizer": "sgd", "momentum": 0.9, "critic_rate": 0.1, "generator_optimizer": "sgd"}
    first, second = (make_engine(Linear, POINTS, batch_size=8, **flags) for _ in range(2))
    first.play_round()
    second.restore(first.state())
    for each in (first, second):
        each.play_round()
    assert same_state(first.state(), second.state())


class WithPenalty(Linear):
    """Has a term of the name of the trick's."""

    def critic_loss(self, real: Batch) -> Terms:
        return Terms({**super().critic_loss(real), "r1": torch.tensor(7.0)})


def test_a_system_keeps_paying_its_own_term_of_the_same_name(make_engine: Make) -> None:
    def paid(system: type[Game]) -> float:
        values = make_engine(system, POINTS, r1=2.0).play_round()
        return next(float(value) for name, value in values.items() if name.endswith("/r1"))

    assert paid(WithPenalty) == pytest.approx(paid(Linear) + 7.0)

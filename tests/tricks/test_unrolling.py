"""Unrolling: the generator's gradient on games small enough to be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, Adam, Optimizer, RMSprop

from sparring.data.dataset import Batch, DataSpec, dataset_of
from sparring.errors import SettingError
from sparring.game import Game, GameSettings, Limit, Phase, Player, Role, Source, Terms, Turn, two_players
from sparring.objectives import NON_SATURATING, RELATIVISTIC, WASSERSTEIN, Objective
from sparring.randomness import Randomness
from sparring.training.engine import Engine

Make = Callable[..., Engine]
RATE = 0.3
POINTS = dataset_of("points", torch.tensor([[1.0, 0.5], [0.2, -1.0], [0.7, 0.1], [1.5, 0.4]]))


class Duel(Game):
    """Real points against one generated point, judged by a plane through the origin."""

    optimizer: ClassVar[Callable[[Any], Optimizer]] = lambda parameters: SGD(parameters, RATE)
    target: ClassVar[Objective] = NON_SATURATING

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.point = nn.Parameter(torch.tensor([-0.4, 0.8]))
        self.critic = self.built(Role.CRITIC, nn.Linear(2, 1, bias=False))
        with torch.no_grad():
            self.critic.weight.copy_(torch.tensor([[0.5, -0.3]]))

    def players(self) -> dict[str, Player]:
        return two_players(SGD([self.point], 0.1), critic=type(self).optimizer(self.critic.parameters()))

    def aim(self) -> Objective:
        return self.target

    def round(self) -> Sequence[Turn]:
        return [Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)]

    def critic_loss(self, real: Batch) -> Terms:
        said = self.judge(self.critic, real.examples, real=True)
        fake = self.judge(self.critic, self.fake(len(real)), real=False)
        return Terms(**self.objective.for_critic(said, fake))

    def generator_loss(self, real: Batch) -> Terms:
        fake = self.judge(self.critic, self.fake(len(real)), real=False)
        reference = lambda: self.judge(self.critic, real.examples, real=True)  # noqa: E731
        return Terms(**self.objective.for_generator(fake, reference))

    def latent(self, count: int, random: Randomness) -> Tensor:
        return torch.zeros(count, 2)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return latent + self.point


def variant(base: type[Game] = Duel, **attributes: Any) -> type[Game]:
    return type("Variant", (base,), attributes)


def generator_gradient(engine: Engine) -> Tensor:
    """That of the point in its turn, with weights as they are."""
    turn = next(turn for turn in engine.course.legs[0].phase.turns if turn.player == "generator")
    engine.free_only("generator")
    engine._backward(turn, [engine.streams[source].peek() for source in turn.sources])
    gradient = engine.game.point.grad.clone()
    engine.game.zero_grad()
    return gradient


def critic_cost(weight: Tensor, point: Tensor, target: Objective) -> Tensor:
    """What the critic pays for the plane `weight` (2,)."""
    real, fake = POINTS.examples.values @ weight, (point @ weight).expand(len(POINTS))
    if target is RELATIVISTIC:
        return F.softplus(fake - real).mean()
    if target is WASSERSTEIN:
        return fake.mean() - real.mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_cost(weight: Tensor, point: Tensor, target: Objective) -> Tensor:
    real, fake = POINTS.examples.values @ weight, (point @ weight).expand(len(POINTS))
    if target is RELATIVISTIC:
        return F.softplus(real - fake).mean()
    return -fake.mean() if target is WASSERSTEIN else F.softplus(-fake).mean()


@pytest.mark.parametrize(
    "target", [NON_SATURATING, RELATIVISTIC, WASSERSTEIN], ids=lambda target: target.name
)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_gradient_through_steps_of_gradient_descent(
    target: Objective, steps: int, make_engine: Make
) -> None:
    engine = make_engine(variant(target=target), POINTS, batch_size=4, unrolling=steps)
    point = engine.game.point.detach().clone().requires_grad_()
    weight = start = engine.game.critic.weight.detach()[0].clone().requires_grad_()
    for _ in range(steps):
        # Equation 8, downhill: the critic minimises here what it maximises in the paper.
        (slope,) = torch.autograd.grad(critic_cost(weight, point, target), weight, create_graph=True)
        weight = weight - RATE * slope
    (expected,) = torch.autograd.grad(generator_cost(weight, point, target), point)
    torch.testing.assert_close(generator_gradient(engine), expected)
    # The second of the two terms of equation 10, which the paper is about, is there as well.
    (first,) = torch.autograd.grad(generator_cost(weight.detach(), point, target), point)
    assert (expected - first).abs().max() > 1e-3
    torch.testing.assert_close(engine.game.critic.weight.detach()[0], start.detach())


def test_it_agrees_with_finite_differences(make_engine: Make) -> None:
    engine = make_engine(Duel, POINTS, batch_size=4, unrolling=3)
    gradient = generator_gradient(engine)

    def unrolled(point: Tensor) -> float:
        weight = engine.game.critic.weight.detach()[0].double()
        for _ in range(3):
            weight.requires_grad_()
            (slope,) = torch.autograd.grad(critic_cost(weight, point, NON_SATURATING), weight)
            weight = (weight - RATE * slope).detach()
        return generator_cost(weight, point, NON_SATURATING).item()

    point, step = engine.game.point.detach().double(), 1e-4
    real = POINTS.examples.values
    try:
        object.__setattr__(POINTS.examples, "values", real.double())
        for place in range(2):
            side = step * F.one_hot(torch.tensor(place), 2)
            slope = (unrolled(point + side) - unrolled(point - side)) / (2 * step)
            assert gradient[place].item() == pytest.approx(slope, rel=1e-3)
    finally:
        object.__setattr__(POINTS.examples, "values", real)


def test_the_gradient_through_adam_with_the_memory_it_has(make_engine: Make) -> None:
    system = variant(optimizer=lambda parameters: Adam(parameters, 0.05, (0.5, 0.9), 1e-8, fused=True))
    engine = make_engine(system, POINTS, batch_size=4, unrolling=2)
    for _ in range(3):
        engine.play_round()
    memory = engine.game.roster["critic"].optimizer.state[engine.game.critic.weight]
    first, second, count = memory["exp_avg"][0].clone(), memory["exp_avg_sq"][0].clone(), int(memory["step"])
    assert count == 3
    point = engine.game.point.detach().clone().requires_grad_()
    weight = engine.game.critic.weight.detach()[0].clone().requires_grad_()
    for step in (4, 5):
        (slope,) = torch.autograd.grad(critic_cost(weight, point, NON_SATURATING), weight, create_graph=True)
        first, second = 0.5 * first + 0.5 * slope, 0.9 * second + 0.1 * slope**2
        weight = weight - 0.05 * (first / (1 - 0.5**step)) / ((second / (1 - 0.9**step)).sqrt() + 1e-8)
    (expected,) = torch.autograd.grad(generator_cost(weight, point, NON_SATURATING), point)
    torch.testing.assert_close(generator_gradient(engine), expected, rtol=1e-4, atol=1e-6)
    assert torch.equal(
        memory["exp_avg"], engine.game.roster["critic"].optimizer.state_dict()["state"][0]["exp_avg"]
    )
    assert int(memory["step"]) == 3


def test_the_steps_have_the_learning_rate_of_the_moment(make_engine: Make) -> None:
    gradients = []
    for rate in (RATE, RATE / 2):
        engine = make_engine(Duel, POINTS, batch_size=4, unrolling=1)
        engine.players["critic"].optimizer.param_groups[0]["lr"] = rate
        gradients.append(generator_gradient(engine))
    halved = variant(optimizer=lambda parameters: SGD(parameters, RATE / 2))
    assert torch.equal(
        gradients[1], generator_gradient(make_engine(halved, POINTS, batch_size=4, unrolling=1))
    )
    assert not torch.equal(*gradients)


def test_a_run_that_was_rolled_back_looks_ahead_by_its_smaller_steps(make_engine: Make) -> None:
    engine = make_engine(Duel, POINTS, batch_size=4, unrolling=1)
    engine.learning_rate_factor = 0.5
    halved = variant(optimizer=lambda parameters: SGD(parameters, RATE / 2))
    expected = make_engine(halved, POINTS, batch_size=4, unrolling=1)
    before = engine.game.point.detach().clone()
    for each in (engine, expected):
        each.play_round()
    moved, usual = (each.game.point.detach() - before for each in (engine, expected))
    torch.testing.assert_close(moved, 0.5 * usual)
    assert engine.game.critic.weight.equal(expected.game.critic.weight)


@pytest.mark.parametrize("optimizer", [Adam, RMSprop])
def test_weights_without_a_slope_do_no_harm(optimizer: type[Optimizer], make_engine: Make) -> None:
    # The second coordinate of all points is 0: the weight for it never had a slope, whose square has a root
    # without a derivative.
    flat = dataset_of("flat", torch.tensor([[1.0, 0.0], [2.0, 0.0]]))

    class Flat(Duel):
        def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
            return (latent + self.point) * torch.tensor([1.0, 0.0])

    system = variant(Flat, optimizer=lambda parameters: optimizer(parameters, 0.05))
    engine = make_engine(system, flat, batch_size=2, unrolling=3)
    gradient = generator_gradient(engine)
    assert gradient.isfinite().all()
    assert gradient[0] != 0
    assert gradient[1] == 0
    engine.play_round()
    assert engine.game.point.isfinite().all()


def test_the_critic_sees_the_batch_of_its_own_sources(make_engine: Make) -> None:
    seen: list[tuple[str, list[int]]] = []

    class TwoSources(Duel):
        @classmethod
        def sources(cls, settings: GameSettings, data: Any) -> dict[str, Source]:
            return {"real": Source(data, 2), "extra": Source(data, 4)}

        def round(self) -> Sequence[Turn]:
            return [
                Turn("generator", self.alone, sources=()),
                Turn("critic", self.both, sources=("extra", "real")),
            ]

        def both(self, extra: Batch, real: Batch) -> Terms:
            assert (len(extra), len(real)) == (4, 2)
            seen.append(("critic", real.indices.tolist()))
            return Terms(
                **self.critic_loss(real), **{f"{k}_2": v for k, v in self.critic_loss(extra).items()}
            )

        def alone(self) -> Terms:
            seen.append(("generator", []))
            return Terms(loss_of_it=F.softplus(-self.judge(self.critic, self.fake(3), real=False)).mean())

    engine = make_engine(TwoSources, POINTS, batch_size=2, unrolling=2)
    seen.clear()
    engine.play_round()
    real = seen[0][1]
    assert seen == [("critic", real), ("critic", real), ("generator", []), ("critic", real)]
    assert {name: stream.position for name, stream in engine.streams.items()} == {"real": 1, "extra": 1}


def test_every_critic_of_a_round_is_looked_ahead_of(make_engine: Make) -> None:
    class TwoCritics(Duel):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.second = self.built(Role.CRITIC, nn.Linear(2, 1, bias=False))

        def players(self) -> dict[str, Player]:
            return {**super().players(), "second": Player(Role.CRITIC, SGD(self.second.parameters(), 0.2))}

        def round(self) -> Sequence[Turn]:
            return [*super().round(), Turn("second", self.second_loss)]

        def second_loss(self, real: Batch) -> Terms:
            return Terms(apart=self.second(self.fake(1)).mean() - self.second(real.examples).mean())

        def generator_loss(self, real: Batch) -> Terms:
            return Terms(**super().generator_loss(real), other=-self.second(self.fake(1)).mean())

    engine = make_engine(TwoCritics, POINTS, batch_size=4, unrolling=1)
    point = engine.game.point.detach().clone().requires_grad_()
    weight = engine.game.critic.weight.detach()[0].clone().requires_grad_()
    (slope,) = torch.autograd.grad(critic_cost(weight, point, NON_SATURATING), weight, create_graph=True)
    second = engine.game.second.weight.detach()[0] - 0.2 * (point - POINTS.examples.values.mean(0))
    total = generator_cost(weight - RATE * slope, point, NON_SATURATING) - second @ point
    torch.testing.assert_close(generator_gradient(engine), torch.autograd.grad(total, point)[0])


class Learned(SGD):
    """An optimiser without an option to differentiate through it."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, 0.1)
        del self.defaults["differentiable"]


class Alone(Duel):
    """No critic at all."""

    def players(self) -> dict[str, Player]:
        return {"generator": Player(Role.GENERATOR, SGD([self.point], 0.1))}

    def round(self) -> Sequence[Turn]:
        return [Turn("generator", self.generator_loss)]


class Apart(Duel):
    """A generator and a critic that never meet in a phase."""

    def phases(self) -> Sequence[Phase]:
        critic, generator = self.round()
        return [Phase("first", (critic,), Limit(steps=2)), Phase("then", (generator,))]


@pytest.mark.parametrize(
    ("system", "reason"),
    [
        (Alone, "Alone has no phase with both"),
        (Apart, "Apart has no phase with both"),
        (variant(optimizer=Learned), "Learned has no option for that"),
    ],
)
def test_games_that_it_cannot_work_with(system: type[Game], reason: str, make_engine: Make) -> None:
    make_engine(system, POINTS, batch_size=4)
    with pytest.raises(SettingError, match=reason):
        make_engine(system, POINTS, batch_size=4, unrolling=1)

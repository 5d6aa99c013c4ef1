"""The engine: what it deals, whose turn it is, what it records, what it remembers, when it stops."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import SGD, Adam

from sparring.data.dataset import Batch, Dataset, DataSpec, dataset_of
from sparring.data.stream import SMALLEST_SHARE, Stream
from sparring.errors import NotANumber, OwnCodeError, SettingError
from sparring.game import Game, GameSettings, Phase, Player, Role, Source, Terms, Turn
from sparring.nn.layers import Dropout
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.schedules import cosine
from sparring.settings import Fraction, Limit
from sparring.training.engine import Engine
from sparring.training.meter import Meter
from sparring.training.timing import of_each_phase
from sparring.zoo import SYSTEMS, find_system

IMAGE_SYSTEMS = [name for name in SYSTEMS if "images" in (find_system(name).needs.examples or ("images",))]
Make = Callable[..., Engine]
Same = Callable[[Any, Any], bool]
CPU = torch.device("cpu")


def points(count: int = 60, seed: int = 0) -> Dataset:
    return dataset_of("points", torch.randn(count, 2, generator=torch.Generator().manual_seed(seed)))


class Duel(Game):
    """One number for each player; each moves against the other's."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.left = nn.Parameter(torch.tensor(1.0))
        self.right = nn.Parameter(torch.tensor(2.0))
        self.seen: list[tuple[str, int, float, list[int]]] = []
        self.after: list[Mapping[str, float]] = []

    def players(self) -> dict[str, Player]:
        return {
            "left": Player(Role.GENERATOR, SGD([self.left], 0.1)),
            "right": Player(Role.CRITIC, SGD([self.right], 0.2)),
        }

    def round(self) -> Sequence[Turn]:
        return [Turn("left", self.left_loss), Turn("right", self.right_loss, after=self.after.append)]

    def left_loss(self, real: Batch) -> Terms:
        self.seen.append(("left", self.step, self.progress, real.indices.tolist()))
        return Terms(pull=self.left * self.right, rest=self.left * 0)

    def right_loss(self, real: Batch) -> Terms:
        self.seen.append(("right", self.step, self.progress, real.indices.tolist()))
        return Terms(push=-self.left * self.right).observing(size=self.right.detach().abs())

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 1)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return latent * self.left


def rate(engine: Engine, player: str) -> float:
    """The learning rate of a player."""
    (group,) = engine.players[player].optimizer.param_groups
    return float(group["lr"])


def play(engine: Engine, rounds: int) -> list[dict[str, Any]]:
    """What so many rounds give."""
    return [engine.play_round() for _ in range(rounds)]


# -- the stream ----------------------------------------------------------------------------------------------


def stream(
    count: int, batch: int, seed: int = 0, shuffle: bool = True, rank: int = 0, processes: int = 1
) -> Stream:
    data = dataset_of("numbers", torch.arange(count, dtype=torch.float32)[:, None])
    return Stream(data, batch, Processes(CPU, rank, processes), seed, shuffle)


sizes = st.tuples(st.integers(2, 60), st.integers(1, 60)).filter(lambda pair: pair[1] <= pair[0])


@given(sizes, st.integers(0, 5), st.booleans())
def test_an_epoch_deals_every_example_once(pair: tuple[int, int], seed: int, shuffle: bool) -> None:
    count, batch = pair
    dealer = stream(count, batch, seed, shuffle)
    rest = count % batch
    whole = count - rest * (rest < SMALLEST_SHARE)
    for _ in range(2):
        dealt = torch.cat([dealer.next_batch().indices for _ in range(dealer.batches_per_epoch)])
        assert len(dealt) == whole
        assert len(set(dealt.tolist())) == whole
        if not shuffle:
            assert dealt.tolist() == list(range(whole))


@given(st.integers(2, 60), st.integers(1, 15), st.sampled_from([2, 3, 4]), st.integers(0, 3))
def test_the_shares_of_processes_make_up_the_batch(count: int, part: int, processes: int, seed: int) -> None:
    batch = part * processes
    if batch > count:
        with pytest.raises(SettingError, match="fewer than a batch"):
            stream(count, batch, processes=processes)
        return
    alone = stream(count, batch, seed)
    sharing = [stream(count, batch, seed, rank=rank, processes=processes) for rank in range(processes)]
    for _ in range(sharing[0].batches_per_epoch):
        whole = alone.next_batch().indices.tolist()
        shares = [dealer.next_batch().indices.tolist() for dealer in sharing]
        assert len({len(share) for share in shares}) == 1
        together = [index for share in shares for index in share]
        assert together == whole[: len(together)]
        assert len(whole) - len(together) < processes


@given(sizes, st.integers(0, 200))
def test_the_position_is_the_whole_state(pair: tuple[int, int], position: int) -> None:
    first, second = stream(*pair), stream(*pair)
    for _ in range(position % 20):
        first.next_batch()
    second.restore(first.state())
    for _ in range(5):
        assert torch.equal(first.next_batch().indices, second.next_batch().indices)


def test_orders_differ_between_epochs_and_seeds() -> None:
    dealer = stream(50, 50)
    orders = [dealer.next_batch().indices.tolist(), dealer.next_batch().indices.tolist()]
    orders.append(stream(50, 50, seed=1).next_batch().indices.tolist())
    assert len({tuple(order) for order in orders}) == 3


def test_images_come_in_the_range_of_the_game(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(20)
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        batch = Stream(dataset.in_range(low, high), 10, Processes(CPU), shuffle=False).next_batch()
        expected = dataset.examples.values[:10].double() / 255 * (high - low) + low
        torch.testing.assert_close(batch.examples.double(), expected)


# -- the meter -----------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(1, 9)), min_size=1))
def test_means_are_weighted(values: list[tuple[float, int]]) -> None:
    meter = Meter()
    for value, weight in values:
        meter.add({"loss": value}, weight)
    expected = math.fsum(v * w for v, w in values) / sum(w for _, w in values)
    assert meter.means()["loss"] == pytest.approx(expected, abs=1e-6)


def test_a_meter_goes_on_from_its_sums() -> None:
    meter = Meter()
    meter.add({"a": 1.0, "b": 2.0})
    resumed = Meter()
    resumed.restore(meter.state())
    for each in (meter, resumed):
        each.add({"a": 4.0})
    assert meter.reset() == resumed.reset() == {"a": 2.5, "b": 2.0}
    assert meter.means() == {}


# -- rounds --------------------------------------------------------------------------------------------------


def test_players_move_in_turn_and_only_their_own_numbers(make_engine: Make) -> None:
    engine = make_engine(Duel)
    values = engine.play_round()
    # 1 - 0.1 x 2, and then 2 + 0.2 x 0.8.
    assert engine.game.left.item() == pytest.approx(0.8)
    assert engine.game.right.item() == pytest.approx(2.16)
    assert values == pytest.approx(
        {
            "left/loss": 2.0,
            "left/pull": 2.0,
            "left/rest": 0.0,
            "right/loss": -1.6,
            "right/push": -1.6,
            "right/size": 2.0,
        }
    )
    assert engine.game.left.grad is None
    assert engine.game.right.grad is None


def test_after_gets_the_values_of_the_turn(make_engine: Make) -> None:
    engine = make_engine(Duel)
    engine.play_round()
    assert engine.game.after == [pytest.approx({"loss": -1.6, "push": -1.6, "size": 2.0})]


def test_the_game_knows_step_and_progress(make_engine: Make) -> None:
    engine = make_engine(Duel, steps=4)
    for _ in range(4):
        engine.play_round()
    assert [(step, progress) for player, step, progress, _ in engine.game.seen if player == "left"] == [
        *[(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75)]
    ]


def test_turns_share_a_batch_unless_they_ask_for_a_new_one(make_engine: Make) -> None:
    class Greedy(Duel):
        def round(self) -> Sequence[Turn]:
            critic = Turn("left", self.left_loss, fresh=True)
            return [critic, critic, Turn("right", self.right_loss)]

    engine = make_engine(Greedy, shuffle=False)
    engine.play_round()
    batches = [indices[0] for _, _, _, indices in engine.game.seen]
    assert batches == [0, 10, 10]
    # Five batches at two a round.
    assert engine.course.at(0).steps_per_epoch == 3
    assert make_engine(Duel).course.at(0).steps_per_epoch == 5


def test_a_turn_of_nobody_is_named(make_engine: Make) -> None:
    class Stranger(Duel):
        def round(self) -> Sequence[Turn]:
            return [Turn("middle", self.left_loss)]

    with pytest.raises(OwnCodeError, match=r"a turn of 'middle', and .* only left, right\."):
        make_engine(Stranger)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_loss_that_is_no_number_names_player_and_term(make_engine: Make, wrong: float) -> None:
    class Broken(Duel):
        def right_loss(self, real: Batch) -> Terms:
            return Terms(fine=self.right, broken=self.right * (wrong if self.step == 2 else 1.0))

    engine = make_engine(Broken)
    engine.play_round()
    engine.play_round()
    before = engine.game.right.item()
    with pytest.raises(NotANumber, match=r"At step 3 the term 'broken' of the right's loss became") as caught:
        engine.play_round()
    assert (caught.value.player, caught.value.term) == ("right", "broken")
    assert caught.value.exit_code == 3
    assert engine.game.right.item() == before, "the player has not moved on it"


def test_terms_whose_sum_overflows_are_no_number_either(make_engine: Make) -> None:
    class Large(Duel):
        def left_loss(self, real: Batch) -> Terms:
            return Terms(one=self.left * 3e38, other=self.left * 3e38)

    with pytest.raises(NotANumber, match="'loss' of the left's loss became inf"):
        make_engine(Large).play_round()


@given(st.floats(0, 1), st.integers(1, 40))
def test_learning_rates_fall_linearly_over_the_last_share(decay: float, steps: int) -> None:
    dataset = dataset_of("points", torch.zeros(10, 2))
    engine = Engine(
        Duel, GameSettings(batch_size=10, learning_rate_decay=decay), dataset, steps, 0, Processes(CPU)
    )
    for step in range(steps):
        engine.play_round()
        left = min(1.0, (1 - step / steps) / decay) if decay else 1.0
        assert rate(engine, "left") == pytest.approx(0.1 * left)
        assert rate(engine, "right") == pytest.approx(0.2 * left)


def test_seeds_decide_the_weights_and_nothing_else_does(make_engine: Make) -> None:
    torch.manual_seed(1)
    first = make_engine("gan").game.state_dict()
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    second = make_engine("gan").game.state_dict()
    assert torch.equal(before, torch.random.get_rng_state()), "the global generator is left alone"
    other = make_engine("gan", seed=1).game.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


# -- watched rounds, broken numbers --------------------------------------------------------------------------


class Quadratic(Duel):
    """Each player goes down its own parabola, the left one in two turns."""

    def round(self) -> Sequence[Turn]:
        return [Turn("left", self.down), Turn("left", self.down), Turn("right", self.other_down)]

    def down(self, real: Batch) -> Terms:
        return Terms(height=3 * self.left**2)

    def other_down(self, real: Batch) -> Terms:
        return Terms(height=self.right**2 / 2)


def test_a_watched_round_says_how_the_players_moved(make_engine: Make) -> None:
    """Gradient 6x, step 0.1 x 6x: x is 1 and then 0.4. On the right gradient x, step 0.2 x, from 2."""
    engine = make_engine(Quadratic)
    assert engine.moves == {}
    engine.play_round(watched=True)
    assert engine.moves == pytest.approx(
        {
            "left/gradient_norm": (6 + 2.4) / 2,
            "left/update_ratio": 0.6,
            "right/gradient_norm": 2.0,
            "right/update_ratio": 0.2,
        }
    )
    left = engine.game.left.item()
    assert left == pytest.approx(0.16)
    before = engine.moves
    engine.play_round()
    assert engine.moves is before, "a round that is not watched says nothing"
    engine.play_round(watched=True)
    assert engine.moves["left/gradient_norm"] == pytest.approx((6 + 2.4) / 2 * 0.16**2)


def test_the_length_of_a_gradient_is_that_of_all_parameters(make_engine: Make) -> None:
    class Vectors(Duel):
        def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
            super().__init__(settings, data, random)
            self.more = nn.Parameter(torch.full((2, 2), 2.0))

        def players(self) -> dict[str, Player]:
            left = Player(Role.GENERATOR, SGD([self.left, self.more], 0.1))
            return super().players() | {"left": left}

        def left_loss(self, real: Batch) -> Terms:
            return Terms(sum=3 * self.left + 2 * self.more.sum())

    engine = make_engine(Vectors)
    engine.play_round(watched=True)
    assert engine.moves["left/gradient_norm"] == pytest.approx(5.0), "3² + 4 x 2² = 5²"
    assert engine.moves["left/update_ratio"] == pytest.approx(0.5 / math.sqrt(17)), "1² + 4 x 2² = 17"


def test_weights_that_are_all_zero_can_be_watched(make_engine: Make) -> None:
    class FromNothing(Duel):
        def left_loss(self, real: Batch) -> Terms:
            return Terms(slope=self.left * 2)

    engine = make_engine(FromNothing)
    with torch.no_grad():
        engine.game.left.zero_()
    engine.play_round(watched=True)
    assert engine.moves["left/gradient_norm"] == 2
    assert engine.moves["left/update_ratio"] > 1e6


@pytest.mark.parametrize("system", ["gan", "wgan", "r3gan"])
def test_rounds_are_the_same_whether_watched_or_not(system: str, make_engine: Make, same_state: Same) -> None:
    dataset = points() if system != "gan" else None
    watched, alone = (make_engine(system, dataset) for _ in range(2))
    for _ in range(3):
        assert watched.play_round(watched=True) == alone.play_round()
    assert same_state(watched.state(), alone.state())


class Wrong(torch.autograd.Function):
    """The identity, whose gradient is what one likes."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradient: float) -> Tensor:
        ctx.gradient = gradient
        return value.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return torch.full_like(gradient, ctx.gradient), None


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_no_number_moves_nothing(wrong: float, make_engine: Make) -> None:
    """Although every term of the loss is finite."""

    class Steep(Duel):
        def right_loss(self, real: Batch) -> Terms:
            return Terms(fine=Wrong.apply(self.right, wrong if self.step == 1 else 1.0))

    engine = make_engine(Steep)
    engine.play_round()
    before = engine.game.right.item()
    with pytest.raises(NotANumber, match=r"At step 2 the right's gradient became (nan|-?inf)\.") as caught:
        engine.play_round()
    assert (caught.value.step, caught.value.player, caught.value.term) == (2, "right", "gradient")
    assert caught.value.broken == ()
    assert engine.game.right.item() == before
    assert engine.step == 1


@pytest.mark.parametrize("system", IMAGE_SYSTEMS)
def test_what_goes_back_through_a_network_is_seen_in_every_system(
    system: str, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    """Of the gradients only those of the biases are looked at, where there are any."""
    dataset = make_dataset(40, size=32)
    first, *_ = make_engine(system, dataset, batch_size=8).phases
    for player in {turn.player for turn in first.turns}:
        engine = make_engine(system, dataset, batch_size=8)
        change_turns(engine, lambda turn, player=player: steep(turn) if turn.player == player else turn)
        before = [parameter.clone() for parameter in engine.players[player].moved]
        with pytest.raises(NotANumber, match=rf"the {player}'s gradient became nan"):
            engine.play_round()
        assert all(map(torch.equal, before, engine.players[player].moved))


def change_turns(engine: Engine, change: Callable[[Turn], Turn]) -> None:
    """Have an engine take other turns."""
    engine.phases = [
        dataclasses.replace(phase, turns=tuple(map(change, phase.turns))) for phase in engine.phases
    ]
    engine.set_length(engine.total_steps)


def steep(turn: Turn) -> Turn:
    """The turn with a gradient that is not a number behind its first term."""

    def loss(*batches: Batch) -> Terms:
        terms = dict(turn.loss(*batches))
        first = next(iter(terms))
        return Terms(**(terms | {first: Wrong.apply(terms[first], math.nan)}))

    return dataclasses.replace(turn, loss=loss)


def test_a_term_may_be_called_gradient(make_engine: Make) -> None:
    class Own(Duel):
        def left_loss(self, real: Batch) -> Terms:
            return Terms(gradient=self.left * (math.nan if self.step else 2.0))

    engine = make_engine(Own)
    values = engine.play_round()
    assert values["left/gradient"] == 2.0
    with pytest.raises(NotANumber) as caught:
        engine.play_round()
    assert (caught.value.player, caught.value.term) == ("left", "gradient")


def test_broken_weights_are_named(make_engine: Make) -> None:
    engine = make_engine(Duel)
    engine.soundness.check_weights(engine.step)
    engine.play_round()
    with torch.no_grad():
        engine.game.right.fill_(math.inf)
    with pytest.raises(NotANumber, match=r"^At step 1 the right's weights became nan\.$") as caught:
        engine.soundness.check_weights(engine.step)
    assert (caught.value.player, caught.value.term, caught.value.broken) == ("right", "weights", ("right",))
    with pytest.raises(NotANumber) as caught:
        engine.play_round()
    assert caught.value.player == "left"
    assert str(caught.value) == (
        "At step 2 the term 'pull' of the left's loss became inf; the weights of the right are no numbers "
        "either."
    )


def test_a_turn_that_broke_off_leaves_no_gradient_to_a_restored_engine(make_engine: Make) -> None:
    class Steep(Duel):
        def left_loss(self, real: Batch) -> Terms:
            return Terms(fine=Wrong.apply(self.left, math.nan if self.step == 1 else 1.0))

    engine = make_engine(Steep)
    first = copy.deepcopy(engine.state())
    engine.play_round()
    with pytest.raises(NotANumber):
        engine.play_round()
    engine.restore(first)
    engine.play_round()
    assert engine.game.left.item() == pytest.approx(0.9), "1 - 0.1 x 1"


# -- numbers that are read later, as on a GPU ----------------------------------------------------------------


class Plunge(Duel):
    """The right player's numbers break at the third round, and all later ones because of it."""

    broken: str = "term"

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.register_buffer("memory", torch.tensor(0.0))

    def players(self) -> dict[str, Player]:
        return {
            "left": Player(Role.GENERATOR, Adam([self.left], 0.1)),
            "right": Player(Role.CRITIC, SGD([self.right], 0.1, momentum=0.9)),
        }

    def round(self) -> Sequence[Turn]:
        return [Turn("left", self.left_loss), Turn("right", self.right_loss, after=self.remember)]

    def right_loss(self, real: Batch) -> Terms:
        wrong = math.nan if self.step == 2 else 1.0
        broken = Wrong.apply(self.right, wrong) if self.broken == "gradient" else self.right * wrong
        return Terms(fine=self.right + self.memory, broken=broken)

    def remember(self, values: Mapping[str, Any]) -> None:
        """As a control variable does, which what is not a number reaches."""
        self.memory = torch.as_tensor(values["loss"], dtype=torch.float32)


class PlungeOfAGradient(Plunge):
    broken = "gradient"


@pytest.mark.parametrize(("system", "term"), [(Plunge, "broken"), (PlungeOfAGradient, "gradient")])
def test_numbers_that_are_read_later_name_the_first_broken_round(
    system: type[Game], term: str, make_engine: Make
) -> None:
    engine = make_engine(system)
    engine.soundness.at_once = False
    for _ in range(2):
        engine.play_round()
    engine.soundness.look()
    before = [player.moved[0].clone() for player in engine.players.values()]
    for _ in range(4):
        engine.play_round()
    assert engine.step == 6
    engine.soundness.check_weights(engine.step)
    after = [player.moved[0] for player in engine.players.values()]
    assert all(weight.isfinite() for weight in after)
    assert not torch.equal(before[0], after[0]), "the left player goes on"
    with pytest.raises(NotANumber) as caught:
        engine.soundness.look()
    assert (caught.value.step, caught.value.player, caught.value.term) == (3, "right", term)
    assert caught.value.broken == ()
    engine.soundness.look()


@pytest.mark.parametrize(("system", "term"), [(Plunge, "broken"), (PlungeOfAGradient, "gradient")])
def test_numbers_that_are_read_at_once_stop_the_turn(
    system: type[Game], term: str, make_engine: Make
) -> None:
    engine = make_engine(system)
    assert engine.soundness.at_once, "which costs nothing on a CPU"
    play(engine, 2)
    before = engine.game.right.item()
    with pytest.raises(NotANumber) as caught:
        engine.play_round()
    assert (caught.value.step, caught.value.player, caught.value.term) == (3, "right", term)
    assert (engine.step, engine.game.right.item()) == (2, before)


@pytest.mark.parametrize("system", IMAGE_SYSTEMS)
def test_when_numbers_are_read_changes_none_of_them(
    system: str, make_engine: Make, make_dataset: Callable[..., Dataset], same_state: Same
) -> None:
    now, later = (make_engine(system, make_dataset(20), batch_size=8) for _ in range(2))
    later.soundness.at_once = False
    for _ in range(2):
        ours, theirs = now.play_round(), later.play_round()
        assert all(isinstance(value, Tensor) for value in theirs.values())
        assert {name: float(value) for name, value in theirs.items()} == pytest.approx(ours, rel=1e-6)
    later.soundness.look()
    if system == "began":
        # What its control variable is computed from is rounded to single precision at another place.
        later.game.k.copy_(torch.where((later.game.k - now.game.k).abs() < 1e-9, now.game.k, math.nan))
    assert same_state(now.state(), later.state())


# -- learning rates ------------------------------------------------------------------------------------------


@given(st.floats(0.01, 1), st.floats(0, 1), st.integers(1, 12))
def test_the_factor_multiplies_each_step_and_leaves_the_rates(
    factor: float, decay: float, steps: int
) -> None:
    class Slopes(Duel):
        def left_loss(self, real: Batch) -> Terms:
            return Terms(slope=self.left * 3)

    dataset = dataset_of("points", torch.zeros(10, 2))
    settings = GameSettings(batch_size=10, learning_rate_decay=decay)
    engine, full = (Engine(Slopes, settings, dataset, steps, 0, Processes(CPU)) for _ in range(2))
    engine.learning_rate_factor = factor
    for _ in range(steps):
        before = engine.game.left.item(), full.game.left.item()
        engine.play_round()
        full.play_round()
        moved, usual = before[0] - engine.game.left.item(), before[1] - full.game.left.item()
        assert moved == pytest.approx(factor * usual, abs=1e-6)
        for player in ("left", "right"):
            assert rate(engine, player) == rate(full, player)


def test_the_factor_is_part_of_the_state(make_engine: Make) -> None:
    first, second = make_engine(Duel), make_engine(Duel)
    first.learning_rate_factor = 0.25
    second.restore(copy.deepcopy(first.state()))
    assert second.learning_rate_factor == 0.25
    second.play_round()
    assert second.game.left.item() == pytest.approx(1 - 0.25 * 0.1 * 2)
    assert rate(second, "left") == 0.1


class Stubborn(Duel):
    """The left player halves its own rate at every third step, and the right one follows a cosine."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.own = SGD([self.left], 0.1)

    def players(self) -> dict[str, Player]:
        return {
            "left": Player(Role.GENERATOR, self.own, schedule=None),
            "right": Player(Role.CRITIC, SGD([self.right], 0.2), schedule=cosine()),
        }

    def round(self) -> Sequence[Turn]:
        return [Turn("left", self.left_loss, after=self.halve), Turn("right", self.right_loss)]

    def halve(self, values: Mapping[str, float]) -> None:
        if self.step % 3 == 2:
            for group in self.own.param_groups:
                group["lr"] /= 2


def test_a_player_without_a_schedule_keeps_the_rate_that_the_game_set(make_engine: Make) -> None:
    engine = make_engine(Stubborn, steps=9, learning_rate_decay=1.0)
    seen = []
    for _ in range(9):
        engine.play_round()
        seen.append(rate(engine, "left"))
    assert seen == [0.1] * 2 + [0.05] * 3 + [0.025] * 3 + [0.0125]


def test_rates_that_a_game_set_are_resumed(make_engine: Make, same_state: Same) -> None:
    whole, first, second = (make_engine(Stubborn, steps=9) for _ in range(3))
    play(whole, 9)
    play(first, 4)
    second.restore(copy.deepcopy(first.state()))
    assert rate(second, "left") == 0.05
    play(second, 5)
    assert same_state(whole.state(), second.state())


@given(st.integers(1, 30), st.floats(0, 1))
def test_a_schedule_of_a_player_stands_beside_the_decay_of_all(steps: int, decay: float) -> None:
    settings = GameSettings(batch_size=10, learning_rate_decay=decay)
    engine = Engine(Stubborn, settings, dataset_of("points", torch.zeros(10, 2)), steps, 0, Processes(CPU))
    for step in range(steps):
        engine.play_round()
        progress = step / steps
        left = min(1.0, (1 - progress) / decay) if decay else 1.0
        assert rate(engine, "right") == pytest.approx(0.2 * (1 + math.cos(math.pi * progress)) / 2 * left)


def test_rates_of_a_run_of_unknown_length_do_not_fall(make_engine: Make) -> None:
    engine = make_engine(Duel, steps=None, learning_rate_decay=1.0)
    play(engine, 12)
    assert rate(engine, "left") == 0.1
    engine.set_length(24)
    engine.play_round()
    assert rate(engine, "left") == pytest.approx(0.05)


# -- sources -------------------------------------------------------------------------------------------------


class Listener(Duel):
    """Two players that look at several sources; what they saw is written down."""

    names: tuple[str, ...] = ("labelled", "unlabelled")

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        return {name: Source(data.parts.get(name, data), settings.batch_size) for name in cls.names}

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.heard: list[tuple[str, list[list[int]]]] = []

    def round(self) -> Sequence[Turn]:
        return [
            Turn("left", self.hear("both"), ("unlabelled", "labelled")),
            Turn("right", self.hear("one"), ("labelled",)),
            Turn("right", self.hear("new"), ("unlabelled",), fresh=True),
            Turn("left", self.hear("both again"), ("labelled", "unlabelled")),
        ]

    def hear(self, name: str) -> Callable[..., Terms]:
        def loss(*batches: Batch) -> Terms:
            self.heard.append((name, [batch.indices.tolist() for batch in batches]))
            return Terms(loss=self.left * self.right)

        return loss


def in_parts() -> Dataset:
    return dataclasses.replace(
        points(40), parts={"labelled": points(12, seed=1), "other": points(40, seed=2)}
    )


def test_a_turn_gets_one_batch_of_each_source_that_it_names(make_engine: Make) -> None:
    engine = make_engine(Listener, in_parts(), batch_size=4, shuffle=False)
    engine.play_round()
    first, second = list(range(4)), list(range(4, 8))
    assert engine.game.heard == [
        ("both", [first, first]),
        ("one", [first]),
        ("new", [second]),
        ("both again", [first, second]),
    ]
    assert {name: stream.position for name, stream in engine.streams.items()} == {
        "labelled": 1,
        "unlabelled": 2,
    }


def test_the_batches_of_a_turn_come_from_their_own_data(make_engine: Make) -> None:
    data = in_parts()
    seen: list[Tensor] = []

    class Looker(Listener):
        def hear(self, name: str) -> Callable[..., Terms]:
            def loss(*batches: Batch) -> Terms:
                seen.extend(batch.examples for batch in batches)
                return Terms(loss=self.left * self.right)

            return loss

    make_engine(Looker, data, batch_size=4, shuffle=False).play_round()
    assert torch.equal(seen[0], data.examples.values[:4])
    assert torch.equal(seen[1], data.parts["labelled"].examples.values[:4])


def orders(engine: Engine) -> dict[str, list[int]]:
    """The order in which each source is dealt at first."""
    found = {}
    for name, stream in engine.streams.items():
        found[name] = [index for _ in range(20) for index in stream.next_batch().indices.tolist()]
    return found


def test_a_source_is_dealt_by_its_name_whatever_others_there_are(make_engine: Make) -> None:
    class More(Listener):
        names = ("other", "unlabelled", "labelled", "real")

    few, many = (orders(make_engine(system, in_parts(), batch_size=4)) for system in (Listener, More))
    assert {name: many[name] for name in few} == few
    assert len({tuple(many[name]) for name in ("other", "unlabelled", "real")}) == 3, "of equal size"
    assert orders(make_engine(Listener, in_parts(), batch_size=4)) == few
    other = orders(make_engine(Listener, in_parts(), batch_size=4, seed=1))
    assert all(other[name] != few[name] for name in few)


def test_a_source_goes_on_where_it_was(make_engine: Make) -> None:
    whole, first, second = (make_engine(Listener, in_parts(), batch_size=4) for _ in range(3))
    play(whole, 9)
    play(first, 5)
    second.restore(copy.deepcopy(first.state()))
    play(second, 4)
    assert first.game.heard + second.game.heard == whole.game.heard


def test_an_epoch_is_a_pass_over_the_first_source_that_is_looked_at(make_engine: Make) -> None:
    engine = make_engine(Listener, in_parts(), batch_size=4)
    assert engine.course.at(0).steps_per_epoch == 3, "12 labelled examples, one batch a step"


def test_a_source_that_there_is_not_is_named(make_engine: Make) -> None:
    class Stranger(Duel):
        def round(self) -> Sequence[Turn]:
            return [Turn("left", self.left_loss, ("photos",))]

    with pytest.raises(OwnCodeError, match=r"a turn that looks at 'photos', and .* only real\."):
        make_engine(Stranger)


def test_a_game_may_look_at_its_first_batches_before_it_begins(make_engine: Make, same_state: Same) -> None:
    class Looking(Listener):
        def start(self, **first: Batch) -> None:
            self.first = {name: batch.indices.tolist() for name, batch in first.items()}
            self.left.fill_(first["labelled"].examples.mean() + self.random.normal(1).item())

    engine = make_engine(Looking, in_parts(), batch_size=4, shuffle=False)
    assert engine.game.first == {"labelled": [0, 1, 2, 3], "unlabelled": [0, 1, 2, 3]}
    assert {stream.position for stream in engine.streams.values()} == {0}
    assert same_state(engine.state(), make_engine(Looking, in_parts(), batch_size=4, shuffle=False).state())
    assert engine.game.left.item() != 1.0
    plain = make_engine(Listener, in_parts(), batch_size=4)
    plain.game.random.begin("step 0")
    engine.game.random.begin("step 0")
    assert torch.equal(plain.game.random.normal(3), engine.game.random.normal(3))


# -- phases --------------------------------------------------------------------------------------------------


class Course(Duel):
    """The left player alone, by two sorts of turn, then both."""

    def phases(self) -> Sequence[Phase]:
        left, right = Turn("left", self.left_loss), Turn("right", self.right_loss, fresh=True)
        return [
            Phase("warm-up", (left,), Limit(steps=4)),
            Phase("drill", (left, left), Limit(epochs=1)),
            Phase("duel", (left, right)),
        ]


def test_each_phase_has_its_turns_and_its_progress(make_engine: Make) -> None:
    engine = make_engine(Course, points(50), steps=13)
    play(engine, 13)
    moments = [(step, player, progress) for player, step, progress, _ in engine.game.seen]
    warm_up = [(step, "left", step / 4) for step in range(4)]
    drill = [(4 + step, "left", step / 5) for step in range(5) for _ in range(2)]
    duel = [(9 + step, player, step / 4) for step in range(4) for player in ("left", "right")]
    assert moments == [*warm_up, *drill, *duel]


def test_rates_begin_anew_with_each_phase(make_engine: Make) -> None:
    engine = make_engine(Course, points(50), steps=13, learning_rate_decay=1.0)
    rates = []
    for _ in range(13):
        engine.play_round()
        rates.append(rate(engine, "left"))
    expected = [0.1 * (1 - step / 4) for step in range(4)] + [0.1 * (1 - step / 5) for step in range(5)]
    assert rates == pytest.approx(expected + [0.1 * (1 - step / 4) for step in range(4)])


@pytest.mark.parametrize("cut", range(12))
def test_phases_are_resumed_at_any_step(cut: int, make_engine: Make, same_state: Same) -> None:
    whole, first, second = (make_engine(Course, points(50), steps=13) for _ in range(3))
    play(whole, 13)
    play(first, cut)
    second.restore(copy.deepcopy(first.state()))
    play(second, 13 - cut)
    assert same_state(whole.state(), second.state())
    assert first.game.seen + second.game.seen == whole.game.seen


# -- noise, and what the engine remembers --------------------------------------------------------------------


class Noisy(Game):
    """With all that has a memory or draws noise: dropout, batch statistics, moments, a buffer, a branch."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.generator = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        self.critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), Dropout(0.3, random), nn.Linear(8, 1))
        self.jitter = random.branch("jitter")
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.of_critic = SGD(self.critic.parameters(), 1e-2, momentum=0.9)

    def players(self) -> dict[str, Player]:
        return {
            "generator": Player(Role.GENERATOR, Adam(self.generator.parameters(), 1e-2)),
            "critic": Player(Role.CRITIC, self.of_critic, schedule=None),
        }

    def phases(self) -> Sequence[Phase]:
        critic = Turn("critic", self.critic_loss, fresh=True)
        return [
            Phase("critic alone", (critic,), Limit(steps=3)),
            Phase("both", (critic, critic, Turn("generator", self.generator_loss, after=self.note))),
        ]

    def critic_loss(self, real: Batch) -> Terms:
        shown = real.examples + 0.1 * self.jitter.normal(*real.examples.shape)
        return Terms(gap=self.critic(self.fake(len(real))).mean() - self.critic(shown).mean())

    def generator_loss(self, real: Batch) -> Terms:
        return Terms(score=-self.critic(self.fake(len(real))).mean())

    def note(self, values: Mapping[str, Any]) -> None:
        self.count += 1
        for group in self.of_critic.param_groups:
            group["lr"] *= 0.9

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 3)


@pytest.mark.parametrize("step", [0, 1, 3, 4, 7])
def test_any_step_can_be_played_again_alone(step: int, make_engine: Make, same_state: Same) -> None:
    """An engine that never played the steps before plays this one as the run did, and so does the run."""
    run, alone = make_engine(Noisy, points(), steps=8), make_engine(Noisy, points(), steps=8)
    play(run, step)
    before = copy.deepcopy(run.state())
    values, after = run.play_round(), copy.deepcopy(run.state())
    for engine in (alone, run):
        for _ in range(2):
            engine.restore(copy.deepcopy(before))
            assert engine.play_round() == values
            assert same_state(engine.state(), after)


@pytest.mark.parametrize("system", IMAGE_SYSTEMS)
def test_restored_engines_play_the_same_rounds(
    system: str, make_engine: Make, make_dataset: Callable[..., Dataset], same_state: Same
) -> None:
    dataset = make_dataset(20, size=20)
    first, second = (make_engine(system, dataset, batch_size=8) for _ in range(2))
    play(first, 2)
    second.restore(copy.deepcopy(first.state()))
    assert play(first, 2) == play(second, 2)
    assert same_state(first.state(), second.state())


def test_other_noise_is_the_same_other_noise_after_a_restart(make_engine: Make, same_state: Same) -> None:
    changed, resumed, usual = (make_engine(Noisy, points(), steps=8) for _ in range(3))
    for engine in (changed, usual):
        play(engine, 2)
    changed.change_noise("roll-back 1")
    changed.change_noise("roll-back 1")
    resumed.restore(copy.deepcopy(changed.state()))
    assert play(changed, 2) == play(resumed, 2)
    assert same_state(changed.state(), resumed.state())
    play(usual, 2)
    assert not same_state(changed.state()["networks"], usual.state()["networks"])
    resumed.change_noise("roll-back 2")
    again = make_engine(Noisy, points(), steps=8)
    again.restore(copy.deepcopy(usual.state()))
    again.change_noise("roll-back 2")
    assert again.game.random.seed == resumed.game.random.seed, "whatever noise there was in between"


# -- timing --------------------------------------------------------------------------------------------------


def everything(engine: Engine) -> dict[str, Any]:
    """What an engine remembers, and what it has told its game."""
    return copy.deepcopy(engine.state()) | {
        "step of the game": engine.game.step,
        "progress": engine.game.progress,
        "rates": [[g["lr"] for g in player.optimizer.param_groups] for player in engine.players.values()],
        "moves": engine.moves,
        "gradients": [parameter.grad is not None for parameter in engine.game.parameters()],
    }


@pytest.mark.parametrize("steps", [None, 12])
@pytest.mark.parametrize("played", [0, 2, 5])
def test_timing_leaves_the_engine_as_it_was_in_every_phase(
    steps: int | None, played: int, make_engine: Make, same_state: Same
) -> None:
    timed, untouched = (make_engine(Noisy, points(), steps=steps, learning_rate_decay=1.0) for _ in range(2))
    for engine in (timed, untouched):
        play(engine, played)
        engine.test()
    before = everything(timed)
    calls: list[set[str]] = []

    def stopwatch(play: Callable[[], None]) -> float:
        for _ in range(3):
            play()
        names = set()
        change_back = timed._take_turn
        timed._take_turn = lambda turn, *rest: (names.add(turn.player), change_back(turn, *rest))[1]  # type: ignore[method-assign]
        play()
        timed._take_turn = change_back  # type: ignore[method-assign]
        calls.append(names)
        return float(len(calls))

    assert of_each_phase(timed, stopwatch) == [1.0, 2.0]
    assert calls == [{"critic"}, {"critic", "generator"}]
    assert same_state(everything(timed), before)
    assert play(timed, 3) == play(untouched, 3)
    assert same_state(everything(timed), everything(untouched))


def test_a_phase_that_a_run_does_not_reach_takes_no_time(make_engine: Make) -> None:
    engine = make_engine(Noisy, points(), steps=2)
    asked: list[int] = []

    def stopwatch(play: Callable[[], None]) -> float:
        asked.append(engine.step)
        return 1.0

    assert of_each_phase(engine, stopwatch) == [1.0, 0.0]
    assert asked == [0]


def test_timing_that_fails_leaves_the_engine_as_it_was(make_engine: Make, same_state: Same) -> None:
    engine = make_engine(Noisy, points(), steps=12)
    play(engine, 1)
    engine.test()
    before = everything(engine)

    def stopwatch(play: Callable[[], None]) -> float:
        play()
        raise NotANumber(1, "critic", "gap", math.nan)

    with pytest.raises(NotANumber):
        of_each_phase(engine, stopwatch)
    assert same_state(everything(engine), before)


# -- microbatches --------------------------------------------------------------------------------------------


class Regression(Game):
    """Means over examples, without statistics of a batch."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.network = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1)).double()
        self.chunks: list[list[int]] = []

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        return {"real": Source(data, settings.batch_size), "other": Source(data, settings.batch_size)}

    def players(self) -> dict[str, Player]:
        return {"network": Player(Role.OTHER, SGD(self.network.parameters(), 0.05))}

    def round(self) -> Sequence[Turn]:
        return [Turn("network", self.loss, ("real", "other"), fresh=True), Turn("network", self.loss_of_one)]

    def loss(self, real: Batch, other: Batch) -> Terms:
        self.chunks.append(real.indices.tolist())
        near, far = self.network(real.examples.double()), self.network(other.examples.double())
        return Terms(near=near.square().mean(), far=(far - 1).square().mean()).observing(mean=near.mean())

    def loss_of_one(self, real: Batch) -> Terms:
        return Terms(cost=self.network(real.examples.double()).square().mean())

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 2)


@given(st.integers(1, 14), st.integers(1, 20))
def test_microbatches_have_the_gradient_of_the_whole_batch(batch_size: int, parts: int) -> None:
    """Also where a batch does not divide evenly, or has fewer examples than there are parts."""
    settings = GameSettings(batch_size=batch_size)
    whole, cut = (
        Engine(Regression, settings, points(17), 5, 0, Processes(CPU), microbatches=count)
        for count in (1, parts)
    )
    for _ in range(4):
        cut.game.chunks.clear()
        ours, theirs = whole.play_round(watched=True), cut.play_round(watched=True)
        assert theirs == pytest.approx(ours, rel=1e-5, abs=1e-6)
        assert cut.moves == pytest.approx(whole.moves, rel=1e-5)
        assert [index for chunk in cut.game.chunks for index in chunk] == whole.game.chunks[-1]
        assert len(cut.game.chunks) == min(parts, len(whole.game.chunks[-1]))
    for name, tensor in whole.game.state_dict().items():
        torch.testing.assert_close(cut.game.state_dict()[name], tensor, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("flags", [{"generator_norm": "batch"}, {"minibatch_deviation": True}])
def test_no_part_has_fewer_examples_than_are_compared(
    make_engine: Make, make_dataset: Callable[..., Dataset], flags: dict[str, Any]
) -> None:
    """The last batch of an epoch may be small, and is cut into fewer parts then."""
    engine = make_engine("gan", make_dataset(22), batch_size=16, microbatches=8, **flags)
    parts = []
    plain = engine._backward_of

    def counted(turn: Turn, batches: Sequence[Batch], weight: float) -> dict[str, Tensor]:
        parts.append([len(batch) for batch in batches])
        return plain(turn, batches, weight)

    engine._backward_of = counted
    for _ in range(2):
        engine.play_round()
    sizes = [size for each in parts for size in each]
    assert sizes.count(2) == len(sizes) == 2 * (8 + 3)
    with pytest.raises(SettingError, match="at a time"):
        make_engine("gan", make_dataset(22), batch_size=16, microbatches=16, **flags)


def test_a_system_without_statistics_of_a_batch_takes_microbatches(make_engine: Make) -> None:
    whole, cut = (make_engine("gan", microbatches=parts) for parts in (1, 3))
    ours, theirs = whole.play_round(watched=True), cut.play_round(watched=True)
    assert theirs == pytest.approx(ours, rel=1e-5, abs=1e-6)
    for player in ("generator", "discriminator"):
        name = f"{player}/gradient_norm"
        assert cut.moves[name] == pytest.approx(whole.moves[name], rel=1e-4)


def test_what_comes_after_a_turn_comes_once_for_all_its_parts(make_engine: Make) -> None:
    engine = make_engine(Duel, microbatches=4)
    values = engine.play_round()
    assert engine.game.after == [pytest.approx({"loss": -1.6, "push": -1.6, "size": 2.0})]
    assert values["left/pull"] == pytest.approx(2.0)
    assert engine.streams["real"].position == 1
    assert [len(indices) for player, _, _, indices in engine.game.seen if player == "left"] == [3, 3, 2, 2]


# -- limits and settings ---------------------------------------------------------------------------------


def test_a_run_has_exactly_one_limit() -> None:
    assert str(Limit(epochs=100)) == "100 epochs"
    assert str(Limit(steps=1)) == "1 step"
    assert str(Limit(minutes=0.5)) == "0.5 minutes"
    for given_limits in ({}, {"epochs": 1, "steps": 2}, {"epochs": 1, "steps": 2, "minutes": 3.0}):
        with pytest.raises(SettingError, match="exactly one limit"):
            Limit(**given_limits)  # type: ignore[arg-type]


def test_settings_know_their_types_and_ranges() -> None:
    @dataclass(frozen=True)
    class Own(GameSettings):
        ratio: Fraction = 0.5

    assert dataclasses.asdict(Own(ratio=1))["ratio"] == 1.0
    assert type(Own(batch_size=np.int64(3)).batch_size) is int
    assert type(Own(ratio=np.float32(0.25)).ratio) is float
    for wrong, said in [
        ({"ratio": 1.5}, "ratio is 1.5: it must be from 0 to 1"),
        ({"ratio": math.nan}, "ratio is nan"),
        ({"batch_size": 0}, "batch_size is 0: it must be at least 1"),
        ({"batch_size": 2.0}, "batch_size is 2.0: it must be a whole number"),
        ({"batch_size": True}, "batch_size is True: it must be a whole number"),
        ({"shuffle": "yes"}, "shuffle is 'yes': it must be true or false"),
        ({"ratoi": 1}, "no setting 'ratoi'. Did you mean 'ratio'"),
    ]:
        with pytest.raises(SettingError, match=said):
            Own.of(wrong, "Own")


def test_the_default_settings_of_every_system_are_valid() -> None:
    for name in SYSTEMS:
        find_system(name).Settings()

"""The engine: what it deals, whose turn it is, what it records, when it stops."""

from __future__ import annotations

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
from torch.optim import SGD, Optimizer

from sparring.data.dataset import Batch, Dataset, DataSpec
from sparring.data.stream import SMALLEST_SHARE, Stream
from sparring.engine import Engine, Meter, moved_parameters
from sparring.errors import NotANumber, SettingError
from sparring.game import Game, GameSettings, Terms, Turn
from sparring.processes import Processes
from sparring.randomness import Randomness
from sparring.settings import Limit, Share
from sparring.training import RunSettings, _steps_of
from sparring.zoo import SYSTEMS, find_system

Make = Callable[..., Engine]
CPU = torch.device("cpu")


class Duel(Game):
    """One number for each player; each moves against the other's."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.left = nn.Parameter(torch.tensor(1.0))
        self.right = nn.Parameter(torch.tensor(2.0))
        self.seen: list[tuple[str, int, float, list[int]]] = []
        self.after: list[Mapping[str, float]] = []

    def optimizers(self) -> dict[str, Optimizer]:
        return {"left": SGD([self.left], 0.1), "right": SGD([self.right], 0.2)}

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

    def generate(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        return latent * self.left


# -- the stream ----------------------------------------------------------------------------------------------


def stream(
    count: int, batch: int, seed: int = 0, shuffle: bool = True, rank: int = 0, processes: int = 1
) -> Stream:
    data = Dataset("numbers", torch.arange(count, dtype=torch.float32)[:, None])
    return Stream(data, batch, (0.0, 1.0), Processes(CPU, rank, processes), seed, shuffle)


sizes = st.tuples(st.integers(1, 60), st.integers(1, 60)).filter(lambda pair: pair[1] <= pair[0])


@given(sizes, st.integers(0, 5), st.booleans())
def test_an_epoch_deals_every_example_once(pair: tuple[int, int], seed: int, shuffle: bool) -> None:
    count, batch = pair
    dealer = stream(count, batch, seed, shuffle)
    rest = count % batch
    whole = count - rest * (rest < SMALLEST_SHARE)
    for _ in range(2):
        dealt = torch.cat([dealer.deal().indices for _ in range(dealer.batches_per_epoch)])
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
        whole = alone.deal().indices.tolist()
        shares = [dealer.deal().indices.tolist() for dealer in sharing]
        assert len({len(share) for share in shares}) == 1
        together = [index for share in shares for index in share]
        assert together == whole[: len(together)]
        assert len(whole) - len(together) < processes


@given(sizes, st.integers(0, 200))
def test_the_position_is_the_whole_state(pair: tuple[int, int], position: int) -> None:
    first, second = stream(*pair), stream(*pair)
    for _ in range(position % 20):
        first.deal()
    second.position = first.position
    for _ in range(5):
        assert torch.equal(first.deal().indices, second.deal().indices)


def test_orders_differ_between_epochs_and_seeds() -> None:
    dealer = stream(50, 50)
    orders = [dealer.deal().indices.tolist(), dealer.deal().indices.tolist()]
    orders.append(stream(50, 50, seed=1).deal().indices.tolist())
    assert len({tuple(order) for order in orders}) == 3


def test_a_batch_that_does_not_divide_among_processes_is_refused() -> None:
    with pytest.raises(SettingError, match="cannot be divided among 2 processes"):
        stream(10, 5, processes=2)


def test_images_come_in_the_range_of_the_game(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(20)
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        batch = Stream(dataset, 10, (low, high), Processes(CPU), shuffle=False).deal()
        expected = dataset.examples[:10].double() / 255 * (high - low) + low
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
    resumed = Meter({name: list(pair) for name, pair in meter.sums.items()})  # type: ignore[misc]
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
            critic = Turn("left", self.left_loss, fresh_batch=True)
            return [critic, critic, Turn("right", self.right_loss)]

    engine = make_engine(Greedy, shuffle=False)
    engine.play_round()
    batches = [indices[0] for _, _, _, indices in engine.game.seen]
    assert batches == [0, 10, 10]
    # Five batches at two a round.
    assert engine.steps_per_epoch == 3
    assert make_engine(Duel).steps_per_epoch == 5


def test_a_player_without_optimiser_is_named(make_engine: Make) -> None:
    class Stranger(Duel):
        def round(self) -> Sequence[Turn]:
            return [Turn("middle", self.left_loss)]

    with pytest.raises(SettingError, match=r"turn for 'middle' but .* only left, right"):
        make_engine(Stranger).play_round()


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
    dataset = Dataset("points", torch.zeros(10, 2))
    engine = Engine(
        Duel, GameSettings(batch_size=10, learning_rate_decay=decay), dataset, steps, 0, Processes(CPU)
    )
    for step in range(steps):
        engine.play_round()
        left = min(1.0, (1 - step / steps) / decay) if decay else 1.0
        assert engine.optimizers["left"].param_groups[0]["lr"] == pytest.approx(0.1 * left)
        assert engine.optimizers["right"].param_groups[0]["lr"] == pytest.approx(0.2 * left)


def test_a_spare_engine_that_is_timed_stays_at_full_learning_rate(make_engine: Make) -> None:
    from sparring.training import LONG, step_seconds

    engine = make_engine(Duel, steps=LONG, learning_rate_decay=1.0)
    assert step_seconds(engine) > 0
    assert engine.optimizers["left"].param_groups[0]["lr"] == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_restored_engines_play_the_same_rounds(
    system: str, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(40, size=32)
    first = make_engine(system, dataset, batch_size=8)
    for _ in range(3):
        first.play_round()
    networks = {name: tensor.clone() for name, tensor in first.game.state_dict().items()}
    tensors = {name: tensor.clone() for name, tensor in first.tensors().items()}
    second = make_engine(system, dataset, batch_size=8)
    second.restore(networks, tensors, first.position())
    for _ in range(3):
        assert first.play_round() == second.play_round()
    ours, theirs = first.game.state_dict(), second.game.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_test_losses_weigh_every_example_alike(
    make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    class Tested(Duel):
        def test_losses(self):  # type: ignore[no-untyped-def]
            return {"left": lambda real: {"mean": real.examples.mean()}}

    dataset = make_dataset(20, test=37)
    engine = make_engine(Tested, dataset)
    values = engine.test(batch_size=10)
    expected = dataset.test.examples.double().mean().item() / 127.5 - 1  # type: ignore[union-attr]
    assert values["test/left/mean"] == pytest.approx(expected, abs=1e-6)
    assert values["test/left/loss"] == values["test/left/mean"]
    assert engine.game.training


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

        def optimizers(self) -> dict[str, Optimizer]:
            return {"left": SGD([self.left, self.more], 0.1), "right": SGD([self.right], 0.2)}

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
def test_rounds_are_the_same_whether_watched_or_not(system: str, make_engine: Make) -> None:
    dataset = Dataset("points", torch.randn(60, 2)) if system != "gan" else None
    watched, alone = (make_engine(system, dataset) for _ in range(2))
    for _ in range(3):
        assert watched.play_round(watched=True) == alone.play_round()
    ours, theirs = watched.game.state_dict(), alone.game.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


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
    with pytest.raises(NotANumber, match=r"At step 2 the right's gradient became (nan|inf)\.") as caught:
        engine.play_round()
    assert (caught.value.step, caught.value.player, caught.value.term) == (2, "right", "gradient")
    assert caught.value.broken == ()
    assert engine.game.right.item() == before
    assert engine.step == 1


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_what_goes_back_through_a_network_is_seen_in_every_system(
    system: str,
    make_engine: Make,
    make_dataset: Callable[..., Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the gradients only those of the biases are looked at, where there are any."""
    dataset = make_dataset(40, size=32)
    for player in make_engine(system, dataset, batch_size=8).optimizers:
        engine = make_engine(system, dataset, batch_size=8)
        turns = [steep(turn) if turn.player == player else turn for turn in engine.game.round()]
        monkeypatch.setattr(engine.game, "round", lambda turns=turns: turns)
        before = [parameter.clone() for parameter in moved_parameters(engine.optimizers[player])]
        with pytest.raises(NotANumber, match=f"At step 1 the {player}'s gradient became nan"):
            engine.play_round()
        after = moved_parameters(engine.optimizers[player])
        assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


def steep(turn: Turn) -> Turn:
    """The turn with a gradient that is not a number behind its first term."""

    def loss(real: Batch) -> Terms:
        terms = dict(turn.loss(real))
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
    engine.check_weights()
    engine.play_round()
    with torch.no_grad():
        engine.game.right.fill_(math.inf)
    with pytest.raises(NotANumber, match=r"^At step 1 the right's weights became nan\.$") as caught:
        engine.check_weights()
    assert (caught.value.player, caught.value.term, caught.value.broken) == ("right", "weights", ("right",))
    with pytest.raises(NotANumber) as caught:
        engine.play_round()
    assert caught.value.player == "left"
    assert str(caught.value) == (
        "At step 2 the term 'pull' of the left's loss became inf; the weights of the right are no numbers "
        "either."
    )


@given(st.floats(0.01, 1), st.floats(0, 1), st.integers(1, 12))
def test_the_factor_multiplies_the_schedule(factor: float, decay: float, steps: int) -> None:
    dataset = Dataset("points", torch.zeros(10, 2))
    settings = GameSettings(batch_size=10, learning_rate_decay=decay)
    engine, full = (Engine(Duel, settings, dataset, steps, 0, Processes(CPU)) for _ in range(2))
    engine.learning_rate_factor = factor
    for _ in range(steps):
        engine.play_round()
        full.play_round()
        for name, optimizer in engine.optimizers.items():
            usual = full.optimizers[name].param_groups[0]["lr"]
            assert optimizer.param_groups[0]["lr"] == pytest.approx(factor * usual)


def test_the_factor_is_part_of_the_position(make_engine: Make) -> None:
    first, second = make_engine(Duel), make_engine(Duel)
    assert first.position()["learning_rate_factor"] == 1.0
    first.learning_rate_factor = 0.25
    position = first.position()
    second.restore(first.game.state_dict(), first.tensors(), position)
    assert second.learning_rate_factor == 0.25
    second.play_round()
    assert second.optimizers["left"].param_groups[0]["lr"] == pytest.approx(0.025)
    # Checkpoints of older versions know of none.
    del position["learning_rate_factor"]
    second.restore(first.game.state_dict(), first.tensors(), position)
    assert second.learning_rate_factor == 1.0


def test_a_turn_that_broke_off_leaves_no_gradient_to_a_restored_engine(make_engine: Make) -> None:
    class Steep(Duel):
        def left_loss(self, real: Batch) -> Terms:
            return Terms(fine=Wrong.apply(self.left, math.nan if self.step == 1 else 1.0))

    engine = make_engine(Steep)
    networks = {name: tensor.clone() for name, tensor in engine.game.state_dict().items()}
    tensors, position = engine.tensors(), engine.position()
    engine.play_round()
    with pytest.raises(NotANumber):
        engine.play_round()
    engine.restore(networks, tensors, position)
    engine.play_round()
    assert engine.game.left.item() == pytest.approx(0.9), "1 - 0.1 x 1"


# -- limits and settings ---------------------------------------------------------------------------------


def test_a_run_has_exactly_one_limit() -> None:
    assert str(Limit(epochs=100)) == "100 epochs"
    assert str(Limit(steps=1)) == "1 step"
    assert str(Limit(minutes=0.5)) == "0.5 minutes"
    for given_limits in ({}, {"epochs": 1, "steps": 2}, {"epochs": 1, "steps": 2, "minutes": 3.0}):
        with pytest.raises(SettingError, match="exactly one limit"):
            Limit(**given_limits)  # type: ignore[arg-type]


def test_limits_become_steps(make_engine: Make) -> None:
    from sparring.console import Console

    console = Console(silent=True)
    assert _steps_of(Limit(steps=7), make_engine(Duel), None, console) == 7
    assert _steps_of(Limit(epochs=3), make_engine(Duel), None, console) == 15
    assert _steps_of(Limit(minutes=0.05), make_engine(Duel), None, console) >= 1


def test_settings_know_their_types_and_ranges() -> None:
    @dataclass(frozen=True)
    class Own(GameSettings):
        ratio: Share = 0.5

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
    RunSettings()

"""Noise begins anew at every step, has independent branches, and is shared evenly between processes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from sparring.random_bits import numbers_of_16_bits
from sparring.randomness import Randomness, derived_seed, seeded_initialisation

Draw = Callable[[Randomness, int], Tensor]
DRAWS: dict[str, Draw] = {
    "uniform": lambda random, count: random.uniform(count, 3, 2, low=-2.0, high=5.0),
    "normal": lambda random, count: random.normal(count, 3),
    "integers": lambda random, count: random.integers(count, 1000),
    "bernoulli": lambda random, count: random.bernoulli(0.3, count, 7),
    "coins": lambda random, count: random.coins(0.3, count, 7),
    "categories": lambda random, count: random.categories(torch.zeros(count, 9)),
}
draws = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
seeds = st.integers(0, 2**63 - 1)


@draws
@given(seed=seeds, before=st.integers(0, 5))
def test_a_moment_has_the_same_noise_whatever_came_before(draw: Draw, seed: int, before: int) -> None:
    first, second = Randomness(seed), Randomness(seed)
    for _ in range(before):
        draw(second, 5)
    for random in (first, second):
        random.begin("step 3")
    assert torch.equal(draw(first, 8), draw(second, 8))
    assert torch.equal(draw(first, 8), draw(second, 8)), "and goes on alike"


def test_seeds_and_moments_have_noise_of_their_own() -> None:
    seen = set()
    for seed in (0, 1):
        random = Randomness(seed)
        for moment in ("step 0", "step 1", "step 10"):
            random.begin(moment)
            seen.add(tuple(random.normal(4).tolist()))
            seen.add(tuple(random.normal(4).tolist()))
    assert len(seen) == 12


@draws
def test_a_branch_neither_moves_nor_follows_its_parent(draw: Draw) -> None:
    with_branch, alone = Randomness(7), Randomness(7)
    branch = with_branch.branch("a trick")
    for random in (with_branch, alone):
        random.begin("step 5")
    own = draw(branch, 6)
    assert torch.equal(draw(with_branch, 6), draw(alone, 6))
    draw(with_branch, 6)
    with_branch.begin("step 5")
    draw(with_branch, 60)
    assert torch.equal(draw(branch, 6), own)


def test_branches_are_independent_of_one_another() -> None:
    random = Randomness(0)
    names = ["one", "other", "third"]
    branches = [random.branch(name) for name in names] + [random.branch("one").branch("one")]
    random.begin("step 0")
    noise = [each.normal(20_000) for each in [random, *branches]]
    correlations = torch.corrcoef(torch.stack(noise)) - torch.eye(5)
    assert correlations.abs().max().item() < 0.03


def test_a_branch_of_a_branch_begins_with_both() -> None:
    random = Randomness(3)
    leaf = random.branch("trick").branch("layer")
    random.begin("step 1")
    first = leaf.normal(4)
    leaf.normal(4)
    random.begin("step 1")
    assert torch.equal(leaf.normal(4), first)


def test_branches_of_the_same_name_are_one() -> None:
    random = Randomness(3)
    first, second = random.branch("dropout"), random.branch("dropout")
    random.begin("step 1")
    noise = first.normal(4)
    random.begin("step 1")
    assert torch.equal(second.normal(4), noise), "both begin anew"


def test_a_branch_is_the_same_wherever_in_a_step_it_is_first_asked_for() -> None:
    early, late = Randomness(3), Randomness(3)
    early.branch("trick")
    for random in (early, late):
        random.begin("step 1")
        random.normal(5)
    assert torch.equal(early.branch("trick").normal(4), late.branch("trick").normal(4))


# -- aside ---------------------------------------------------------------------------------------------------


def test_noise_aside_leaves_all_that_comes_after() -> None:
    disturbed, alone = Randomness(1), Randomness(1)
    pairs = [
        (random, random.branch("trick"), random.branch("trick").branch("layer"))
        for random in (disturbed, alone)
    ]
    for family in pairs:
        family[0].begin("step 4")
        for each in family:
            each.normal(3)
    with disturbed.aside("test"):
        for each in pairs[0]:
            each.normal(50)
        with disturbed.aside("picture"):
            disturbed.normal(50)
    for ours, theirs in zip(*pairs, strict=True):
        assert torch.equal(ours.normal(7), theirs.normal(7))


def test_noise_aside_is_given_back_after_an_error() -> None:
    disturbed, alone = Randomness(1), Randomness(1)

    def broken() -> None:
        with disturbed.aside("test"):
            disturbed.normal(50)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        broken()
    assert torch.equal(disturbed.normal(7), alone.normal(7))


def test_noise_aside_depends_on_seed_and_name_alone() -> None:
    random = Randomness(1)

    def noise(name: str) -> list[float]:
        with random.aside(name):
            found: list[float] = random.normal(3).tolist()
        return found

    first = noise("test")
    random.begin("step 9")
    random.normal(30)
    assert noise("test") == first
    assert noise("picture") != first
    random.reseed(2)
    assert noise("test") != first


def test_noise_aside_is_the_same_in_all_processes_and_then_shared_again() -> None:
    """Also that of a branch which is first asked for there."""
    alone = Randomness(1)
    several = [Randomness(1, rank=rank, processes=3) for rank in range(3)]
    for random in (alone, *several):
        random.branch("old")
        random.begin("step 2")
    branches: list[Callable[[Randomness], Randomness]] = [
        lambda random: random,
        lambda random: random.branch("old"),
        lambda random: random.branch("new"),
    ]
    with ExitStack() as stack:
        for random in (alone, *several):
            stack.enter_context(random.aside("test"))
            stack.enter_context(random.aside("picture"))
        for branch in branches:
            noise = [branch(random).normal(6) for random in (alone, *several)]
            assert all(torch.equal(noise[0], other) for other in noise)
        whole = [random.branch("injected", divided=False).normal(2) for random in several]
        assert torch.equal(whole[0], whole[1])
    for branch in branches:
        shares = torch.cat([branch(random).normal(2) for random in several])
        assert torch.equal(branch(alone).normal(6), shares)
    whole = [random.branch("injected", divided=False).normal(2) for random in several]
    assert torch.equal(whole[0], whole[1])


# -- reseeding -----------------------------------------------------------------------------------------------


@given(seeds, seeds)
def test_reseeded_noise_is_that_of_the_other_seed(seed: int, other: int) -> None:
    reseeded, born = Randomness(seed), Randomness(other)
    leaves = [random.branch("trick").branch("layer") for random in (reseeded, born)]
    for _ in range(2):
        reseeded.reseed(other)
        assert reseeded.seed == other
        for random in (reseeded, born):
            random.begin("step 2")
        assert torch.equal(reseeded.normal(5), born.normal(5))
        assert torch.equal(leaves[0].normal(5), leaves[1].normal(5))


def test_a_child_goes_on_by_itself() -> None:
    random = Randomness(1)
    child, twin = random.child("table"), random.child("table")
    first = child.normal(4)
    random.begin("step 1")
    random.reseed(5)
    second = child.normal(4)
    assert torch.equal(torch.cat([first, second]), torch.cat([twin.normal(4), twin.normal(4)]))
    assert not torch.equal(first, random.child("table").normal(4)), "a child of the new seed"


# -- processes -----------------------------------------------------------------------------------------------


@draws
@given(share=st.integers(1, 9), processes=st.integers(2, 4), seed=seeds)
def test_the_shares_of_processes_make_up_the_whole(draw: Draw, share: int, processes: int, seed: int) -> None:
    alone = Randomness(seed)
    several = [Randomness(seed, rank=rank, processes=processes) for rank in range(processes)]
    branches = [random.branch("trick") for random in (alone, *several)]
    for random in (alone, *several):
        random.begin("step 2")
    for whole, *shares in ([alone, *several], branches):
        expected = draw(whole, share * processes)
        assert torch.equal(torch.cat([draw(random, share) for random in shares]), expected)


@draws
def test_an_undivided_branch_is_the_same_in_all_processes(draw: Draw) -> None:
    several = [Randomness(1, rank=rank, processes=3) for rank in range(3)]
    noise = [draw(random.branch("injected", divided=False), 5) for random in several]
    assert all(torch.equal(one, other) for one, other in pairwise(noise))
    assert torch.equal(noise[0], draw(Randomness(1).branch("injected"), 5))


def test_a_permutation_is_one_of_the_own_share() -> None:
    for rank in range(2):
        order = Randomness(1, rank=rank, processes=2).permutation(9)
        assert order.sort().values.tolist() == list(range(9))


# -- distributions -------------------------------------------------------------------------------------------


def test_numbers_are_distributed_as_they_say() -> None:
    random = Randomness(0)
    uniform = random.uniform(100_000, low=2.0, high=6.0)
    assert (uniform.min() >= 2) & (uniform.max() < 6)
    assert [uniform.mean().item(), uniform.var().item()] == pytest.approx([4, 16 / 12], rel=0.01)
    normal = random.normal(100_000)
    assert [normal.mean().item(), normal.var().item()] == pytest.approx([0, 1], abs=0.015)
    assert random.integers(70_000, 7).bincount().tolist() == pytest.approx([10_000] * 7, rel=0.05)
    assert random.bernoulli(0.2, 100_000).mean().item() == pytest.approx(0.2, abs=0.005)


def test_categories_are_drawn_by_their_softmax() -> None:
    probabilities = torch.tensor([0.1, 0.2, 0.65, 0.05, 0.0])
    drawn = Randomness(0).categories(probabilities.log().expand(100_000, -1))
    shares = drawn.bincount(minlength=5).double() / 100_000
    assert shares.tolist() == pytest.approx(probabilities.tolist(), abs=0.006)
    assert shares[-1] == 0


# -- seeds ---------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(seeds, st.text(max_size=5)), unique=True, max_size=20))
def test_derived_seeds_differ_and_fit_63_bits(named: list[tuple[int, str]]) -> None:
    found = [derived_seed(seed, name) for seed, name in named]
    assert len(set(found)) == len(found)
    assert all(0 <= seed < 2**63 for seed in found)


def test_a_derived_seed_is_the_same_on_every_machine() -> None:
    # The first 63 bits of the SHA-256 of "0/game".
    assert derived_seed(0, "game") == 0x2B4DDC2FC0E3E80D >> 1


def test_initialisation_is_seeded_and_leaves_the_global_generator() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    weights = []
    for seed in (5, 5, 6):
        with seeded_initialisation(seed):
            weights.append(nn.Linear(4, 4).weight.detach().clone())
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("probability", [0.0, 1e-9, 0.2, 0.7, 1 - 1e-9, 1.0])
def test_coins_are_distributed_as_they_say(probability: float) -> None:
    coins = Randomness(0).coins(probability, 500, 999)
    assert coins.dtype == torch.float32
    assert coins.shape == (500, 999)
    assert set(coins.unique().tolist()) <= {0.0, 1.0}
    assert coins.mean().item() == pytest.approx(probability, abs=0.003)
    if probability in (0.0, 1.0):
        assert coins.eq(probability).all()


def test_neighbouring_coins_are_independent() -> None:
    coins = Randomness(0).coins(0.5, 1_000_000).view(-1, 8)
    correlations = torch.corrcoef(coins.T) - torch.eye(8)
    assert correlations.abs().max().item() < 0.012


@pytest.mark.parametrize(("first", "count"), [(0, 40), (3, 9), (4, 8), (7, 1), (21, 19)])
def test_bits_from_any_place_are_those_of_the_whole_stream(first: int, count: int) -> None:
    beginning = torch.tensor([5, -6, 7, -8])
    whole = numbers_of_16_bits(beginning, 0, 40)
    assert torch.equal(numbers_of_16_bits(beginning, first, count), whole[first : first + count])
    assert not torch.equal(numbers_of_16_bits(beginning + 1, 0, 40), whole)


def test_every_number_of_16_bits_comes_up_as_often() -> None:
    numbers = numbers_of_16_bits(torch.tensor([1, 2, 3, 4]), 0, 2**22)
    counts = torch.bincount(numbers.long() + 2**15, minlength=2**16).double()
    # Pearson's statistic has mean 65,535 and deviation 362.
    statistic = ((counts - 64) ** 2 / 64).sum().item()
    assert abs(statistic - 65_535) < 4 * 362

"""What every system of the zoo must do: train on all shapes of data, resume exactly, sample, share a batch.

A system that is added to the zoo is tested here by itself.
"""

import copy
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from small_networks import SMALL_NETWORKS
from suited import suited

from sparring.data.dataset import Column, Dataset, dataset_of
from sparring.data.kinds import Nothing, Tokens
from sparring.data.kinds.tokens import MARKS
from sparring.errors import DataError
from sparring.game import Role
from sparring.game_settings import preset_values
from sparring.model import Model
from sparring.processes import Processes
from sparring.sample_pictures import sample_pictures
from sparring.training.engine import Engine
from sparring.training.precision import Precision
from sparring.zoo import SYSTEMS, find_system

Make = Callable[..., Engine]
TRANSLATORS = {"pix2pix", "restore", "inpaint", "srgan", "denoise", "cyclegan", "cartoon"}
"""Systems that are told images."""
IMAGES_ONLY = TRANSLATORS | {"gan", "fastgan", "dcgan-tflearn", "acgan"}
FEWEST_CLASSES = {"acgan": 1, "improved-gan": 2, "bad-gan": 2}
"""Classes that a system needs; others need none."""
TEXTS_ONLY = {"language-model", "seqgan", "relgan"}
TEXTS_TOO = {"wgan-gp"}
"""Systems of images that take texts as well."""
TWO_OPTIMISERS = {"seqgan", "relgan"}
"""Systems in which one network has two, for phases of their own."""
SHARED = {"bayesian-gan", "cyclegan", "cartoon"}
"""Systems in which a player moves several networks."""
WITHOUT_CRITIC = {"language-model"}
WITHOUT_LOGITS = {"began"}
"""Systems whose critic says nothing of real beside generated that would be higher for one of them."""
WITH_OTHERS = {"bad-gan", "denoise"}
"""Systems with a player that is neither."""
TEXT = (7,)
SHAPES = {
    "grey 28": ((1, 28, 28), 3),
    "grey 28, one class": ((1, 28, 28), 1),
    "colour 32, no classes": ((3, 32, 32), 0),
    "colour 64": ((3, 64, 64), 2),
    "points": ((2,), 0),
    "texts": (TEXT, 0),
}


def data_of(shape: tuple[int, ...], classes: int, count: int = 27) -> Dataset:
    generator = torch.Generator().manual_seed(count)
    if shape == TEXT:
        kind = Tokens(TEXT, (*MARKS, *"abcdefgh"), "", ends=True)
        tokens = torch.randint(1, len(kind.vocabulary), (count, *TEXT), generator=generator)
        return Dataset("texts", Column(kind, kind.decode(tokens)))
    if len(shape) == 1:
        return dataset_of("points", torch.randn(count, *shape, generator=generator))
    examples = torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.int64).byte()
    labels = torch.arange(count) % classes if classes else None
    return dataset_of("images", examples, labels, tuple(f"class {i}" for i in range(classes)))


def cases() -> list[Any]:
    return [pytest.param(system, shape, id=f"{system}, {shape}") for system in SYSTEMS for shape in SHAPES]


def suits(system: str, shape: str) -> bool:
    dimensions, classes = SHAPES[shape]
    if dimensions == TEXT and system in TEXTS_TOO:
        return True
    if TEXT in (dimensions, usual_shape(system)):
        return dimensions == usual_shape(system)
    return (len(dimensions) == 3 or system not in IMAGES_ONLY) and classes >= FEWEST_CLASSES.get(system, 0)


def usual_shape(system: str) -> tuple[int, ...]:
    """Of data that a system takes."""
    return TEXT if system in TEXTS_ONLY else (1, 20, 20)


@pytest.mark.parametrize(("system", "shape"), cases())
def test_trains_resumes_exactly_and_samples(
    make_engine: Make, same_state: Callable[[Any, Any], bool], system: str, shape: str
) -> None:
    dataset = suited(find_system(system), data_of(*SHAPES[shape]))
    rounds = 5
    make: Callable[[], Engine] = lambda: make_engine(  # noqa: E731
        system, dataset, steps=rounds, batch_size=8, **SMALL_NETWORKS.get(system, {})
    )
    if not suits(system, shape):
        with pytest.raises(DataError, match=r"needs|trains on"):
            make()
        return

    whole, second = make(), make()
    # 27 examples are three batches of 8 and one of 3: the third round or so meets the smaller one.
    for _ in range(rounds - 2):
        whole.play_round()
    second.restore(copy.deepcopy(whole.state()))
    for _ in range(2):
        values = whole.play_round()
        second.play_round()
    assert all(torch.tensor(value).isfinite() for value in values.values())
    assert same_state(whole.state(), second.state())

    told = second.game.condition(dataset).kind
    known = second.game.source_kind(second.dataset.spec) if system in TRANSLATORS else dataset.condition.kind
    assert told == (known if second.game.conditional else Nothing())
    samples = Model(second.game, told, lambda: second.dataset).sample(11, seed=4)
    assert dataset.examples.kind.misfit(samples.examples) is None
    assert told.misfit(samples.condition) is None
    assert len(samples.examples) == len(samples.condition) == 11
    picture = sample_pictures(second.game, second.dataset, seed=0, epoch=1.0)["samples"]
    assert picture.startswith(b"\x89PNG") if SHAPES[shape][0] != TEXT else picture.count(b"\n") == 80


@pytest.mark.parametrize("system", SYSTEMS)
def test_says_what_it_is(system: str) -> None:
    game = find_system(system)
    assert "arXiv" in game.paper
    assert game.purpose
    assert game.__doc__
    for preset in game.presets:
        game.Settings.of(preset_values(game, preset), system)


@pytest.mark.parametrize("system", SYSTEMS)
def test_knows_how_many_steps_it_wants(system: str) -> None:
    """So that a run that is too short says so before it starts."""
    game, data = find_system(system), data_of(usual_shape(system), 3)
    assert game.steps_wanted(game.Settings(), data.spec) > 0


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_network_belongs_to_one_player(make_engine: Make, system: str) -> None:
    """Whose role is known; what no player moves is an average of what one does."""
    dataset = data_of(usual_shape(system), 3)
    engine = make_engine(system, dataset, batch_size=8, **SMALL_NETWORKS.get(system, {}))
    roles = {player.role for player in engine.players.values()}
    assert roles == {role for role, _ in engine.game.networks}
    others = {Role.OTHER} if system in WITH_OTHERS else set()
    assert roles == others | {Role.GENERATOR} | (set() if system in WITHOUT_CRITIC else {Role.CRITIC})
    moved = [id(parameter) for player in engine.players.values() for parameter in player.moved]
    assert len(moved) == len(set(moved)) or system in TWO_OPTIMISERS
    rest = {name for name, parameter in engine.game.named_parameters() if id(parameter) not in moved}
    assert {name.split(".")[0] for name in rest} <= {"average", "kept_generators", "kept_discriminators"}
    for role, network in engine.game.networks:
        players = [player for player in engine.players.values() if player.role == role]
        assert len(players) == (2 if system in TWO_OPTIMISERS and role == Role.GENERATOR else 1)
        own = {id(weight) for weight in network.parameters()}
        assert all(own <= each.members if system in SHARED else own == each.members for each in players)


@pytest.mark.parametrize("system", [system for system in SYSTEMS if system not in WITHOUT_CRITIC])
def test_a_critic_is_shown_everything_through_one_door(
    make_engine: Make, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    """What it judges has passed `show`, where a trick may change it; a penalty looks at the same again."""
    dataset = data_of(usual_shape(system), 3)
    engine = make_engine(system, dataset, batch_size=8, **SMALL_NETWORKS.get(system, {}))
    critics = [network for role, network in engine.game.networks if role == Role.CRITIC]
    shown: dict[bool, list[torch.Tensor]] = {True: [], False: []}
    show = engine.game.show

    def door(examples: torch.Tensor, *condition: torch.Tensor, real: bool) -> tuple[torch.Tensor, ...]:
        # Numbers are moved a little, tokens exchanged for the next or the one after.
        tokens = not examples.is_floating_point()
        marked = (examples + (1 if real else 2)) % 11 if tokens else examples + (0.5 if real else -0.5)
        shown[real].append(marked.detach())
        return show(marked, *condition, real=real)

    seen: list[torch.Tensor] = []
    monkeypatch.setattr(engine.game, "show", door)
    for critic in critics:
        critic.register_forward_pre_hook(lambda network, inputs: seen.append(inputs[0].detach()))
    engine.step = engine.course.legs[-1].first
    engine.play_round()
    passed = torch.cat([*shown[True], *shown[False]]).flatten(1).float()
    assert len(shown[True]) > 0 < len(shown[False])
    judged = torch.cat(seen).flatten(1).float()
    known = torch.cdist(judged, passed, compute_mode="donot_use_mm_for_euclid_dist").min(1).values == 0
    assert known[: len(seen[0])].all()
    if system not in ("wgan-gp", "denoise"):  # Their penalty looks between real and generated examples.
        assert known.all()


@pytest.mark.parametrize("system", [system for system in SYSTEMS if system not in WITHOUT_CRITIC])
def test_it_is_observed_how_far_a_critic_tells_real_from_generated(make_engine: Make, system: str) -> None:
    """Checks of a run's health ask for it, and would else never find anything."""
    dataset = data_of(usual_shape(system), 3)
    engine = make_engine(system, dataset, batch_size=8, **SMALL_NETWORKS.get(system, {}))
    engine.step = engine.course.legs[-1].first
    values = engine.play_round()
    for name, player in engine.players.items():
        if player.role == Role.CRITIC and system not in WITHOUT_LOGITS:
            assert f"{name}/logit_gap" in values
            assert 0 <= float(values.get(f"{name}/accuracy", 0)) <= 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_trains_in_half_precision_with_whole_weights(system: str) -> None:
    game = find_system(system)
    settings = game.Settings.of({"batch_size": 8} | SMALL_NETWORKS.get(system, {}), system)
    dataset = suited(game, data_of(usual_shape(system), 2))
    whole, half = (
        Engine(game, settings, dataset, 4, 0, Processes(torch.device("cpu")), Precision(name))
        for name in ("float32", "bf16")
    )
    recurrent = any(isinstance(part, torch.nn.LSTM) for part in whole.game.modules())
    if recurrent and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        # What a run is told of it: tests/test_precision.py.
        with pytest.raises(RuntimeError, match="LSTM"):
            half.play_round()
        return
    ours, theirs = whole.play_round(), half.play_round()
    for loss in [name for name in ours if name.endswith("/loss")]:
        assert theirs[loss] == pytest.approx(ours[loss], rel=0.1, abs=0.1)
        assert theirs[loss] != ours[loss]
    half.play_round()
    assert {parameter.dtype for parameter in half.game.parameters()} == {torch.float32}
    assert half.test() == {}


TWO_PROCESSES = """
import sys, torch
import torch.distributed as dist
sys.path[:0] = sys.argv[1:]
from small_networks import SMALL_NETWORKS
from suited import suited
from test_every_system import data_of, usual_shape
from sparring.processes import Processes, end_with_the_others, join_processes
from sparring.training.engine import Engine
from sparring.zoo import SYSTEMS, find_system

torch.set_num_threads(1)
ours = join_processes("cpu")
for system in SYSTEMS:
    game = find_system(system)
    settings = game.Settings.of({"batch_size": 8} | SMALL_NETWORKS.get(system, {}), system)
    dataset = suited(game, data_of(usual_shape(system), 2, count=27))
    engine = Engine(game, settings, dataset, 4, 0, ours)
    alone = Engine(game, settings, dataset, 4, 0, Processes(ours.device))
    for _ in range(2):
        engine.play_round()
        alone.play_round()
    own = torch.cat([v.double().flatten() for v in engine.game.state_dict().values()])
    other = own.clone()
    dist.broadcast(other, 0)
    assert torch.equal(own, other), f"{system}: the processes disagree"
    single = torch.cat([v.double().flatten() for v in alone.game.state_dict().values()])
    if ours.is_first:
        print(system, (own - single).abs().max().item(), flush=True)
end_with_the_others(0)
"""


def test_two_processes_agree_and_equal_one(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = os.environ | {
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    started = [
        subprocess.Popen(
            [sys.executable, str(script), *map(str, Path(__file__).parents[:2])],
            env=shared | {"RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    results = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], [error for _, error in results]
    differences = dict(line.rsplit(" ", 1) for line in results[0][0].splitlines())
    assert differences.keys() == set(SYSTEMS)
    # Without batch statistics or dropout, two processes are one within rounding.
    for system in ("gan", "began", "r3gan"):
        assert float(differences[system]) < 2e-5

"""A run that begins with the weights of another, and one whose data has moved."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.cli import main
from sparring.data.dataset import Dataset, DataSpec
from sparring.data.kinds import Tokens
from sparring.data.kinds.tokens import MARKS
from sparring.errors import CheckpointError, DataError, RunError, SettingError
from sparring.randomness import Randomness
from sparring.runs.folder import Run
from sparring.runs.origins import recorded_dataset
from sparring.training.beginning import take
from sparring.training.loop import Loop
from sparring.training.recommending import with_reading
from sparring.training.renaming import Renaming, dimensions_of
from sparring.training.settings import RunSettings
from sparring.zoo.gan import GAN


def write_data(path: Path, classes: int, seed: int = 0, first: int = 0) -> str:
    """Pictures of 8 x 8 in so many classes, whose labels count from `first`."""
    images = np.random.default_rng(seed).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(60) % classes + first)
    return f"npz:{path}"


def train(data: str, out: Path, **options: Any) -> Run:
    small = {"preset": None, "batch_size": 10, "threads": 1, "quiet": True, "generator_width": 4}
    return sparring.train("r3gan", data=data, out=out, discriminator_width=4, **small | options)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on two classes."""
    folder = tmp_path_factory.mktemp("before")
    return train(write_data(folder / "two.npz", 2), folder / "run", max_steps=4)


class Confused(GAN):
    """Which class is taken for which."""

    def __init__(self, settings: GAN.Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.register_buffer("table", torch.zeros(data.classes, data.classes))


def networks(run: Run, step: int) -> dict[str, torch.Tensor]:
    return run.checkpoints.at(step).networks


# -- the same settings ---------------------------------------------------------------------------------------


def test_of_a_folder_it_is_as_before_but_for_a_batch_that_is_too_large(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system and the size of the images are those of the other run; few images are noticed."""
    for folder, count in (("many", 30), ("few", 7)):
        for number in range(count):
            (tmp_path / folder).mkdir(exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    words = ["--data", f"folder:{tmp_path / 'many'}", "--size", "12x8", "--batch-size", "20", "--width", "8"]
    main(
        ["train", "dcgan", *words, "--max-steps", "1", "--out", str(tmp_path / "before"), "--preset", "paper"]
    )
    capsys.readouterr()
    words = ["--from", str(tmp_path / "before"), "--data", f"folder:{tmp_path / 'few'}", "--max-steps", "1"]
    main(["train", *words, "--out", str(tmp_path / "run")])
    said = capsys.readouterr().out
    assert "7 colour images of 12 x 8" in said
    assert f"Settings as in {tmp_path / 'before'}, but --batch-size 2: the data has 7 examples." in said
    assert "so few that a critic would learn them by heart" in said
    assert "--augment-colour 1.0" in said
    run = Run.open(tmp_path / "run")
    assert (run.description["system"], run.description["settings"]["width"]) == ("dcgan", 8)
    counts = [len(networks(each, 0)) for each in (run, Run.open(tmp_path / "before"))]
    assert f"{counts[0]} of {counts[1]} tensors." in said


# -- other weights -------------------------------------------------------------------------------------------


def test_what_matches_is_taken_and_new_classes_get_new_rows(before: Run, tmp_path: Path) -> None:
    data = write_data(tmp_path / "three.npz", 3)
    run = train(data, tmp_path / "run", from_=before, max_steps=2)
    ours, theirs = networks(run, 0), networks(before, 4)
    fresh = networks(train(data, tmp_path / "fresh", max_steps=1), 0)
    assert ours.keys() == theirs.keys()
    rows = [name for name in ours if ours[name].shape != theirs[name].shape]
    assert len(rows) >= 3
    for name, tensor in ours.items():
        if name in rows:
            assert torch.equal(tensor[:2], theirs[name])
            assert torch.equal(tensor[2], fresh[name][2])
        else:
            assert torch.equal(tensor, theirs[name])
    assert (run.description["from_"], run.description["from_step"]) == (str(before.path), 4)


def test_as_many_classes_of_other_names_are_other_classes(before: Run, tmp_path: Path) -> None:
    run = train(
        write_data(tmp_path / "two.npz", 2, first=1), tmp_path / "run", from_=before.path, max_steps=1
    )
    ours, theirs = networks(run, 0), networks(before, 4)
    rows = [name for name in ours if not torch.equal(ours[name], theirs[name])]
    assert len(rows) >= 3
    for name in rows:
        assert torch.equal(ours[name][0], theirs[name][1]), "class 1, which both have"
        assert not torch.equal(ours[name][1], theirs[name][1]), "class 2, which is new"


def test_it_is_said_what_was_taken(before: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_data(tmp_path / "three.npz", 3)
    words = ["train", "r3gan", "--data", data, "--out", str(tmp_path / "run"), "--max-steps", "1"]
    words += ["--batch-size", "10", "--generator-width", "4", "--discriminator-width", "4"]
    main([*words, "--from", str(before.path)])
    said = capsys.readouterr().out
    count = len(networks(before, 4))
    assert (
        f"Begins with the weights of {before.path} at step 4: {count} of {count} tensors; by the names"
        in said
    )
    assert ", new rows for 2." in said


def test_rows_follow_the_names_of_classes() -> None:
    own = {"embedding": torch.zeros(3, 2), "head": torch.zeros(4, 2), "other": torch.zeros(5)}
    others = {"embedding": torch.tensor([[1.0, 1], [2, 2]]), "head": torch.ones(4, 2), "gone": torch.ones(1)}
    changed = Renaming("classes", ("cat", "dog"), ("bird", "dog", "cat"), {"embedding": [0]})
    taken = take(own, others, [changed])
    assert own["embedding"].tolist() == [[0, 0], [2, 2], [1, 1]]
    assert own["head"].eq(1).all()
    assert (taken.whole, taken.renamed, taken.new) == (["head"], {"classes": ["embedding"]}, ["other"])
    assert taken.text == (
        "2 of 3 tensors; by the names of classes embedding, new rows for bird; new are other; not taken were "
        "gone"
    )


def test_what_has_no_place_any_more_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = take({"own": torch.zeros(2)}, {"own": torch.ones(2), "classes": torch.ones(3)})
    assert taken.text == "1 of 1 tensor; not taken were classes"
    words = ["--data", write_data(tmp_path / "two.npz", 2), "--max-steps", "1", "--batch-size", "4"]
    main(["train", "gan", "--conditioning", "--out", str(tmp_path / "classes"), *words])
    words += ["--from", str(tmp_path / "classes"), "--no-conditioning"]
    main(["train", "gan", "--out", str(tmp_path / "none"), *words])
    shown = " ".join(capsys.readouterr().out.split())
    left = re.search(r"not taken were (\S+) and (\S+)\.", shown)
    assert left is not None
    told = [name for name in networks(Run(tmp_path / "classes"), 1) if name.endswith("classes")]
    assert sorted(left.groups()) == sorted(told)


def test_what_has_things_along_several_dimensions_follows_all_their_names() -> None:
    table = torch.tensor([[11.0, 12.0, 13.0], [21.0, 22.0, 23.0], [31.0, 32.0, 33.0]])
    classes, fewer = (
        Renaming("classes", ("1", "2", "3"), now, {"table": [0, 1], "mixed": [1]})
        for now in (("4", "3", "1"), ("2", "1"))
    )
    own = {"table": torch.zeros(3, 3)}
    assert take(own, {"table": table}, [classes]).renamed == {"classes": ["table"]}
    assert own["table"].tolist() == [[0, 0, 0], [0, 33, 31], [0, 13, 11]]
    own = {"table": torch.zeros(2, 2)}
    take(own, {"table": table}, [fewer])
    assert own["table"].tolist() == [[22, 21], [12, 11]]
    tokens = Renaming("tokens", ("a", "b"), ("b", "a"), {"mixed": [0]})
    own = {"mixed": torch.zeros(2, 2, 1)}
    taken = take(own, {"mixed": table[:2, :, None]}, [tokens, fewer])
    assert own["mixed"].flatten(1).tolist() == [[22, 21], [12, 11]]
    assert taken.text.startswith("1 of 1 tensor; by the names of tokens mixed; by the names of classes mixed")


def test_all_dimensions_of_a_tensor_are_found(make_dataset: Callable[..., Dataset]) -> None:
    spec = make_dataset(classes=2, size=8).spec
    game = Confused(Confused.Settings(), spec, Randomness(0))
    wider = replace(spec, condition=spec.condition.with_one_more())
    assert list(dimensions_of(game, wider)["table"]) == [0, 1]


def test_weights_from_a_file_go_to_networks_on_another_device() -> None:
    own = {"embedding": torch.zeros(2, 2, device="meta")}
    changed = Renaming("classes", ("cat", "dog"), ("dog", "cat"), {"embedding": [0]})
    assert take(own, {"embedding": torch.ones(2, 2)}, [changed]).renamed == {"classes": ["embedding"]}


def write_texts(path: Path, letters: str) -> str:
    """Each letter after the other, as often as that the first ones are the most frequent."""
    lines = [letters[start : start + length] for start in range(3) for length in range(2, len(letters))]
    path.write_text("\n".join(lines * 2), encoding="utf-8")
    return f"text:{path}"


@pytest.mark.parametrize("letters", ["efgabcdhi", "ifgabcdehklm"])
@pytest.mark.parametrize("system", ["language-model", "wgan-gp"])
def test_tokens_are_taken_by_what_they_stand_for(system: str, letters: str, tmp_path: Path) -> None:
    """Also of vocabularies that are equally large, and in tensors that have them along another dimension."""
    small = {"max_steps": 1, "batch_size": 2, "hold_out": 0.0, "quiet": True, "threads": 1, "preset": "paper"}
    first = sparring.train(
        system, data=write_texts(tmp_path / "one.txt", "abcdefghi"), out=tmp_path / "one", **small
    )
    run = sparring.train(
        system, data=write_texts(tmp_path / "two.txt", letters), out=tmp_path / "two", from_=first, **small
    )
    ours, theirs = networks(run, 0), networks(first, 1)
    known, before = (
        list(each.description["data"]["spec"]["examples"]["vocabulary"]) for each in (run, first)
    )
    assert known != before
    both = [token for token in known if token in before]
    rows, others = [known.index(token) for token in both], [before.index(token) for token in both]
    dimensions = {
        "language-model": {"generator.embedding.weight": 0, "generator.scores.bias": 0},
        "wgan-gp": {"critic.0.1.weight": 1, "generator.7.bias": 0},
    }
    for name, dimension in dimensions[system].items():
        assert torch.equal(
            ours[name].index_select(dimension, torch.tensor(rows)),
            theirs[name].index_select(dimension, torch.tensor(others)),
        )


def test_texts_are_cut_into_what_those_before_were(tmp_path: Path) -> None:
    small = {"max_steps": 1, "batch_size": 2, "quiet": True, "threads": 1, "preset": "paper"}
    run = sparring.train(
        "language-model",
        data=write_texts(tmp_path / "one.txt", "abc"),
        tokens="words",
        out=tmp_path / "one",
        **small,
    )
    data = write_texts(tmp_path / "two.txt", "bcd")
    for given, cut in (({}, "words"), ({"tokens": "characters"}, "characters")):
        asked = RunSettings(data=data, from_=str(run.path), **given)
        assert with_reading(asked).tokens == cut
    assert with_reading(RunSettings(data=data)).tokens is None
    assert with_reading(RunSettings(data="mnist", from_=str(run.path))) == RunSettings(from_=str(run.path))


def test_images_of_arrays_are_of_the_size_of_those_before(tmp_path: Path) -> None:
    run = train(write_data(tmp_path / "one.npz", 2), tmp_path / "run", max_steps=1)
    _, height, width = run.description["data"]["spec"]["examples"]["shape"]
    pixels, points = np.zeros((4, 9, 12), np.uint8), np.zeros((4, 2), np.float32)
    np.savez(tmp_path / "other.npz", images=pixels)
    np.savez(tmp_path / "points.npz", points=points)
    asked = RunSettings(data=f"npz:{tmp_path / 'other.npz'}", from_=str(run.path))
    assert with_reading(asked).size == f"{width}x{height}"
    assert with_reading(replace(asked, size="12x9")).size == "12x9"
    assert with_reading(replace(asked, from_=None)).size is None
    assert with_reading(replace(asked, data=f"npz:{tmp_path / 'points.npz'}")).size is None
    assert with_reading(replace(asked, data="pairs:somewhere")).size == f"{width}x{height}"


def test_images_come_to_their_size_as_those_before_did(tmp_path: Path) -> None:
    data = write_data(tmp_path / "one.npz", 2)
    before = train(data, tmp_path / "before", max_steps=1, size="12x9", fit="pad")
    after = train(data, tmp_path / "after", max_steps=1, from_=before.path)
    assert [run.description["data"]["fit"] for run in (before, after)] == ["pad", "pad"]
    assert before.description["data"]["fingerprint"] == after.description["data"]["fingerprint"]
    asked = RunSettings(data=data, from_=str(before.path), fit="stretch")
    assert with_reading(asked).fit == "stretch"
    assert with_reading(replace(asked, fit=None)).fit == "pad"
    assert with_reading(replace(asked, from_=None, fit=None)).fit is None


def test_images_are_transparent_if_those_before_were(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 4), dtype=np.uint8)
    for number, image in enumerate(pixels):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "photos" / f"{number}.png")
    data = f"folder:{tmp_path / 'photos'}"
    run = train(data, tmp_path / "run", alpha=True, max_steps=1)
    words = [
        "train",
        "--data",
        data,
        "--from",
        str(run.path),
        "--max-steps",
        "1",
        "--threads",
        "1",
        "--quiet",
    ]
    for name, more, channels in (("kept", [], 4), ("other", ["--no-alpha"], 3)):
        main([*words, *more, "--out", str(tmp_path / name)])
        spec = Run(tmp_path / name).description["data"]["spec"]
        assert spec["examples"]["shape"] == [channels, 8, 8]
    begun, learnt = networks(Run(tmp_path / "kept"), 0), networks(run, 1)
    assert all(torch.equal(begun[name], learnt[name]) for name in learnt)
    # Of other data there is no such choice.
    assert with_reading(RunSettings(data="mnist", from_=str(run.path))) == RunSettings(from_=str(run.path))


def test_a_mark_is_no_token_that_is_written_like_it() -> None:
    marked = Tokens((4,), (*MARKS, "a", MARKS[1]), " ", ends=True)
    assert len(set(marked.meanings)) == 5
    plain = Tokens((4,), ("a", MARKS[1]))
    assert marked.renumbered(plain, torch.tensor([0, 1])).tolist() == [3, 4]


def test_what_is_of_the_data_is_not_taken(tmp_path: Path) -> None:
    """Otherwise a validation error would be of the other run's examples."""
    few = {"labelled": 20, "validation": 4, "batch_size": 10, "max_steps": 1, "quiet": True, "threads": 1}
    runs: list[Run] = []
    for seed in (0, 1):
        data = write_data(tmp_path / f"{seed}.npz", 2, seed=seed)
        before = runs[0] if runs else None
        out = tmp_path / f"run-{seed}"
        runs.append(sparring.train("improved-gan", data=data, out=out, from_=before, preset="paper", **few))
    first, second = (networks(run, 1) for run in runs)
    assert not torch.equal(first["validation_images"], second["validation_images"])


def test_nothing_that_matches_is_refused(before: Run, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"Nothing in .* matches these networks: give the system .*r3gan"):
        sparring.train(
            "gan", data=write_data(tmp_path / "two.npz", 2), from_=str(before.path), batch_size=10, quiet=True
        )


def test_a_run_without_a_checkpoint_is_refused(before: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    shutil.copytree(before.path, empty, ignore=shutil.ignore_patterns("step-*"))
    with pytest.raises(CheckpointError, match="has no checkpoint yet: there is nothing to begin from"):
        train(write_data(tmp_path / "two.npz", 2), tmp_path / "run", from_=str(empty), max_steps=1)
    assert not (tmp_path / "run").exists()


def test_the_system_of_a_stranger_s_run_is_not_run(
    before: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(before.path, tmp_path / "before")
    code = (folder / "code.py").resolve()
    code.write_text("raise AssertionError('It is run.')")
    description = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(description | {"system": f"{code}:Evil"}))
    data = write_data(tmp_path / "two.npz", 2)
    for command in ("train", "tune"):
        with pytest.raises(SystemExit) as ended:
            main([command, "--from", str(folder), "--data", data, "--out", str(tmp_path / "run")])
        assert ended.value.code == 2
        assert "which may have come with the run" in capsys.readouterr().err
    with pytest.raises(RunError, match="which may have come with the run"):
        sparring.train(from_=folder, data=data, out=tmp_path / "run")


def test_a_run_killed_before_its_first_checkpoint_begins_with_them_again(
    before: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(loop: Loop) -> None:
        raise Killed

    data = write_data(tmp_path / "two.npz", 2, seed=1)
    with monkeypatch.context() as patched:
        patched.setattr(Loop, "_save", die)
        with pytest.raises(Killed):
            train(data, tmp_path / "run", from_=str(before.path), max_steps=2)
    wanted = networks(before, 4)
    shutil.copytree(before.path, tmp_path / "before")
    description = tmp_path / "run" / "run.json"
    description.write_text(description.read_text().replace(str(before.path), str(tmp_path / "before")))
    # The other run has gone on meanwhile; its weights of then are those to begin with, while it has them.
    (kept,) = (tmp_path / "before" / "checkpoints").glob("step-*4")
    shutil.copytree(kept, tmp_path / "kept")
    sparring.resume(tmp_path / "before", max_steps=6, quiet=True)
    shutil.copytree(tmp_path / "kept", kept, dirs_exist_ok=True)
    shutil.copytree(tmp_path / "run", tmp_path / "later")
    run = sparring.resume(tmp_path / "run", quiet=True)
    first = networks(run, 0)
    assert all(torch.equal(first[name], wanted[name]) for name in wanted)
    shutil.rmtree(kept)
    with pytest.raises(CheckpointError, match=r"keeps no checkpoint of step 4 any more.* Train a new one"):
        sparring.resume(tmp_path / "later", quiet=True)


# -- data that has moved -------------------------------------------------------------------------------------


def test_a_run_goes_on_where_its_data_has_moved(tmp_path: Path) -> None:
    data = write_data(tmp_path / "here.npz", 2)
    run = train(data, tmp_path / "run", max_steps=2)
    (tmp_path / "here.npz").rename(tmp_path / "there.npz")
    with pytest.raises(DataError, match=r"here\.npz"):
        sparring.resume(run, max_steps=3, quiet=True)
    sparring.resume(run, data=f"npz:{tmp_path / 'there.npz'}", max_steps=3, quiet=True)
    assert (run.status["step"], run.description["data"]["name"]) == (3, f"npz:{tmp_path / 'there.npz'}")
    sparring.resume(run, max_steps=4, quiet=True)
    assert run.status["step"] == 4


def test_a_finished_run_remembers_where_its_data_is(tmp_path: Path) -> None:
    run = train(write_data(tmp_path / "here.npz", 2), tmp_path / "run", max_steps=2)
    (tmp_path / "here.npz").rename(tmp_path / "there.npz")
    main(["resume", str(run.path), "--data", f"npz:{tmp_path / 'there.npz'}", "--quiet"])
    assert run.description["data"]["name"] == f"npz:{tmp_path / 'there.npz'}"


def test_what_is_judged_by_data_that_has_changed_says_so(tmp_path: Path) -> None:
    """Another share of it would be held out, of what was trained on."""
    run = train(write_data(tmp_path / "data.npz", 2), tmp_path / "run", max_steps=2)
    recorded_dataset(run)
    write_data(tmp_path / "data.npz", 2, seed=1)
    with pytest.warns(UserWarning, match=r"data\.npz has changed since .*run began: what is held out now"):
        recorded_dataset(run)


def test_other_data_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    run = train(write_data(tmp_path / "here.npz", 2), tmp_path / "run", max_steps=2)
    described = run.description
    with pytest.raises(DataError, match=r"other\.npz is not what .* was trained on .*--from"):
        sparring.resume(run, data=write_data(tmp_path / "other.npz", 2, seed=1), max_steps=3, quiet=True)
    assert run.description == described


def test_what_another_run_has_made_is_nothing_to_begin_with(tmp_path: Path) -> None:
    """Neither a pool of its images, nor its samples of a posterior, nor its chance if one is given."""
    data = write_data(tmp_path / "two.npz", 2)
    small = {"data": data, "max_steps": 4, "batch_size": 10, "threads": 1, "quiet": True, "preset": "paper"}
    aim = {"replay": 20, "adaptive_augmentation": 0.6}
    first = sparring.train("bayesian-gan", out=tmp_path / "first", sample_every=2, samples=2, **small)
    second = sparring.train("bayesian-gan", out=tmp_path / "second", from_=first, **small)
    assert networks(first, 4)["kept_generators.taken"] == 2
    assert networks(second, 0)["kept_generators.taken"] == 0
    first = sparring.train(
        "dcgan", out=tmp_path / "third", width=4, adaptive_augmentation_start=0.5, **small, **aim
    )
    chance, used = "tricks.on.adaptive augmentation.chance", "tricks.on.replay.pool.used"
    assert networks(first, 4)[used].any()
    assert networks(first, 4)[chance] != 0.5
    for start, expected in ((0.25, 0.25), (0.0, networks(first, 4)[chance])):
        out = tmp_path / f"start {start}"
        run = sparring.train("dcgan", out=out, from_=first, adaptive_augmentation_start=start, **small, **aim)
        assert not networks(run, 0)[used].any()
        assert networks(run, 0)[chance] == expected

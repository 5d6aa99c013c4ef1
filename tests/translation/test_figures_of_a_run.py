"""What `evaluate` says of a run that translates, with the untouched input beside."""

from pathlib import Path

import numpy as np
from PIL import Image

import sparring
from sparring.runs.folder import Run


def test_what_is_made_is_nearer_to_the_target_than_the_input_is(negative: Run) -> None:
    evaluation = sparring.evaluate(negative, quiet=True)
    # As many samples as there are held-out sources: none is made twice of the same.
    assert evaluation.count == 24
    figures = {name: figure.value for name, figure in evaluation.figures.items()}
    assert figures["PSNR"] > 40 > figures["PSNR of the input"]
    assert figures["SSIM"] > 0.99 > figures["SSIM of the input"]
    assert figures["fid"] < 0.1 * figures["fid_of_input"]
    for name in ("PSNR of the input", "fid_of_input"):
        figure = evaluation.figures[name]
        assert figure.low < figure.value < figure.high


def test_no_source_is_taken_twice_where_there_are_fewer_sources_than_targets(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for place, count in (("trainA", 20), ("trainB", 20), ("testA", 24), ("testB", 40)):
        (tmp_path / place).mkdir()
        for number in range(count):
            pixels = random.integers(0, 256, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / place / f"{number}.png")
    run = sparring.train(
        "cyclegan",
        data=f"unpaired:{tmp_path}",
        out=tmp_path / "run",
        max_steps=1,
        quiet=True,
        threads=1,
        batch_size=2,
        width=2,
        critic_width=2,
        blocks=1,
    )
    assert sparring.evaluate(run, quiet=True).count == 24
    assert len(sparring.load(run).conditions(10)) == 10


OWN = """
import torch
from sparring.data import Column, Dataset, dataset_of
from sparring.data.kinds import Images

def bars(count: int, ink: int) -> Dataset:
    labels = torch.arange(count) % 2
    images = (torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(ink)) * 60).byte()
    for image, label in zip(images, labels):
        (image[0, :3] if label else image[0, :, :3])[:] = ink
    return dataset_of("bars", images, labels, ("left", "top"))

def domains() -> Dataset:
    parts, held = ({"A": bars(count, 120), "B": bars(count, 240)} for count in (60, 40))
    held_out = Dataset("bars", held["B"].examples, parts=held)
    return Dataset("bars", parts["B"].examples, held_out=held_out, parts=parts)
"""


def test_what_becomes_of_labels_stands_beside_what_they_were(tmp_path: Path, monkeypatch: object) -> None:
    """Of what keeps every image all labels are kept; of what turns each round, none is."""
    (tmp_path / "own.py").write_text(OWN)
    run = sparring.train(
        "cyclegan",
        data=f"{tmp_path}/own.py:domains",
        out=tmp_path / "run",
        max_steps=1,
        quiet=True,
        threads=1,
        batch_size=2,
        width=2,
        critic_width=2,
        blocks=1,
    )
    for turned in (False, True):
        made = lambda game, latent, source, direction: source.mT if turned else source  # noqa: B023, E731
        monkeypatch.setattr("sparring.zoo.cyclegan.CycleGAN.make", made)  # type: ignore[attr-defined]
        figures = sparring.evaluate(run, quiet=True).figures
        kept = figures["label kept"].value
        assert kept < 0.1 if turned else kept > 0.9
        assert figures["label kept of the input"].value > 0.9
        assert figures["label of real targets"].value > 0.9


def test_there_is_no_input_where_samples_are_made_of_noise(tiny_npz: object, tmp_path: object) -> None:
    run = sparring.train(
        "gan", data=f"npz:{tiny_npz}", out=f"{tmp_path}/run", max_steps=1, quiet=True, threads=1
    )
    assert "fid_of_input" not in sparring.evaluate(run, count=100, quiet=True).figures

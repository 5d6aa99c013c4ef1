"""Pictures are classified by the real command line, and from Python."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import sparring
from sparring.cli import main
from sparring.errors import OwnCodeError

QUIET: dict[str, Any] = {"device": "cpu", "quiet": True, "health_every": 0, "threads": 1}


def bars(count: int, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Noisy images with a bright bar at the top or at the left."""
    labels = np.arange(count) % 2
    images = np.random.default_rng(seed).integers(0, 60, (count, 8, 8))
    images[labels == 0, :3] += 180
    images[labels == 1, :, :3] += 180
    return images.astype(np.uint8), np.array(["top", "left"])[labels]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classify")
    x, y = bars(120, 0)
    x_test, y_test = bars(60, 1)
    np.savez(folder / "bars.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    options = {"labelled": 8, "batch_size": 20, "network": "convolutional", "width": 4, **QUIET}
    sparring.train("improved-gan", data=f"npz:{folder / 'bars.npz'}", out=folder / "run", max_steps=60,
                   discriminator_lr=1e-2, average_decay=0.9, **options)  # fmt: skip
    return folder / "run"


def test_pictures_of_any_size_and_colour_get_their_class(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[:15, :, :3] = (240, 240, 200)
    Image.fromarray(pixels).save(tmp_path / "top.png")
    Image.fromarray(pixels.transpose(1, 0, 2)).convert("RGB").save(tmp_path / "left.jpg", quality=95)
    main(["classify", str(run), str(tmp_path / "top.png"), str(tmp_path / "left.jpg"), "--csv"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["class"] for row in rows] == ["top", "left"]
    assert [Path(row["picture"]).name for row in rows] == ["top.png", "left.jpg"]
    for row in rows:
        assert float(row["probability"]) == max(float(row["left"]), float(row["top"]))
        assert float(row["left"]) + float(row["top"]) == pytest.approx(1, abs=2e-4)


def test_transparent_pictures_are_seen_as_the_data_was(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """White bars on nothing are white on white, unless the data is dark."""
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:3] = 255
    Image.fromarray(pixels).save(tmp_path / "top.png")
    Image.fromarray(pixels.transpose(1, 0, 2)).save(tmp_path / "left.png")
    pictures = [tmp_path / "top.png", tmp_path / "left.png"]
    assert len({*sparring.classify(run, pictures, device="cpu").said.labels}) == 1
    monkeypatch.setattr("sparring.classifying.classify.background_of", lambda images: (0,))
    assert [*sparring.classify(run, pictures, device="cpu").said.labels] == ["top", "left"]


def test_pictures_are_stretched_as_the_data_was(run: Path, tmp_path: Path) -> None:
    """A dim picture of a run whose brightest value was half of white is as the bright one of another."""
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    described = json.loads((copy / "run.json").read_text())
    described["data"]["white"] = 0.5
    (copy / "run.json").write_text(json.dumps(described))
    dim = bars(2, 3)[0] // 4
    for factor in (1, 2):
        Image.fromarray(dim[0] * factor).save(tmp_path / f"{factor}.png")
        np.savez(tmp_path / f"{factor}.npz", images=dim * factor)
    for ending in ("png", "npz"):
        stretched = sparring.classify(copy, [tmp_path / f"1.{ending}"], device="cpu").said.probabilities
        bright = sparring.classify(run, [tmp_path / f"2.{ending}"], device="cpu").said.probabilities
        assert torch.equal(stretched, bright)


def test_where_classes_are_known_the_error_is_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels = bars(40, 2)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / label / f"{place}.png")
    main(["classify", str(run), str(tmp_path)])
    said = capsys.readouterr().out
    found = sparring.classify(run, [tmp_path], device="cpu")
    wrong = (found.said.labels != np.array([Path(name).parent.name for name in found.pictures.names])).mean()
    assert f"{wrong:.2%} of 40 are misnamed (95 % interval" in said
    assert "calibration error" in said
    assert "what is taken for what" in said
    assert "Probabilities are fitted on every second held-out example of each class." in said
    assert "by chance" in said
    assert wrong < 0.2


def test_folders_that_are_given_may_be_classes_themselves(run: Path, tmp_path: Path) -> None:
    images, labels = bars(8, 2)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / label / f"{place}.png")
    found = sparring.classify(run, [tmp_path / "top", tmp_path / "left"], device="cpu")
    assert found.pictures.classes is not None
    assert [found.said.kind.class_names[number] for number in found.pictures.classes] == [
        *["top"] * 4, *["left"] * 4
    ]  # fmt: skip
    (tmp_path / "others").mkdir()
    shutil.copy(tmp_path / "top" / "0.png", tmp_path / "others" / "0.png")
    assert sparring.classify(run, [tmp_path / "others"], device="cpu").pictures.classes is None


def test_an_exported_model_names_the_same_classes_with_probabilities_as_they_come(
    run: Path, tmp_path: Path
) -> None:
    """It has no data to fit them on, and says so."""
    exported = sparring.load(sparring.export(run, tmp_path / "model", onnx=False, page=False), device="cpu")
    images = torch.from_numpy(bars(40, 3)[0])[:, None]
    ours = sparring.load(run, device="cpu").classify(images)
    assert (exported.classify(images).labels == ours.labels).all()
    assert exported.classifier.temperature == 1
    assert "model is an exported model, which has no data" in exported.classifier.fitted


def test_an_exported_model_says_that_it_holds_validation_images(tmp_path: Path) -> None:
    x, y = bars(40, 0)
    np.savez(tmp_path / "bars.npz", x_train=x, y_train=y)
    sparring.train("improved-gan", data=f"npz:{tmp_path / 'bars.npz'}", out=tmp_path / "run", max_steps=1,
                   labelled=8, validation=2, batch_size=20, **QUIET)  # fmt: skip
    with pytest.warns(UserWarning, match="hold the 2 training examples that --validation kept"):
        sparring.export(tmp_path / "run", tmp_path / "model", onnx=False, page=False)
    assert "holds 2 examples of these" in (tmp_path / "model" / "README.md").read_text()


def test_examples_without_a_label_are_classified_like_others(run: Path, tmp_path: Path) -> None:
    """A file such as runs learn few labels from has -1 for those that have none."""
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    described = json.loads((copy / "run.json").read_text())
    described["data"]["spec"]["condition"]["names"] = ["01", "02"]
    (copy / "run.json").write_text(json.dumps(described))
    images, _ = bars(4, 5)
    np.savez(tmp_path / "some.npz", images=images, labels=np.array([1, -1, 2, -1]))
    found = sparring.classify(copy, [tmp_path / "some.npz"], device="cpu")
    assert found.pictures.classes is None
    # Classes are called as the columns of their probabilities are.
    rows = list(csv.DictReader(io.StringIO(found.csv())))
    assert all(float(row[row["class"]]) == float(row["probability"]) for row in rows)


def test_from_python_images_are_as_they_are_stored(run: Path) -> None:
    images, labels = bars(40, 3)
    classified = sparring.load(run, device="cpu").classify(torch.from_numpy(images)[:, None])
    assert (classified.labels == labels).mean() > 0.8
    assert classified.probabilities.sum(1) == pytest.approx(torch.ones(40))


def test_pictures_that_were_trained_on_are_counted(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error on these is no test error."""
    (images, labels), (others, of_others) = bars(120, 0), bars(60, 1)
    for name, x, y in (
        ("mixed", np.concatenate([images[:30], others[:10]]), np.concatenate([labels[:30], of_others[:10]])),
        ("seen", images, labels),
        ("unseen", others, of_others),
    ):
        np.savez(tmp_path / f"{name}.npz", images=x, labels=y)
    said = {}
    for name in ("mixed", "seen", "unseen"):
        main(["classify", str(run), str(tmp_path / f"{name}.npz")])
        said[name] = "".join(capsys.readouterr())
    assert "30 of them were trained on, so that this says little of others." in said["mixed"]
    assert "All of them were trained on" in said["seen"]
    assert "trained on" not in said["unseen"]


def test_evaluate_has_the_calibration_error_beside_the_test_error(run: Path) -> None:
    evaluation = sparring.evaluate(run, 60, device="cpu", quiet=True)
    assert {"test error", "calibration error", "calibration error by chance"} <= evaluation.figures.keys()
    assert evaluation.figures["calibration error"].reference is None
    tables = evaluation.classes
    assert tables is not None
    assert sum(map(sum, tables.confusion)) == 60
    wrong = 60 - tables.confusion[0][0] - tables.confusion[1][1]
    assert evaluation.figures["test error"].value == pytest.approx(wrong / 60)
    # Of every second the temperature was fitted.
    assert sum(band.count for band in tables.calibration) == 30
    page = sparring.report(run).read_text()
    assert all(
        text in page for text in ("what is taken for what", "how often it is right where it is so sure")
    )


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (["none.png"], "There is no file or folder none.png"),
        (["empty"], "empty holds no images"),
        (["points.npz"], "is not grey images of 8 x 8"),
        (["torn.png"], "); mend or remove it.\n"),
    ],
)
def test_what_cannot_be_classified_is_refused(
    run: Path, pictures: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.png").write_text("no image")
    np.savez(tmp_path / "points.npz", points=np.zeros((5, 2), np.float32))
    with pytest.raises(SystemExit) as ended:
        main(["classify", str(run), *pictures])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_system_without_a_classifier_says_which_have_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "bars.npz", images=bars(40, 0)[0])
    sparring.train("gan", data=f"npz:{tmp_path / 'bars.npz'}", out=tmp_path / "run", max_steps=1,
                   batch_size=10, hidden_size=8, **QUIET)  # fmt: skip
    with pytest.raises(SystemExit):
        main(["classify", str(tmp_path / "run"), str(tmp_path / "bars.npz")])
    assert "GAN does not tell classes apart: train a system that does" in capsys.readouterr().err


def test_without_its_data_probabilities_are_as_they_are_and_that_is_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels = bars(20, 4)
    np.savez(tmp_path / "more.npz", images=images, labels=labels)
    data = run.parent / "bars.npz"
    data.rename(run.parent / "moved.npz")
    try:
        main(["classify", str(run), str(tmp_path / "more.npz")])
    finally:
        (run.parent / "moved.npz").rename(data)
    said = capsys.readouterr().out
    assert "fitted on nothing, for the data of the run cannot be read (There is no file" in said
    assert "of 20 are misnamed" in said


def test_own_logits_of_another_shape_are_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = sparring.load(run, device="cpu")
    monkeypatch.setattr(model.game, "class_logits", lambda examples: torch.zeros(len(examples), 5))
    with pytest.raises(OwnCodeError, match=r"it must give a logit for each of the 2 classes"):
        model.classify(torch.zeros(3, 1, 8, 8, dtype=torch.uint8))

from __future__ import annotations

import io
import json
import time

import pytest
import torch
from rich.console import Console

from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.errors import DataError, RunError, SettingError, SparringError
from sparring.evaluation import Evaluation, Figure, evaluate_samples
from sparring.evaluation.evaluate import KINDS
from sparring.evaluation.features import PixelFeatures
from sparring.randomness import Randomness

FIGURES = {"fid": Figure(1.5, 1.0, 2.0, 0.5), "modes": Figure(10, 10, 10, 10)}


@pytest.fixture
def evaluation() -> Evaluation:
    return Evaluation("digits-01234567", "mnist", 1000, dict(FIGURES), {"step": 600})


def test_json_goes_there_and_back(evaluation: Evaluation) -> None:
    text = evaluation.to_json()
    facts = json.loads(text)
    assert facts["format"] == 1
    assert facts["figures"]["fid"] == {"value": 1.5, "low": 1.0, "high": 2.0, "reference": 0.5}
    assert Evaluation.from_json(text) == evaluation


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "figures": {"fid": {}}}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(RunError, match="evaluation"):
        Evaluation.from_json(text)


def test_the_table_shows_every_figure(evaluation: Evaluation) -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(evaluation.table())
    for text in ("fid", "1.5", "1 – 2", "0.5", "modes", "digits-01234567", "lower is better"):
        assert text in out.getvalue()


def test_like_is_compared_with_like_only(evaluation: Evaluation) -> None:
    same = Evaluation("digits-01234567", "mnist", 1000, {"fid": FIGURES["fid"]})
    assert evaluation.compare(same) == {"fid": (FIGURES["fid"], FIGURES["fid"])}
    for other in (
        Evaluation("pixels", "mnist", 1000, FIGURES),
        Evaluation("digits-01234567", "ring", 1000, FIGURES),
        Evaluation("digits-01234567", "mnist", 500, FIGURES),
    ):
        with pytest.raises(SparringError, match="cannot be compared"):
            evaluation.compare(other)


def test_labelled_images_get_every_figure_and_the_same_again(small_mnist: Dataset) -> None:
    assert small_mnist.labels is not None
    before = torch.get_rng_state()
    first = evaluate_samples(small_mnist.examples[:300], small_mnist.labels[:300], small_mnist)
    some = ["fid", "cas_error", "ndb", "memorised", "reverse_kl"]
    again = evaluate_samples(small_mnist.examples[:300], small_mnist.labels[:300], small_mnist, figures=some)
    assert set(first.figures) == set(KINDS)
    assert again.figures == {name: first.figures[name] for name in some}
    assert torch.equal(torch.get_rng_state(), before)
    assert first.count == 300
    assert first.extractor.startswith("digits-")


def test_images_without_labels_lack_only_what_needs_them(small_mnist: Dataset) -> None:
    evaluation = evaluate_samples(small_mnist.examples[:300], None, small_mnist)
    assert set(KINDS) - set(evaluation.figures) == {"label_agreement", "one_nn_error", "cas_error"}


def test_other_images_are_compared_by_pixels() -> None:
    images = Randomness(0).integers(400 * 3 * 8 * 8, 256).view(400, 3, 8, 8).to(torch.uint8)
    dataset = Dataset("folder:photos", images[:300])
    evaluation = evaluate_samples(images[300:], None, dataset)
    assert evaluation.extractor == "pixels"
    assert {"fid", "kid", "precision", "coverage", "memorised", "ndb"} <= evaluation.figures.keys()
    assert not {"inception_score", "modes", "label_agreement"} & evaluation.figures.keys()


def test_points_of_a_mixture() -> None:
    dataset = load_dataset("ring")
    assert dataset.test is not None
    evaluation = evaluate_samples(dataset.test.examples[:2500], None, dataset)
    assert evaluation.figures["modes"] == Figure(8, 8, 8, 8)
    assert evaluation.figures["high_quality_share"].value == pytest.approx(0.9889, abs=0.007)
    assert evaluation.figures["high_quality_share"].reference == pytest.approx(0.9889, abs=0.007)
    json.loads(evaluation.to_json())


def test_collapse_to_a_single_image_is_measured_not_refused(small_mnist: Dataset) -> None:
    same = small_mnist.examples[:1].expand(200, -1, -1, -1)
    figures = evaluate_samples(same, None, small_mnist).figures
    assert figures["modes"].value == 1
    assert figures["recall"].value < 0.01
    assert figures["support"].value < 2
    assert figures["fid"].value > 10 * figures["fid"].reference


def test_a_blank_generator_earns_nothing(small_mnist: Dataset) -> None:
    blank = torch.zeros(200, 1, 28, 28, dtype=torch.uint8)
    figures = evaluate_samples(blank, None, small_mnist).figures
    assert figures["modes"].value == 0
    assert figures["high_quality_share"].value == 0
    assert figures["precision"].value == 0


def test_requests_that_cannot_be_met_are_refused_in_words(small_mnist: Dataset) -> None:
    images = small_mnist.examples[:100]
    with pytest.raises(SettingError, match="Did you mean 'fid'"):
        evaluate_samples(images, None, small_mnist, figures=["fidd"])
    with pytest.raises(SettingError, match="does not apply"):
        evaluate_samples(images, None, small_mnist, figures=["label_agreement"])
    with pytest.raises(SettingError, match="does not apply"):
        evaluate_samples(images, None, small_mnist, figures=["modes"], extractor=PixelFeatures())
    with pytest.raises(DataError, match="at least"):
        evaluate_samples(images[:5], None, small_mnist)
    with pytest.raises(DataError, match="held out"):
        evaluate_samples(images, None, Dataset("mnist", images[:30]), extractor=PixelFeatures())
    with pytest.raises(DataError, match=r"\(1, 14, 14\)"):
        evaluate_samples(images[:, :, ::2, ::2], None, small_mnist)
    with pytest.raises(DataError, match="labels of shape"):
        evaluate_samples(images, torch.zeros(7, dtype=torch.int64), small_mnist)
    with pytest.raises(DataError, match="0 to 9"):
        evaluate_samples(images, torch.full((100,), 10), small_mnist)
    with pytest.raises(DataError, match="not finite"):
        evaluate_samples(torch.full((100, 2), torch.nan), None, load_dataset("ring"))


@pytest.mark.slow
def test_the_default_evaluation_ends_within_a_minute(mnist: Dataset) -> None:
    assert mnist.labels is not None
    start = time.perf_counter()
    evaluate_samples(mnist.examples[:10_000], mnist.labels[:10_000], mnist)
    assert time.perf_counter() - start < 60

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
import torch
from rich.console import Console

from sparring.data import Dataset, dataset_of, load_dataset
from sparring.data.unlabelled import UNLABELLED
from sparring.errors import DataError, RunError, SettingError, SparringError
from sparring.evaluation import EstimatedFigure, Evaluation, evaluate_samples, load_extractor
from sparring.evaluation.features.random_convolutions import RandomConvolutions
from sparring.evaluation.figures import FIGURES
from sparring.randomness import Randomness

FOUND = {"fid": EstimatedFigure(1.5, 1.0, 2.0, 0.5), "modes": EstimatedFigure(10, 10, 10, 10)}

OF_TRANSLATIONS = {"fid_of_input"}
OF_TEXTS = {
    "fed",
    *(f"{name}_{order}" for name in ("bleu", "self_bleu") for order in (2, 3, 4, 5)),
    "novel_ngrams",
    "distinct_ngrams",
    "distinct_texts",
    "copied",
}
"""Figures that images lack."""


@pytest.fixture
def evaluation() -> Evaluation:
    about = {"fid": "a distance; lower is better"}
    return Evaluation("digits-01234567", "mnist", 1000, dict(FOUND), {"step": 600}, about)


def printed(evaluation: Evaluation) -> str:
    out = io.StringIO()
    Console(file=out, width=150).print(evaluation.table())
    return out.getvalue()


def test_json_goes_there_and_back(evaluation: Evaluation) -> None:
    text = evaluation.to_json()
    facts = json.loads(text)
    assert facts["format"] == 1
    assert facts["figures"]["fid"] == {
        "value": 1.5, "low": 1.0, "high": 2.0, "reference": 0.5,
        "at_least": False, "reference_at_least": False, "share": False,
    }  # fmt: skip
    assert Evaluation.from_json(text) == evaluation


def test_a_figure_without_reference_leaves_its_place_empty() -> None:
    evaluation = Evaluation("pixels", "photos", 100, {"test error": EstimatedFigure(0.25, 0.125, 0.5)})
    assert Evaluation.from_json(evaluation.to_json()) == evaluation
    row = next(line for line in printed(evaluation).splitlines() if "test error" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == ["test error", "0.25", "0.125 – 0.5", "", ""]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "figures": {"fid": {}}}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(RunError, match="evaluation"):
        Evaluation.from_json(text)


def test_the_table_shows_every_figure(evaluation: Evaluation) -> None:
    for text in ("fid", "1.5", "1 – 2", "0.5", "modes", "digits-01234567", "lower is better"):
        assert text in printed(evaluation)


def test_like_is_compared_with_like_only(evaluation: Evaluation) -> None:
    same = Evaluation("digits-01234567", "mnist", 1000, {"fid": FOUND["fid"]})
    assert evaluation.compare(same) == {"fid": (FOUND["fid"], FOUND["fid"])}
    for other in (
        Evaluation("pixels", "mnist", 1000, FOUND),
        Evaluation("digits-01234567", "ring", 1000, FOUND),
        Evaluation("digits-01234567", "mnist", 500, FOUND),
    ):
        with pytest.raises(SparringError, match="cannot be compared"):
            evaluation.compare(other)


def test_as_many_real_examples_on_both_sides(evaluation: Evaluation) -> None:
    many, few = (replace(evaluation, real=number) for number in (10_000, 2_000))
    assert "against 10,000 held-out examples of mnist" in printed(many)
    assert Evaluation.from_json(few.to_json()) == few
    with pytest.raises(SparringError, match=r"against 10,000 real examples, the other against 2,000\."):
        many.compare(few)
    before = evaluation
    assert before.real == 0, "as versions wrote it that did not count them"
    assert before.compare(few) == many.compare(before) == {name: (each, each) for name, each in FOUND.items()}


def test_labelled_images_get_every_figure_and_the_same_again(small_mnist: Dataset) -> None:
    before = torch.get_rng_state()
    first = evaluate_samples(small_mnist[:300], small_mnist)
    some = ["fid", "cas_error", "ndb", "memorised", "reverse_kl"]
    again = evaluate_samples(small_mnist[:300], small_mnist, figures=some)
    assert list(first.figures) == [name for name in FIGURES if name not in OF_TEXTS | OF_TRANSLATIONS]
    assert again.figures == {name: first.figures[name] for name in some}
    assert first.about == {name: FIGURES[name].about for name in first.figures}
    assert torch.equal(torch.get_rng_state(), before)
    assert first.count == 300
    assert first.extractor.startswith("digits-")


def test_images_without_labels_lack_only_what_needs_them(small_mnist: Dataset) -> None:
    evaluation = evaluate_samples(dataset_of("samples", small_mnist.examples.values[:300]), small_mnist)
    assert set(FIGURES) - set(evaluation.figures) == {
        "label_agreement",
        "one_nn_error",
        "cas_error",
        *OF_TEXTS,
        *OF_TRANSLATIONS,
    }


def test_copies_of_what_has_no_label_are_found() -> None:
    labelled, others = noisy_images(100), noisy_images(200, seed=1)
    parts = {UNLABELLED: dataset_of("others", others)}
    dataset = replace(dataset_of("npz:images", labelled), parts=parts)
    found = evaluate_samples(dataset_of("samples", others), dataset, figures=["memorised"])
    assert found.figures["memorised"].value == 1


def test_labels_that_the_data_knows_nothing_of_change_nothing(small_mnist: Dataset) -> None:
    images = small_mnist.examples.values
    dataset = dataset_of("folder:digits", images[:2000], held_out=dataset_of("held out", images[2000:3000]))
    with_labels, without = small_mnist[3000:3100], dataset_of("samples", images[3000:3100])
    figures = ["fid", "ndb"]
    assert evaluate_samples(with_labels, dataset, figures=figures) == evaluate_samples(
        without, dataset, figures=figures
    )


def noisy_images(count: int, seed: int = 0) -> torch.Tensor:
    return Randomness(seed).integers(count * 64, 256).view(count, 1, 8, 8).to(torch.uint8)


def twice(images: torch.Tensor, some: int) -> torch.Tensor:
    """So many of the images, and all of them after that."""
    return torch.cat([images[:some], images])


@pytest.mark.parametrize("some", [0, 12, 300])
def test_copies_are_found_where_nothing_was_held_out(some: int) -> None:
    """Of 300 images, of which some or all are there twice."""
    images = noisy_images(300)
    dataset = dataset_of("npz:images", twice(images, some))
    copies, others = (dataset_of("samples", each) for each in (images, noisy_images(300, seed=1)))
    found, fresh = (evaluate_samples(each, dataset, figures=["memorised"]) for each in (copies, others))
    assert found.figures["memorised"].value == 1
    assert found.figures["memorised"].reference is None, "there are no real examples that were not seen"
    assert fresh.figures["memorised"].value < 0.05


def test_where_nothing_was_held_out_that_is_said() -> None:
    images = noisy_images(300)
    seen, unseen = (
        evaluate_samples(dataset_of("samples", images[:100]), dataset, figures=["fid", "memorised"])
        for dataset in (
            dataset_of("npz:images", images),
            dataset_of("npz:images", images, held_out=dataset_of("npz:images", noisy_images(100, seed=1))),
        )
    )
    assert "against 150 training examples of npz:images" in printed(seen)
    assert "Nothing was held out" in printed(seen)
    assert "against 100 held-out examples of npz:images" in printed(unseen)
    assert "Nothing was held out" not in printed(unseen)
    assert not Evaluation.from_json(seen.to_json()).unseen
    assert "`sparring train --hold-out 0.1`" in (seen.caution() or "")
    own = replace(seen, data="/somewhere/own.py:images").caution()
    assert own is not None
    assert own.endswith("Data of one's own may have a `held_out`.")
    assert unseen.figures["memorised"].reference == pytest.approx(0.01, abs=0.02)
    with pytest.raises(SettingError, match="--hold-out"):
        seen.compare(unseen)


@pytest.mark.parametrize("some", [0, 300])
def test_a_support_without_a_pair_is_at_least_so_large(some: int) -> None:
    dataset = dataset_of("npz:images", twice(noisy_images(300), some))
    samples = dataset_of("samples", noisy_images(50, seed=1))
    evaluation = evaluate_samples(samples, dataset, figures=["support"])
    assert evaluation.figures["support"].at_least
    assert "at least 1698" in printed(evaluation), "2 log(2) for one of 1225 pairs"
    assert Evaluation.from_json(evaluation.to_json()) == evaluation


def test_samples_of_an_image_that_is_all_there_is_are_measured() -> None:
    black = torch.zeros(100, 1, 8, 8, dtype=torch.uint8)
    figures = evaluate_samples(dataset_of("samples", noisy_images(50)), dataset_of("black", black)).figures
    assert "precision" not in figures, "no ball around one of these has any other in it"
    assert figures["fid"].value > 1
    assert not {"memorised", "support"} & figures.keys(), "no two of the real examples differ"
    assert all(abs(figure.value) < 1e6 for figure in figures.values())


def test_other_images_are_compared_by_random_convolutions() -> None:
    images = Randomness(0).integers(400 * 3 * 8 * 8, 256).view(400, 3, 8, 8).to(torch.uint8)
    dataset = dataset_of("folder:photos", images[:300])
    evaluation = evaluate_samples(dataset_of("samples", images[300:]), dataset)
    assert evaluation.extractor == RandomConvolutions(3).name
    assert {"fid", "kid", "precision", "coverage", "memorised", "ndb"} <= evaluation.figures.keys()
    assert not {"inception_score", "modes", "label_agreement"} & evaluation.figures.keys()


def test_points_of_a_mixture() -> None:
    dataset = load_dataset("ring")
    assert dataset.held_out is not None
    evaluation = evaluate_samples(dataset.held_out[:2500], dataset)
    assert evaluation.extractor == "points"
    assert evaluation.figures["modes"] == EstimatedFigure(8, 8, 8, 8)
    assert evaluation.figures["high_quality_share"].value == pytest.approx(0.9889, abs=0.007)
    assert evaluation.figures["high_quality_share"].reference == pytest.approx(0.9889, abs=0.007)
    assert evaluation.figures.keys() <= FIGURES.keys()
    json.loads(evaluation.to_json())


def test_collapse_to_a_single_image_is_measured_not_refused(small_mnist: Dataset) -> None:
    same = small_mnist.examples.values[:1].expand(200, -1, -1, -1)
    figures = evaluate_samples(dataset_of("samples", same), small_mnist).figures
    assert figures["modes"].value == 1
    assert figures["recall"].value < 0.01
    assert figures["support"].value < 2
    assert figures["fid"].reference is not None
    assert figures["fid"].value > 10 * figures["fid"].reference


def test_a_blank_generator_earns_nothing(small_mnist: Dataset) -> None:
    blank = torch.zeros(200, 1, 28, 28, dtype=torch.uint8)
    figures = evaluate_samples(dataset_of("samples", blank), small_mnist).figures
    assert figures["modes"].value == 0
    assert figures["high_quality_share"].value == 0
    assert figures["precision"].value == 0


def test_requests_that_cannot_be_met_are_refused_in_words(small_mnist: Dataset) -> None:
    images = small_mnist.examples.values[:100]
    samples = dataset_of("samples", images)
    pixels = load_extractor("pixels", small_mnist.examples.kind)

    def labelled(labels: torch.Tensor) -> Dataset:
        return dataset_of("samples", images, labels)

    with pytest.raises(SettingError, match="Did you mean 'fid'"):
        evaluate_samples(samples, small_mnist, figures=["fidd"])
    with pytest.raises(SettingError, match="does not apply"):
        evaluate_samples(samples, small_mnist, figures=["label_agreement"])
    with pytest.raises(SettingError, match="does not apply"):
        evaluate_samples(samples, small_mnist, figures=["modes"], extractor=pixels)
    with pytest.raises(DataError, match="at least"):
        evaluate_samples(samples[:5], small_mnist)
    with pytest.raises(DataError, match="held out"):
        evaluate_samples(samples, dataset_of("mnist", images[:30]), extractor=pixels)
    with pytest.raises(DataError, match=r"\(1, 14, 14\) and not .*\(1, 28, 28\)"):
        evaluate_samples(dataset_of("samples", images[:, :, ::2, ::2]), small_mnist)
    with pytest.raises(DataError, match="100 samples but 7 classes"):
        evaluate_samples(labelled(torch.zeros(7, dtype=torch.int64)), small_mnist)
    with pytest.raises(DataError, match="0 to 9"):
        evaluate_samples(labelled(torch.full((100,), 10)), small_mnist)
    with pytest.raises(DataError, match="not finite"):
        evaluate_samples(dataset_of("samples", torch.full((100, 2), torch.nan)), load_dataset("ring"))


def test_balls_around_twins_are_no_figures() -> None:
    """Most real examples are there more often than there are neighbours in a ball, so that it is a point."""
    images = torch.randint(0, 256, (40, 1, 8, 8), generator=torch.Generator().manual_seed(0)).byte()
    balls = {"precision", "recall", "density", "coverage"}
    others = torch.randint(0, 256, (240, 1, 8, 8), generator=torch.Generator().manual_seed(1)).byte()
    for examples, apply in (
        (others, True),
        (images.repeat(6, 1, 1, 1), True),
        (images.repeat(20, 1, 1, 1), False),
    ):
        data = dataset_of("twins", examples)
        found = evaluate_samples(data, data).figures.keys()
        assert balls & found == (balls if apply else set())


def test_what_is_not_finite_of_huge_numbers_is_left_out_and_that_is_said() -> None:
    points = torch.randn(120, 2, generator=torch.Generator().manual_seed(0))
    data = dataset_of("points", points[:60])
    with pytest.warns(UserWarning, match="The figure 'kid' is left out"):
        found = evaluate_samples(dataset_of("huge", 1e20 * points[60:]), data)
    assert "kid" not in found.figures
    assert len(found.figures) > 3
    assert Evaluation.from_json(found.to_json()) == found


def test_whole_numbers_are_no_copies_of_each_other() -> None:
    """What lies between two ages is nearer to one than they are to each other."""
    chance = torch.Generator().manual_seed(0)
    ages = torch.randint(0, 91, (3000, 1), generator=chance).float()
    smooth = 90 * torch.rand(1000, 1, generator=chance)
    found = evaluate_samples(dataset_of("samples", smooth), dataset_of("ages", ages))
    assert "memorised" not in found.figures
    uneven = ages + 0.4 * torch.rand(3000, 1, generator=chance)
    assert "memorised" in evaluate_samples(dataset_of("samples", smooth), dataset_of("ages", uneven)).figures


def test_bins_that_are_empty_in_both_do_not_count() -> None:
    """Ratings from 1 to 5 fill five bins of a hundred; one that is always 3 has all of them wrong."""
    chance = torch.Generator().manual_seed(0)
    ratings, others = (torch.randint(1, 6, (5000, 1), generator=chance).float() for _ in range(2))
    real = dataset_of("ratings", ratings)
    always = evaluate_samples(dataset_of("samples", torch.full((1000, 1), 3.0)), real, figures=["ndb"])
    alike = evaluate_samples(dataset_of("samples", others[:1000]), real, figures=["ndb"])
    assert always.figures["ndb"].value > 0.7
    assert alike.figures["ndb"].value < 0.3

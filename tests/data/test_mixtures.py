"""Mixtures of Gaussians: geometry, shares of the modes, and one's own from JSON."""

import json
import math

import pytest
import torch

from sparring.data import load_dataset
from sparring.data.mixtures import read_mixture
from sparring.data.truth import Mixture, Truth
from sparring.errors import DataError


def nearest_mode(dataset):
    distances = torch.cdist(dataset.examples.values, dataset.truth.means)
    return distances.min(dim=1)


@pytest.mark.parametrize(("name", "modes", "deviation"), [("ring", 8, 0.01), ("grid", 25, 0.05)])
class TestBuiltIn:
    def test_form(self, name, modes, deviation):
        dataset = load_dataset(name)
        assert dataset.name == name
        assert dataset.examples.values.shape == (100_000, 2)
        assert dataset.held_out.examples.values.shape == (10_000, 2)
        assert dataset.examples.values.dtype == dataset.held_out.examples.values.dtype == torch.float32
        assert dataset.spec.classes == 0
        assert dataset.spec.kind.name == "points"
        assert dataset.truth.means.shape == (modes, 2)
        assert dataset.truth.deviation == deviation
        assert dataset.held_out.truth is dataset.truth

    def test_share_within_three_deviations(self, name, modes, deviation):
        dataset = load_dataset(name)
        for split in (dataset, dataset.held_out):
            share = (nearest_mode(split).values <= 3 * deviation).double().mean().item()
            expected = 1 - math.exp(-4.5)  # 98.89 %: the norm of a planar Gaussian is Rayleigh distributed.
            assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / len(split))

    def test_modes_are_equally_frequent(self, name, modes, deviation):
        counts = nearest_mode(load_dataset(name)).indices.bincount(minlength=modes).double()
        expected = 100_000 / modes
        chi_squared = ((counts - expected) ** 2 / expected).sum().item()
        assert chi_squared < modes - 1 + 4 * math.sqrt(2 * (modes - 1))
        assert counts.std() > 0  # Drawn at random, not dealt out.

    def test_deviation_in_each_direction(self, name, modes, deviation):
        dataset = load_dataset(name)
        residuals = dataset.examples.values - dataset.truth.means[nearest_mode(dataset).indices]
        assert residuals.std(dim=0).tolist() == pytest.approx([deviation, deviation], rel=0.01)
        assert residuals.mean(dim=0).tolist() == pytest.approx([0, 0], abs=deviation / 50)

    def test_it_is_always_the_same(self, name, modes, deviation):
        assert load_dataset(name).fingerprint == load_dataset(name).fingerprint
        assert load_dataset(name).fingerprint != load_dataset(name, seed=1).fingerprint

    def test_the_splits_differ(self, name, modes, deviation):
        dataset = load_dataset(name)
        held_out, training = dataset.held_out.examples.values, dataset.examples.values[:10_000]
        assert not torch.isin(held_out[:, 0], training[:, 0]).all()


def test_ring_geometry():
    means = load_dataset("ring").truth.means
    assert means.norm(dim=1).tolist() == pytest.approx([1.0] * 8)
    assert means[2].tolist() == pytest.approx([0.0, 1.0], abs=1e-7)
    assert (means - means.roll(1, 0)).norm(dim=1).tolist() == pytest.approx([2 * math.sin(math.pi / 8)] * 8)


def test_grid_geometry():
    means = load_dataset("grid").truth.means
    steps = (-4, -2, 0, 2, 4)
    assert {tuple(mean) for mean in means.tolist()} == {(x, y) for x in steps for y in steps}


def test_the_draw_does_not_depend_on_the_platforms_default_generator():
    torch.manual_seed(1)
    first = load_dataset("ring").fingerprint
    torch.manual_seed(2)
    assert load_dataset("ring").fingerprint == first


class TestModes:
    """Beyond three deviations of every mean a point is not good, and still nearest to one."""

    truth = Mixture(torch.tensor([[0.0, 0.0], [10.0, 0.0]]), 0.5)
    points = torch.tensor([[0.0, 1.49], [0.0, 1.51], [9.0, 1.0], [5.1, 0.0]])

    def test_mode_of_good_points(self):
        assert self.truth.modes == 2
        assert self.truth.mode_of(self.points).tolist() == [0, -1, 1, -1]

    def test_nearest_mode_of_any(self):
        assert self.truth.nearest_mode(self.points).tolist() == [0, 0, 1, 1]

    def test_the_share_of_good_points_is_its_figure(self):
        (figure,) = self.truth.figures().values()
        assert figure.measure(self.points).tolist() == [1, 0, 1, 0]

    def test_where_nothing_is_known_no_point_has_a_mode(self):
        nothing = Truth()
        assert (nothing.modes, nothing.centres, nothing.figures()) == (0, None, {})
        assert nothing.mode_of(self.points).tolist() == nothing.nearest_mode(self.points).tolist() == [-1] * 4

    def test_modes_narrower_than_rounding(self):
        """Far from the origin |x|² + |m|² - 2xm is off by more than such a mode is wide."""
        narrow = Mixture(torch.tensor([[1000.0, 1000.0]]), 1e-3)
        assert narrow.mode_of(torch.tensor([[1000.001, 1000.0], [1000.01, 1000.0]])).tolist() == [0, -1]


class TestOwn:
    def test_three_dimensions(self, tmp_path):
        file = tmp_path / "own.json"
        file.write_text(json.dumps({"means": [[0, 0, 1], [5, 5, 5.5]], "deviation": 0.5}))
        dataset = load_dataset(f"mixture:{file}")
        assert dataset.examples.values.shape == (100_000, 3)
        assert dataset.truth.means.tolist() == [[0, 0, 1], [5, 5, 5.5]]
        assert dataset.truth.deviation == 0.5
        assert dataset.name == f"mixture:{file}"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "is not JSON"),
            ("{", "is not JSON"),
            ("[" * 100_000, "is not JSON"),
            ("\udcff", "is not JSON"),
            ("[1, 2]", "holds no object; write exactly 'means' and 'deviation'"),
            ('{"means": [[0]]}', r"holds the keys \['means'\]"),
            ('{"means": [[0]], "deviation": 1, "weights": [1]}', "holds the keys .*'weights'"),
            *[
                (f'{{"means": {means}, "deviation": 1}}', "'means' in .* must be a list of points")
                for means in (
                    "[]", "[[]]", "3", "[1, 2]", "[[1, 2], [3]]", '[["a"]]', "[[true]]", "[[NaN]]",
                    "[[1e999]]", "[[1e39]]", "[[1" + "0" * 400 + "]]", "[[null]]", '{"0": [1]}', "[[[1]]]",
                )
            ],
            ('{"means": [[0, 1], [2, 2], [0, 1.0]], "deviation": 1}', r"has \[0, 1\] 2 times"),
            *[
                (f'{{"means": [[0]], "deviation": {deviation}}}', "'deviation' in .*; give a number above 0")
                for deviation in ("0", "-1", "NaN", "Infinity", '"1"', "true", "null", "[1]")
            ],
        ],
    )  # fmt: skip
    def test_errors(self, tmp_path, content, message):
        file = tmp_path / "own.json"
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
        with pytest.raises(DataError, match=message):
            load_dataset(f"mixture:{file}")

    def test_an_unreadable_file(self, tmp_path):
        with pytest.raises(DataError, match="cannot be read: is a directory"):
            read_mixture(tmp_path)

"""Products of matrices by the faster of two libraries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
import torch
from torch import nn

from sparring.data import load_dataset
from sparring.nn import products
from sparring.nn.products import by_onednn, has_large_products, largest_product, onednn_multiplies
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo.gan import GAN


def test_the_largest_product_is_that_of_the_largest_layer() -> None:
    networks = nn.Sequential(nn.Conv2d(3, 50, 5), nn.Linear(20, 30), nn.BatchNorm1d(4000))
    assert largest_product(networks, 7) == 7 * 3 * 50 * 5 * 5
    assert largest_product(networks[1:], 7) == 7 * 20 * 30
    assert largest_product(nn.BatchNorm1d(4000), 7) == 0


def test_it_pays_from_a_certain_size_on() -> None:
    layer = nn.Linear(2000, 1000)
    assert has_large_products(layer, 2)
    assert not has_large_products(layer, 1)


def test_an_engine_looks_at_what_it_multiplies_at_once() -> None:
    """100 examples with 784 by 256 weights are a large product, ten of them are not."""

    def engine(**options: int) -> Engine:
        return Engine(
            GAN,
            GAN.Settings(batch_size=100),
            load_dataset("mnist"),
            10,
            0,
            Processes(torch.device("cpu")),
            **options,
        )

    assert engine().onednn
    assert not engine(microbatches=10).onednn


def test_products_have_all_digits_of_float32() -> None:
    if not onednn_multiplies():
        pytest.skip("torch multiplies as it does by itself")
    generator = torch.Generator().manual_seed(0)
    for rows, inner, columns in ((1, 784, 10), (64, 100, 128), (100, 784, 1000), (200, 49, 384)):
        left = torch.randn(rows, inner, generator=generator)
        right = torch.randn(inner, columns, generator=generator)
        exact = left.double() @ right.double()
        size = left.double().abs() @ right.double().abs()
        with by_onednn(True):
            for made in (left @ right, (right.t().contiguous() @ left.t().contiguous()).t()):
                assert ((made - exact).abs() / size).max() < 1e-6


def test_torch_chooses_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    precision = products.precision_of_products()
    if precision is None:
        pytest.skip("this version of torch has no such choice")
    monkeypatch.setattr(products, "onednn_multiplies", lambda: True)
    before = precision.fp32_precision
    with by_onednn(True):
        with by_onednn(True):
            assert precision.fp32_precision == "bf16"
        assert precision.fp32_precision == "bf16"
        with suppress(ZeroDivisionError), by_onednn(True):
            raise ZeroDivisionError
    assert precision.fp32_precision == before
    with by_onednn(False):
        assert precision.fp32_precision == before


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What is known of this processor is found out anew, and again afterwards."""
    onednn_multiplies.cache_clear()
    yield
    onednn_multiplies.cache_clear()


@pytest.mark.usefixtures("forgotten")
def test_it_is_not_taken_where_it_would_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "made_by_amd", lambda: True)
    product = torch.Tensor.__matmul__
    monkeypatch.setattr(torch.Tensor, "__matmul__", lambda a, b: product(a.bfloat16(), b.bfloat16()).float())
    assert not onednn_multiplies()


@pytest.mark.usefixtures("forgotten")
def test_other_processors_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "made_by_amd", lambda: False)
    assert not onednn_multiplies()

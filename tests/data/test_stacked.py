"""Stacked MNIST: every channel is a digit, and the label spells the three."""

import pytest
import torch

from sparring.data import load_dataset
from sparring.data.resizing import Frame
from sparring.data.stacked import stacked_mnist


@pytest.fixture(scope="module")
def stacked():
    return load_dataset("stacked-mnist")


@pytest.fixture(scope="module")
def digits():
    return load_dataset("mnist")


def test_form(stacked):
    for split, count in ((stacked, 128_000), (stacked.held_out, 26_000)):
        assert split.examples.values.shape == (count, 3, 28, 28)
        assert split.examples.values.dtype == torch.uint8
        assert split.examples.values.is_contiguous()
        assert split.condition.values.shape == (count,)
        assert split.condition.values.dtype == torch.int64
        assert split.class_names[:2] == ("000", "001")
        assert split.class_names[-1] == "999"
    assert stacked.spec.classes == 1000


def test_every_class_occurs_about_equally_often(stacked):
    counts = stacked.condition.values.bincount(minlength=1000)
    assert counts.min() > 60  # 128 expected; the rarest stack, 555, at (5421 / 60000) ^ 3 * 128000 = 94.
    assert counts.max() < 260
    assert stacked.held_out.condition.values.bincount(minlength=1000).min() > 0


@pytest.mark.parametrize("split", ["training", "test"])
def test_each_channel_is_a_digit_of_its_split_with_the_label_it_has(stacked, digits, split):
    stacks, source = (stacked, digits) if split == "training" else (stacked.held_out, digits.held_out)
    pairs = zip(source.examples.values, source.condition.values, strict=True)
    labels_of = {digit.numpy().tobytes(): label for digit, label in pairs}
    first = stacks[:300]
    for stack, label in zip(first.examples.values, first.condition.values.tolist(), strict=True):
        spelled = [labels_of[channel.numpy().tobytes()].item() for channel in stack]
        assert 100 * spelled[0] + 10 * spelled[1] + spelled[2] == label
        assert stacks.class_names[label] == "".join(map(str, spelled))


def test_channels_are_independent(stacked):
    labels = stacked.condition.values
    reds, greens, blues = labels // 100, labels // 10 % 10, labels % 10
    for one, other in ((reds, greens), (greens, blues), (reds, blues)):
        assert abs((one == other).double().mean().item() - 0.1) < 0.01
        assert not torch.equal(one, other)


def test_it_is_always_the_same_and_can_be_resized(stacked):
    small = stacked_mnist(Frame(8, 8))
    assert small.spec.shape == (3, 8, 8)
    assert torch.equal(small.condition.values, stacked.condition.values)
    assert torch.equal(small.held_out.condition.values, stacked.held_out.condition.values)
    assert not torch.equal(stacked_mnist(Frame(8, 8), seed=1).condition.values, stacked.condition.values)

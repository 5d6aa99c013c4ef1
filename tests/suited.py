"""Data of tests with what a system needs beside its examples: sources, domains."""

from __future__ import annotations

from dataclasses import replace

from sparring.data.dataset import Column, Dataset
from sparring.game import Game


def suited(system: type[Game], dataset: Dataset) -> Dataset:
    """The data, where the system needs that with sources, which are the examples at half their brightness,
    and with two domains: those, and the examples in another order."""
    if dataset.held_out is not None:
        dataset = replace(dataset, held_out=suited(system, dataset.held_out))
    values = dataset.examples.values
    darker = Column(dataset.examples.kind, (values // 2).to(values.dtype))
    if "images" in system.needs.condition:
        dataset = replace(dataset, condition=darker)
    if system.needs.parts and not dataset.parts:
        bright = Column(dataset.examples.kind, values.flip(0))
        parts = {"A": Dataset("dark", darker), "B": Dataset("bright", bright)}
        dataset = replace(dataset, condition=Dataset("", darker).condition, parts=parts)
    return dataset

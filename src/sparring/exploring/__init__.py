"""Exploring: the noise from which a trained game generates."""

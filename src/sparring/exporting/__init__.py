"""Exporting: a trained game as files that others can use."""

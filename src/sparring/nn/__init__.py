"""Layers and initialisers that more than one system uses."""

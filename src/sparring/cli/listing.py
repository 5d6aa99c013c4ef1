"""Commands that list what there is."""

from __future__ import annotations

from sparring.cli.options import parsed


def zoo(arguments: list[str]) -> None:
    """Print the systems, one of them, or GANs looked for."""
    from sparring.console import Terminal
    from sparring.zoo.listing import listing

    Terminal(soft_wrap=True).print(listing(**parsed("zoo", listing, arguments)))


def tricks(arguments: list[str]) -> None:
    """Print the tricks, or one of them."""
    from sparring.console import Terminal
    from sparring.tricks.listing import listing

    Terminal(soft_wrap=True).print(listing(**parsed("tricks", listing, arguments)))

"""Commands that list what there is."""

from __future__ import annotations

import dataclasses

from sparring.cli.options import parsed


def show_systems(search: str | None = None) -> None:
    """List every system with its paper, what it is for, and its settings' defaults.

    Args:
        search: look instead for published GANs, by words of name, year, number at arXiv or what is new: each
            with the system here that it is, or that is nearest.
    """
    if search is not None:
        _show_variants(search)
        return
    from sparring.arguments import flag_of
    from sparring.zoo import SYSTEMS, find_system

    for name in SYSTEMS:
        system = find_system(name)
        print(f"{name}\n  {system.purpose}\n  paper: {system.paper}\n  length: {system.length}")
        plain = [field for field in dataclasses.fields(system.Settings) if field.name != "tricks"]
        print(f"  settings: {', '.join(f'{flag_of(f.name)} {f.default}' for f in plain)}")
        print("  by default chosen for the data and the length of the run; --preset paper: those above")
        for preset, values in system.presets.items():
            changed = [f"{flag_of(setting)} {value}" for setting, value in values.items()]
            print(f"  --preset {preset}: {', '.join(changed)}")
        print()


def _show_variants(term: str) -> None:
    from sparring.console import Terminal
    from sparring.zoo.index import search, table_of

    Terminal().print(table_of(search(term)))


def zoo(arguments: list[str]) -> None:
    """Print the systems, or GANs looked for."""
    show_systems(**parsed("zoo", show_systems, arguments))


def tricks(arguments: list[str]) -> None:
    """Print the tricks, or one of them."""
    from sparring.console import Terminal
    from sparring.tricks.listing import listing

    Terminal().print(listing(**parsed("tricks", listing, arguments)))

"""What became of published advice: each item of two lists, with the verdicts on the tricks that follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from effects import WITHOUT, Effect, chance, effects, ratio, verdict_of
from kept_lines import Line, interval

from sparring.reporting.statistics import geometric_mean_over_seeds, mean_over_seeds

ITEMS = {
    "A1": "images from -1 to 1, tanh as the generator's last activation",
    "A2": "the loss of Wasserstein GAN",
    "A3": "labels: use them, flip them, smooth them on one side or on both",
    "A4": "batch normalisation, or instance or weight normalisation",
    "A5": "leaky ReLU instead of ReLU, no pooling",
    "A6": "Adam, at small rates such as 1e-4, which fall",
    "A7": "Gaussian noise in the discriminator's layers",
    "G1": "images from -1 to 1, tanh",
    "G2": "a generator's loss that does not saturate",
    "G3": "noise from a Gaussian, interpolated along great circles",
    "G4": "batches of real and of generated examples alone in batch normalisation",
    "G5": "no sparse gradients: leaky ReLU, no max pooling",
    "G6": "soft and noisy labels",
    "G7": "DCGAN, or a hybrid of it, where possible",
    "G8": "tricks of reinforcement learning: replay",
    "G9": "Adam for the generator, SGD for the discriminator",
    "G10": "track failures early",
    "G11": "do not balance by the losses' statistics",
    "G12": "use labels where there are any",
    "G13": "noise on inputs, which decays",
    "G14": "train the discriminator more, sometimes",
    "G15": "batch discrimination",
    "G16": "discrete variables in conditional GANs: embeddings",
    "G17": "dropout in the generator, in training and at test",
}
"""In our own words. A: seven that surveys repeat; G: the seventeen of ganhacks (Chintala et al. 2016)."""


PRACTICES = {
    "G10": "no setting: what `sparring train` looks at by itself, and after how many steps it finds what, is "
    "[measured](../reproduction/health.md)",
    "G11": "no setting: of the systems here `began` alone balances by its losses",
}
"""What an item is that no run could have on or off."""

VERDICTS = ("helps", "not shown", "changes nothing", "hurts")
"""Of which each trick usually gets one."""


def verdicts(
    bases: Sequence[str],
    lines: Sequence[Line],
    advice: Mapping[str, str],
    elsewhere: Mapping[str, str],
) -> str:
    """A table, as Markdown, of every item with what was found of the tricks that follow it, or go against it.

    Args:
        bases: systems from which tricks are measured.
        lines: of all recorded runs.
        advice: of each trick, the items that it follows: `A3, G6`, or `against A6`.
        elsewhere: what other records say of an item that is no trick.
    """
    bases = [base for base in bases if effects(base, lines)]
    rows = [
        f"| item | advice | {' | '.join(f'from `{base}`' for base in bases)} |",
        "|---" * (2 + len(bases)) + "|",
    ]
    for item, about in ITEMS.items():
        cells = [found(item, effects(base, lines), advice) for base in bases]
        if not any(cells):
            cells[0] = {**PRACTICES, **elsewhere}.get(item, "not measured")
        rows.append(f"| {item} | {about} | {' | '.join(cell or '–' for cell in cells)} |")
    return "\n".join(rows) + "\n"


def found(item: str, of_base: Sequence[Effect], advice: Mapping[str, str]) -> str:
    """What was found of an item from a base; empty where nothing was measured."""
    said = []
    for each in of_base:
        words = advice[each.name]
        if item in words.removeprefix("against ").split(", "):
            against = " (against it)" if words.startswith("against ") else ""
            said.append(f"{each.name}{against}: {each.said}")
    return "; ".join(said)


def instead(system: str, other: str, lines: Sequence[Line]) -> str:
    """What a system comes to in the place of another, in the same time, by the lines of time_to_quality.py;
    empty where there are not two seeds of both."""
    fids = [
        {line["seed"]: line["points"][-1]["fid"] for line in lines if line["name"] == name}
        for name in (system, other)
    ]
    seeds = sorted(fids[0].keys() & fids[1].keys())
    if len(seeds) < 2:
        return ""
    times = geometric_mean_over_seeds([fids[0][seed] / fids[1][seed] for seed in seeds])
    return (
        f"`{system}` instead of `{other}`, each by rule and in three minutes, {len(seeds)} seeds: "
        f"{verdict_of(times)}, FID times {ratio(times)} "
        "([time to quality](../reproduction/time-to-quality.md))"
    )


def first_to_try(bases: Sequence[str], lines: Sequence[Line], flags: Mapping[str, str]) -> str:
    """The tricks from each base by verdict, as Markdown."""
    parts = []
    for base in bases:
        of_base = effects(base, lines)
        if not of_base:
            continue
        parts.append(f"From `{base}`, in short runs, the best first:\n")
        for verdict in sorted({each.verdict for each in of_base}, key=in_order):
            named = [each for each in of_base if each.verdict == verdict]
            parts += [f"- **{verdict}**", *(f"    - {line(each, flags[each.name])}" for each in named)]
        parts.append(f"\n{chance(of_base)}\n")
    return "\n".join([*parts, from_all(bases, lines)])


def in_order(verdict: str) -> tuple[int, str]:
    """The better first; what is not one of the usual, such as that runs broke, last."""
    return VERDICTS.index(verdict) if verdict in VERDICTS else len(VERDICTS), verdict


def from_all(bases: Sequence[str], lines: Sequence[Line]) -> str:
    """What has the same verdict from all bases, as Markdown; nothing where there is one base alone."""
    found = [{each.name: each.verdict for each in effects(base, lines)} for base in bases]
    if len(found) < 2 or not all(found):
        return ""
    said = []
    for verdict in ("helps", "hurts"):
        names = [name for name in found[0] if all(each.get(name) == verdict for each in found)]
        said.append(f"- **{verdict}**: {'; '.join(names) or 'nothing'}\n")
    return f"From {' and from '.join(f'`{base}`' for base in bases)} alike:\n\n{''.join(said)}"


def optimisers(base: str, lines: Sequence[Line], rates: Mapping[str, Sequence[str]]) -> str:
    """What two optimisers come to from a base, each at the best of its rates by the mean FID, as Markdown;
    nothing where one of these was not measured.

    Args:
        base: the system.
        lines: of all recorded runs.
        rates: for each optimiser, the names of the runs at its rates; the first optimiser is the base's own.
    """
    fids = {
        name: [line["figures"]["fid"] for line in lines if (line["base"], line["name"]) == (base, name)]
        for names in rates.values()
        for name in names
    }
    if not all(fids.values()):
        return ""
    best = [min(names, key=lambda name: fmean(fids[name])) for names in rates.values()]
    said = (
        f"{optimiser} {_as_it_is(name)}: FID {interval(mean_over_seeds(fids[name]), '.1f')}"
        for optimiser, name in zip(rates, best, strict=True)
    )
    ratios = [theirs / ours for ours, theirs in zip(*(fids[name] for name in best), strict=True)]
    times = ratio(geometric_mean_over_seeds(ratios))
    counts = ", ".join(f"{len(names)} of {optimiser}" for optimiser, names in rates.items())
    return (
        f"**Why not SGD?** From `{base}`, as many steps, the best of all rates that were tried ({counts}): "
        f"{'; '.join(said)}; that is times {times}.\n"
    )


def _as_it_is(name: str) -> str:
    return "as it is" if name == WITHOUT else f"at {name.split()[-1]}"


def line(each: Effect, flags: str) -> str:
    """An effect in a line."""
    return f"{each.name}, {flags}" + ("" if each.fid is None else f": FID times {ratio(each.fid)}")

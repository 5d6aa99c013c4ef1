"""The section of a report that shows samples, beside real examples where there are some to be shown."""

from __future__ import annotations

from sparring.evaluation.kept import KIN
from sparring.reporting.facts import Facts
from sparring.reporting.html import Html, Section, paragraph, section, tag
from sparring.reporting.shots import Picture, film, single
from sparring.sample_pictures import AFTER, BEFORE, REAL

ABOUT_KIN = (
    "Samples beside the training examples that are nearest to them: what is the same in both was learned by "
    "heart."
)


def samples_section(facts: Facts) -> Section:
    """The samples over time beside real ones; what was made of what; what they may have been copied from."""
    shown = film(facts)
    if shown is None:
        missing = "There are no samples yet: some are shown at the end of every epoch."
        return section("Samples over time", paragraph(missing, class_="quiet"))
    real = single(facts, REAL, "real examples")
    beside = None if real is None else real.shown("the data", caption="real examples")
    return section(
        "Samples over time",
        tag("div", shown, beside, class_="beside" if beside else None),
        _wipe(facts),
        _kin(facts),
    )


def _wipe(facts: Facts) -> Html | None:
    """Images under those that were made of them, with a slider that uncovers these."""
    before, after = (single(facts, name, name) for name in (BEFORE, AFTER))
    if not (isinstance(before, Picture) and isinstance(after, Picture)):
        return None
    return Html(
        tag("h3", "Before and after")
        + tag(
            "figure",
            tag("div", after.content("what was made"), tag("div", before.content("what it was made of"))),
            tag(
                "input", type="range", min=0, max=100, value=50, aria_label="share of the images as they were"
            ),
            tag("figcaption", "left: as they were; right: what was made of them"),
            class_="wipe",
        )
    )


def _kin(facts: Facts) -> Html | None:
    """The samples of the evaluation beside what is nearest to them."""
    kin = single(facts, KIN.removesuffix(".png"), "nearest training examples")
    if not isinstance(kin, Picture):
        return None
    return Html(
        tag("h3", "Nearest training examples") + kin.shown("the evaluation", caption=ABOUT_KIN, class_="kin")
    )

"""Recommending: the settings that a run gets where nobody gave them, by its data and its length."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sparring.data import kind_in, usual_size
from sparring.data.dataset import Dataset
from sparring.data.kinds import kind_from
from sparring.errors import MemoryShortage
from sparring.game import Game, GameSettings
from sparring.game_settings import preset_values
from sparring.processes import Processes
from sparring.recommendation import Recommendation, has_rules, rules_of
from sparring.runs.folder import Run
from sparring.settings import Limit, as_option
from sparring.shown import counted, quoted
from sparring.training.course import Course
from sparring.training.engine import Engine
from sparring.training.fitting import batch_for, fitting_rules
from sparring.training.length import published_length
from sparring.training.pace import FOR_STEPS
from sparring.training.precision import Precision
from sparring.training.settings import RunSettings
from sparring.training.timing import rough_seconds_per_step, steps_in
from sparring.tricks.adaptive_augmentation import WAYS
from sparring.zoo import absolute_reference, short_name

QUICK_PIXELS = 32
"""The size of images up to which a run of minutes on a few cores comes to something; for those without
--max-minutes, whose length in time is not known, too."""
MOST_PIXELS = 64
"""The same of one that was given more than `LONG_MINUTES`."""
PATIENCE = 0.5
"""Seconds of a step beyond which one is enough to time it."""
LONG_MINUTES = 60
"""Beyond so many minutes a run is a longer one."""


@dataclass(frozen=True)
class Chosen:
    """The settings of a run."""

    settings: GameSettings
    by_rule: Mapping[str, Any]
    """Those that nobody gave and that are not the paper's."""
    reasons: tuple[str, ...] = ()
    """What was chosen, and why, a line each."""
    hint: str | None = None
    """That the run is too short for its networks, and which would do."""
    steps: int = 0
    """About how many the run has, where somebody had to know."""

    @property
    def lines(self) -> list[str]:
        """What is said of them before runs begin."""
        return [*self.reasons, *([f"Hint: {self.hint}"] if self.hint else [])]

    def lines_beside(self, course: Course) -> list[str]:
        """The same for a run that says by itself which of its phases it is too short for."""
        return list(self.reasons if self.hint and course.lasting(self.steps).unreached else self.lines)


def choose_settings(
    system: str,
    game_class: type[Game],
    dataset: Dataset,
    asked: RunSettings,
    given: Mapping[str, Any],
    processes: Processes,
    began: float,
) -> Chosen:
    """What a run is trained with: what was given, and for all else a preset, the settings of the run whose
    weights it begins with, or what the system recommends.

    Args:
        system: its name.
        game_class: its class.
        dataset: what is trained on.
        asked: how long, and from which preset or run.
        given: the settings that were given, by name.
        processes: those that train together; all come to the same.
        began: when this was asked for, by `time.monotonic`.

    Raises:
        SettingError: a setting that does not exist, or a value that it does not accept.
        DataError: the system is not for such data.
    """
    name = short_name(system)
    # A rule may ask anything of data that it is for.
    game_class.needs.check(game_class.__name__, dataset.spec)

    def steps_of(settings: GameSettings) -> int:
        engine = _engine(game_class, settings, dataset, asked, processes)
        return planned_steps(engine, asked.limit() or published_length(engine), began)

    rules = has_rules(game_class)
    ladder = [] if asked.preset or asked.from_ else fitting_rules(game_class, dataset, given)
    if not ladder:
        taken = _settings_before(system, asked.from_) if asked.from_ and not asked.preset else {}
        values = {**taken, **preset_values(game_class, asked.preset), **given}
        settings = game_class.Settings.of(values, name)
        if taken:
            return _as_before(settings, asked.from_ or "", game_class, dataset, values, given)
        wanted = game_class.steps_wanted(settings, dataset.spec) if rules else 0
        # One that begins with learnt weights has most of its way behind it.
        timed = wanted and not asked.from_
        steps = steps_of(settings) if timed else 0
        hint = _too_short(steps, wanted, game_class, dataset) if timed else None
        return Chosen(settings, {}, hint=hint, steps=steps)
    rung, settings, steps, wanted = _rung(ladder, name, game_class, dataset, given, steps_of, asked.limit())
    by_rule = {name: value for name, value in rung.settings.items() if name not in given}
    reasons = _reasons(name, by_rule, rung, steps, wanted)
    return Chosen(settings, by_rule, reasons, _too_short(steps, wanted, game_class, dataset), steps)


def with_reading(asked: RunSettings) -> RunSettings:
    """The settings of a run, with how its data is read where nobody said it: so that its examples are such as
    those of the run whose weights it begins with; and with a size for images that have none of their own.

    Args:
        asked: what was given.
    """
    before = {} if asked.from_ is None else _reading_before(asked.from_, asked.data)
    asked = replace(asked, **{name: like for name, like in before.items() if getattr(asked, name) is None})
    if asked.size is not None:
        return asked
    quick = asked.max_minutes is None or asked.max_minutes <= LONG_MINUTES
    return replace(asked, size=usual_size(asked.data, QUICK_PIXELS if quick else MOST_PIXELS))


def planned_steps(engine: Engine, limit: Limit, began: float) -> int:
    """How many steps a run has, roughly where its limit is a time."""
    if limit.minutes is None:
        return engine.course.steps_of(limit)
    per_step = rough_seconds_per_step(engine, PATIENCE)
    # Clocks differ, and all processes must come to the same.
    (left,) = engine.processes.mean(FOR_STEPS * limit.minutes * 60 - (time.monotonic() - began))
    return steps_in(left, 0, engine.course, per_step)


def _engine(
    game_class: type[Game],
    settings: GameSettings,
    dataset: Dataset,
    asked: RunSettings,
    processes: Processes,
) -> Engine:
    """What a run would be played by, to be timed.

    Raises:
        MemoryShortage: in one of the processes its networks do not fit.
    """
    # On a CPU bf16 is taken only where it is faster: so many steps there are at least.
    precision = Precision("float32" if processes.device.type == "cpu" else asked.precision)
    short, engine = None, None
    try:
        engine = Engine(
            game_class, settings, dataset, None, asked.seed, processes, precision, asked.microbatches
        )
    except MemoryShortage as error:
        short = error
    if processes.any(short is not None) or engine is None:
        raise short or MemoryShortage("Another process of the run has too little memory for these networks.")
    return engine


def _rung(
    ladder: list[Recommendation],
    name: str,
    game_class: type[Game],
    dataset: Dataset,
    given: Mapping[str, Any],
    steps_of: Callable[[GameSettings], int],
    limit: Limit | None,
) -> tuple[Recommendation, GameSettings, int, int]:
    """The largest networks for which a run is long enough, else the smallest that there are: of those that
    make as many steps and want as many, again the largest. Also the steps that they make and want."""
    found: tuple[Recommendation, GameSettings, int, int] | None = None
    for rung in reversed(ladder):
        settings = game_class.Settings.of({**rung.settings, **given}, name)
        wanted = game_class.steps_wanted(settings, dataset.spec)
        if found is not None:
            # Larger networks are no faster: what smaller ones do not reach needs no timing. But where steps
            # are given, those that want no more are as near to it. Without a limit each has its own length.
            in_vain = limit is not None and found[2] < wanted
            as_near = limit is not None and limit.minutes is None and wanted == found[3]
            if settings == found[1] or (in_vain and not as_near):
                continue
        try:
            steps = steps_of(settings)
        except MemoryShortage:
            if found is None:
                raise
            break
        if found is None or steps >= wanted or (steps, wanted) == found[2:]:
            found = (rung, settings, steps, wanted)
    assert found is not None, "a ladder has a rung"
    return found


def _as_before(
    settings: GameSettings,
    path: str,
    game_class: type[Game],
    dataset: Dataset,
    values: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Chosen:
    """The settings of the run whose weights a new one begins with, but for a batch that the data has not.

    Args:
        settings: those of that run, and what was given.
        path: its folder.
        game_class: whose they are.
        dataset: what is trained on.
        values: the settings by name.
        given: what was given.
    """
    by_rule, reasons = {}, []
    count = game_class.examples_given(settings, dataset.spec)
    if settings.batch_size > count and "batch_size" not in given:
        by_rule = {"batch_size": batch_for(count)}
        settings = game_class.Settings.of({**values, **by_rule}, game_class.__name__)
        reasons.append(
            f"Settings as in {path}, but {_options(by_rule)}: the data has {counted(count, 'example')}."
        )
    flags = settings.flat()
    rules = rules_of(game_class, dataset.spec)
    advised = {name: value for name, value in rules[0].beside.items() if name in WAYS} if rules else {}
    if advised and not any(flags[name] or name in given for name in WAYS):
        reasons.append(
            f"Hint: {dataset.examples.kind.amount(len(dataset))} are so few that a critic would learn them "
            f"by heart, and {path} changed none at random: {_options(advised)} does so."
        )
    return Chosen(settings, by_rule, tuple(reasons))


def _settings_before(system: str, path: str) -> dict[str, Any]:
    """The settings of the run whose weights a new one begins with; none of another system's."""
    run = Run.open(path)
    same = run.description["system"] == absolute_reference(system)
    return dict(run.description["settings"]) if same else {}


def _reading_before(path: str, data: str) -> dict[str, Any]:
    """How data is read so that its examples are such as those of the run whose weights a new one begins with:
    the options that its source takes, None where that run has nothing to say."""
    before = Run.open(path).description["data"]
    kind, source = kind_from(before["spec"]["examples"]), data.partition(":")[0]
    if source == "text":
        return {"tokens": before.get("tokens")}
    found = kind_in(data) if source in ("folder", "npz", "idx", "pairs", "unpaired") else None
    if found and found.has_size and kind.has_size:
        channels, height, width = kind.shape
        alpha = {"alpha": channels == 4 or None} if source == "folder" else {}
        return {"size": f"{width}x{height}", "fit": before.get("fit"), **alpha}
    return {}


def _reasons(
    system: str, by_rule: Mapping[str, Any], rung: Recommendation, steps: int, wanted: int
) -> tuple[str, ...]:
    """What was chosen, and because of what."""
    beside = f", where networks of this size want {wanted:,}" if wanted else ""
    length = f"about {counted(steps, 'step')}{beside}"
    return (
        f"Chosen by rule: {system} {_options(by_rule) or 'as published'} (--preset paper has the paper's).",
        f"Because of: {rung.why}; {length}.",
    )


def _too_short(steps: int, wanted: int, game_class: type[Game], dataset: Dataset) -> str | None:
    """In words, where a run is too short for its networks, which would do; None where it is long enough."""
    if steps >= wanted:
        return None

    def enough(rung: Recommendation) -> int:
        settings = game_class.Settings.of(rung.settings, game_class.__name__)
        return game_class.steps_wanted(settings, dataset.spec)

    smaller = [(enough(rung), rung) for rung in game_class.recommended(dataset.spec)]
    fitting = next((rung for needed, rung in smaller if needed <= steps), None)
    if fitting is not None:
        way = f"{_options(fitting.size)} would do"
    elif smaller and smaller[-1][0] < wanted:
        needed, rung = smaller[-1]
        way = f"give it more steps, or {_options(rung.size)}, which want some {needed:,}"
    else:
        way = "give it more steps, as none smaller is known"
    length = counted(steps, "step")
    return f"About {length} would be few for networks of this size, which want some {wanted:,}: {way}."


def _options(values: Mapping[str, Any]) -> str:
    return " ".join(quoted(word) for name, value in values.items() for word in as_option(name, value))

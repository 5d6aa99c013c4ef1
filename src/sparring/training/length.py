"""The length of a run: how many steps its limit comes to."""

from __future__ import annotations

import functools
import math
from typing import Any

from sparring.console import Console, duration_text
from sparring.errors import RunError
from sparring.game_settings import PAPER
from sparring.recommendation import has_rules, nearest_settings
from sparring.runs.checkpoint import Checkpoint
from sparring.runs.folder import Run
from sparring.runs.group import agreed_length
from sparring.settings import Limit
from sparring.shown import counted
from sparring.training.engine import Engine
from sparring.training.fitting import fitting_rules
from sparring.training.pace import Pace
from sparring.training.timing import seconds_of, seconds_per_step

SAME_EPOCH = 1e-3
"""By how much an epoch may differ for rounding."""
LONG_ENOUGH = 0.25
"""Share of its published length from which on a run with the published settings is judged. After a tenth of
it, `gan` covers a quarter of the digits that it covers at the end."""


def published_length(engine: Engine) -> Limit:
    """How long a run is that was given no limit."""
    published = engine.course.published_length()
    return Limit(steps=published) if published else engine.game.length


def enough_steps(engine: Engine) -> int:
    """With how many steps a run is long enough to be judged; 0 where that is not known.

    With settings of a rule, or of a preset that is not the paper's, as many as these want.
    """
    game, settings, data = type(engine.game), engine.game.settings, engine.game.data
    recommended = [each.settings for each in fitting_rules(game, engine.dataset)]
    preset, _ = nearest_settings(game, settings, recommended, game.idle_settings(settings, data))
    wanted = game.steps_wanted(settings, data) if preset != PAPER and has_rules(game) else 0
    published = published_length(engine)
    if wanted or published.minutes is not None:
        return wanted
    return math.ceil(LONG_ENOUGH * engine.course.steps_of(published))


def settle_length(
    limit: Limit,
    run: Run,
    engine: Engine,
    description: dict[str, Any],
    checkpoint: Checkpoint | None,
    began: float,
) -> Pace | None:
    """Fix how many steps the run has; or give what will, where the limit is a time.

    Until then a new run is at the beginning of its schedules, and one that goes on where it would be if it
    went on as fast as before.

    Args:
        limit: of the whole run.
        run: which may be one of a group, whose runs have one length.
        engine: is told its length, for the time being where it is not known.
        description: of the run; its `total_steps` is None as long as they are not known.
        checkpoint: where the run goes on.
        began: when this was asked for, by `time.monotonic`.
    """
    spent, done = (checkpoint.seconds, checkpoint.step) if checkpoint else (0.0, 0)
    pace = None
    if limit.minutes is None:
        engine.set_length(engine.course.steps_of(limit))
    else:
        left = limit.minutes * 60 - spent
        if done:
            engine.set_length(done + int(max(0.0, left) * done / max(spent, 1e-3)))
        if left > 0 or not done:
            pace = Pace(
                engine, max(0.0, left), began, functools.partial(agreed_length, run.path, limit.minutes)
            )
    description["total_steps"] = engine.total_steps if pace is None else None
    return pace


def refuse_shorter(run: Run, total: int, done: int) -> None:
    """Raise RunError where a run has more steps behind it than it is to have."""
    if total < done:
        raise RunError(
            f"{run.path} is at step {done:,} already, beyond the {counted(total, 'step')} asked for: a "
            "limit is the total of the whole run, so give a larger one."
        )


def refuse_other_epochs(run: Run, engine: Engine) -> None:
    """Raise RunError where the epochs that a run has behind it are not what they are counted as now: what is
    kept after each would be overwritten."""
    for row in reversed(run.history()):
        step, epoch = row.get("step"), row.get("epoch")
        if step and epoch is not None:
            if abs(engine.course.epoch(step) - epoch) > SAME_EPOCH:
                raise RunError(
                    f"{run.path} counts epochs as an earlier version did, step {step:,} as {epoch:g} and not "
                    f"as {engine.course.epoch(step):g}: begin a new run with its weights, by --from."
                )
            return


def announce_length(limit: Limit, engine: Engine, console: Console) -> None:
    """Say how long a run takes that was given no limit."""
    steps, per_step = engine.total_steps, seconds_per_step(engine)
    console.line(
        f"No limit given: the published length, {limit} ({counted(steps, 'step')}), about "
        f"{duration_text(seconds_of(engine.course, per_step))} on this machine. Ctrl-C saves at any time; "
        "--epochs, --max-steps or --max-minutes choose another length."
    )

"""The end of a run: what is said of it once it is trained."""

from __future__ import annotations

from sparring.console import Console
from sparring.data.dataset import Dataset
from sparring.data.kinds import kind_from
from sparring.game import Game
from sparring.reporting.validation import at_the_best_validation
from sparring.runs.folder import Run
from sparring.shown import quoted
from sparring.training.signals import saying


def check_enough_to_evaluate(dataset: Dataset) -> None:
    """Raise DataError where the evaluation at the end of a run will lack real examples."""
    # Evaluation brings modules that a run without one should not wait for.
    from sparring.evaluation.enough import check_enough_real

    check_enough_real(dataset)


def check_judged_by(figure: str, game: Game, dataset: Dataset) -> None:
    """Raise SettingError where no figure of that name can judge what a game makes beside real examples."""
    # Likewise.
    from sparring.evaluation.enough import MINIMUM
    from sparring.evaluation.evaluate import check_has_reference

    # Real examples stand for samples, with what the game is told of such.
    told = game.condition(dataset.in_range(*game.value_range)).evenly(MINIMUM)
    check_has_reference(figure, Dataset("samples", dataset.examples.evenly(len(told)), told), dataset)


def say_how_good(run: Run, console: Console, evaluated: bool, suffix: str) -> None:
    """The end of a run: what validation chooses, an evaluation if one was asked for, what to try next."""
    chosen = at_the_best_validation(run.history())
    if chosen is not None:
        console.line(chosen)
    path = quoted(run.path)
    made_of_others = kind_from(run.description["condition"]).from_data
    next_steps = [
        f"sparring translate {path} photo.png made.png"
        if made_of_others
        else f"sparring sample {path} --count 100 --out samples{suffix}",
        f"sparring report {path}",
        "sparring zoo",
    ]
    if evaluated:
        # Evaluation brings modules that a run without one should not wait for.
        from sparring.evaluation.runs import evaluate

        with saying(f"Stopped; the run itself is finished. Go on with: sparring evaluate {path}"):
            evaluation = evaluate(run, quiet=not console.live)
        console.table(evaluation.table())
        console.line(evaluation.seen_through())
        console.line(evaluation.verdict.text)
    else:
        next_steps.insert(0, f"sparring evaluate {path}")
    console.line("\n  ".join(["Try next:", *next_steps]))

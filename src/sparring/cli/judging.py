"""Commands that judge: runs, pictures, systems."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sparring.cli.options import TRACEBACK, chosen, parsed, sampling_options
from sparring.shown import quoted, say

if TYPE_CHECKING:
    from sparring.reporting.compare import Comparison


def evaluate(arguments: list[str]) -> None:
    """Print how good a run is, or each run of a group."""
    from sparring.console import Terminal
    from sparring.evaluation.runs import evaluate
    from sparring.reporting.compare import compare_by
    from sparring.runs.group import is_group, runs_in

    json = (bool, "Print JSON instead of a table; of a group of seeds, a list.", False)
    how = sampling_options(arguments)
    options = parsed("evaluate", evaluate, arguments, json=json, **how)
    options |= chosen(options, how)
    as_json, target = options.pop("json"), options.pop("target")
    texts = []
    for run in runs_in([target]):
        evaluation = evaluate(run, **options)
        texts.append(evaluation.to_json())
        if not as_json:
            for table in evaluation.tables():
                Terminal().print(table)
            say(evaluation.seen_through())
            say(evaluation.verdict.text)
    if as_json:
        print(f"[{','.join(texts)}]\n" if is_group(target) else texts[0], end="")
    elif len(texts) > 1:
        show_comparison(compare_by([target], evaluation))


def sweep(arguments: list[str]) -> None:
    """Print quality against diversity over temperatures."""
    from sparring.console import Terminal
    from sparring.evaluation.sweep import sweep

    Terminal().print(sweep(**parsed("sweep", sweep, arguments)).table())


def classify(arguments: list[str]) -> None:
    """Print the classes of pictures."""
    from sparring.classifying.classify import classify
    from sparring.console import Terminal

    as_csv = (bool, "Print a table of comma-separated values, with the probability of each class.", False)
    options = parsed("classify", classify, arguments, csv=as_csv)
    wanted = options.pop("csv")
    found = classify(**options)
    if wanted:
        print(found.csv(), end="")
        return
    say(*found.lines())
    for table in found.tables():
        Terminal().print(table)
    judged = found.judged()
    if judged is not None:
        say(judged)


def report(arguments: list[str]) -> None:
    """Write a run's report."""
    from sparring.reporting.report import report

    say(f"Wrote {report(**parsed('report', report, arguments))}")


def compare(arguments: list[str]) -> None:
    """Print several runs in a table."""
    from sparring.reporting.compare import compare

    options = parsed("compare", compare, arguments)
    show_comparison(compare(**options))
    if options["out"] is not None:
        say(f"Wrote {options['out']}")


def show_comparison(comparison: Comparison) -> None:
    """Print its tables."""
    from sparring.console import Terminal

    console = Terminal()
    for table in comparison.tables(console.width):
        console.print(table)
    say(*comparison.notes)


def tensorboard(arguments: list[str]) -> None:
    """Write runs for TensorBoard."""
    from sparring.reporting.tensorboard import tensorboard

    options = parsed("tensorboard", tensorboard, arguments)
    for folder in tensorboard(**options):
        say(f"Wrote {folder}")
    logdir = options["logdir"] or os.path.commonpath(map(os.path.abspath, options["runs"]))
    say(f"To look at it: tensorboard --logdir {quoted(logdir)}")


def check(arguments: list[str]) -> None:
    """Try a system, and print what was found as it is found."""
    from sparring.checking import Examination, check

    examination = Examination(**parsed("check", check, arguments))
    say(examination.heading)
    results = []
    for result in examination.results():
        results.append(result)
        say(result.text(TRACEBACK in arguments))
    report = examination.report(results)
    say(report.summary)
    report.raise_if_wrong()

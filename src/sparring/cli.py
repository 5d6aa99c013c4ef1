"""The command line, thin: each command calls one public function, from which it takes its options.

torch is imported only after the command is known, so that `sparring --help` answers at once.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from sparring.errors import SettingError, SparringError, nearest
from sparring.memory import telling_shortage
from sparring.output import complain, forget
from sparring.shown import quoted, say, visible_line, write_anything

if TYPE_CHECKING:
    from sparring.game import Game

USAGE = """\
sparring: generative adversarial networks that train, explain themselves, and are held to their numbers.

  sparring zoo                  every system, its paper, its settings (--search TERM: other GANs)
  sparring tricks               every trick, its flags  (sparring tricks packing)
  sparring train [SYSTEM]       train a system          (sparring train --data folder:photos)
  sparring resume RUN           go on with a run        (sparring resume runs/gan-mnist-1)
  sparring sample RUN           generate from a run     (sparring sample RUN --count 100 --out digits.png)
  sparring classify RUN FILE    name pictures' classes   (sparring classify RUN photo.png folder/ --csv)
  sparring translate RUN IN OUT pictures of pictures    (sparring translate RUN photo.jpg made.png)
  sparring directions RUN       what its noise does     (sparring directions RUN --out directions.png)
  sparring project RUN IMAGE    find an image in it     (sparring project RUN photo.jpg --out found.png)
  sparring film RUN FILE.gif    how its samples came    (sparring film RUN run.gif)
  sparring export RUN DIR       for others to use       (sparring export RUN digits)
  sparring evaluate RUN         say how good a run is   (sparring evaluate RUN --json)
  sparring sweep RUN            quality against diversity (of texts, over temperatures)
  sparring report RUN           one HTML file of a run  (sparring report RUN --out run.html)
  sparring compare RUN RUN ...  several runs in a table (sparring compare runs/* --out all.html)
  sparring tensorboard RUN ...  for TensorBoard to show (sparring tensorboard runs/* --logdir logs)
  sparring check FILE.py:CLASS  try a system of yours   (sparring check mygame.py:LSGAN)

Each takes --help, and --traceback to show errors whole; `sparring train SYSTEM --help` lists the system's
own settings.
"""

EXAMPLES = {
    "check": "sparring check mygame.py:LSGAN",
    "classify": "sparring classify runs/improved-gan-mnist-1 photo.png folder/",
    "film": "sparring film runs/gan-mnist-1 run.gif",
    "export": "sparring export runs/gan-mnist-1 digits",
    "compare": "sparring compare runs/gan-mnist-1 runs/gan-mnist-2",
    "evaluate": "sparring evaluate runs/gan-mnist-1",
    "report": "sparring report runs/gan-mnist-1",
    "resume": "sparring resume runs/gan-mnist-1",
    "sample": "sparring sample runs/gan-mnist-1 --out digits.png",
    "sweep": "sparring sweep runs/language-model-text-1",
    "directions": "sparring directions runs/gan-mnist-1 --out directions.png",
    "project": "sparring project runs/gan-mnist-1 photo.jpg --out found.png",
    "tensorboard": "sparring tensorboard runs/gan-mnist-1",
    "translate": "sparring translate runs/pix2pix-pairs-1 photo.jpg made.png",
}
"""A right use of each command that cannot do without arguments."""


TRACEBACK = "--traceback"
"""The option of every command that shows where an error comes from."""
WHOLE = (bool, "Show errors whole, with where they come from.", False)
"""Its type, its help, its default."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; exits with 0, with 2 after a mistake, 3 where training cannot go on, 130 after
    Ctrl-C."""
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        write_anything(stream)
    code = _exit_code(list(sys.argv[1:] if arguments is None else arguments))
    if "torch" in sys.modules:
        from sparring.processes import end_with_the_others

        end_with_the_others(code)
    if code:
        sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    """Run a command and say what went wrong, if anything did."""
    try:
        with telling_shortage():
            _dispatch(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except SparringError as error:
        # Of several processes that stop together, only one has something to say.
        if str(error):
            _complain(error, arguments)
        return error.exit_code
    except KeyboardInterrupt:
        begins = arguments[:1] in (["train"], ["resume"])
        complain("stopped before anything was begun." if begins else "stopped.")
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        forget(sys.stdout)
        return 1
    except (Exception, SystemExit) as error:
        if _is_of_output(error):
            forget(sys.stdout)
            complain(f"What is printed cannot be written: {os.strerror(error.errno or 0).lower()}.")
        elif _is_of_own_code(error):
            _complain(error, arguments)
        else:
            raise
        return SparringError.exit_code
    return 0


def _complain(error: BaseException, arguments: Sequence[str]) -> None:
    """Say what went wrong in a sentence, after all that is known of it where that is asked for."""
    from sparring.blame import sentence_of
    from sparring.imports import OWN_FILES

    if TRACEBACK in arguments:
        traceback.print_exception(error)
    complain(sentence_of(error, OWN_FILES))


def _is_of_output(error: BaseException) -> TypeGuard[OSError]:
    """Whether what is printed could not be written: of a file that we opened ourselves, the name is known."""
    return isinstance(error, OSError) and error.filename is None and error.errno is not None


def _is_of_own_code(error: BaseException) -> bool:
    """Whether an error comes of code that is not sparring's, or of what such code has given."""
    from sparring.blame import place_of_error
    from sparring.imports import OWN_FILES

    if isinstance(error, SystemExit):
        # Others come of a command's --help.
        return place_of_error(error, OWN_FILES) is not None
    return bool(OWN_FILES)


def _dispatch(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return
    if arguments[0] == "--version":
        from sparring import __version__

        print(__version__)
        return
    _check_place()
    command, *rest = arguments
    if command not in COMMANDS:
        raise SettingError(
            f"There is no command '{command}'.{nearest(command, COMMANDS)} There are: {', '.join(COMMANDS)}."
        )
    COMMANDS[command](rest)


def _check_place() -> None:
    """Raise SettingError where the folder that this is run in is gone, without which torch does not load."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise SettingError("The folder that this is run in is gone: go to one that exists.") from error


def _parsed(
    command: str, function: Callable[..., Any], arguments: list[str], **more: tuple[Any, str, Any]
) -> dict[str, Any]:
    """The options of a command that calls a function, by name."""
    from sparring.arguments import options_of, parse

    kind = options_of(function, **more, traceback=WHOLE)
    options = dict(vars(parse(kind, arguments, f"sparring {command}", EXAMPLES.get(command, ""))))
    # It is for whoever catches the error.
    del options["traceback"]
    return options


def zoo(search: str | None = None) -> None:
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


def _zoo(arguments: list[str]) -> None:
    zoo(**_parsed("zoo", zoo, arguments))


def _tricks(arguments: list[str]) -> None:
    from sparring.console import Terminal
    from sparring.tricks.listing import listing

    Terminal().print(listing(**_parsed("tricks", listing, arguments)))


def _train(arguments: list[str]) -> None:
    from sparring.arguments import given_names, parse, value_of
    from sparring.zoo import SYSTEMS, find_system, usual_system

    if not arguments:
        raise SettingError(
            "`sparring train` needs the name of a system, or of data, as in `sparring train gan` and "
            "`sparring train --data folder:photos`."
        )
    if arguments[0] in ("-h", "--help"):
        print(
            "usage: sparring train [SYSTEM] [options]\n\n"
            f"SYSTEM is one of {', '.join(SYSTEMS)},\nor path/to/file.py:ClassName for one of your own; "
            "without one, what is known to do best on the data.\n"
            "`sparring train SYSTEM --help` lists all options; `sparring zoo` says what each is for."
        )
        return
    named = not arguments[0].startswith("-")
    rest = arguments[named:]
    name = arguments[0] if named else usual_system(value_of("--data", rest) or "mnist")
    system = find_system(name)
    from sparring.training.settings import RunSettings
    from sparring.training.train import start

    options = _train_options(system, RunSettings)
    # A preset changes the defaults, so it must be known before the rest is read.
    preset = system.Settings.of(system.preset_values(value_of("--preset", rest)), name)
    description = (
        f"{inspect.getdoc(system)}\n\nPaper: {system.paper}." if system.paper else inspect.getdoc(system)
    )
    parsed = parse(
        options, rest, f"sparring train {name}", description=description, default=options(system=preset)
    )
    values = parsed.system.flat()
    given = {setting: values[setting] for setting in given_names(options, rest) if setting in values}
    if parsed.run.seeds is None:
        start(name, system, parsed.run, given)
    else:
        from sparring.training.seeds import begin_seeds

        begin_seeds(name, system, parsed.run, given)


def _train_options(system: type[Game], run_settings: type[Any]) -> type[Any]:
    from sparring.arguments import option

    return dataclasses.make_dataclass(
        "Options",
        [("run", run_settings, dataclasses.field(default_factory=run_settings)),
         ("system", system.Settings, dataclasses.field(default_factory=system.Settings)),
         ("traceback", *option("traceback", *WHOLE))],
    )  # fmt: skip


def _resume(arguments: list[str]) -> None:
    from sparring.runs.group import Group, is_group
    from sparring.training.train import resume

    options = _parsed("resume", resume, arguments)
    if is_group(options["run"]):
        from sparring.training.seeds import resume_seeds

        quiet = options.pop("quiet")
        resume_seeds(Group.open(options.pop("run")), quiet=quiet, **options)
    else:
        resume(**options)


def _sampling(words: Sequence[str]) -> dict[str, tuple[Any, str, Any]]:
    """The options that a run's system has for how samples are made, where some words name a run, or a group
    of seeds."""
    from sparring.model import recorded_system
    from sparring.runs.folder import Run
    from sparring.runs.group import Group
    from sparring.runs.place import is_group, is_run

    named = next((word for word in words if is_run(word) or is_group(word)), None)
    if named is None:
        return {}
    runs = Group.open(named).runs() if is_group(named) else [Run.open(named)]
    settings = runs[0].description["settings"] if runs else {}
    about = "Of these samples, instead of the {} that the run has."
    return {
        name: (float | None, about.format(settings.get(name)), None)
        for name in (recorded_system(runs[0]).sampling if runs else ())
    }


def _chosen(options: dict[str, Any], sampling: Iterable[str]) -> dict[str, float]:
    """What was given for how samples are made, taken out of the options."""
    given = {name: options.pop(name) for name in sampling}
    return {name: value for name, value in given.items() if value is not None}


def _sample(arguments: list[str]) -> None:
    from sparring.model import load, sample
    from sparring.sample_files import check_samples_file, write_samples

    about = (
        "FILE.png for a picture (FILE.txt of texts), FILE.npz for arrays: `images` (uint8, N x H x W x C), "
        "`points` or `tokens`, and `labels` of a system that is told classes: those that the data has; "
        "FOLDER/ for a file for each, in a folder for each class."
    )
    formats = "Of the files in FOLDER/: png, jpg or webp; by default png, or txt for texts."
    how = _sampling(arguments)
    options = _parsed(
        "sample",
        sample,
        arguments,
        out=(str, about, dataclasses.MISSING),
        format=(str | None, formats, None),
        **how,
    )
    sampling = _chosen(options, how)
    out, form = options.pop("out"), options.pop("format")
    check_samples_file(out, form=form)
    steps = options["interpolate"]
    if steps is None:
        model = load(options["run"], options["epoch"], options["device"], **sampling)
        drawn = model.batches(*(options[name] for name in ("count", "label", "seed", "truncation")))
    else:
        samples = sample(**(options | sampling))
        drawn, options["count"] = iter([samples]), len(samples)
    files = write_samples(out, drawn, options["count"], steps, form)
    several = f" and {len(files) - 1:,} more files" if len(files) > 1 else ""
    say(f"Wrote {options['count']} samples to {files[0]}{several}")


def _classify(arguments: list[str]) -> None:
    from sparring.classifying.classify import classify
    from sparring.console import Terminal

    as_csv = (bool, "Print a table of comma-separated values, with the probability of each class.", False)
    options = _parsed("classify", classify, arguments, csv=as_csv)
    wanted = options.pop("csv")
    found = classify(**options)
    if wanted:
        print(found.csv(), end="")
        return
    say(*found.lines())
    confusion, judged = found.confusion(), found.judged()
    if confusion is not None:
        Terminal().print(confusion)
    if judged is not None:
        say(judged)


def _translate(arguments: list[str]) -> None:
    from sparring.translation.translate import translate

    say(f"Wrote {translate(**_parsed('translate', translate, arguments))}")


def _directions(arguments: list[str]) -> None:
    from sparring.exploring.runs import directions
    from sparring.sample_files import check_samples_file

    about = "FILE.png: a row for each direction; FILE.gif for a film, FILE.npz for arrays."
    options = _parsed("directions", directions, arguments, out=(str, about, dataclasses.MISSING))
    out = options.pop("out")
    check_samples_file(out)
    directions(**options).save(out, columns=options["steps"])
    say(f"Wrote {options['count']} directions to {out}")


def _project(arguments: list[str]) -> None:
    from sparring.exploring.runs import project
    from sparring.sample_files import check_samples_file

    about = "FILE.png: the image, and what is generated, side by side; FILE.npz for arrays."
    options = _parsed("project", project, arguments, out=(str, about, dataclasses.MISSING))
    out = options.pop("out")
    check_samples_file(out)
    found, shown = project(**options)
    shown.save(out, columns=len(shown))
    names = [found.told.kind.class_names[int(number)] for number in found.told.values.flatten()]
    as_what = f" as '{visible_line(names[0])}'" if names else ""
    say(f"Wrote {out}: generated{as_what}, {found.psnr:.1f} dB, mean difference {found.distance:.4f} (of 1)")


def _film(arguments: list[str]) -> None:
    from sparring.reporting.filming import film

    say(f"Wrote {film(**_parsed('film', film, arguments))}")


def _export(arguments: list[str]) -> None:
    from sparring.exporting.folder import export

    say(f"Wrote {export(**_parsed('export', export, arguments))}")


def _evaluate(arguments: list[str]) -> None:
    from sparring.console import Terminal
    from sparring.evaluation.runs import evaluate
    from sparring.runs.group import is_group, runs_in

    json = (bool, "Print JSON instead of a table; of a group of seeds, a list.", False)
    how = _sampling(arguments)
    options = _parsed("evaluate", evaluate, arguments, json=json, **how)
    options |= _chosen(options, how)
    as_json, target = options.pop("json"), options.pop("target")
    texts = []
    for run in runs_in([target]):
        evaluation = evaluate(run, **options)
        texts.append(evaluation.to_json())
        if not as_json:
            Terminal().print(evaluation.table())
            say(evaluation.seen_through())
            say(evaluation.verdict.text)
    if as_json:
        print(f"[{','.join(texts)}]\n" if is_group(target) else texts[0], end="")
    elif len(texts) > 1:
        _show_comparison([target])


def _sweep(arguments: list[str]) -> None:
    from sparring.console import Terminal
    from sparring.evaluation.sweep import sweep

    Terminal().print(sweep(**_parsed("sweep", sweep, arguments)).table())


def _report(arguments: list[str]) -> None:
    from sparring.reporting.report import report

    say(f"Wrote {report(**_parsed('report', report, arguments))}")


def _compare(arguments: list[str]) -> None:
    from sparring.reporting.compare import compare

    options = _parsed("compare", compare, arguments)
    _show_comparison(**options)
    if options["out"] is not None:
        say(f"Wrote {options['out']}")


def _show_comparison(runs: Sequence[Any], out: str | None = None) -> None:
    from sparring.console import Terminal
    from sparring.reporting.compare import compare

    comparison = compare(runs, out)
    console = Terminal()
    for table in comparison.tables(console.width):
        console.print(table)
    say(*comparison.notes)


def _tensorboard(arguments: list[str]) -> None:
    from sparring.reporting.tensorboard import tensorboard

    options = _parsed("tensorboard", tensorboard, arguments)
    for folder in tensorboard(**options):
        say(f"Wrote {folder}")
    logdir = options["logdir"] or os.path.commonpath(map(os.path.abspath, options["runs"]))
    say(f"To look at it: tensorboard --logdir {quoted(logdir)}")


def _check(arguments: list[str]) -> None:
    from sparring.checking import Examination, check

    examination = Examination(**_parsed("check", check, arguments))
    say(examination.heading)
    results = []
    for result in examination.results():
        results.append(result)
        say(result.text(TRACEBACK in arguments))
    report = examination.report(results)
    say(report.summary)
    report.raise_if_wrong()


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "zoo": _zoo,
    "tricks": _tricks,
    "train": _train,
    "resume": _resume,
    "sample": _sample,
    "classify": _classify,
    "translate": _translate,
    "directions": _directions,
    "project": _project,
    "film": _film,
    "export": _export,
    "evaluate": _evaluate,
    "sweep": _sweep,
    "report": _report,
    "compare": _compare,
    "tensorboard": _tensorboard,
    "check": _check,
}


def _show_warning(message: Warning | str, *details: Any, **more: Any) -> None:
    complain(str(message))

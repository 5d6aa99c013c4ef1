"""The command line, thin: each command calls one public function.

torch is imported only after the command is known, so that `sparring --help` answers at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import itertools
import os
import shlex
import sys
import typing
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import tyro
from tyro.conf import Positional, arg

from sparring.errors import SettingError, SparringError, nearest

if TYPE_CHECKING:
    from sparring.game import Game

Options = TypeVar("Options")

USAGE = """\
sparring: generative adversarial networks that train, explain themselves, and are held to their numbers.

  sparring zoo                  every system, its paper, its settings
  sparring train SYSTEM         train a system          (sparring train gan --max-minutes 2)
  sparring resume RUN           go on with a run        (sparring resume runs/gan-mnist-1)
  sparring sample RUN           generate from a run     (sparring sample RUN --count 100 --out digits.png)
  sparring evaluate RUN         say how good a run is   (sparring evaluate RUN --json)
  sparring report RUN           one HTML file of a run  (sparring report RUN --out run.html)
  sparring compare RUN RUN ...  several runs in a table (sparring compare runs/* --out all.html)
  sparring tensorboard RUN ...  for TensorBoard to show (sparring tensorboard runs/* --logdir logs)

Each takes --help; `sparring train SYSTEM --help` lists the system's own settings.
"""


@dataclass(frozen=True)
class Zoo:
    """List every system with its paper, what it is for, and its settings' defaults."""


@dataclass(frozen=True)
class Resume:
    """Go on with a run that was interrupted, or with a finished one for longer."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """The run folder."""
    epochs: Annotated[int | None, arg(metavar="N")] = None
    """The run's new total of passes over the data; by default its own limit."""
    max_steps: Annotated[int | None, arg(metavar="N")] = None
    """The run's new total of steps."""
    max_minutes: Annotated[float | None, arg(metavar="MINUTES")] = None
    """The run's new total of minutes."""
    device: Annotated[str | None, arg(metavar="DEVICE")] = None
    """Where to go on; by default where it was."""
    on_unhealthy: Literal["warn", "stop", "rollback"] | None = None
    """What to do about a finding from here on; by default what the run was told."""
    quiet: bool = False
    """Plain lines instead of a live progress bar."""


@dataclass(frozen=True)
class Evaluate:
    """Say how far generated examples are from real ones: fidelity, diversity, mode coverage, label agreement.

    Each figure has a 95 % interval, and beside it the same figure for real examples against other real ones.
    """

    target: Positional[str]
    """A run folder, whose evaluation is also written into it, or an .npz file of samples."""
    count: int = 10_000
    """How many samples to draw, or to take of a file at the most."""
    data: Annotated[str | None, tyro.conf.arg(metavar="DATA")] = None
    """The real examples; by default what the run was trained on."""
    features: Annotated[str | None, tyro.conf.arg(metavar="FEATURES")] = None
    """What images are compared by: digits, pixels, or a file (.safetensors of `python -m
    sparring.evaluation.classifier`, TorchScript .pt, .onnx); by default what suits the data."""
    json: bool = False
    """Print JSON instead of a table."""
    seed: int = 0
    """Decides the samples and the resamples behind the intervals."""
    epoch: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """An epoch whose networks were kept; by default the latest checkpoint."""
    device: str = "auto"
    """auto, cpu, cuda ..."""


@dataclass(frozen=True)
class Report:
    """Write one HTML file of a run: pictures over time, curves, evaluation, settings, how to repeat it."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """The run folder; it may still be training."""
    out: Annotated[str | None, arg(metavar="FILE")] = None
    """The file to write; by default report.html in the run folder."""


@dataclass(frozen=True)
class Compare:
    """Put runs side by side; those that differ only by their seed make one row, with intervals over seeds."""

    runs: Annotated[
        Positional[tuple[str, ...]], arg(metavar="RUN [RUN ...]", help_behavior_hint="(required)")
    ]
    """The run folders, two or more."""
    out: Annotated[str | None, arg(metavar="FILE")] = None
    """FILE.html to write as well, with curves over each other and the last pictures."""


@dataclass(frozen=True)
class TensorBoard:
    """Write runs as event files for TensorBoard: history, pictures and findings.

    A repetition brings them up to date.
    """

    runs: Annotated[
        Positional[tuple[str, ...]], arg(metavar="RUN [RUN ...]", help_behavior_hint="(required)")
    ]
    """The run folders; they may still be training."""
    logdir: Annotated[str | None, arg(metavar="DIR")] = None
    """Where each run gets a folder of its name; by default each has its events in its own RUN/tensorboard."""


@dataclass(frozen=True)
class Sample:
    """Generate examples from a run; the same seed gives the same ones."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """The run folder."""
    out: Annotated[str, arg(metavar="FILE")]
    """FILE.png for a picture, FILE.npz for arrays: `images` (uint8, N x H x W x C) or `points`, and
    `labels` (int64) of a system that is told classes."""
    count: Annotated[int, arg(metavar="N")] = 100
    """How many."""
    label: Annotated[str | None, arg(metavar="CLASS")] = None
    """The class of all of them, by number or name; by default all classes in turn."""
    seed: int = 0
    """Decides the noise."""
    epoch: Annotated[int | None, arg(metavar="N")] = None
    """An epoch whose networks were kept; by default the latest checkpoint."""
    device: Annotated[str, arg(metavar="DEVICE")] = "auto"
    """auto, cpu, cuda ..."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; exits with 0, with 2 after a mistake, with 130 after Ctrl-C."""
    warnings.showwarning = _show_warning
    code = _exit_code(list(sys.argv[1:] if arguments is None else arguments))
    if "torch" in sys.modules:
        from sparring.processes import end_with_the_others

        end_with_the_others(code)
    if code:
        sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    """Run a command and say what went wrong, if anything did."""
    try:
        _dispatch(arguments)
    except SparringError as error:
        # Of several processes that stop together, only one has something to say.
        if str(error):
            print(f"sparring: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sparring: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        sys.stderr.close()
        return 1
    return 0


def _dispatch(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return
    if arguments[0] == "--version":
        from sparring import __version__

        print(__version__)
        return
    command, *rest = arguments
    if command not in COMMANDS:
        raise SettingError(
            f"There is no command '{command}'.{nearest(command, COMMANDS)} There are: {', '.join(COMMANDS)}."
        )
    COMMANDS[command](rest)


def _zoo(arguments: list[str]) -> None:
    _parse(Zoo, arguments, "sparring zoo")
    from sparring.zoo import SYSTEMS, find_system

    for name in SYSTEMS:
        system = find_system(name)
        print(f"{name}\n  {system.purpose}\n  paper: {system.paper}\n  length: {system.length}")
        defaults = [f"{_flag(f.name)} {f.default}" for f in dataclasses.fields(system.Settings)]
        print(f"  settings: {', '.join(defaults)}")
        for preset, values in system.presets.items():
            changed = [f"{_flag(setting)} {value}" for setting, value in values.items()]
            print(f"  --preset {preset}: {', '.join(changed)}")
        print()


def _train(arguments: list[str]) -> None:
    from sparring.zoo import SYSTEMS, find_system

    if not arguments or arguments[0].startswith("-"):
        systems = ", ".join(SYSTEMS)
        if not arguments or arguments[0] not in ("-h", "--help"):
            raise SettingError(
                f"`sparring train` needs the name of a system first: {systems}, or path/to/file.py:ClassName."
            )
        print(
            "usage: sparring train SYSTEM [options]\n\n"
            f"SYSTEM is one of {systems},\nor path/to/file.py:ClassName for one of your own.\n"
            "`sparring train SYSTEM --help` lists all options; `sparring zoo` says what each is for."
        )
        return
    name, *rest = arguments
    system = find_system(name)
    from sparring.training import RunSettings, refuse_name_clash, start

    refuse_name_clash(system)

    options = _train_options(system, RunSettings)
    # A preset changes the defaults, so it must be known before the rest is read.
    default = options(system=system.Settings(**system.preset_values(_value_of("--preset", rest))))
    parsed = _parse(options, rest, f"sparring train {name}", about=system, default=default)
    start(name, system, parsed.run, parsed.system)


def _value_of(flag: str, arguments: list[str]) -> str | None:
    """What an option is given, or None where it does not stand."""
    for place, argument in enumerate(arguments):
        word, equals, value = argument.partition("=")
        if word == flag:
            return value if equals else next(iter(arguments[place + 1 :]), None)
    return None


def _train_options(system: type[Game], run_settings: type[Any]) -> type[Any]:
    return dataclasses.make_dataclass(
        "Options",
        [("run", run_settings, dataclasses.field(default_factory=run_settings)),
         ("system", system.Settings, dataclasses.field(default_factory=system.Settings))],
    )  # fmt: skip


def _resume(arguments: list[str]) -> None:
    options = _parse(Resume, arguments, "sparring resume")
    from sparring.training import resume

    resume(**vars(options))


def _sample(arguments: list[str]) -> None:
    options = _parse(Sample, arguments, "sparring sample")
    from sparring.model import check_samples_file, sample

    check_samples_file(options.out)
    samples = sample(
        options.run,
        options.count,
        label=options.label,
        seed=options.seed,
        epoch=options.epoch,
        device=options.device,
    )
    samples.save(options.out)
    print(f"Wrote {options.count} samples to {options.out}")


def _evaluate(arguments: list[str]) -> None:
    options = _parse(Evaluate, arguments, "sparring evaluate")
    from rich.console import Console

    from sparring.evaluation.runs import evaluate

    evaluation = evaluate(
        options.target,
        options.count,
        data=options.data,
        features=options.features,
        seed=options.seed,
        epoch=options.epoch,
        device=options.device,
    )
    if options.json:
        print(evaluation.to_json(), end="")
    else:
        Console().print(evaluation.table())


def _report(arguments: list[str]) -> None:
    options = _parse(Report, arguments, "sparring report")
    from sparring.reporting.report import report

    print(f"Wrote {report(options.run, options.out)}")


def _compare(arguments: list[str]) -> None:
    options = _parse(Compare, arguments, "sparring compare")
    from rich.console import Console

    from sparring.reporting.compare import compare

    comparison = compare(options.runs, options.out)
    console = Console()
    for table in comparison.tables(console.width):
        console.print(table)
    print("\n".join(comparison.notes))
    if options.out is not None:
        print(f"Wrote {options.out}")


def _tensorboard(arguments: list[str]) -> None:
    options = _parse(TensorBoard, arguments, "sparring tensorboard")
    from sparring.reporting.tensorboard import tensorboard

    for folder in tensorboard(options.runs, options.logdir):
        print(f"Wrote {folder}")
    logdir = options.logdir or os.path.commonpath(map(os.path.abspath, options.runs))
    print(f"To look at it: tensorboard --logdir {shlex.quote(logdir)}")


EXAMPLES = {
    "sparring compare": "sparring compare runs/gan-mnist-1 runs/gan-mnist-2",
    "sparring evaluate": "sparring evaluate runs/gan-mnist-1",
    "sparring report": "sparring report runs/gan-mnist-1",
    "sparring resume": "sparring resume runs/gan-mnist-1",
    "sparring sample": "sparring sample runs/gan-mnist-1 --out digits.png",
    "sparring tensorboard": "sparring tensorboard runs/gan-mnist-1",
}
"""A right use of each command that cannot do without arguments."""

COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "zoo": _zoo,
    "train": _train,
    "resume": _resume,
    "sample": _sample,
    "evaluate": _evaluate,
    "report": _report,
    "compare": _compare,
    "tensorboard": _tensorboard,
}


def _parse(
    kind: type[Options],
    arguments: list[str],
    program: str,
    about: type[Game] | None = None,
    default: Options | None = None,
) -> Options:
    """Options from the command line, with one clear sentence for each mistake."""
    if not {"-h", "--help"} & set(arguments):
        _check_arguments(kind, arguments, program)
    wanted: Any = Annotated[kind, tyro.conf.OmitArgPrefixes]
    description = inspect.getdoc(about) if about is not None else None
    if about is not None and about.paper:
        description = f"{description}\n\nPaper: {about.paper}."
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            parsed: Options = tyro.cli(
                wanted, args=arguments, prog=program, description=description, default=default
            )
    except SystemExit as stop:
        if stop.code:
            raise SettingError(_sentence(complaint.getvalue(), program)) from None
        raise
    return parsed


def _check_arguments(kind: type[Any], arguments: Sequence[str], program: str) -> None:
    """Raise SettingError for what a person most often mistypes, in better words than a parser's."""
    hints = _hints(kind)
    required = [name for name, hint in hints.items() if hint.required]
    given: list[str] = []
    waiting = list(arguments)
    while waiting:
        word, equals, value = waiting.pop(0).partition("=")
        if not word.startswith("--"):
            given.append(word + equals + value)
            continue
        name = word[2:].replace("-", "_")
        hint = hints.get(name) or hints.get(name.removeprefix("no_"), _Hint([]))
        if not hint.kinds or hint.positional or (name not in hints and bool not in hint.kinds):
            flags = [_flag(known) for known, hint in hints.items() if not hint.positional]
            raise SettingError(
                f"{program} has no option {word}.{nearest(word, flags)} `{program} --help` lists them."
            )
        if bool in hint.kinds:
            if equals:
                raise SettingError(f"{word} is a switch and takes no value: write {word} or leave it out.")
        else:
            if not equals and (not waiting or waiting[0].startswith("--")):
                raise SettingError(f"{word} needs a value after it: {hint.text}.")
            _check_value(word, value if equals else waiting.pop(0), hint)
        if name in required:
            required.remove(name)
    places = [name for name, hint in hints.items() if hint.positional]
    if len(given) > len(places) and not any(hints[name].many for name in places):
        raise SettingError(
            f"{program} does not know what to do with '{given[len(places)]}': options begin with --, and "
            f"`{program} --help` lists them."
        )
    missing = [name for name in required if name not in places[: len(given)]]
    if missing:
        words = [name.upper() if hints[name].positional else _flag(name) for name in missing]
        raise SettingError(f"{program} needs {' and '.join(words)}, as in `{EXAMPLES[program]}`.")


@dataclass(frozen=True)
class _Hint:
    """What the command line accepts for one field."""

    kinds: list[type]
    positional: bool = False
    required: bool = False

    @property
    def many(self) -> bool:
        """Whether it takes all the words that are left."""
        return any(typing.get_origin(kind) is tuple for kind in self.kinds)

    @property
    def text(self) -> str:
        from sparring.settings import kinds_text

        return kinds_text([kind for kind in self.kinds if kind is not type(None)])


def _check_value(flag: str, value: str, hint: _Hint) -> None:
    if str in hint.kinds or (value == "None" and type(None) in hint.kinds):
        return
    try:
        (float if float in hint.kinds else int)(value)
    except ValueError:
        raise SettingError(f"{flag} is '{value}': it must be {hint.text}.") from None


def _hints(kind: type[Any]) -> dict[str, _Hint]:
    """All fields of the options, those of nested settings too."""
    from sparring.settings import kinds_and_ranges

    hints: dict[str, _Hint] = {}
    annotations = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        nested: Any = field.default_factory
        if isinstance(nested, type) and dataclasses.is_dataclass(nested):
            hints |= _hints(nested)
            continue
        kinds, _ = kinds_and_ranges(annotations[field.name])
        positional = tyro.conf.Positional in typing.get_args(annotations[field.name])
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        hints[field.name] = _Hint(kinds, positional, required)
    return hints


def _sentence(box: str, program: str) -> str:
    """The message within the box that tyro draws around it."""
    lines = [line.strip("│ ") for line in box.splitlines()[1:]]
    message = itertools.takewhile(lambda line: not line.startswith(("─", "╰")), lines)
    return f"{' '.join(message).rstrip('.')}. `{program} --help` says what is accepted."


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _show_warning(message: Warning | str, *details: Any, **more: Any) -> None:
    print(f"sparring: {message}", file=sys.stderr)

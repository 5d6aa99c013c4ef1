"""The command line, thin: each command calls one public function.

torch is imported only after the command is known, so that `sparring --help` answers at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import itertools
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import tyro
from tyro.conf import Positional

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

Each takes --help; `sparring train SYSTEM --help` lists the system's own settings.
"""


@dataclass(frozen=True)
class Zoo:
    """List every system with its paper, what it is for, and its settings' defaults."""


@dataclass(frozen=True)
class Resume:
    """Go on with a run that was interrupted, or with a finished one for longer."""

    run: Positional[str]
    """The run folder."""
    epochs: int | None = None
    """The run's new total of passes over the data; by default its own limit."""
    max_steps: int | None = None
    """The run's new total of steps."""
    max_minutes: float | None = None
    """The run's new total of minutes."""
    device: str | None = None
    """Where to go on; by default where it was."""
    quiet: bool = False
    """Plain lines instead of a live progress bar."""


@dataclass(frozen=True)
class Sample:
    """Generate examples from a run; the same seed gives the same ones."""

    run: Positional[str]
    """The run folder."""
    out: str
    """FILE.png for a picture, FILE.npz for arrays: `images` (uint8, N x H x W x C) or `points`, and
    `labels` (int64) of a system that is told classes."""
    count: int = 100
    """How many."""
    label: str | None = None
    """The class of all of them, by number or name; by default all classes in turn."""
    seed: int = 0
    """Decides the noise."""
    epoch: int | None = None
    """An epoch whose networks were kept; by default the latest checkpoint."""
    device: str = "auto"
    """auto, cpu, cuda ..."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; exits with 0, with 2 after a mistake, with 130 after Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    warnings.showwarning = _show_warning
    try:
        _dispatch(arguments)
    except SparringError as error:
        print(f"sparring: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("sparring: stopped.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        sys.stderr.close()
        sys.exit(1)


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
        print(f"  settings: {', '.join(defaults)}\n")


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
    from sparring.training import RunSettings, start

    parsed = _parse(_train_options(system, RunSettings), rest, f"sparring train {name}", about=system)
    start(name, parsed.run, parsed.system)


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
    from sparring.model import sample

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


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "zoo": _zoo,
    "train": _train,
    "resume": _resume,
    "sample": _sample,
}


def _parse(
    kind: type[Options], arguments: list[str], program: str, about: type[Game] | None = None
) -> Options:
    """Options from the command line, with one clear sentence for each mistake."""
    wanted: Any = Annotated[kind, tyro.conf.OmitArgPrefixes]
    known = [_flag(name) for name in _field_names(kind)]
    known += [flag.replace("--", "--no-", 1) for flag in known]
    for argument in arguments:
        flag = argument.partition("=")[0].replace("_", "-")
        if flag.startswith("--") and flag not in [*known, "--help"]:
            raise SettingError(
                f"{program} has no option {flag}.{nearest(flag, known)} `{program} --help` lists them."
            )
    description = f"{inspect.getdoc(about)}\n\nPaper: {about.paper}." if about is not None else None
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            parsed: Options = tyro.cli(wanted, args=arguments, prog=program, description=description)
    except SystemExit as stop:
        if stop.code:
            raise SettingError(_sentence(complaint.getvalue(), program)) from None
        raise
    return parsed


def _sentence(box: str, program: str) -> str:
    """The message within the box that tyro draws around it."""
    lines = [line.strip("│ ") for line in box.splitlines()[1:]]
    message = itertools.takewhile(lambda line: not line.startswith(("─", "╰")), lines)
    return f"{' '.join(message)}. `{program} --help` says what is accepted."


def _field_names(kind: type[Any]) -> list[str]:
    names: list[str] = []
    for field in dataclasses.fields(kind):
        nested = field.default_factory if dataclasses.is_dataclass(field.default_factory) else None
        names += _field_names(nested) if isinstance(nested, type) else [field.name]
    return names


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _show_warning(message: Warning | str, *details: Any, **more: Any) -> None:
    print(f"sparring: {message}", file=sys.stderr)

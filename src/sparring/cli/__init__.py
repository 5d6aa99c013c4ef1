"""The command line, thin: each command calls one public function, from which it takes its options.

torch is imported only after the command is known, so that `sparring --help` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, TypeGuard

from sparring.cli.commands import COMMANDS, run, usage
from sparring.cli.options import TRACEBACK
from sparring.errors import SettingError, SparringError, nearest
from sparring.memory import telling_shortage
from sparring.output import complain, forget
from sparring.shown import write_anything

__all__ = ["COMMANDS", "main"]


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
        print(usage(), end="")
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
    run(command, rest)


def _check_place() -> None:
    """Raise SettingError where the folder that this is run in is gone, without which torch does not load."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise SettingError("The folder that this is run in is gone: go to one that exists.") from error


def _show_warning(message: Warning | str, *details: Any, **more: Any) -> None:
    complain(str(message))

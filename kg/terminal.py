"""Where the command line meets its surroundings: errors in one line, calm on a closed pipe and on Ctrl-C."""

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from kg.errors import FlexKGError
from kg.render import printable

#: Exit codes: something does not conform; wrong usage or environment; stopped by Ctrl-C.
REFUSED, FAILED, INTERRUPTED = 1, 2, 130


class Commands(TyperGroup):
    """Run a command; what goes wrong is told in one line on standard error, never as a traceback."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Read the command line; Ctrl-C meanwhile is told like any other."""
        try:
            return super().make_context(*args, **more)
        except KeyboardInterrupt as error:
            tell("interrupted")
            raise typer.Exit(INTERRUPTED) from error

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the context names.

        Raises:
            typer.Exit: with the command's exit code; 2 where an error stopped it, 130 after Ctrl-C.
        """
        try:
            try:
                _speak_utf8()
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except FlexKGError as error:
            tell(str(error))
        except BrokenPipeError:
            _close_output()
        except KeyboardInterrupt as error:
            tell("interrupted")
            raise typer.Exit(INTERRUPTED) from error
        except OSError as error:
            _close_output()
            place = f" (at {error.filename})" if error.filename else ""
            tell(f"{error.strerror or error}{place}; check the file, its permissions and the free space")
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise  # typer's own way of ending, and its usage errors
            if os.environ.get("FLEXKG_DEBUG"):
                traceback.print_exc()
            tell(
                f"a fault of FlexKG, {type(error).__name__}: {error}; "
                "set FLEXKG_DEBUG=1, run again and report what is printed"
            )
        raise typer.Exit(FAILED)


def tell(text: str) -> None:
    """Print one line on standard error."""
    print(f"flexkg: {printable(' '.join(text.split()))}", file=sys.stderr)


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale; a name that is no text keeps its bytes as escapes."""
    if sys.stdout is None:  # closed by the caller; its number must not become that of a file of the store
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the life of the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _close_output() -> None:
    """Send what is still buffered nowhere: whoever read it has gone."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return

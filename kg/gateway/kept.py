"""What a control centre asked for and still counts, over a restart: point -> event and its end."""

import json
import logging
import math
from pathlib import Path

_log = logging.getLogger("flexkg.gateway")


class Asking:
    """What points of a station ask for.

    Args:
        file: where it is kept; None: it does not outlive the process.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known: dict[str, tuple[str, float]] = {}
        try:
            said = json.loads(file.read_text("utf-8")) if file is not None else {}
            self._known = {
                str(name): (str(event), math.inf if until is None else float(until))
                for name, (event, until) in said.items()
            }
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, AttributeError) as error:
            _log.error("what the control centre asked for before is not known: %s", error)

    def events(self) -> dict[str, str]:
        """Give point -> eventID."""
        return {name: event for name, (event, _) in self._known.items()}

    def of(self, name: str, now: float) -> str:
        """Give the eventID of what a point asks for; empty for none, or one that is over."""
        event, until = self._known.get(name, ("", 0.0))
        return event if now < until else ""

    def note(self, name: str, event: str, until: float) -> None:
        """Note what a point asks for; ``until`` in seconds since 1970."""
        self._known[name] = (event, until)
        self._write()

    def drop(self, name: str) -> None:
        """Note that a point asks for nothing any more."""
        if self._known.pop(name, None) is not None:
            self._write()

    def _write(self) -> None:
        """Write the file; what is not on disk is told in the log and holds nothing up."""
        if self._file is None:
            return
        said = {name: [e, None if math.isinf(until) else until] for name, (e, until) in self._known.items()}
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(said), encoding="utf-8")
            fresh.replace(self._file)
        except OSError as error:
            _log.error("what the control centre asks for is not on disk: %s", error.strerror)

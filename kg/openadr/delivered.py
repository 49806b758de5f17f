"""What a node delivered to the VTN above, over a restart: starts of intervals, for each report request."""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kg.openadr.event_request import zulu

_log = logging.getLogger("flexkg.openadr")


class Delivered:
    """Notes what was delivered.

    Args:
        kept: how far back; what is older is not asked about any more.
        file: where it is kept; None: it does not outlive the process.
    """

    def __init__(self, kept: timedelta, file: Path | None = None) -> None:
        self._kept, self._file = kept, file
        self._starts: dict[str, set[str]] = {}
        try:
            said = json.loads(file.read_text("utf-8")) if file is not None else {}
            self._starts = {str(request): set(map(str, starts)) for request, starts in said.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, AttributeError) as error:
            _log.error("what was delivered before is not known, and goes up again: %s", error)

    def of(self, request: str) -> set[str]:
        """Give the starts of what was delivered under a request."""
        return self._starts.get(request, set())

    def note(self, request: str, starts: Iterable[str]) -> None:
        """Note what was delivered; what is not on disk is told in the log."""
        oldest = zulu(datetime.now(UTC) - self._kept)
        self._starts.setdefault(request, set()).update(starts)
        self._starts = {
            name: found
            for name, known in self._starts.items()
            if (found := {start for start in known if start >= oldest})
        }
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_text(json.dumps({name: sorted(s) for name, s in self._starts.items()}), "utf-8")
            fresh.replace(self._file)
        except OSError as error:
            _log.error("what was delivered is not on disk: %s", error.strerror)

"""Legal holds: whose data may not be erased for a while, and why."""

import json
import os
from datetime import UTC, datetime
from typing import Any

from kg.directory import StoreDirectory, sync
from kg.errors import StoreUnavailable, UsageError


class Holds:
    """The legal holds of a store, in a file of its own (mode 0600).

    Args:
        directory: the store.

    Source:
        Regulation (EU) 2016/679, article 17(3)(b) and (e).
    """

    def __init__(self, directory: StoreDirectory) -> None:
        self._path = directory.path / "holds.json"

    def put(self, name: str, until: datetime, reason: str) -> None:
        """Put a subject under a hold; one that it is under already is replaced.

        Args:
            name: the subject.
            until: when it ends, with zone.
            reason: for whoever asks later.
        """
        if until.tzinfo is None:
            raise UsageError("the hold's end has no zone", cure="write it as 2027-01-31T00:00:00Z")
        self._write(self._read() | {name: {"until": until.astimezone(UTC).isoformat(), "reason": reason}})

    def drop(self, name: str) -> bool:
        """End a hold; says whether there was one."""
        held = self._read()
        if held.pop(name, None) is None:
            return False
        self._write(held)
        return True

    def refuse(self, name: str) -> None:
        """Let only go on who is under no hold.

        Raises:
            kg.errors.UsageError: the subject is under a hold; says until when.
        """
        held = self._read().get(name)
        if held is not None and datetime.fromisoformat(held["until"]) > datetime.now(UTC):
            raise UsageError(
                f"the subject is under a legal hold until {held['until']}",
                cure="wait until it ends, or have it lifted: flexkg subject release NAME",
                code="legal-hold",
            )

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._path.read_text("utf-8"))) if self._path.exists() else {}
        except (OSError, ValueError, TypeError) as error:
            raise StoreUnavailable(
                "the legal holds cannot be read", where=str(self._path), cure="restore the file from a backup"
            ) from error

    def _write(self, held: dict[str, Any]) -> None:
        fresh = self._path.with_suffix(".new")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(held, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        sync(self._path.parent)

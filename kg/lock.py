"""The lock file of a store directory: one process owns the writers."""

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from kg.errors import StoreUnavailable


class Lock:
    """Hold a lock file until it is released or the process ends, however it ends.

    The file keeps who holds it (process id, host, start time), so that a second process can say so. The lock
    itself is the kernel's: a killed process leaves the file behind but no lock.

    Args:
        path: the lock file; it is made when it is missing.

    Raises:
        kg.errors.StoreUnavailable: another process holds the lock, or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"the store's lock file cannot be made: {error.strerror}",
                where=str(path),
                cure="choose a directory that this user may write to",
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._fd, 4096, 0)
            os.close(self._fd)
            raise StoreUnavailable(
                f"the store is in use by {_described(owner)}",
                where=str(path.parent),
                cure="stop that process, or ask the service that it runs",
                code="store-locked",
            ) from error
        text = json.dumps(
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, text.encode(), 0)

    def release(self) -> None:
        """Give the lock up; releasing twice does nothing."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1


def _described(owner: bytes) -> str:
    """Say in words who holds a lock, from what the lock file says."""
    try:
        facts = json.loads(owner)
        return f"process {facts['pid']} on {facts['host']}, since {facts['started']}"
    except (ValueError, KeyError, TypeError):
        return "another process"

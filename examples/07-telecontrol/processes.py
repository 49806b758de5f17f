"""Processes of a story: started with their words in a file, waited for, and ended however the story ends."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(undo: contextlib.ExitStack, log: str, command: list[str], pattern: str, **settings: str) -> str:
    """Start a process that writes to a file, and wait for words of it; it is ended by ``undo``."""
    environment = os.environ | {f"FLEXKG_{name.upper()}": value for name, value in settings.items()}
    path = Path(log)
    with path.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
    undo.callback(end, process)

    def said() -> Any:
        if process.poll() is not None:
            sys.exit(f"{' '.join(command)} ended:\n{path.read_text()}")
        return re.search(pattern, path.read_text())

    return until(f"{' '.join(command)} is ready", said)[0]


def end(process: subprocess.Popen) -> None:
    """End a process in good order; one that does not heed it is killed."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


def serve(undo: contextlib.ExitStack, store: str) -> str:
    """Start an aggregator's service; gives its address."""
    command = ["flexkg", "serve", "--store", store, "--vtn", "AGG", "--port", "0"]
    often = {"report_every": "PT1S", "poll_frequency": "PT1S"}
    return start(undo, f"{store}.log", command, r"http://127\.0\.0\.1:\d+", **often)


def until(what: str, found: Callable[[], Any], seconds: float = 40) -> Any:
    """Wait until something is so; the story ends where it does not come to that."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if result := found():
            return result
        time.sleep(0.1)
    sys.exit(f"it did not come to that: {what}")

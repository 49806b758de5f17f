"""Processes of a story on one host: started with their words in a file, waited for, ended however it goes."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kg.errors import FlexKGError


class DidNotHappen(FlexKGError):
    """Something that a story waits for did not come to pass."""

    code = "did-not-happen"


def free_port() -> int:
    """Find a port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(undo: ExitStack, log: str, command: list[str], pattern: str, **settings: str) -> str:
    """Start a process, and wait for words of it.

    Args:
        undo: ends it.
        log: file that it writes to.
        command: what is run.
        pattern: regular expression of what it says when it is ready.
        settings: settings of FlexKG, by name.

    Returns:
        What it said.

    Raises:
        DidNotHappen: it ended, or did not say that.
    """
    environment = os.environ | {f"FLEXKG_{name.upper()}": value for name, value in settings.items()}
    path, what = Path(log), " ".join(command)
    with path.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
    undo.callback(end, process)

    def said() -> Any:
        if process.poll() is not None:
            raise DidNotHappen(f"{what} ended: {path.read_text('utf-8')}")
        return re.search(pattern, path.read_text("utf-8"))

    return str(until(f"{what} is ready", said)[0])


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process in good order; one that does not heed it is killed."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


def serve(undo: ExitStack, store: str, vtn: str, **settings: str) -> str:
    """Start a service with a VTN, whose log is ``STORE.log``; gives its address."""
    command = ["flexkg", "serve", "--store", store, "--vtn", vtn, "--port", "0"]
    return start(undo, f"{store}.log", command, r"http://127\.0\.0\.1:\d+", **settings)


def call(method: str, url: str, body: Any = None) -> Any:
    """Make a request of a service on loopback with JSON; gives what its answer has."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - a story's own services
        url, data, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read() or "null")


def until(what: str, found: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something is so; gives what was found.

    Raises:
        DidNotHappen: it does not come to that in so many seconds.
    """
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if result := found():
            return result
        time.sleep(0.1)
    raise DidNotHappen(f"it did not come to that: {what}")

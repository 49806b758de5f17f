"""Servers that a measurement starts and ends; none outlives it, whatever happens."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

#: Seconds for a server to say that it is ready, and to end when it is told to.
_START, _END = 120.0, 30.0
_VIRTUOSO: Final = """[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temp.db
TransactionFile = {folder}/temp.trx
[Parameters]
ServerPort = 127.0.0.1:{isql}
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
DirsAllowed = {folder}
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerThreads = 5
[SPARQL]
ResultSetMaxRows = 10000000
DefaultGraph =
"""


class Listening(int):
    """The port that a server listens on.

    Attributes:
        pid: its process.
    """

    pid: int

    def cpu(self) -> float:
        """Give the seconds of processor time that the server has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(
    *command: str, ready: str, environment: Mapping[str, str] | None = None, last: bool = True
) -> Iterator[Listening]:
    """Run a Python program as a server for the length of a block.

    Args:
        command: what to hand to the interpreter.
        ready: a word of the line in which the server says that it is ready and where.
        environment: variables beside those of this process.
        last: its address is the last one of that line, not the first.

    Yields:
        The port that it listens on.

    Raises:
        RuntimeError: when it does not start, or does not end when it is told to; with what it printed.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as words:
        # a file, not a pipe: nothing has to read along, and nobody waits for a pipe that a grandchild holds
        process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        assert process.stdout is not None
        late = threading.Timer(_START, process.kill)
        late.start()
        reader = threading.Thread(target=process.stdout.read, daemon=True)
        try:
            line = next((line for line in process.stdout if ready in line), "")
            late.cancel()
            found = re.findall(r"127\.0\.0\.1:(\d+)", line)
            if not found:
                words.seek(0)
                raise RuntimeError(f"{command} did not start within {_START:g} s: {words.read()}")
            reader.start()
            port = Listening(found[-1 if last else 0])
            port.pid = process.pid
            yield port
        finally:
            late.cancel()
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_END)
                words.seek(0)
                raise RuntimeError(f"{command} did not end within {_END:g} s: {words.read()}") from None
            finally:
                if reader.is_alive():
                    reader.join(_END)
                process.stdout.close()


@contextmanager
def flexkg(store: Path, **settings: object) -> Iterator[str]:
    """Serve a store for the length of a block; gives host and port.

    Args:
        store: its directory.
        settings: of the service, by name.
    """
    command = ("-c", "from api.command import main; main()", "serve", "--store", str(store), "--port", "0")
    bounds = {f"FLEXKG_{name.upper()}": str(value) for name, value in settings.items()}
    with serving(*command, ready="serves on", environment=bounds, last=False) as port:
        yield f"127.0.0.1:{port}"


def free_port() -> int:
    """Give a port of loopback that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def started(command: Sequence[str], port: int, folder: Path | None = None) -> Iterator[None]:
    """Run any program as a server for the length of a block.

    Args:
        command: the program and its arguments.
        port: where it listens when it is ready.
        folder: where it runs.

    Raises:
        RuntimeError: when it does not listen in time.
    """
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + _START
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"{command[0]} does not listen")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END)


@contextmanager
def virtuoso_running(folder: Path, buffers: int) -> Iterator[tuple[int, int]]:
    """Run Virtuoso 7 with its files in a folder; gives its ports for HTTP and for isql-vt.

    Args:
        folder: an empty one, or with the files of an earlier run.
        buffers: pages of 8 kB that it keeps in memory.
    """
    port, isql = free_port(), free_port()
    settings = folder / "virtuoso.ini"
    dirty = buffers * 3 // 4
    settings.write_text(
        _VIRTUOSO.format(folder=folder, port=port, isql=isql, buffers=buffers, dirty=dirty), "utf-8"
    )
    program = shutil.which("virtuoso-t") or "virtuoso-t"
    with started([program, "-f", "-c", str(settings)], port, folder):
        yield port, isql


def isql(port: int, command: str, seconds: float) -> None:
    """Let Virtuoso perform a command as its administrator.

    Raises:
        subprocess.SubprocessError: it fails, or takes too long.
    """
    client = shutil.which("isql-vt") or "isql-vt"
    told = [client, str(port), "dba", "dba", f"EXEC={command}"]
    subprocess.run(told, check=True, capture_output=True, timeout=seconds)

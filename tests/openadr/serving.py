"""A service of its own process on loopback, started, killed and stopped by its process id."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from tests.paths import ROOT


class Served:
    """A running ``flexkg serve`` with a VTN; ``url`` is where it listens; ``before`` is what runs it."""

    def __init__(self, store, *, port=0, vtn="VTN-1", before=(), **settings):
        environment = os.environ | {f"FLEXKG_{name.upper()}": str(value) for name, value in settings.items()}
        # a file, not a pipe: a server that says much waits for no reader
        self.words = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(
            [
                *before,
                sys.executable,
                "-c",
                "from kg.cli import main; main()",
                "serve",
                "--store",
                str(store),
                "--port",
                str(port),
                "--vtn",
                vtn,
            ],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.words,
            stderr=subprocess.STDOUT,
        )
        found = self.wait(r"https?://127\.0\.0\.1:(\d+)")
        self.port = int(found[1])
        self.url = found[0]
        self.openadr = f"{self.url}/OpenADR2/Simple/2.0b"

    def post(self, service, data):
        """Post a message as a VEN does, over a connection of its own; gives the body of the answer."""
        status, body = self.ask("POST", f"/OpenADR2/Simple/2.0b/{service}", data)
        assert status == 200, body
        return body

    def ask(self, method, path, data=None):
        """Ask it something; gives status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Content-Type": "application/json" if data and data[:1] == b"{" else "application/xml"}
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def said(self):
        """What it printed until now, or until it ended."""
        if not self.words.closed:
            self.text = os.pread(self.words.fileno(), 1 << 20, 0).decode("utf-8", "replace")
            if self.process.poll() is not None:
                self.words.close()
        return self.text

    def wait(self, pattern, seconds=30):
        """Wait until it printed something."""
        for _ in range(int(seconds / 0.05)):
            if found := re.search(pattern, self.said()):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.kill()
        raise AssertionError(self.said())

    def kill(self):
        """End it as a power cut would."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        self.said()

    def stop(self):
        """End it in good order; gives what it printed."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return self.said()


@contextlib.contextmanager
def serving(store, **settings):
    """Serve for the length of a block."""
    served = Served(store, **settings)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.stop()

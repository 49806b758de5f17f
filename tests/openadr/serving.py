"""A service of its own process on loopback, started, killed and stopped by its process id."""

import contextlib
import os
import re
import signal
import subprocess
import sys

from tests.paths import ROOT


class Served:
    """A running ``flexkg serve`` with a VTN; ``url`` is where it listens."""

    def __init__(self, store, *, port=0, vtn="VTN-1", **settings):
        environment = os.environ | {f"FLEXKG_{name.upper()}": str(value) for name, value in settings.items()}
        self.process = subprocess.Popen(
            [
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
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        line = self.process.stdout.readline()
        found = re.search(r"https?://127\.0\.0\.1:(\d+)", line)
        assert found, line + self.process.stdout.read()
        self.port = int(found[1])
        self.url = found[0]
        self.openadr = f"{self.url}/OpenADR2/Simple/2.0b"

    def kill(self):
        """End it as a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """End it in good order; gives what it printed."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            text, _ = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return text


@contextlib.contextmanager
def serving(store, **settings):
    """Serve for the length of a block."""
    served = Served(store, **settings)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.stop()

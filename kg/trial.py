"""Tries an administrator's update on a copy of the graph, in a process that ends at its deadline.

Oxigraph has no time-out: an update that takes for ever would hold the store for ever. What was done on the
copy in time takes about as long on the store itself.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg import errors
from kg.errors import FlexKGError, QueryError
from kg.graphs.embedded import EmbeddedGraphs

_KG: Final = str(Path(__file__).parent)
#: A package kg that imports its modules but runs no ``__init__``, as a query worker has it.
_BOOT: Final = (
    "import sys, types; kg = types.ModuleType('kg'); kg.__path__ = [sys.argv[1]]; sys.modules['kg'] = kg; "
    "from kg.trial import main; main()"
)


@dataclass(frozen=True, slots=True)
class Trial:
    """What an update may take.

    Attributes:
        seconds: time, the opening of the copy included.
        memory: bytes of address space.
    """

    seconds: float = 30.0
    memory: int = 2 << 30

    def run(self, folder: Path, update: str, seq: int) -> None:
        """Perform an update on a copy of the graph.

        Args:
            folder: the copy; it is changed.
            update: as ``kg.sparql.updates.prepare`` gives it.
            seq: the row that it would have in the journal.

        Raises:
            QueryError: it does not parse, cannot be performed, or takes more than is allowed (codes
                ``deadline``, ``memory``, ``crash``).
            kg.errors.StoreError: the copy cannot be read or written.
        """
        job = {
            "path": str(folder),
            "update": update,
            "seq": seq,
            "memory": self.memory,
            "seconds": self.seconds,
        }
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", _BOOT, _KG],
                input=json.dumps(job).encode(),
                capture_output=True,
                timeout=self.seconds,
                env={"LANG": "C.UTF-8"},
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise QueryError(
                f"the update took longer than the {self.seconds:g} s allowed, on a copy; nothing was changed",
                cure="change less at once: a narrower pattern, or several updates",
                code="deadline",
            ) from error
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace")
            short = "memory allocation" in words or "MemoryError" in words or "bad_alloc" in words
            what = (
                f"took more than the {self.memory >> 20:,} MiB of memory allowed"
                if short
                else "ended its process"
            )
            raise QueryError(
                f"the update {what}, on a copy; nothing was changed",
                cure="change less at once: a narrower pattern, or several updates",
                code="memory" if short else "crash",
            )
        told = json.loads(done.stdout)
        if told:
            kind: type[FlexKGError] = getattr(errors, told.pop("kind"))
            raise kind(**told)


def main() -> None:
    """Do what standard input says, and say on standard output what was wrong with it."""
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
    cpu = (
        int(job["seconds"]) * (os.cpu_count() or 1) + 1
    )  # where the service is gone before it could end this
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    said = {}
    try:
        copy = EmbeddedGraphs(Path(job["path"]))
        try:
            copy.update(job["update"], job["seq"])
        finally:
            copy.close()
    except FlexKGError as error:
        said = {"kind": type(error).__name__, "what": error.what, "where": error.where}
        said |= {"cure": error.cure, "code": error.code}
    json.dump(said, sys.stdout)

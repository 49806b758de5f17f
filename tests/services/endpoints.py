"""SPARQL endpoints that tests start on loopback and stop again."""

import contextlib
import sys
from pathlib import Path

from bench.servers import free_port, isql, started, virtuoso_running


@contextlib.contextmanager
def oxigraph(folder: Path):
    """``oxigraph serve`` from PyPI; gives the addresses for queries and updates."""
    program = Path(sys.executable).with_name("oxigraph")
    port = free_port()
    command = [program, "serve", "--location", folder / "oxigraph", "--bind", f"127.0.0.1:{port}"]
    with started(command, port, folder):
        yield f"http://127.0.0.1:{port}/query", f"http://127.0.0.1:{port}/update"


@contextlib.contextmanager
def virtuoso(folder: Path):
    """Virtuoso 7 from Debian, with updates allowed to anybody on loopback."""
    with virtuoso_running(folder, 2_000) as (port, door):
        isql(door, "GRANT SPARQL_UPDATE TO \"SPARQL\"; DB.DBA.RDF_DEFAULT_USER_PERMS_SET('nobody', 7);", 60)
        yield f"http://127.0.0.1:{port}/sparql", f"http://127.0.0.1:{port}/sparql"

"""`flexkg lower` writes the payload again that `flexkg lift` took apart."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg import check, lift, read
from kg.cli import app
from tests.paths import ROOT

PAYLOADS = sorted((ROOT / "examples").glob("*/*.xml"))
RUN = CliRunner()


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.name)
@pytest.mark.parametrize("form", ["turtle", "nt", "jsonld"])
def test_lower_undoes_lift(path: Path, form: str, tmp_path: Path) -> None:
    """The graph in any form gives a payload with the same verdict and the same graph."""
    graph = tmp_path / {"turtle": "g.ttl", "nt": "g.nt", "jsonld": "g.jsonld"}[form]
    graph.write_text(RUN.invoke(app, ["lift", str(path), "--format", form]).stdout, encoding="utf-8")
    done = RUN.invoke(app, ["lower", str(graph)])
    assert done.exit_code == 0
    again = done.stdout.encode()
    assert check(again).verdict == check(path.read_bytes()).verdict
    old, new = (lift(read(data)) for data in (path.read_bytes(), again))
    assert sorted(line.replace(new.message, old.message) for line in new.lines) == sorted(old.lines)


@pytest.mark.parametrize("form", [[], ["--format", "nt"], ["--format", "jsonld"]])
def test_lower_reads_a_graph_from_standard_input(form: list[str]) -> None:
    """The two commands make a pipe, with any format of the first one."""
    graph = RUN.invoke(app, ["lift", str(PAYLOADS[0]), *form]).stdout
    assert RUN.invoke(app, ["lower", "-"], input=graph).stdout.startswith("<?xml")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "no message"), ("<urn:a> <urn:b> .\n", "g.nt:1"), (None, "no such file")],
)
def test_lower_tells_what_is_wrong(text: str | None, words: str, tmp_path: Path) -> None:
    """A graph without a message, a broken one and a missing file are told in a line."""
    path = tmp_path / "g.nt"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = RUN.invoke(app, ["lower", str(path)])
    assert done.exit_code != 0
    assert words in f"{done.output} {done.exception}"

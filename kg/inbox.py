"""What the command line was given to read: payloads one by one, with a bar where a person waits; queries."""

import sys
from collections.abc import Container, Iterator
from pathlib import Path

import typer

from kg.errors import UsageError
from kg.payloads import Source
from kg.terminal import FAILED, REFUSED, tell

#: From this number of payloads on a bar is shown.
_MANY = 100


class Reading:
    """Reads payloads; a file that cannot be read is told at once and does not end the run.

    Args:
        found: the payloads, as ``kg.payloads.find`` gives them.
        max_bytes: largest payload accepted.
    """

    def __init__(self, found: Iterator[Source], max_bytes: int) -> None:
        self._found, self._max_bytes, self._failed, self._read = found, max_bytes, 0, 0
        self._passed: list[str] = []

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for name, data in self.each():
            if not isinstance(data, UsageError):
                yield name, data

    def each(self) -> Iterator[tuple[str, bytes | UsageError]]:
        """Go through all payloads; one that cannot be read is given with the reason."""
        for source in _progress(self._found):
            try:
                data = source.data(self._max_bytes)
            except UsageError as error:
                self._failed += 1
                tell(str(error))
                yield source.name, error
            else:
                if source.passed_over(data):
                    self._passed.append(source.name)
                    continue
                self._read += 1
                yield source.name, data

    def finish(self, refused: int) -> None:
        """Tell what was passed over, and leave with the exit code of the whole run.

        Args:
            refused: number of payloads that do not conform.

        Raises:
            typer.Exit: 2 where a file could not be read or there was no payload, else 1 where a
                payload was refused.
        """
        if self._passed:
            count, first = len(self._passed), self._passed[0]
            what = "no message of OpenADR"
            if count > 1:
                what, first = f"{count} JSON files that are no messages of OpenADR", f"{first} and others"
            tell(f"passed over, {what}: {first}; name a file to have it checked")
            if not self._read and not self._failed:
                tell("there is no payload (*.xml, *.json) in what was named; name a folder with payloads")
                self._failed = 1
        if self._failed or refused:
            raise typer.Exit(FAILED if self._failed else REFUSED)


def query_text(text: str, names: Container[str]) -> str:
    """Give what is asked: the text of a file where one is named, else the text itself.

    Args:
        text: SPARQL, a file (always where it ends in ``.rq`` or ``.sparql``) or a stored query's name, which
            goes before a file that is called like it.
        names: the stored queries.

    Raises:
        UsageError: the file cannot be read.
    """
    path = Path(text)
    try:
        if "{" in text or text in names or "\0" in text:
            return text
        if path.suffix in (".rq", ".sparql") or path.is_file():
            return path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"the query file cannot be read: {error.strerror}", where=text[:200], cure="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError("the query file is not UTF-8", where=text, cure="save it as UTF-8") from error
    return text


def _progress(found: Iterator[Source]) -> Iterator[Source]:
    """Show a progress bar on standard error where a person is watching and the work is long."""
    if not sys.stderr.isatty():
        yield from found
        return
    from rich.console import Console
    from rich.progress import track

    sources = list(found)
    yield from track(
        sources, console=Console(stderr=True), disable=len(sources) < _MANY, description="payloads"
    )

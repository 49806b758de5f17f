"""The files of the site: made one by one, or all written to a folder."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

from kg.alignments import graph
from kg.errors import UsageError
from kg.graphs.formats import write_graph
from kg.site import about, lists, search
from kg.site.catalogue import Catalogue, Entry

_STATIC: Final = Path(__file__).resolve().parent / "static"
_INDEX: Final = "search.json"
#: The alignments as OWL and SKOS, made from their tables.
_ALIGNMENTS: Final = "alignments.ttl"


class Site:
    """Make the files of the site from the ontology, each when it is asked for.

    Args:
        catalogue: what has a page; read from the data folders when None.

    Raises:
        kg.errors.AssetError: a file of the ontology cannot be read.
    """

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or Catalogue()

    @cached_property
    def pages(self) -> dict[str, Entry]:
        """Pages about one thing: path in the site -> what it is about."""
        return {entry.file: entry for entry in self.catalogue.entries.values()}

    @cached_property
    def static(self) -> dict[str, Path]:
        """Style, script and icon: path in the site -> file."""
        return {path.name: path for path in sorted(_STATIC.iterdir()) if path.is_file()}

    def files(self) -> Iterator[str]:
        """List the paths of all files of the site, with slashes."""
        yield from lists.PAGES
        yield from self.pages
        yield _INDEX
        yield _ALIGNMENTS
        yield from self.static

    def make(self, file: str) -> bytes | None:
        """Make a file.

        Args:
            file: path in the site, for example ``"Event.html"``.

        Returns:
            Its bytes; None where the site has no such file.
        """
        if file in self.pages:
            return about.page(self.catalogue, self.pages[file])
        if file in lists.PAGES:
            return lists.page(self.catalogue, file)
        if file == _INDEX:
            return search.index(self.catalogue)
        if file == _ALIGNMENTS:
            return write_graph(graph(), "turtle").encode()
        return self.static[file].read_bytes() if file in self.static else None


def write_site(folder: Path) -> int:
    """Write the documentation site.

    Args:
        folder: made when missing; files of the same names are replaced, others are left alone.

    Returns:
        How many files were written.

    Raises:
        kg.errors.AssetError: a file of the ontology cannot be read.
        kg.errors.UsageError: the folder cannot be written to.
    """
    site = Site()
    written = 0
    try:
        for file in site.files():
            content = site.make(file)
            if content is not None:
                path = folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                written += 1
    except OSError as error:
        raise UsageError(
            f"the site cannot be written: {error.strerror}", where=str(error.filename or folder),
            cure="name a folder that can be written to",
        ) from error  # fmt: skip
    return written

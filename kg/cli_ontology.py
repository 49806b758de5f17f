"""flexkg ontology: the commands about the ontology itself. Commands only; what they do is in the library."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError

ontology_app = typer.Typer(
    help="Check, compare and document the ontology.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@ontology_app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Ontology files, SSSOM tables or folders; the project's own when none."),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option("--beside", help="A copy of what is imported: read, not checked; may be repeated."),
    ] = None,
    output: Annotated[str, typer.Option("--format", help="`text`, `json` or `sarif`.")] = "text",
) -> None:
    """Check an ontology: terms, concepts, imports, alignments, shapes; and every IRI that they mention.

    Imports are found offline: ours as installed, others with `--beside`, or through a `catalog-v001.xml` in
    the folder of the file.

    Exit code 0: no violation; 1: a violation; 2: wrong usage or environment.

    Examples: `flexkg ontology check`, `flexkg ontology check my.ttl my.sssom.tsv --beside saref.rdf`
    """
    from kg.ontology import check as check_ontology
    from kg.ontology import files_of
    from kg.ontology_findings import as_lines, as_sarif

    _one_of(output, ("text", "json", "sarif"))
    report = check_ontology(
        [file for path in paths for file in files_of(path)] if paths else None,
        beside=[file for path in beside or () for file in files_of(path)],
    )
    if output == "text":
        print(as_lines(report))
    else:
        print(json.dumps(report.as_dict() if output == "json" else as_sarif(report), ensure_ascii=False))
    if not report.conforms:
        raise typer.Exit(1)


@ontology_app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="File or folder of the old version.")],
    new: Annotated[Path, typer.Argument(help="File or folder of the new version.")],
    output: Annotated[str, typer.Option("--format", help="`text` or `json`.")] = "text",
) -> None:
    """Compare two versions: what was added, changed or deprecated, and which number the next one needs.

    Exit code 0: the new version's number is high enough; 1: it is not, or cannot be read; 2: wrong usage or
    environment.

    Example: `flexkg ontology diff released/ontology ontology`
    """
    from kg.diff import diff as compare

    _one_of(output, ("text", "json"))
    found = compare(old, new)
    if output == "json":
        print(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        for change in found.changes:
            print(f"{change.kind} {change.term}")
            for sign, facts in (("-", change.lost), ("+", change.gained)):
                if change.kind not in ("added", "removed"):
                    print(*(f"    {sign} {fact}" for fact in facts), sep="\n", end="\n" if facts else "")
        need = f"; the new one needs {found.needed} or more" if found.changes and found.needed else ""
        print(f"{len(found.changes)} terms differ from {found.old or 'none'} to {found.new or 'none'}{need}")
        for number in found.unread:
            print(f"the version number {number!r} cannot be read: write owl:versionInfo as 1.2.3")
    if not found.numbered:
        raise typer.Exit(1)


@ontology_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A full copy of an ontology: Turtle, RDF/XML, ...")],
    store: Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")],
) -> None:
    """Put your full copy of SAREF, CIM or another ontology into a store, beside ours; nothing is fetched.

    It is shown as the graph `ontology/<name>` and survives a rebuild. What follows from it together with ours
    is worked out once, which takes some seconds, and shown in the graph `ontology`.

    Example: `flexkg ontology import saref.rdf --store ./store`
    """
    from kg.upkeep import import_into

    print(import_into(store, file))


@ontology_app.command()
def docs(
    out: Annotated[Path, typer.Option("--out", help="Folder for the pages; made when missing.")],
) -> None:
    """Write the documentation site: a page for each module, term, vocabulary, concept and rule.

    Example: `flexkg ontology docs --out site`, then open site/index.html
    """
    from kg.site.write import write_site

    print(f"{write_site(out)} files written to {out}")


def _one_of(value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{value!r} is no value of --format", cure=f"use one of {', '.join(allowed)}")

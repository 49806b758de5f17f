"""The clients that a mandate may name: those of the operator's list, else whoever is well named."""

import re
from pathlib import Path
from typing import Final

from kg.errors import UsageError
from kg.operator_tables import read_table

#: RFC 6749, appendix A.1.
_NAME: Final = re.compile(r"[\x20-\x7e]{1,200}")


def clients(path: Path | None) -> dict[str, str] | None:
    """Read the list: what each client is called, by its client ID; None where there is no list.

    Args:
        path: a CSV file with the columns ``client`` and ``name``.

    Raises:
        kg.errors.AssetError: the file is missing or broken; names the line.
    """
    if path is None:
        return None
    found: dict[str, str] = {}

    def take(cells: dict[str, str]) -> None:
        client = cells["client"].strip()
        if not _NAME.fullmatch(client):
            raise ValueError(f"{client!r} is no client ID: printable ASCII, at most 200 characters")
        found[client] = cells.get("name", "").strip() or client

    read_table(path, "client,name", take)
    return found


def nameable(client: str, listed: dict[str, str] | None) -> None:
    """Let only a client go on that a mandate may name.

    The list is the same for everybody, so that its refusal says nothing about who exists elsewhere.

    Args:
        client: its client ID.
        listed: see ``clients``.

    Raises:
        kg.errors.UsageError: it is not in the list, or no client ID (code ``unknown-client``).
    """
    if listed is not None and client not in listed:
        raise UsageError(
            "mandates are not granted to such a client",
            where="assignee",
            cure="choose one of clients in GET /me/data; the operator extends the list (FLEXKG_CLIENTS)",
            code="unknown-client",
        )
    if not _NAME.fullmatch(client) or client != client.strip():
        raise UsageError(
            "this is no client ID",
            where="assignee",
            cure="give its client ID at the OpenID provider: printable ASCII, at most 200 characters",
            code="unknown-client",
        )

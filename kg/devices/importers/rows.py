"""Tables in CSV whose columns may be called in several ways."""

import csv
import re
from collections.abc import Mapping
from typing import Final

from kg.errors import UnreadablePayload

_MAX_ROWS: Final = 20_000


def read_rows(
    data: bytes, name: str, columns: Mapping[str, tuple[str, ...]], needed: tuple[str, ...]
) -> list[dict[str, str]]:
    """Read a table whose columns may be called in several ways.

    Args:
        data: CSV with a head, UTF-8 or Latin-1; comma, semicolon or tab.
        name: name of the file.
        columns: what a column holds -> what it may be called, in small letters.
        needed: what has to be there.

    Raises:
        kg.errors.UnreadablePayload: a needed column is missing, or there is no row, or too many.
    """
    if b"\0" in data:
        raise UnreadablePayload("the file is no CSV: it holds zero bytes", where=name, cure="save it as CSV")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    # of Unicode's ends of lines some are characters of Windows tables: 0x85 is three dots there
    lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    number = len(lines) - 1
    if not 1 <= number <= _MAX_ROWS:
        raise UnreadablePayload(
            f"the table has {max(number, 0)} rows",
            where=name,
            cure=f"give 1 to {_MAX_ROWS} below a head",
        )
    mark = max(",;\t", key=lines[0].count)
    try:
        cells = list(csv.reader(lines, delimiter=mark))
    except csv.Error as error:
        raise UnreadablePayload(f"the file is no CSV: {error}", where=name, cure="save it as CSV") from error
    head = [cell.strip().lower() for cell in cells[0]]
    place = {}
    for key, called in columns.items():
        hit = next((head.index(one) for one in called if one in head), None)
        if hit is not None:
            place[key] = hit
    for key in needed:
        if key not in place:
            raise UnreadablePayload(
                f"the table has no column {columns[key][0]!r}",
                where=f"{name}:1",
                cure=f"call it {' or '.join(columns[key][:3])}",
            )
    return [{k: row[i].strip() if i < len(row) else "" for k, i in place.items()} for row in cells[1:]]

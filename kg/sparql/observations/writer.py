"""Writes the tree of a query as SPARQL again."""

from kg.sparql.observations.tree import (
    Bind,
    Block,
    Element,
    Expression,
    Filter,
    Group,
    Item,
    Part,
    Path,
    Raw,
    Select,
    Triple,
    Union,
    Values,
)


def query(select: Select) -> str:
    """Write a query or sub-select."""
    text = [_head(select)]
    if select.where.elements or select.where.select or select.form != "DESCRIBE":
        text.append(f"WHERE {group(select.where)}")
    if select.grouped:
        text.append("GROUP BY " + " ".join(map(_item, select.grouped)))
    text += [f"HAVING ({expression(having)})" for having in select.having]
    if select.ordered:
        text.append(
            "ORDER BY " + " ".join(f"{i.word or 'ASC'}({expression(i.expression)})" for i in select.ordered)
        )
    text += [f"{word} {number}" for word, number in select.slices.items()]
    if select.values is not None:
        text.append(element(select.values))
    return "\n".join(text)


def group(found: Group) -> str:
    """Write a group in braces."""
    if found.select is not None:
        return "{ " + query(found.select) + " }"
    return "{\n" + "\n".join(map(element, found.elements)) + "\n}"


def element(found: Element) -> str:
    """Write one element of a group."""
    match found:
        case Block():
            return "\n".join(map(triple, found.triples))
        case Filter():
            return f"FILTER({expression(found.expression)})"
        case Bind():
            return f"BIND({expression(found.expression)} AS {found.variable})"
        case Values():
            rows = "\n".join(f"({' '.join(row)})" for row in found.rows)
            return f"VALUES ({' '.join(found.variables)}) {{ {rows} }}"
        case Union():
            return " UNION ".join(map(group, found.groups))
        case Raw():
            return found.text
        case Part():
            word = {"optional": "OPTIONAL ", "minus": "MINUS ", "graph": f"GRAPH {found.graph} "}
            return word.get(found.kind, "") + group(found.group)


def triple(found: Triple) -> str:
    """Write a triple pattern."""
    return f"{found.subject} {path(found.predicate)} {found.object} ."


def path(found: str | Path) -> str:
    """Write a predicate or path."""
    if isinstance(found, str):
        return found
    parts = [path(part) for part in found.of]
    match found.kind:
        case "seq":
            return f"({'/'.join(parts)})"
        case "alt":
            return f"({'|'.join(parts)})"
        case "inv":
            return f"(^{parts[0]})"
        case "neg":
            return f"(!{parts[0]})"
        case _:
            return f"({parts[0]}{found.text})"


def expression(found: Expression) -> str:
    """Write an expression, with brackets around each operator."""
    parts = [expression(part) for part in found.of]
    match found.kind:
        case "op":
            return f"({parts[0]} {found.text} {parts[1]})"
        case "not" | "sign":
            return f"({found.text}{parts[0]})"
        case "in":
            return f"({parts[0]} {found.text} IN ({', '.join(parts[1:])}))".replace("  ", " ")
        case "exists":
            assert found.group is not None
            return f"{found.text} EXISTS {group(found.group)}".strip()
        case "call":
            inner = found.rest if found.rest == "*" else ", ".join(parts) + found.rest
            return f"{found.text}({'DISTINCT ' if found.distinct else ''}{inner})"
        case _:
            return found.text


def _item(item: Item) -> str:
    text = expression(item.expression)
    if item.variable:
        return f"({text} AS {item.variable})"
    return text if item.expression.kind == "term" else f"({text})"


def _head(select: Select) -> str:
    if select.form == "ASK":
        return "ASK"
    if select.form == "CONSTRUCT":
        return "CONSTRUCT {\n" + "\n".join(map(triple, select.template or [])) + "\n}"
    items = "*" if select.star else " ".join(map(_item, select.items))
    return f"{select.form} {select.modifier + ' ' if select.modifier else ''}{items}"

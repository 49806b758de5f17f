"""The form of a mapping file: which parts it may have, and what each is made of."""

from typing import Any, Final

#: What the parts of a file are made of: text, a list of parts, parts by any name (``*``) or by these names.
FORM: Final[dict[str, Any]] = {
    "prefixes": {"*": str},
    "flexkg": {
        "include": [str],
        "sequences": [{"of": str, "via": [str]}],
        "ignored": [{"path": str, "reason": str}],
        "unread": [{"path": str, "reason": str}],
        "refused": [str],
        "mixed": [str],
    },
    "mappings": {"*": {"po": [object]}},
}


def misfit(value: Any, form: Any, place: str = "") -> str:
    """Find the first place of parsed YAML that is not of the form asked for.

    Args:
        value: what was parsed.
        form: ``str`` for text, ``object`` for anything, ``[form]`` for a list, a dictionary for names.
        place: how the value is reached, for the answer.

    Returns:
        What has to be different; empty where nothing has.

    >>> misfit({"mappings": {"Poll": {"po": "x"}}}, FORM)
    'mappings.Poll.po has to be a list'
    """
    if form is str or form is object:
        return "" if isinstance(value, form) else f"{place} has to be text"
    if isinstance(form, list):
        if not isinstance(value, list):
            return f"{place} has to be a list"
        found = (misfit(item, form[0], f"{place}[{n}]") for n, item in enumerate(value))
        return next(filter(None, found), "")
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return f"{place or 'the file'} has to be names, each with what belongs to it"
    found = (
        misfit(item, form.get(key, form.get("*", object)), f"{place}.{key}" if place else key)
        for key, item in value.items()
    )
    return next(filter(None, found), "")

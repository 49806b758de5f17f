"""Mapping files: what is accepted compiles; anything else is refused with the file, the place and a cure."""

import copy
from pathlib import Path

import pytest
import yaml

from kg import assets
from kg.errors import AssetError
from kg.lift import lifter_for, mapping_files
from kg.plan import compile_file
from kg.yarrrml import load

GOOD = """
prefixes:
  o: http://o.example/
  flex: https://w3id.org/flexkg/def#
  vocab: https://w3id.org/flexkg/vocab/
  id: https://w3id.org/flexkg/id/
flexkg:
  profile: "9"
  sequences:
    - {of: "flex:Poll", via: ["flex:part"]}
  ignored:
    - {path: "o:nothing", reason: "it is empty"}
mappings:
  Poll:
    sources: [[payload~xpath, /o:poll]]
    s: id:message/$(_digest)
    po:
      - [a, flex:Poll]
      - [flex:venID, $(o:ven)]
      - [flex:count, $(o:count), xsd:integer]
      - [flex:kind, vocab:kind/$(o:kind)~iri]
      - {p: flex:part, o: {mapping: Part}}
  Part:
    sources: [[payload~xpath, //o:poll/o:part]]
    s: $(_parent)/part/$(_position)
    po:
      - [a, flex:Part]
      - [flex:position, $(_position), xsd:integer]
      - [flex:text, $(.)]
      - [flex:of, id:x/$(../o:ven)/$(@o:n)~iri]
"""

#: what is put in place of what, part of what is said
BROKEN = {
    "unknown prefix of an element": ("$(o:ven)]", "$(p:ven)]", "prefix 'p' is not declared"),
    "unknown prefix of a property": ("[flex:venID,", "[flux:venID,", "'flux:venID' is not declared"),
    "unknown prefix of a class": ("[a, flex:Part]", "[a, flux:Part]", "'flux:Part' is not declared"),
    "unknown prefix of a subject": ("s: id:message/", "s: ida:message/", "'ida:message/' is not declared"),
    "unknown prefix in an iterator": (
        "/o:poll]]\n    s: id",
        "/p:poll]]\n    s: id",
        "prefix 'p' is not declared",
    ),
    "property without prefix": ("[flex:venID,", "[venID,", "'venID' is not declared"),
    "unknown datatype": (
        "xsd:integer]\n      - [flex:kind",
        "xsd:float]\n      - [flex:kind",
        "float> is not one of",
    ),
    "link to a missing mapping": ("{mapping: Part}", "{mapping: Prat}", "'Prat', which does not exist"),
    "link of another form": ("{mapping: Part}", "{function: Part}", "not of the form {mapping: NAME}"),
    "two references in a literal": ("$(o:ven)]", "$(o:ven) $(o:count)]", "must be a single reference"),
    "text around the reference of a literal": ("$(o:ven)]", "x$(o:ven)]", "must be a single reference"),
    "XPath predicate": ("$(o:ven)]", '"$(o:ven[1])"]', "outside the XPath subset"),
    "XPath function": ("$(o:ven)]", "$(string(o:ven))]", "outside the XPath subset"),
    "XPath descendants": ("$(o:ven)]", "$(.//o:ven)]", "outside the XPath subset"),
    "XPath axis": ("$(o:ven)]", "$(child::o:ven)]", "outside the XPath subset"),
    "a step after an attribute": ("$(@o:n)", "$(@o:n/o:m)", "outside the XPath subset"),
    "up after down": ("$(o:ven)]", "$(o:a/../o:ven)]", "goes up after it went down"),
    "a predicate list of one": (
        "[flex:venID, $(o:ven)]",
        "[flex:venID]",
        "is not [p, o], [p, o, datatype] or",
    ),
    "a long form with more keys": (
        "{p: flex:part, o: {mapping: Part}}",
        "{p: flex:part, o: [], g: x}",
        "is not [p, o]",
    ),
    "a key of a mapping": (
        "    s: id:message/$(_digest)\n",
        "    s: id:message/$(_digest)\n    graphs: x\n",
        "'graphs'",
    ),
    "a key of the file": ("flexkg:\n", "functions: {}\nflexkg:\n", "'functions' is outside the subset"),
    "no sources": ("    sources: [[payload~xpath, /o:poll]]\n", "", "needs one `sources"),
    "two sources": (
        "[[payload~xpath, /o:poll]]",
        "[[payload~xpath, /o:poll], [x~xpath, /o:y]]",
        "needs one `sources",
    ),
    "a source by name": ("[[payload~xpath, /o:poll]]", "payload", "needs one `sources"),
    "another source": (
        "[[payload~xpath, /o:poll]]",
        "[[payload.csv~csv, x]]",
        "neither ~xpath nor ~jsonpath",
    ),
    "no subject": ("    s: $(_parent)/part/$(_position)\n", "", "needs one `sources"),
    "no mappings": ("mappings:\n", "maps:\n", "no `mappings`"),
    "a tab": ("  Poll:\n", "\tPoll:\n", "no valid YAML"),
    "an open bracket": ("[a, flex:Poll]", "[a, flex:Poll", "no valid YAML"),
    "an alias of nothing": ("[a, flex:Poll]", "*nothing", "no valid YAML"),
    "a Python object": ("[a, flex:Poll]", "!!python/object:os.system {}", "no valid YAML"),
}


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yml"
    path.write_text(text, "utf-8")
    return path


def test_load_and_compile_accept_the_subset(tmp_path):
    """The file that the broken ones are made from compiles."""
    plans = compile_file(load(written(tmp_path, GOOD)))
    assert set(plans) == {"Poll", "Part"}


@pytest.mark.parametrize("path", list(mapping_files()), ids=lambda path: path.name)
def test_shipped_files_compile(path):
    """Each shipped payload mapping file compiles and is found by its profile."""
    profile = str(load(path).settings["profile"])
    assert lifter_for(profile).source.path == path


@pytest.mark.parametrize("name", BROKEN)
def test_load_refuses_with_file_and_cure(tmp_path, name):
    """A file outside of the subset is refused with its path, what is wrong in it, and a cure."""
    old, new, what = BROKEN[name]
    assert GOOD.count(old) == 1, "the table names one place"
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(AssetError) as caught:
        compile_file(load(path))
    error = caught.value
    assert what in error.what
    assert str(path) in error.where
    assert error.cure
    assert "\n" not in str(error)


def test_load_names_line_and_column_of_a_slip(tmp_path):
    """Broken YAML is named with line and column."""
    path = written(tmp_path, GOOD.replace("[a, flex:Poll]", "[a, flex:Poll"))
    with pytest.raises(AssetError) as caught:
        load(path)
    file, line, column = caught.value.where.rsplit(":", 2)
    assert file == str(path)
    assert GOOD.splitlines()[int(line) - 2].strip() == "- [a, flex:Poll]"
    assert int(column) > 0


def test_load_refuses_what_it_cannot_read(tmp_path):
    """A missing file, a folder, and a file in another encoding are refused with their path."""
    latin = tmp_path / "latin.yml"
    latin.write_bytes(GOOD.replace("it is empty", "es ist leer: \xe4").encode("latin-1"))
    for path in (tmp_path / "none.yml", tmp_path, latin):
        with pytest.raises(AssetError) as caught:
            load(path)
        assert str(path) in caught.value.where
        assert caught.value.cure


def test_load_joins_included_files(tmp_path):
    """An included file adds its mappings; a missing one, or a name that is there already, is refused."""
    main = GOOD.replace("flexkg:\n", "flexkg:\n  include: [more.yml]\n")
    path = written(tmp_path, main)
    with pytest.raises(AssetError) as caught:
        load(path)
    assert "more.yml" in caught.value.where
    more = yaml.safe_load(GOOD)
    (tmp_path / "more.yml").write_text(yaml.safe_dump(more))
    with pytest.raises(AssetError, match=r"'Part' is in more\.yml too"):
        load(path)
    more["mappings"] = {"Other": more["mappings"]["Part"]}
    (tmp_path / "more.yml").write_text(yaml.safe_dump(more))
    assert set(load(path).mappings) == {"Poll", "Part", "Other"}


JUNK = (
    None,
    0,
    1.5,
    True,
    "",
    "x",
    "a:b",
    "$(",
    "$()",
    "$(..)",
    "$(_parent)",
    [],
    [[]],
    {},
    {"p": 1},
    ["a", "b"],
)


def nodes(tree, path=()):
    """Every place in a YAML tree."""
    yield path
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield from nodes(value, (*path, key))


def test_load_raises_one_kind_of_error(tmp_path):
    """Whatever stands in the place of anything: the file compiles, or it is an AssetError with the path."""
    good = yaml.safe_load(GOOD)
    places = [place for place in nodes(good) if place]
    refused = 0
    for place in places:
        for junk in JUNK:
            tree = copy.deepcopy(good)
            at = tree
            for key in place[:-1]:
                at = at[key]
            at[place[-1]] = junk
            path = written(tmp_path, yaml.safe_dump(tree))
            try:
                compile_file(load(path))
            except AssetError as error:
                refused += 1
                if str(path) not in error.where:
                    pytest.fail(f"{place} {junk!r}: {error}")
            except Exception as error:  # noqa: BLE001
                pytest.fail(f"{place} = {junk!r}: {error!r}")
    assert refused > len(places)


def test_lifter_for_names_a_missing_profile():
    """A profile that no file serves is refused with the place where one would be added."""
    with pytest.raises(AssetError) as caught:
        lifter_for("7.7")
    assert "'7.7'" in caught.value.what
    assert "mappings/payloads" in caught.value.where
    assert caught.value.cure
    assert assets.folder("mappings").is_dir()

"""Tables that operators write, and numbers in them."""

from decimal import Decimal

import pytest

from kg.errors import AssetError
from kg.openadr.node import read_shares
from kg.operator_tables import number, read_table


@pytest.mark.parametrize("text", ["", "٢", "1_0", "NaN", "Infinity", "1,5", "0x1", "1e999", "--4", " 4"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError):
        number(text)


@pytest.mark.parametrize(("text", "value"), [("-4000", -4000), ("2.5", "2.5"), (".5", "0.5"), ("1e3", 1000)])
def test_numbers_are_read_as_written(text, value):
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("ven,limit_w,priority\nA,5,1\nA,6,2\n", ":3", "is there before"),
        ("ven,limit_w,priority\nA,x,1\n", ":2", "is no number"),
        ("ven,limit_w,priority\nA,5,1,7\n", ":2", "more cells"),
        ("ven,priority\nA,1\n", ":2", "the column 'limit_w' is missing"),
        ("ven,limit_w,priority\n\n\nA,-1,1\n", ":4", "0 or more"),
    ],
)
def test_line_that_is_wrong_is_named(tmp_path, text, where, says):
    path = tmp_path / "shares.csv"
    path.write_text(text)
    with pytest.raises(AssetError, match=says) as caught:
        read_shares(path)
    assert caught.value.where == f"{path}{where}"


def test_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path / "latin.csv"):
        (tmp_path / "latin.csv").write_bytes(b"a\n\xe4\n")
        with pytest.raises(AssetError, match="the file"):
            read_table(path, "a", dict)

"""Payloads of a folder: XML, and JSON where it is a message of OpenADR 3."""

import json

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.payloads import find
from tests.openadr3 import FOLDER


@pytest.fixture
def folder(tmp_path):
    """A folder with a message, and files that are none."""
    (tmp_path / "event.json").write_bytes((FOLDER / "event.json").read_bytes())
    (tmp_path / "package.json").write_text('{"name": "page"}')
    (tmp_path / "numbers.json").write_text("[1, 2]")
    (tmp_path / "notes.txt").write_text("no payload")
    return tmp_path


def test_json_of_something_else_is_passed_over_and_told(folder):
    """Only the message is checked; a person reads what was not."""
    result = CliRunner().invoke(app, ["check", str(folder), "--format", "json"])
    assert result.exit_code == 0
    assert [json.loads(line)["message_type"] for line in result.stdout.splitlines()] == ["event"]
    assert "2 JSON files that are no messages of OpenADR" in result.stderr


@pytest.mark.parametrize(
    "text", ['{"objectType": "EVENT"', '{"objectType": "A"}', '[{"objectType": "EVENT"}]']
)
def test_a_damaged_message_is_not_passed_over(folder, text):
    """JSON that is cut off, of an unknown kind, or a list of messages gets its verdict."""
    (folder / "damaged.json").write_text(text)
    result = CliRunner().invoke(app, ["check", str(folder), "--format", "json"])
    verdicts = [json.loads(line)["verdict"] for line in result.stdout.splitlines()]
    assert (result.exit_code, verdicts) == (1, ["unreadable", "conforms"])


def test_a_folder_of_something_else_only_is_an_error(folder):
    """Nothing was checked, which is no success."""
    (folder / "event.json").unlink()
    result = CliRunner().invoke(app, ["check", str(folder)])
    assert result.exit_code == 2
    assert "there is no payload" in result.stderr


def test_what_is_named_is_checked_whatever_it_is(folder):
    """A file that is named is never passed over."""
    (named,) = find([str(folder / "package.json")])
    assert not named.passed_over(b"{}")
    assert CliRunner().invoke(app, ["check", str(folder / "package.json")]).exit_code == 1

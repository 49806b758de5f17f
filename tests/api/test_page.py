"""/: the web page and its files, which ask for nothing from elsewhere."""

import hashlib
import json
import re

import pytest

from kg.errors import UsageError
from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import serving
from tests.api.problem import problem
from tests.paths import ROOT
from tests.stores import new_store

STATIC = ROOT / "api" / "static"
OWN = [path for path in sorted(STATIC.rglob("*")) if path.is_file() and "vendor" not in path.parts]
VENDORED = json.loads((STATIC / "vendor" / "vendor.json").read_text("utf-8"))


@pytest.mark.parametrize("path", ["/", "/operator"])
def test_page_is_served_with_a_strict_policy(checking, path):
    """Only its own files may run, nothing may be loaded from elsewhere."""
    answer = checking.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/me"])
def test_pages_may_ask_the_provider_and_nobody_else(tmp_path, path):
    """Its issuer, and the origins that the operator names; what is no origin is refused before it counts."""
    named = {
        "issuer": "https://idp.example/realms/grid",
        "audience": "https://a.example",
        "jwks": "https://idp.example/keys",
    }
    settings = load_settings(
        store=new_store(tmp_path / "store"), page_origins="https://token.example:444", **named
    )
    with serving(Service(settings)) as client:
        policy = client.get(path).headers["content-security-policy"]
        assert "connect-src 'self' https://idp.example https://token.example:444;" in policy
        assert client.get("/me/page/login.json").json()["origins"] == [
            "https://idp.example",
            "https://token.example:444",
        ]
    for wrong in ("https://a.example; script-src *", "*", "https:", "'unsafe-inline'", "https://*.example"):
        with pytest.raises(UsageError, match="page_origins"):
            load_settings(page_origins=wrong)


def test_pages_lead_to_the_same_places():
    """Their heads are files of their own: no build step puts them together."""
    heads = []
    for name in ("index.html", "operator/index.html"):
        text = (STATIC / name).read_text("utf-8")
        links = re.findall(r'<a href="(?:\./)?([^"]+)"[^>]*>([^<]+)</a>', text.partition("</nav>")[0])
        heads.append([link for link in links if link[1] != "FlexKG"])
    assert heads[0] == heads[1]
    assert len(heads[0]) == 6


def test_every_file_that_the_page_names_is_served(checking):
    """Scripts, style sheets and pictures, also those that scripts load."""
    named = set()
    for path in OWN:
        text = path.read_text("utf-8")
        if path.name == "index.html":
            named |= set(re.findall(r'(?:src|href)="(page/[^"]+)"', text))
        if path.suffix == ".js":
            for name in re.findall(r'(?:from|import\() ?"(\.\.?/[^"]+)"', text):
                named.add(f"page/{(path.parent / name).resolve().relative_to(STATIC)}")
            named |= set(re.findall(r'"(page/[^"]+)"', text))
    assert len(named) > 14
    for name in named:
        assert checking.get(f"/{name}").status_code == 200, name


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_own_files_ask_for_nothing_from_elsewhere(path):
    """No address but those of namespaces, and no script or style within the page."""
    text = path.read_text("utf-8")
    known = (
        "http://www.w3.org/",
        "https://w3id.org/flexkg/",
        "http://openadr.org/",
        "http://docs.oasis-open.org/",
        "https://program.example/",
    )
    assert [url for url in re.findall(r"https?://[^\s\"'`<>)]+", text) if not url.startswith(known)] == []
    if path.suffix == ".html":
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)
    if path.suffix == ".js":
        assert not re.search(r"\beval\(|innerHTML|insertAdjacentHTML|document\.write", text)
        assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("package", VENDORED, ids=lambda package: package["name"])
def test_bundles_are_as_they_were_published(package):
    """Name, exact version, licence and the checksum of each file."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["licence"] in (STATIC / "vendor" / package["licence_stated_in"]).read_text("utf-8")
    for file in package["files"]:
        data = (STATIC / "vendor" / file["to"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"], file["to"]


def test_no_bundle_is_unlisted():
    """Each file under vendor/ is named with its checksum."""
    listed = {file["to"] for package in VENDORED for file in package["files"]} | {"vendor.json"}
    found = {
        path.relative_to(STATIC / "vendor").as_posix()
        for path in (STATIC / "vendor").rglob("*")
        if path.is_file()
    }
    assert found == listed


def test_unchanged_files_are_not_sent_again(checking):
    """By ETag."""
    tag = checking.get("/page/flexkg.css").headers["etag"]
    answer = checking.get("/page/flexkg.css", headers={"if-none-match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2Fapp.py", "%2e%2e/%2e%2e/kg/keys.py", "vendor", "js/", "index.html%00"]
)
def test_nothing_else_is_served(checking, name):
    """What is no file of the page is told, whatever the path says."""
    problem(checking.get(f"/page/{name}"), 404, "not-found")

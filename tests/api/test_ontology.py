"""``/ontology``: pages and triples by Accept, unknown names, conditional requests, attempts to get out."""

import hashlib
import json
import re
import socket
import threading
import time
from functools import cache

import pytest
import uvicorn
from pyoxigraph import RdfFormat, parse

from api.ontology import POLICY, served
from kg.namespaces import FLEX, SHAPE, VOCAB
from kg.service import Service
from kg.settings import load_settings
from kg.site.served import Served
from tests.api.conftest import serving
from tests.paths import ROOT

HTML, TURTLE, JSON_LD = "text/html", "text/turtle", "application/ld+json"
FORMATS = {TURTLE: RdfFormat.TURTLE, JSON_LD: RdfFormat.JSON_LD}
#: Address below /ontology/ -> IRI that it is about, one of each kind.
THINGS = {
    "Event": FLEX + "Event",
    "reading": FLEX + "reading",
    "Reading": FLEX + "Reading",
    "vocab/optType": VOCAB + "optType",
    "vocab/optType/optIn": VOCAB + "optType/optIn",
    "vocab/readingType/Direct%20Read": VOCAB + "readingType/Direct%20Read",
    "vocab/powerRealUnit/J%2Fs": VOCAB + "powerRealUnit/J%2Fs",
    "shape/Event-eventID": SHAPE + "Event-eventID",
    "modules/event": "https://w3id.org/flexkg/event",
}


@cache
def client():
    return serving(Service(load_settings()))


def get(path, accept=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client().get(path, headers=headers | ({"Accept": accept} if accept else {}))


@pytest.mark.parametrize("name", THINGS)
@pytest.mark.parametrize("media", FORMATS)
def test_things_answer_as_triples(name, media):
    """Each kind of thing answers in each RDF format with statements about its own IRI."""
    answer = get(f"/ontology/{name}", media)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media
    assert answer.headers["vary"].split(", ")[0] == "Accept"
    subjects = {str(quad.subject) for quad in parse(answer.content, format=FORMATS[media])}
    assert f"<{THINGS[name]}>" in subjects


@pytest.mark.parametrize("name", THINGS)
def test_things_answer_as_pages(name):
    """Each kind of thing answers a browser with its page, which shows its IRI."""
    answer = get(f"/ontology/{name}", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"].split(", ")[0] == "Accept"
    assert f"<code>{THINGS[name]}</code>" in answer.text


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, HTML),
        ("*/*", HTML),
        ("text/*", HTML),
        (TURTLE, TURTLE),
        ("text/*;q=0.5, application/ld+json", JSON_LD),
        ("application/ld+json;q=0.4, text/turtle;q=0.6", TURTLE),
        ("text/html;q=0.1, text/turtle", TURTLE),
        ("application/rdf+xml, text/turtle;q=0.8, */*;q=0.1", TURTLE),
    ],
)
def test_accept_chooses_the_form(accept, media):
    """The highest q-value wins; without one, a page."""
    assert get("/ontology/Event", accept).headers["content-type"].partition(";")[0] == media


@pytest.mark.parametrize("path", ["/ontology", "/ontology/", "/ontology/Event"])
def test_other_forms_are_refused(path):
    """What is not offered is refused with a problem that names what is."""
    answer = get(path, "image/png")
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"
    assert TURTLE in answer.json()["cure"]


@pytest.mark.parametrize("path", ["/ontology", "/ontology/"])
@pytest.mark.parametrize("media", FORMATS)
def test_the_whole_answers_as_triples(path, media):
    """The whole ontology, vocabularies included, is one graph."""
    answer = get(path, media)
    assert answer.headers["vary"].split(", ")[0] == "Accept"
    subjects = {str(quad.subject) for quad in parse(answer.content, format=FORMATS[media])}
    assert {f"<{FLEX}Event>", f"<{VOCAB}optType/optIn>", "<https://w3id.org/flexkg/event>"} <= subjects


def test_the_whole_leads_browsers_to_its_index():
    """Links of the index are relative, so it stands below /ontology/."""
    first = client().get("/ontology", headers={"Accept": HTML}, follow_redirects=False)
    assert first.status_code == 307
    assert first.headers["location"] == "ontology/"
    assert first.headers["vary"].split(", ")[0] == "Accept"
    answer = get("/ontology", HTML)
    assert answer.url.path == "/ontology/"
    assert "<h1>FlexKG ontology</h1>" in answer.text


@pytest.mark.parametrize("name", ["", "Event", "vocab/optType", "vocab/optType/optIn", "shape/Event-eventID"])
def test_links_of_a_page_work_where_it_is_served(name):
    """Style, script and the pages nearby are found from the address of a thing too."""
    answer = get(f"/ontology/{name}", HTML)
    found = set(re.findall(r'(?:href|src)="([^"#:]+)"', answer.text))
    assert any(one.endswith("site.css") for one in found)
    for one in sorted(found)[:25]:
        assert get(str(answer.url.join(one).path), HTML).status_code == 200, one


@pytest.mark.parametrize(
    ("file", "media"),
    [
        ("site.css", "text/css; charset=utf-8"),
        ("search.js", "text/javascript; charset=utf-8"),
        ("search.json", "application/json"),
        ("icon.svg", "image/svg+xml"),
        ("rules.html", "text/html; charset=utf-8"),
        ("Event.html", "text/html; charset=utf-8"),
        ("reading-property.html", "text/html; charset=utf-8"),
        ("vocab/readingType/Direct-Read.html", "text/html; charset=utf-8"),
    ],
)
def test_files_have_their_media_type(file, media):
    """Files of the site answer whatever the client accepts, and may not be taken for something else."""
    answer = get(f"/ontology/{file}", "*/*")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/ontology/", "/ontology/Event", "/ontology/rules.html"])
def test_pages_have_a_strict_policy(path):
    """A page may load from its own site only, and run nothing that stands in it."""
    policy = get(path, HTML).headers["content-security-policy"]
    assert policy == POLICY
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/ontology/", "/ontology/Event", "/ontology/site.css"])
@pytest.mark.parametrize("accept", [HTML, TURTLE, JSON_LD])
def test_head_answers_as_get_without_body(path, accept):
    """HEAD gives the headers of GET, length included, and no body."""
    full = client().get(path, headers={"Accept": accept})
    head = client().head(path, headers={"Accept": accept})
    assert head.status_code == 200
    assert head.content == b""
    of_the_request = {"x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in of_the_request} == {
        k: v for k, v in full.headers.items() if k not in of_the_request
    }
    assert int(head.headers["content-length"]) == len(full.content)


def test_etags_follow_the_content():
    """Each form has an ETag of its own, the same from request to request."""
    tags = {media: get("/ontology/Event", media).headers["etag"] for media in (HTML, TURTLE, JSON_LD)}
    assert len(set(tags.values())) == 3
    answer = get("/ontology/Event", TURTLE)
    assert answer.headers["etag"] == tags[TURTLE]
    assert answer.headers["etag"].strip('"') == hashlib.sha256(answer.content).hexdigest()[:32]


def test_etags_last():
    """A service that is started anew gives the same bytes, blank nodes included."""
    other = Served()
    for name in ("readingType", "modules/reading", "shape/Signal-demand-charge"):
        for media, write in ((TURTLE, other.turtle), (JSON_LD, other.jsonld)):
            assert get(f"/ontology/{name}", media).text == write(other.entry(name))


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_unchanged_content_is_not_sent_again(form, method):
    """304 for a known ETag, with the headers that a cache needs and no body."""
    tag = get("/ontology/Event", TURTLE).headers["etag"]
    headers = {"Accept": TURTLE, "If-None-Match": form.format(tag)}
    answer = client().request(method, "/ontology/Event", headers=headers)
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == tag
    assert answer.headers["vary"].split(", ")[0] == "Accept"


def test_changed_content_is_sent():
    """An ETag of another form does not count."""
    tag = get("/ontology/Event", HTML).headers["etag"]
    assert get("/ontology/Event", TURTLE, If_None_Match=tag).status_code == 200


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Evnet", "/ontology/Event"),
        ("event", "/ontology/Event"),
        ("EventVersions", "/ontology/EventVersion"),
        ("vocab/optType/optin", "/ontology/vocab/optType/optIn"),
        ("vocab/signalNames", "/ontology/vocab/signalName"),
        ("shape/Event-eventId", "/ontology/shape/Event-eventID"),
        ("modules/events", "/ontology/modules/event"),
        ("xqzw", "/ontology/terms.html"),
    ],
)
@pytest.mark.parametrize("accept", [HTML, TURTLE, "image/png"])
def test_unknown_names_are_told_with_near_ones(name, near, accept):
    """404 as a problem whose cure names what looks alike, else the list of all."""
    answer = get(f"/ontology/{name}", accept)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert near in answer.json()["cure"]
    assert answer.json()["type"].endswith("/unknown-term")


@cache
def address():
    """A real server, for a client library tidies paths before it sends them."""
    config = uvicorn.Config(client().app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return server.servers[0].sockets[0].getsockname()


def raw(path):
    with socket.create_connection(address(), timeout=10) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/ontology/../pyproject.toml",
        "/ontology/../../etc/passwd",
        "/ontology/..%2f..%2fpyproject.toml",
        "/ontology/%2e%2e/%2e%2e/etc/passwd",
        "/ontology//etc/passwd",
        "/ontology/vocab/..%2f..%2fprefixes.ttl",
        "/ontology/..%5c..%5cpyproject.toml",
        "/ontology/site.css%00.html",
        "/ontology/./site.css",
        "/ontology/vocab/../site.css",
        "/ontology/static/site.css",
        "/ontology/write.py",
        "/ontology/C:%5cWindows",
        f"/ontology/{ROOT}/pyproject.toml",
        "/ontology/" + "a" * 3000,
        "/ontology/%ff%fe",
    ],
)
def test_nothing_outside_the_site_is_served(path):
    """An address names a thing or a file of the site; whatever else is written there is unknown."""
    head, _, body = raw(path).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"404", head
    assert b"application/problem+json" in head or b"application/json" in head
    assert len(json.loads(body).get("detail", "")) < 300


def test_the_document_describes_the_routes():
    """OpenAPI names the forms and the problems."""
    paths = client().get("/openapi.json").json()["paths"]
    thing = paths["/ontology/{name}"]["get"]
    assert set(thing["responses"]["200"]["content"]) >= {HTML, TURTLE, JSON_LD}
    assert {"304", "404", "406"} <= set(thing["responses"])
    assert "head" not in paths["/ontology"]


def test_written_files_are_preferred(tmp_path):
    """Where the wheel brings the written site, that is served."""
    (tmp_path / "Event.html").write_text("written", encoding="utf-8")
    source = Served(tmp_path)
    assert source.file("Event.html") == b"written"
    assert source.file("Opt.html") == served().file("Opt.html")
    assert source.file("../x") is None

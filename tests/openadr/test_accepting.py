"""What accepts a message from a template is what would have been made for it alone."""

from xml.sax.saxutils import escape

import pytest

from kg.answering import Answerer
from kg.ingest import Ingest
from kg.openadr.accepting import Accepting
from kg.openadr.policy import Policy
from kg.openadr.registering import registrar
from kg.openadr.roster import Roster
from kg.replies import reply
from tests.openadr.raw import RawVen

MESSAGES = {
    "registration": lambda ven: ven.register(),
    "created event": lambda ven: ven.created_event("E-1", 0, "req-1"),
    "opt": lambda ven: ven.opt("O&amp;1", "E-1", 0),
    "schedule": lambda ven: ven.schedule("O-2", "2031-01-01T00:00:00Z"),
    "cancelled opt": lambda ven: ven.cancel_opt("O-1"),
    "delivery": lambda ven: ven.report("R-1"),
    "created report": lambda ven: ven.created_report("req-1", "R-1"),
    "canceled report": lambda ven: ven.canceled_report("req-1"),
}


@pytest.fixture(scope="module")
def ingest(tmp_path_factory):
    with Ingest(tmp_path_factory.mktemp("accepting") / "store") as made:
        yield made


@pytest.mark.parametrize("name", MESSAGES)
def test_answer_from_a_template_equals_the_one_that_is_made(ingest, name):
    """The first, from which the template is made, and later ones with other names; all is recorded alike."""
    policy, roster = Policy("VTN-1"), Roster("VTN-1")
    accepting = Accepting(ingest, policy, roster)
    for ven_id in ("VEN-1", "a<b>&c", "200"):
        sent = []
        MESSAGES[name](RawVen(lambda _service, data, sent=sent: sent.append(data) or b"", escape(ven_id)))
        work = ingest.examine(sent[0], "")
        assert work.report.conforms
        filled = accepting(work)
        by = Answerer(party=ven_id)
        if name == "registration":
            registrar_of = registrar(policy, roster, ven_id)
            given = filled.lifted.facts[f"<{filled.lifted.message}>"]
            registration = next(v[0] for k, v in given.items() if k.endswith("#registrationID>"))
            by = Answerer(
                party="VTN-1",
                ven=ven_id,
                registration=registration[1:-1],
                transports=registrar_of.transports,
                poll_frequency=registrar_of.poll_frequency,
            )
        alone = ingest.examine(reply(work.report, work.lifted, by=by), "VTN-1")
        assert filled.data == alone.data
        assert filled.report == alone.report
        assert sorted(filled.lifted.lines) == sorted(alone.lifted.lines)
        assert filled.subjects == alone.subjects
    assert len(accepting._made) == 1

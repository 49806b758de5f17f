"""Accepts deliveries of reports: what a VTN says most, made and checked once."""

import uuid

from kg.ingest import Ingest
from kg.openadr import distribution
from kg.openadr.policy import Policy
from kg.openadr.template import Template, fits
from kg.openadr.told import text_of, ven_of
from kg.work import Work


class Accepting:
    """Makes the oadrUpdatedReport that accepts a delivery, to be recorded together with it.

    Args:
        ingest: checks it.
        policy: who answers, and whether it is signed.
    """

    def __init__(self, ingest: Ingest, policy: Policy) -> None:
        self._ingest, self._policy = ingest, policy
        self._made: Template | None = None

    def __call__(self, work: Work) -> Work | None:
        """Answer a delivery that was checked; None where its answer is not like every other one."""
        lifted = work.lifted
        if lifted is None or lifted.message_type != "oadrUpdateReport":
            return None
        texts = text_of(lifted, "requestID"), ven_of(lifted)
        if self._policy.seal is not None:  # a signature adds to the graph, and each is another one
            data = self._policy.seal(distribution.updated_report(texts[1], texts[0]))
            return self._ingest.examine(data, self._policy.vtn_id)
        if not fits(*texts):
            return None
        if self._made is None:
            marks = [uuid.uuid4().hex for _ in texts]
            made = self._ingest.examine(distribution.updated_report(marks[1], marks[0]), self._policy.vtn_id)
            self._made = Template(made, marks)
        return self._made.fill(*texts)

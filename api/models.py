"""What the service answers, as models that OpenAPI shows."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kg.report import Report

_VIOLATION: dict[str, Any] = {
    "rule": "INT-2",
    "severity": "Violation",
    "message": "The signal interval's duration is negative.",
    "focus": "https://w3id.org/flexkg/id/event/VTN-1/E-7/0/signal/0/interval/3",
    "value": '"-PT5M"^^<http://www.w3.org/2001/XMLSchema#duration>',
    "source": "OpenADR 2.0b, oadr_xcal_20b.xsd, DurationPropType",
    "pointer": "/oadr:oadrDistributeEvent/oadr:oadrEvent/ei:eiEvent/ei:eiEventSignals/ei:eiEventSignal"
    "/strm:intervals/ei:interval[4]/xcal:duration/xcal:duration",
    "line": 52,
    "cure": "State a length of zero or more.",
    "response_code": "459",
}


class ViolationModel(BaseModel):
    """One finding."""

    model_config = ConfigDict(json_schema_extra={"example": _VIOLATION})

    rule: str = Field(description="stable rule id")
    severity: Literal["Violation", "Warning", "Info"]
    message: str = Field(description="what is wrong")
    focus: str = Field(description="IRI of the node of the graph")
    value: str | None = Field(description="the offending value as N-Triples text")
    source: str = Field(description="the clause")
    pointer: str = Field(description="XPath into the payload")
    line: int = Field(description="line in the payload, from 1; 0 where unknown")
    cure: str = Field(description="what to do")
    response_code: str = Field(description="OpenADR response code of a refusal for this reason")


class ReportModel(BaseModel):
    """The answer to one check."""

    verdict: Literal["conforms", "violates", "unreadable"]
    message_type: str = Field(description="root element of the message, empty where it could not be read")
    digest: str = Field(description="SHA-256 of the payload")
    violations: list[ViolationModel]


class ReceiptModel(ReportModel):
    """The answer to one payload that was taken in."""

    sequence: int | None = Field(description="its row in the journal; none for bytes that could not be read")
    duplicate: bool = Field(description="the same bytes were recorded before, under this row")
    applied: bool = Field(description="whether it can be queried already")


class MeaningModel(BaseModel):
    """What one value of a payload means; numbers are text, so that they stay exact."""

    sentence: str = Field(description="all of it in words")
    node: str = Field(description="IRI of the interval or reading")
    about: str = Field(description="what holds the value")
    value: str | None = Field(description="the value as sent; none where it is no number")
    text: str = Field(description="the value as sent where it is no number")
    base_value: str | None = Field(description="the value in `unit`, exactly")
    says: str
    quantity_kind: str = Field(description="QUDT IRI")
    unit: str = Field(description="QUDT IRI of the unit without prefix")
    symbol: str = Field(description="unit as people write it")
    measured_in: str = Field(description="IRI of the unit that `value` is in")
    factor: str
    direction: str
    positive_means: str
    aggregation: str
    cim_reading_type: str
    starts_at: str
    ends_at: str
    of: list[str] = Field(description="resources, VENs or groups")
    quality: str = Field(description="quality, confidence and accuracy that the message states")
    origins: dict[str, str] = Field(description="where each part is from")
    missing: list[str] = Field(description="what nothing tells")
    complete: bool = Field(description="whether the value can be reckoned with")


class ParameterModel(BaseModel):
    """A parameter of a stored query."""

    name: str
    type: str = Field(description="an XSD local name, or iri")
    description: str
    default: str | None


class StoredQueryModel(BaseModel):
    """A stored query."""

    name: str
    summary: str = Field(description="what it answers")
    parameters: list[ParameterModel]
    text: str = Field(description="the SPARQL query")


class ProblemModel(BaseModel):
    """An error, RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str | None = None
    where: str | None = None
    cure: str | None = None


class RefusalModel(ProblemModel):
    """A payload that was refused, with a pointer for each violation."""

    violations: list[ViolationModel]


def report_body(report: Report) -> dict[str, Any]:
    """Give a report as the body of an answer."""
    return report.as_dict()

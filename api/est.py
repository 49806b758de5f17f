"""``/.well-known/est``: Enrolment over Secure Transport, RFC 7030."""

from base64 import encodebytes
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.access import caller_of
from api.bodies import read_body
from api.models import ProblemModel
from kg.errors import UsageError
from kg.identity.enrolment import LARGEST, certs_only
from kg.identity.office import Office

router = APIRouter(prefix="/.well-known/est", tags=["enrolment"])
PKCS7 = "application/pkcs7-mime"
_HEADERS = {"Content-Transfer-Encoding": "base64", "Cache-Control": "no-store"}
_NONE: dict[int | str, dict[str, Any]] = {
    503: {"model": ProblemModel, "description": "The service enrols no devices."}
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The certificate, PKCS#7 in base64.", "content": {PKCS7: {}}},
    400: {"model": ProblemModel, "description": "The request cannot be read, or its key is weak."},
    401: {"model": ProblemModel, "description": "No token, or one that does not hold."},
    403: {"model": ProblemModel, "description": "The request is for another key or subject."},
    413: {"model": ProblemModel, "description": "The request is too large."},
    422: {"model": ProblemModel, "description": "The request is cut off."},
    **_NONE,
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A PKCS#10 request in base64.",
        "content": {"application/pkcs10": {"schema": {"type": "string"}}},
    }
}


@router.get("/cacerts", response_class=Response, responses={200: _ANSWERS[200], **_NONE})
def cacerts(request: Request) -> Response:
    """Give the certificates that verify what the authority issues."""
    return _answer(certs_only(_office(request).authority.chain()))


@router.get(
    "/crl",
    response_class=Response,
    responses={200: {"description": "DER.", "content": {"application/pkix-crl": {}}}, **_NONE},
)
def crl(request: Request) -> Response:
    """Give the list of revoked certificates; good for a minute, for proxies that end TLS."""
    office = _office(request)
    made = office.authority.revocations(office.registry.revoked())
    headers = {"Cache-Control": "max-age=30"}
    return Response(made, media_type="application/pkix-crl", headers=headers)


@router.post("/simpleenroll", response_class=Response, responses=_ANSWERS, openapi_extra=_BODY)
async def enrol(request: Request) -> Response:
    """Give a device a certificate for the key that its token is bound to."""
    office, caller = _office(request), caller_of(request)
    data = await read_body(request, LARGEST)
    made = await run_in_threadpool(office.enrolment.enrol, data, caller)
    return _answer(certs_only([made]))


@router.post("/simplereenroll", response_class=Response, responses=_ANSWERS, openapi_extra=_BODY)
async def renew(request: Request) -> Response:
    """Give a device a new certificate; it shows the one that it has."""
    office, caller = _office(request), caller_of(request)
    data = await read_body(request, LARGEST)
    made = await run_in_threadpool(office.enrolment.renew, data, caller)
    return _answer(certs_only([made]))


def _office(request: Request) -> Office:
    office: Office | None = request.app.state.office
    if office is None:
        raise UsageError(
            "the service enrols no devices", cure="start it with FLEXKG_IDENTITY=DIR", code="no-identity"
        )
    return office


def _answer(der: bytes) -> Response:
    return Response(encodebytes(der), media_type=PKCS7, headers=_HEADERS)

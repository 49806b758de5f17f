"""What every error is: RFC 9457."""

TYPE = "https://w3id.org/flexkg/problem/"


def problem(answer, status, code):
    """Check that an answer is this problem, and give its members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"]) == (TYPE + code, status)
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    return body

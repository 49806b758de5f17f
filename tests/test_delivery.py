"""What of a message goes to the graph of reports: what stands below them, not what only names them."""

from kg.graphs import Change
from kg.readings.delivery import part

M = "https://w3id.org/flexkg/id/message/d"
P = "<https://w3id.org/flexkg/def#p>"


def test_what_stands_below_reports_goes_apart():
    apart = [
        f'<{M}/report/1/interval/0> {P} "1" .',
        f"<{M}/report/12/x> {P} <urn:a> .",
        f"<{M}/report/1> {P} <{M}/report/1/interval/0> .",
        f"<{M}> {P} <{M}/report/12/interval/0/reading/3> .",
    ]
    stay = [
        f"<{M}> {P} <{M}/report/1> .",
        f'<{M}/report/1> {P} "<{M}/report/1/interval/0>" .',
        f'<{M}/report/123/interval/0> {P} "1" .',
        f'<{M}/descriptor/1> {P} "a/b" .',
    ]
    change = Change("op", [line for pair in zip(apart, stay, strict=True) for line in pair])
    part(change, [f"<{M}/report/1>", f"<{M}/report/12>"], "report")
    assert (change.lines, change.apart) == (stay, {"report": apart})
    part(change, [], "report")
    assert change.lines == stay

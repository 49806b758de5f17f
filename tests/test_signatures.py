"""Signatures: every good message is accepted, nothing else is.

The layouts are those of the literature on signature wrapping, applied to OpenADR's envelope, and each of the
other ways in which a message could claim a signer that did not sign it.
"""

import base64
import copy
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lxml import etree
from openleadr.messaging import parse_message, validate_xml_schema, validate_xml_signature
from openleadr.utils import certificate_fingerprint
from pyoxigraph import RdfFormat, parse

from kg import assets, skos
from kg.certificates import Trust, certificate
from kg.errors import StoreUnavailable, StoreVersion, UnreadablePayload, UsageError
from kg.namespaces import FLEX, VOCAB
from kg.nonces import Nonces
from kg.replies import reply
from kg.report import Report
from kg.signature_form import DS, DSP
from kg.signatures import Window, verify
from kg.signing import sign
from kg.xml import read
from kg.xpath import OADR_20B
from tests.openleadr_messages import MESSAGES, message
from tests.paths import PAYLOADS, ROOT, needs_data
from tests.signed import C14N, EXCLUSIVE, MORE, NOW, by_openleadr, find, keys, pair, resign

SAMPLES = PAYLOADS / "2.0b" / "avob-samples" / "xmlsignature"
EVIL = "ven-evil"


@pytest.fixture
def nonces(tmp_path):
    with Nonces(tmp_path / "nonces.db") as opened:
        yield opened


def trust(kind: str = "RSA") -> Trust:
    return Trust({"ven-1": keys(kind).cert, "ven-2": keys("other").cert})


def verdict(data: bytes, *, kind: str = "RSA", nonces=None, **more):
    return verify(read(data), trust(kind), nonces=nonces, sender="ven-1", **more)


# ------------------------------------------------------------------ what is accepted


@pytest.mark.parametrize("kind", ["RSA", "EC", "EC-384"])
@pytest.mark.parametrize("message_type", MESSAGES)
def test_signatures_of_openleadr_are_good(message_type, kind, nonces):
    """Each message type, signed by openleadr with each kind of key, is accepted once."""
    data = by_openleadr(message_type, kind)
    found = verdict(data, kind=kind, nonces=nonces, peer=keys(kind).cert)
    assert (found.state, found.accepted, found.code) == ("good", True, ""), found.reason
    assert found.party == "ven-1"
    assert found.signer.fingerprint == certificate_fingerprint(keys(kind).cert.decode())
    assert abs(found.timestamp - datetime.now(UTC)) < timedelta(minutes=1)
    assert len(found.nonce) == 32


@pytest.mark.parametrize("kind", ["RSA", "EC", "EC-384"])
@pytest.mark.parametrize("message_type", MESSAGES)
def test_signed_messages_are_accepted_by_openleadr_and_here(message_type, kind, nonces):
    """What is signed here passes openleadr's schema and signature checks, and ours."""
    data = sign(message(message_type), keys(kind).key, keys(kind).cert)
    fingerprint = certificate(keys(kind).cert).fingerprint
    validate_xml_signature(validate_xml_schema(data), fingerprint)
    assert verdict(data, kind=kind, nonces=nonces).good


def test_sign_puts_a_bare_message_into_its_envelope(nonces):
    """A message without oadrPayload is signed in one, whatever prefixes it declares."""
    bare = etree.tostring(
        find(etree.fromstring(message("oadrDistributeEvent")), ".//oadr:oadrDistributeEvent")
    )
    data = sign(bare, keys("EC").key, keys("EC").cert)
    validate_xml_signature(validate_xml_schema(data))
    assert verdict(data, kind="EC", nonces=nonces).good


@needs_data
def test_sign_takes_every_valid_payload(nonces):
    """Whatever prefixes and default namespaces a payload uses, its signature holds."""
    tried = 0
    for path in sorted((PAYLOADS / "2.0b").rglob("*.xml")):
        try:
            document = read(path.read_bytes())
        except UnreadablePayload:
            continue
        if document.schema_errors or document.root.find("{*}Signature") is not None:
            continue
        assert verdict(sign(document.data, keys("EC").key, keys("EC").cert), kind="EC").good, path.name
        tried += 1
    assert tried > 50


def tree(message_type: str = "oadrPoll"):
    """A good message of openleadr's as a tree to change."""
    return etree.fromstring(by_openleadr(message_type))


def parts(root):
    return find(root, "ds:Signature"), find(root, "oadr:oadrSignedObject"), find(root, ".//ds:Object")


def again(root, **more) -> bytes:
    """Sign a tree anew over its signed object and its object."""
    _, content, held = parts(root)
    return resign(root, content, held, by=keys("RSA"), **more)


#: Other good forms: name -> how the message is made.
OTHER_FORMS = {
    "exclusive": lambda: again(tree(), canonical=EXCLUSIVE),
    "c14n-1.1": lambda: again(tree(), canonical="http://www.w3.org/2006/12/xml-c14n11"),
    "sha-384": lambda: again(tree(), digest=MORE + "sha384", method=MORE + "rsa-sha384"),
    "no-transforms": lambda: again(tree(), transforms=()),
    "comments": lambda: by_openleadr().replace(b"<ei:venID>", b"<ei:venID><!-- who -->"),
    "utf-16": lambda: by_openleadr().decode().replace("utf-8", "utf-16").encode("utf-16"),
    "byte-order-mark": lambda: b"\xef\xbb\xbf" + by_openleadr(),
    "no-certificate": lambda: _without(tree(), "ds:KeyInfo"),
    "instruction": lambda: again(_with_instruction(tree())),
    "references-swapped": lambda: _swapped(tree()),
}


def _without(root, path):
    element = find(root, f".//{path}")
    element.getparent().remove(element)
    return etree.tostring(root)


def _with_instruction(root):
    find(root, ".//oadr:oadrPoll").insert(0, etree.ProcessingInstruction("note", "kept"))
    return root


def _swapped(root):
    info = find(root, ".//ds:SignedInfo")
    info.append(info.findall("ds:Reference", {"ds": DS})[0])
    _, content, held = parts(root)
    return resign(root, held, content, by=keys("RSA"))


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_other_forms_that_mean_the_same_are_good(form, nonces):
    """Canonical forms, encodings, comments and the order of references are the sender's choice."""
    found = verdict(OTHER_FORMS[form](), nonces=nonces)
    assert found.good, found


# ------------------------------------------------------------------ wrapping


def forged(root):
    """A copy of the signed object that says something else."""
    content = copy.deepcopy(find(root, "oadr:oadrSignedObject"))
    find(content, ".//{*}venID").text = EVIL
    return content


def wrap_second_object_before(root):
    root.insert(1, forged(root))


def wrap_second_object_after(root):
    root.append(forged(root))


def wrap_second_object_without_id(root):
    made = forged(root)
    made.attrib.clear()
    root.insert(1, made)


def wrap_second_object_with_other_id(root):
    made = forged(root)
    made.set(f"{{{OADR_20B}}}Id", "another")
    root.insert(1, made)


def wrap_original_in_object(root):
    """The signed content moves into the signature's object; another stands in its place."""
    _signature, content, held = parts(root)
    made = forged(root)
    root.replace(content, made)
    held.append(content)


def wrap_original_in_new_object(root):
    signature, content, _ = parts(root)
    root.replace(content, forged(root))
    etree.SubElement(signature, f"{{{DS}}}Object").append(content)


def wrap_original_in_new_object_forged_without_id(root):
    signature, content, _ = parts(root)
    made = forged(root)
    made.attrib.clear()
    root.replace(content, made)
    etree.SubElement(signature, f"{{{DS}}}Object").append(content)


def wrap_original_in_property(root):
    _, content, _ = parts(root)
    made = forged(root)
    made.attrib.clear()
    root.replace(content, made)
    find(root, ".//ds:SignatureProperty").append(content)


def wrap_original_in_key_info(root):
    _, content, _ = parts(root)
    made = forged(root)
    made.attrib.clear()
    root.replace(content, made)
    find(root, ".//ds:KeyInfo").append(content)


def wrap_original_in_signed_info(root):
    _, content, _ = parts(root)
    made = forged(root)
    made.attrib.clear()
    root.replace(content, made)
    find(root, ".//ds:CanonicalizationMethod").append(content)


def wrap_original_in_forged(root):
    _, content, _ = parts(root)
    made = forged(root)
    made.attrib.clear()
    root.replace(content, made)
    made.append(content)


def wrap_payload_in_payload(root):
    """A whole good message inside the message that is read."""
    whole = copy.deepcopy(root)
    find(root, "oadr:oadrSignedObject").append(whole)


def wrap_payload_around(root):
    inner = copy.deepcopy(root)
    for child in list(root):
        root.remove(child)
    root.append(forged(inner))
    root.insert(0, inner)


def wrap_signature_inside_content(root):
    signature, content, _ = parts(root)
    root.remove(signature)
    content.insert(0, signature)


def wrap_signature_after_content(root):
    signature, _content, _ = parts(root)
    root.remove(signature)
    root.append(signature)


def wrap_two_signatures(root):
    """A second signature, the good one, stands where a search from the root finds it first."""
    good = copy.deepcopy(find(root, "ds:Signature"))
    find(root, "oadr:oadrSignedObject//{*}venID").text = EVIL
    root.insert(0, good)


def wrap_signature_in_signature(root):
    signature = find(root, "ds:Signature")
    etree.SubElement(signature, f"{{{DS}}}Object").append(copy.deepcopy(signature))


def wrap_second_message_in_object(root):
    """Two messages in the signed object that is read."""
    content = find(root, "oadr:oadrSignedObject")
    content.append(copy.deepcopy(content[0]))


def wrap_second_replay_before(root):
    """A new time and nonce in an object before the signed ones."""
    signature, _, held = parts(root)
    fresh = copy.deepcopy(held)
    fresh.set("Id", "fresh")
    find(fresh, ".//dsp:nonce").text = "fresh"
    signature.insert(signature.index(held), fresh)


def wrap_second_replay_same_object(root):
    made = copy.deepcopy(find(root, ".//ds:SignatureProperty"))
    find(made, ".//dsp:nonce").text = "fresh"
    find(root, ".//ds:SignatureProperties").insert(0, made)


def wrap_second_replay_same_property(root):
    made = copy.deepcopy(find(root, ".//dsp:ReplayProtect"))
    find(made, ".//dsp:nonce").text = "fresh"
    find(root, ".//ds:SignatureProperty").insert(0, made)


def wrap_second_nonce(root):
    replay = find(root, ".//dsp:ReplayProtect")
    etree.SubElement(replay, f"{{{DSP}}}nonce").text = "fresh"


def wrap_second_timestamp(root):
    replay = find(root, ".//dsp:ReplayProtect")
    made = etree.Element(f"{{{DSP}}}timestamp")
    made.text = "2099-01-01T00:00:00Z"
    replay.insert(0, made)


def wrap_replay_in_content_position(root):
    """The replay protection stands in the message, the reference goes there."""
    _, content, held = parts(root)
    held.set("Id", "other")
    content.append(copy.deepcopy(held))
    content[-1].set("Id", "prop")


def wrap_duplicate_id_on_message(root):
    find(root, ".//oadr:oadrPoll").set("Id", "oadrSignedObject")


def wrap_duplicate_id_other_case(root):
    find(root, ".//oadr:oadrPoll").set("ID", "oadrSignedObject")


def wrap_duplicate_id_in_signature(root):
    find(root, "ds:Signature").set("Id", "oadrSignedObject")


def wrap_duplicate_id_of_object(root):
    find(root, ".//ds:SignatureProperties").set("Id", "prop")


def wrap_xml_id(root):
    find(root, ".//ds:KeyInfo").set("{http://www.w3.org/XML/1998/namespace}id", "oadrSignedObject")


def wrap_prefix_rebound(root):
    """The content is put under other names by a prefix of its surroundings."""
    content = find(root, "oadr:oadrSignedObject")
    made = etree.fromstring(etree.tostring(content).replace(b"energyinterop/201110", b"energyinterop/201111"))
    root.replace(content, made)


def wrap_content_changed(root):
    find(root, "oadr:oadrSignedObject//{*}venID").text = EVIL


def wrap_content_split_by_comment(root):
    """Text before a comment is not all of the text."""
    ven = find(root, "oadr:oadrSignedObject//{*}venID")
    ven.text = "ven"
    ven.append(etree.Comment("-1"))


def wrap_replay_changed(root):
    find(root, ".//dsp:nonce").text = "fresh"


def wrap_timestamp_changed(root):
    find(root, ".//dsp:timestamp").text = NOW.isoformat()


def wrap_reference_to_everything(root):
    find(root, ".//ds:Reference").set("URI", "")


def wrap_reference_removed(root):
    info = find(root, ".//ds:SignedInfo")
    info.remove(info.findall("ds:Reference", {"ds": DS})[0])


def wrap_reference_digest_copied(root):
    """Both references go to the replay protection."""
    references = root.findall(".//ds:Reference", {"ds": DS})
    find(root, ".//ds:SignedInfo").replace(references[0], copy.deepcopy(references[1]))


WRAPPINGS = {
    name.removeprefix("wrap_"): made for name, made in list(globals().items()) if name.startswith("wrap_")
}


@pytest.mark.parametrize("layout", WRAPPINGS)
def test_wrapped_signatures_are_refused(layout, nonces):
    """A good signature vouches for no content but its own, wherever it or the content is moved.

    The schema refuses many of the layouts already; none is accepted without it either.
    """
    root = tree()
    WRAPPINGS[layout](root)
    try:
        document = read(etree.tostring(root))
    except UnreadablePayload:
        return
    for judged in (document, replace(document, schema_errors=())):
        for policy in ("require", "accept"):
            found = verify(judged, trust(), nonces=nonces, sender="ven-1", policy=policy)
            assert (found.state, found.accepted) == ("bad", False)
    assert len(nonces) == 0


def test_wrapping_layouts_are_many():
    """At least 25 layouts are tried."""
    assert len(WRAPPINGS) >= 25


# ------------------------------------------------------------------ forms that the registered key signs

ENVELOPED = DS + "enveloped-signature"


def own_reference_to_envelope(root):
    root.set("Id", "all")
    find(root, ".//ds:Reference").set("URI", "#all")
    return again(root)


def own_reference_to_itself(root):
    """The method is signed, and the message is not."""
    info = find(root, ".//ds:SignatureProperties")
    info.set("Id", "itself")
    find(root, ".//ds:Reference").set("URI", "#itself")
    return resign(root, info, parts(root)[2], by=keys("RSA"))


def own_third_reference(root):
    info = find(root, ".//ds:SignedInfo")
    info.append(copy.deepcopy(info[-1]))
    _, content, held = parts(root)
    return resign(root, content, held, held, by=keys("RSA"))


def own_reference_to_key_info(root):
    held = find(root, ".//ds:KeyInfo")
    held.set("Id", "key")
    root.findall(".//ds:Reference", {"ds": DS})[1].set("URI", "#key")
    return resign(root, parts(root)[1], held, by=keys("RSA"))


def own_no_replay_protect(root):
    find(root, ".//ds:SignatureProperty").remove(find(root, ".//dsp:ReplayProtect"))
    etree.SubElement(find(root, ".//ds:SignatureProperty"), f"{{{DSP}}}note")
    return again(root)


def own_signed_object_in_key_info(root):
    find(root, ".//ds:KeyInfo").append(forged(root))
    find(root, ".//ds:KeyInfo")[-1].attrib.clear()
    return again(root)


def own_second_nonce(root):
    wrap_second_nonce(root)
    return again(root)


def own_second_property(root):
    made = copy.deepcopy(find(root, ".//ds:SignatureProperty"))
    made.set("Id", "second")
    made[0].tag = f"{{{DSP}}}note"
    find(root, ".//ds:SignatureProperties").append(made)
    return again(root)


def own_second_object(root):
    etree.SubElement(find(root, "ds:Signature"), f"{{{DS}}}Object").text = "note"
    return again(root)


def own_type_under_exclusive(root):
    """What a prefix in the value of xsi:type stands for is not signed."""
    poll = find(root, ".//oadr:oadrPoll")
    poll.set("{http://www.w3.org/2001/XMLSchema-instance}type", "oadr:oadrPollType")
    return again(root, canonical=EXCLUSIVE)


def replay(root, timestamp=None, nonce=None):
    if timestamp is not None:
        find(root, ".//dsp:timestamp").text = timestamp
    if nonce is not None:
        find(root, ".//dsp:nonce").text = nonce
    return again(root)


#: Fault -> messages that the registered key signed and that are refused for it all the same.
OWN = {
    "algorithm": [
        lambda: again(tree(), digest=DS + "sha1"),
        lambda: again(tree(), method=DS + "rsa-sha1"),
        lambda: again(tree(), digest=DS + "sha1", method=DS + "rsa-sha1"),
        lambda: again(tree(), digest=MORE + "sha224"),
        lambda: again(tree(), method=MORE + "rsa-sha224"),
        lambda: again(tree(), canonical=C14N + "#WithComments"),
        lambda: _method(tree(), DS + "hmac-sha1"),
        lambda: _method(tree(), MORE + "hmac-sha256"),
        lambda: _method(tree(), DS + "dsa-sha1"),
        lambda: _method(tree(), MORE + "rsa-md5"),
        lambda: _method(tree(), "urn:none"),
    ],
    "transform": [
        lambda: again(tree(), transforms=("http://www.w3.org/TR/1999/REC-xpath-19991116", C14N)),
        lambda: again(tree(), transforms=("http://www.w3.org/TR/1999/REC-xslt-19991116",)),
        lambda: again(tree(), transforms=(DS + "base64",)),
        lambda: again(tree(), transforms=(C14N, C14N)),
        lambda: again(tree(), transforms=(ENVELOPED, C14N)),
        lambda: own_type_under_exclusive(tree()),
    ],
    "reference": [
        lambda: own_reference_to_itself(tree()),
        lambda: own_third_reference(tree()),
        lambda: own_reference_to_key_info(tree()),
        lambda: _uri(tree(), "http://example.org/message.xml"),
        lambda: _uri(tree(), "#xpointer(/)"),
        lambda: _uri(tree(), "#nowhere"),
        lambda: _uri(tree(), "#"),
        lambda: _uri(tree(), None),
    ],
    "schema": [lambda: own_reference_to_envelope(tree())],
    "structure": [
        lambda: own_no_replay_protect(tree()),
        lambda: own_signed_object_in_key_info(tree()),
        lambda: own_second_nonce(tree()),
        lambda: own_second_property(tree()),
        lambda: own_second_object(tree()),
    ],
    "timestamp": [
        lambda: replay(tree(), ""),
        lambda: replay(tree(), "today"),
        lambda: replay(tree(), "2026-03-01"),
        lambda: replay(tree(), NOW.replace(tzinfo=None).isoformat()),
        lambda: replay(tree(), "0001-01-01T00:00:00+14:00"),
        lambda: replay(tree(), "20260301T120000Z"),
    ],
    "nonce": [
        lambda: replay(tree(), nonce=""),
        lambda: replay(tree(), nonce=" \n"),
        lambda: replay(tree(), nonce="n" * 5000),
    ],
    "stale": [lambda: replay(tree(), (NOW - timedelta(hours=1)).isoformat())],
    "future": [lambda: replay(tree(), (NOW + timedelta(hours=1)).isoformat())],
}


def _method(root, name):
    find(root, ".//ds:SignatureMethod").set("Algorithm", name)
    return etree.tostring(root)


def _uri(root, uri):
    reference = find(root, ".//ds:Reference")
    reference.attrib.clear()
    if uri is not None:
        reference.set("URI", uri)
    return again(root)


@pytest.mark.parametrize(
    ("fault", "n"), [(fault, n) for fault, made in OWN.items() for n in range(len(made))]
)
def test_signatures_of_another_form_are_refused(fault, n, nonces):
    """Weak algorithms, other references and times out of the window are refused, whoever signed them."""
    found = verdict(OWN[fault][n](), nonces=nonces)
    assert (found.state, found.code, found.accepted) == ("bad", fault, False), found.reason
    assert len(nonces) == 0


def plain_id(root):
    content = find(root, "oadr:oadrSignedObject")
    content.attrib.clear()
    content.set("Id", "oadrSignedObject")
    return again(root)


def two_messages(root):
    wrap_second_message_in_object(root)
    return again(root)


def broken_certificate(root):
    find(root, ".//ds:X509Certificate").text = "A"
    return again(root)


@pytest.mark.parametrize(
    ("made", "fault"),
    [(plain_id, "reference"), (two_messages, "structure"), (broken_certificate, "structure")],
)
def test_forms_that_the_schema_refuses_are_refused_without_it(made, fault):
    """What the registered key signed against the schema is refused twice."""
    document = read(made(tree()))
    assert verify(document, trust(), nonces=None).code == "schema"
    assert verify(replace(document, schema_errors=()), trust(), nonces=None).code == fault


def test_what_was_read_must_be_what_was_signed():
    """Two readers that disagree about the same bytes are no way in."""
    good = by_openleadr()
    root = etree.fromstring(good)
    wrap_content_changed(root)
    assert verify(replace(read(etree.tostring(root)), data=good), trust(), nonces=None).code == "content"
    other = read(good)
    poll = read(message("oadrPoll")).body
    assert verify(replace(other, body=poll), trust(), nonces=None).code == "structure"


def test_resign_makes_good_signatures(nonces):
    """The signatures that the tests above make by hand are refused for their form, not for their digests."""
    assert verdict(again(tree()), nonces=nonces).good
    assert verdict(replay(tree(), nonce="own"), nonces=nonces).nonce == "own"


@pytest.mark.parametrize("digit", range(0, 340, 20))
def test_changed_signature_values_are_refused(digit):
    """A flipped bit anywhere in the signature's value is seen."""
    root = tree()
    value = find(root, ".//ds:SignatureValue")
    raw = bytearray(base64.b64decode(value.text))
    raw[digit % len(raw)] ^= 1
    value.text = base64.b64encode(bytes(raw)).decode()
    assert verdict(etree.tostring(root)).code == "signature"


@pytest.mark.parametrize("seed", range(8))
def test_mutated_messages_are_good_only_where_nothing_was_changed(seed):
    """Whatever bytes are exchanged, what is read of a good message is what was signed."""
    random = Random(seed)
    original = by_openleadr("oadrDistributeEvent")
    root = etree.fromstring(original)
    said = [etree.tostring(one, method="c14n") for one in parts(root)[1:]]
    for _ in range(40):
        data = bytearray(original)
        for _ in range(random.choice((1, 1, 2, 5))):
            at = random.randrange(len(data))
            choice = random.random()
            if choice < 0.4:
                data[at] ^= 1 << random.randrange(7)
            elif choice < 0.7:
                del data[at : at + random.randrange(1, 40)]
            else:
                begin = random.randrange(len(data))
                data[at:at] = data[begin : begin + random.randrange(1, 200)]
        try:
            document = read(bytes(data))
        except UnreadablePayload:
            continue
        if verify(document, trust(), nonces=None, policy="accept").good:
            assert [etree.tostring(one, method="c14n") for one in parts(document.root)[1:]] == said


def test_signatures_with_very_many_references_are_refused_at_once():
    """The work that a message causes does not grow with the square of its size."""
    root = tree()
    info = find(root, ".//ds:SignedInfo")
    last = etree.tostring(info[-1])
    for _ in range(1500):
        info.append(etree.fromstring(last))
    assert verdict(etree.tostring(root)).code == "reference"


# ------------------------------------------------------------------ whose key


def test_foreign_keys_are_refused():
    """A self-signed certificate in the message, however good its signature, proves nothing."""
    data = by_openleadr(kind="attacker")
    validate_xml_signature(validate_xml_schema(data))
    assert verdict(data).code == "foreign-key"
    assert verify(read(data), trust(), nonces=None).code == "foreign-key"
    assert verify(read(data), Trust({}), nonces=None).code == "foreign-key"
    anonymous = read(_without(tree(), "ds:KeyInfo"))
    assert verify(anonymous, Trust({}), nonces=None).code == "foreign-key"
    assert verify(anonymous, trust(), nonces=None, sender="ven-7").code == "foreign-key"


def test_keys_of_other_parties_are_refused():
    """A registered party cannot sign for another; without an expected sender the verdict names who signed."""
    data = by_openleadr(kind="other")
    assert verdict(data).code == "foreign-key"
    assert verify(read(data), trust(), nonces=None).party == "ven-2"


def test_foreign_signature_under_a_registered_certificate_is_refused():
    """The registered certificate put beside a foreign signature does not make it good."""
    root = etree.fromstring(by_openleadr(kind="attacker"))
    pem = keys("RSA").cert.decode().split("-----")[2]
    find(root, ".//ds:X509Certificate").text = pem
    assert verdict(etree.tostring(root)).code == "signature"


def test_foreign_signature_without_certificate_is_refused():
    """Leaving the certificate out leaves the registered key in force."""
    assert (
        verdict(_without(etree.fromstring(by_openleadr(kind="attacker")), "ds:KeyInfo")).code == "signature"
    )


def test_a_message_without_certificate_is_not_tried_on_every_key():
    """A few registered keys are tried; of many, the sender must be expected or the certificate be there."""
    data = read(_without(tree(), "ds:KeyInfo"))
    many = Trust({f"ven-{n}": keys("RSA").cert for n in range(9)})
    assert verify(data, many, nonces=None).code == "foreign-key"
    assert verify(data, many, nonces=None, sender="ven-3").good


def test_foreign_key_value_is_refused():
    """A key value beside the registered certificate must be of the same key."""
    root = tree()
    held = etree.SubElement(find(root, ".//ds:KeyInfo"), f"{{{DS}}}KeyValue")
    made = etree.SubElement(held, f"{{{DS}}}RSAKeyValue")
    etree.SubElement(made, f"{{{DS}}}Modulus").text = base64.b64encode(b"\x7f" * 256).decode()
    etree.SubElement(made, f"{{{DS}}}Exponent").text = "AQAB"
    assert verdict(etree.tostring(root)).code == "signature"


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("RSA-1024", "weak-key"),
        ("EC-224", "weak-key"),
        ("expired", "certificate-dates"),
        ("not-yet", "certificate-dates"),
    ],
)
def test_weak_keys_and_dates_are_refused(kind, fault):
    """A certificate counts in its dates, with RSA of 2048 or EC of 256 bits."""
    assert verdict(by_openleadr(kind=kind), kind=kind).code == fault


def test_another_tls_peer_is_refused():
    """Who signs is who is connected."""
    data = by_openleadr()
    assert verdict(data, peer=keys("RSA").cert).good
    assert verdict(data, peer=keys("other").cert).code == "peer"
    assert verdict(data, peer=keys("renewed").cert).code == "peer"
    with pytest.raises(UsageError, match="certificate"):
        verdict(data, peer=b"none")


def test_revoked_certificates_are_refused():
    """What is no longer registered is no longer trusted."""
    assert (
        verify(read(by_openleadr()), Trust({"ven-1": []}), nonces=None, sender="ven-1").code == "foreign-key"
    )


def test_trust_finds_certificates_by_fingerprint():
    """In full or in OpenADR's form, with or without colons."""
    one = certificate(keys("RSA").cert)
    for text in (one.sha256, one.fingerprint, one.fingerprint.replace(":", "").lower()):
        assert trust().find(text) == (("ven-1", one),)
    assert trust().find("00") == ()


# ------------------------------------------------------------------ policies and stripped signatures


def test_stripped_signatures_are_refused_where_one_is_asked_for():
    """Taking the signature away is no way around it."""
    data = _without(tree(), "ds:Signature")
    found = verdict(data)
    assert (found.state, found.code, found.accepted) == ("unsigned", "missing", False)
    assert verdict(data, policy="accept").accepted
    assert verdict(message("oadrPoll"), policy="require").accepted is False


def test_bad_signatures_are_refused_where_none_is_asked_for():
    """A message that claims a signature must have a good one."""
    root = tree()
    wrap_content_changed(root)
    found = verdict(etree.tostring(root), policy="accept")
    assert (found.state, found.accepted) == ("bad", False)


def test_ignored_signatures_are_not_called_good(nonces):
    """Nobody looked: that is what is told."""
    found = verdict(by_openleadr(), policy="ignore", nonces=nonces)
    assert (found.state, found.accepted, found.good, found.signer) == ("unchecked", True, False, None)
    assert len(nonces) == 0


def test_unknown_policies_are_refused():
    with pytest.raises(UsageError, match="require, accept, ignore"):
        verdict(by_openleadr(), policy="maybe")


# ------------------------------------------------------------------ replays and clocks


def test_replays_are_refused_at_once(nonces):
    """The same bytes count once, and so does the same nonce in other bytes."""
    assert verdict(replay(tree(), nonce="once"), nonces=nonces).good
    found = verdict(replay(tree("oadrRequestEvent"), nonce="once"), nonces=nonces)
    assert (found.state, found.code, found.signer.fingerprint) == (
        "bad",
        "replay",
        certificate(keys("RSA").cert).fingerprint,
    )


def test_replays_are_refused_after_the_store_was_opened_again(tmp_path):
    """Nonces outlive the process."""
    data = by_openleadr()
    for good in (True, False, False):
        with Nonces(tmp_path / "nonces.db") as opened:
            assert verdict(data, nonces=opened).good is good


CHILD = """
import sys
from pathlib import Path
from kg.certificates import Trust
from kg.nonces import Nonces
from kg.signatures import verify
from kg.xml import read
folder = Path(sys.argv[1])
nonces = Nonces(folder / "nonces.db")
trust = Trust({"ven-1": (folder / "cert.pem").read_bytes()})
sys.stdin.read(1)
names = sorted(folder.glob("*.xml"))
print(",".join(verify(read(path.read_bytes()), trust, nonces=nonces).code or "good" for path in names))
"""


def test_replays_are_refused_by_other_processes(tmp_path):
    """Of several workers that get the same messages at the same time, one accepts each."""
    (tmp_path / "cert.pem").write_bytes(keys("RSA").cert)
    for n in range(6):
        (tmp_path / f"{n}.xml").write_bytes(by_openleadr())
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(3)
    ]
    for worker in workers:
        worker.stdin.write("x")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60)[0].strip().split(",") for worker in workers]
    assert [sorted(codes) for codes in zip(*said, strict=True)] == [["good", "replay", "replay"]] * 6


def test_replays_under_a_renewed_certificate_are_refused(nonces):
    """The certificate in the message is not signed: another of the same key there opens nothing."""
    root = tree()
    both = Trust({"ven-1": [keys("RSA").cert, keys("renewed").cert]})
    assert verify(read(etree.tostring(root)), both, nonces=nonces).good
    find(root, ".//ds:X509Certificate").text = keys("renewed").cert.decode().split("-----")[2]
    assert verify(read(etree.tostring(root)), both, nonces=nonces).code == "replay"


@pytest.mark.parametrize(
    ("ahead", "code"),
    [(-301, "stale"), (-299, ""), (0, ""), (59, ""), (61, "future"), (86400, "future"), (-86400, "stale")],
)
def test_the_clock_window_has_two_sides(ahead, code, nonces):
    """A message is taken from 300 seconds before the clock to 60 after it."""
    data = sign(message("oadrPoll"), keys("RSA").key, keys("RSA").cert, now=NOW + timedelta(seconds=ahead))
    assert verdict(data, nonces=nonces, now=NOW).code == code


def test_the_clock_window_is_a_setting():
    """A site may narrow or widen it."""
    data = sign(message("oadrPoll"), keys("RSA").key, keys("RSA").cert, now=NOW - timedelta(seconds=10))
    assert verdict(data, now=NOW, window=Window(past=timedelta(seconds=5))).code == "stale"


@pytest.mark.parametrize("skew", [-400, -100, 0, 100, 299, 301, 400, 3600])
def test_replays_are_refused_whatever_the_clock_does(skew, nonces):
    """A clock that jumps ahead lets nonces be forgotten; set back, it does not let messages return."""
    data = sign(message("oadrPoll"), keys("RSA").key, keys("RSA").cert, now=NOW)
    assert verdict(data, nonces=nonces, now=NOW).good
    later = sign(message("oadrPoll"), keys("RSA").key, keys("RSA").cert, now=NOW + timedelta(seconds=skew))
    verdict(later, nonces=nonces, now=NOW + timedelta(seconds=skew))
    for back in (skew, 0, -1, 59):
        assert not verdict(data, nonces=nonces, now=NOW + timedelta(seconds=back)).accepted


def test_nonces_are_forgotten_when_they_cannot_matter(nonces):
    """The file does not grow beyond the window."""
    for n in range(20):
        now = NOW + timedelta(seconds=100 * n)
        assert nonces.spend("signer", f"nonce-{n}", now, oldest=now - timedelta(seconds=300)) == ""
        assert len(nonces) <= 4
    assert nonces.spend("signer", "nonce-0", NOW, oldest=NOW - timedelta(seconds=300)) == "stale"


def test_a_clock_that_was_ahead_does_not_shut_the_door(nonces):
    """After a jump ahead and back, new messages are taken."""
    window = timedelta(seconds=300)
    assert nonces.spend("signer", "a", NOW, oldest=NOW - window) == ""
    ahead = NOW + timedelta(days=30)
    assert nonces.spend("signer", "b", ahead, oldest=ahead - window) == ""
    assert nonces.spend("signer", "c", NOW + timedelta(seconds=1), oldest=NOW - window) == ""


def test_of_many_threads_one_spends_a_nonce(nonces):
    """The same message, to all threads of a process at once."""
    with ThreadPoolExecutor(8) as pool:
        for n in range(10):
            said = list(pool.map(lambda _, n=n: nonces.spend("one", f"n-{n}", NOW, oldest=NOW), range(16)))
            assert sorted(said) == [""] + ["replay"] * 15


def test_nonces_belong_to_a_signer(nonces):
    """Two parties may think of the same number."""
    for signer in ("one", "two"):
        assert nonces.spend(signer, "7", NOW, oldest=NOW) == ""


def test_nonce_files_that_cannot_be_used_say_so(tmp_path):
    """A missing folder and a newer format are errors of the store."""
    with pytest.raises(StoreUnavailable):
        Nonces(tmp_path / "none" / "nonces.db")
    path = tmp_path / "nonces.db"
    with Nonces(path) as opened:
        opened._db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreVersion, match="format 99"):
        Nonces(path)


# ------------------------------------------------------------------ the graph, signing, the corpus


@cache
def faults() -> set[str]:
    return set(skos.read(assets.files("ontology", "concepts/signature*.ttl"))["signatureFault"].concepts)


def test_every_fault_is_a_concept():
    """Each code that the code raises is in the scheme, and the scheme has no other."""
    text = "".join(
        (ROOT / "kg" / f"{name}.py").read_text() for name in ("signatures", "signature_form", "nonces")
    )
    raised = set(re.findall(r'Fault\(\s*"([a-z-]+)"', text)) | set(re.findall(r'code="([a-z-]+)"', text))
    raised |= set(re.findall(r'return "([a-z]+)"', text)) | {"replay", "duplicate-id", "reference"}
    assert raised == faults()


def test_refusals_are_findings_that_a_reply_names():
    """A signature that does not count refuses the message with code 463."""
    good, bad = verdict(by_openleadr()), verdict(OWN["stale"][0]())
    assert good.findings == ()
    assert verdict(message("oadrPoll"), policy="accept").findings == ()
    (finding,) = bad.findings
    report = Report("violates", "oadrPoll", bad.findings)
    content = parse_message(reply(report))[1]["response"]
    assert (finding.rule, content["response_code"]) == ("SIGN-stale", 463)
    assert content["response_description"].startswith("SIGN-stale: the message was signed at")


@pytest.mark.parametrize("data", ["good", "bad", "unsigned"])
def test_verdicts_are_told_in_triples(data):
    """State, fault, time, signer and its certificate; nothing about a signer who did not sign."""
    made = {
        "good": by_openleadr,
        "bad": lambda: OWN["stale"][0](),
        "unsigned": lambda: message("oadrPoll"),
    }[data]()
    found = verdict(made)
    triples = list(parse("\n".join(found.lines("urn:m")), format=RdfFormat.N_TRIPLES))
    by_name = {t.predicate.value.removeprefix(FLEX): t.object.value for t in triples}
    assert by_name["signatureState"] == f"{VOCAB}signatureState/{data}"
    assert ("signatureFault" in by_name) is (data != "good")
    assert ("signedWith" in by_name) is (data != "unsigned")
    if data == "good":
        assert by_name["fingerprint"] == certificate(keys("RSA").cert).fingerprint
        assert by_name["signedWith"].endswith(by_name["fullFingerprint"])
        assert by_name["subjectName"] == "CN=ven-1"
        assert by_name["certificate"] == by_name["signedWith"]


def test_sign_refuses_what_nobody_would_accept():
    """Weak keys, keys of another certificate, invalid and signed messages, and what is no key."""
    good = message("oadrPoll")
    rsa, other, weak = keys("RSA"), keys("other"), keys("RSA-1024")
    cases = [
        (good, weak.key, weak.cert, "1024 bits"),
        (good, rsa.key, other.cert, "not that of the key"),
        (good, b"none", rsa.cert, "private key"),
        (good, rsa.key, b"none", "certificate"),
        (sign(good, rsa.key, rsa.cert), rsa.key, rsa.cert, "signed already"),
        (good.replace(b"ei:venID>", b"ei:vtnID>"), rsa.key, rsa.cert, "not valid"),
    ]
    for data, key, cert, text in cases:
        with pytest.raises(UsageError, match=text):
            sign(data, key, cert)


def test_certificates_of_other_kinds_of_keys_are_not_strong():
    """Ed25519 has no place in the profile."""
    made = pair(Ed25519PrivateKey.generate(), algorithm=None)
    assert not certificate(made.cert).strong
    with pytest.raises(UsageError, match="trusted by nobody"):
        sign(message("oadrPoll"), made.key, made.cert)


@needs_data
def test_signed_samples_of_the_corpus_behave_as_documented():
    """One is unsigned; one is signed with SHA-1 and a time without zone; one carries no message."""
    unsigned = read((SAMPLES / "noSignatureOadrPayload.xml").read_bytes())
    assert verify(unsigned, trust(), nonces=None, policy="accept").state == "unsigned"
    old = verify(read((SAMPLES / "oadrPayload.xml").read_bytes()), trust(), nonces=None)
    assert (old.state, old.code) == ("bad", "algorithm")
    empty = read((SAMPLES / "signatureOadrPayload.xml").read_bytes())
    assert (empty.message_type, len(empty.schema_errors)) == ("oadrPayload", 1)

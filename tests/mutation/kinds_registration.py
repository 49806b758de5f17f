"""Damage to registration."""

from tests.mutation.damage import Kind, after, drop, each, put, twice
from tests.mutation.kinds_event import LENGTHS

_CREATE = "//oadr:oadrCreatePartyRegistration"
_CREATED = "//oadr:oadrCreatedPartyRegistration"
_HTTP = f"{_CREATE}[oadr:oadrTransportName='simpleHttp']"
_ADDRESS = "address|oadrTransportAddress"
_ONCE = "once|twice|same|unique|repeat|more than"
_SERVICE = (
    "<oadr:oadrServiceSpecificInfo><oadr:oadrService><oadr:oadrServiceName>EiEvent</oadr:oadrServiceName>"
    "<oadr:oadrInfo><oadr:oadrKey>{}</oadr:oadrKey><oadr:oadrValue>{}</oadr:oadrValue></oadr:oadrInfo>"
    "</oadr:oadrService>{}</oadr:oadrServiceSpecificInfo>"
)
_EXTENSION = (
    "<oadr:oadrExtensions><oadr:oadrExtension><oadr:oadrExtensionName>{}</oadr:oadrExtensionName>"
    "<oadr:oadrInfo><oadr:oadrKey>{}</oadr:oadrKey><oadr:oadrValue>v</oadr:oadrValue></oadr:oadrInfo>"
    "</oadr:oadrExtension></oadr:oadrExtensions>"
)
_PLAIN = f"{_CREATED}[not(oadr:oadrServiceSpecificInfo or oadr:oadrExtensions)]"
_LAST = f"{_PLAIN}/*[self::oadr:oadrProfiles or self::oadr:oadrRequestedOadrPollFreq][last()]"
_TWICE = (
    "<oadr:oadrService><oadr:oadrServiceName>EiEvent</oadr:oadrServiceName><oadr:oadrInfo><oadr:oadrKey>k"
    "</oadr:oadrKey><oadr:oadrValue>v</oadr:oadrValue></oadr:oadrInfo></oadr:oadrService>"
)

KINDS = [
    Kind(
        "VEN that wants pushes and tells no address",
        "a VEN of the push model gives the address to push to",
        each(
            _HTTP,
            drop("oadr:oadrTransportAddress"),
            put("oadr:oadrHttpPullModel", "false"),
        ),
        _ADDRESS,
        within="oadrCreatePartyRegistration",
    ),
    Kind(
        "VEN that pushes from a blank address",
        "a VEN of the push model gives the address to push to",
        each(
            _HTTP,
            put("oadr:oadrTransportAddress", " "),
            put("oadr:oadrHttpPullModel", "false"),
        ),
        _ADDRESS,
        within="oadrCreatePartyRegistration",
    ),
    Kind(
        "VEN on XMPP without an address",
        "a VEN on XMPP gives its address",
        each(
            _CREATE,
            drop("oadr:oadrTransportAddress"),
            before=(put("oadr:oadrTransportName", "xmpp"), drop("oadr:oadrHttpPullModel")),
        ),
        _ADDRESS,
        within="oadrCreatePartyRegistration",
    ),
    Kind(
        "VEN on HTTP that does not say who calls whom",
        "with simpleHttp a VEN says whether it pulls",
        drop(f"{_HTTP}/oadr:oadrHttpPullModel"),
        "pull",
        within="oadrCreatePartyRegistration",
        level="told",
    ),
    Kind(
        "VEN on XMPP that pulls",
        "only simpleHttp has a pull model",
        each(_CREATE, put("oadr:oadrTransportName", "xmpp"), before=(put("oadr:oadrHttpPullModel", "true"),)),
        "pull",
        within="oadrCreatePartyRegistration",
        level="told",
    ),
    Kind(
        "VEN without a name",
        "oadrVenName is for people to read: a blank one says nothing",
        put(f"{_CREATE}/oadr:oadrVenName", ""),
        "name",
        within="oadrCreatePartyRegistration",
        level="told",
    ),
    Kind(
        "registration renewed by nobody",
        "a registration that exists belongs to a venID",
        each(f"{_CREATE}[ei:registrationID]", drop("ei:venID")),
        "venID|VEN",
        within="oadrCreatePartyRegistration",
        level="strict",
    ),
    Kind(
        "registration given without a venID",
        "with a registrationID the VTN gives a venID",
        each(f"{_CREATED}[ei:registrationID]", drop("ei:venID")),
        "venID|VEN",
        within="oadrCreatedPartyRegistration",
        level="told",
    ),
    Kind(
        "venID given without a registration",
        "a venID comes with the registration that it belongs to",
        each(f"{_CREATED}[ei:venID]", drop("ei:registrationID")),
        "registration",
        within="oadrCreatedPartyRegistration",
        level="told",
    ),
    Kind(
        "profile offered twice",
        "a VTN lists each profile once",
        twice(f"{_CREATED}/oadr:oadrProfiles/oadr:oadrProfile"),
        _ONCE,
        within="oadrProfiles",
        level="told",
        gap="a list without order: a profile offered twice is offered",
    ),
    *(
        Kind(
            f"time between polls {how}",
            "a duration is a length of time, not negative, and one that can be counted in seconds",
            put(f"{_CREATED}/oadr:oadrRequestedOadrPollFreq/xcal:duration", text),
            speaks,
            within="oadrCreatedPartyRegistration",
            level="strict" if how in ("in months", "in years") else "core",
        )
        for how, (text, speaks) in (*LENGTHS.items(), ("of zero", ("PT0S", "zero|positive|poll")))
    ),
    Kind(
        "setting of a service without a name",
        "oadrInfo is a key and a value",
        after(_LAST, _SERVICE.format("", "v", "")),
        "key|blank",
        within="oadrServiceSpecificInfo",
    ),
    Kind(
        "service with settings twice",
        "the settings of a service stand together",
        after(_LAST, _SERVICE.format("k", "v", _TWICE)),
        _ONCE + "|service",
        within="oadrServiceSpecificInfo",
        level="told",
        gap="settings of a service may come in parts",
    ),
    Kind(
        "extension without a name",
        "oadrExtensionName names the extension",
        after(_LAST, _EXTENSION.format("", "k")),
        "name|blank|extension",
        within="oadrExtensions",
    ),
    Kind(
        "setting of an extension without a name",
        "oadrInfo is a key and a value",
        after(_LAST, _EXTENSION.format("x-more", "")),
        "key|blank",
        within="oadrExtensions",
    ),
]

"""Settings: from the command line, the environment (``FLEXKG_...``), a file (``FLEXKG_CONFIG``)."""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import DirectoryPath, Field, FilePath, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from kg.errors import UsageError
from kg.xml import MAX_BYTES


class Settings(BaseSettings):
    """Everything that an operator may set; each field is also an environment variable ``FLEXKG_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="FLEXKG_", env_file=None, extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let a file come last."""
        file = os.environ.get("FLEXKG_CONFIG")
        return (init_settings, env_settings, *([TomlConfigSettingsSource(cls, file)] if file else []))

    store: Path | None = Field(None, description="directory of the store; a service without one only checks")
    tenants: Path | None = Field(
        None, description="directory with a store for each tenant, instead of one store"
    )
    tenant: str = Field("", description="name of the tenant of a new store")
    host: str = Field("127.0.0.1", description="address that the service listens on")
    port: int = Field(8000, ge=0, le=65535, description="port that the service listens on")
    profile: str = Field("core", description="level of strictness: core, strict or a profile file")
    engine: str = Field(
        "compiled", description="SHACL engine: compiled (fastest), shacl or pyshacl (reference)"
    )
    context: Literal["off", "warn", "enforce"] = Field(
        "warn", description="rules across messages: off, warn, or enforce where all messages go through here"
    )
    signatures: Literal["off", "warn", "enforce"] = Field(
        "off",
        description="XML signatures: off, warn of bad ones, or enforce (refuse what is not well signed)",
    )
    certificates: DirectoryPath | None = Field(
        None, description="folder of the certificates by which messages are signed: <venID or vtnID>.pem"
    )
    signing_key: FilePath | None = Field(
        None, description="key by which the VTN signs, PEM; without it TLS's, where signatures are enforced"
    )
    signing_certificate: FilePath | None = Field(None, description="its certificate, PEM")
    vtn_id: str = Field("", description="vtnID of the OpenADR 2.0b VTN that is served; empty: none is")
    upstream: str = Field("", description="address of the OpenADR VTN above, of which this is a VEN")
    upstream_ca: Path | None = Field(None, description="authority of that VTN's certificate, PEM")
    upstream_certificate: Path | None = Field(None, description="certificate that is shown to it, PEM")
    upstream_key: Path | None = Field(None, description="its key, PEM")
    upstream_signs: bool = Field(False, description="sign each message to that VTN with this key")
    ven_name: str = Field(
        "", description="venName and venID under which it registers there; vtn_id without it"
    )
    shares: FilePath | None = Field(None, description="CSV file of the VENs below: ven,limit_w,priority")
    split_rule: Literal["proportional", "priority", "equal"] = Field(
        "proportional", description="how what is asked from above is split over the VENs below"
    )
    poll_frequency: str = Field("PT10S", description="how often VENs are to poll, an OpenADR duration")
    report_every: str = Field(
        "PT15M", description="interval of the reports that VENs are asked for; empty: the operator asks"
    )
    push_allow: str = Field(
        "",
        description="where VENs that do not poll may be posted to beside public addresses: names, addresses"
        " and networks, separated by spaces",
    )
    push_plain: bool = Field(False, description="post to VENs by http, too, outside of loopback")
    bindings: DirectoryPath | None = Field(
        None, description="folder with tables of your own of what values mean (signals.csv, points.csv, ...)"
    )
    devices: DirectoryPath | None = Field(
        None, description="folder with device mappings and site files, for the check before dispatch"
    )
    max_payload_bytes: int = Field(MAX_BYTES, ge=1, description="largest payload accepted, in bytes")
    readings: Literal["", "graph", "columns", "clickhouse"] = Field(
        "",
        description="where a new store keeps readings: graph (for a pilot), columns (for millions, and for a"
        " VTN) or clickhouse (beyond one machine)",
    )
    readings_memory: str = Field(
        "1GB", pattern=r"^\d+(\.\d+)?(KB|MB|GB|TB)$", description="most memory that readings in columns use"
    )
    clickhouse: str = Field(
        "", description="addresses of all ClickHouse servers, separated by spaces: http://user@host:8123"
    )
    clickhouse_password: SecretStr | None = Field(None, description="password of that user")
    clickhouse_cluster: str = Field(
        "", description="name of the cluster in their configuration; empty for one server"
    )
    clickhouse_database: str = Field(
        "flexkg", description="what the names of databases begin with; each store gets one of its own"
    )
    max_table_rows: int = Field(
        250_000, ge=1, description="most readings that one pattern of a query takes in"
    )
    batch: int = Field(64, ge=1, description="payloads that share one fsync at most")
    queries: DirectoryPath | None = Field(None, description="folder with further stored queries (*.rq)")
    max_query_characters: int = Field(20_000, ge=1, description="longest SPARQL query accepted")
    max_graph_bytes: int = Field(16_777_216, ge=1, description="largest graph or update accepted, in bytes")
    log_format: Literal["text", "json"] = Field("text", description="lines of the log: text or json")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="what is logged at least; info has a line for each request"
    )
    client_seconds: float = Field(30.0, gt=0, description="seconds for a client to send a request whole")
    pages: str = Field(
        "",
        description="origins of web pages that may call, separated by spaces; loopback's always may",
    )
    query_workers: int = Field(4, ge=1, le=256, description="queries that run at once")
    query_share: int = Field(2, ge=1, description="queries of one client that run at once")
    query_waiting: int = Field(32, ge=0, description="queries of one client that wait for a worker")
    query_patience: float = Field(15, gt=0, description="seconds that a query waits for a worker")
    query_seconds: float = Field(5, gt=0, description="seconds that a query may take, its answer included")
    query_memory: int = Field(512, ge=32, description="MiB of memory that a query may take")
    query_rows: int = Field(1_000_000, ge=1, description="rows or triples of an answer")
    query_bytes: int = Field(134_217_728, ge=1, description="bytes of an answer")
    update_seconds: float = Field(30, gt=0, description="seconds that an administrator's update may take")
    update_memory: int = Field(2048, ge=64, description="MiB of memory that an update may take")
    snapshot_seconds: float = Field(5, ge=0, description="seconds by which a query may see the store late")
    sandbox: Literal["best", "require"] = Field(
        "best",
        description="best: queries are kept from network and files where the kernel can; require: or refused",
    )
    issuer: str = Field(
        "", description="OpenID provider whose tokens are asked for; without one: loopback only"
    )
    audience: str = Field("", description="what a token must name as its audience: this service")
    jwks: str = Field("", description="address of the provider's keys, where it has no discovery document")
    token_algorithms: str = Field(
        "ES256 ES384 PS256 RS256 Ed25519 EdDSA", description="algorithms by which tokens may be signed"
    )
    mandates: Literal["required", "contract"] = Field(
        "required",
        description="readings for tokens with read_all: of parties with a mandate, or contract: of all",
    )
    page_client: str = Field(
        "", description="client ID of the pages / and /me at the provider; without one nobody signs in there"
    )
    page_origins: str = Field(
        "",
        pattern=r"^(https?://[A-Za-z0-9.\-]+(:\d+)?|https?://\[[0-9A-Fa-f:.]+\](:\d+)?|\s)*$",
        description="further origins of the provider that these pages may ask, separated by spaces: where its"
        " token endpoint is, if not at the issuer's origin",
    )
    identity: Path | None = Field(
        None,
        description="folder of certificates, pseudonyms and authority; without one no device is enrolled",
    )
    dpop_nonces: bool = Field(
        False,
        description="each proof of a token's key (DPoP) needs a nonce of the service; clocks do not count",
    )
    vault_key: Path | None = Field(
        None,
        description="file with the key of the vault, best on another disk [default: vault.key in the folder]",
    )
    authority: str = Field(
        "", description="EST server that signs certificates; without one the built-in authority"
    )
    certificate_days: float = Field(
        7, gt=0, description="days for which the built-in authority's certificates count"
    )
    tls_certificate: Path | None = Field(
        None, description="certificate of the service, PEM; with it TLS is served"
    )
    tls_key: Path | None = Field(None, description="its key, PEM")
    tls_clients: Path | None = Field(None, description="further authorities of client certificates, PEM")
    tls_legacy: bool = Field(False, description="also take the two cipher suites of OpenADR 2.0b (CBC, RSA)")
    clients: FilePath | None = Field(
        None, description="CSV file of the clients that mandates may name: client,name; without it any"
    )
    proxies: str = Field(
        "", description="addresses of proxies whose Client-Cert header (RFC 9440) is believed"
    )

    @property
    def rules_across(self) -> str:
        """How much the rules across messages count; a VTN, which sees all messages, enforces them."""
        return "enforce" if self.vtn_id and "context" not in self.model_fields_set else self.context


def load_settings(**given: Any) -> Settings:
    """Read the settings; what is given wins over the environment.

    Args:
        given: values by field; None means not given.

    Raises:
        UsageError: a value is wrong; names the field and its environment variable.
    """
    file = os.environ.get("FLEXKG_CONFIG", "")
    try:
        known = {*tomllib.loads(Path(file).read_text("utf-8"))} if file else set[str]()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the settings file cannot be read: {error}", where=f"FLEXKG_CONFIG={file}", cure="check the file"
        ) from error
    if unknown := sorted(known - {*Settings.model_fields}):
        raise UsageError(
            f"there is no setting {unknown[0]!r}",
            where=file,
            cure="flexkg settings lists all",
        )
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "?"
        raise UsageError(
            f"setting {field}: {first['msg']}", where=f"FLEXKG_{field.upper()}", cure="give another value"
        ) from error


def origins(settings: Settings) -> dict[str, str]:
    """Say for each setting where its value is from: ``environment``, ``file`` or ``default``."""
    file = os.environ.get("FLEXKG_CONFIG", "")
    filed = {*tomllib.loads(Path(file).read_text("utf-8"))} if file else set[str]()
    return {
        name: "environment"
        if f"FLEXKG_{name.upper()}" in {key.upper() for key in os.environ}
        else "file"
        if name in filed
        else "default"
        for name in type(settings).model_fields
    }

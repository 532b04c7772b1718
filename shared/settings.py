"""Settings every process reads from its environment at start-up; importing reads nothing.

A setting may also be a file of its name in the folder `SECRETS_DIR`, as orchestrators mount
secrets: what is in the environment goes first.
"""

import os
from collections.abc import Sequence
from email.errors import HeaderParseError
from email.headerregistry import Address
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    FilePath,
    HttpUrl,
    IPvAnyNetwork,
    PostgresDsn,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

# What seals where nobody says with what: known to everybody, and refused in production.
DEVELOPMENT_SEAL: Final = "development: everybody knows what this seals with"
_SHORTEST_SEAL: Final = 32
_MAIL_SCHEMES: Final = frozenset({"smtp", "smtp+starttls", "smtps"})

Days = Annotated[int, Field(ge=1, le=36_500)]


class Environment(StrEnum):
    """Where the process runs. Simulated time and the development issuer exist in one of them."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Where settings are read. No prefixes: a process has an environment of its own."""

    # A refused value may hold a password.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Raises `ValueError` where `SECRETS_DIR` is no folder: a typing error is not "none"."""
        folder = os.environ.get("SECRETS_DIR")
        if folder is None:
            return init_settings, env_settings
        if not Path(folder).is_dir():
            raise ValueError(f"SECRETS_DIR is no folder: {folder}")
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, folder)


def _split(given: SecretStr | None) -> list[str]:
    """Each of what commas separate."""
    parts = (given.get_secret_value() if given else "").split(",")
    return [stripped for part in parts if (stripped := part.strip())]


class DatabaseSettings(Settings):
    """What a command over one service's database needs."""

    database_url: PostgresDsn

    @property
    def database_dsn(self) -> str:
        """The address as asyncpg takes it."""
        return str(self.database_url).replace("postgresql+asyncpg://", "postgresql://", 1)


class KafkaProtocol(StrEnum):
    """How the broker is spoken to: encrypted or not, with a password or without."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def is_encrypted(self) -> bool:
        return self.value.endswith("SSL")

    @property
    def asks_who(self) -> bool:
        return self.value.startswith("SASL_")


class KafkaMechanism(StrEnum):
    """How a password is shown to the broker."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class KafkaSettings(Settings):
    """Where the broker is and how it lets us in."""

    kafka_servers: str = "127.0.0.1:9092"
    kafka_security_protocol: KafkaProtocol = KafkaProtocol.PLAINTEXT
    kafka_sasl_mechanism: KafkaMechanism = KafkaMechanism.SCRAM_SHA_512
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    # Who vouches for the broker; those the system trusts where it is not said.
    kafka_ca_file: FilePath | None = None
    # Who we are to a broker that asks for a certificate, and the key to it.
    kafka_certificate_file: FilePath | None = None
    kafka_key_file: FilePath | None = None

    @model_validator(mode="after")
    def _let_in(self) -> Self:
        protocol = self.kafka_security_protocol
        has_password = bool(self.kafka_password and self.kafka_password.get_secret_value())
        if protocol.asks_who and not (self.kafka_username and has_password):
            raise ValueError(f"{protocol} needs KAFKA_USERNAME and KAFKA_PASSWORD")
        if has_password and not protocol.asks_who:
            raise ValueError("KAFKA_PASSWORD is for KAFKA_SECURITY_PROTOCOL of SASL")
        if self.kafka_ca_file and not protocol.is_encrypted:
            raise ValueError("KAFKA_CA_FILE is for KAFKA_SECURITY_PROTOCOL of SSL")
        if bool(self.kafka_certificate_file) != bool(self.kafka_key_file):
            raise ValueError("KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE go together")
        if self.kafka_certificate_file and not protocol.is_encrypted:
            raise ValueError("KAFKA_CERTIFICATE_FILE is for KAFKA_SECURITY_PROTOCOL of SSL")
        return self


class ServiceSettings(DatabaseSettings, KafkaSettings):
    """What the processes of a service need."""

    environment: Environment = Environment.PRODUCTION
    log_level: str = "INFO"

    # Off for brokers that refuse InitProducerId (the embedded one does): `seq` keeps order anyway.
    kafka_idempotence: bool = True
    # How long the broker may hold a fetch that finds nothing. Apache Kafka answers as soon as there
    # is something; the embedded broker lets it lie until then.
    kafka_fetch_wait_ms: int = Field(default=500, ge=1, le=5000)
    topic_retention_hours: int = Field(default=24 * 7, ge=1)
    topic_replication: int = Field(default=1, ge=1)

    oidc_issuer: HttpUrl
    oidc_audience: str = "professionalitet"
    oidc_jwks_url: HttpUrl | None = None
    oidc_token_url: HttpUrl | None = None
    # Where people sign in from Swagger UI, and the issuer's client they do it through; no such
    # door unless said.
    oidc_authorization_url: HttpUrl | None = None
    oidc_pages_client: str = "pages"
    service_client_id: str | None = None
    service_client_secret: SecretStr | None = None

    directory_url: HttpUrl = HttpUrl("http://127.0.0.1:8001")
    meetings_url: HttpUrl = HttpUrl("http://127.0.0.1:8002")
    assignments_url: HttpUrl = HttpUrl("http://127.0.0.1:8003")
    rating_url: HttpUrl = HttpUrl("http://127.0.0.1:8004")

    # Letters: `smtp://`, `smtp+starttls://` or `smtps://` with user and password; none are sent
    # without it. Apprise targets of the common chat.
    smtp_url: SecretStr | None = None
    mail_from: str = "control@localhost"
    notify_chat_urls: list[str] = []
    # Where people reach the rating: links of acknowledgement in letters lead there.
    public_url: HttpUrl | None = None
    # Where people reach the assignments: parts of a score link to executions there.
    public_assignments_url: HttpUrl | None = None

    # Pushes to subscribers: the ports they may listen on, and the networks beside the public
    # internet they may be in. In development these networks may be reached by plain http too,
    # on any port.
    webhook_ports: list[Annotated[int, Field(ge=1, le=65535)]] = [443]
    webhook_private_networks: list[IPvAnyNetwork] = []

    # Where files of evidence lie: `file:///…` or `s3://…`; uploads are refused without it.
    object_store_url: str | None = None

    # What secrets of others are sealed with in our tables; several are separated by commas. The
    # first seals, all open; without any no such secret is taken. In development a known one.
    sealing_keys: SecretStr | None = None

    # How often the rating compares itself with the owner of its facts; 0 for never.
    reconcile_minutes: int = Field(default=10, ge=0, le=24 * 60)

    # How long what is not history is kept, in days: rows of uploaded lists, words of messages that
    # were sent, why somebody was away, closed calendars, dead letters that were replayed.
    retention_imports_days: Days = 90
    retention_messages_days: Days = 365
    retention_absences_days: Days = 365
    retention_calendars_days: Days = 30
    retention_dead_letters_days: Days = 90

    # Where a browser may come from (Swagger UI of a sister service); closed unless said.
    cors_origins: list[str] = []

    # Requests a second of one actor or, without a token, of one address; 0 limits nobody. And how
    # many at once after a pause.
    rate_limit: float = Field(default=200, ge=0)
    rate_burst: int = Field(default=1000, ge=1)
    # Open streams of this process, and of one address.
    streams: int = Field(default=5000, ge=1)
    streams_each: int = Field(default=1000, ge=1)
    # Requests a process has in hand, their answers not begun; one more is refused at once, so that
    # those it has are answered in a second or two and not in ten.
    requests_in_hand: int = Field(default=256, ge=1)
    # How long a request may take, once its body is there, until its answer begins.
    request_seconds: float = Field(default=60, gt=0, le=3600)
    # A body may keep silent for so long, and lag by as much behind so many bytes a second: 20 MiB
    # over a line of 1 Mbit/s come in three minutes, and four times as slow is still let through.
    body_seconds: float = Field(default=10, gt=0, le=3600)
    body_rate: int = Field(default=32 * 1024, ge=1)
    # Requests a process keeps while more of their bodies is to come; one more, and that which keeps
    # its time the worst is let go.
    bodies_at_once: int = Field(default=128, ge=1)
    query_bytes: int = Field(default=8 * 1024, ge=256)
    header_bytes: int = Field(default=32 * 1024, ge=1024)
    upload_bytes: int = Field(default=20 * 1024 * 1024, ge=1024, le=1024**3)
    # Files a process takes at once: until each is where it belongs it lies in /tmp.
    uploads_at_once: int = Field(default=8, ge=1)
    # Who may show the page made for it in a frame: origins, or `*`.
    embedded_by: list[str] = ["*"]
    # For how long browsers shall come by https only; where TLS ends somewhere.
    hsts_seconds: int = Field(default=0, ge=0)

    worker_host: str = "127.0.0.1"
    worker_port: int = Field(default=8010, ge=1, le=65535)
    worker_index: int = Field(default=0, ge=0)
    worker_count: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _index_within_count(self) -> Self:
        if self.worker_index >= self.worker_count:
            raise ValueError("WORKER_INDEX must be below WORKER_COUNT")
        return self

    @model_validator(mode="after")
    def _both_ends_of_signing_in(self) -> Self:
        if self.oidc_authorization_url and not self.oidc_token_url:
            raise ValueError("OIDC_AUTHORIZATION_URL needs OIDC_TOKEN_URL")
        return self

    @model_validator(mode="after")
    def _no_secret_everybody_knows(self) -> Self:
        secret = self.service_client_secret
        if not self.is_development and secret and secret.get_secret_value() == "dev":
            raise ValueError("SERVICE_CLIENT_SECRET is that of the development issuer")
        return self

    @field_validator("sealing_keys")
    @classmethod
    def _of_seals(cls, given: SecretStr | None) -> SecretStr | None:
        if any(len(key) < _SHORTEST_SEAL for key in _split(given)):
            raise ValueError(f"SEALING_KEYS must be of {_SHORTEST_SEAL} characters or more each")
        return given

    @model_validator(mode="after")
    def _no_key_everybody_knows(self) -> Self:
        if not self.is_development and DEVELOPMENT_SEAL in _split(self.sealing_keys):
            raise ValueError("SEALING_KEYS has that of development")
        return self

    @property
    def keys_of_seals(self) -> Sequence[str]:
        """The keys, the one that seals first; none where production names none."""
        given = _split(self.sealing_keys)
        return [DEVELOPMENT_SEAL] if not given and self.is_development else given

    @field_validator("smtp_url")
    @classmethod
    def _of_a_mail_server(cls, given: SecretStr | None) -> SecretStr | None:
        if given is None or not given.get_secret_value():
            return None
        else:
            parts = urlsplit(given.get_secret_value())
            if parts.scheme not in _MAIL_SCHEMES or not parts.hostname:
                raise ValueError(
                    "SMTP_URL must be smtp://, smtp+starttls:// or smtps:// and a host"
                )
        return given

    @field_validator("mail_from")
    @classmethod
    def _of_a_sender(cls, given: str) -> str:
        try:
            found = Address(addr_spec=given)
        except (ValueError, IndexError, HeaderParseError):
            found = Address()
        if not (found.username and found.domain and given.isascii()):
            raise ValueError("MAIL_FROM must be an e-mail address in ASCII")
        return given

    @property
    def is_development(self) -> bool:
        return self.environment is Environment.DEVELOPMENT

    def url_of(self, service: str) -> str:
        """Base address of a sister service, without a trailing slash."""
        return str(getattr(self, f"{service}_url")).rstrip("/")

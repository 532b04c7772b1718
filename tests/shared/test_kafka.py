"""How clients come to a broker that encrypts and asks who they are."""

import ipaddress
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from deploy.local import broker, kafka, ports
from shared import kafka as clients
from shared import topics
from shared.kafka import BrokerAway, open_consumer, open_producer
from shared.topics import TopicSettings, create
from tests.conftest import settings_for

USER, PASSWORD = "control", "hunter2"
LOGIN: dict[str, Any] = {"kafka_username": USER, "kafka_password": PASSWORD}
DSN = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself; its key follows it in `key.pem`."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ports.HOST))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    ca = folder / "ca.pem"
    ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(private + ca.read_bytes())
    return ca


class _Stop(KafkaError):  # type: ignore[misc]
    """Where a client would start."""


async def _asked_by(opened: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the client of the kind is made with."""
    asked: dict[str, Any] = {}

    class Client:
        def __init__(self, **given: Any) -> None:
            asked.update(given)

        async def start(self) -> None:
            raise _Stop

        async def stop(self) -> None: ...

    if opened == "topics":
        monkeypatch.setattr(topics, "AIOKafkaAdminClient", Client)
        with pytest.raises(_Stop):
            await create(TopicSettings(kafka_servers="kafka:9093", **settings))
        return asked
    kind = {"producer": "AIOKafkaProducer", "consumer": "AIOKafkaConsumer"}[opened]
    monkeypatch.setattr(clients, kind, Client)
    opening = {"producer": open_producer, "consumer": open_consumer}[opened]
    given = settings_for(DSN, kafka_servers="kafka:9093", **settings)
    with pytest.raises(BrokerAway):
        async with opening(given):
            raise AssertionError
    return asked


OPENED = ["producer", "consumer", "topics"]


@pytest.mark.parametrize("opened", OPENED)
async def test_every_client_comes_as_it_is_told(
    opened: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = LOGIN | {
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "SCRAM-SHA-256",
        "kafka_ca_file": certificate,
    }

    asked = await _asked_by(opened, settings, monkeypatch)

    context = asked["ssl_context"]
    assert asked["bootstrap_servers"] == "kafka:9093"
    assert asked["security_protocol"] == "SASL_SSL"
    assert asked["sasl_mechanism"] == "SCRAM-SHA-256"
    assert (asked["sasl_plain_username"], asked["sasl_plain_password"]) == (USER, PASSWORD)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert [one["subject"] for one in context.get_ca_certs()] == [((("commonName", "kafka"),),)]


@pytest.mark.parametrize("opened", OPENED)
async def test_a_broker_in_a_closed_network_is_come_to_plainly(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await _asked_by(opened, {}, monkeypatch)

    assert asked["security_protocol"] == "PLAINTEXT"
    assert not asked.keys() & {"ssl_context", "sasl_plain_username", "sasl_plain_password"}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "KAFKA_USERNAME"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_username": USER}, "KAFKA_PASSWORD"),
        (LOGIN | {"kafka_security_protocol": "SASL_SSL", "kafka_password": ""}, "KAFKA_PASSWORD"),
        (LOGIN, "KAFKA_SECURITY_PROTOCOL"),
        (LOGIN | {"kafka_security_protocol": "SSL"}, "KAFKA_SECURITY_PROTOCOL"),
        ({"kafka_ca_file": __file__}, "KAFKA_CA_FILE"),
        ({"kafka_security_protocol": "SSL", "kafka_key_file": __file__}, "go together"),
        ({"kafka_security_protocol": "SSL", "kafka_certificate_file": __file__}, "go together"),
        (
            {"kafka_certificate_file": __file__, "kafka_key_file": __file__},
            "KAFKA_CERTIFICATE_FILE is for",
        ),
        ({"kafka_security_protocol": "SSL", "kafka_ca_file": "/nowhere.pem"}, "kafka_ca_file"),
        ({"kafka_security_protocol": "TLS"}, "kafka_security_protocol"),
        (
            LOGIN | {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "GSSAPI"},
            "kafka_sasl_mechanism",
        ),
    ],
    ids=str,
)
def test_what_cannot_work_stops_the_process_at_its_start(
    settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError, match=named) as refused:
        settings_for(DSN, **settings)
    assert PASSWORD not in str(refused.value)


REAL_ONLY = pytest.mark.skipif(
    broker.chosen() is not broker.Broker.KAFKA,
    reason="the embedded broker asks nobody who comes: `make test-kafka`",
)


@contextmanager
def guarded(folder: Path, certificate: Path, properties: dict[str, str]) -> Iterator[int]:
    """Apache Kafka that speaks TLS only and asks who comes, by its properties. Gives its port."""
    port = ports.unused()
    encrypted = {
        "inter.broker.listener.name": "PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate.with_name("key.pem")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificate),
    }
    command = kafka.command_line(folder, port, encrypted | properties)
    log = folder / "broker.log"
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as node:
        try:
            while not ports.accepts(port, seconds=1):
                assert node.poll() is None, log.read_text()[-3000:]
            yield port
        finally:
            node.kill()


async def _goes_through(security: dict[str, Any]) -> bool:
    """Whether an event does, from a producer to a consumer. Raises `BrokerAway`."""
    settings = settings_for(DSN, **security)
    await create(TopicSettings(**security))
    async with open_producer(settings) as producer, open_consumer(settings) as consumer:
        consumer.subscribe(["rating.slices"])
        await producer.send_and_wait("rating.slices", b"told")
        record = await consumer.getone()
    return bool(record.value == b"told")


async def _is_let_in(security: dict[str, Any]) -> bool:
    try:
        async with open_producer(settings_for(DSN, **security)):
            return True
    except BrokerAway:
        return False


@REAL_ONLY
async def test_a_broker_that_asks_for_a_password_refuses_strangers(
    tmp_path: Path, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    jaas = f'{login} username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}";'
    properties = {
        "listener.security.protocol.map": "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.plaintext.plain.sasl.jaas.config": jaas,
    }
    with guarded(tmp_path, certificate, properties) as port:
        security = LOGIN | {
            "kafka_servers": f"{ports.HOST}:{port}",
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_ca_file": certificate,
        }
        assert await _goes_through(security)
        assert not await _is_let_in(security | {"kafka_password": "wrong"})
        assert "SaslAuthenticationFailed" in caplog.text


@REAL_ONLY
async def test_a_broker_that_asks_for_a_certificate_refuses_strangers(
    tmp_path: Path, certificate: Path
) -> None:
    properties = {
        "listener.security.protocol.map": "PLAINTEXT:SSL,CONTROLLER:PLAINTEXT",
        "ssl.client.auth": "required",
    }
    with guarded(tmp_path, certificate, properties) as port:
        stranger = {
            "kafka_servers": f"{ports.HOST}:{port}",
            "kafka_security_protocol": "SSL",
            "kafka_ca_file": certificate,
        }
        # It vouches for us as it does for the broker.
        ours = {
            "kafka_certificate_file": certificate,
            "kafka_key_file": certificate.with_name("key.pem"),
        }
        assert await _goes_through(stranger | ours)
        assert not await _is_let_in(stranger)

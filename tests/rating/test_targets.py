"""Where a push may go: a table of hostile addresses, names that lead elsewhere, TLS kept."""

import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.rating.domain.webhooks import Push
from services.rating.webhooks.sender import Sender
from services.rating.webhooks.targets import (
    Resolve,
    Rules,
    TargetRefused,
    look_up,
    parse,
    system_resolve,
    vet,
)
from shared.addresses import is_public
from shared.clock import wall
from shared.ids import new_id
from tests.rating.pushes import LOOPBACK, QUICK
from tests.receiver import answer, raw, receiver

STRICT: Final = Rules((443,), (), plain=False)
PUBLIC: Final = "93.184.215.14"
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAME: Final = "hooks.example.ru"


def leads_to(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


def push_to(url: str) -> Push:
    return Push(new_id(), new_id(), new_id(), new_id(), url, (SECRET,), '{"type":"x"}')


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.ru/",
        "ftp://hooks.example.ru/",
        "file:///etc/passwd",
        "//hooks.example.ru/",
        "hooks.example.ru",
        "",
        "https://",
        "https:///path",
        "https://user@hooks.example.ru/",
        "https://user:password@hooks.example.ru/",
        "https://hooks.example.ru@127.0.0.1/",
        "https://hooks.example.ru#@127.0.0.1/",
        "https://hooks.example.ru/#part",
        "https://127.0.0.1/",
        "https://93.184.215.14/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://127.0x1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://0/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        "https://localhost/",
        "https://intranet/",
        "https://hooks.example.ru./",
        "https://.example.ru/",
        "https://hooks..example.ru/",
        "https://-hooks.example.ru/",
        "https://hooks_1.example.ru/",
        "https://" + "a" * 64 + ".example.ru/",
        "https://" + "a." * 127 + "ru/",
        "https://пример.рф/",
        "https://hooks。example.ru/",
        "https://ⓗooks.example.ru/",
        "https://１２７.0.0.1/",
        "https://hooks.example.ru\\@127.0.0.1/",
        "https://hooks.example.ru/a b",
        "https://hooks.example.ru/\r\nHost: x",
        "https://hooks.example.ru/\x00",
        "https://hooks.example.ru:99999/",
        "https://hooks.example.ru:-1/",
        "https://hooks.example.ru:x/",
        "https://[hooks.example.ru/",
        "https://hooks.example.ru/" + "a" * 2000,
    ],
)
def test_such_an_address_is_refused_by_its_form(url: str) -> None:
    with pytest.raises(TargetRefused):
        parse(url, STRICT)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::5db8:d70e",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:5ef5:79fd::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:5db8:d70e::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
async def test_a_name_that_leads_there_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    target = parse(f"https://{NAME}/", STRICT)
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        with pytest.raises(TargetRefused, match="закрытую или служебную"):
            await look_up(target, STRICT, leads_to(*found))


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a02:6b8::2:242"]
)
async def test_the_public_internet_is_allowed(address: str) -> None:
    target = parse(f"https://{NAME}/hook?a=1", STRICT)
    assert (target.host, target.port, target.path) == (NAME, 443, "/hook?a=1")
    assert await look_up(target, STRICT, leads_to(address)) == [ip_address(address)]


@pytest.mark.parametrize(
    ("url", "rules", "is_allowed"),
    [
        (f"https://{NAME}:8443/", STRICT, False),
        (f"https://{NAME}:8443/", replace(STRICT, ports=(443, 8443)), True),
        (f"https://{NAME}:443/", STRICT, True),
        ("https://xn--e1afmkfd.xn--p1ai/", STRICT, True),
        # Development lets plain http and any port into the networks named, and nowhere else.
        (f"http://{NAME}/", LOOPBACK, False),
        (f"https://{NAME}:8443/", LOOPBACK, False),
    ],
)
async def test_ports_and_schemes(url: str, rules: Rules, is_allowed: bool) -> None:
    if is_allowed:
        await vet(url, rules, leads_to(PUBLIC))
    else:
        with pytest.raises(TargetRefused):
            await vet(url, rules, leads_to(PUBLIC))


async def test_a_network_named_is_allowed_and_plain_http_only_in_development() -> None:
    named = Rules((443,), (IPv4Network("10.1.0.0/16"),), plain=False)
    await vet(f"https://{NAME}/", named, leads_to("10.1.2.3"))
    for url, address in (
        (f"http://{NAME}/", "10.1.2.3"),
        (f"https://{NAME}:8443/", "10.1.2.3"),
        (f"https://{NAME}/", "10.2.0.1"),
        (f"https://{NAME}/", "::ffff:10.1.2.3"),
    ):
        with pytest.raises(TargetRefused):
            await vet(url, named, leads_to(address))
    await vet("http://127.0.0.1:8080/", LOOPBACK, system_resolve)
    with pytest.raises(TargetRefused):
        await vet("http://10.1.2.3/", LOOPBACK, system_resolve)


async def test_a_name_nobody_knows_is_refused() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    for resolve in (nobody, leads_to()):
        with pytest.raises(TargetRefused, match="DNS"):
            await vet(f"https://{NAME}/", STRICT, resolve)


async def test_a_name_that_has_moved_inside_is_refused_at_the_send() -> None:
    async with receiver() as inside:
        port = int(inside.url.rsplit(":", 1)[1].split("/")[0])
        rules = Rules((port,), (), plain=False)
        await vet(f"https://{NAME}:{port}/", rules, leads_to(PUBLIC))
        sender = Sender(rules, QUICK, resolve=leads_to("127.0.0.1"))
        given = await sender.send(push_to(f"https://{NAME}:{port}/"), wall())
    assert (given.status, given.error) == (None, "Имя ведёт в закрытую или служебную сеть.")
    assert inside.got == []


@pytest.mark.parametrize("found", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]])
async def test_the_name_is_looked_up_once_and_the_connection_goes_there(found: list[str]) -> None:
    asked = []

    async def moving(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        # Where nothing listens on the first, the next one found is tried.
        return found if len(asked) == 1 else ["127.0.0.3"]

    async with receiver() as platform:
        port = platform.url.rsplit(":", 1)[1]
        given = await Sender(LOOPBACK, QUICK, resolve=moving).send(
            push_to(f"http://{NAME}:{port}"), wall()
        )
    assert (given.status, asked) == (204, [NAME])
    assert platform.got[0].headers["host"].split(":")[0] == NAME


async def test_no_proxy_of_the_environment_comes_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with receiver() as proxy, receiver() as platform:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        given = await Sender(LOOPBACK, QUICK).send(push_to(platform.url), wall())
    assert (given.status, proxy.got) == (204, [])


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xfe\x00\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
        b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxxx",
        b"HTTP/1.1 500 No\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: gzip\r\n\r\nzzz\r\n",
        b"HTTP/1.1 500 No\r\nA: " + b"a" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 500 No\r\n" + b"a: b\r\n" * 50_000,
        b"HTTP/1.1 500 No\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00\x1b",
        b"HTTP/1.1 500 No\r\nRetry-After: \xd9\xa2\r\nContent-Length: 0\r\n\r\n",
        *(
            b"HTTP/1.1 500 No\r\nDate: %b\r\nRetry-After: %b\r\nContent-Length: 0\r\n\r\n"
            % (day, day)
            for day in (
                b"Wed, 01 Nov 99999999999999999999 06:00:00 GMT",
                b"Wed, 01 Nov 2023 06:00:00 -9999",
                b"Wed, 01 Nov 2023 06:00:00 -0000",
                b"-1",
                b"9" * 5000,
                b"1e9",
            )
        ),
    ],
)
async def test_whatever_a_receiver_says_it_is_a_failure_and_no_more(sent: bytes) -> None:
    async with receiver(raw(sent)) as platform:
        given = await Sender(LOOPBACK, QUICK).send(push_to(platform.url), wall())
    assert not given.is_delivered
    assert given.error
    assert "не разобран" not in given.error
    assert "\0" not in (given.excerpt or "") + given.error
    assert given.retry_after is None or given.retry_after <= timedelta(seconds=10**9)


async def test_what_nobody_foresaw_is_a_failure_too() -> None:
    async def broken(host: str, port: int) -> Sequence[str]:
        return ["no address at all"]

    given = await Sender(STRICT, QUICK, resolve=broken).send(push_to(f"https://{NAME}/"), wall())
    assert given.error == "Ответ не разобран: ValueError."


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for the name, and that of whoever trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


@pytest.mark.parametrize(("asked", "is_trusted"), [(NAME, True), ("other.example.ru", False)])
async def test_tls_asks_for_the_name_and_believes_only_its_certificate(
    tmp_path: Path, asked: str, is_trusted: bool
) -> None:
    server, trust = certificate(tmp_path, NAME)
    named: list[Any] = []
    server.sni_callback = lambda _, name, __: named.append(name)
    async with receiver(answer(200), tls=server) as platform:
        port = int(platform.url.rsplit(":", 1)[1].split("/")[0])
        rules = Rules((port,), (IPv4Network("127.0.0.0/8"),), plain=False)
        sender = Sender(rules, QUICK, resolve=leads_to("127.0.0.1"), trust=trust)
        given = await sender.send(push_to(f"https://{asked}:{port}/hook"), wall())
    assert named == [asked]
    assert given.status == (200 if is_trusted else None)
    assert len(platform.got) == int(is_trusted)
    if is_trusted:
        assert platform.got[0].headers["host"] == f"{asked}:{port}"


async def test_the_usual_authorities_do_not_vouch_for_just_anybody(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, NAME)
    async with receiver(tls=server) as platform:
        port = int(platform.url.rsplit(":", 1)[1].split("/")[0])
        sender = Sender(LOOPBACK, QUICK, resolve=leads_to("127.0.0.1"))
        given = await sender.send(push_to(f"https://{NAME}:{port}/"), wall())
    assert given.status is None
    assert "certificate" in (given.error or "").lower()
    assert platform.got == []

"""Messengers: a post goes to the server that its address names, in full, and nowhere else."""

import asyncio
from datetime import date
from ipaddress import ip_address
from typing import Any

import asyncpg
import pytest

from services.directory.domain.channels import ChannelKind, MessengerRefused
from services.directory.models import Channel, ChannelPost, ChannelTarget
from services.directory.repository.posts import Sight
from services.directory.service import messengers, posts
from services.directory.service.messengers import NotSent
from shared.db import open_sessions, transaction
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.conftest import NOW, settings_for
from tests.receiver import answer, receiver

TOKEN = "a" * 26


@pytest.fixture
def limits() -> ServiceSettings:
    return settings_for("postgresql://nowhere/x", webhook_private_networks=["127.0.0.1/32"])


async def _resolve(host: str) -> list[str]:
    return [str(ip_address(host))]


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        (
            "tgram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/-100123/",
            "template=file:///etc/passwd",
        ),
        ("jsons://8.8.8.8/hook", "verify=no"),
        ("jsons://8.8.8.8", "redirect=yes"),
        ("matrixs://user:pass@8.8.8.8/room", "discovery=yes"),
    ],
)
async def test_an_address_has_no_parameters(
    limits: ServiceSettings, address: str, parameter: str
) -> None:
    assert await messengers.vet(address, limits, _resolve)
    url = f"{address}?{parameter}"
    with pytest.raises(MessengerRefused, match="уберите «\\?»") as refused:
        await messengers.vet(url, limits, _resolve)
    assert refused.value.field == "body.url"
    with pytest.raises(MessengerRefused):
        await messengers.send(url, "", "Т", limits, _resolve)


async def test_a_redirect_is_not_followed(limits: ServiceSettings) -> None:
    async with receiver() as inner, receiver(answer(307, location=inner.url)) as outer:
        with pytest.raises(NotSent):
            await messengers.send(outer.url.replace("http:", "json:"), "", "Т", limits, _resolve)
    assert (len(outer.got), inner.got) == (1, [])


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0"),
        *("[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]"),
        *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "localhost"),
        *("user:pass@127.0.0.1", "8.8.8.8@127.0.0.1", "127.0.0.1#8.8.8.8"),
        *("①②⑦.0.0.1", "127。0。0。1", ""),
    ],
)
async def test_no_spelling_of_an_inner_address_is_taken(host: str) -> None:
    outside = settings_for("postgresql://nowhere/x")
    for scheme in ("jsons", "json"):
        with pytest.raises(MessengerRefused) as refused:
            await messengers.vet(f"{scheme}://{host}/hook", outside, messengers.system_resolve)
        assert refused.value.field == "body.url"


async def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(
    limits: ServiceSettings,
) -> None:
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        # The system does not know the name at all: whoever asks it once more sends nothing.
        asked.append(host)
        return ["127.0.0.1"]

    async with receiver(answer(200), answer(200)) as got:
        port = got.url.rpartition(":")[2].partition("/")[0]
        for address in (
            f"json://rebinding.invalid:{port}",
            f"mmost://rebinding.invalid:{port}/{TOKEN}",
        ):
            await messengers.send(address, "", "Т", limits, resolve)

    assert asked == ["rebinding.invalid"] * 2
    assert {one.headers["host"] for one in got.got} == {f"rebinding.invalid:{port}"}


@pytest.mark.parametrize("scheme", sorted(messengers.OWN))
def test_a_server_is_believed_by_its_certificate_and_names_no_other(
    limits: ServiceSettings, scheme: str
) -> None:
    sender, _ = messengers._plugin(f"{scheme}://user:pass@8.8.8.8/{TOKEN}/room", limits)
    assert (sender.redirects, sender.verify_certificate) == (False, True)
    assert getattr(sender, "discovery", False) is False


async def test_a_long_post_arrives_whole_in_parts_that_the_messenger_takes(
    limits: ServiceSettings,
) -> None:
    words = [f"слово-{number}" for number in range(600)]
    async with receiver(*[answer(200)] * 4) as got:
        url = got.url.replace("http:", "mmost:").replace("hook", TOKEN)
        await messengers.send(url, "Совещание", " ".join(words), limits, _resolve)
    texts = [one.json["text"] for one in got.got]
    assert len(texts) > 1
    assert max(map(len, texts)) <= 4000
    assert [word for text in texts for word in text.split() if word.startswith("слово")] == words


async def test_of_eight_who_resend_at_once_none_prepares_a_delivery_twice(
    databases: dict[str, str],
) -> None:
    """Real connections, real commits: the messenger was added after the post."""
    by: dict[str, Any] = {"created_by": "admin", "created_at": NOW}
    channel = Channel(
        id=new_id(),
        kind=ChannelKind.UNIFIED,
        scope="unified",
        name="Единый",
        valid_from=date(2023, 9, 1),
        **by,
    )
    said = ChannelPost(
        id=new_id(), channel_id=channel.id, title="x", text="x", posted_by="admin", posted_at=NOW
    )
    target = ChannelTarget(
        id=new_id(), channel_id=channel.id, label="x", service="JSON", url="json://x", **by
    )
    async with open_sessions(databases["directory"]) as sessions:
        for row in (channel, said, target):
            async with transaction(sessions) as session:
                session.add(row)

        async def resend() -> None:
            async with transaction(sessions) as session:
                await posts.resend(session, said.channel_id, said.id, Sight(all=True))

        refusals = await asyncio.gather(*(resend() for _ in range(8)), return_exceptions=True)

    connection = await asyncpg.connect(databases["directory"])
    prepared = await connection.fetchval("select count(*) from channel_deliveries")
    await connection.execute("truncate channels, pgqueuer cascade")
    await connection.close()
    assert (refusals, prepared) == ([None] * 8, 1)

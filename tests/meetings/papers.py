"""What tests of a protocol's papers share: a draft whose items are for different addressees."""

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Headers
from tests.meetings.factories import draft, hear_directory, hold, put_item, schedule

HEADER = {"chair": "Смирнова А. В.", "secretary": "Кузнецова О. И.", "present": ["Иванов И. И."]}


async def draft_with_items(client: httpx.AsyncClient, session: AsyncSession, actor: Headers) -> str:
    """A draft: a question with one item for 16, one for all, one for authorities of 63."""
    await hear_directory(session)
    meeting_id = await schedule(client, actor, place="Видеоконференция")
    question = await client.post(
        f"/v1/meetings/{meeting_id}/agenda-items",
        headers=actor,
        json={"kind": "operational", "text": "О мастерских", "presenter": "Петров П. П."},
    )
    await hold(client, actor, meeting_id)
    protocol_id = await draft(client, actor, meeting_id)
    await client.put(f"/v1/protocols/{protocol_id}/header", headers=actor, json=HEADER)
    await put_item(
        client,
        actor,
        protocol_id,
        text="Только Татарстану.",
        agenda_item_id=question.json()["id"],
        addressees={"regions": ["16"]},
        control={"points": ["План", "Смета"], "evidence": "file"},
    )
    await put_item(client, actor, protocol_id, text="Всем кластерам.", due_on=None)
    await put_item(
        client,
        actor,
        protocol_id,
        text="Органу Самарской области.",
        addressees={"kind": "authority", "regions": ["63"]},
    )
    return protocol_id

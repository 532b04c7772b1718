"""The database itself keeps an approved protocol as it is, whoever comes and by whatever way."""

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Tokens
from tests.meetings.factories import approve, draft, hear_directory, hold, put_item, schedule

INSERT_ITEM = (
    "insert into protocol_items (id, protocol_id, position, text, priority, addressees)"
    " values (gen_random_uuid(), :protocol, 9, 'Ещё', 'planned', '{}')"
)


@pytest.fixture
async def protocols(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> dict[str, str]:
    """One protocol approved and one still a draft, with an item each."""
    await hear_directory(session)
    admin = token("cur_admin")
    found = {}
    for name in ("approved", "draft"):
        meeting_id = await schedule(client, admin)
        await hold(client, admin, meeting_id)
        found[name] = await draft(client, admin, meeting_id)
        await put_item(client, admin, found[name])
    await approve(client, admin, found["approved"])
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "update protocols set number = 100 where id = :protocol",
        "update protocols set version = version where id = :protocol",
        "update protocols set status = 'draft', number = null, year = null, signed_on = null,"
        " approved_at = null, content_hash = null where id = :protocol",
        "delete from protocols where id = :protocol",
        "update protocol_items set text = 'Иное' where protocol_id = :protocol",
        "update protocol_items set protocol_id = :other where protocol_id = :protocol",
        "update protocol_items set protocol_id = :protocol, position = 9"
        " where protocol_id = :other",
        "delete from protocol_items where protocol_id = :protocol",
        INSERT_ITEM,
        INSERT_ITEM + " on conflict do nothing",
    ],
)
async def test_the_database_refuses_to_change_an_approved_protocol(
    session: AsyncSession, protocols: dict[str, str], statement: str
) -> None:
    connection = await session.connection()
    values = {"protocol": protocols["approved"], "other": protocols["draft"]}
    used = {name: value for name, value in values.items() if f":{name}" in statement}

    with pytest.raises(DBAPIError, match="immutable") as refusal:
        async with connection.begin_nested():
            await connection.execute(text(statement), used)

    assert getattr(refusal.value.orig, "sqlstate", None) == "PI001"


@pytest.mark.parametrize(
    "statement",
    [
        "update protocols set version = version + 1 where id = :protocol",
        "update protocol_items set text = 'Иное' where protocol_id = :protocol",
        INSERT_ITEM,
        "delete from protocol_items where protocol_id = :protocol",
    ],
)
async def test_a_draft_can_be_changed(
    session: AsyncSession, protocols: dict[str, str], statement: str
) -> None:
    connection = await session.connection()

    changed = await connection.execute(text(statement), {"protocol": protocols["draft"]})

    assert changed.rowcount == 1


async def test_a_protocol_is_not_half_approved(
    session: AsyncSession, protocols: dict[str, str]
) -> None:
    connection = await session.connection()

    with pytest.raises(DBAPIError, match="ck_protocols_sealed"):
        async with connection.begin_nested():
            await connection.execute(
                text("update protocols set status = 'approved' where id = :protocol"),
                {"protocol": protocols["draft"]},
            )

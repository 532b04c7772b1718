"""A protocol's review over HTTP: remarks while the window is open, then approvals in order."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import Decision, Remark
from shared.auth import Role
from shared.ids import new_id
from shared.tables import OutboxRecord
from tests.conftest import NOW, Headers, Tokens
from tests.meetings.factories import (
    NOBODYS,
    as_read,
    draft,
    hear_directory,
    hold,
    item_body,
    put_item,
    schedule,
)

WINDOW = "2023-10-04T15:00:00Z"
DURING = {"X-Simulated-Now": "2023-10-04T14:59:59Z"}
AFTERWARDS = {"X-Simulated-Now": WINDOW}
# Of one author of each of 24 regions.
_FULL = {f"a{number}": 20 for number in range(10, 34)}
CHAIN = [{"role": "operator"}, {"subject": "ivanova"}, {"role": "cur_admin"}]


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin")


@pytest.fixture
async def path(client: httpx.AsyncClient, session: AsyncSession, secretary: Headers) -> str:
    """A draft of a meeting that was held, with one item and a chain of three."""
    await hear_directory(session)
    meeting_id = await schedule(client, secretary)
    await hold(client, secretary, meeting_id)
    protocol_id = await draft(client, secretary, meeting_id)
    await put_item(client, secretary, protocol_id)
    path = f"/v1/protocols/{protocol_id}"
    answer = await client.put(f"{path}/approvers", headers=secretary, json={"approvers": CHAIN})
    assert answer.status_code == 200, answer.text
    return path


async def _open(client: httpx.AsyncClient, actor: Headers, path: str, **body: Any) -> None:
    answer = await client.post(f"{path}/review", headers=actor | DURING, json=body)
    assert answer.status_code == 200, answer.text


async def _post(client: httpx.AsyncClient, path: str, actor: Headers, body: Any = None) -> Any:
    read = await as_read(client, actor, path.rsplit("/", 1)[0])
    answer = await client.post(path, headers=AFTERWARDS | actor | read, json=body)
    return answer.status_code, answer.json().get("code") or answer.json()["status"]


async def _events(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).select_from(OutboxRecord))).one()


async def test_each_approves_in_turn_and_the_last_approval_seals(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    admin: Headers,
    secretary: Headers,
    path: str,
) -> None:
    operator, ivanova = token("operator"), token("secretary", sub="ivanova")
    approve = f"{path}/approve"
    assert await _post(client, approve, operator) == (409, "protocol_not_in_review")
    await _open(client, secretary, path)

    assert await _post(client, approve, admin) == (403, "not_the_approver")
    assert await _post(client, approve, operator) == (200, "in_review")
    assert await _post(client, approve, operator) == (403, "not_the_approver")
    # What one has agreed to stays as it is.
    edit = await client.post(f"{path}/items", headers=secretary, json=item_body())
    assert (edit.status_code, edit.json()["code"]) == (409, "protocol_in_review")
    assert await _post(client, approve, secretary) == (403, "not_the_approver")
    assert await _post(client, approve, ivanova) == (200, "in_review")
    assert await _events(session) == 0
    review = (await client.get(f"{path}/review", headers=admin)).json()
    assert (review["awaited"], [one["approved"] for one in review["approvers"]]) == (
        3,
        [True, True, False],
    )
    assert await _post(client, approve, admin) == (200, "approved")
    assert await _post(client, approve, admin) == (409, "protocol_already_approved")

    found = (await client.get(path, headers=admin)).json()
    assert (found["full_number"], found["signed_on"]) == ("1/2023", "2023-10-04")
    assert await _events(session) == 1
    decisions = (await client.get(f"{path}/review", headers=admin)).json()["decisions"]
    assert [(one["position"], one["by"]) for one in decisions] == [
        (1, "operator"),
        (2, "ivanova"),
        (3, "cur_admin"),
    ]


async def test_a_returned_protocol_is_mended_and_goes_through_the_whole_chain_again(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, path: str
) -> None:
    operator, ivanova = token("operator"), token("secretary", sub="ivanova")
    await _open(client, secretary, path)
    await _post(client, f"{path}/approve", operator)
    reason = {"reason": "Не назван ответственный."}
    bare = await client.post(f"{path}/return", headers=ivanova | AFTERWARDS, json={})

    assert bare.status_code == 422
    assert await _post(client, f"{path}/return", operator, reason) == (403, "not_the_approver")
    assert await _post(client, f"{path}/return", ivanova, reason) == (200, "draft")
    assert (
        await client.post(f"{path}/items", headers=secretary, json=item_body())
    ).status_code == 201
    again = await client.post(f"{path}/review", headers=secretary | AFTERWARDS, json={})
    assert again.json()["review_round"] == 2
    assert await _post(client, f"{path}/approve", ivanova) == (403, "not_the_approver")
    assert await _post(client, f"{path}/approve", operator) == (200, "in_review")
    assert await _post(client, f"{path}/recall", secretary, reason) == (200, "draft")
    # Without a chain the administrator's word is enough again.
    await client.put(f"{path}/approvers", headers=secretary, json={"approvers": []})
    assert await _post(client, f"{path}/approve", token("cur_admin")) == (200, "approved")


async def test_participants_remark_until_the_deadline_and_every_remark_is_answered_first(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, path: str
) -> None:
    operator = token("operator")
    of_16, of_63 = token("coordinator", sub="c16", regions=["16"]), token("coordinator", sub="c63")
    remarks = f"{path}/remarks"
    early = await client.post(remarks, headers=of_16 | DURING, json={"text": "Рано"})
    assert early.json()["code"] == "protocol_not_in_review"
    await _open(client, secretary, path, remarks_until=WINDOW)

    first = await client.post(remarks, headers=of_16 | DURING, json={"text": "Перенести срок"})
    second = await client.post(remarks, headers=of_63 | DURING, json={"text": "Убрать пункт"})
    late = await client.post(remarks, headers=of_16 | AFTERWARDS, json={"text": "Опоздал"})
    assert (first.status_code, first.json()["region"]) == (201, "16")
    assert (late.status_code, late.json()["code"]) == (409, "remarks_window_closed")
    read = await as_read(client, operator, path)
    hasty = await client.post(f"{path}/approve", headers=operator | DURING | read)
    assert hasty.json()["code"] == "remarks_window_open"
    assert await _post(client, f"{path}/approve", operator) == (409, "remarks_undecided")

    # The window is for amending: the draft still changes.
    assert (
        await client.post(f"{path}/items", headers=secretary, json=item_body())
    ).status_code == 201
    for one, verb in ((first, "accept"), (second, "decline")):
        url = f"{remarks}/{one.json()['id']}/{verb}"
        assert (await client.post(url, headers=secretary, json={})).status_code == 422
        answer = await client.post(url, headers=secretary, json={"reason": "Потому."})
        assert answer.json()["decision"] == {"accept": "accepted", "decline": "declined"}[verb]
        twice = await client.post(url, headers=secretary, json={"reason": "Ещё раз."})
        assert (twice.status_code, twice.json()["code"]) == (409, "remark_decided")
    seen = [
        [one["text"] for one in (await client.get(remarks, headers=actor)).json()["items"]]
        for actor in (of_16, of_63, secretary)
    ]
    assert seen == [["Перенести срок"], ["Убрать пункт"], ["Перенести срок", "Убрать пункт"]]
    assert await _post(client, f"{path}/approve", operator) == (200, "in_review")


async def _made(session: AsyncSession, path: str, **authors: int) -> None:
    """So many remarks of each author; whose name ends in a region's code is of that region."""
    protocol_id = UUID(path.rsplit("/", 1)[1])
    session.add_all(
        Remark(
            id=new_id(),
            protocol_id=protocol_id,
            round=1,
            text="Перенести срок",
            made_by=author,
            region=author[1:] or None,
            made_at=NOW,
        )
        for author, number in authors.items()
        for _ in range(number)
    )
    await session.flush()


@pytest.mark.parametrize(
    ("authors", "last", "refused", "bound", "others"),
    [
        # The coordinator's own room; not the deputy's, the next region's or the operator's.
        ({"c16": 19}, "c16", "c16", "20 замечаний одного автора", ["d16", "c63", "o"]),
        ({"o": 19}, "o", "o", "20 замечаний одного автора", ["c16", "p"]),
        # A region's room, whoever of it writes; nobody else's.
        ({"c16": 20, "d16": 19}, "d16", "h16", "40 замечаний региона 16", ["c63", "o"]),
        (_FULL | {"a34": 19}, "a34", "c63", "500 замечаний всех участников", []),
    ],
    ids=["author", "author of no region", "region", "all"],
)
async def test_nobody_takes_the_room_for_the_remarks_of_others(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    secretary: Headers,
    path: str,
    authors: dict[str, int],
    last: str,
    refused: str,
    bound: str,
    others: list[str],
) -> None:
    await _open(client, secretary, path, remarks_until=WINDOW)
    await _made(session, path, **authors)

    async def remark(author: str) -> httpx.Response:
        region = {"regions": [author[1:]]} if author[1:] else {}
        actor = token("coordinator" if region else "operator", sub=author, **region)
        said = {"text": "Убрать пункт"}
        return await client.post(f"{path}/remarks", headers=actor | DURING, json=said)

    fits, one_more = await remark(last), await remark(refused)
    made = [await remark(author) for author in others]

    assert fits.status_code == 201, fits.text
    assert (one_more.status_code, one_more.json()["code"]) == (409, "too_many_remarks")
    assert f"не больше {bound}" in one_more.json()["detail"]
    assert [one.status_code for one in made] == [201] * len(others)


async def test_remarks_are_declined_at_once_for_one_reason_all_or_none(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    secretary: Headers,
    path: str,
) -> None:
    await client.put(f"{path}/approvers", headers=secretary, json={"approvers": [CHAIN[0]]})
    await _open(client, secretary, path, remarks_until=WINDOW)
    await _made(session, path, c16=20, c63=1)
    remarks = f"{path}/remarks"
    listed = (await client.get(remarks, headers=secretary)).json()["items"]
    of_16 = [one["id"] for one in listed if one["made_by"] == "c16"]
    (of_63,) = (one["id"] for one in listed if one["made_by"] == "c63")
    accepted = await client.post(
        f"{remarks}/{of_63}/accept", headers=secretary, json={"reason": "Верно."}
    )
    assert accepted.status_code == 200, accepted.text

    async def decline(*ids: str) -> httpx.Response:
        body = {"remarks": ids, "reason": "Повторяют друг друга."}
        return await client.post(f"{remarks}/decline", headers=secretary | DURING, json=body)

    refused = [await decline(*of_16, of_63), await decline(*of_16, NOBODYS), await decline()]
    undecided = (await client.get(f"{path}/review", headers=secretary)).json()["remarks_undecided"]
    declined = await decline(*of_16, of_16[0])
    again = await decline(of_16[0])

    assert [(one.status_code, one.json()["code"]) for one in (*refused, again)] == [
        (409, "remark_decided"),
        (404, "remark_not_found"),
        (422, "invalid_request"),
        (409, "remark_decided"),
    ]
    assert undecided == 20
    assert [one["id"] for one in declined.json()["items"]] == of_16
    said = ("declined", "Повторяют друг друга.", "secretary", 2)
    for one in declined.json()["items"]:
        assert (one["decision"], one["reason"], one["decided_by"], one["version"]) == said
    assert await _post(client, f"{path}/approve", token("operator")) == (200, "approved")
    assert (await decline(of_16[0])).json()["code"] == "protocol_already_approved"


async def test_nobody_approves_what_they_have_not_read(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    admin: Headers,
    secretary: Headers,
    path: str,
) -> None:
    await client.put(f"{path}/approvers", headers=secretary, json={"approvers": []})
    read = await as_read(client, admin, path)
    item = (await client.get(path, headers=admin)).json()["items"][0]["id"]
    changed = item_body(text="Иное")
    await client.put(f"{path}/items/{item}", headers=secretary, json=changed)

    async def approve(actor: Headers) -> tuple[int, str]:
        answer = await client.post(f"{path}/approve", headers=actor | AFTERWARDS)
        return answer.status_code, answer.json()["code"]

    # Whoever may not approve at all is told that, and not what is missing.
    assert await approve(token("coordinator")) == (403, "permission_denied")
    assert await approve(admin) == (428, "version_required")
    assert await approve(admin | read) == (412, "version_mismatch")
    assert await _events(session) == 0
    assert await _post(client, f"{path}/approve", admin) == (200, "approved")


@pytest.mark.parametrize("ending", ["recall", "return"])
async def test_a_remark_outlives_its_round_and_is_answered_before_anybody_approves(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    admin: Headers,
    secretary: Headers,
    path: str,
    ending: str,
) -> None:
    coordinator, operator = token("coordinator", regions=["16"]), token("operator")
    await _open(client, secretary, path, remarks_until=WINDOW)
    remark = await client.post(
        f"{path}/remarks", headers=coordinator | DURING, json={"text": "Перенести срок"}
    )
    by = {"recall": secretary, "return": operator}[ending]
    assert await _post(client, f"{path}/{ending}", by, {"reason": "Правим."}) == (200, "draft")
    await client.put(f"{path}/approvers", headers=secretary, json={"approvers": []})

    assert await _post(client, f"{path}/approve", admin) == (409, "remarks_undecided")
    assert await _events(session) == 0
    answer = f"{path}/remarks/{remark.json()['id']}/accept"
    assert (
        await client.post(answer, headers=secretary, json={"reason": "Верно."})
    ).status_code == 200
    assert await _post(client, f"{path}/approve", admin) == (200, "approved")


@pytest.mark.parametrize(
    ("approvers", "field"),
    [
        ([{"role": "operator"}, {"role": "operator"}], "body"),
        ([{"role": "operator", "subject": "ivanova"}], "body.approvers.0"),
        ([{}], "body.approvers.0"),
        ([{"role": "coordinator"}], "body.approvers.0.role"),
        ([{"subject": f"p{number}"} for number in range(4)], "body.approvers"),
    ],
)
async def test_a_chain_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, secretary: Headers, path: str, approvers: Any, field: str
) -> None:
    answer = await client.put(f"{path}/approvers", headers=secretary, json={"approvers": approvers})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    review = (await client.get(f"{path}/review", headers=secretary)).json()
    assert len(review["approvers"]) == 3


async def test_a_review_does_not_begin_without_items_or_with_a_window_that_is_over(
    client: httpx.AsyncClient, session: AsyncSession, secretary: Headers, path: str
) -> None:
    over = {"remarks_until": "2023-10-04T14:00:00Z"}
    past = await client.post(f"{path}/review", headers=secretary | DURING, json=over)
    items = (await client.get(path, headers=secretary)).json()["items"]
    await client.delete(f"{path}/items/{items[0]['id']}", headers=secretary)
    empty = await client.post(f"{path}/review", headers=secretary | DURING, json={})

    assert (past.status_code, past.json()["code"]) == (422, "remarks_until_in_past")
    assert (empty.status_code, empty.json()["code"]) == (409, "protocol_empty")


@pytest.mark.parametrize("role", Role)
async def test_who_may_do_what_in_a_review(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, path: str, role: Role
) -> None:
    actor = token(role)
    unknown = f"{path}/remarks/0190c5a0-0000-7000-8000-00000000ffff"
    writers = {Role.SECRETARY, Role.CUR_ADMIN}
    participants = {Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD, Role.OPERATOR}
    approvers = {Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.SECRETARY, Role.OPERATOR}
    reason = {"reason": "Так надо."}
    asked = [
        ("PUT", f"{path}/approvers", {"approvers": CHAIN}, writers),
        ("PUT", f"{path}/header", {}, writers),
        ("POST", f"{unknown}/accept", reason, writers),
        ("POST", f"{unknown}/decline", reason, writers),
        ("POST", f"{path}/remarks/decline", {"remarks": [NOBODYS], **reason}, writers),
        ("POST", f"{path}/recall", reason, writers),
        ("POST", f"{path}/addenda", None, writers),
        ("POST", f"{path}/remarks", {"text": "Замечание"}, participants),
        ("GET", f"{path}/remarks", None, participants | writers | approvers | {Role.AUDITOR}),
        ("POST", f"{path}/review", {}, writers),
    ]
    for method, url, body, allowed in asked:
        answer = await client.request(method, url, headers=actor | DURING, json=body)
        denied = answer.status_code == 403 and answer.json()["code"] == "permission_denied"
        assert denied is (role not in allowed), (method, url, answer.text)
    returned = await client.post(f"{path}/return", headers=actor | DURING, json=reason)
    denied = returned.status_code == 403 and returned.json()["code"] == "permission_denied"
    assert denied is (role not in approvers)


async def test_an_approval_without_a_review_is_a_decision_of_its_own_round(
    client: httpx.AsyncClient, admin: Headers, secretary: Headers, path: str
) -> None:
    await client.put(f"{path}/approvers", headers=secretary, json={"approvers": []})
    await _open(client, secretary, path)
    reason = {"reason": "Уточните срок."}
    assert await _post(client, f"{path}/return", admin, reason) == (200, "draft")

    assert await _post(client, f"{path}/approve", admin) == (200, "approved")

    decisions = (await client.get(f"{path}/review", headers=admin)).json()["decisions"]
    assert [(one["round"], one["decision"], one["by"]) for one in decisions] == [
        (1, "returned", "cur_admin"),
        (2, "approved", "cur_admin"),
    ]


async def test_what_was_decided_about_a_sealed_protocol_is_as_lasting_as_itself(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, secretary: Headers, path: str
) -> None:
    await client.put(f"{path}/approvers", headers=secretary, json={"approvers": [CHAIN[0]]})
    await _open(client, secretary, path, remarks_until=WINDOW)
    coordinator = token("coordinator", regions=["16"]) | DURING
    remark = await client.post(f"{path}/remarks", headers=coordinator, json={"text": "Замечание"})
    answer = f"{path}/remarks/{remark.json()['id']}/decline"
    await client.post(answer, headers=secretary, json={"reason": "Нет."})
    assert await _post(client, f"{path}/approve", token("operator")) == (200, "approved")
    connection = await session.connection()

    for statement in (
        "delete from protocol_decisions",
        "update protocol_remarks set text = 'Иное'",
        "update protocol_approvers set role = 'secretary'",
    ):
        with pytest.raises(DBAPIError, match="immutable"):
            async with connection.begin_nested():
                await connection.execute(text(statement))
    assert (await session.exec(select(func.count()).select_from(Decision))).one() == 1
    assert (await session.exec(select(func.count()).select_from(Remark))).one() == 1

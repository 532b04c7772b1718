"""The rows of the permissions' test: a cluster of region 16 is one's own, region 63 is foreign."""

from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.calendars import FeedKind, hash_of
from services.meetings.domain.meetings import MeetingCommand, Series
from services.meetings.domain.participation import Attendance
from services.meetings.models import CalendarFeed
from services.meetings.repository import agendas as agenda_rows
from services.meetings.repository import directory
from services.meetings.schemas.agendas import AgendaItemCreate
from services.meetings.schemas.items import ItemWrite
from services.meetings.schemas.meetings import MeetingCreate
from services.meetings.schemas.participation import MarkWrite
from services.meetings.schemas.reviews import ApproverWrite, RemarkWrite
from services.meetings.schemas.series import SeriesCreate
from services.meetings.service import (
    agendas,
    attendance_imports,
    examples,
    items,
    meetings,
    participation,
    protocols,
    reviews,
    series,
)
from services.meetings.service.conference_lists import ListRow
from shared.auth import Actor, Role, Rows
from shared.ids import new_id
from tests.conftest import NOW
from tests.meetings.factories import (
    AFTER,
    MEETING_AT,
    appointment,
    cluster_id,
    hear_directory,
    item_body,
    series_body,
)
from tests.permissions.matrix import Ask, Whose, World

# Whoever asks has this subject: what it made is its own.
ME: Final = "me"
THEM: Final = "them"
OWN_CLUSTER: Final = str(cluster_id(1))
NEIGHBOUR: Final = str(cluster_id(2))
FOREIGN_CLUSTER: Final = str(cluster_id(3))
SECRET: Final = "0" * 43
_REGIONAL: Final = {"sub": ME, "regions": ["16"]}
CLAIMS: Final[dict[Role, dict[str, Any]]] = {
    **{role: {"sub": ME} for role in Role},
    Role.COORDINATOR: _REGIONAL,
    Role.DEPUTY: _REGIONAL,
    Role.AUTHORITY_HEAD: _REGIONAL,
    # A cluster that says its region has no more of the region's rows for it.
    Role.CLUSTER: {**_REGIONAL, "clusters": [OWN_CLUSTER]},
    Role.ASSOCIATION: {"sub": ME, "industries": ["himiya"]},
}
_ADMIN: Final = Actor("admin", frozenset({Role.CUR_ADMIN}), rows=frozenset({Rows.ALL}))
_STAGE: Final = {"code": "workshops", "stage": "bought"}


def _own(
    *, path: dict[str, Any] | None = None, headers: dict[str, str] | None = None, **rest: Any
) -> dict[Whose, Ask]:
    """What the request is where there is no foreign row to ask for."""
    return {Whose.OWN: Ask(path=path or {}, headers=headers or {}, **rest)}


async def build(session: AsyncSession) -> World:
    """A directory, and meetings, protocols and feeds in the states that the operations want."""
    await hear_directory(session)
    await directory.keep_appointments(session, [appointment(1, "16"), appointment(2, "63")])
    await examples.load_examples(session, by="admin", now=NOW)
    weekly = await series.create_series(
        session, SeriesCreate.model_validate(series_body()), now=NOW
    )
    draft = await _meeting(session, draft=True)
    ahead = await _meeting(session, series=Series.UNIFIED)
    questions = [await _question(session, ahead) for _ in range(2)]
    idle = await _held(session)
    busy = await _meeting(session, series=Series.UNIFIED, starts_at=NOW)
    heard = await _question(session, busy)
    await meetings.change_meeting(session, busy, MeetingCommand.HOLD, now=NOW)
    came = MarkWrite(participant_id=cluster_id(1), attendance=Attendance.ATTENDED)
    await participation.mark(session, busy, [came], actor="admin", now=NOW)
    lists = [ListRow(2, "Кластер 1", None)]
    attendance = await attendance_imports.preview(
        session, busy, "list.csv", lists, actor="admin", now=NOW
    )
    empty = (await protocols.create_protocol(session, draft, now=NOW)).id
    written, item = await _protocol(session, busy)
    remarked, _ = await _protocol(session, await _held(session))
    until = NOW.replace(day=5)
    await reviews.open_review(session, remarked, remarks_until=until, now=NOW)
    remarks = [
        await reviews.remark(
            session,
            remarked,
            RemarkWrite(text=f"Замечание: {whose}."),
            Actor(whose, frozenset({Role.COORDINATOR})),
            now=NOW,
        )
        for whose in (ME, THEM)
    ]
    signed, _ = await _protocol(session, await _held(session))
    await reviews.set_approvers(session, signed, [ApproverWrite(subject=ME)])
    in_review = await reviews.open_review(session, signed, remarks_until=None, now=NOW)
    read = {"If-Match": f'"v{in_review.version}"'}
    approved, _ = await _protocol(session, await _held(session))
    await reviews.approve(session, approved, _ADMIN, now=NOW)
    own_feed, foreign_feed = await _feeds(session)
    order = [str(one.id) for one in await agenda_rows.list_agenda(session, ahead)]
    ids = {
        "series_id": weekly.id,
        "meeting_id": ahead,
        "import_id": attendance.id,
        "protocol_id": approved,
        "remark_id": remarks[0].id,
        "cohort": 2023,
        "token": SECRET,
        **_STAGE,
    }
    common = {name: str(value) for name, value in ids.items()}
    of_question = {"item_id": questions[0]}
    writing = _own(path={"protocol_id": written})
    of_item = _own(path={"protocol_id": written, "item_id": item})
    signing = _own(path={"protocol_id": signed})
    remarking = _own(path={"protocol_id": remarked})
    extract = {
        Whose.OWN: Ask(path={"ending": "docx"}, query={"cluster": OWN_CLUSTER}),
        Whose.FOREIGN: Ask(path={"ending": "docx"}, query={"cluster": FOREIGN_CLUSTER}),
    }
    regions = {Whose.OWN: "Регион 16", Whose.FOREIGN: "Регион 63"}
    clusters = {Whose.OWN: OWN_CLUSTER, Whose.FOREIGN: FOREIGN_CLUSTER}
    session.expunge_all()
    return World(
        claims=CLAIMS,
        own={**common, "cluster_id": OWN_CLUSTER, "feed_id": own_feed},
        foreign={**common, "cluster_id": FOREIGN_CLUSTER, "feed_id": foreign_feed},
        asks={
            "create_series": _own(body=series_body(code="other", audience="other")),
            "end_series": _own(body={"ends_on": "2023-12-27"}),
            "schedule_meeting": _own(path={"meeting_id": draft}),
            "start_meeting": _own(headers=AFTER),
            "hold_meeting": _own(headers=AFTER),
            "close_meeting": _own(path={"meeting_id": idle}),
            "change_agenda_item": _own(path=of_question),
            "remove_agenda_item": _own(path=of_question),
            "order_agenda": _own(body={"items": order}),
            "record_outcome": _own(path={"meeting_id": busy, "item_id": heard}),
            "answer_invitation": {
                Whose.OWN: Ask(body={"participant_id": OWN_CLUSTER, "answer": "yes"}),
                Whose.FOREIGN: Ask(body={"participant_id": FOREIGN_CLUSTER, "answer": "yes"}),
            },
            "mark_attendance": _own(
                path={"meeting_id": busy},
                body={"items": [{"participant_id": OWN_CLUSTER, "attendance": "late"}]},
            ),
            "read_conference_list": _own(
                path={"meeting_id": busy},
                files={"file": ("list.csv", "Имя\r\nКластер 1\r\n".encode(), "text/csv")},
            ),
            "commit_attendance_import": _own(body={}),
            "summarise_attendance": _own(query={"from": "2023-10-01", "to": "2023-10-31"}),
            "create_calendar_feed": {
                Whose.OWN: Ask(body={"kind": "series", "series": "unified"}),
                Whose.FOREIGN: Ask(body={"kind": "region", "region": "63"}),
            },
            "create_protocol": _own(body={"meeting_id": str(idle)}),
            "head_protocol": writing,
            "head_protocol_from_attendance": writing,
            "add_protocol_item": _own(path={"protocol_id": written}, body=item_body()),
            "replace_protocol_item": {Whose.OWN: Ask(of_item[Whose.OWN].path, body=item_body())},
            "remove_protocol_item": of_item,
            "set_approvers": writing,
            "open_review": writing,
            "approve_protocol": _own(path={"protocol_id": signed}, headers=read),
            "return_protocol": signing,
            "recall_protocol": signing,
            "remark_protocol": _own(path={"protocol_id": remarked}, body={"text": "О сроке."}),
            "list_remarks": remarking,
            "accept_remark": remarking,
            "decline_remark": remarking,
            "decline_remarks": _own(
                path={"protocol_id": remarked},
                body={"remarks": [str(one.id) for one in remarks], "reason": "Учтено раньше."},
            ),
            "show_protocol_document": _own(path={"ending": "docx"}),
            "read_protocol_extract": extract,
            "show_protocol_extract": extract,
            # Without items there is nothing to ask the other services.
            "preview_fan_out": _own(path={"protocol_id": empty}),
            "put_cyclogram": _own(body={"template": 1, "starts_on": "2023-09-01"}),
            "export_cyclogram": _own(path={"ending": "csv"}),
            "add_item_from_checkpoint": _own(
                path={"protocol_id": written}, body={"cohort": 2023, "checkpoint": "team"}
            ),
        },
        lists={
            "list_participants": clusters,
            "list_calendar_feeds": {Whose.OWN: own_feed, Whose.FOREIGN: foreign_feed},
            "list_remarks": {Whose.OWN: f": {ME}.", Whose.FOREIGN: f": {THEM}."},
            "list_process_states": clusters,
            "read_process_heat_map": regions,
            "draw_process_heat_map": regions,
        },
    )


async def _meeting(session: AsyncSession, **changes: Any) -> UUID:
    """One of no series on the Wednesday ahead, unless said otherwise."""
    wanted = {
        "title": "Совещание",
        "series": Series.OTHER,
        "starts_at": MEETING_AT,
        "duration_minutes": 60,
        **changes,
    }
    made = await meetings.create_meeting(session, MeetingCreate.model_validate(wanted), now=NOW)
    return made.id


async def _held(session: AsyncSession) -> UUID:
    """A meeting of no series that has just been held, and nothing was asked at."""
    meeting = await _meeting(session, starts_at=NOW)
    await meetings.change_meeting(session, meeting, MeetingCommand.HOLD, now=NOW)
    return meeting


async def _question(session: AsyncSession, meeting: UUID) -> UUID:
    wanted = AgendaItemCreate.model_validate({"kind": "operational", "text": "О мастерских"})
    return (await agendas.add_agenda_item(session, meeting, wanted)).id


async def _protocol(session: AsyncSession, meeting: UUID) -> tuple[UUID, UUID]:
    """The meeting's draft with one item for every cluster, and the item."""
    protocol = await protocols.create_protocol(session, meeting, now=NOW)
    wanted = ItemWrite.model_validate(item_body())
    return protocol.id, (await items.add_item(session, protocol.id, wanted)).id


async def _feeds(session: AsyncSession) -> tuple[str, str]:
    """One's own feed, which `SECRET` opens, and somebody else's."""
    made = [
        CalendarFeed(
            id=new_id(),
            token_hash=hash_of(secret),
            kind=FeedKind.SERIES,
            series=Series.UNIFIED,
            created_at=NOW,
            created_by=owner,
        )
        for owner, secret in ((ME, SECRET), (THEM, SECRET[::-1] + "1"))
    ]
    session.add_all(made)
    await session.flush()
    return str(made[0].id), str(made[1].id)

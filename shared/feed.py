"""The feed: what the broker lost, or never had, can be read from the outbox itself."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import text
from starlette.responses import Response

from shared.db import Session
from shared.envelopes import feed_line
from shared.errors import NotFound
from shared.events.base import PARTITIONS, Checkpoint, checkpoint_type
from shared.ids import new_id
from shared.permissions import Acting
from shared.problems import problems

MEDIA_TYPE = "application/jsonl"
_ROWS = text(
    "select id, type, key, occurred_at, data, seq from outbox"
    " where topic = :topic and partition = :partition and seq > :after order by seq limit :limit"
)
_HEAD = text(
    "select seq, cast(id as text) as id from outbox"
    " where topic = :topic and partition = :partition and seq is not null"
    " order by seq desc limit 1"
)
_ANNOUNCED = text(
    "select f.announced, coalesce(s.announced_seq, 0) from outbox_fence f"
    " left join outbox_streams s on s.topic = :topic and s.partition = :partition"
)


class TopicNotOurs(NotFound):
    """The service does not publish the topic."""

    code = "topic_not_found"


def feed_router(topics: Iterable[str]) -> APIRouter:
    """The feed of a producer of these topics."""
    ours = frozenset(topics)
    router = APIRouter(prefix="/v1/events", tags=["events"])

    @router.get(
        "/{topic}/{partition}",
        response_class=Response,
        responses={
            200: {
                "description": "JSON lines: CloudEvents in the order of `seq`, a checkpoint last",
                "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
            },
            **problems(401, 403, 404, 422),
        },
        summary="Лента событий раздела",
    )
    async def read_feed(
        actor: Acting,
        session: Session,
        topic: Annotated[str, Path(max_length=100, examples=["assignments.executions"])],
        partition: Annotated[int, Path(ge=0, lt=PARTITIONS)],
        after: Annotated[int, Query(ge=0, le=2**62, description="Последний известный seq")] = 0,
        limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    ) -> Response:
        """События раздела после `after`; чем заканчивается, говорит контрольная точка."""
        if topic not in ours:
            raise TopicNotOurs(f"Сервис не публикует тему {topic!r}.", field="topic")
        where = {"topic": topic, "partition": partition}
        connection = await session.connection()
        # Read first: whatever it announces is in the rows read after it.
        announced, announced_seq = (await connection.execute(_ANNOUNCED, where)).one()
        rows = (await connection.execute(_ROWS, {**where, "after": after, "limit": limit})).all()
        lines = [
            feed_line(topic, row.type, row.id, row.key, row.occurred_at, row.seq, row.data)
            for row in rows
        ]
        last = rows[-1].seq if rows else after
        if announced is not None and last >= announced_seq:
            head = (await connection.execute(_HEAD, where)).one_or_none()
            checkpoint = Checkpoint(
                through=announced,
                last_seq=announced_seq,
                head_seq=head.seq if head else 0,
                head_id=head.id if head else None,
            )
            kind = checkpoint_type(topic)
            data = checkpoint.model_dump_json()
            lines.append(feed_line(topic, kind, new_id(), topic, announced, None, data))
        return Response(b"".join(lines), media_type=MEDIA_TYPE)

    return router

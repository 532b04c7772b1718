"""Statements of the register: one filter for its pages, its counters, its exports and its chart.

Whether an execution is overdue needs working days, which Postgres does not know: the dates are
worked out here, for each date that "today" can be somewhere on Earth, and compared in SQL.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    literal,
    literal_column,
    or_,
)
from sqlalchemy import select as columns
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY, TSVECTOR
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import FINAL, OPEN, Addressee, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.domain.policies import Policy
from services.assignments.domain.register import (
    Sort,
    Wanted,
    no_longer_soon,
    rework_over,
    without_dashes,
)
from services.assignments.models import (
    Assignment,
    Execution,
    Extension,
    KnownCluster,
    KnownRegion,
)
from services.assignments.repository.rows import visible_to
from shared.auth import Actor

# The zones of the earliest and the latest "today".
_WEST: Final = timedelta(hours=-12)
_EAST: Final = timedelta(hours=14)
# A stem keeps its «ё», and people type «е»; in the C locale Postgres takes «» and — for letters.
_SAID: Final = "ёЁ«»„“”’–—№…"
_MEANT: Final = "еЕ          "
# As the indexes of migration 0003 have it, or Postgres would not use these.
_WORDS: Final = f"to_tsvector('russian', translate({{}}, '{_SAID}', '{_MEANT}'))"
_ASSIGNMENT_WORDS: Final = literal_column(
    _WORDS.format("assignments.number || ' ' || assignments.text"), TSVECTOR
)
_CLUSTER_WORDS: Final = literal_column(_WORDS.format("known_clusters.name"), TSVECTOR)
_RUSSIAN: Final = literal_column("'russian'", REGCONFIG)

_ASKED: Final = exists().where(
    col(Extension.execution_id) == col(Execution.id),
    col(Extension.status) == ExtensionStatus.OPEN,
)
_AWAITING: Final = or_(
    col(Execution.status) == Status.FORWARDED,
    and_(
        col(Execution.addressee) == Addressee.AUTHORITY,
        col(Execution.status) == Status.SUBMITTED,
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the register: the execution, names people know, and what is derived."""

    execution: Execution
    number: str
    text: str
    region_name: str | None
    cluster_name: str | None
    overdue: bool
    due_soon: bool
    awaiting_review: bool
    extension_requested: bool


@dataclass(frozen=True, slots=True)
class Flags:
    """The derived states as conditions on a row, as of an instant."""

    overdue: ColumnElement[bool]
    due_soon: ColumnElement[bool]
    awaiting_review: ColumnElement[bool] = _AWAITING
    extension_requested: ColumnElement[bool] = _ASKED

    @property
    def named(self) -> list[ColumnElement[bool]]:
        return [
            self.overdue.label("overdue"),
            self.due_soon.label("due_soon"),
            self.awaiting_review.label("awaiting_review"),
            self.extension_requested.label("extension_requested"),
        ]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose register it is, what is wanted of it, and what the derived states mean now."""

    actor: Actor
    wanted: Wanted
    flags: Flags


def flags_at(now: datetime, policies: Mapping[int, Policy]) -> Flags:
    """The derived states at the instant, each execution judged in its own zone."""
    today = func.date(func.timezone(col(Execution.timezone), now))
    first = (now.astimezone(UTC) + _WEST).date()
    last = (now.astimezone(UTC) + _EAST).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def over(limit: Callable[[date, Policy], date]) -> ColumnElement[bool]:
        """`due*` lies before the limit of the day and of the assignment's policy."""

        def by_policy(found: Callable[[date, Policy], date]) -> ColumnElement[date]:
            def by_day(policy: Policy) -> ColumnElement[date]:
                dates = {day: literal(found(day, policy), Date) for day in days}
                return case(dates, value=today)

            groups: dict[tuple[int, int], list[int]] = {}
            for version, policy in policies.items():
                key = (policy.rework_working_days, policy.due_soon_days)
                groups.setdefault(key, []).append(version)
            chosen = [(by_day(policies[of[0]]), of) for of in groups.values()]
            if len(chosen) == 1:
                return chosen[0][0]
            return case(*((col(Assignment.policy_version).in_(of), dates) for dates, of in chosen))

        returned = by_policy(
            lambda day, policy: rework_over(limit(day, policy), policy.rework_working_days)
        )
        return and_(
            # No limit lies later: what an index can use.
            col(Execution.due)
            < max(limit(day, policy) for day in days for policy in policies.values()),
            col(Execution.due) < by_policy(limit),
            or_(col(Execution.returned_on).is_(None), col(Execution.returned_on) <= returned),
        )

    owed = and_(col(Execution.status).in_(OPEN), col(Execution.done).is_(None))
    overdue = over(lambda day, _: day)
    soon = over(lambda day, policy: no_longer_soon(day, policy.due_soon_days))
    return Flags(overdue=and_(owed, overdue), due_soon=and_(owed, soon, ~overdue))


# Columns of `Execution`, and whether each falls.
_ORDERS: Final[Mapping[Sort, tuple[tuple[str, bool], ...]]] = {
    Sort.DUE: (("due", False), ("id", False)),
    Sort.DUE_LAST: (("due", True), ("id", True)),
    Sort.PRIORITY: (("weight", True), ("due", False), ("id", False)),
    Sort.REGION: (("region", False), ("due", False), ("id", False)),
    Sort.UPDATED: (("occurred_at", False), ("id", False)),
    Sort.UPDATED_LAST: (("occurred_at", True), ("id", True)),
}


def key_of(sort: Sort, execution: Execution) -> tuple[Any, ...]:
    """Where the execution stands in the order: what a cursor holds."""
    return tuple(getattr(execution, name) for name, _ in _ORDERS[sort])


def _columns(sort: Sort) -> list[tuple[ColumnElement[Any], bool]]:
    return [(getattr(Execution, name), falls) for name, falls in _ORDERS[sort]]


async def list_lines(
    session: AsyncSession, scope: Scope, sort: Sort, *, after: tuple[Any, ...] | None, limit: int
) -> list[Line]:
    """A stretch of the register in this order."""
    statement = (
        _joined(
            columns(
                Execution,
                col(Assignment.number),
                col(Assignment.text),
                col(KnownRegion.short_name),
                col(KnownCluster.name),
                *scope.flags.named,
            ),
            scope,
        )
        .order_by(*_ordered(sort))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(_beyond(sort, after))
    rows = await session.exec(statement)
    return [Line(*row) for row in rows]


async def count(session: AsyncSession, scope: Scope, *, at_most: int) -> int:
    """How many rows there are; counting stops at `at_most`."""
    rows = _joined(columns(col(Execution.id)), scope).limit(at_most)
    statement = select(func.count()).select_from(rows.subquery())
    return (await session.exec(statement)).one()


async def counted(session: AsyncSession, scope: Scope) -> Sequence[Row[Any]]:
    """Per region and status: how many, and how many of them are in each derived state."""
    flags = scope.flags

    def those(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(condition)

    statement = _joined(
        columns(
            col(Execution.region).label("region"),
            col(Execution.status).label("status"),
            func.count().label("total"),
            those(flags.overdue).label("overdue"),
            those(flags.due_soon).label("due_soon"),
            those(flags.awaiting_review).label("awaiting_review"),
        ),
        scope,
    ).group_by(col(Execution.region), col(Execution.status))
    connection = await session.connection()
    found: Sequence[Row[Any]] = (await connection.execute(statement)).all()
    return found


async def known_regions(session: AsyncSession) -> Sequence[KnownRegion]:
    """All regions the directory has told of, by code."""
    return (await session.exec(select(KnownRegion).order_by(col(KnownRegion.code)))).all()


async def stream(
    session: AsyncSession, scope: Scope, sort: Sort, *, limit: int, batch: int
) -> AsyncIterator[Sequence[Row[Any]]]:
    """The register in batches from a cursor of the database: one snapshot, whatever its length."""
    statement = (
        _joined(
            columns(
                col(Assignment.number).label("number"),
                col(Assignment.text).label("text"),
                *(col(getattr(Execution, name)) for name in _EXPORTED),
                col(KnownRegion.short_name).label("region_name"),
                col(KnownRegion.federal_district),
                col(KnownCluster.name).label("cluster_name"),
                *scope.flags.named,
            ),
            scope,
        )
        .order_by(*_ordered(sort))
        .limit(limit)
    )
    connection = await session.connection()
    async with connection.stream(statement, execution_options={"yield_per": batch}) as rows:
        async for some in rows.partitions():
            yield some


_EXPORTED: Final = (
    "region",
    "cohort",
    "industry",
    "addressee",
    "role",
    "weight",
    "status",
    "issued_on",
    "due0",
    "due",
    "done",
    "returns",
    "extensions",
    "occurred_at",
)


def _joined(statement: Any, scope: Scope) -> Any:
    """The statement over the rows of the scope, with what names them."""
    found = (
        statement.select_from(Execution)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .outerjoin(KnownRegion, col(KnownRegion.code) == col(Execution.region))
        .outerjoin(KnownCluster, col(KnownCluster.cluster_id) == col(Execution.cluster_id))
        .where(*_matching(scope))
    )
    return _saying(found, scope.wanted.q) if scope.wanted.q is not None else found


def _matching(scope: Scope) -> list[ColumnElement[bool]]:
    wanted, flags = scope.wanted, scope.flags
    exact = (
        (col(Execution.region), wanted.region),
        (col(KnownRegion.federal_district), wanted.federal_district),
        (col(Execution.cluster_id), wanted.cluster_id),
        (col(Execution.cohort), wanted.cohort),
        (col(Execution.industry), wanted.industry),
        (col(Execution.protocol_id), wanted.protocol_id),
        (col(Execution.assignment_id), wanted.assignment_id),
        (col(Assignment.meeting_id), wanted.meeting_id),
        (col(Execution.weight), wanted.priority),
        (col(Execution.addressee), wanted.addressee),
        (col(Execution.role), wanted.role),
        (col(Execution.coordinator_id), wanted.coordinator_id),
    )
    clauses: list[ColumnElement[bool]] = [visible_to(scope.actor)]
    clauses += [column == value for column, value in exact if value is not None]
    asked = (
        (wanted.overdue, flags.overdue),
        (wanted.due_soon, flags.due_soon),
        (wanted.awaiting_review, flags.awaiting_review),
        (wanted.extension_requested, flags.extension_requested),
    )
    clauses += [condition for is_wanted, condition in asked if is_wanted]
    if wanted.status:
        clauses.append(col(Execution.status).in_(wanted.status))
    if wanted.due_from is not None:
        clauses.append(col(Execution.due) >= wanted.due_from)
    if wanted.due_to is not None:
        clauses.append(col(Execution.due) <= wanted.due_to)
    if wanted.inactive_since is not None:
        local = func.date(func.timezone(col(Execution.timezone), col(Execution.occurred_at)))
        clauses += [col(Execution.status).not_in(FINAL), local < wanted.inactive_since]
    return clauses


def _saying(statement: Any, q: str) -> Any:
    """The words are in the assignment and the cluster's name together, or the number begins so.

    Texts are read once each, not once per execution, and only those the indexes find to have
    any of the words, unwanted ones included: to the query, all others say nothing.
    """
    words = without_dashes(q).translate(str.maketrans(_SAID, _MEANT))
    query = func.websearch_to_tsquery(_RUSSIAN, cast(literal(words), String))
    either = func.replace(func.replace(cast(query, String), "!", ""), " & ", " | ")
    any_word = cast(either, TSQUERY)
    of_assignment = (
        columns(col(Assignment.id).label("id"), _ASSIGNMENT_WORDS.label("words"))
        .where(_ASSIGNMENT_WORDS.op("@@")(any_word))
        .cte("assignment_words")
        .prefix_with("materialized")
    )
    of_cluster = (
        columns(col(KnownCluster.cluster_id).label("id"), _CLUSTER_WORDS.label("words"))
        .where(_CLUSTER_WORDS.op("@@")(any_word))
        .cte("cluster_words")
        .prefix_with("materialized")
    )
    silent: ColumnElement[Any] = literal_column("''::tsvector")
    said = func.coalesce(of_assignment.c.words, silent).op("||")(
        func.coalesce(of_cluster.c.words, silent)
    )
    start = q.removeprefix("№").strip()
    # What is left of a bare «№» begins every number.
    number = col(Assignment.number).startswith(start, autoescape=True) if start else false()
    return (
        statement.outerjoin(of_assignment, of_assignment.c.id == col(Execution.assignment_id))
        .outerjoin(of_cluster, of_cluster.c.id == col(Execution.cluster_id))
        .where(or_(number, said.op("@@")(query)))
    )


def _ordered(sort: Sort) -> list[ColumnElement[Any]]:
    return [column.desc() if falls else column.asc() for column, falls in _columns(sort)]


def _beyond(sort: Sort, after: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after this key, the columns compared one by one."""
    found: ColumnElement[bool] = false()
    for (column, falls), value in reversed(list(zip(_columns(sort), after, strict=True))):
        further = column < value if falls else column > value
        found = or_(further, and_(column == value, found))
    column, falls = _columns(sort)[0]
    # Said once more on its own, for the index.
    return and_(column <= after[0] if falls else column >= after[0], found)

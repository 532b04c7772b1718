"""Other groupings of the same facts, and ЦУР's own pace."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.periods import Period
from services.rating.domain.reviews import Pace, Review, nearest_rank, pace
from services.rating.models import ExecutionVersion
from services.rating.repository.reviews import _REVIEWS, _given, list_reviews
from tests.conftest import Headers, Tokens
from tests.rating.facts import make_facts, number
from tests.rating.test_domain import FOUR
from tests.rating.world import HEARD_AT, hear

AS_OF: Final = "2023-10-31T20:00:00Z"


@pytest.fixture
def auditor(token: Tokens) -> Headers:
    return token("auditor")


async def read(client: httpx.AsyncClient, path: str, headers: Headers | None = None) -> Any:
    response = await client.get(f"/v1/ratings/{path}", params={"as_of": AS_OF}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("districts", ["ДФО", "ПФО"]),
        ("cohorts", ["2023", "2022"]),
        ("industries", ["food", "mechanical-engineering"]),
    ],
)
async def test_a_group_is_rated_by_the_same_formula(
    client: httpx.AsyncClient, session: AsyncSession, auditor: Headers, by: str, names: list[str]
) -> None:
    far = [
        make_facts(execution_id=number(20 + key), region="41", cohort=2023, industry="food")
        for key in range(3)
    ]
    await hear(session, [*FOUR, *far])

    found = await read(client, by, auditor)

    assert found["by"] == by
    assert [one["name"] for one in found["items"]] == names
    first, second = found["items"]
    assert (first["place"], first["raw_bp"], first["executions"]) == (1, 10000, 3)
    assert (second["place"], second["raw_bp"], second["weight"]) == (2, 4314, 7)
    assert (second["regions"], second["clusters"]) == (1, 1)


async def test_groups_add_up_to_the_nation(
    client: httpx.AsyncClient, session: AsyncSession, auditor: Headers
) -> None:
    shared = [replace(one, region="77", execution_id=number(30 + n)) for n, one in enumerate(FOUR)]
    await hear(session, [*FOUR, *shared])

    found = await read(client, "cohorts", auditor)

    (nation,) = found["items"]
    assert (nation["weight"], nation["raw_bp"], nation["regions"]) == (14, 4314, 2)


async def test_an_unknown_grouping_is_refused(client: httpx.AsyncClient, auditor: Headers) -> None:
    response = await client.get("/v1/ratings/moons", headers=auditor)

    assert response.status_code == 422


def day(number: int) -> date:
    return date(2023, 10, number)


def test_the_pace_counts_working_days_and_what_still_waits() -> None:
    reviews = [
        Review("16", day(6), day(6), accepted=True),  # a Friday, the same day
        Review("16", day(6), day(9), accepted=True),  # over a weekend
        Review("16", day(9), day(13), accepted=False),
        Review("16", day(10), None, accepted=False),
    ]

    found = pace(reviews, 3, day(16))

    assert found == Pace(
        reviews=4,
        decided=3,
        accepted=2,
        waiting=1,
        median_days=1,
        p90_days=4,
        late=2,  # four days, and four so far
        late_bp=5000,
    )
    assert pace([], 3, day(16)) == Pace(0, 0, 0, 0, None, None, 0, None)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([5], 50, 5), ([1, 2], 50, 1), ([1, 2, 3], 50, 2), (list(range(1, 11)), 90, 9)],
)
def test_a_percentile_is_one_of_the_values(values: list[int], percent: int, expected: int) -> None:
    assert nearest_rank(values, percent) == expected


async def test_reviews_are_read_off_the_versions(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    """Handed in, forwarded facts changed, returned, handed in again and accepted; one withdrawn."""
    await hear(session, [])

    def say(one: Facts, version: int, when: datetime, **facts: Any) -> None:
        said = replace(one, version=version, **facts)
        session.add(ExecutionVersion(**asdict(said), submitted_at=None, occurred_at=when))

    def at(day: int, hour: int = 9) -> datetime:
        return datetime(2023, 10, day, hour, tzinfo=UTC)

    one = make_facts()
    say(one, 1, at(4), status="in_progress", done=None)
    say(one, 2, at(5, 22), status="forwarded")  # the sixth in Moscow
    say(one, 3, at(6), status="forwarded", extensions=1)
    say(one, 4, at(9), status="returned", done=None)
    say(one, 5, at(10), status="forwarded")
    say(one, 6, at(20), status="accepted")
    gone = make_facts(execution_id=number(2))
    say(gone, 1, at(5), status="forwarded")
    say(gone, 2, at(6), status="withdrawn", done=None)
    await session.flush()

    found = await read(client, "accountability")

    assert (found["reviews"], found["decided"], found["accepted"]) == (2, 2, 1)
    assert (found["median_days"], found["p90_days"], found["late"]) == (1, 8, 1)
    assert (found["late_bp"], found["norm_days"]) == (5000, 3)
    by_region = {row["region"]: row for row in found["items"]}
    assert (by_region["16"]["reviews"], by_region["77"]["reviews"]) == (2, 0)


async def test_reviews_of_a_month_cost_the_month_and_not_all_history(session: AsyncSession) -> None:
    """Anybody may ask for them: eight years with a hundred hand-ins a month, one month is read."""
    connection = await session.connection()
    columns = ", ".join(ExecutionVersion.model_fields)
    one = make_facts(status="forwarded")
    session.add(ExecutionVersion(**asdict(one), submitted_at=None, occurred_at=HEARD_AT))
    await session.flush()
    mine = columns.replace("execution_id", "gen_random_uuid()").replace(
        "occurred_at", "occurred_at - month * interval '1 month' + n * interval '1 minute'"
    )
    await connection.execute(
        text(
            f"insert into execution_versions ({columns}) select {mine} from execution_versions,"
            " generate_series(0, 95) month, generate_series(1, 100) n"
        )
    )
    await connection.execute(text("analyze execution_versions"))

    found = await list_reviews(session, Period.parse("2023-09"), HEARD_AT)
    given = _given(Period.parse("2023-09"), HEARD_AT)
    explained = await connection.execute(
        text(f"explain (analyze, format json) {_REVIEWS.text}"), given
    )
    [plan] = explained.scalar_one()

    assert len(found) == 100
    assert rows_read(plan["Plan"]) < 1000


def rows_read(plan: dict[str, Any]) -> float:
    """How many rows of tables the plan looked at."""
    read = sum(rows_read(part) for part in plan.get("Plans", ()))
    if "Relation Name" in plan:
        per_loop = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        read += per_loop * plan["Actual Loops"]
    return read

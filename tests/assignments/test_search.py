"""Words in the register, found as Russian has them."""

import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.register import without_dashes
from tests.assignments.register import OTHER, found, place
from tests.conftest import Tokens

pytestmark = pytest.mark.usefixtures("furnished")


@pytest.mark.parametrize(
    ("q", "finds"),
    [
        ("загрузка мастерской", True),
        ("ЗАГРУЗКУ МАСТЕРСКИХ", True),
        ("мастерская кластера машиностроения", True),
        ("отчет о мастерских", True),
        ("5/2023", True),
        ("№ 5/2023", True),
        ("5/2023 п. 2", True),
        ("мастерские 5/2023", True),
        ("машиностроение", True),
        ("«Машиностроение»", True),
        ("мастерские -лаборатории", True),
        ("мастерские -машиностроение", False),
        ("мастерские -«Машиностроение»", False),
        ('мастерские -"план загрузки"', False),
        # A dash, however it is typed, is no "not".
        ("мастерские - план", True),
        ("мастерские -- план", True),
        ("мастерские —план", True),
        ("мастерские-", True),
        ("-" * 40 + " мастерские", True),
        ('"план загрузки"', True),
        ('"загрузки план"', False),
        ("лаборатории", False),
        ("6/2023", False),
        ("/2023", False),
        ("и", False),
        ("%", False),
        ("лёгкая", False),
    ],
)
async def test_words_are_found_as_russian_has_them(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, q: str, finds: bool
) -> None:
    wanted = await place(
        session,
        assignment={
            "number": "5/2023 п. 2",
            "text": "План загрузки мастерских; отчёт о нём",
        },
    )
    other = await place(
        session,
        assignment={"number": "15/2024 п. 2", "text": "Назначить куратора"},
        cluster_id=OTHER,
    )

    rows = await found(client, token("auditor"), {"q": q})

    assert (str(wanted.id) in rows) is finds
    assert (str(other.id) in rows) is (q == "лёгкая")


@pytest.mark.parametrize(
    "q",
    [
        *("\\", "'", "& | !", "((", ":*", "a:b", "<->", "!!!", "1" * 200, "''"),
        *("-" * 33, "-" * 200, "- " * 99 + "-", "-!" * 100, '-"' * 100, "-\t" * 99 + "x", "№"),
        *("or " * 66, '"' * 199, "x or " * 40, "x -" * 66, "я" * 200),
    ],
)
async def test_absurd_words_find_nothing_and_break_nothing(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, q: str
) -> None:
    await place(session)
    assert await found(client, token("auditor"), {"q": q}) == set()


@pytest.mark.parametrize(
    "path",
    [
        "executions/counters",
        "executions/export.csv",
        "executions/export.xlsx",
        "charts/executions-by-region",
        "charts/executions-by-region.svg",
    ],
)
async def test_what_else_has_the_filter_takes_any_words_too(
    client: httpx.AsyncClient, token: Tokens, path: str
) -> None:
    answer = await client.get(f"/v1/{path}", headers=token("auditor"), params={"q": "-" * 40})
    assert answer.status_code == 200, answer.text


@given(st.text('-"«„“( !&|\tяx5', max_size=200))
def test_no_not_waits_for_another(q: str) -> None:
    # Each takes a place on a stack of 32 until what it negates is there.
    assert not re.search(r"""(?:^|[^\w-])-[^\w"]*-""", without_dashes(q).replace('"', ""))

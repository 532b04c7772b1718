"""Words in the register, found as Russian has them."""

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

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
    "q", ["\\", "'", "& | !", "((", ":*", "a:b", "<->", "!!!", "1" * 200, "''"]
)
async def test_absurd_words_find_nothing_and_break_nothing(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, q: str
) -> None:
    await place(session)
    assert await found(client, token("auditor"), {"q": q}) == set()

"""The fairness audit: correlations that can be worked out by hand, and the answer over HTTP."""

from fractions import Fraction
from math import sqrt

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.fairness import Subject, audit, between_bp, conclusions, spearman_bp
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.scores import Tally
from tests.rating.facts import make_facts, number
from tests.rating.test_domain import FOUR
from tests.rating.world import hear

MU = 8000


def region(code: int, score: int, clusters: int, district: str = "ПФО") -> Subject:
    tally = Tally(score * 10, 10, 3 * clusters, 3, 0)
    return Subject(f"{code:02d}", district, {2022: 1, 2023: clusters - 1}, tally)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4], 10_000),
        ([4, 3, 2, 1], -10_000),
        ([2, 1, 4, 3], 6_000),  # 1 − 6 · 4 / (4 · 15)
        ([7, 7, 7, 7], None),
    ],
)
def test_the_correlation_of_ranks(values: list[int], expected: int | None) -> None:
    assert spearman_bp([Fraction(value) for value in values], [1, 2, 3, 4]) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=20))
def test_the_correlation_is_pearsons_of_mean_ranks(pairs: list[tuple[int, int]]) -> None:
    def ranks(values: list[int]) -> list[float]:
        places = [[n for n, one in enumerate(sorted(values), 1) if one == v] for v in values]
        return [sum(held) / len(held) for held in places]

    x, y = ranks([one for one, _ in pairs]), ranks([one for _, one in pairs])
    mean = (len(pairs) + 1) / 2
    product = sum((a - mean) * (b - mean) for a, b in zip(x, y, strict=True))
    squares = sum((a - mean) ** 2 for a in x) * sum((b - mean) ** 2 for b in y)

    found = spearman_bp([Fraction(one) for one, _ in pairs], [one for _, one in pairs])

    if not squares:
        assert found is None
    else:
        assert found is not None
        assert abs(found - 10_000 * product / sqrt(squares)) < 1.001


@pytest.mark.parametrize(
    ("groups", "expected"),
    [([[1, 2], [1, 2]], 0), ([[1, 1], [2, 2]], 10_000), ([[1], [1]], None), ([], None)],
)
def test_the_variance_between_groups(groups: list[list[int]], expected: int | None) -> None:
    assert between_bp(groups) == expected


def test_a_rating_that_punishes_size_is_noticed() -> None:
    found = audit([region(n, 9500 - 100 * n, 2 + n) for n in range(12)], MU, RERU_1)

    size, old, new = found.factors
    assert (size.cohort, size.rho_bp, size.is_notable) == (None, 10_000, True)
    assert (old.cohort, old.rho_bp) == (2022, -10_000)
    assert (new.cohort, new.rho_bp) == (2023, 10_000)
    assert conclusions(found)[0] == (
        "Число кластеров: чем больше, тем хуже место (ρ = 1,00, случайность объясняет до 0,59)"
    )


def test_a_fair_rating_is_not_blamed() -> None:
    sizes = [3, 9, 4, 8, 5, 7, 6, 3, 9, 4, 8, 5]
    found = audit([region(n, 9500 - 100 * n, size) for n, size in enumerate(sizes)], MU, RERU_1)

    assert not found.factors[0].is_notable
    assert "связи с местом не видно" in conclusions(found)[0]


def test_what_the_stabilisation_changed() -> None:
    small = Subject("01", "ЦФО", {2022: 1}, Tally(30_000, 3, 3, 3, 0))  # 100 % of little
    large = Subject("02", "ПФО", {2022: 5}, Tally(95 * 9800, 95, 95, 90, 0))

    found = audit([small, large], MU, RERU_1)

    assert [(one.region, one.place, one.raw_place) for one in found.shifts] == [
        ("01", 2, 1),
        ("02", 1, 2),
    ]
    assert (found.moved, found.furthest) == (2, 1)
    assert [(one.name, one.mean_place) for one in found.districts] == [("ПФО", 100), ("ЦФО", 200)]


async def test_the_audit_is_public(client: httpx.AsyncClient, session: AsyncSession) -> None:
    far = [make_facts(execution_id=number(20 + key), region="41") for key in range(3)]
    await hear(session, [*FOUR, *far])

    response = await client.get(
        "/v1/ratings/fairness", params={"as_of": "2023-10-31T20:00:00Z", "period": "2023-10"}
    )

    assert response.status_code == 200, response.text
    found = response.json()
    assert found["regions"] == 2
    assert [one["name"] for one in found["districts"]] == ["ДФО", "ПФО"]
    assert found["between_districts_bp"] == 10_000
    assert found["conclusions"][-1] == (
        "Сглаживание изменило место у 0 из 2 регионов, самое большее на 0"
    )

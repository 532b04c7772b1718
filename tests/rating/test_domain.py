"""The formula by example: SPEC's worked example, every step of a credit, places and words."""

from datetime import date
from typing import Any

import pytest

from services.rating.domain.cohorts import Left, left_out, next_change
from services.rating.domain.credits import credit, due_star
from services.rating.domain.explanations import explain
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period, PeriodInvalid
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, Zone, tally
from tests.rating.facts import OCTOBER, make_facts, number

END = date(2023, 10, 31)
MU = 8000


def rate(*facts: Facts, today: date = END, period: Period = OCTOBER) -> Tally:
    return tally(facts, period, RERU_1, today)


def worth(**overrides: Any) -> int | None:
    found = credit(make_facts(**overrides), RERU_1, END)
    return found.value if found else None


FOUR = (
    make_facts(execution_id=number(1), weight=1),
    make_facts(execution_id=number(2), weight=2, done=date(2023, 10, 17)),
    make_facts(execution_id=number(3), weight=1, returns=1, returned_on=date(2023, 10, 11)),
    make_facts(execution_id=number(4), weight=3, status="in_progress", done=None),
)


def test_the_worked_example() -> None:
    found = rate(*FOUR)

    assert [credit(one, RERU_1, END).value for one in FOUR] == [10000, 5600, 9000, 0]  # type: ignore[union-attr]
    assert (found.numerator, found.weight) == (30200, 7)
    assert found.raw_bp == 4314
    assert found.zone(RERU_1) is Zone.RED
    assert found.stabilised_bp(MU, RERU_1) == 5420  # (30200 + 3 · 8000) / 10
    assert (found.executions, found.on_time, found.on_time_bp) == (4, 2, 5000)
    assert (found.debts, found.provisional, found.returns) == (1, 0, 1)
    # Two working days of the second, twelve of the debt, on four executions: in hundredths.
    assert (found.delay, found.mean_delay_hundredths) == (14, 350)


def test_the_worked_example_with_its_debt_closed_six_working_days_late() -> None:
    closed = make_facts(execution_id=number(4), weight=3, done=date(2023, 10, 23))
    found = rate(*FOUR[:3], closed)

    assert worth(done=date(2023, 10, 23)) == 4000
    assert (found.numerator, found.raw_bp, found.debts) == (42200, 6029, 0)


@pytest.mark.parametrize(
    ("done", "late", "expected"),
    [
        (date(2023, 10, 4), 0, 10000),
        (date(2023, 10, 13), 0, 10000),
        (date(2023, 10, 14), 1, 6000),  # a Saturday: late, though no working day has passed
        (date(2023, 10, 16), 1, 6000),
        (date(2023, 10, 17), 2, 5600),
        (date(2023, 10, 31), 12, 1600),
        (date(2023, 11, 1), 13, 1200),
        (date(2023, 11, 2), 14, 1000),  # 800 by the step, 1000 by the floor
        (date(2023, 12, 29), 54, 1000),
    ],
)
def test_lateness_in_working_days(done: date, late: int, expected: int) -> None:
    found = credit(make_facts(done=done), RERU_1, date(2023, 12, 31))

    assert found is not None
    assert (found.late, found.value, found.on_time) == (late, expected, late == 0)


@pytest.mark.parametrize(
    ("returns", "expected"), [(0, 10000), (1, 9000), (2, 8000), (3, 7000), (4, 7000), (99, 7000)]
)
def test_returns_cost_up_to_a_floor(returns: int, expected: int) -> None:
    assert worth(returns=returns) == expected


@pytest.mark.parametrize(
    ("extensions", "expected"), [(0, 10000), (1, 10000), (2, 9500), (3, 9000), (4, 8500), (9, 8500)]
)
def test_extensions_beyond_the_first_cost_up_to_a_floor(extensions: int, expected: int) -> None:
    assert worth(extensions=extensions) == expected


def test_the_three_parts_multiply_and_round_down_once() -> None:
    found = credit(make_facts(done=date(2023, 10, 17), returns=3, extensions=3), RERU_1, END)

    assert found is not None
    assert (found.timeliness, found.quality, found.discipline) == (5600, 7000, 9000)
    assert found.value == 3528


@pytest.mark.parametrize(
    ("returned_on", "expected"),
    [
        (None, date(2023, 10, 13)),
        (date(2023, 10, 9), date(2023, 10, 13)),  # three working days end before the due date
        (date(2023, 10, 11), date(2023, 10, 16)),
        (date(2023, 10, 20), date(2023, 10, 25)),
        (date(2023, 11, 2), date(2023, 11, 8)),  # 4–6 November are not worked
    ],
)
def test_a_return_gives_three_working_days(returned_on: date | None, expected: date) -> None:
    assert due_star(make_facts(returned_on=returned_on), RERU_1) == expected


def test_a_hand_in_within_the_days_after_a_return_is_on_time() -> None:
    returned_on = date(2023, 10, 20)

    assert worth(done=date(2023, 10, 25), returns=1, returned_on=returned_on) == 9000
    assert worth(done=date(2023, 10, 26), returns=1, returned_on=returned_on) == 5400


def test_an_open_execution_counts_from_the_day_after_its_due_day() -> None:
    open_facts = make_facts(status="in_progress", done=None)

    assert rate(open_facts, today=date(2023, 10, 13)) == Tally()
    overdue = rate(open_facts, today=date(2023, 10, 14))
    assert (overdue.numerator, overdue.weight, overdue.debts, overdue.raw_bp) == (0, 1, 1, 0)


def test_a_returned_execution_counts_again_after_its_days_of_grace() -> None:
    returned = make_facts(status="returned", done=None, returns=1, returned_on=date(2023, 10, 20))

    assert rate(returned, today=date(2023, 10, 25)) == Tally()
    assert rate(returned, today=date(2023, 10, 26)).debts == 1


def test_a_hand_in_before_its_due_day_counts_at_once() -> None:
    early = make_facts(status="forwarded", done=date(2023, 10, 5))

    found = rate(early, today=date(2023, 10, 5))

    assert (found.raw_bp, found.provisional, found.on_time) == (10000, 1, 1)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"origin": "other"}, Left.NOT_PROTOCOL),
        ({"role": "co"}, Left.NOT_LEAD),
        ({"addressee": "authority", "cluster_id": None}, Left.NOT_CLUSTER),
        ({"status": "withdrawn"}, Left.GONE),
        ({"status": "superseded"}, Left.GONE),
        ({"status": "annulled"}, Left.GONE),
        ({"due": date(2023, 11, 1)}, Left.OTHER_PERIOD),
        ({"due": date(2023, 10, 1)}, None),
        ({"due": date(2023, 10, 31)}, None),
        # A debt is carried until the period in which it is handed in, that one included.
        ({"due": date(2023, 9, 29), "done": None, "status": "issued"}, None),
        ({"due": date(2023, 9, 29), "done": date(2023, 10, 1)}, None),
        ({"due": date(2023, 9, 29), "done": date(2023, 9, 30)}, Left.OTHER_PERIOD),
    ],
)
def test_what_belongs_to_the_period(overrides: dict[str, object], expected: Left | None) -> None:
    assert left_out(make_facts(**overrides), OCTOBER) is expected


def test_nothing_that_counts_is_null_and_not_zero() -> None:
    nothing = Tally()

    assert nothing.raw_bp is None
    assert nothing.on_time_bp is None
    assert nothing.mean_delay_hundredths is None
    assert nothing.stabilised_bp(MU, RERU_1) is None
    assert nothing.zone(RERU_1) is None


@pytest.mark.parametrize(
    ("numerator", "weight", "expected"),
    [(1, 2, 1), (1, 3, 0), (2, 3, 1), (10001, 2, 5001), (9999, 2, 5000), (0, 5, 0)],
)
def test_scores_round_half_up(numerator: int, weight: int, expected: int) -> None:
    assert Tally(numerator=numerator, weight=weight).raw_bp == expected


@pytest.mark.parametrize(
    ("raw", "zone"),
    [
        (10000, Zone.GREEN),
        (9000, Zone.GREEN),
        (8999, Zone.YELLOW),
        (7500, Zone.YELLOW),
        (7499, Zone.RED),
        (0, Zone.RED),
    ],
)
def test_zones(raw: int, zone: Zone) -> None:
    assert Tally(numerator=raw, weight=1).zone(RERU_1) is zone


def standing(stabilised: int, *, on_time: int = 3, debts: int = 0, executions: int = 3) -> Tally:
    """A tally with this stabilised score where μ is 0."""
    return Tally(stabilised * 13, 10, executions, on_time, debts)


def test_places_by_score_then_on_time_then_debts_and_equals_share() -> None:
    tallies = {
        "better": standing(9000),
        "punctual": standing(8000),
        "less punctual": standing(8000, on_time=2),
        "less punctual too": standing(8000, on_time=2),
        "indebted": standing(8000, on_time=2, debts=1),
        "worse": standing(7000),
    }

    assert places(tallies, 0, RERU_1) == {
        "better": 1,
        "punctual": 2,
        "less punctual": 3,
        "less punctual too": 3,
        "indebted": 5,
        "worse": 6,
    }


def test_too_few_executions_have_no_place_and_take_none() -> None:
    tallies = {"few": standing(10000, executions=2), "enough": standing(100), "none": Tally()}

    assert places(tallies, 0, RERU_1) == {"few": None, "enough": 1, "none": None}


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2023-10", date(2023, 10, 1), date(2023, 10, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-Q4", date(2023, 10, 1), date(2023, 12, 31)),
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("2023", date(2023, 1, 1), date(2023, 12, 31)),
    ],
)
def test_periods(text: str, start: date, end: date) -> None:
    period = Period.parse(text)

    assert (period.start, period.end, str(period)) == (start, end, text)
    assert start in period
    assert end in period
    assert date(2022, 12, 31) not in period


NONSENSE = ["", "2023-13", "2023-00", "2023-1", "2023-Q5", "2023-q4", " 2023", "2023\n", "02023"]


@pytest.mark.parametrize("text", [*NONSENSE, "0000", "9999", "2019", "2036-01", "202٣", "2023-Q٤"])
def test_nonsense_is_no_period(text: str) -> None:
    with pytest.raises(PeriodInvalid) as refused:
        Period.parse(text)

    assert (refused.value.code, refused.value.field) == ("period_invalid", "query.period")


def test_the_month_of_a_day() -> None:
    assert Period.month_of(date(2023, 10, 31)) == OCTOBER


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({}, "исполнено в срок"),
        ({"done": date(2023, 10, 17)}, "опоздание 2 раб. дн. (срок 13.10.2023)"),
        ({"done": None, "status": "issued"}, "не исполнено, срок истёк 13.10.2023"),
        (
            {"returns": 2, "extensions": 1, "status": "forwarded"},
            "исполнено в срок; возвратов ЦУР: 2; продлений: 1; ожидает рассмотрения",
        ),
        ({"status": "withdrawn"}, "не учитывается: снято с контроля"),
        ({"done": None, "status": "issued", "due": END}, "пока не учитывается: срок не наступил"),
    ],
)
def test_the_explanation_says_why(overrides: dict[str, object], reason: str) -> None:
    [part] = explain([make_facts(**overrides)], OCTOBER, RERU_1, END)

    assert part.reason == reason
    assert (part.credit is None) == (part.left is not None)


def test_the_explanation_shows_weight_credit_and_contribution() -> None:
    parts = explain(FOUR, OCTOBER, RERU_1, END)

    assert [part.facts.execution_id for part in parts] == [one.execution_id for one in FOUR]
    assert [(part.weight, part.contribution) for part in parts] == [
        (1, 10000),
        (2, 11200),
        (1, 9000),
        (3, 0),
    ]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2023, 10, 4), date(2023, 10, 14)),
        (date(2023, 10, 13), date(2023, 10, 14)),
        (date(2023, 10, 14), date(2023, 10, 16)),  # its delay grows on the next working day
        (date(2023, 10, 16), date(2023, 10, 17)),
    ],
)
def test_the_next_change_by_mere_time(today: date, expected: date) -> None:
    later = make_facts(execution_id=number(2), done=None, status="issued", due=date(2023, 10, 20))
    sooner = make_facts(execution_id=number(3), done=None, status="issued")

    assert next_change([later, sooner], RERU_1, today) == expected


def test_time_changes_nothing_where_nothing_is_open() -> None:
    closed = [make_facts(), make_facts(done=None, status="withdrawn")]
    weightless = make_facts(done=None, status="issued", origin="other")

    assert next_change([*closed, weightless], RERU_1, date(2023, 10, 4)) is None


def test_another_methodology_gives_another_score() -> None:
    strict = Methodology(code="РЭРУ-2", late_first=5000, late_step=1000, late_floor=0)
    found = tally([make_facts(done=date(2023, 10, 17))], OCTOBER, strict, END)

    assert found.raw_bp == 4000

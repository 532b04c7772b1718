"""The formula against an independent recomputation, over thousands of random executions."""

import ast
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import tally
from shared.clock import date_in
from tests.independent import check, recompute
from tests.rating.facts import (
    DONE_STATUSES,
    GONE_STATUSES,
    OPEN_STATUSES,
    make_facts,
    many,
    number,
)

ZONES: Final = {
    "16": "Europe/Moscow",
    "39": "Europe/Kaliningrad",
    "41": "Asia/Kamchatka",
    "54": "Asia/Novosibirsk",
    "66": "Asia/Yekaterinburg",
    "77": "Europe/Moscow",
    "89": "Asia/Yekaterinburg",
}
PERIODS: Final = ("2023-09", "2023-10", "2023-11", "2023-12", "2023-Q3", "2023-Q4", "2023", "2024")


def random_facts(random: Random, key: int) -> Facts:
    """An execution as it may be at any moment of its life; most are like most in life."""
    issued_on = date(2023, 9, 1) + timedelta(days=random.randrange(120))
    due0 = issued_on + timedelta(days=random.choice([0, 3, 10, 14, 30, 60]))
    due = due0 + timedelta(days=random.choice([0] * 6 + [5, 30]))
    returns = random.choice([0] * 6 + [1, 1, 2, 3, 5])
    returned_on = issued_on + timedelta(days=random.randrange(70)) if returns else None
    done = None
    if random.random() < 0.75:
        done = max(returned_on or issued_on, due + timedelta(days=random.randint(-12, 8)))
        if random.random() < 0.1:
            done += timedelta(days=random.randrange(60))
    status = random.choice(DONE_STATUSES if done else OPEN_STATUSES)
    return make_facts(
        execution_id=number(key),
        version=random.randint(1, 9),
        region=random.choice(list(ZONES)),
        weight=random.randint(1, 3),
        origin=random.choice(["protocol"] * 12 + ["other"]),
        role=random.choice(["lead"] * 12 + ["co"]),
        addressee=random.choice(["cluster"] * 12 + ["authority"]),
        issued_on=issued_on,
        due0=due0,
        due=due,
        status=random.choice(GONE_STATUSES) if random.random() < 0.05 else status,
        done=done,
        returns=returns,
        returned_on=returned_on,
        extensions=random.choice([0] * 6 + [1, 2, 3, 6]),
    )


def published(one: Facts, occurred_at: datetime) -> dict[str, Any]:
    """The facts as `GET /v1/executions/facts` gives them."""
    instant = "2023-12-01T10:00:00Z"
    plain = {
        name: str(value) if isinstance(value, date | UUID) else value
        for name, value in asdict(one).items()
    }
    return plain | {
        "accepted_at": instant if one.status == "accepted" else None,
        "withdrawn_at": instant if one.status in GONE_STATUSES else None,
        "occurred_at": occurred_at.isoformat(),
    }


def by_the_domain(
    facts: Sequence[Facts],
    as_of: datetime,
    period: str,
    mu_bp: int,
    methodology: Methodology = RERU_1,
) -> list[dict[str, Any]]:
    """The lines of all regions, as the service makes them."""
    groups: dict[str, list[Facts]] = defaultdict(list)
    for one in facts:
        groups[one.region].append(one)
    tallies = {
        region: tally(groups[region], Period.parse(period), methodology, date_in(zone, as_of))
        for region, zone in ZONES.items()
    }
    placed = places(tallies, mu_bp, methodology)
    return [
        {
            "region": region,
            "raw_bp": one.raw_bp,
            "stabilised_bp": one.stabilised_bp(mu_bp, methodology),
            "zone": one.zone(methodology),
            "place": placed[region],
            "executions": one.executions,
            "weight": one.weight,
            "on_time_bp": one.on_time_bp,
            "debts": one.debts,
            "provisional": one.provisional,
            "mean_delay_hundredths": one.mean_delay_hundredths,
            "returns": one.returns,
            "extensions": one.extensions,
        }
        for region, one in tallies.items()
    ]


def compare(
    facts: Sequence[Facts],
    as_of: datetime,
    period: str,
    mu_bp: int,
    methodology: Methodology = RERU_1,
) -> list[str]:
    said = [published(one, as_of - timedelta(days=1)) for one in facts]
    mine = recompute.recompute(said, ZONES, as_of, period, mu_bp)
    theirs = by_the_domain(facts, as_of, period, mu_bp, methodology)
    return recompute.differences(mine, theirs)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [20, 700])
def test_thousands_of_random_executions_give_the_same_lines(seed: int, size: int) -> None:
    random = Random(seed)
    facts = [random_facts(random, key) for key in range(size)]
    for period in PERIODS:
        day = date(2023, 9, 1) + timedelta(days=random.randrange(180))
        as_of = datetime.combine(day, time(random.randrange(24)), UTC)

        assert compare(facts, as_of, period, random.randint(0, 10_000)) == []


@given(
    facts=many(most=20),
    as_of=st.datetimes(datetime(2023, 7, 1), datetime(2024, 3, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    period=st.sampled_from(PERIODS),
    mu_bp=st.integers(0, 10_000),
)
def test_any_executions_give_the_same_lines(
    facts: list[Facts], as_of: datetime, period: str, mu_bp: int
) -> None:
    moved = [replace(one, region={"16": "41", "77": "39", "54": "54"}[one.region]) for one in facts]

    assert compare(moved, as_of, period, mu_bp) == []


NUMBERS: Final = [field.name for field in fields(Methodology) if isinstance(field.default, int)]


@pytest.mark.parametrize(
    "name", [name for name in NUMBERS if name not in {"version", "initial_mu"}]
)
def test_a_formula_with_one_number_wrong_differs(name: str) -> None:
    """By one unit; a unit is lost in a region's rounding, so most executions stand alone."""
    random = Random(1)
    groups = [[random_facts(random, key)] for key in range(400)]
    groups += [
        # Right on the border of each zone, and of having a place.
        [make_facts(returns=1)],
        [make_facts(weight=3), make_facts(execution_id=number(2), status="issued", done=None)],
        [make_facts(execution_id=number(key)) for key in range(3)],
    ]
    wrong = replace(RERU_1, **{name: getattr(RERU_1, name) + 1})
    as_of = datetime(2023, 12, 20, tzinfo=UTC)

    assert not any(compare(group, as_of, "2023", 8000) for group in groups)
    assert any(compare(group, as_of, "2023", 8000, wrong) for group in groups)


def test_equal_regions_share_their_place() -> None:
    facts = [
        make_facts(execution_id=number(key), region=region)
        for key, region in enumerate(["16", "39", "41"] * 3)
    ]

    found = recompute.recompute(
        [published(one, datetime(2023, 10, 14, tzinfo=UTC)) for one in facts],
        ZONES,
        datetime(2023, 10, 31, tzinfo=UTC),
        "2023-10",
    )

    assert [found[region]["place"] for region in ("16", "39", "41", "54")] == [1, 1, 1, None]
    assert compare(facts, datetime(2023, 10, 31, tzinfo=UTC), "2023-10", 8000) == []


def test_the_recomputation_reads_the_newest_facts_of_the_instant() -> None:
    start = datetime(2023, 10, 20, tzinfo=UTC)
    history = [
        make_facts(version=1, status="in_progress", done=None),
        make_facts(version=2, status="forwarded", done=date(2023, 10, 13)),
        make_facts(version=3, status="withdrawn", done=None),
    ]
    said = [published(one, start + n * timedelta(days=1)) for n, one in enumerate(history)]

    def seen(day: int) -> tuple[int | None, int, int]:
        as_of = start + timedelta(days=day)
        row = recompute.recompute(reversed(said), ZONES, as_of, "2023-10")["16"]
        return row["raw_bp"], row["debts"], row["executions"]

    assert [seen(day) for day in (-1, 0, 1, 2)] == [
        (None, 0, 0),
        (0, 1, 1),
        (10000, 0, 1),
        (None, 0, 0),
    ]


def test_the_day_ends_in_the_regions_own_zone() -> None:
    """At noon in Moscow the thirteenth has ended in Kamchatka only a few hours later."""
    open_facts = [
        make_facts(execution_id=number(key), region=region, status="issued", done=None)
        for key, region in enumerate(["41", "39"])
    ]
    as_of = datetime(2023, 10, 13, 13, tzinfo=UTC)

    rows = {row["region"]: row for row in by_the_domain(open_facts, as_of, "2023-10", 8000)}

    assert (rows["41"]["debts"], rows["39"]["debts"]) == (1, 0)
    assert compare(open_facts, as_of, "2023-10", 8000) == []


@pytest.mark.parametrize("name", recompute.COMPARED)
def test_a_difference_is_noticed(name: str) -> None:
    facts = [make_facts(execution_id=number(key)) for key in range(3)]
    as_of = datetime(2023, 10, 31, tzinfo=UTC)
    mine = recompute.recompute([published(one, as_of) for one in facts], ZONES, as_of, "2023-10")
    theirs = by_the_domain(facts, as_of, "2023-10", 8000)
    wrong = [{**row, name: "wrong"} if row["region"] == "16" else row for row in theirs]

    assert recompute.differences(mine, theirs) == []
    assert [line.split(" is ")[0] for line in recompute.differences(mine, wrong)] == [f"16: {name}"]


def test_a_missing_region_is_noticed() -> None:
    as_of = datetime(2023, 10, 31, tzinfo=UTC)
    mine = recompute.recompute([], ZONES, as_of, "2023-10")

    found = recompute.differences(mine, by_the_domain([], as_of, "2023-10", 8000)[1:])

    assert found == ["16: only one side has it"]


def test_the_recomputation_shares_no_code_with_the_product() -> None:
    sources = sorted(Path(recompute.__file__).parent.glob("*.py"))
    imported = {
        name.removeprefix("tests.independent").split(".")[0]
        for source in sources
        for node in ast.walk(ast.parse(source.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert len(sources) >= 2
    assert imported & {"services", "shared", "deploy", "tests"} == set()


@contextmanager
def serving(answer: Callable[[str, dict[str, list[str]]], Any]) -> Iterator[str]:
    """A real HTTP server that answers as told; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            body = json.dumps(answer(asked.path, parse_qs(asked.query))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet: the test's output is the command's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("published_raw", "code"), [(10000, 0), (9999, 1)])
def test_the_command_compares_a_running_system(
    published_raw: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    as_of = datetime(2023, 10, 31, 20, tzinfo=UTC)
    facts = [make_facts(execution_id=number(key)) for key in range(3)]
    rows = by_the_domain(facts, as_of, "2023-10", 7000)
    rows[0]["raw_bp"] = published_raw

    def answer(path: str, query: dict[str, list[str]]) -> Any:
        if path == "/v1/regions":
            items = [{"code": code, "timezone": zone} for code, zone in ZONES.items()]
            return {"items": items, "next_cursor": None}
        if path == "/v1/executions/facts":
            page = int(query.get("cursor", ["0"])[0])
            following = str(page + 1) if page < 2 else None
            return {"items": [published(facts[page], as_of)], "next_cursor": following}
        return {"items": rows, "mu_bp": 7000, "complete_through": "2023-10-31T20:00:00Z"}

    with serving(answer) as url:
        options = ["--assignments", url, "--directory", url, "--rating", url, "--token", "t"]
        exit_code = check.main([*options, "--period=2023-10", "--as-of=2023-10-31T20:00:00Z"])

    lines = capsys.readouterr().out.splitlines()
    assert exit_code == code
    assert lines[-1] == (
        "2023-10 as of 2023-10-31T20:00:00+00:00, 7 regions, 3 executions, 3 of them count:"
        f" {code} differences."
    )
    assert len(lines) == 1 + code

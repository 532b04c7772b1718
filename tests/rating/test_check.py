"""The independent check of a running system: it finds nothing wrong with ours, and any lie."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Tokens
from tests.independent import check
from tests.rating.facts import make_facts, number
from tests.rating.slices import freeze
from tests.rating.test_domain import FOUR
from tests.rating.test_recompute import published, serving
from tests.rating.world import HEARD_AT, hear

FAR: Final = [make_facts(execution_id=number(20 + key), region="41") for key in range(3)]
ZONES: Final = {
    "16": "Europe/Moscow",
    "41": "Asia/Kamchatka",
    "54": "Asia/Novosibirsk",
    "77": "Europe/Moscow",
}
Lie = Callable[[Any], None]


@pytest.fixture
async def run(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Any]:
    """The command over a frozen October; an answer whose path ends so may be lied about."""
    await hear(session, [*FOUR, *FAR])
    await freeze(session)
    loop = asyncio.get_running_loop()

    async def running(*options: str, lie: tuple[str, Lie] | None = None) -> tuple[int, list[str]]:
        def answer(path: str, query: dict[str, list[str]]) -> Any:
            if path == "/v1/regions":
                items = [{"code": code, "timezone": zone} for code, zone in ZONES.items()]
                return {"items": items, "next_cursor": None}
            if path == "/v1/executions/facts":
                facts = [published(one, HEARD_AT) for one in [*FOUR, *FAR]]
                return {"items": facts, "next_cursor": None}
            asked = client.get(path, params=query, headers=token("auditor"))
            found = asyncio.run_coroutine_threadsafe(asked, loop).result(20)
            assert found.status_code == 200, found.text
            told = found.json()
            if lie and re.search(lie[0], path):
                lie[1](told)
            return told

        with serving(answer) as url:
            given = [f"--{name}={url}" for name in ("assignments", "directory", "rating")]
            code = await asyncio.to_thread(check.main, [*given, "--token=t", *options])
        return code, capsys.readouterr().out.splitlines()

    return running


async def test_a_whole_season_is_checked(run: Callable[..., Any]) -> None:
    code, lines = await run("--season", "--every-region")
    assert (code, len(lines)) == (0, 6)
    assert lines[0].startswith("slice 2023-10, 4 regions, 7 executions, 7 of them count; 7 parts")
    assert "7 of them count; 7 parts and 1 actions: 0 differences." in lines[3]
    assert [line.split()[0] for line in lines[1:]] == ["2023-10"] * 3 + ["2023-Q4", "2023"]


def _line(name: str) -> Lie:
    return lambda told: told["items"][0].update({name: -1})


def _part(name: str) -> Lie:
    return lambda told: told["parts"][0].update({name: -1})


def _whole(name: str) -> Lie:
    return lambda told: told.update({name: -1})


def _dropped(name: str) -> Lie:
    return lambda told: told[name].pop()


@pytest.mark.parametrize(
    ("path", "lie", "said"),
    [
        ("/slices/[^/]+$", _line("raw_bp"), "16: raw_bp is 4314 "),
        ("/slices/[^/]+$", _whole("result_hash"), "result_hash is "),
        ("/slices/[^/]+$", _whole("national_raw_bp"), "national_raw_bp is "),
        ("/slices/[^/]+$", _dropped("items"), "77: only one side has it"),
        ("/slices/.*/16/explanation", _part("credit_bp"), "credit_bp is "),
        ("/ratings/regions$", _line("stabilised_bp"), "16: stabilised_bp is "),
        *(
            ("/ratings/.*/16/explanation", _part(name), f"{name} is ")
            for name in ("weight", "credit_bp", "contribution", "due_star", "late", "provisional")
        ),
        ("/ratings/.*/16/explanation", _whole("numerator"), "numerator is 30200 "),
        ("/ratings/.*/16/explanation", _whole("denominator"), "denominator is 7 "),
        ("/ratings/.*/41/explanation", _dropped("parts"), "only one side counts it"),
        ("/ratings/.*/16/actions", _dropped("actions"), "only one side can be handed in"),
    ],
)
async def test_a_lie_is_noticed(run: Callable[..., Any], path: str, lie: Lie, said: str) -> None:
    code, lines = await run("--season", "--every-region", lie=(path, lie))
    assert code == 1
    assert any(said in line for line in lines), lines


async def test_a_slice_made_with_another_mu_is_noticed(run: Callable[..., Any]) -> None:
    code, lines = await run("--season", lie=("/slices/[^/]+$", _whole("mu_bp")))
    assert code == 1
    assert "mu_bp is 8000 by the slices before, -1 as published" in lines


@pytest.mark.parametrize("options", [[], ["--period=2023-10"], ["--as-of=2023-10-31T20:00:00Z"]])
def test_what_to_check_must_be_said(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    url = "http://127.0.0.1:1"
    given = [f"--{name}={url}" for name in ("assignments", "directory", "rating")]
    with pytest.raises(SystemExit):
        check.main([*given, "--token=t", *options])
    assert "--period and --as-of, or --slice, or --season" in capsys.readouterr().err

"""`python -m deploy.season`: start the stack, play the season, show the rating."""

import asyncio
import os
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local import issuers
from deploy.local.errors import StackError
from deploy.local.issuers import Issuer
from deploy.local.processes import ROOT
from deploy.local.stack import Stack
from deploy.season.api import Api, NotSettled, Refused
from deploy.season.plan import FIRST_DAY, LAST_DAY
from deploy.season.play import Player, start_of

console = Console()
_HEARD_SECONDS: Final = 60.0
_ZONES: Final = {
    "green": "[green]● зелёная[/]",
    "yellow": "[yellow]▲ жёлтая[/]",
    "red": "[red]■ красная[/]",
}


def _stack() -> Stack:
    state = Path(os.environ.get("STACK_DIR") or ROOT / ".local")
    offset = int(os.environ.get("STACK_PORT_OFFSET") or 0)
    return Stack(state, offset, say=lambda line: console.print(line, markup=False, soft_wrap=True))


def main(
    seed: Annotated[int, typer.Option(help="То же зерно — те же факты.")] = 2023,
    clusters: Annotated[int, typer.Option(min=89, max=2000, help="Сколько кластеров.")] = 370,
) -> None:
    """Сыграть сезон с сентября 2023 по март 2024 года через публичные API."""
    if issuers.chosen() is not Issuer.DEVELOPMENT:
        raise StackError("Сезон играют роли стендового издателя токенов: уберите ISSUER.")
    stack = _stack()
    stack.up(clock_from=start_of(FIRST_DAY))
    uvloop.run(_play(stack, seed, clusters))


async def _play(stack: Stack, seed: int, clusters: int) -> None:
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as http:
        api = Api(http, stack.urls)
        if await _is_untouched(api):
            console.print("Рейтинг уже можно смотреть:", f"{stack.urls['rating']}/", markup=False)
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
            ) as bar:
                task = bar.add_task("Сезон 2023/24")

                def show(day: int, days: int) -> None:
                    on = FIRST_DAY + timedelta(days=day - 1)
                    bar.update(task, completed=day, total=days, description=f"Сезон: {on:%d.%m.%Y}")

                player = Player(api, seed=seed, clusters=clusters, progress=show)
                await player.play()
            console.print(f"Исполнений: {player.executions}, команд: {api.sent}.")
            await api.set_clock(start_of(LAST_DAY) + timedelta(hours=20), running=True)
        else:
            console.print("Сезон на этом стенде уже сыгран. Начать заново: make reset demo")
        _show(await _rating(api))
    _addresses(stack.urls)


async def _is_untouched(api: Api) -> bool:
    """Whether nothing has been played here yet. Raises `StackError` on a half-played season."""
    clock = await api.get("cur_admin", "directory", "/v1/clock")
    regions = await api.get("cur_admin", "directory", "/v1/regions", limit=1)
    if not regions["items"]:
        if clock["running"]:
            raise StackError("Стенд идёт по настоящим часам. Начните заново: make reset demo")
        return True
    if not clock["running"]:
        raise StackError("Сезон был прерван на середине. Начните заново: make reset demo")
    return False


async def _rating(api: Api) -> Mapping[str, Any]:
    """The live rating, once it has heard everything the season said."""
    async with asyncio.timeout(_HEARD_SECONDS):
        while True:
            found: Mapping[str, Any] = await api.get("cur_admin", "rating", "/v1/ratings/regions")
            heard = found["complete_through"]
            if heard and date.fromisoformat(heard[:10]) >= LAST_DAY:
                return found
            await asyncio.sleep(0.1)


def _show(rating: Mapping[str, Any]) -> None:
    table = Table(title=f"Рейтинг регионов, {rating['period']} ({rating['methodology']})")
    for heading in ("место", "балл", "зона", "в срок", "исп.", "долги"):
        table.add_column(heading, justify="left" if heading == "зона" else "right", no_wrap=True)
    table.add_column("регион", no_wrap=True)
    unplaced = len(rating["items"]) + 1
    for item in sorted(rating["items"], key=lambda row: (row["place"] or unplaced, row["name"])):
        table.add_row(
            str(item["place"] or "—"),
            _points(item["stabilised_bp"]),
            _ZONES.get(item["zone"], "—"),
            _points(item["on_time_bp"]),
            str(item["executions"]),
            str(item["debts"]),
            item["short_name"],
        )
    console.print(table)


def _points(basis_points: int | None) -> str:
    return "—" if basis_points is None else f"{basis_points / 100:.2f}".replace(".", ",")


def _addresses(urls: Mapping[str, str]) -> None:
    console.print("Рейтинг:", f"{urls['rating']}/", markup=False)
    for name, url in urls.items():
        if name != "issuer":
            console.print(f"Swagger UI, {name}:", f"{url}/docs", markup=False)
    console.print("Токены (client_id — роль, secret — dev):", f"{urls['issuer']}/", markup=False)
    console.print("Остановить: make down. Стенд продолжает работать.", markup=False)


def run() -> None:
    """Run; a failure the person can act on is a message, not a traceback."""
    try:
        typer.run(main)
    except (StackError, Refused, NotSettled) as error:
        Console(stderr=True).print(str(error), markup=False, style="red", soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    run()

"""The operators' lists of winners, one per cohort, entered into the directory as they come."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final

from deploy.season.api import Api, Refused, until
from deploy.season.people import ADMIN
from deploy.season.plan import Cluster

_STUCK: Final = ("faulty", "stale")
_HEADINGS: Final = ("Код", "Название кластера", "Регион", "Отрасль", "Год", "Базовый колледж")


async def enter_lists(
    api: Api, clusters: Sequence[Cluster], at: datetime, colleges: Mapping[str, str] | None = None
) -> None:
    """Import the clusters, each cohort's as a list.

    `colleges`: the name of its core college by a cluster's code. Raises `NotSettled`, `Refused`.
    """
    cohort = attrgetter("cohort")
    for year, of_year in groupby(sorted(clusters, key=cohort), cohort):
        file = io.StringIO()
        lines = csv.writer(file, delimiter=";")
        lines.writerow(_HEADINGS)
        lines.writerows(
            (one.code, one.name, one.region, one.industry, year, (colleges or {}).get(one.code))
            for one in of_year
        )
        await _enter(api, f"Победители {year} года.csv", file.getvalue().encode(), at)


async def _enter(api: Api, name: str, content: bytes, at: datetime) -> None:
    """Look at what a list would do, and have it done. Raises `NotSettled`, `Refused`."""
    form = {"kind": "clusters"}
    made = await api.upload(ADMIN, "directory", "/v1/imports", (name, content), form, at=at)
    path = f"/v1/imports/{made['id']}"

    async def stands(state: str) -> bool:
        found = await api.get(ADMIN, "directory", path)
        if found["state"] in _STUCK:
            raise Refused(f"{name} → {found}")
        return bool(found["state"] == state)

    # A long list is checked and entered by the worker.
    await until(partial(stands, "ready"), f"проверка списка «{name}»")
    await api.post(ADMIN, "directory", f"{path}/commit", at=at)
    await until(partial(stands, "applied"), f"список «{name}»")

"""Plots as SVG files, drawn without network or browser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import altair
import vl_convert

from tests.bench.results import REFERENCE, Result

_WIDTH: Final = 560
_HEIGHT: Final = 240


def draw(result: Result, folder: Path) -> list[str]:
    """Draw what the row has to show; gives the names of the files."""
    charts = {
        "peers": _peers,
        "ingest": _runs,
        "latency": _latency,
        "curves": _curves,
        "soak": _soak,
    }.get(result.row, _none)(result)
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for name, chart in charts.items():
        svg = vl_convert.vegalite_to_svg(chart.to_json())
        (folder / f"{name}.svg").write_text(svg + "\n")
        names.append(f"{name}.svg")
    return names


def _none(_: Result) -> dict[str, Any]:
    return {}


def _data(rows: Sequence[dict[str, Any]]) -> altair.Data:
    return altair.Data(values=list(rows))  # type: ignore[no-untyped-call]


def _bars(rows: Sequence[dict[str, Any]], unit: str) -> Any:
    return (
        altair.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=altair.X("value:Q", title=unit),
            y=altair.Y("name:N", sort="-x", title=None, axis=altair.Axis(labelLimit=260)),
            color=altair.Color("role:N", title=None),
        )
        .properties(width=_WIDTH)
    )


def _runs(result: Result) -> dict[str, Any]:
    return {result.row: _bars(_medians(result), "событий/с")}


_peers = _runs


def _medians(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "value": one.median,
            "role": "эталон" if one.role == REFERENCE else "мы",
        }
        for one in result.series
        if one.unit == "событий/с" and one.values
    ]


def _latency(result: Result) -> dict[str, Any]:
    rows = []
    for one in result.series:
        parts = one.name.split(", ")
        if one.unit == "мс" and parts[-1] in ("p50", "p99") and parts[1] in ("GET", "SSE"):
            rows.append({"rate": parts[0], "where": parts[1], "share": parts[2], "ms": one.median})
    chart = (
        altair.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=altair.X("share:N", title=None),
            y=altair.Y("ms:Q", title="мс"),
            color=altair.Color("where:N", title=None),
            xOffset="where:N",
            column=altair.Column("rate:N", title=None),
        )
        .properties(width=_WIDTH // 3, height=_HEIGHT)
    )
    return {"latency": chart}


def _curves(result: Result) -> dict[str, Any]:
    levels = result.points.get("levels", [])
    names = {
        "board_ms": "таблица сейчас",
        "region_ms": "один регион",
        "as_of_ms": "таблица на вчера",
        "explanation_ms": "объяснение региона",
        "consumer_mib": "потребитель",
        "api_mib": "API рейтинга",
    }

    def long(suffix: str) -> list[dict[str, Any]]:
        return [
            {"executions": point["executions"], "value": point[name], "name": title}
            for point in levels
            for name, title in names.items()
            if name.endswith(suffix)
        ]

    ingest = [{"executions": p["executions"], "value": p["ingest"]} for p in levels]
    opened = [
        {"executions": p["open"], "value": p["score_ms"]} for p in result.points.get("open", [])
    ]
    return {
        "curve-ingest": _line(ingest, "исполнений в истории", "событий/с"),
        "curve-reads": _line(long("_ms"), "исполнений в истории", "мс", log=True),
        "curve-memory": _line(long("_mib"), "исполнений в истории", "МиБ"),
        "curve-score": _line(opened, "исполнений в открытом месяце", "мс", wide=False),
    }


def _line(
    rows: Sequence[dict[str, Any]], across: str, up: str, *, log: bool = False, wide: bool = True
) -> Any:
    scale = altair.Scale(type="log" if wide else "linear")
    up_scale = altair.Scale(type="log") if log else altair.Scale(zero=True)
    chart = (
        altair.Chart(_data(rows))
        .mark_line(point=True)
        .encode(
            x=altair.X("executions:Q", title=across, scale=scale),
            y=altair.Y("value:Q", title=up, scale=up_scale),
        )
        .properties(width=_WIDTH, height=_HEIGHT)
    )
    if rows and "name" in rows[0]:
        chart = chart.encode(color=altair.Color("name:N", title=None))
    return chart


def _soak(result: Result) -> dict[str, Any]:
    samples = result.points.get("samples", [])
    memory = [
        {"minute": point["at"] / 60, "value": value, "name": key[4:]}
        for point in samples
        for key, value in point.items()
        if key.startswith("mib:") and key != "mib:broker"
    ]
    waiting = [
        {"minute": point["at"] / 60, "value": point[key], "name": name}
        for point in samples
        for key, name in (("behind", "не услышано рейтингом"), ("unsent", "не отправлено"))
    ]
    return {
        "soak-memory": _over_time(memory, "МиБ"),
        "soak-lag": _over_time(waiting, "событий"),
    }


def _over_time(rows: Sequence[dict[str, Any]], up: str) -> Any:
    return (
        altair.Chart(_data(rows))
        .mark_line()
        .encode(
            x=altair.X("minute:Q", title="минуты"),
            y=altair.Y("value:Q", title=up),
            color=altair.Color("name:N", title=None),
        )
        .properties(width=_WIDTH, height=_HEIGHT)
    )

"""`docs/benchmarks.md` and its plots, from whatever has been measured."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.bench import plots
from tests.bench.__main__ import ROWS
from tests.bench.results import ASIDE, OURS, REFERENCE, ROOT, Result, Series, Target, plain

PAGE: Final = ROOT / "docs" / "benchmarks.md"
PICTURES: Final = ROOT / "docs" / "benchmarks"
NOTES: Final = Path(__file__).with_name("notes.toml")
_HEAD: Final = """\
# Замеры

Что сколько стоит: каждая строка измерена рядом с эталоном в том же прогоне, на той же машине,
прогоны чередуются (мы, эталон, мы, эталон …), в таблицах — медианы. Здесь только измеренное;
чужая цель рядом с ним, чтобы было видно, где она не достигнута.

Повторить: `make bench`, одну строку — `make bench ROWS="ingest board"`, быстро и мелко —
`make bench QUICK=1`. Эта страница собрана из `.bench/*.json` и руками не правится; слова под
строкой — `tests/bench/notes.toml`.
"""
_MARKS: Final = {True: "да", False: "**нет**", None: "не измерено"}


def write(folder: Path, page: Path = PAGE, pictures: Path = PICTURES, notes: Path = NOTES) -> Path:
    """Write the page from the results and the notes, its plots beside it."""
    results = [Result.load(path) for name in ROWS if (path := folder / f"{name}.json").exists()]
    said = tomllib.loads(notes.read_text())
    unknown = said.keys() - set(ROWS)
    if unknown:
        raise ValueError(f"notes.toml names no row: {', '.join(sorted(unknown))}")
    drawn = {one.row: plots.draw(one, pictures) for one in results}
    parts = [_HEAD, *_machine(results), *_summary(results)]
    for one in results:
        parts += _section(one, drawn[one.row], said.get(one.row))
    absent = [name for name in ROWS if name not in {one.row for one in results}]
    if absent:
        parts.append(f"\nНе измерялись: {', '.join(f'`{name}`' for name in absent)}.\n")
    page.write_text("\n".join(parts).rstrip() + "\n")
    return page


def _machine(results: Sequence[Result]) -> list[str]:
    """The machine, once where all rows come from the same."""
    if not results:
        return ["\nИзмерений ещё нет.\n"]
    newest = max(results, key=lambda one: one.taken_at)
    lines = ["## Машина", "", "| что | какое |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in newest.machine.items()]
    dates = sorted(one.taken_at for one in results)
    commits = list(dict.fromkeys(one.commit for one in results))
    lines += [
        f"| Измерено | {dates[0][:16]} … {dates[-1][:16]} UTC |",
        f"| Коммит | {', '.join(f'`{one}`' for one in commits)} |",
        "",
    ]
    others = [one.row for one in results if one.machine != newest.machine]
    if others:
        lines.append(f"На другой машине или с другими версиями: {', '.join(others)}.\n")
    quick = [one.row for one in results if one.quick]
    if quick:
        lines.append(f"Мелко и по разу (`--quick`), не для выводов: {', '.join(quick)}.\n")
    return lines


def _summary(results: Iterable[Result]) -> list[str]:
    lines = [
        "## Цели",
        "",
        "| строка | цель | измерено | достигнута |",
        "|---|---|---|---|",
    ]
    for one in results:
        for number, target in enumerate(one.targets or [Target("—", "—", None)]):
            title = f"[{one.title}](#{one.row})" if number == 0 else ""
            lines.append(
                f"| {title} | {target.wanted} | {target.measured} | {_MARKS[target.met]} |"
            )
    return [*lines, ""]


def _section(result: Result, pictures: Sequence[str], note: str | None) -> list[str]:
    when = f"{result.taken_at[:16]} UTC, коммит `{result.commit}`, {result.seconds:.0f} с"
    if result.quick:
        when += ", `--quick`: не для выводов"
    lines = [f'<a id="{result.row}"></a>', "", f"## {result.title}", "", result.what, ""]
    told = [one for one in result.series if one.role != ASIDE and one.values]
    lines += _table(told, best=_reference(result))
    aside = [one for one in result.series if one.role == ASIDE and one.values]
    if aside:
        lines += ["<details><summary>Подробно</summary>", ""]
        lines += [*_table(aside, best=None), "</details>", ""]
    lines += [f"![{result.title}](benchmarks/{name})\n" for name in pictures]
    lines += [f"- {one}" for one in result.remarks]
    if result.remarks:
        lines.append("")
    if note:
        lines += [note.strip(), ""]
    missed = [one.wanted for one in result.targets if one.met is False]
    if missed and not note:
        lines += [f"Не достигнуто: {'; '.join(missed)}. Объяснения пока нет.", ""]
    return [*lines, f"*{when}; {_parameters(result)}*", ""]


def _reference(result: Result) -> Series | None:
    """The reference of a row that has one of each; ratios among several would mislead."""
    references = [one for one in result.series if one.role == REFERENCE and one.values]
    ours = [one for one in result.series if one.role == OURS and one.values]
    if len(references) == 1 and all(one.unit == references[0].unit for one in ours):
        return references[0]
    return None


def _table(series: Sequence[Series], *, best: Series | None) -> list[str]:
    if not series:
        return []
    ratio = " | к эталону" if best else ""
    lines = [f"| что | медиана | прогоны{ratio} |", "|---|---|---|" + ("---|" if best else "")]
    for one in series:
        name = f"{one.name} — эталон" if one.role == REFERENCE else one.name
        if one.note:
            name += f" ({one.note})"
        runs = "; ".join(plain(value) for value in one.values)
        row = f"| {name} | {plain(one.median)} {one.unit} | {runs} |"
        if best:
            row += f" {one.median / best.median * 100:.0f} % |"
        lines.append(row)
    return [*lines, ""]


def _parameters(result: Result) -> str:
    return ", ".join(f"{name} = {value}" for name, value in result.parameters.items()) or "—"

"""The command line of the stack: `python -m deploy.local up|down|status|backup|…`, see `--help`."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import backups
from deploy.local.errors import StackError
from deploy.local.processes import ROOT, SERVICES
from deploy.local.stack import Row, Stack

LINES: Final = "50"

app = typer.Typer(
    help="Стек на одной машине: без Docker и без root.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)


def _stack() -> Stack:
    state = Path(os.environ.get("STACK_DIR") or ROOT / ".local")
    offset = os.environ.get("STACK_PORT_OFFSET") or "0"
    try:
        shift = int(offset)
    except ValueError:
        raise StackError(f"STACK_PORT_OFFSET должен быть целым числом, а не «{offset}».") from None
    return Stack(state, shift, say=lambda line: console.print(line, markup=False, soft_wrap=True))


@app.command()
def up(
    *,
    services: Annotated[
        bool, typer.Option("--services/--no-services", help="С сервисами или только опоры.")
    ] = True,
) -> None:
    """Запустить всё, чего не хватает, применить миграции и дождаться готовности."""
    stack = _stack()
    stack.up(services=services)
    console.print("Готово.")
    for name, url in stack.urls.items():
        if services or name == "issuer":
            console.print(f"  {name:<12} {url}", markup=False)


@app.command()
def down() -> None:
    """Остановить всё и дождаться остановки."""
    console.print("Стек остановлен." if _stack().down() else "Стек не был запущен.")


@app.command()
def reset() -> None:
    """Остановить всё и удалить данные."""
    _stack().reset()
    console.print("Стек остановлен, данные удалены.")


@app.command()
def status() -> None:
    """Показать процессы и их состояние."""
    stack = _stack()
    rows = stack.status()
    if not rows and (left := stack.living()):
        console.print(f"Супервизора нет, а процессов осталось: {left}. Выполните down или up.")
        return
    if not rows:
        console.print("Стек не запущен.")
        return
    table = Table("процесс", "состояние", "pid", "порт", "здоров", "работает")
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)


def _cells(row: Row) -> tuple[str, ...]:
    hours, rest = divmod(row.uptime or 0, 3600)
    uptime = "" if row.uptime is None else f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return (
        row.name,
        row.state,
        str(row.pid or ""),
        str(row.port or ""),
        "" if row.pid is None else "[green]да[/]" if row.healthy else "[red]нет[/]",
        uptime,
    )


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="Имя процесса; без него все.")] = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Следить дальше.")] = False,
) -> None:
    """Показать конец журналов."""
    stack = _stack()
    folder = stack.log_of("any").parent
    files = [stack.log_of(name)] if name else sorted(folder.glob("*.log"))
    missing = [file for file in files if not file.exists()]
    if missing or not files:
        known = ", ".join(file.stem for file in sorted(folder.glob("*.log"))) or "пока нет"
        raise StackError(f"Журнала {name or ''} нет. Журналы: {known}.")
    following = ["-F"] if follow else []
    command = ["tail", "-n", LINES, *following, *map(str, files)]
    os.execvp(command[0], command)  # noqa: S606


@app.command()
def restart(name: Annotated[str, typer.Argument(help="Имя процесса.")]) -> None:
    """Перезапустить один процесс и дождаться его готовности."""
    _stack().restart(name)
    console.print(f"{name} перезапущен.")


Folder = Annotated[Path, typer.Argument(help="Папка с копиями.", file_okay=False)]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="Только этот сервис; можно несколько раз.")
]


@app.command()
def backup(folder: Folder, *, only: Only = None) -> None:
    """Сохранить базы сервисов и файлы-подтверждения в папку; стек при этом работает."""
    backups.save(_stack(), folder, _services(only))
    console.print(f"Сохранено в {folder}.", markup=False)


@app.command()
def restore(folder: Folder, *, only: Only = None) -> None:
    """Вернуть базы сервисов из папки: всех или одного; остальное сервисы исправят сами."""
    backups.put_back(_stack(), folder, _services(only))
    console.print(f"Восстановлено из {folder}.", markup=False)


def _services(only: list[str] | None) -> list[str]:
    unknown = sorted(set(only or ()) - set(SERVICES))
    if unknown:
        raise StackError(f"Нет сервиса {unknown[0]}. Есть: {', '.join(SERVICES)}.")
    return [name for name in SERVICES if not only or name in only]


def main() -> None:
    """Run a command; a failure the person can act on is a message, not a traceback."""
    try:
        app()
    except StackError as error:
        errors.print(str(error), markup=False, style="red", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()

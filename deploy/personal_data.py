"""`docs/personal-data.md`: the registers of personal data, printed, and what goes with them."""

from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Final

from shared.migrations import SERVICES
from shared.personal import PLATFORM, Fate, Held, Kind, Register
from shared.settings import ServiceSettings

_TITLES: Final = {
    "directory": "directory — справочник: единственный владелец имён и контактов",
    "meetings": "meetings — совещания и протоколы",
    "assignments": "assignments — поручения",
    "rating": "rating — рейтинг",
}
_KINDS: Final = {
    Kind.NAME: "имя",
    Kind.CONTACT: "контакт",
    Kind.PERSON: "id человека",
    Kind.SUBJECT: "`sub` учётной записи",
    Kind.TEXT: "текст, где могут назвать",
    Kind.SEALED: "файл или журнал",
}
_FATES: Final = {
    Fate.PSEUDONYM: "псевдоним",
    Fate.CLEARED: "стирается",
    Fate.DELETED: "удаляется",
    Fate.KEPT: "остаётся",
}
# The words around the tables.
_PAGE: Final = Path(__file__).with_suffix(".md")


def personal_data() -> str:
    """The page: procedure, terms, and a table per database."""
    page = _PAGE.read_text(encoding="utf-8")
    return page.replace("{terms}", "".join(_terms())).replace("{registers}", "".join(_registers()))


def _registers() -> list[str]:
    parts = []
    for service in SERVICES:
        register: Register = import_module(f"services.{service}.domain.personal").REGISTER
        own = tuple(one for one in register.held if one not in PLATFORM.held)
        parts += [f"## {_TITLES[service]}\n\n", *_table(own), "\n"]
    return [*parts, "## В каждой базе\n\n", *_table(PLATFORM.held)]


def _terms() -> list[str]:
    return [
        f"| `{name.upper()}` | {field.default} |\n"
        for name, field in ServiceSettings.model_fields.items()
        if name.startswith("retention_")
    ]


def _table(held: tuple[Held, ...]) -> list[str]:
    rows = [
        "| таблица | колонки | что это | зачем | кто видит | срок | обезличивание |\n",
        "|---|---|---|---|---|---|---|\n",
    ]
    for name, group in groupby(sorted(held, key=lambda one: one.table), lambda one: one.table):
        for one in group:
            columns = ", ".join(f"`{column}`" for column in one.columns)
            fate = f"**{_FATES[one.fate]}**: {one.basis}"
            cells = (f"`{name}`", columns, _KINDS[one.kind], one.why, one.seen_by, one.term, fate)
            rows.append(f"| {' | '.join(cells)} |\n")
    return rows

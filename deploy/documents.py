"""`python -m deploy.documents docs`: write the documents that the code itself says."""

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from deploy.personal_data import personal_data
from services.assignments.domain.executions import (
    COMMAND_NAMES,
    PARTY_NAMES,
    RULES,
    STATUS_NAMES,
    Command,
    Status,
    Track,
)
from shared.asyncapi import document
from shared.auth import Role, Rows
from shared.migrations import SERVICES
from shared.permissions import PLATFORM, ROLE_NAMES, Permission


def documents() -> dict[str, str]:
    """File name → text, for every contract we publish; the same on any machine."""
    apps = {service: import_module(f"services.{service}.main").app for service in SERVICES}
    return {
        "asyncapi.json": _rendered(document()),
        "personal-data.md": personal_data(),
        "states.md": states(),
        "permissions.md": permissions(apps),
        **{f"openapi/{service}.json": _rendered(app.openapi()) for service, app in apps.items()},
    }


def _rendered(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


_TRACKS: Final = {
    Track.CLUSTER: "Кластер: через координатора региона",
    Track.AUTHORITY: "Орган власти: без маршрута и передачи",
    Track.CO: "Соисполнитель: сдаёт ответственному исполнителю",
}
_HEAD: Final = """# Состояния исполнения

Что можно сделать в каком состоянии и кому. Страница пишется из таблицы `RULES` в
`services/assignments/domain/executions.py` (`make openapi`); чего здесь нет, то отвергается
(409 `action_not_allowed`), чужой ход — 403 `not_your_move`, чужое исполнение — 404.
"""


def states() -> str:
    """The state machine of executions as tables, one per track."""
    parts = [_HEAD]
    for track, title in _TRACKS.items():
        parts.append(
            f"\n## {title}\n\n| состояние | действие | кто | становится |\n|---|---|---|---|\n"
        )
        for status in Status:
            for command in Command:
                rule = RULES[track].get((status, command))
                if rule is not None:
                    who = " или ".join(PARTY_NAMES[party] for party in rule.by)
                    to = "то же" if rule.to is status else STATUS_NAMES[rule.to]
                    parts.append(
                        f"| {STATUS_NAMES[status]} | {COMMAND_NAMES[command]} (`{command}`)"
                        f" | {who} | {to} |\n"
                    )
    return "".join(parts)


_MARKS: Final = {
    Rows.ALL: "все",
    Rows.REGION: "регион",
    Rows.CLUSTER: "кластер",
    Rows.INDUSTRY: "отрасль",
    Rows.OWN: "своё",
}
_COLUMNS: Final = {
    Role.CUR_ADMIN: "админ",
    Role.CUR_CONTROLLER: "контролёр",
    Role.SECRETARY: "секретарь",
    Role.COORDINATOR: "координатор",
    Role.DEPUTY: "зам",
    Role.CLUSTER: "кластер",
    Role.AUTHORITY_HEAD: "глава",
    Role.ASSOCIATION: "ассоциация",
    Role.OPERATOR: "оператор",
    Role.AUDITOR: "аудитор",
    Role.PLATFORM: "платформа",
    Role.SERVICE: "сервис",
}
_PERMISSIONS_HEAD: Final = """# Права: кому что доступно

Страница пишется из таблиц `services/*/permissions.py` (`make openapi`) — тех самых, по которым
сервисы отвечают: других списков ролей в маршрутах нет. Закрыто всё, чего здесь нет: операция без
строки в таблице, как и строка без операции, не даёт сервису запуститься. Каждую клетку проверяют
на своих и чужих строках `tests/*/test_permissions.py`.

## Как читать

| в клетке | что видно и что можно менять |
|---|---|
| все | строки всех регионов, кластеров и отраслей или то, что ничьё |
| регион | строки регионов из `regions` в токене |
| кластер | строки кластеров из `clusters` в токене |
| отрасль | строки отраслей из `industries` в токене |
| своё | созданное самим или адресованное ему |
| — | ничего: 403 `permission_denied` с перечнем ролей, которым можно |

Чужая строка — 404, как и несуществующая. Несколько ролей складываются: у каждой свои строки.
В колонке «доступ»: **без токена** — открыто всем, роли не спрашиваются; область вроде
`feed:read` нужна кроме роли служебным учётным записям (платформа, сервис), людям — нет: без неё
403 `insufficient_scope`.

Что зависит от содержания запроса, решает правило самой операции. Глава органа власти назначает
координатора и заместителя (на другую должность — 403 `office_reserved`), но не задним числом
(422 `appointment_backdated`).

"""
_PLATFORM_HEAD: Final = """
## Общее для всех сервисов

Часы есть только на стенде, отложенные сообщения — у сервисов, которые слышат события.

"""


def permissions(apps: Mapping[str, FastAPI]) -> str:
    """Who may call what: a table per service, and what every service offers once."""
    parts = [_PERMISSIONS_HEAD, _table("колонка", "роль в токене", "кто это")]
    parts += [_line(_COLUMNS[role], f"`{role}`", ROLE_NAMES[role]) for role in Role]
    shared: dict[str, str] = {}
    for service, app in apps.items():
        routes = {route.name: route for route in app.state.operations}
        lines = {
            name: _permission_line(routes[name], permission)
            for name, permission in app.state.permissions.items()
        }
        own = [line for name, line in lines.items() if name not in PLATFORM]
        parts += [f"\n## {app.title} (`{service}`)\n\n", _permission_table(), *own]
        shared |= {name: line for name, line in lines.items() if name in PLATFORM}
    ordered = [shared[name] for name in PLATFORM if name in shared]
    return "".join([*parts, _PLATFORM_HEAD, _permission_table(), *ordered])


def _permission_table() -> str:
    return _table("операция", "что делает", "доступ", *(_COLUMNS[role] for role in Role))


def _permission_line(route: APIRoute, permission: Permission) -> str:
    method = ", ".join(sorted(route.methods or ()))
    asked = f"`{method} {route.path}`"
    what = route.summary or f"`{route.name}`"
    if permission.is_public:
        return _line(asked, what, "**без токена**", *("" for _ in Role))
    rows = [permission.reach.get(role) for role in Role]
    marks = ["—" if one is None else _MARKS[one] for one in rows]
    return _line(asked, what, f"`{permission.scope}`" if permission.scope else "", *marks)


def _table(*heads: str) -> str:
    return _line(*heads) + "|" + "---|" * len(heads) + "\n"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Write them all into the folder named on the command line."""
    folder = Path(sys.argv[1])
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

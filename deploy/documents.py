"""`python -m deploy.documents docs`: write the documents that the code itself says."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

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
from shared.migrations import SERVICES


def documents() -> dict[str, str]:
    """File name → text, for every contract we publish; the same on any machine."""
    found = {
        "asyncapi.json": _rendered(document()),
        "personal-data.md": personal_data(),
        "states.md": states(),
    }
    for service in SERVICES:
        app = import_module(f"services.{service}.main").app
        found[f"openapi/{service}.json"] = _rendered(app.openapi())
    return found


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


def main() -> None:
    """Write them all into the folder named on the command line."""
    folder = Path(sys.argv[1])
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

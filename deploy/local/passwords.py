"""Passwords of the database's roles: made once, kept in a file that only its owner reads."""

import json
import secrets
from collections.abc import Set
from pathlib import Path
from typing import Final

from deploy.local import postgres
from deploy.local.errors import StackError

_NAME: Final = "passwords.json"


def read(state_dir: Path) -> dict[str, str]:
    """Role → password. Raises `StackError` where there is no stack yet."""
    try:
        found: dict[str, str] = json.loads((state_dir / _NAME).read_text())
    except FileNotFoundError:
        raise StackError("Стека ещё нет. Создайте его: python -m deploy.local up") from None
    return found


def make(state_dir: Path, roles: Set[str]) -> None:
    """Have a password for each of the roles; those there are stay.

    Raises `StackError` where the database has some that nobody knows any more.
    """
    file = state_dir / _NAME
    known = read(state_dir) if file.exists() else {}
    if known.keys() >= roles:
        return
    home = postgres.home_of(state_dir)
    if not known and (home / "data").exists():
        raise StackError(
            f"Данные PostgreSQL есть ({home}), а файла паролей {file} нет. "
            "Начните заново: python -m deploy.local reset"
        )
    made = {role: secrets.token_hex(16) for role in roles}
    partial = file.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(made | known))
    partial.replace(file)

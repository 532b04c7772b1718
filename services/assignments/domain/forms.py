"""The structured part of a report: which fields an assignment asks for, and what answers them."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final

from services.assignments.domain.executions import FieldsInvalid


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


_NAMES: Final[Mapping[FieldKind, str]] = {
    FieldKind.TEXT: "текст",
    FieldKind.INTEGER: "целое число",
    FieldKind.NUMBER: "число",
    FieldKind.BOOLEAN: "true или false",
    FieldKind.DATE: "дата ГГГГ-ММ-ДД",
}
MAX_NUMBER: Final = 10**15
MAX_TEXT: Final = 2000


def check_fields(form: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers in the form's order. Raises `FieldsInvalid` naming the field at fault."""
    known = {str(field["code"]) for field in form}
    for code in given:
        if code not in known:
            raise FieldsInvalid("Такого поля в форме нет.", field=f"body.fields.{code}"[:300])
    answers: dict[str, Any] = {}
    for field in form:
        code, kind = str(field["code"]), FieldKind(field["kind"])
        value = given.get(code)
        if value is None or (isinstance(value, str) and not value.strip()):
            if field["required"]:
                raise FieldsInvalid("Обязательное поле.", field=f"body.fields.{code}")
            continue
        if not _fits(kind, value):
            raise FieldsInvalid(f"Ожидается {_NAMES[kind]}.", field=f"body.fields.{code}")
        answers[code] = value
    return answers


def _fits(kind: FieldKind, value: Any) -> bool:
    match kind:
        case FieldKind.TEXT:
            return isinstance(value, str) and len(value) <= MAX_TEXT
        case FieldKind.BOOLEAN:
            return isinstance(value, bool)
        case FieldKind.INTEGER:
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and abs(value) <= MAX_NUMBER
        case FieldKind.NUMBER:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and abs(value) <= MAX_NUMBER
        case FieldKind.DATE:
            return isinstance(value, str) and _is_date(value)


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False

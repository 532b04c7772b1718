"""The catalogue of values nobody means: each is refused by name wherever it fits."""

from typing import Any, Final

from tests.hostile.operations import Schema
from tests.hostile.shapes import Poison, Raw

_UNBOUND: Final = 20_000
# Of a query at most: more is refused before it is read.
_LONG_QUERY: Final = 1000


def _string(schema: Schema) -> bool:
    return schema.get("type") == "string"


def _prose(schema: Schema) -> bool:
    """What people write: text without a format, a pattern or a choice."""
    return _string(schema) and not {"format", "pattern", "enum", "const"} & schema.keys()


def _name(schema: Schema) -> bool:
    return _prose(schema) and schema.get("maxLength", _UNBOUND) <= 300


def _bounded(schema: Schema) -> bool:
    return _string(schema) and schema.get("maxLength", _UNBOUND) < _UNBOUND


def _patterned(schema: Schema) -> bool:
    return _string(schema) and "pattern" in schema


def _chosen(schema: Schema) -> bool:
    return bool({"enum", "const"} & schema.keys())


def _integer(schema: Schema) -> bool:
    return schema.get("type") == "integer" and not _chosen(schema)


def _number(schema: Schema) -> bool:
    return schema.get("type") in ("integer", "number") and not _chosen(schema)


def _day(schema: Schema) -> bool:
    return schema.get("format") == "date"


def _instant(schema: Schema) -> bool:
    return schema.get("format") == "date-time"


def _time(schema: Schema) -> bool:
    return _day(schema) or _instant(schema)


def _identity(schema: Schema) -> bool:
    return schema.get("format") == "uuid"


def _array(schema: Schema) -> bool:
    return schema.get("type") == "array"


def _boolean(schema: Schema) -> bool:
    return schema.get("type") == "boolean"


def _map(schema: Schema) -> bool:
    return schema.get("type") == "object" and "properties" not in schema


def _keys(schema: Schema, _: Any) -> dict[str, Any]:
    return {f"key-{number}": None for number in range(schema.get("maxProperties", _UNBOUND) + 1)}


def _long(schema: Schema, _: Any) -> str:
    most: int = schema["maxLength"]
    return "я" * (most + 1)


def _crowd(schema: Schema, sound: Any) -> list[Any]:
    most: int = schema.get("maxItems", _UNBOUND)
    return list(sound[:1]) * (most + 1)


def _always(value: Any) -> Any:
    return lambda schema, sound: value


def _typed(name: str, fits: Any, value: Any, only: str = "") -> Poison:
    return Poison(name, fits, _always(value), only)


POISONS: Final = (
    # Text.
    _typed("NUL", _string, "а\x00б"),
    _typed("a lone surrogate", _string, "а\ud800б", only="body"),
    _typed("a bidirectional override", _string, "а\u202eб"),
    _typed("an escape sequence", _string, "\x1b[31mа"),
    _typed("a zero-width letter in a name", _name, "Ива\u200bнов"),
    _typed("a line break in a name", _name, "Иванов\r\nBcc: all@example.org"),
    _typed("a broken decoding", _string, "Ива\ufffdнов"),
    _typed("nothing but blanks", _prose, " \t "),
    Poison("too long", _bounded, _long),
    _typed("a number for text", _string, 17, only="body"),
    _typed("an object for text", _string, {"$gt": ""}, only="body"),
    _typed("a list for text", _string, ["а"], only="body"),
    _typed("foreign digits and a last line break", _patterned, "١٦\n"),
    _typed("no such choice", _chosen, "no such choice"),
    _typed("an identifier that is none", _identity, "1; drop table outbox --"),
    # Numbers.
    _typed("2^63", _number, Raw(str(2**63)), only="body"),
    _typed("-2^63-1", _number, Raw(str(-(2**63) - 1))),
    _typed("a number of 400 digits", _number, Raw("9" * 400)),
    _typed("NaN", _number, Raw("NaN")),
    _typed("1e400", _number, Raw("1e400")),
    _typed("-Infinity", _number, Raw("-Infinity")),
    _typed("a fraction", _integer, Raw("1.5")),
    _typed("text for a number", _number, "; drop table outbox"),
    _typed("true for a number", _number, True),
    # Time.
    _typed("no zone", _instant, "2023-10-20T09:00:00"),
    _typed("a plus turned into a blank", _instant, "2023-10-20T09:00:00 03:00"),
    _typed("an epoch", _time, Raw("1697792400"), only="body"),
    _typed("an epoch as text", _time, "1697792400"),
    _typed("an instant before time", _instant, "0001-01-01T00:00:00+14:00"),
    _typed("an instant after time", _instant, "9999-12-31T23:59:59-14:00"),
    _typed("a day before time", _day, "0001-01-01"),
    _typed("a day after time", _day, "9999-12-31"),
    _typed("no such day", _day, "2023-02-30"),
    _typed("a leap second", _instant, "2023-12-31T23:59:60Z"),
    # The rest.
    _typed("neither true nor false", _boolean, "maybe"),
    _typed("null in a list", _array, [None], only="body"),
    _typed("an object for a list", _array, {"0": "а"}, only="body"),
    Poison("too many", _array, _crowd, only="body"),
    _typed("a list for a map", _map, [["workshops", 1]], only="body"),
    _typed("NUL in a key", _map, {"workshops\x00": 1}, only="body"),
    _typed("NaN in a map", _map, {"workshops": Raw("NaN")}, only="body"),
    _typed("infinity in a map", _map, {"workshops": Raw("1e400")}, only="body"),
    _typed("a map in a map", _map, {"workshops": {"workshops": {}}}, only="body"),
    Poison("too many keys", _map, _keys, only="body"),
)

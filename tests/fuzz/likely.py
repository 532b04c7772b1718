"""Made-up requests made likely: what exists, in the place of what was made up."""

import re
import unicodedata
from typing import Any, Final
from uuid import UUID

from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.transport.serialization import Binary

from tests.fuzz.pool import Pool, draw
from tests.hostile.searches import ABSURD, WORDS

_REGION: Final = re.compile(r"\d\d")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT: Final = re.compile(_DATE.pattern + r"[Tt ]\d\d:\d\d.*")
# Days of the story, before it, and soon after it.
_DAYS: Final = ["2023-09-01", "2023-10-04", "2023-10-20", "2023-11-02", "2023-11-03", "2023-12-15"]
_VERSION: Final = "if-match"
# What stands in the story has not been changed often.
_VERSIONS: Final = [f'"v{number}"' for number in range(1, 6)]
_FILE: Final = "file"
# Files that are taken: a list of clusters, a list of who attended; either proves something.
_FILES: Final = [
    "код;название;регион;отрасль;год\n16-2024-10;Кластер;16;metallurgy;2024\n",
    "Имя участника;Вход;Минут\nАнна;04.10.2023 09:58:00;60\n",
]
# Control and format characters, surrogates, what is not assigned or private, separators of lines.
_UNTYPED: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


def enrich(case: Case[Any], pool: Pool) -> None:
    """Put real ids three times of four; a function of the case, so that it can be repeated.

    What was made wrong on purpose stays as wrong as it is, and chains of requests have ids of
    their own.
    """
    meta = case.meta
    if meta is None or meta.phase.name is TestPhase.STATEFUL:
        return
    seed = [case.path_parameters, case.query, repr(case.body)]
    if case.path_parameters and not meta.is_negative_at(ParameterLocation.PATH):
        way = draw(pool.ways(case.operation.path), seed) or {}
        case.path_parameters.update(
            {name: value for name, value in way.items() if name in case.path_parameters}
        )
    if case.query and not meta.is_negative_at(ParameterLocation.QUERY):
        case.query.update({name: _real(name, value, pool) for name, value in case.query.items()})
    if isinstance(case.body, dict | list) and not meta.is_negative_at(ParameterLocation.BODY):
        case.body = _real("", case.body, pool)
        if isinstance(case.body, dict) and _FILE in case.body:
            case.body[_FILE] = _taken(case.body[_FILE], draw(_FILES, seed))
    # Most versions made up are of nothing; without the header anything may be changed that can be.
    if case.headers and not meta.is_negative_at(ParameterLocation.HEADER) and draw([True], seed):
        for name in [name for name in case.headers if name.lower() == _VERSION]:
            if "428" in case.operation.definition.raw["responses"]:
                case.headers[name] = draw(_VERSIONS, seed) or _VERSIONS[0]
            else:
                del case.headers[name]


def _real(name: str, value: Any, pool: Pool) -> Any:
    if isinstance(value, dict):
        return {key: _real(key, inner, pool) for key, inner in value.items()}
    if isinstance(value, list):
        return [_real(name, inner, pool) for inner in value]
    if not isinstance(value, str) or isinstance(value, Binary):
        return value
    if name in WORDS:
        value = draw(list(ABSURD), [name, value]) or value
    if _is_id(value):
        return draw(pool.fields.get(name) or pool.fields.get("id", []), [name, value]) or value
    if name in ("region", "regions") and _REGION.fullmatch(value):
        return draw(pool.fields.get("region", []), [name, value]) or value
    if _DATE.fullmatch(value):
        return draw(_DAYS, [name, value]) or value
    if _INSTANT.fullmatch(value):
        return draw([f"{day}T06:00:00Z" for day in _DAYS], [name, value]) or value
    # Nobody types these, and a text with one is refused whatever else it is.
    return "".join("ж" if unicodedata.category(one) in _UNTYPED else one for one in value)


def _taken(made_up: Any, file: str | None) -> Any:
    if file is None or not isinstance(made_up, str):
        return made_up
    if isinstance(made_up, Binary):
        # Within it: a body in which bytes were exchanged is held to be wrong.
        made_up.data = file.encode()
        return made_up
    return file


def _is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False

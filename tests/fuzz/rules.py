"""What Schemathesis is wrong about in our case, each with its reason; everything else is a bug."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemathesis import Case, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import (
    EnsureResourceAvailability,
    MissingHeaderNotRejected,
    RejectedPositiveData,
)

# Bodies, addresses, headers.
_TOO_LARGE: Final = frozenset({413, 414, 431})
_FILE: Final = "/properties/file "
_PARTS: Final = {"query": "query", "path": "path_parameters", "header": "headers"}


def is_by_design(failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether what the check took for a failure is how the service is meant to answer."""
    if isinstance(failure, RejectedPositiveData):
        return _is_of_the_domain(response) or _is_past_schemas(case, response)
    if isinstance(failure, MissingHeaderNotRejected):
        # The check does not know the status that says just this (RFC 6585).
        return response.status_code == 428
    if isinstance(failure, EnsureResourceAvailability):
        return _is_of_another_row(case, response)
    if isinstance(failure, AcceptedNegativeData):
        # What is too large to be read is refused unread.
        if response.status_code in _TOO_LARGE:
            return True
        # Whatever is put in the place of a file goes out as bytes, and any bytes are a file.
        return case.media_type == "multipart/form-data" and _FILE in failure.message
    return False


def _is_of_the_domain(response: Response) -> bool:
    """A schema says what can be written; whether it can be done is for the domain to say.

    412: another version than the one named. 422 with a code of the domain: the request was
    read and understood. A 422 of the schema, `invalid_request`, stays a failure.
    """
    if response.status_code == 412:
        return True
    return response.status_code == 422 and json.loads(response.text)["code"] != "invalid_request"


def _is_of_another_row(case: Case[Any], response: Response) -> bool:
    """Whether what is not there is what the body names, and not what the address does."""
    named = [one["field"] for one in json.loads(response.text)["errors"]]
    addressed = [str(value) for value in (case.path_parameters or {}).values()]
    return bool(named) and all(
        field.startswith("body.") and str(_value(case, field)) not in addressed for field in named
    )


def _is_past_schemas(case: Case[Any], response: Response) -> bool:
    """Whether every fault the service names is of a kind that JSON Schema has no words for."""
    if response.status_code != 422:
        return False
    errors = json.loads(response.text)["errors"]
    return bool(errors) and all(
        (excuse := _EXCUSES.get(one["code"])) is not None and excuse(_value(case, one["field"]))
        for one in errors
    )


def _value(case: Case[Any], field: str) -> Any:
    """What the request has in the place a problem names; `None` where that cannot be told."""
    place, *steps = field.split(".")
    found: Any = case.body if place == "body" else getattr(case, _PARTS.get(place, ""), None)
    for step in steps:
        if isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, Mapping):
            names = [name for name in found if name.lower() == step.lower()]
            found = found[names[0]] if names else None
        else:
            return None
    return found


# Code of a field's fault → whether JSON Schema could not have told of this value.
_EXCUSES: Final[Mapping[str, Callable[[Any], bool]]] = {
    # Fields that do not fit each other.
    "unfit": lambda value: True,
    # Bounds are for numbers: a day or an instant is a string there, with none.
    "greater_than_equal": lambda value: isinstance(value, str),
    "less_than_equal": lambda value: isinstance(value, str),
    "instant_out_of_range": lambda value: isinstance(value, str),
    # An address is counted as it goes over the wire, and of its schemes two are meant.
    "too_long": lambda value: isinstance(value, str),
    "url_scheme": lambda value: not str(value).lower().startswith(("http://", "https://")),
    # Counted without the items that are refused themselves; of a text, without blanks around it.
    "too_short": lambda value: (
        value != value.strip()
        if isinstance(value, str)
        else isinstance(value, list) and bool(value)
    ),
    # What is left of the text once blanks around it are gone.
    "string_too_short": lambda value: isinstance(value, str) and not value.strip(),
    # Counted once composed: some letters become two.
    "string_too_long": lambda value: (
        isinstance(value, str) and len(unicodedata.normalize("NFC", value)) > len(value)
    ),
    # Said once for all texts, and not as a pattern of characters at each of them.
    "forbidden_characters": lambda value: (
        value is None or not (str(value).isascii() and str(value).isprintable())
    ),
    # Schemathesis itself says 0 is a version where the header's pattern asks for quotes.
    "string_pattern_mismatch": lambda value: value == "0",
    # To JSON Schema 84.0 is an integer; we take whole numbers that are written as such.
    "int_type": lambda value: isinstance(value, float) and value.is_integer(),
}

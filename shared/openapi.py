"""Where the generated OpenAPI document would say something else than the service does."""

from typing import Any, Final

from shared import problems
from shared.permissions import Permission, in_words

# RFC 3339 has no local time: `format: time` demands an offset, and ours is of a place.
_LOCAL_TIME: Final = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$"


def finish_operation(operation: dict[str, Any], permission: Permission) -> None:
    """Declare the refusals given around every route, and say to whom it is open.

    Parameters are there or not, never null.
    """
    said = (operation.get("description"), in_words(permission))
    operation["description"] = "\n\n".join(filter(None, said))
    responses = operation["responses"]
    parameters = operation.get("parameters", ())
    added = [414, 429, 431, 500, 503]
    if "requestBody" in operation:
        added += [400, 408, 413]
    if "422" in responses:
        added.append(422)
    for given in parameters:
        if given["name"].lower() == "if-match":
            added.append(412)
            given["required"] = "428" in responses
    responses |= {str(code): answer for code, answer in problems.problems(*added).items()}
    for given in parameters:
        given["schema"] = _without_null(given["schema"])


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not; the word `null` in an address or a header is a text."""
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if not choices:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**choices[0], **rest} if len(choices) == 1 else {**rest, "anyOf": choices}


def finish_schemas(found: Any) -> None:
    """Mend, however deep, what Pydantic writes otherwise than it reads."""
    if isinstance(found, list):
        for one in found:
            finish_schemas(one)
    if not isinstance(found, dict):
        return
    if found.get("type") == "string" and found.get("format") == "time":
        del found["format"]
        found["pattern"] = _LOCAL_TIME
        found.setdefault("examples", ["10:00:00"])
    if "patternProperties" in found:
        # Keys of another pattern are refused, not left unread.
        found.setdefault("additionalProperties", False)
    for one in found.values():
        finish_schemas(one)

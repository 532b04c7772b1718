"""An example in every schema of an OpenAPI document: given ones, and others made of parts."""

from typing import Any, Final

_BY_FORMAT: Final[dict[str, str]] = {
    "uuid": "0190c5a0-0000-7000-8000-000000000012",
    "date": "2023-10-20",
    "date-time": "2023-10-20T09:00:00Z",
    "time": "10:00:00",
    "uri": "https://example.org/otchet.pdf",
}
_BY_TYPE: Final[dict[str, Any]] = {
    "string": "текст",
    "number": 1,
    "boolean": True,
    "null": None,
}
_DEEPEST: Final = 6


def complete(schemas: dict[str, Any]) -> None:
    """Give each schema without an example one that is made of its properties'."""
    for schema in schemas.values():
        if "examples" not in schema:
            schema["examples"] = [_example(schema, schemas, 0)]


def _example(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, depth)
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    if "const" in schema:
        return schema["const"]
    for choice in schema.get("anyOf", schema.get("oneOf", [])):
        return _example(choice, schemas, depth)
    if depth > _DEEPEST:
        return None
    if "properties" in schema:
        return {
            name: _example(part, schemas, depth + 1) for name, part in schema["properties"].items()
        }
    if schema.get("type") == "array":
        return [_example(schema.get("items", {}), schemas, depth + 1)]
    if schema.get("type") == "object":
        return {}
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    if schema.get("type") == "integer":
        return max(1, schema.get("minimum", 0))
    return _BY_TYPE.get(schema.get("type", "string"))
